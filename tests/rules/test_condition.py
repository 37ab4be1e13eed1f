"""The language of conditions over selections."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qa_service.rules.condition import default_condition, mentioned, parse_condition
from qa_service.rules.lexer import ExpressionError

NAMES = ("a", "b", "threat_1", "threat_2", "threat_3", "filter_x")


def holds(text: str, *present: str) -> bool:
    return parse_condition(text, NAMES).holds(lambda name, _negated: name in present)


@pytest.mark.parametrize(
    ("text", "present", "expected"),
    [
        ("a", ("a",), True),
        ("a and b", ("a",), False),
        ("a or b and not a", ("a",), True),
        ("(a or b) and not a", ("a",), False),
        ("not not a", ("a",), True),
        ("any of threat_*", ("threat_2",), True),
        ("2 of threat_*", ("threat_2",), False),
        ("2 of threat_*", ("threat_2", "threat_3"), True),
        ("all of (a, b)", ("a", "b"), True),
        ("none of them", ("filter_x",), True),
        ("none of them", ("a",), False),
        ("threat_* and not filter_*", ("threat_1", "filter_x"), False),
    ],
)
def test_conditions(text: str, present: tuple[str, ...], expected: bool) -> None:
    assert holds(text, *present) is expected


@pytest.mark.parametrize(
    "text", ["", "a b", "and", "a and", "(a", "a)", "c", "0 of a", "4 of threat_*", "not", "any of"]
)
def test_what_is_no_condition_is_refused_at_its_place(text: str) -> None:
    with pytest.raises(ExpressionError) as caught:
        parse_condition(text, NAMES)
    assert 0 <= caught.value.position <= len(text)


def test_default_is_all_and_no_filter() -> None:
    condition = default_condition(("a", "b", "filter_x"))
    assert condition.holds(lambda name, _n: name in ("a", "b"))
    assert not condition.holds(lambda _name, _n: True)
    assert mentioned(condition) == (frozenset({"a", "b"}), frozenset({"filter_x"}))


def test_deep_nesting_is_refused() -> None:
    with pytest.raises(ExpressionError, match="deep"):
        parse_condition("(" * 60 + "a" + ")" * 60, NAMES)


@given(st.text(alphabet="abxof and()not 123_*,", max_size=40))
def test_any_text_is_a_condition_or_an_error(text: str) -> None:
    try:
        condition = parse_condition(text, NAMES)
    except ExpressionError:
        return
    wanted, unwanted = mentioned(condition)
    assert wanted | unwanted <= set(NAMES)
