"""Two lines against one another: the same sound twice, or one side bleeding into the other."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from qa_service.audio.bleed import WINDOW_S, likeness
from qa_service.audio.types import Audio, SpeechSpan

#: At most this many windows are compared, evenly spread over the speech.
MOST_WINDOWS = 400
#: The lines are one when nearly all windows (SAME_SHARE) are this alike and differ by a constant gain.
SAME_ALIKE, SAME_SHARE, SAME_GAIN_DB = 0.9, 0.9, 3.0
#: Windows in which one side is louder by this tell how the other line hears it; so many of them at least.
LOUDER_DB, LEAST_WINDOWS = 3.0, 6
#: Likeness that two voices reach by chance; below it nothing of the one is heard on the other.
CHANCE_ALIKE = 0.3
#: No bleed is told from the noise further down than this.
DEEPEST_DB = 60.0

Numbers = NDArray[np.float64]


@dataclass(frozen=True)
class Lines:
    """``alike``: median likeness (0 to 1) while somebody speaks; ``crosstalk_db``: how far down the worse line hears
    the other's speaker, DEEPEST_DB at most, None where it cannot be told."""

    alike: float
    duplicate: bool
    crosstalk_db: float | None


def compare_lines(audio: Audio, spans: tuple[SpeechSpan, ...]) -> Lines:
    """Compare the two channels of a recording while somebody speaks."""
    starts = _starts(spans)
    if starts.size < LEAST_WINDOWS:
        return Lines(0.0, False, None)
    seen = likeness(audio.channels[0], audio.channels[1], starts)
    low, high = np.percentile(seen.lead_db, [5, 95])
    same = bool(np.mean(seen.alike >= SAME_ALIKE) >= SAME_SHARE and high - low <= SAME_GAIN_DB)
    return Lines(round(float(np.median(seen.alike)), 4), same, _crosstalk_db(seen.alike, seen.lead_db))


def _starts(spans: tuple[SpeechSpan, ...]) -> Numbers:
    """Starts of windows inside the spans, MOST_WINDOWS at most."""
    pieces = [np.arange(s.start_s, s.end_s - WINDOW_S, WINDOW_S) for s in spans]
    starts = np.unique(np.concatenate(pieces)) if pieces else np.zeros(0)
    return np.asarray(starts[:: -(-starts.size // MOST_WINDOWS)] if starts.size else starts)


def _crosstalk_db(alike: Numbers, lead_db: Numbers) -> float | None:
    """For each side: level of what the other line has of it, against its own. The smaller of both."""
    down = []
    for lead in (lead_db, -lead_db):
        speaking = lead > LOUDER_DB
        if speaking.sum() >= LEAST_WINDOWS:
            copied = np.where(alike[speaking] >= CHANCE_ALIKE, alike[speaking], 1e-3)
            down.append(float(np.median(np.minimum(DEEPEST_DB, lead[speaking] - 20 * np.log10(copied)))))
    return round(min(down), 1) if down else None
