"""Amounts, dates and the like: where they begin and end, and what hostile text costs."""

from __future__ import annotations

import time

import pytest

from qa_service.text.entities import entities
from qa_service.text.redact import redact


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("好,五百块", "五百块"),
        ("您欠.3000元", "3000元"),
        ("那个，三天", "三天"),
        ("欠1,500块", "1,500块"),
        ("一共1.5元", "1.5元"),
        ("百分之三点六", "百分之三点六"),
        ("it is 1,234.56 dollars", "1,234.56 dollars"),
        ("one million two hundred and thirty-four thousand five hundred and sixty-seven dollars", None),
    ],
)
def test_a_number_begins_with_its_first_digit(text: str, found: str | None) -> None:
    assert [text[e.start : e.end] for e in entities(text)] == [found or text]


@pytest.mark.parametrize(
    "piece", ["一", "一百", "1", "1,", "，", "one ", "one and ", "twenty ", "a", "a.", "路1号", "幺三八"]
)
def test_long_text_of_one_piece_costs_little(piece: str) -> None:
    """The slowest of these took minutes, since every place of a run was tried to its end."""
    text = (piece * 20_000)[:20_000]
    began = time.process_time()
    entities(text)
    redact(text)
    assert time.process_time() - began < 5
