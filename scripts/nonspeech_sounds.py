"""Sounds of the telephone that hold no speech, made in code: silence, noise, hold music, keys, ringing, busy, fax.

All are 16 kHz, passed through a telephone band (300 to 3,400 Hz) and mu-law, as a call recorder would keep them.
The same seed gives the same sound.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

RATE = 16000
Sound = NDArray[np.float64]
Chosen = Callable[[int], list[float]]
Maker = Callable[[np.random.Generator, Sound], Sound]

_ROW, _COLUMN = (697, 770, 852, 941), (1209, 1336, 1477, 1633)
#: Semitones above the root.
_SCALE = (0, 2, 4, 5, 7, 9, 11, 12)
_CHORDS = ((0, 4, 7), (9, 12, 16), (5, 9, 12), (7, 11, 14), (2, 5, 9))


def sound(kind: str, seconds: float, seed: int) -> NDArray[np.float32]:
    """``seconds`` of a kind of ``KINDS``."""
    rng = np.random.default_rng([seed, sorted(KINDS).index(kind)])
    t = np.arange(round(seconds * RATE)) / RATE
    made = KINDS[kind](rng, t)
    return made.astype(np.float32) if kind == "digital silence" else telephone(made)


def telephone(made: Sound) -> NDArray[np.float32]:
    """Band of 300 to 3,400 Hz with soft edges, then mu-law of 8 bits."""
    spectrum = np.fft.rfft(made)
    hz = np.fft.rfftfreq(made.size, 1 / RATE)
    spectrum *= np.clip((hz - 200) / 100, 0, 1) * np.clip((3600 - hz) / 200, 0, 1)
    band = np.clip(np.fft.irfft(spectrum, made.size), -1, 1)
    coded = np.round(np.sign(band) * np.log1p(255 * np.abs(band)) / np.log(256) * 127) / 127
    return np.asarray(np.sign(coded) * np.expm1(np.abs(coded) * np.log(256)) / 255, np.float32)


def _on_off(t: Sound, *pattern: float) -> Sound:
    """1 in the even, 0 in the odd stretches of a cadence that repeats."""
    edges = np.cumsum(pattern)
    return (np.searchsorted(edges, t % edges[-1], side="right") % 2 == 0).astype(float)


def _sines(t: Sound, *hz: float) -> Sound:
    return np.asarray(sum(np.sin(2 * np.pi * f * t) for f in hz) / len(hz))


def _level(rng: np.random.Generator, low: float = -32, high: float = -12) -> float:
    return float(10 ** (rng.uniform(low, high) / 20))


def _comfort(rng: np.random.Generator, t: Sound) -> Sound:
    return rng.normal(0, 10 ** (rng.uniform(-70, -50) / 20), t.size)


def _white(rng: np.random.Generator, t: Sound) -> Sound:
    return rng.normal(0, _level(rng), t.size)


def _pink(rng: np.random.Generator, t: Sound) -> Sound:
    spectrum = np.fft.rfft(rng.normal(0, 1, t.size))
    spectrum[1:] /= np.sqrt(np.arange(1, spectrum.size))
    made = np.fft.irfft(spectrum, t.size)
    return np.asarray(made / made.std() * _level(rng))


def _hum(rng: np.random.Generator, t: Sound) -> Sound:
    """Mains hum whose overtones pass the band, and a room that murmurs."""
    made = sum(np.sin(2 * np.pi * 50 * k * t + rng.uniform(0, 6)) / k for k in range(1, 16))
    murmur = rng.normal(0, 0.3, t.size) * (1 + 0.7 * np.sin(2 * np.pi * rng.uniform(0.5, 3) * t))
    return np.asarray((made + murmur) * _level(rng) * 0.6)


def _crackle(rng: np.random.Generator, t: Sound) -> Sound:
    made = rng.normal(0, 0.002, t.size)
    for at in rng.integers(0, max(1, t.size - 60), size=int(t.size / RATE * rng.uniform(2, 20))):
        made[at : at + 40] += rng.normal(0, rng.uniform(0.05, 0.5)) * np.exp(-np.arange(40) / 8)[: t.size - at]
    return made


def _keys(rng: np.random.Generator, t: Sound) -> Sound:
    made, at = np.zeros(t.size), 0.3
    while at < t.size / RATE - 0.5:
        long, pause = rng.uniform(0.06, 0.3), rng.choice([rng.uniform(0.06, 0.2), rng.uniform(0.5, 3)], p=[0.8, 0.2])
        part = slice(int(at * RATE), int((at + long) * RATE))
        made[part] = _sines(t[part], rng.choice(_ROW), rng.choice(_COLUMN))
        at += long + pause
    return made * _level(rng) + rng.normal(0, 0.0005, t.size)


def _tone(*choices: tuple[tuple[float, ...], tuple[float, ...]]) -> Maker:
    """Tones switched on and off; each choice is (frequencies, cadence)."""

    def made(rng: np.random.Generator, t: Sound) -> Sound:
        hz, cadence = choices[int(rng.integers(len(choices)))]
        return _sines(t, *hz) * _on_off(t, *cadence) * _level(rng) + rng.normal(0, 0.0005, t.size)

    return made


def _special(rng: np.random.Generator, t: Sound) -> Sound:
    """Special information tone: three rising tones, then a pause."""
    made, at = np.zeros(t.size), t % 4.0
    for i, hz in enumerate((950, 1400, 1800)):
        made += np.sin(2 * np.pi * hz * t) * ((at >= i * 0.33) & (at < (i + 1) * 0.33))
    return made * _level(rng) + rng.normal(0, 0.0005, t.size)


def _fax(rng: np.random.Generator, t: Sound) -> Sound:
    """Calling tone, answer tone, and the two-tone data that follow (V.21)."""
    bits = np.repeat(rng.integers(0, 2, t.size // 53 + 1), 53)[: t.size]
    data = np.sin(2 * np.pi * np.cumsum(np.where(bits, 1650.0, 1850.0)) / RATE)
    calling, answer = np.sin(2 * np.pi * 1100 * t) * _on_off(t, 0.5, 3.0), np.sin(2 * np.pi * 2100 * t)
    at = t % 14.0
    return np.asarray(np.where(at < 7, calling, np.where(at < 10, answer, data)) * _level(rng))


def _notes(
    rng: np.random.Generator, t: Sound, step_s: float, hold: float, choose: Callable[[int], list[float]]
) -> Sound:
    """Notes with an attack and a decay, one set every ``step_s``; overtones as of a plucked or blown instrument."""
    made = np.zeros(t.size)
    overtones = [(k, rng.uniform(0.3, 1) / k ** rng.uniform(0.7, 1.8)) for k in range(1, 7)]
    vibrato = rng.choice([0.0, 0.004])
    for i in range(int(t.size / RATE / step_s)):
        part = slice(int(i * step_s * RATE), min(t.size, int((i * step_s + step_s * hold * 2) * RATE)))
        own = t[part] - t[part.start]
        shape = np.minimum(1, own / 0.01) * np.exp(-own / (step_s * hold)) * np.minimum(1, (own[-1] - own) / 0.02)
        for hz in choose(i):
            phase = 2 * np.pi * hz * (own + vibrato * np.sin(2 * np.pi * 5.5 * own) / 5.5 / 2)
            made[part] += shape * sum(a * np.sin(k * phase) for k, a in overtones)
    return made


def _root(rng: np.random.Generator) -> float:
    return float(220 * 2 ** (rng.integers(-5, 8) / 12))


def _loud(rng: np.random.Generator, made: Sound) -> Sound:
    return made / max(1e-9, float(np.abs(made).max())) * _level(rng, -16, -4)


def _chords(rng: np.random.Generator, t: Sound) -> Sound:
    root, step = _root(rng), rng.uniform(1.0, 2.4)
    made = _notes(rng, t, step, 3.0, lambda i: [root * 2 ** (n / 12) for n in _CHORDS[i % len(_CHORDS)]])
    return _loud(rng, made)


def _melody(rng: np.random.Generator, t: Sound) -> Sound:
    root, step = _root(rng) * 2, rng.uniform(0.15, 0.5)
    made = _notes(rng, t, step, rng.uniform(0.4, 1.5), lambda _: [root * 2 ** (rng.choice(_SCALE) / 12)])
    bass = _notes(rng, t, step * 4, 1.0, lambda i: [root / 4 * 2 ** (_CHORDS[i % 4][0] / 12)])
    return _loud(rng, made + bass)


def _band(rng: np.random.Generator, t: Sound) -> Sound:
    """Drums, a bass and chords in time."""
    root, beat = _root(rng), 60 / rng.uniform(80, 140)
    at = t % beat
    snare = rng.normal(0, 1, t.size) * np.exp(-at / 0.05) * ((t // beat) % 2)
    kick = np.sin(2 * np.pi * 60 * at * np.exp(-at * 8)) * np.exp(-at / 0.1)
    hat = np.diff(rng.normal(0, 0.4, t.size + 1)) * np.exp(-(t % (beat / 2)) / 0.015)
    bass = _notes(rng, t, beat, 0.8, lambda i: [root / 2 * 2 ** (_CHORDS[i // 4 % 4][0] / 12)])
    chords = _notes(rng, t, beat * 4, 2.0, lambda i: [root * 2 ** (n / 12) for n in _CHORDS[i % 4]])
    return _loud(rng, snare * 0.8 + kick + hat + bass + chords * 0.7)


def _singing(rng: np.random.Generator, t: Sound) -> Sound:
    """A lead with vibrato and gliding vowels over chords, as near a sung line as synthesis without words goes."""
    root, step = _root(rng), rng.uniform(0.4, 0.9)
    steps = np.array([rng.choice(_SCALE) for _ in range(int(t[-1] / step) + 2)])
    pitch = np.interp(t, np.arange(steps.size) * step, steps)
    pitch = np.where((t / step) % 1 < 0.8, steps[(t / step).astype(int)], pitch)
    hz = root * 2 ** ((pitch + 0.3 * np.sin(2 * np.pi * 5.5 * t)) / 12)
    phase = 2 * np.pi * np.cumsum(hz) / RATE
    formant = 700 + 300 * np.sin(2 * np.pi * t / step / 2)
    lead = sum(np.exp(-(((k * hz - formant) / 400) ** 2)) * np.sin(k * phase) for k in range(1, 12))
    chords = _notes(rng, t, step * 4, 3.0, lambda i: [root / 2 * 2 ** (n / 12) for n in _CHORDS[i % 4]])
    return _loud(rng, np.asarray(lead) * np.minimum(1, 5 * (1 - (t / step) % 1)) + chords * 0.25)


KINDS: dict[str, Maker] = {
    "digital silence": lambda _, t: np.zeros(t.size),
    "comfort noise": _comfort,
    "white noise": _white,
    "pink noise": _pink,
    "hum": _hum,
    "crackle": _crackle,
    "music: chords": _chords,
    "music: melody": _melody,
    "music: band": _band,
    "music: singing": _singing,
    "keys": _keys,
    "ringing": _tone(((450.0,), (1, 4)), ((440.0, 480.0), (2, 4)), ((400.0, 450.0), (0.4, 0.2, 0.4, 2))),
    "busy": _tone(((450.0,), (0.35, 0.35)), ((480.0, 620.0), (0.5, 0.5)), ((400.0,), (0.375, 0.375))),
    "beeps": _tone(((1400.0,), (0.4, 14.6)), ((1000.0,), (0.1, 0.9)), ((425.0,), (0.2, 0.2, 0.2, 4.4))),
    "special information": _special,
    "fax": _fax,
}
MUSIC = tuple(k for k in KINDS if k.startswith("music"))
TONES = ("keys", "ringing", "busy", "beeps", "special information")
