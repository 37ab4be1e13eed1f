"""A recording to be inspected together with others."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from qa_service.records import CallFacts


@dataclass(frozen=True)
class AudioJob:
    """One call of several: its recording, what is known of it, and its name in progress events."""

    path: Path
    facts: CallFacts
    call_id: str
