"""Which speech is transcribed: bleed belongs to the louder line, who talks at once is heard on both."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from qa_service.audio.gate import gated, lines_apart_db
from qa_service.audio.types import SAMPLE_RATE, Audio, SoundStretch, SpeechSpan
from qa_service.audio.vad import detect_speech
from qa_service.records import AudioQuality, ChannelQuality
from tests.audio.test_vad import STEPS, STEREO, audio_of, found, sample, spoken

FINE = AudioQuality(source_rate_hz=8000)


def shares(audio: Audio, spans: tuple[SpeechSpan, ...]) -> tuple[float, float]:
    """Of labelled speech: the share found on its own line, and on the other line (where nobody speaks)."""
    count = int(audio.duration_s * STEPS) + 1
    sides = [spoken(STEREO, c, count) for c in (0, 1)]
    heard = [found(spans, c, count) for c in (0, 1)]
    said = sum(int(s.sum()) for s in sides)
    right = sum(int((s & h).sum()) for s, h in zip(sides, heard, strict=True))
    wrong = sum(int((h & ~sides[c] & sides[1 - c]).sum()) for c, h in enumerate(heard))
    return right / said, wrong / said


def bled(db: float, delay_ms: float, right_gain_db: float = 0.0) -> Audio:
    """The sample call with each side heard on the other line, and the right line louder or quieter as a whole."""
    left, right = sample(STEREO).channels
    delay, gain, louder = int(delay_ms * 16), 10 ** (db / 20), 10 ** (right_gain_db / 20)
    on_left, on_right = (gain * np.pad(c, (delay, 0))[: c.size] for c in (right, left))
    channels = (left + on_left, (right + on_right) * louder)
    return replace(sample(STEREO), channels=tuple(c.astype(np.float32) for c in channels))


@pytest.mark.parametrize(("db", "delay_ms"), [(-6, 0), (-6, 20), (-10, 10), (-14, 20), (-20, 5)])
def test_a_turn_heard_on_both_lines_is_kept_once(db: float, delay_ms: float) -> None:
    audio = bled(db, delay_ms)
    recall, wrong = shares(audio, gated(audio, detect_speech(audio), (), FINE))
    assert recall > 0.95
    assert wrong < 0.03


@pytest.mark.parametrize("right_gain_db", [-12, 12])
def test_lines_of_unlike_loudness_are_compared_at_their_own_levels(right_gain_db: float) -> None:
    audio = bled(-10, 5, right_gain_db)
    recall, wrong = shares(audio, gated(audio, detect_speech(audio), (), FINE))
    assert recall > 0.93
    assert wrong < 0.02


def test_a_clean_call_stays_as_it_is() -> None:
    audio = sample(STEREO)
    spans = detect_speech(audio)
    assert gated(audio, spans, (), FINE) == spans


def test_who_talks_at_the_same_time_is_kept_on_both_lines() -> None:
    """In the second half the customer talks over the agent, who also bleeds into his line."""
    left, right = sample(STEREO).channels
    over = np.roll(left, 3 * SAMPLE_RATE + 777)
    half = left.size // 2
    over[:half] = 0
    audio = replace(sample(STEREO), channels=(left, (right + over + 0.2 * left).astype(np.float32)))
    spans = detect_speech(audio)
    kept = gated(audio, spans, (), FINE)
    count = int(audio.duration_s * STEPS) + 1
    agent = spoken(STEREO, 0, count)
    both = agent & np.roll(agent, 304)
    both[: count // 2] = False
    assert (found(kept, 1, count) & both).sum() / both.sum() > 0.85


@pytest.mark.parametrize(
    ("cut", "left"),
    [
        ((0.0, 10.0), []),
        ((1.0, 2.0), [(2.0, 5.0)]),
        ((2.0, 3.0), [(1.0, 2.0), (3.0, 5.0)]),
        ((1.2, 4.0), [(4.0, 5.0)]),
        ((6.0, 7.0), [(1.0, 5.0)]),
    ],
)
def test_tones_are_cut_out_of_speech(cut: tuple[float, float], left: list[tuple[float, float]]) -> None:
    audio = replace(sample(STEREO), channels=sample(STEREO).channels[:1])
    stretch = SoundStretch(0, *cut, "tone")
    kept = gated(audio, (SpeechSpan(0, 1.0, 5.0, voice=1),), (stretch,), FINE)
    assert [(s.start_s, s.end_s) for s in kept] == left
    assert all(s.voice == 1 for s in kept)


def test_speech_over_music_is_kept_and_music_alone_is_not() -> None:
    """Chords as loud as the speech; the last span is a false alarm of the detector on the chords alone."""
    t = np.arange(20 * SAMPLE_RATE) / SAMPLE_RATE
    root = 300 * 2 ** (((t // 1.5) % 4) * 2 / 12)
    chords = sum(np.sin(2 * np.pi * root * ratio * t) for ratio in (1, 1.25, 1.5)) / 30
    speech = sample(STEREO).channels[0][: 10 * SAMPLE_RATE]
    over = chords + np.concatenate([speech, np.zeros(10 * SAMPLE_RATE)])
    audio = audio_of(over)
    spans = (*(s for s in detect_speech(sample(STEREO)) if s.channel == 0 and s.end_s < 10), SpeechSpan(0, 14.0, 16.0))
    kept = gated(audio, spans, (SoundStretch(0, 0.0, 20.0, "music"),), FINE)
    assert kept == spans[:-1]


def test_a_stretch_on_the_other_line_cuts_nothing() -> None:
    audio = sample(STEREO)
    spans = detect_speech(audio)
    quiet = tuple(SoundStretch(1 - s.channel, s.start_s, s.end_s, "tone") for s in spans[:1])
    assert spans[0] in gated(audio, spans, quiet, FINE)


def test_of_two_channels_with_one_sound_the_louder_is_kept() -> None:
    channels = (ChannelQuality(channel=0, level_dbfs=-30), ChannelQuality(channel=1, level_dbfs=-20))
    quality = AudioQuality(source_rate_hz=8000, duplicate_channels=True, channels=channels)
    spans = (SpeechSpan(0, 1, 2), SpeechSpan(1, 1, 2))
    assert gated(sample(STEREO), spans, (), quality) == (SpeechSpan(1, 1, 2),)


@pytest.mark.parametrize(
    ("leads", "apart"),
    [
        ([20.0] * 50 + [-20.0] * 50, 0.0),
        ([25.0] * 50 + [5.0] * 50, 15.0),
        ([10.0] * 100, 0.0),
        ([25.0] * 95 + [5.0] * 5, 0.0),
        (list(np.linspace(-20, 25, 100)), 0.0),
        ([40.0] * 50 + [20.0] * 50, 20.0),
        ([25.0] * 10 + [5.0] * 10, 0.0),
    ],
    ids=["like lines", "one is louder", "one speaker", "too little of one", "a spread", "at most", "too little"],
)
def test_what_lines_differ_by(leads: list[float], apart: float) -> None:
    assert lines_apart_db(np.array(leads)) == pytest.approx(apart)


def test_no_speech() -> None:
    assert gated(sample(STEREO), (), (), FINE) == ()
