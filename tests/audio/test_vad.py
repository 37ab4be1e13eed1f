"""Voice activity on the sample calls (what was said when is in samples/labels.json) and on sounds without voice."""

from __future__ import annotations

import json
from dataclasses import replace
from functools import lru_cache
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from qa_service.audio.decode import decode
from qa_service.audio.types import SAMPLE_RATE, Audio, AudioInfo, Samples, SpeechSpan
from qa_service.audio.vad import MIN_SPEECH_S, PAD_S, _spans, detect_speech
from qa_service.settings import Settings

SAMPLES = Path(__file__).resolve().parents[2] / "samples"
STEREO = "D-ZH-003"
STEPS = 100

Mask = NDArray[np.bool_]


def audio_of(*channels: NDArray[np.floating]) -> Audio:
    parts = tuple(c.astype(np.float32) for c in channels)
    return Audio(parts, parts[0].size / SAMPLE_RATE, AudioInfo("made", "pcm", SAMPLE_RATE, len(parts), False))


@lru_cache(maxsize=4)
def sample(call_id: str) -> Audio:
    path = next(p for p in (SAMPLES / "calls").iterdir() if p.stem == call_id)
    return decode(path, Settings(_env_file=None))  # type: ignore[call-arg]


def spoken(call_id: str, channel: int, count: int, mono: bool = False) -> Mask:
    """Hundredths of a second in which the labels say that somebody speaks."""
    turns = json.loads((SAMPLES / "labels.json").read_text(encoding="utf-8"))[call_id]["turns"]
    mask = np.zeros(count, np.bool_)
    for turn in turns:
        if mono or channel == (0 if turn["role"] == "agent" else 1):
            mask[int(turn["start_s"] * STEPS) : int(turn["end_s"] * STEPS)] = True
    return mask


def found(spans: tuple[SpeechSpan, ...], channel: int, count: int) -> Mask:
    mask = np.zeros(count, np.bool_)
    for span in spans:
        if span.channel == channel:
            mask[int(span.start_s * STEPS) : int(span.end_s * STEPS)] = True
    return mask


def recall_and_false_share(audio: Audio, call_id: str = STEREO) -> tuple[float, float]:
    spans, count = detect_speech(audio), int(audio.duration_s * STEPS) + 1
    mono = len(audio.channels) == 1
    hit = said = heard = 0
    for channel in range(len(audio.channels)):
        label, mask = spoken(call_id, channel, count, mono), found(spans, channel, count)
        hit, said, heard = hit + int((label & mask).sum()), said + int(label.sum()), heard + int(mask.sum())
    return hit / said, 1 - hit / heard


@pytest.mark.parametrize("call_id", [STEREO, "D-EN-002", "D-ZH-011"])
def test_labelled_speech_is_found_and_little_else(call_id: str) -> None:
    recall, false_share = recall_and_false_share(sample(call_id), call_id)
    assert recall > 0.95
    assert false_share < 0.1


@pytest.mark.parametrize("db", [-20, -30, -36])
def test_a_quiet_recording_is_heard_too(db: int) -> None:
    audio = sample(STEREO)
    quiet = replace(audio, channels=tuple(c * np.float32(10 ** (db / 20)) for c in audio.channels))
    recall, false_share = recall_and_false_share(quiet)
    assert recall > 0.9
    assert false_share < 0.1


def test_a_quiet_line_is_heard_beside_a_loud_one() -> None:
    audio = sample(STEREO)
    recall, false_share = recall_and_false_share(
        replace(audio, channels=(audio.channels[0], audio.channels[1] * np.float32(0.1)))
    )
    assert recall > 0.96
    assert false_share < 0.13


@pytest.mark.parametrize("db", [-20, -30])
def test_the_other_side_bleeding_in_is_not_heard(db: int) -> None:
    left, right = sample(STEREO).channels
    gain = np.float32(10 ** (db / 20))
    recall, false_share = recall_and_false_share(
        replace(sample(STEREO), channels=(left + gain * right, right + gain * left))
    )
    assert recall > 0.97
    assert false_share < 0.12


def test_who_speaks_while_the_other_speaks_is_heard() -> None:
    """The customer's words laid over the agent's: both sides talk at once, 6 dB apart."""
    left, right = sample(STEREO).channels
    count = int(sample(STEREO).duration_s * STEPS) + 1
    over = replace(sample(STEREO), channels=(left, np.roll(left, 3 * SAMPLE_RATE)[: right.size] * np.float32(0.5)))
    spans = detect_speech(over)
    agent = spoken(STEREO, 0, count)
    both = agent & np.roll(agent, 3 * STEPS)
    assert (found(spans, 1, count) & both).sum() / both.sum() > 0.9


def test_a_quiet_line_is_heard_while_the_loud_one_speaks() -> None:
    """The customer's line is 20 dB down. In the second half the customer talks over the agent."""
    left, right = sample(STEREO).channels
    count, half = int(sample(STEREO).duration_s * STEPS) + 1, left.size // 2
    over = np.roll(left, 3 * SAMPLE_RATE)
    over[:half] = 0
    spans = detect_speech(replace(sample(STEREO), channels=(left, np.float32(0.1) * (right + over))))
    agent = spoken(STEREO, 0, count)
    both = agent & np.roll(agent, 3 * STEPS)
    both[: count // 2] = False
    assert (found(spans, 1, count) & both).sum() / both.sum() > 0.9


def ringing(t: Samples) -> Samples:
    return np.asarray(0.3 * np.sin(2 * np.pi * 450 * t) * ((t % 5) < 1), np.float32)


@pytest.mark.parametrize(
    "sound",
    [
        lambda t: np.zeros_like(t),
        lambda t: np.full_like(t, 0.4),
        lambda t: np.random.default_rng(0).normal(0, 0.001, t.size),
        lambda t: np.random.default_rng(0).normal(0, 0.1, t.size),
        lambda t: 0.1 * np.sin(2 * np.pi * 50 * t),
        ringing,
        lambda t: 0.2 * (np.sin(2 * np.pi * 697 * t) + np.sin(2 * np.pi * 1209 * t)) * ((t % 1) < 0.2),
    ],
    ids=["digital silence", "constant", "faint noise", "loud noise", "hum", "ringing", "keys"],
)
def test_what_is_no_voice_is_no_speech(sound: object) -> None:
    t = np.arange(10 * SAMPLE_RATE) / SAMPLE_RATE
    one = sound(t)  # type: ignore[operator]
    assert detect_speech(audio_of(one)) == ()
    assert detect_speech(audio_of(one, np.zeros_like(t))) == ()


def test_spans_are_ordered_inside_the_recording_and_apart() -> None:
    audio = sample(STEREO)
    spans = detect_speech(audio)
    assert list(spans) == sorted(spans, key=lambda s: (s.start_s, s.channel))
    for channel in (0, 1):
        own = [s for s in spans if s.channel == channel]
        assert all(0 <= s.start_s < s.end_s <= audio.duration_s for s in own)
        assert all(a.end_s < b.start_s for a, b in pairwise(own))
        assert min(s.end_s - s.start_s for s in own) >= MIN_SPEECH_S + PAD_S
    assert detect_speech(audio) == spans


@pytest.mark.parametrize(
    ("chances", "expected"),
    [
        ([0.9] * 5, []),
        ([0.0] * 10 + [0.9] * 10 + [0.0] * 20, [(10, 20)]),
        ([0.9] * 10 + [0.4] * 30 + [0.0] * 20, [(0, 40)]),
        ([0.4] * 30, []),
        ([0.9] * 10 + [0.1] * 9 + [0.9] * 10, [(0, 29)]),
        ([0.9] * 10 + [0.1] * 10 + [0.9] * 10, [(0, 10), (20, 30)]),
    ],
    ids=["too short", "one", "hysteresis holds", "never begins", "short pause", "long pause"],
)
def test_hysteresis(chances: list[float], expected: list[tuple[int, int]]) -> None:
    assert [(round(a / 0.032), round(b / 0.032)) for a, b in _spans(chances)] == expected


def test_shorter_than_a_chunk() -> None:
    assert detect_speech(audio_of(np.zeros(300))) == ()
    assert detect_speech(audio_of(np.zeros(300), np.ones(300))) == ()
