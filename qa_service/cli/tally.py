"""How far a batch is, in seconds of audio, from the progress events of several calls at once."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from qa_service.records import ProgressEvent

#: Before so many seconds of work nothing is said of the rate: the first ones load the model.
RATE_AFTER_S = 1.0


@dataclass
class _Call:
    """One call: its length, as far as it is known, and how much of it is done."""

    total_s: float = 0.0
    done_s: float = 0.0


@dataclass
class AudioTally:
    """Seconds of audio done of a total. Never goes back, never passes the total, and ends at it.

    Events may come interleaved, from several threads, and a call that broke may begin again. A call that is through
    counts whole, whatever stage it got to; its share is what the files' headers said, corrected by what was decoded.

    Args:
        expected_s: length of all calls by their headers.
        calls: how many they are.
    """

    expected_s: float
    calls: int
    clock: Callable[[], float] = time.monotonic
    finished: int = 0
    _in_work: dict[str, _Call] = field(default_factory=dict)
    _through_s: float = 0.0
    _shown_s: float = 0.0
    _began: float | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def take(self, event: ProgressEvent) -> None:
        with self._lock:
            self._began = self.clock() if self._began is None else self._began
            call = self._in_work.setdefault(event.call_id, _Call())
            if event.stage == "decode":
                call.total_s = max(call.total_s, event.total_s)
            elif event.stage == "transcribe" and event.total_s > 0:
                call.done_s = max(call.done_s, call.total_s * min(1.0, event.done_s / event.total_s))
            elif event.stage in ("evaluate", "done"):
                call.done_s = call.total_s = max(call.total_s, event.total_s)

    def through(self, call_id: str) -> None:
        """A call has its result."""
        with self._lock:
            self.finished += 1
            self._through_s += self._in_work.pop(call_id, _Call()).total_s

    def expect(self, left_s: float, left: int) -> None:
        """Calls came in meanwhile: so many, and so many seconds of audio, are to do beside those that are through."""
        with self._lock:
            self.calls = self.finished + left
            self.expected_s = max(self.expected_s, self._through_s + left_s)

    @property
    def total_s(self) -> float:
        """What is expected, or more where the calls turned out to be longer."""
        known = self._through_s + sum(call.total_s for call in list(self._in_work.values()))
        return max(self.expected_s, known)

    @property
    def done_s(self) -> float:
        """Transcription is where the time goes, so its share of a call counts."""
        if self.finished >= self.calls:
            self._shown_s = self.total_s
        done = self._through_s + sum(call.done_s for call in list(self._in_work.values()))
        self._shown_s = max(self._shown_s, min(done, self.total_s))
        return self._shown_s

    @property
    def rate(self) -> float | None:
        """Seconds of audio done a second of work (× real time), over the whole run; None before there is one."""
        spent = 0.0 if self._began is None else self.clock() - self._began
        return self.done_s / spent if spent > RATE_AFTER_S and self.done_s else None

    @property
    def left_s(self) -> float | None:
        """Seconds of work to go at this rate."""
        return (self.total_s - self.done_s) / self.rate if self.rate else None

    def __str__(self) -> str:
        """``62/240 s audio, 9.6 × real time, 0:18 left``."""
        parts = [f"{self.done_s:.0f}/{self.total_s:.0f} s audio"]
        if self.rate and self.left_s is not None:
            parts += [f"{self.rate:.1f} × real time", f"{int(self.left_s) // 60}:{int(self.left_s) % 60:02d} left"]
        return ", ".join(parts)
