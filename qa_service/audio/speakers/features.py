"""Kaldi's 80 log mel filter banks in numpy: what CAM++ was trained on.

25 ms frames every 10 ms, without their mean, pre-emphasis 0.97, Povey window, 512-point power spectrum, 80 triangles
between 20 Hz and 8 kHz on Kaldi's mel scale, natural logarithm; no dither: the same sound gives the same values.
Samples lie in [-1, 1] (Kaldi's own recipes use 16-bit values; this model was trained on the small ones).
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from qa_service.audio.types import SAMPLE_RATE, Samples

BANDS = 80
FRAME, SHIFT, FFT = 400, 160, 512
PREEMPHASIS = 0.97
LOWEST_HZ = 20.0
#: Kaldi's floor under the logarithm: the machine epsilon of float32.
FLOOR = np.float32(np.finfo(np.float32).eps)

Features = NDArray[np.float32]


def fbank(samples: Samples) -> Features:
    """Frames × 80; no frame for less than 25 ms of sound."""
    if samples.size < FRAME:
        return np.zeros((0, BANDS), dtype=np.float32)
    frames = np.lib.stride_tricks.sliding_window_view(samples, FRAME)[::SHIFT].astype(np.float32)
    frames = frames - frames.mean(axis=1, keepdims=True)
    before = np.concatenate([frames[:, :1], frames[:, :-1]], axis=1)
    spectrum = np.fft.rfft((frames - np.float32(PREEMPHASIS) * before) * _window(), FFT, axis=1)
    power = np.square(spectrum.real) + np.square(spectrum.imag)
    return np.asarray(np.log(np.maximum(power.astype(np.float32) @ _filters(), FLOOR)))


def centred(features: Features) -> Features:
    """Without the mean of each band: the line's colour and level do not count."""
    return np.asarray(features - features.mean(axis=0, keepdims=True))


@lru_cache(maxsize=1)
def _window() -> Samples:
    """Povey's window: a Hann window to the power of 0.85."""
    return np.asarray(np.hanning(FRAME) ** 0.85, dtype=np.float32)


@lru_cache(maxsize=1)
def _filters() -> Features:
    """Spectrum bins × bands: triangles that are even on the mel scale."""
    edges = np.linspace(_mel(LOWEST_HZ), _mel(SAMPLE_RATE / 2), BANDS + 2)
    bins = _mel(np.arange(FFT // 2 + 1) * SAMPLE_RATE / FFT)[:, None]
    rising = (bins - edges[:-2]) / (edges[1:-1] - edges[:-2])
    falling = (edges[2:] - bins) / (edges[2:] - edges[1:-1])
    filters = np.maximum(0.0, np.minimum(rising, falling))
    filters[-1] = 0.0  # Kaldi leaves the Nyquist bin out
    return np.asarray(filters, dtype=np.float32)


def _mel(hertz: float | NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(1127.0 * np.log1p(np.asarray(hertz) / 700.0))
