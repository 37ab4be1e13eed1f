"""Tokens, pairs, stems and places."""

from __future__ import annotations

import random

import pytest

from qa_service.text.tokens import pairs, spans, stem, tokens


def words(text: str) -> list[str]:
    return [t.text for t in tokens(text)]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("通讯录", ["通", "讯", "录"]),
        ("再不还，我就", ["再", "不", "还", "我", "就"]),
        ("國務院 ＱＱ１２", ["国", "务", "院", "qq12"]),
        ("加微信wechat号", ["加", "微", "信", "wechat", "号"]),
        ("Don't pay 3,000 dollars", ["dont", "pay", "3000", "dollars"]),
        ("don’t", ["dont"]),
        ("3.5% follow-up", ["3", "5", "follow", "up"]),
        ("café cafe\u0301", ["café", "café"]),
        ("𠮷野家", ["𠮷", "野", "家"]),
        ("😀！？…", []),
        ("通\u200b讯", ["通", "讯"]),
        ("", []),
    ],
)
def test_tokens(text: str, found: list[str]) -> None:
    assert words(text) == found


def test_tokens_know_where_they_stood() -> None:
    text = "㊙國「Ｄｏｎ't」𠮷"
    for token in tokens(text):
        assert words(text[token.start : token.end]) == [token.text] or len(words(text[token.start : token.end])) > 1


def test_pairs_are_neighbours() -> None:
    assert list(pairs(["通", "讯", "录"])) == ["通·讯", "讯·录"]
    assert list(pairs(["通"])) == []


@pytest.mark.parametrize(
    ("word", "root"),
    [
        ("payments", "payment"), ("companies", "company"), ("charges", "charge"), ("loss", "loss"), ("bus", "bus"),
        ("status", "status"), ("is", "is"), ("通", "通"), ("3000s", "3000s"), ("eyes", "eye"), ("lawyers", "lawyer"),
    ],
)  # fmt: skip
def test_plural_endings(word: str, root: str) -> None:
    assert stem(word) == root


def test_spans_are_of_the_original() -> None:
    text = "「國務院」 Payments 國"
    found = spans(tokens(text), [("国", "务"), ("payment",), ("务", "院"), ("國",)])
    assert [text[a:b] for a, b in found] == ["國務院", "Payments"]


def test_any_text_gives_tokens_in_order_inside_the_text() -> None:
    chance = random.Random(1)
    for _ in range(1000):
        text = "".join(chr(chance.choice([*range(32, 127), *range(0x4E00, 0x4E20), 0x1F600, 0x301, 0xFF11, 0x200B]))
                       for _ in range(chance.randint(0, 30)))  # fmt: skip
        last = 0
        for token in tokens(text):
            assert 0 <= token.start < token.end <= len(text)
            assert token.end >= last
            last = token.end
