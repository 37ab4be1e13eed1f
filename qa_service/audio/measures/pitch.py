"""Fundamental frequency on telephone speech, frame by frame.

The line cuts away what lies under 300 Hz, and with it the fundamental of most voices; the harmonics that are left still
repeat once a period. So the period is looked for by autocorrelation, divided by that of the window (P. Boersma 1993,
"Accurate short-term analysis of the fundamental frequency", IFA Proceedings 17): candidates a frame first, then the
cheapest path through them (his costs). The range is each speaker's own, in two passes (C. De Looze, D. Hirst 2008,
"Detecting changes in key and range", Speech Prosody), which keeps octave errors out.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from qa_service.audio.measures.levels import HOP, Indices, Values
from qa_service.audio.types import SAMPLE_RATE, Samples

#: Hz: the widest range of a speaking voice; the first pass looks in all of it.
LOWEST, HIGHEST = 60.0, 600.0
#: Second pass: this share of the first quartile, this multiple of the third. De Looze and Hirst have 0.75 and 1.5; a
#: raised voice goes higher than calm speech by more than that.
FLOOR_OF_Q1, CEILING_OF_Q3 = 0.75, 2.0
#: Frames of a speaker under which the first pass is not believed (2 s).
ENOUGH = 100
#: Samples of the window: three periods of the lowest pitch (48 ms).
WINDOW = 768
TRANSFORM = 2048
#: Hz: the band that a telephone line carries; wideband recordings are measured alike.
BAND = (60.0, 3400.0)
CANDIDATES = 5
#: Boersma's costs, per step of 10 ms; VOICED is the periodicity (0 to 1) that a voiced frame must have.
VOICED, OCTAVE_COST, JUMP_COST, VOICING_COST = 0.45, 0.01, 0.35, 0.14
STEP_S = 0.01
#: A frame this far under the speaker's loud ones (their 95th percentile) is no voice, however periodic: -30 dB.
FAINT = 1e-3
#: Frames in a block of the transform (10 s), and the longest run the path is looked for in at once.
BLOCK, RUN = 500, 250

Contour = NDArray[np.float64]


def candidates(samples: Samples, frames: Indices) -> tuple[Values, Values]:
    """Hz and periodicity, each frames × CANDIDATES; 0 where there are fewer. ``frames``: numbers, ascending."""
    hz = np.zeros((frames.size, CANDIDATES))
    strength = np.zeros((frames.size, CANDIDATES))
    for at in range(0, frames.size, BLOCK):
        block = slice(at, at + BLOCK)
        hz[block], strength[block] = _peaks(_autocorrelation(_windows(samples, frames[block])))
    return hz, strength


def contour(hz: Values, strength: Values, power: Values, frames: Indices) -> Contour:
    """Pitch in Hz of one speaker's frames, NaN where there is no voice."""
    loud = power > FAINT * np.quantile(power, 0.95) if power.size else np.zeros(0, np.bool_)
    first = hz[np.arange(hz.shape[0]), (strength - OCTAVE_COST * np.log2(HIGHEST / np.maximum(hz, 1.0))).argmax(axis=1)]
    sure = first[loud & (strength.max(axis=1, initial=0.0) >= VOICED)]
    floor, ceiling = _range(sure)
    usable = np.where((hz >= floor) & (hz <= ceiling) & loud[:, None], strength, 0.0)
    return _path(hz, usable, frames)


def _range(sure: Values) -> tuple[float, float]:
    if sure.size < ENOUGH:
        return LOWEST, HIGHEST
    low, high = np.quantile(sure, (0.25, 0.75))
    return max(LOWEST, FLOOR_OF_Q1 * low), min(HIGHEST, CEILING_OF_Q3 * high)


def _windows(samples: Samples, frames: Indices) -> Samples:
    """Sound round the middle of each frame; beyond the recording there is silence."""
    places = (frames * HOP + HOP // 2 - WINDOW // 2)[:, None] + np.arange(WINDOW)
    inside = (places >= 0) & (places < samples.size)
    return np.where(inside, samples[np.clip(places, 0, samples.size - 1)], np.float32(0))


def _autocorrelation(windows: Samples) -> Values:
    """Normalised autocorrelation up to the longest period: frames × lags, about 0 to 1."""
    shape = np.hanning(WINDOW).astype(np.float32)
    lags = int(SAMPLE_RATE / LOWEST) + 3
    spectrum = np.fft.rfft((windows - windows.mean(axis=1, keepdims=True)) * shape, TRANSFORM, axis=1)
    hz = np.fft.rfftfreq(TRANSFORM, 1 / SAMPLE_RATE)
    energy = np.where((hz >= BAND[0]) & (hz <= BAND[1]), spectrum.real**2 + spectrum.imag**2, 0.0)
    found = np.fft.irfft(energy, TRANSFORM, axis=1)[:, :lags]
    of_window = np.fft.irfft(np.abs(np.fft.rfft(shape, TRANSFORM)) ** 2, TRANSFORM)[:lags]
    return np.asarray(found / np.maximum(found[:, :1], 1e-12) / (of_window / of_window[0]), dtype=np.float64)


def _peaks(correlation: Values) -> tuple[Values, Values]:
    """The best local maxima of each frame, refined by a parabola; of periods that fit alike the shorter is better."""
    shortest = int(SAMPLE_RATE / HIGHEST)
    middle = correlation[:, shortest:-1]
    before, after = correlation[:, shortest - 1 : -2], correlation[:, shortest + 1 :]
    peak = (middle > before) & (middle >= after) & (middle > 0)
    bend = np.minimum(before - 2 * middle + after, -1e-9)
    shift = np.where(peak, (before - after) / (2 * bend), 0.0)
    height = np.where(peak, middle - (before - after) * shift / 4, 0.0)
    period = np.arange(shortest, shortest + middle.shape[1]) + shift
    worth = np.where(peak, height - OCTAVE_COST * np.log2(period), -9.0)
    best = np.argpartition(-worth, CANDIDATES, axis=1)[:, :CANDIDATES]
    strength = np.take_along_axis(height, best, axis=1)
    hz = SAMPLE_RATE / np.take_along_axis(period, best, axis=1)
    return np.where(strength > 0, hz, 0.0), np.minimum(strength, 1.0)


def _path(hz: Values, strength: Values, frames: Indices) -> Contour:
    """The cheapest path through the candidates of each run of neighbouring frames (Viterbi, all runs at once)."""
    runs = _runs(frames)
    if not runs:
        return np.full(hz.shape[0], np.nan)
    steps = max(b - a for a, b in runs)
    at = np.array([np.minimum(np.arange(a, a + steps), b - 1) for a, b in runs])
    pitch, gain = _states(hz, strength)
    chosen = _best_states(pitch[at], gain[at])
    out = np.full(hz.shape[0], np.nan)
    for states, (a, b) in zip(chosen, runs, strict=True):
        out[a:b] = pitch[np.arange(a, b), states[: b - a]]
    return np.where(out > 0, out, np.nan)


def _states(hz: Values, strength: Values) -> tuple[Values, Values]:
    """Candidates and, last, no voice: Hz (0 for no voice) and what each gains."""
    octaves = np.log2(HIGHEST / np.maximum(hz, 1.0))
    gain = np.where(strength > 0, strength - OCTAVE_COST * octaves, -9.0)
    silent = np.zeros((hz.shape[0], 1))
    return np.hstack([np.where(strength > 0, hz, 0.0), silent]), np.hstack([gain, silent + VOICED])


def _best_states(pitch: Values, gain: Values) -> NDArray[np.int64]:
    """Runs × steps × states → runs × steps."""
    per_step = STEP_S * SAMPLE_RATE / HOP
    voiced = pitch > 0
    height = np.log2(np.where(voiced, pitch, 1.0))
    total = gain[:, 0]
    back = np.zeros(gain.shape, np.int64)
    for step in range(1, gain.shape[1]):
        both = voiced[:, step - 1, :, None] & voiced[:, step, None, :]
        one = voiced[:, step - 1, :, None] ^ voiced[:, step, None, :]
        jump = np.abs(height[:, step - 1, :, None] - height[:, step, None, :])
        cost = per_step * np.where(both, JUMP_COST * jump, np.where(one, VOICING_COST, 0.0))
        reached = total[:, :, None] - cost
        back[:, step] = reached.argmax(axis=1)
        total = reached.max(axis=1) + gain[:, step]
    states = np.zeros(gain.shape[:2], np.int64)
    states[:, -1] = total.argmax(axis=1)
    for step in range(gain.shape[1] - 1, 0, -1):
        states[:, step - 1] = np.take_along_axis(back[:, step], states[:, step, None], axis=1)[:, 0]
    return states


def _runs(frames: Indices) -> list[tuple[int, int]]:
    """Places of neighbouring frames that follow on one another, RUN at most."""
    cuts = [0, *(np.flatnonzero(np.diff(frames) > 1) + 1).tolist(), frames.size]
    return [
        (start, min(start + RUN, cuts[i + 1]))
        for i in range(len(cuts) - 1)
        for start in range(cuts[i], cuts[i + 1], RUN)
    ]
