"""Voices on one channel: two sides of a sample call mixed into one, with and without pauses between them."""

from __future__ import annotations

import json
from functools import lru_cache
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from qa_service.audio.decode import decode
from qa_service.audio.speakers.diarise import Voices, diarise
from qa_service.audio.types import SAMPLE_RATE, Audio, AudioInfo, Samples, SpeechSpan
from qa_service.audio.vad import detect_speech
from qa_service.settings import Settings

SAMPLES = Path(__file__).resolve().parents[2] / "samples"
CALL = "D-ZH-003"
#: A turn of the agent and the answer to it, end to end, are this long at most in the test without pauses.
TURN_S = 4.0


def settings() -> Settings:
    return Settings(_env_file=None)  # type: ignore[call-arg]


def mono(samples: NDArray[np.floating]) -> Audio:
    sound = samples.astype(np.float32)
    return Audio((sound,), sound.size / SAMPLE_RATE, AudioInfo("made", "pcm", SAMPLE_RATE, 1, False))


@lru_cache(maxsize=1)
def call() -> tuple[Audio, list[tuple[int, float, float]]]:
    """The sides of the call, and its turns as (channel, start, end)."""
    audio = decode(next(p for p in (SAMPLES / "calls").iterdir() if p.stem == CALL), settings())
    turns = json.loads((SAMPLES / "labels.json").read_text(encoding="utf-8"))[CALL]["turns"]
    return audio, [(int(t["role"] == "customer"), t["start_s"], t["end_s"]) for t in turns]


def part(channel: int, start_s: float, end_s: float) -> Samples:
    return call()[0].channels[channel][int(start_s * SAMPLE_RATE) : int(end_s * SAMPLE_RATE)]


@lru_cache(maxsize=1)
def mixed() -> tuple[Audio, tuple[SpeechSpan, ...], Voices]:
    audio = call()[0]
    mix = mono(0.5 * (audio.channels[0] + audio.channels[1]))
    spans = detect_speech(mix)
    return mix, spans, diarise(mix, spans, settings())


def confusion(found: Voices, turns: list[tuple[int, float, float]]) -> float:
    """Share of the labelled time inside the spans that has the wrong voice, under the better naming of the voices."""
    shared = np.zeros((2, 2))
    for span in found.spans:
        for side, start, end in turns:
            shared[side, span.voice or 0] += max(0.0, min(end, span.end_s) - max(start, span.start_s))
    right = max(shared[0, 0] + shared[1, 1], shared[0, 1] + shared[1, 0])
    return float(1 - right / shared.sum())


def test_two_sides_of_one_channel_are_told_apart() -> None:
    _, _, found = mixed()
    assert found.voices == 2
    assert found.confidence > 0.9
    assert confusion(found, call()[1]) < 0.03


def test_the_same_speech_comes_back_cut_where_the_voice_changes() -> None:
    _, spans, found = mixed()
    assert {s.voice for s in found.spans} == {0, 1}
    assert found.spans[0].voice == 0
    covered = [(round(s.start_s, 3), round(s.end_s, 3)) for s in joined(found.spans)]
    assert covered == [(s.start_s, s.end_s) for s in spans]
    assert all(s.end_s > s.start_s for s in found.spans)


def joined(spans: tuple[SpeechSpan, ...]) -> list[SpeechSpan]:
    out: list[SpeechSpan] = []
    for span in spans:
        if out and out[-1].end_s == span.start_s:
            out[-1] = SpeechSpan(span.channel, out[-1].start_s, span.end_s)
        else:
            out.append(span)
    return out


def test_turns_that_follow_without_a_pause_are_cut_where_the_voice_changes() -> None:
    turns = [t for t in call()[1] if t[2] - t[1] > 1.5][:6]
    pieces = [part(side, start + 0.1, min(start + TURN_S, end - 0.1)) for side, start, end in turns]
    ends = np.cumsum([p.size for p in pieces]) / SAMPLE_RATE
    truth = [(side, e - p.size / SAMPLE_RATE, e) for (side, _, _), p, e in zip(turns, pieces, ends, strict=True)]
    mix = mono(np.concatenate(pieces))
    whole = (SpeechSpan(0, 0.0, round(mix.duration_s, 3)),)
    found = diarise(mix, whole, settings())
    assert found.voices == 2
    assert confusion(found, truth) < 0.1


def test_a_lone_voice_is_voice_0_everywhere() -> None:
    own = [part(side, start, end) for side, start, end in call()[1] if side == 0]
    lone = mono(np.concatenate(own))
    found = diarise(lone, detect_speech(lone), settings())
    assert found.voices == 1
    assert {s.voice for s in found.spans} == {0}


def test_twice_the_same_is_the_same() -> None:
    mix, spans, found = mixed()
    assert diarise(mix, spans, settings()) == found


def test_the_other_channel_passes_through() -> None:
    mix, spans, found = mixed()
    two = Audio((np.zeros_like(mix.channels[0]), mix.channels[0]), mix.duration_s, mix.info)
    elsewhere = SpeechSpan(0, 1.0, 2.0)
    there = diarise(two, (elsewhere, *(SpeechSpan(1, s.start_s, s.end_s) for s in spans)), settings(), channel=1)
    assert elsewhere in there.spans
    assert [(s.start_s, s.voice) for s in there.spans if s.channel == 1] == [(s.start_s, s.voice) for s in found.spans]


@pytest.mark.parametrize("length_s", [0.2, 0.5])
def test_too_little_speech_to_tell_is_one_voice_without_confidence(length_s: float) -> None:
    mix, _, _ = mixed()
    found = diarise(mix, (SpeechSpan(0, 2.0, 2.0 + length_s),), settings())
    assert (found.voices, found.confidence) == (1, 0.0)
    assert [s.voice for s in found.spans] == [0]


def test_no_speech_is_no_voice() -> None:
    mix, _, _ = mixed()
    assert diarise(mix, (), settings()) == Voices((), 0.0, 0)
