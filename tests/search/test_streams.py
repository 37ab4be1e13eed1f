"""Spoken numbers are found by their digits and digits by their words, in phrases too; personal numbers by neither."""

from __future__ import annotations

from pathlib import Path

import pytest

from qa_service.search.document import documents
from qa_service.search.embedded import EmbeddedIndex
from qa_service.search.protocol import SearchQuery
from qa_service.search.streams import in_digits, marked, runs, streams
from tests.factories import inspection, turns
from tests.search.made import call, entry, found

SAID = (
    "您的欠款一万二今天处理吗",
    "欠款12000元今天处理吗",
    "工号二零一为您服务",
    "利率百分之十五点四",
    "you owe twenty-four hundred dollars",
    "you owe 2,400 dollars",
    "万一还不上呢",
)


@pytest.fixture
def index(tmp_path: Path) -> EmbeddedIndex:
    made = EmbeddedIndex(tmp_path / "search.sqlite3")
    made.replace("C-1", call(*SAID))
    return made


@pytest.mark.parametrize(
    ("query", "turns_found"),
    [
        ("12000", {0, 1}),
        ("一万二", {0, 1}),
        ("一万两千", {0, 1}),
        ("欠款12000", {0, 1}),
        ("欠款一万二", {0, 1}),
        ('"欠款一万二今天"', {0}),
        ("工号201", {2}),
        ("15.4%", {3}),
        ("2400", {4, 5}),
        ('"owe 2400 dollars"', {4, 5}),
        ('"twenty four hundred"', {4, 5}),
        ("12000 NOT 元", {0}),
        ("万一", {6}),
        ("10001", set()),
        ("款12000一万", set()),
    ],
)
def test_numbers_are_found_however_they_were_said(index: EmbeddedIndex, query: str, turns_found: set[int]) -> None:
    assert {int(hit.partition(":")[2]) for hit in found(index, query)} == turns_found


def test_the_words_of_a_number_are_marked(index: EmbeddedIndex) -> None:
    hits = index.search(SearchQuery(text="12000")).hits
    assert {hit.text[a:b] for hit in hits for a, b in hit.highlights} == {"一万二", "12000"}


def test_a_phrase_does_not_reach_from_one_reading_into_the_other() -> None:
    words, pairs = streams("二零一欠二")
    assert words.split() == ["二", "零", "一", "欠", "二", "201"]
    assert pairs.split() == ["二·零", "零·一", "一·欠", "欠·二", "·", "201·欠", "欠·二"]


def test_text_without_numbers_has_one_reading() -> None:
    assert streams("万一还") == ("万 一 还", "万·一 一·还")
    assert runs("万一还") == (("万", "一", "还"),)
    assert runs("，") == ()


def test_digits_stand_where_the_number_stood() -> None:
    assert [(t.text, t.start, t.end) for t in in_digits("欠一万二")] == [("欠", 0, 1), ("12000", 1, 4)]
    assert marked("欠一万二", [("欠", "12000"), ("万", "二")]) == ((0, 4),)


def test_digits_of_personal_numbers_are_not_in_the_index(tmp_path: Path) -> None:
    index = EmbeddedIndex(tmp_path / "search.sqlite3")
    said = inspection(turns=turns("打我幺三八零零幺三八零零零", "卡号六二二二零二一二三四五六七八九零一二三,还一万二"))
    index.replace("C-1", documents(entry(said)))
    for gone in ("13800138000", "幺三八零零幺三八零零零", "6222021234567890123", "六二二二零二"):
        assert found(index, gone) == []
    assert found(index, "12000") == ["C-1:1"]
