"""How a turn differs from how the same speaker mostly speaks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from qa_service.audio.measures.sound import semitones
from qa_service.audio.measures.talk import Speaker, Talk

#: A baseline is the median over this many turns at least, each with this much speech.
TURNS_LEAST, SPOKEN_LEAST_S = 3, 1.0
#: Raised voice: louder than the baseline by what lies between a normal and a raised vocal effort (6 to 7 dB;
#: K. Pearsons et al. 1977, "Speech levels in various noise environments", EPA-600/1-77-025; likewise ISO 9921) ...
LOUDER_DB = 6.0
#: ... and higher by what goes at least with that much: 0.2 semitones a dB, the low end of what P. Gramming et al.
#: 1988 found ("Relationship between changes in voice pitch and loudness", Journal of Voice 2). Loudness alone may be
#: the line or the distance to the microphone; pitch alone may be a question.
HIGHER_ST = 1.2


@dataclass(frozen=True)
class Voice:
    """Loudness in dBFS and median pitch in Hz of a turn, or of a speaker's turns together."""

    loudness_dbfs: float | None
    pitch_hz: float | None


@dataclass(frozen=True)
class Step:
    """How far a turn lies above its speaker's baseline; None where one of them is not known."""

    loudness_db: float | None
    pitch_st: float | None

    @property
    def raised(self) -> bool:
        """Well above in both."""
        if self.loudness_db is None or self.pitch_st is None:
            return False
        return self.loudness_db >= LOUDER_DB and self.pitch_st >= HIGHER_ST


def baselines(talks: Sequence[Talk], voices: Sequence[Voice]) -> dict[Speaker, Voice]:
    """Of each speaker: medians over his turns that are long enough, where there are enough of them."""
    own: dict[Speaker, list[Voice]] = {}
    for talk, voice in zip(talks, voices, strict=True):
        if talk.spoken_s >= SPOKEN_LEAST_S:
            own.setdefault(talk.speaker, []).append(voice)
    return {
        speaker: Voice(_median([v.loudness_dbfs for v in found]), _median([v.pitch_hz for v in found]))
        for speaker, found in own.items()
    }


def step(voice: Voice, base: Voice | None) -> Step:
    if base is None:
        return Step(None, None)
    louder = higher = None
    if voice.loudness_dbfs is not None and base.loudness_dbfs is not None:
        louder = round(voice.loudness_dbfs - base.loudness_dbfs, 1)
    if voice.pitch_hz is not None and base.pitch_hz is not None:
        higher = round(semitones(voice.pitch_hz, base.pitch_hz), 1)
    return Step(louder, higher)


def _median(values: Sequence[float | None]) -> float | None:
    known = [v for v in values if v is not None]
    return float(np.median(known)) if len(known) >= TURNS_LEAST else None
