"""The streams of an index and the marks in a turn: they agree, for words, phrases, numbers, beginnings and sounds."""

from __future__ import annotations

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from qa_service.search.protocol import SearchQuery
from qa_service.search.query import understood
from qa_service.search.streams import at_s, marks, runs, streams
from qa_service.search.tree import And, Fact, Fuzzy, Node, Not, Or, Sounds, Words, fact
from qa_service.text.distance import alignment
from qa_service.text.pinyin import near_key
from qa_service.text.tokens import pairs, stem

SAID = (
    "您的欠款一万二今天处理吗",
    "欠款12000元今天处理吗",
    "工号二零一为您服务",
    "利率百分之十五点四",
    "you owe twenty-four hundred dollars",
    "you owe 2,400 dollars",
    "万一还不上呢",
)


def asked(text: str) -> Node:
    return understood(SearchQuery(text=text)).node


def marked(text: str, query: str) -> list[str]:
    return [text[start:end] for start, end in marks(text, asked(query))]


@pytest.mark.parametrize(
    ("query", "turns"),
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
        ("120*", {0, 1}),
        ("万一", {6}),
        ("10001", set()),
        ("款12000一万", set()),
    ],
)
def test_numbers_are_found_however_they_were_said(query: str, turns: set[int]) -> None:
    assert {number for number, text in enumerate(SAID) if marked(text, query)} == turns


def test_the_words_of_a_number_are_marked() -> None:
    assert [marked(text, "12000") for text in SAID[:2]] == [["一万二"], ["12000"]]
    assert marked("欠一万二", "欠12000 OR 万二") == ["欠一万二"]


def test_a_phrase_does_not_reach_from_one_reading_into_the_other() -> None:
    made = streams("二零一欠二")
    assert made.words.split() == ["二", "零", "一", "欠", "二", "201"]
    assert made.pairs.split() == ["二·零", "零·一", "一·欠", "欠·二", "·", "201·欠", "欠·二"]


def test_text_without_numbers_has_one_reading() -> None:
    assert streams("万一还")[:2] == ("万 一 还", "万·一 一·还")
    assert runs("万一还") == (("万", "一", "还"),)
    assert runs("，") == ()


def test_sounds_run_over_signs_and_stop_at_other_words() -> None:
    made = streams("老，來。找OK四張 3 々吃")
    assert made.sounds == "lao lai zhao · si zhang · chi"
    assert made.likes == "lao lai zao · si zan · ci"


@pytest.mark.parametrize(
    ("text", "query", "places"),
    [
        ("你是老，來 賴", "pinyin:老赖", ["老，來"]),
        ("你是老OK來", "pinyin:老赖", []),
        ("我去银行还款", "pinyin:行", ["行"]),
        ("千款四万", "欠款~", ["千款"]),
        ("他姓章", "张~", ["章"]),
        ("他姓臧", "张~", ["臧"]),
        ("他姓臧", "pinyin:张", []),
        ("I garnish, garnisheed wages", "garnish*", ["garnish", "garnisheed"]),
        ("call my office", '"my off*"', ["my office"]),
        ("call my, office", '"off*"', ["office"]),
        ("your payments stop", "paymnet~1", ["payments"]),
        ("起訴就起訴", "起诉 OR 訴就", ["起訴就", "起訴"]),
        ("钱钱钱", '"钱钱"', ["钱钱钱"]),
        ("单位 家人", "单位 -家人 role:agent", ["单位"]),
        ("单位 家人", "单位 OR NOT 家人", ["单位"]),
        ("单位", "agent:单位", []),
    ],
)
def test_what_is_marked(text: str, query: str, places: list[str]) -> None:
    assert marked(text, query) == places


def test_the_moment_is_as_far_into_the_turn_as_into_its_characters() -> None:
    text = "您好您的单位"
    assert at_s(10.0, 16.0, text, marks(text, asked("单位"))) == 14.0
    assert at_s(10.0, 16.0, text, ()) == 10.0
    assert at_s(10.0, 16.0, "", ((0, 1),)) == 10.0


LETTERS = "老来赖張张章欠千一万二百0 ,，oO'kKs々ち"
WORDS = st.text("老来赖张章欠千一万二百", min_size=1, max_size=3).map(tuple)
LATIN = st.text("oks1", min_size=1, max_size=4)
SYLLABLES = st.lists(st.sampled_from(["lao", "lai", "zhang", "zan", "qian", "yi", "wan"]), min_size=1, max_size=3).map(
    tuple
)
LEAVES = (
    WORDS.map(Words)
    | LATIN.map(lambda token: Words((token,)))
    | LATIN.map(lambda token: Words((token,), prefix=True))
    | st.tuples(WORDS, LATIN).map(lambda both: Words((*both[0], both[1]), prefix=True))
    | st.tuples(st.text("oks", min_size=3, max_size=4), st.integers(1, 2)).map(lambda asked: Fuzzy(*asked))
    | SYLLABLES.map(Sounds)
    | SYLLABLES.map(lambda syllables: Sounds(tuple(map(near_key, syllables)), near=True))
)  # fmt: skip


@settings(max_examples=600, deadline=None)
@given(st.text(LETTERS, max_size=14), LEAVES)
@example("欠一万二oks", Words(("12000", "ok"), prefix=True))
def test_what_an_index_finds_is_marked_and_nothing_else(text: str, leaf: Node) -> None:
    assert bool(marks(text, leaf)) == _found(leaf, text)


def _found(leaf: Node, text: str) -> bool:
    """As an index looks it up in the streams."""
    made = streams(text)
    match leaf:
        case Words(tokens=(word,), prefix=prefix):
            said = made.words.split()
            return any(token.startswith(word) for token in said) if prefix else stem(word) in said
        case Words(tokens=run, prefix=prefix):
            sought = f" {' '.join(pairs(run))}"
            return (sought if prefix else f"{sought} ") in f" {made.pairs} "
        case Fuzzy(token=token, edits=edits):
            return any(alignment(token, said, edits) <= edits for said in made.words.split())
        case Sounds(syllables=run, near=near):
            return f" {' '.join(run)} " in f" {made.likes if near else made.sounds} "
    raise AssertionError(leaf)


def test_marks_of_several_are_joined_and_those_of_absent_words_and_facts_left_out() -> None:
    both = Or((Words(("单", "位")), And((Words(("位", "电")), Not(Words(("话",))), Fact(fact("agent", "电"))))))
    assert marks("单位电话", both) == ((0, 3),)
