"""Calls and refusals as they are kept, and progress."""

from __future__ import annotations

from datetime import date, datetime
from typing import Literal

from qa_service.records.base import CallState, Record
from qa_service.records.facts import CallFacts
from qa_service.records.judged import ErrorInfo, Inspection
from qa_service.records.speech import Recording


class CallEntry(Record):
    """A kept call: facts, where it stands, and its current inspection (None until there is one).

    ``day`` is the calendar day of the call in its own offset (the day received where no time is
    known). ``received_at`` and ``inspected_at`` are UTC. ``source`` is the file or manifest it came from.
    """

    call_id: str
    facts: CallFacts
    state: CallState
    day: date
    source: str
    received_at: datetime
    inspected_at: datetime | None = None
    attempts: int = 0
    error: ErrorInfo | None = None
    recording: Recording | None = None
    inspection: Inspection | None = None


class QuarantineEntry(Record):
    """A thing that was refused at the door, with its reason; nothing is lost."""

    source: str
    error: ErrorInfo
    at: datetime
    sha256: str | None = None

    @property
    def reason(self) -> str:
        """Why, to stand beside ``source``: without the place that it may begin with."""
        return self.error.message.removeprefix(f"{self.source}: ")


class ProgressEvent(Record):
    """Progress of one call: ``done`` of ``total`` seconds of audio in a named stage."""

    call_id: str
    stage: Literal["decode", "transcribe", "evaluate", "done"]
    done_s: float
    total_s: float
