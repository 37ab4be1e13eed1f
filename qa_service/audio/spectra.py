"""Numbers of the spectrum, frame by frame, that tell tones and music from voices.

A voice glides: after a third of a second its harmonics lie elsewhere. Instruments hold their notes, and
machines hold their tones for good. So the spectrum's peaks are looked for again a little earlier and later
in the very same place (after the stable-peak features of speech/music discrimination, Minami et al. 1998).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from qa_service.audio.types import SAMPLE_RATE, Samples

#: Frames of 128 ms every 32 ms; bins of 7.8 Hz, so that the two tones of a US ring (440 and 480 Hz) stand apart.
WINDOW, HOP = 2048, 512
FRAME_S = HOP / SAMPLE_RATE
BIN_HZ = SAMPLE_RATE / WINDOW
#: What a telephone passes.
LOW_BIN, HIGH_BIN = round(250 / BIN_HZ), round(3500 / BIN_HZ)
#: A peak is found again this many frames before and after: no overlap of the two windows (0.32 s).
NEAR = 5
#: What is still there after this many frames (3 s) is a steady hum and no note.
FAR = 94
#: Peaks stand out by this factor from the mean of so many bins on each side (94 Hz).
OUTSTANDING, AROUND = 3.0, 12
#: Bins on each side that belong to a peak (main lobe of the Hann window, and a little more).
LOBE = 3
#: Frames in one block, to keep the memory of a long call small.
BLOCK = 2048
#: Dual-tone keys (ITU-T Q.23), and how far from them still counts.
KEY_LOW_HZ, KEY_HIGH_HZ, KEY_REACH_HZ = (697, 770, 852, 941), (1209, 1336, 1477, 1633), 20.0

Numbers = NDArray[np.float32]
Doubles = NDArray[np.float64]


@dataclass(frozen=True)
class Frames:
    """One number a frame. ``power`` is the mean square in the band; ``held``, ``humming``: share of it in peaks that
    were there NEAR (FAR) frames ago and will be again; ``first_hz``, ``second_hz``: the two strongest peaks, the lower
    one first, and ``pure`` the share of both; ``keys``: share at key frequencies, the weaker group's in ``other_key``;
    ``centre_hz`` and ``spread_hz`` of the spectrum."""

    power: Numbers
    held: Numbers
    humming: Numbers
    first_hz: Numbers
    second_hz: Numbers
    pure: Numbers
    keys: Numbers
    other_key: Numbers
    centre_hz: Numbers
    spread_hz: Numbers


def frames_of(samples: Samples) -> Frames:
    """Measure every frame; frame ``i`` is centred at ``i * FRAME_S`` seconds."""
    count = -(-samples.size // HOP)
    padded = np.pad(samples, (WINDOW // 2, WINDOW + FAR * HOP))
    blocks = [_block(padded, samples.size, start, min(BLOCK, count - start)) for start in range(0, count, BLOCK)]
    rows = np.concatenate(blocks, axis=1) if blocks else np.zeros((10, 0), np.float32)
    return Frames(*rows)


def _block(padded: Samples, size: int, start: int, count: int) -> Numbers:
    """Rows as in `Frames`. Neighbours up to FAR frames away are measured with it, where there are any."""
    before = min(start, FAR)
    total = before + count + min(FAR, -(-size // HOP) - start - count)
    first = (start - before) * HOP
    power = _power(padded[first : first + (total - 1) * HOP + WINDOW])
    own = slice(before, before + count)
    whole = power.sum(axis=1) + 1e-12
    peaks = _peaks(power)
    held = _found_again(peaks, NEAR, one_side=False)[own] / whole[own]
    humming = _found_again(peaks, FAR, one_side=True)[own] / whole[own]
    mine, sums = power[own], whole[own]
    rows = [sums * 2 / (WINDOW * float(np.square(_WINDOW).sum())), held, humming]
    rows += [*_strongest(mine, sums), *_keys(mine, sums), *_shape(mine, sums)]
    return np.stack(rows).astype(np.float32)


_WINDOW = np.hanning(WINDOW).astype(np.float32)


def _power(samples: Samples) -> Numbers:
    spectra = np.fft.rfft(sliding_window_view(samples, WINDOW)[::HOP] * _WINDOW, axis=1)[:, LOW_BIN:HIGH_BIN]
    return np.asarray(spectra.real**2 + spectra.imag**2, np.float32)


def _peaks(power: Numbers) -> Numbers:
    """Power at the peaks, 0 elsewhere."""
    wide = np.pad(power, ((0, 0), (AROUND + 1, AROUND)), mode="edge").cumsum(axis=1, dtype=np.float64)
    around = (wide[:, 2 * AROUND + 1 :] - wide[:, : -2 * AROUND - 1]) / (2 * AROUND + 1)
    top = power > OUTSTANDING * around
    top[:, 1:] &= power[:, 1:] > power[:, :-1]
    top[:, :-1] &= power[:, :-1] >= power[:, 1:]
    return np.where(top, power, np.float32(0))


def _found_again(peaks: Numbers, lag: int, *, one_side: bool) -> Numbers:
    """Power of the peaks that stand within one bin of their place ``lag`` frames before and after. ``one_side``: at
    the ends of the sound, where there is only one of both, that one decides."""
    wide = peaks.copy()
    wide[:, 1:] = np.maximum(wide[:, 1:], peaks[:, :-1])
    wide[:, :-1] = np.maximum(wide[:, :-1], peaks[:, 1:])
    there = np.zeros_like(peaks)
    if one_side and len(peaks) > lag:
        ahead, behind = wide[lag:][:lag], wide[:-lag][-lag:]
        there[: len(ahead)], there[-len(behind) :] = ahead, behind
    if len(peaks) > 2 * lag:
        there[lag:-lag] = np.minimum(wide[: -2 * lag], wide[2 * lag :])
    return np.asarray(np.minimum(there, peaks).sum(axis=1))


def _strongest(power: Numbers, whole: Numbers) -> tuple[Doubles, Doubles, Doubles]:
    """Frequencies of the two strongest peaks, the lower one first, and the share of both. One pure tone is both."""
    left = power.copy()
    first, one = _taken(left)
    second, two = _taken(left)
    second = np.where(two > 0.02 * one, second, first)
    return np.minimum(first, second) * BIN_HZ, np.maximum(first, second) * BIN_HZ, (one + two) / whole


def _taken(left: Numbers) -> tuple[Doubles, Doubles]:
    """Bin (interpolated) and power of the strongest peak of each frame, which is taken out of ``left``."""
    at = left.argmax(axis=1)
    rows = np.arange(len(left))[:, None]
    bins = np.clip(at[:, None] + np.arange(-LOBE, LOBE + 1), 0, left.shape[1] - 1)
    lobe = left[rows, bins]
    power = lobe.sum(axis=1, dtype=np.float64)
    where = (lobe * bins).sum(axis=1) / np.maximum(power, 1e-20) + LOW_BIN
    left[rows, bins] = 0
    return where, power


def _keys(power: Numbers, whole: Numbers) -> tuple[Numbers, Numbers]:
    low, high = (power[:, _near(hz)].sum(axis=1) / whole for hz in (KEY_LOW_HZ, KEY_HIGH_HZ))
    return low + high, np.minimum(low, high)


def _near(wanted: tuple[int, ...]) -> NDArray[np.bool_]:
    hz = (np.arange(LOW_BIN, HIGH_BIN) * BIN_HZ)[:, None]
    return np.asarray(np.any(np.abs(hz - np.asarray(wanted)) <= KEY_REACH_HZ, axis=1))


def _shape(power: Numbers, whole: Numbers) -> tuple[Numbers, Numbers]:
    hz = (np.arange(LOW_BIN, HIGH_BIN) * BIN_HZ).astype(np.float32)
    centre = power @ hz / whole
    return centre, np.sqrt(np.maximum(power @ (hz * hz) / whole - centre**2, 0))
