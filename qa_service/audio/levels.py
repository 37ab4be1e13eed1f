"""Levels of one channel: frame by frame, where it is cut off, and how far up its speech reaches."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from qa_service.audio.types import SAMPLE_RATE, Samples, SoundStretch, SpeechSpan

#: Frames of 32 ms.
FRAME = 512
FRAME_S = FRAME / SAMPLE_RATE
FLOOR_DB = -120.0
#: Speech is what lies so near its loud part.
ACTIVE_DB = 20.0
#: A sample is at the ceiling from this share of it on: codecs leave a plateau uneven.
CEILING_SHARE = 0.94
#: The ceiling is what so few samples exceed.
CEILING_QUANTILE = 0.9999
#: Plateaus of fewer samples are the tops of waves. Sound of 8 kHz has each sample twice.
PLATEAU = 4
#: Of speech a tenth to a fifth of the loud frames peak within CROWD_DB of one level; of clipped speech, most.
CROWDED, CROWD_DB, NEAR_CEILING = 0.35, 1.5, 0.85
#: Speech reaches up to where its long-term spectrum lies this far below its strongest part.
BAND_FALL_DB = 42.0
#: Seconds of the loudest speech that the spectrum is taken from.
BAND_SPEECH_S = 30.0

Levels = NDArray[np.float64]
Mask = NDArray[np.bool_]


def dbfs(amplitude: float) -> float:
    return max(FLOOR_DB, 20 * float(np.log10(max(amplitude, 1e-9))))


def frame_levels(samples: Samples) -> Levels:
    """Level of each whole frame in dBFS, FLOOR_DB at least."""
    frames = samples[: samples.size // FRAME * FRAME].reshape(-1, FRAME)
    power = np.einsum("ij,ij->i", frames, frames, dtype=np.float64, casting="safe") / FRAME
    return np.asarray(10 * np.log10(np.maximum(power, 10 ** (FLOOR_DB / 10))))


def active(levels: Levels) -> Levels:
    """Without the pauses inside speech: what lies within ACTIVE_DB of its loud part (as ITU-T P.56 counts speech)."""
    return levels[levels > np.percentile(levels, 95) - ACTIVE_DB]


def speech_frames(levels: Levels, spans: Sequence[SpeechSpan | SoundStretch], margin_s: float = 0.0) -> Mask:
    """Frames inside the spans (each widened by ``margin_s``)."""
    mask = np.zeros(levels.size, np.bool_)
    for span in spans:
        mask[max(0, int((span.start_s - margin_s) / FRAME_S)) : int((span.end_s + margin_s) / FRAME_S) + 1] = True
    return mask


def in_frames(samples: Samples, mask: Mask) -> Samples:
    """The samples of the frames that the mask names, one after another."""
    return samples[: mask.size * FRAME].reshape(-1, FRAME)[mask].reshape(-1)


def kinds_s(stretches: Sequence[SoundStretch], channel: int) -> tuple[float, float]:
    """Seconds of music and of tones on a channel."""
    music, tone = (
        round(sum(s.end_s - s.start_s for s in stretches if s.channel == channel and s.kind == kind), 2)
        for kind in ("music", "tone")
    )
    return music, tone


def clipped_ratio(samples: Samples) -> float:
    """Share of the sounding samples at the channel's own ceiling, whatever level that has now.

    Clipped speech goes flat again and again (plateaus). Where a codec or a filter has rounded them, the frames' peaks
    still crowd at one level, as those of speech never do.
    """
    loud = np.abs(samples)
    sounding = int(np.count_nonzero(loud > 1e-3))
    if not sounding:
        return 0.0
    return max(_in_plateaus(loud), _at_crowded_peaks(loud)) / sounding


def _in_plateaus(loud: Samples) -> int:
    ceiling = float(np.quantile(loud[loud > 1e-3], CEILING_QUANTILE))
    edges = np.flatnonzero(np.diff(np.concatenate([[False], loud >= CEILING_SHARE * ceiling, [False]]).astype(np.int8)))
    lengths = edges[1::2] - edges[::2]
    return int(lengths[lengths >= PLATEAU].sum())


def _at_crowded_peaks(loud: Samples) -> int:
    """Samples near the level at which the peaks of loud frames crowd; 0 where they do not."""
    peaks = loud[: loud.size // FRAME * FRAME].reshape(-1, FRAME).max(axis=1)
    if not peaks.size:
        return 0
    peaks = np.sort(peaks[peaks > np.percentile(peaks, 99) / 4])
    ceiling = float(np.median(peaks[-max(1, peaks.size // 4) :]))
    crowded = np.mean(np.abs(20 * np.log10(np.maximum(peaks, 1e-9) / ceiling)) < CROWD_DB)
    enough = peaks.size * FRAME_S >= 1.0 and crowded >= CROWDED
    return int(np.count_nonzero(loud >= NEAR_CEILING * ceiling)) if enough else 0


def active_bandwidth_hz(samples: Samples, spans: Sequence[SpeechSpan]) -> float | None:
    """How far up the speech reaches in Hz; None where there is too little of it to tell (3 s)."""
    levels = frame_levels(samples)
    frames = np.flatnonzero(speech_frames(levels, spans))
    if frames.size * FRAME_S < 3.0:
        return None
    loudest = frames[np.argsort(levels[frames], kind="stable")[-int(BAND_SPEECH_S / FRAME_S) :]]
    # fricatives are quiet but reach far up: half the frames are taken as they come
    chosen = np.union1d(loudest, frames[:: max(1, frames.size // int(BAND_SPEECH_S / FRAME_S))])
    rows = samples[: samples.size // FRAME * FRAME].reshape(-1, FRAME)[chosen]
    spectra = np.abs(np.fft.rfft(rows * np.hanning(FRAME).astype(np.float32), axis=1)) ** 2
    level = 10 * np.log10(spectra.mean(axis=0) + 1e-12)
    smooth = np.convolve(level, np.ones(5) / 5, mode="same")
    there = np.flatnonzero(smooth > smooth.max() - BAND_FALL_DB)
    return round(float(there[-1]) * SAMPLE_RATE / FRAME, 0)
