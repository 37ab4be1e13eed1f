"""The quality gate on the sample calls, and on the same calls made worse."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache

import numpy as np
import pytest

from qa_service.audio.quality import assess
from qa_service.audio.types import SAMPLE_RATE, Audio, Samples, SoundStretch
from qa_service.audio.vad import detect_speech
from qa_service.records import AudioQuality, QualityIssue
from tests.audio.test_gate import bled
from tests.audio.test_vad import STEREO, audio_of, sample


def quality_of(audio: Audio, *stretches: SoundStretch) -> AudioQuality:
    return assess(audio, detect_speech(audio), stretches)


def issue(quality: AudioQuality, code: str) -> QualityIssue:
    (found,) = [i for i in quality.issues if i.code == code]
    return found


def with_channels(*channels: Samples) -> Audio:
    return replace(sample(STEREO), channels=tuple(np.asarray(c, np.float32) for c in channels))


@lru_cache(maxsize=1)
def clean() -> AudioQuality:
    return quality_of(sample(STEREO))


def test_a_clean_call_has_no_issues() -> None:
    quality = clean()
    assert quality.issues == ()
    assert not quality.duplicate_channels
    assert quality.source_rate_hz == 8000
    assert quality.crosstalk_db is not None
    assert quality.crosstalk_db > 25
    for channel in quality.channels:
        assert channel.level_dbfs is not None
        assert channel.noise_dbfs is not None
        assert channel.level_dbfs > channel.noise_dbfs + 20
        assert channel.speech_s > 5


@pytest.mark.parametrize(("db", "effect"), [(-3, "doubted"), (-10, "noted"), (-14, "noted")])
def test_crosstalk_is_measured(db: float, effect: str) -> None:
    quality = quality_of(bled(db, 10))
    assert quality.crosstalk_db == pytest.approx(-db, abs=1.5)
    assert issue(quality, "crosstalk").effect == effect


@pytest.mark.parametrize(("gain", "delay_ms", "noise"), [(0.4, 0, 0.0), (1.0, 5, 0.001), (0.3, 20, 0.0)])
def test_the_same_sound_twice_is_seen_through_gain_delay_and_noise(gain: float, delay_ms: int, noise: float) -> None:
    mixed = sum(sample(STEREO).channels)
    hiss = np.random.default_rng(0).normal(0, noise, mixed.size)
    other = gain * np.pad(mixed, (delay_ms * 16, 0))[: mixed.size] + hiss
    quality = quality_of(with_channels(mixed, other))
    assert quality.duplicate_channels
    assert quality.crosstalk_db is None
    assert issue(quality, "duplicate_channels").effect == "gated"


def test_what_decoding_found_to_be_one_is_said() -> None:
    audio = replace(sample(STEREO), channels=sample(STEREO).channels[:1])
    audio = replace(audio, info=replace(audio.info, dual_mono=True))
    assert issue(quality_of(audio), "duplicate_channels").effect == "gated"


@pytest.mark.parametrize("level", [0.0, 0.0003])
def test_a_dead_channel(level: float) -> None:
    left = sample(STEREO).channels[0]
    dead = issue(quality_of(with_channels(left, np.random.default_rng(0).normal(0, level, left.size))), "dead_channel")
    assert (dead.channel, dead.effect) == (1, "doubted")


def test_a_quiet_call_and_a_noisy_one() -> None:
    left, right = sample(STEREO).channels
    assert issue(quality_of(with_channels(left * 0.02, right)), "low_level").channel == 0
    hiss = np.random.default_rng(0).normal(0, 0.03, left.size)
    noisy = quality_of(with_channels(left + hiss, right))
    assert issue(noisy, "noise").channel == 0


@pytest.mark.parametrize("gain", [4, 8])
@pytest.mark.parametrize("band", [False, True], ids=["as clipped", "through a band"])
def test_clipping_is_seen_at_any_level(gain: float, band: bool) -> None:
    left, right = sample(STEREO).channels
    cut = np.clip(left * gain / np.abs(left).max(), -1, 1) * 0.3
    quality = quality_of(with_channels(narrowed(cut, 3800) if band else cut, right))
    assert issue(quality, "clipping").channel == 0


def test_ringing_and_keys_are_no_clipping() -> None:
    """All waves of a tone peak at one level, and it may be the loudest thing on the line."""
    left, right = sample(STEREO).channels
    ringing = 0.6 * np.sin(2 * np.pi * 450 * np.arange(3 * SAMPLE_RATE) / SAMPLE_RATE)
    audio = with_channels(np.append(ringing, left), np.append(ringing * 0.1, right))
    quality = quality_of(audio, SoundStretch(0, 0, 3, "tone"), SoundStretch(1, 0, 3, "tone"))
    assert {i.code for i in quality.issues} == {"tone"}
    cut = np.append(ringing, np.clip(left * 8 / np.abs(left).max(), -1, 1) * 0.3)
    quality = quality_of(with_channels(cut, np.append(ringing, right)), SoundStretch(0, 0, 3, "tone"))
    assert issue(quality, "clipping").channel == 0


def test_sound_that_was_sampled_too_low_once() -> None:
    left, right = sample(STEREO).channels
    assert issue(quality_of(with_channels(narrowed(left, 1900), right)), "low_sample_rate").channel == 0
    slow = replace(sample(STEREO), info=replace(sample(STEREO).info, source_rate=6000))
    assert issue(quality_of(slow), "low_sample_rate").value == 6000


def narrowed(samples: Samples, hz: float) -> Samples:
    spectrum = np.fft.rfft(samples)
    spectrum[np.fft.rfftfreq(samples.size, 1 / SAMPLE_RATE) > hz] = 0
    return np.asarray(np.fft.irfft(spectrum, samples.size), np.float32)


def test_music_and_tones_are_counted() -> None:
    quality = quality_of(sample(STEREO), SoundStretch(0, 0, 12.5, "music"), SoundStretch(1, 1, 2, "tone"))
    assert quality.channels[0].music_s == 12.5
    assert quality.channels[1].tone_s == 1
    assert (issue(quality, "music").effect, issue(quality, "tone").effect) == ("gated", "noted")


@pytest.mark.parametrize("size", [0, 100, 8000])
def test_nothing_to_measure(size: int) -> None:
    audio = audio_of(np.zeros(size), np.zeros(size))
    quality = assess(audio, (), ())
    assert [c.level_dbfs for c in quality.channels] == [None, None]
    assert {i.code for i in quality.issues} == {"dead_channel"}
