"""Syllables and what sounds alike."""

from __future__ import annotations

import pytest

from qa_service.text import pinyin
from qa_service.text.pinyin import near_key, readings, spelt, syllables


def test_syllables_know_their_place() -> None:
    found = syllables("去ok坐牢")
    assert [(s.text, s.start, s.end) for s in found] == [("qu", 0, 1), ("zuo", 3, 4), ("lao", 4, 5)]


@pytest.mark.parametrize(
    ("one", "other"), [("zhi", "zi"), ("shan", "sang"), ("nan", "lan"), ("fei", "hui"), ("xin", "xing")]
)
def test_near_sounds_share_a_key(one: str, other: str) -> None:
    assert near_key(one) == near_key(other)


@pytest.mark.parametrize(("one", "other"), [("ba", "pa"), ("zuo", "zao"), ("qian", "xian")])
def test_far_sounds_do_not(one: str, other: str) -> None:
    assert near_key(one) != near_key(other)


def test_polyphones_have_all_readings() -> None:
    assert ("huan", "qian") in readings("还钱")
    assert ("hai", "qian") in readings("还钱")
    assert readings("abc") == ()


@pytest.mark.parametrize(
    ("text", "ways"),
    [
        ("laolai", ["lao lai"]),
        ("lǎo lài", ["lao lai"]),
        ("lao3lai4", ["lao lai"]),
        ("老lai", ["lao lai"]),
        ("xian", ["xian", "xi an"]),
        ("xi'an", ["xi an"]),
        ("fangan", ["fang an", "fan gan"]),
        ("lüe NV", ["lve nv"]),
        ("nue lu:", ["nve lv"]),
        ("银行", ["yin hang", "yin xing"]),
        ("lao!", []),
        ("laop", []),
        ("12", []),
        ("", []),
        (" ", []),
    ],
)
def test_pinyin_that_is_typed_is_divided_into_syllables(text: str, ways: list[str]) -> None:
    assert [" ".join(way) for way in spelt(text)] == ways


def test_pinyin_of_very_many_ways_is_divided_at_once() -> None:
    assert len(spelt("xian" * 200)) == 16
    assert spelt("xian" * 200 + "q") == ()


def test_readings_of_long_stretches_are_not_kept() -> None:
    before = pinyin._read_once.cache_info().currsize
    whole = "坐牢还钱" * 100
    assert [s.text for s in syllables(whole)][:4] == [s.text for s in syllables("坐牢还钱")]
    assert pinyin._read_once.cache_info().currsize <= before + 1
