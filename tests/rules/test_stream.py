"""Turns as rules read them, and the way back to the words as heard."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qa_service.rules.stream import fold, stream_of


@pytest.mark.parametrize(
    ("text", "stream"),
    [
        ("你好,请问是李先生吗?", "你好请问是李先生吗"),
        ("他 妈 的", "他妈的"),
        ("我知道。你呢", "我知道\n你呢"),
        ("欠了3,650.50元", "欠了3650.50元"),
        ("Don’t you DARE -- call me!", "don't you dare call me"),
        ("Mr. Smith lives in the U.S. now. Really?", "mr smith lives in the us now\nreally"),
        ("pay 25%, now", "pay 25% now"),
        ("No. I want account No. 5.", "no\ni want account no 5"),
        ("您的信用卡credit card账单", "您的信用卡credit card账单"),
        ("這個廢物", "这个废物"),
        ("ABC\u200bD", "abcd"),
        ("", ""),
        ("……", ""),
    ],
)
def test_stream(text: str, stream: str) -> None:
    assert stream_of(text).text == stream


def test_span_leads_back_to_the_original() -> None:
    text = "他說:「廢 物」!"
    stream = stream_of(text)
    start = stream.text.index("废物")
    assert text[slice(*stream.original(start, start + 2))] == "廢 物"


def test_clauses_and_sentences() -> None:
    stream = stream_of("您说没钱,那我找你单位。再见")
    assert stream.text == "您说没钱那我找你单位\n再见"
    assert stream.clause(1) == (0, 4)
    assert stream.clause(5) == (4, 10)
    assert stream.sentence(5) == (0, 10)
    assert stream.sentence(11) == (11, 13)
    assert stream.units(0, 4) == 4


def test_fold_makes_a_phrase_findable() -> None:
    assert fold("Shut-up, you!") == "shut up you"
    assert fold("要不要,脸?") in stream_of("你要不要脸?").text


@given(st.text(max_size=200))
def test_every_character_has_a_place(text: str) -> None:
    stream = stream_of(text)
    assert len(stream.text) == len(stream.starts) == len(stream.ends)
    for at in range(len(stream.text)):
        start, end = stream.original(at, at + 1)
        assert 0 <= start <= end <= len(text)
    assert list(stream.clauses) == sorted(set(stream.clauses))


@given(st.text(alphabet="他妈的 ,。abc'. 1", max_size=60))
def test_sentences_hold_their_positions(text: str) -> None:
    stream = stream_of(text)
    for at in range(len(stream.text)):
        start, end = stream.sentence(at)
        assert start <= at
        assert "\n" not in stream.text[start:end]
