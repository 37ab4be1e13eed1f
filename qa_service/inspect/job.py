"""A recording to be inspected together with others."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from qa_service.records import CallFacts

#: Seconds of sound that are heard together at most: an hour of two channels takes half a gigabyte.
MOST_TOGETHER_S = 3600.0


@dataclass(frozen=True)
class AudioJob:
    """One call of several: its recording, what is known of it, and its name in progress events."""

    path: Path
    facts: CallFacts
    call_id: str
