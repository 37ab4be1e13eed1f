"""Conditions of a form: written as one would type them, understood as they were meant, and read back."""

from __future__ import annotations

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from qa_service.errors import QueryError
from qa_service.search.fields import FIELDS, Kind
from qa_service.search.protocol import SearchQuery
from qa_service.search.query import understood
from qa_service.search.written import Condition, ConditionKind, chosen, written
from qa_service.text.tokens import tokens

K = ConditionKind


def words(*values: str, kind: ConditionKind = K.WORDS, negated: bool = False) -> Condition:
    return Condition(kind=kind, values=values, negated=negated)


def field(name: str, *values: str, negated: bool = False) -> Condition:
    return Condition(kind=K.FIELD, field=name, values=values, negated=negated)


def within(name: str, low: str | None, high: str | None, *included: bool) -> Condition:
    ends = dict(zip(("low_included", "high_included"), included, strict=False))
    return Condition.model_validate({"kind": K.RANGE, "field": name, "low": low, "high": high, **ends})


@pytest.mark.parametrize(
    ("conditions", "text"),
    [
        ([], ""),
        ([words("坐牢"), words("call my office")], '坐牢 "call my office"'),
        ([words("律师函", "起诉")], "(律师函 OR 起诉)"),
        ([words("还钱", negated=True), words("a b", "AND", negated=True)], '-还钱 -("a b" OR "AND")'),
        ([words("agent:A"), words("don't"), words("near"), words("-x")], '"agent:A" "don\'t" near "-x"'),
        ([words("garnish", "call my off", kind=K.PREFIX)], '(garnish* OR "call my off"*)'),
        ([words("paymant", "老赖", kind=K.LIKE)], "(paymant~ OR 老赖~)"),
        ([words("lao lai", "老赖", kind=K.SOUNDS)], 'pinyin:("lao lai" OR 老赖)'),
        ([field("agent", "A-201"), field("team", "A/B 组", "一组")], 'agent:A-201 team:("A/B 组" OR 一组)'),
        ([field("severity", "critical", "major")], "severity:(critical OR major)"),
        ([field("state", "needs_review", negated=True)], "-state:needs_review"),
        ([within("score", None, "60", True, False), within("duration", "300", None)], "score:<60 duration:>=300"),
        ([within("score", "60", "80"), within("score", "60", "80", False)], "score:[60 TO 80] score:{60 TO 80]"),
        ([within("date", "2026-11-17", "2026-11-17")], "date:2026-11-17"),
        ([Condition(kind=K.NEAR, values=("单位", "call me"), seconds=10)], 'near(单位 "call me", 10s)'),
        ([Condition(kind=K.BEFORE, values=("核实", "欠款"))], "before(核实 欠款)"),
    ],
)  # fmt: skip
def test_conditions_are_written_as_one_types_them_and_read_back(conditions: list[Condition], text: str) -> None:
    assert written(conditions) == text
    assert chosen(text) == tuple(conditions)


@pytest.mark.parametrize(
    ("text", "conditions"),
    [
        ("a AND (b c)", [words("a"), words("b"), words("c")]),
        ("a OR b OR c", [words("a", "b", "c")]),
        ("NOT （坐席：A）", [field("agent", "A", negated=True)]),
        ("严重程度:严重 分数：≤60", [field("severity", "critical"), within("score", None, "60")]),
        ("near(a，b，2分钟)", [Condition(kind=K.NEAR, values=("a", "b"), seconds=120)]),
    ],
)
def test_texts_that_say_the_same_in_other_ways_are_read_too(text: str, conditions: list[Condition]) -> None:
    assert chosen(text) == tuple(conditions)


@pytest.mark.parametrize(
    "text",
    [
        "a OR agent:b", "a OR b*", "(a b) OR c", "-(a b)", "a OR -b", "word~1", "score:(<60 OR >90)", "agent:(a b)",
        "near((a OR b) c)", "near(a* b)", "pinyin:lao~",
    ],
)  # fmt: skip
def test_texts_that_no_form_has_are_told_apart(text: str) -> None:
    assert chosen(text) is None


def test_a_text_that_is_not_understood_is_refused() -> None:
    with pytest.raises(QueryError):
        chosen("severity:awful")


@pytest.mark.parametrize(
    "wrong",
    [
        {"kind": "words"},
        {"kind": "near", "values": ("a",)},
        {"kind": "near", "values": ("a", "b"), "negated": True},
        {"kind": "near", "values": ("a", "b"), "seconds": 0.5},
        {"kind": "field", "field": "score", "values": ("a",)},
        {"kind": "field", "field": "nothing", "values": ("a",)},
        {"kind": "range", "field": "agent", "low": "1"},
        {"kind": "range", "field": "score"},
        {"kind": "range", "field": "score", "low": "1 TO 2] OR [3"},
    ],
)
def test_what_the_language_has_not_is_no_condition(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        Condition.model_validate(wrong)


#: Signs with a meaning, and some without, thrown together with letters.
ODD = st.text("aZ_9 \"'\\“”„「＂-—:：()（）~～*＊<≤[]{}.,，、|\t钱老國é", min_size=1, max_size=9)
SAID = ODD.map(lambda text: " ".join("".join(" " if c in '\\"“”„「＂*＊' else c for c in text).split()))
SPOKEN = SAID.filter(lambda text: bool(tokens(text)))
HELD = ODD.map(str.strip).filter(bool)
OPEN = [f.name for f in FIELDS if f.kind in (Kind.CALL, Kind.FINDING) and not f.values and not f.aliases]


def several(values: st.SearchStrategy[str], least: int = 1) -> st.SearchStrategy[tuple[str, ...]]:
    return st.lists(values, min_size=least, max_size=3).map(tuple)


CONDITIONS = (
    st.builds(Condition, kind=st.just(K.WORDS), values=several(SPOKEN), negated=st.booleans())
    | st.builds(Condition, kind=st.just(K.PREFIX), values=several(SPOKEN), negated=st.booleans())
    | st.builds(Condition, kind=st.just(K.LIKE), values=several(st.sampled_from(["老赖", "abcde", "欠 款"])))
    | st.builds(Condition, kind=st.just(K.SOUNDS), values=several(st.sampled_from(["老赖", "lao lai", "xi'an"])))
    | st.builds(
        Condition,
        kind=st.just(K.FIELD),
        field=st.sampled_from(OPEN),
        values=several(HELD),
        negated=st.booleans(),
    )
    | st.builds(
        Condition,
        kind=st.sampled_from([K.NEAR, K.BEFORE]),
        values=several(SPOKEN, 2),
        seconds=st.none() | st.integers(1, 3600),
    )
)


@settings(max_examples=400, deadline=None)
@given(st.lists(CONDITIONS, max_size=4))
@example([field("team", 'A"B\\')])
@example([Condition(kind=K.PREFIX, values=("9_",))])
@example([field("team", "“a” *"), words('x"y'.replace('"', " "))])
def test_whatever_is_chosen_comes_back(conditions: list[Condition]) -> None:
    text = written(conditions)
    understood(SearchQuery(text=text))
    assert chosen(text) == tuple(conditions)
