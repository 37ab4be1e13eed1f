"""The form of conditions and the query language say the same, in both directions."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qa_service.errors import QueryError
from qa_service.search.protocol import SearchQuery
from qa_service.search.query import understood
from qa_service.web.conditions import Conditions, merged, read

EVERYTHING = {
    "c.words": "单位 电话", "c.phrase": "call my office", "c.any": "律师函 起诉", "c.none": "谢谢 您好",
    "c.near": "核实", "c.near_to": "欠款", "c.order": "before", "c.within": "10", "c.sounds": "老赖", "c.role": "agent",
    "c.agent": "A-201", "c.team": "A/B 组", "c.rule": "CN-COLL-003", "c.requirement": "CN-THIRD-03",
    "c.severity": "critical", "c.state": "needs_review", "c.product": "信用卡", "c.stage": "M2–M3",
    "c.score_from": "60", "c.score_to": "80.5", "c.from": "2026-11-01", "c.to": "2026-11-30",
}  # fmt: skip

#: Fields that take anything; what has no sound is a mistake in c.sounds.
FREE = [f"c.{name}" for name in ("words", "phrase", "any", "none", "near", "near_to", "agent", "team", "rule",
        "requirement", "product", "stage")]  # fmt: skip


def written(rest: str = "", **fields: str) -> str:
    return Conditions.model_validate({f"c.{name}": value for name, value in fields.items()}).written(rest)


def test_every_field_is_written_and_read_back() -> None:
    text = Conditions.model_validate(EVERYTHING).written()
    assert "before(核实 欠款, 10s)" in text
    assert (read(text).fields, read(text).rest) == (EVERYTHING, "")


@pytest.mark.parametrize("name", [name for name in EVERYTHING if name not in ("c.near_to", "c.order", "c.within")])
def test_each_field_alone_is_understood_and_read_back(name: str) -> None:
    only = {name: EVERYTHING[name]}
    text = Conditions.model_validate(only).written()
    assert understood(SearchQuery(text=text))
    assert read(text).fields == ({"c.words": "核实"} if name == "c.near" else only)


def test_the_form_asks_for_what_its_fields_say() -> None:
    assert written(words="AND 单位", none="a:b") == '"AND" 单位 -"a:b"'
    assert written(near="单位", near_to="电话") == "near(单位 电话)"
    assert written(score_to="60") == "score:<=60"
    assert written(**{"from": "2026-11-17", "to": "2026-11-17"}) == "date:2026-11-17"
    assert written("a OR b", team="一组") == "a OR b team:一组"
    assert written(words="!? …", phrase="。", any="", none=" ") == ""


@pytest.mark.parametrize(
    ("text", "fields", "rest"),
    [
        ("", {}, ""),
        ("单位", {"c.words": "单位"}, ""),
        ("单位 a* 电话", {"c.words": "单位 电话"}, "a*"),
        ("agent:(A OR B) 单位", {"c.words": "单位"}, "agent:(A OR B)"),
        ('"a b" "c d"', {"c.phrase": "a b"}, '"c d"'),
        ("score:<60", {}, "score:<60"),
        ("score:>=60", {"c.score_from": "60"}, ""),
        ("-agent:A-201", {}, "-agent:A-201"),
        ("near(a b c, 10s)", {}, "near(a b c, 10s)"),
        ("near(a b, 2.5s)", {}, "near(a b, 2.5s)"),
        ("call:C-1 duration:>300", {}, "call:C-1 duration:>300"),
        ("单位 OR team:一组", {}, "单位 OR team:一组"),
        ('"open', {}, '"open'),
    ],
)
def test_what_the_form_has_no_field_for_stays_as_it_is(text: str, fields: dict[str, str], rest: str) -> None:
    form = read(text)
    assert (form.fields, form.rest) == (fields, rest)


@pytest.mark.parametrize(
    ("box", "before", "fields", "text"),
    [
        ("a b", "a", {"c.words": "a"}, "a b"),
        ("a", "a", {"c.words": "a c"}, "a c"),
        ("x* a", "x* a", {"c.team": "B"}, "x* team:B"),
        ("a b", "a", {"c.words": "a", "c.team": "B"}, "a b team:B"),
        ("a", "a", {}, ""),
        ("a", "", {"c.team": "B"}, "a team:B"),
    ],
)
def test_a_form_that_is_sent_as_it_is_counts_where_it_was_changed(
    box: str, before: str, fields: dict[str, str], text: str
) -> None:
    assert merged(box, before, Conditions.model_validate(fields)) == text


@given(st.dictionaries(st.sampled_from(FREE), st.text(max_size=30)))
@settings(max_examples=200, deadline=None)
def test_whatever_is_typed_into_the_form_can_be_searched(fields: dict[str, str]) -> None:
    text = Conditions.model_validate(fields).written()
    try:
        understood(SearchQuery(text=text))
    except QueryError as wrong:
        raise AssertionError(f"{fields} was written as {text!r}: {wrong}") from None
