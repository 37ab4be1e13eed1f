"""Loudness in dBFS: 0 dB is a square wave at full scale."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from qa_service.audio.measures.stretches import Interval
from qa_service.audio.types import Audio, Samples

#: Samples of a frame (20 ms at 16 kHz).
HOP = 320
#: Sound this far under the mean of its stretch is a pause between words, no speech (the margin of ITU-T P.56).
PAUSE_DB = 15.9
#: Frames under -70 dBFS are the line's silence (the absolute gate of ITU-R BS.1770).
SILENT = 1e-7

Values = NDArray[np.float64]
Indices = NDArray[np.int64]


def frame_power(samples: Samples) -> Values:
    """Mean square of each frame; what is left over at the end is passed over."""
    whole = samples[: samples.size // HOP * HOP].reshape(-1, HOP)
    return np.asarray(np.einsum("ij,ij->i", whole, whole, dtype=np.float64, casting="safe") / HOP)


def frames_in(parts: Iterable[Interval], frames: int, sample_rate: int) -> Indices:
    """Numbers of the frames whose middle lies in one of the disjoint parts; ``frames``: how many there are."""
    found = [
        np.arange(*np.clip(np.ceil(np.array(part) * sample_rate / HOP - 0.5), 0, frames), dtype=np.int64)
        for part in parts
    ]
    return np.concatenate(found) if found else np.empty(0, np.int64)


def speech_level(power: Values) -> float | None:
    """Mean level in dBFS of the frames that hold speech; None where there is none.

    Two steps of a relative gate: the mean, then the mean of what lies less than PAUSE_DB under it. So a turn with
    pauses is as loud as the same turn without.
    """
    loud = power[power > SILENT]
    if not loud.size:
        return None
    return dbfs(float(loud[loud > loud.mean() * 10 ** (-PAUSE_DB / 10)].mean()))


def peak_level(audio: Audio, pieces: Sequence[tuple[int, float, float]]) -> float | None:
    """Level of the loudest sample in dBFS; None in digital silence."""
    peak = 0.0
    for channel, start, end in pieces:
        sound = audio.channels[channel][int(start * audio.sample_rate) : int(end * audio.sample_rate)]
        peak = max(peak, float(sound.max(initial=0.0)), -float(sound.min(initial=0.0)))
    return dbfs(peak**2)


def dbfs(power: float) -> float | None:
    return round(10 * float(np.log10(power)), 1) if power > 0 else None
