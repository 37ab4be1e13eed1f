"""How much of one line is heard on the other: levels, and likeness with the delay taken out."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from qa_service.audio.types import SAMPLE_RATE, Samples

#: Lines are compared over windows of this length, at half the sampling rate.
WINDOW_S = 0.5
#: The copy may come earlier or later by this much.
MOST_LAG_S = 0.05
#: Windows compared at a time, to keep memory small.
BLOCK = 128
_SIZE = int(WINDOW_S * SAMPLE_RATE) // 2
_LAGS = int(MOST_LAG_S * SAMPLE_RATE) // 2

Numbers = NDArray[np.float64]


@dataclass(frozen=True)
class Likeness:
    """Of windows of two lines. ``alike``: greatest normalised cross-correlation, 0 to 1, its square being the share of
    the quieter line's power that a delayed copy of the other explains; ``lead_db``: by how much the first line is
    louder."""

    alike: Numbers
    lead_db: Numbers


def likeness(left: Samples, right: Samples, starts_s: Numbers) -> Likeness:
    """Compare two lines in windows of WINDOW_S that begin at ``starts_s`` (seconds)."""
    blocks = [_compared(left, right, starts_s[i : i + BLOCK]) for i in range(0, len(starts_s), BLOCK)]
    alike, lead = np.concatenate(blocks, axis=1) if blocks else np.zeros((2, 0))
    return Likeness(alike, lead)


def _compared(left: Samples, right: Samples, starts_s: Numbers) -> Numbers:
    a, b = (_windows(line, starts_s) for line in (left, right))
    power_a, power_b = ((np.einsum("ij,ij->i", w, w, dtype=np.float64)) + 1e-9 for w in (a, b))
    length = 1 << (2 * _SIZE - 1).bit_length()
    product = np.fft.rfft(a, length, axis=1) * np.conj(np.fft.rfft(b, length, axis=1))
    shifted = np.fft.irfft(product, length, axis=1)
    near = np.concatenate([shifted[:, : _LAGS + 1], shifted[:, -_LAGS:]], axis=1)
    alike = np.abs(near).max(axis=1) / np.sqrt(power_a * power_b)
    return np.stack([np.minimum(alike, 1.0), 10 * np.log10(power_a / power_b)])


def _windows(line: Samples, starts_s: Numbers) -> Samples:
    """Windows at half the rate (pairs of samples averaged), without their mean; zeros beyond the end."""
    out = np.zeros((len(starts_s), _SIZE), np.float32)
    for row, start in zip(out, (starts_s * SAMPLE_RATE).astype(int), strict=True):
        part = line[start : start + 2 * _SIZE]
        part = part[: part.size // 2 * 2].reshape(-1, 2).mean(axis=1)
        row[: part.size] = part
    return np.asarray(out - out.mean(axis=1, keepdims=True), np.float32)
