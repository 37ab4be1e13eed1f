"""Music and tones are found; speech never is. Sounds come from scripts/nonspeech_sounds.py, speech from the samples."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from dataclasses import replace
from functools import lru_cache
from itertools import pairwise
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from qa_service.audio import spectra
from qa_service.audio.decode import decode
from qa_service.audio.nonspeech import find_nonspeech
from qa_service.audio.types import SAMPLE_RATE, Audio, AudioInfo, Samples, SoundStretch
from qa_service.settings import Settings

ROOT = Path(__file__).resolve().parents[2]
CALLS = sorted((ROOT / "samples/calls").iterdir())
SEED = 3


@pytest.fixture(scope="module")
def sounds() -> Iterator[ModuleType]:
    sys.path.insert(0, str(ROOT / "scripts"))
    try:
        yield importlib.import_module("nonspeech_sounds")
    finally:
        sys.path.remove(str(ROOT / "scripts"))


def audio_of(*channels: Samples) -> Audio:
    parts = tuple(np.asarray(c, np.float32) for c in channels)
    return Audio(parts, parts[0].size / SAMPLE_RATE, AudioInfo("made", "pcm", 8000, len(parts), False))


@lru_cache(maxsize=2)
def call(path: Path) -> Audio:
    return decode(path, Settings(_env_file=None))  # type: ignore[call-arg]


def seconds(found: tuple[SoundStretch, ...], kind: str) -> float:
    return sum(s.end_s - s.start_s for s in found if s.kind == kind)


@pytest.mark.parametrize("path", CALLS[:6], ids=lambda p: p.stem)
def test_speech_is_neither_music_nor_tone(path: Path) -> None:
    assert find_nonspeech(call(path)) == ()


@pytest.mark.parametrize("kind", ["music: chords", "music: melody", "music: band", "music: singing"])
def test_hold_music_is_found(sounds: ModuleType, kind: str) -> None:
    found = find_nonspeech(audio_of(sounds.sound(kind, 20, SEED)))
    assert seconds(found, "music") > 17
    assert seconds(found, "tone") < 1


@pytest.mark.parametrize(("kind", "at_least"), [("ringing", 2), ("busy", 17), ("keys", 4), ("fax", 8)])
def test_tones_are_found(sounds: ModuleType, kind: str, at_least: float) -> None:
    found = find_nonspeech(audio_of(sounds.sound(kind, 20, SEED)))
    assert seconds(found, "tone") > at_least
    assert seconds(found, "music") == 0


@pytest.mark.parametrize("kind", ["digital silence", "comfort noise", "white noise", "pink noise", "hum", "crackle"])
def test_noise_is_neither(sounds: ModuleType, kind: str) -> None:
    assert find_nonspeech(audio_of(sounds.sound(kind, 20, SEED))) == ()


def test_a_ring_has_its_place_and_channel() -> None:
    t = np.arange(10 * SAMPLE_RATE) / SAMPLE_RATE
    ring = 0.1 * np.sin(2 * np.pi * 450 * t) * ((t >= 4) & (t < 5))
    (found,) = find_nonspeech(audio_of(np.zeros(t.size), ring))
    assert (found.channel, found.kind) == (1, "tone")
    assert abs(found.start_s - 4) < 0.15
    assert abs(found.end_s - 5) < 0.15


def test_speech_over_music_is_speech(sounds: ModuleType) -> None:
    """Music 10 dB below who speaks; where nobody does for long, it is music again."""
    speech = call(CALLS[0]).channels[0][: 30 * SAMPLE_RATE]
    music = sounds.sound("music: melody", 60, SEED)
    music *= np.sqrt(np.mean(speech**2) / np.mean(music**2)) * 10 ** (-10 / 20)
    over = music + np.concatenate([speech, np.zeros(30 * SAMPLE_RATE, np.float32)])
    found = find_nonspeech(audio_of(over))
    loud = [s for s in found if s.end_s > 32]
    assert seconds(tuple(loud), "music") > 24
    spoken = np.abs(speech[: speech.size // 1600 * 1600]).reshape(-1, 1600).max(axis=1) > 0.05
    inside = sum(spoken[int(s.start_s * 10) : int(min(30, s.end_s) * 10)].sum() for s in found)
    assert inside < 0.05 * spoken.sum()


def test_blocks_do_not_show(sounds: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    audio = audio_of(np.concatenate([sounds.sound(k, 12, SEED) for k in ("music: band", "ringing")]))
    whole = spectra.frames_of(audio.channels[0])
    monkeypatch.setattr(spectra, "BLOCK", 100)
    parts = spectra.frames_of(audio.channels[0])
    assert np.allclose(whole.held, parts.held, atol=1e-5)
    assert np.allclose(whole.humming, parts.humming, atol=1e-5)
    assert np.allclose(whole.power, parts.power, rtol=1e-4, atol=1e-12)


def test_stretches_are_ordered_and_apart(sounds: ModuleType) -> None:
    mixed = np.concatenate([sounds.sound(k, 10, SEED) for k in ("ringing", "music: chords", "keys", "music: melody")])
    found = find_nonspeech(audio_of(mixed, mixed[::-1]))
    assert list(found) == sorted(found, key=lambda s: (s.start_s, s.channel))
    for channel in (0, 1):
        own = [s for s in found if s.channel == channel]
        assert all(a.end_s <= b.start_s for a, b in pairwise(own))
        assert all(0 <= s.start_s < s.end_s <= 40 for s in own)


@pytest.mark.parametrize("size", [0, 100, 512, 3000, 40000])
def test_short_sound(size: int) -> None:
    audio = replace(audio_of(np.zeros(1)), channels=(np.zeros(size, np.float32),), duration_s=size / SAMPLE_RATE)
    assert find_nonspeech(audio) == ()
