"""One channel in frames of 20 ms: power, and the pitch of whoever speaks there."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from qa_service.audio.measures.levels import Values, frame_power, frames_in, speech_level
from qa_service.audio.measures.pitch import candidates, contour
from qa_service.audio.measures.stretches import Interval, union
from qa_service.audio.measures.talk import Talk
from qa_service.audio.types import Samples

#: Voiced frames under which a turn has no pitch (0.2 s), and no range of pitch (0.6 s).
VOICED_LEAST, RANGE_LEAST = 10, 30
#: Seconds of speech under which a turn has no level.
LEVEL_LEAST_S = 0.2


class Sound:
    """Numbers of one channel. ``hz`` is NaN where there is no voice."""

    def __init__(self, samples: Samples, sample_rate: int, talks: Sequence[Talk]) -> None:
        self._rate = sample_rate
        self.power: Values = frame_power(samples)
        self.hz: Values = np.full(self.power.size, np.nan)
        for speaker in dict.fromkeys(t.speaker for t in talks):
            self._follow(samples, [t for t in talks if t.speaker == speaker])

    def _follow(self, samples: Samples, talks: Sequence[Talk]) -> None:
        """Pitch of one speaker: his turns together tell his range."""
        frames = frames_in(union(p for t in talks for p in t.parts), self.power.size, self._rate)
        if frames.size:
            self.hz[frames] = contour(*candidates(samples, frames), self.power[frames], frames)

    def level(self, parts: Sequence[Interval]) -> float | None:
        """Loudness of the speech in these disjoint stretches, in dBFS."""
        return speech_level(self.power_in(parts))

    def power_in(self, parts: Sequence[Interval]) -> Values:
        """Mean squares of the frames in these disjoint stretches."""
        return self.power[frames_in(parts, self.power.size, self._rate)]

    def voiced(self, parts: Sequence[Interval]) -> Values:
        """Pitch of the voiced frames in these disjoint stretches, in Hz."""
        hz = self.hz[frames_in(parts, self.power.size, self._rate)]
        return hz[~np.isnan(hz)]


def sounds(channels: Sequence[Samples], sample_rate: int, talks: Sequence[Talk]) -> tuple[Sound, ...]:
    """One for each channel."""
    return tuple(
        Sound(samples, sample_rate, [t for t in talks if t.turn.channel == number])
        for number, samples in enumerate(channels)
    )


def median_hz(hz: Values) -> float | None:
    return round(float(np.median(hz)), 1) if hz.size >= VOICED_LEAST else None


def range_st(hz: Values) -> float | None:
    """From the 10th to the 90th percentile, in semitones."""
    if hz.size < RANGE_LEAST:
        return None
    low, high = np.quantile(hz, (0.1, 0.9))
    return round(semitones(float(high), float(low)), 1)


def semitones(hz: float, base: float) -> float:
    return 12 * float(np.log2(hz / base))
