"""The language of each channel and of the call, from what each window sounds like."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qa_service.audio.types import SpeechSpan
from qa_service.records import ChannelLanguage
from qa_service.speech.language import LISTEN_S, SURE, SURE_S, Languages, declared, detected, longest
from qa_service.speech.turns import Clip
from qa_service.speech.windows import Window, pack

ZH, EN, FR = {"zh": 0.9, "en": 0.1}, {"en": 0.95, "zh": 0.05}, {"fr": 0.9, "zh": 0.1}


def windows(*spoken: tuple[int, float]) -> list[Window]:
    """A window for each (channel, seconds)."""
    made, at = [], 0.0
    for channel, seconds in spoken:
        made += pack([Clip(channel, at, at + seconds, (SpeechSpan(channel, at, at + seconds),))])
        at += seconds + 1
    return made


def languages(found: Languages) -> list[str]:
    return [c.language for c in found.channels]


def test_the_windows_with_most_speech_are_listened_to() -> None:
    assert longest(windows((0, 3), (1, 20), (0, 12), (0, 8), (0, 12)), 0) == [2, 4]  # 8 more would be too much
    assert longest(windows((0, 3), (1, 20), (0, 12)), 1) == [1]
    assert longest(windows((0, 3)), 1) == []


@given(st.lists(st.floats(0.1, 28), min_size=1, max_size=20))
def test_no_channel_is_listened_to_for_long_and_none_is_passed_over(lengths: list[float]) -> None:
    made = windows(*((0, length) for length in lengths))
    kept = longest(made, 0)
    assert kept
    assert sum(made[i].length_s for i in kept) <= LISTEN_S
    assert made[kept[0]].speech_s == max(w.speech_s for w in made)
    assert len(kept) == len(set(kept))


def test_a_declared_language_is_that_of_every_channel() -> None:
    got = declared("en", [0, 1])
    assert (got.call, got.confidence) == ("en", None)
    assert got.channels == tuple(ChannelLanguage(channel=c, language="en") for c in (0, 1))
    assert (got.of(1), got.of(7)) == ("en", "en")


def test_without_speech_there_is_no_language() -> None:
    assert detected({}) == Languages(None, None, ())


def test_the_calls_language_is_the_likeliest_over_all_speech() -> None:
    got = detected({0: [(10.0, ZH)], 1: [(30.0, EN)]})
    assert got.call == "en"
    assert got.confidence == round((10 * 0.1 + 30 * 0.95) / 40, 4)


def test_long_windows_count_for_more_than_short_ones() -> None:
    assert detected({0: [(2.0, EN), (10.0, ZH)]}).call == "zh"
    assert detected({0: [(10.0, EN), (2.0, ZH)]}).call == "en"


def test_each_channel_may_have_its_own() -> None:
    got = detected({0: [(30.0, ZH)], 1: [(SURE_S, EN)]})
    assert languages(got) == ["zh", "en"]
    assert [c.confidence for c in got.channels] == [0.9, 0.95]
    assert (got.of(0), got.of(1)) == ("zh", "en")


@pytest.mark.parametrize(
    ("seconds", "chances"),
    [(SURE_S - 0.1, EN), (20.0, {"en": SURE - 0.01, "zh": 0.2}), (20.0, FR)],
    ids=["too little speech", "not sure", "no rules for it"],
)
def test_a_channel_that_proves_nothing_is_transcribed_in_the_calls(seconds: float, chances: dict[str, float]) -> None:
    got = detected({0: [(60.0, ZH)], 1: [(seconds, chances)]})
    assert languages(got) == ["zh", "zh"]
    assert got.channels[1].confidence == round(chances.get("zh", 0.0), 4)


def test_a_call_in_another_language_is_named_so() -> None:
    got = detected({0: [(30.0, FR)], 1: [(20.0, FR)]})
    assert (got.call, got.confidence, languages(got)) == ("fr", 0.9, ["fr", "fr"])


def test_equal_chances_are_decided_the_same_way_always() -> None:
    even = {"zh": 0.5, "en": 0.5}
    assert detected({0: [(1.0, even)]}).call == detected({0: [(1.0, dict(reversed(even.items())))]}).call == "en"
