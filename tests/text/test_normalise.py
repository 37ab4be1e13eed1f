"""Normalised text and the way back."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qa_service.text.normalise import normalise, simplified_parts, to_simplified


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("ABC", "abc"),
        ("123", "123"),
        ("催收電話", "催收电话"),
        ("录著音", "录着音"),
        ("ﬁne", "fine"),
        ("e\u0301", "é"),
        ("a\u200bb", "ab"),
    ],
)
def test_forms(text: str, expected: str) -> None:
    assert normalise(text).text == expected


def test_span_covers_what_made_it() -> None:
    done = normalise("x ﬁne")
    at = done.text.index("fine")
    assert "x ﬁne"[slice(*done.span(at, at + 1))] == "ﬁ"


@given(st.text(max_size=100))
def test_map_is_whole_and_ordered(text: str) -> None:
    done = normalise(text)
    assert len(done.text) == len(done.starts) == len(done.ends)
    assert list(done.starts) == sorted(done.starts)
    assert all(0 <= s <= e <= len(text) for s, e in zip(done.starts, done.ends, strict=True))


@given(st.text(max_size=60))
def test_normalising_twice_changes_nothing(text: str) -> None:
    once = normalise(text).text
    assert normalise(once).text == once or not once.isascii()


def test_simplified_keeps_the_rest() -> None:
    assert to_simplified("Hello 還款 now") == "Hello 还款 now"


@pytest.mark.parametrize(
    ("parts", "simple"),
    [
        (["乾", "隆", "年間"], ("乾", "隆", "年间")),
        (["瞭", "解", "欠款"], ("了", "解", "欠款")),
        (["顯", "著", "，看", "著"], ("显", "著", "，看", "著")),
        (["還\ud800", "清"], ("还", "清")),
        ([], ()),
    ],
)
def test_parts_are_simplified_as_one_text(parts: list[str], simple: tuple[str, ...]) -> None:
    assert simplified_parts(parts) == simple
