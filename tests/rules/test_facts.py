"""The language of conditions over call facts: true, false, or unknown with its reason."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qa_service.records import CallFacts
from qa_service.rules.fact_parser import parse_facts
from qa_service.rules.facts import FactsContext, Unknown, truth
from qa_service.rules.lexer import ExpressionError

FACTS = {
    "started_at": "2026-11-16T22:07:00+08:00",
    "callee_role": "contact",
    "overdue_days": 140,
    "direction": "outbound",
    "debtor_tz": "America/New_York",
    "account": {"lawsuit_filed": False, "amount": 3650.5},
    "history": {"calls": 7},
    "extra": {"tags": ["vip", "old"]},
}


def answer(text: str, facts: dict[str, Any] | None = None) -> bool | str:
    """True, False, or the reason why it is not known."""
    call = CallFacts.model_validate(FACTS if facts is None else facts)
    context = FactsContext(lambda name: call.get(name.removeprefix("extra.")), {"cap": 7, "role": "contact"})
    found = truth(parse_facts(text, ("cap", "role")), context)
    return found.reason() if isinstance(found, Unknown) else found


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("callee_role == contact", True),
        ("callee_role == $role", True),
        ("callee_role != debtor", True),
        ('callee_role in [contact, "unrelated"]', True),
        ("callee_role not in [contact]", False),
        ("account.lawsuit_filed != true", True),
        ("account.lawsuit_filed", False),
        ("not account.lawsuit_filed", True),
        ("history.calls >= $cap", True),
        ("history.calls + 1 > $cap * 1", True),
        ("overdue_days / 2 == 70", True),
        ("-1 < history.calls", True),
        ("hour >= 22", True),
        ("local_hour < 10", True),
        ("local_hour(started_at, 'Asia/Shanghai') >= 22", True),
        ("local_weekday(started_at, 'Asia/Shanghai') == 1", True),
        ("contains(extra.tags, 'vip')", True),
        ("exists(team)", False),
        ("days_between('2026-11-06', started_at) > 10", True),
        ("days_between(started_at, '2026-11-26T22:07:00+08:00') == 10", True),
        ("coalesce(team, 'none') == none", True),
        ("team == x", "missing_fact: team"),
        ("team == x or callee_role == contact", True),
        ("team == x and callee_role == debtor", False),
        ("not (team == x)", "missing_fact: team"),
        ("team == x and agent_id == y", "missing_fact: team, agent_id"),
        ("callee_role > 3", "invalid_fact: callee_role ('contact') > 3.0 needs two numbers"),
        ("overdue_days", "invalid_fact: overdue_days (140) is neither true nor false"),
        ("history.calls / 0 == 1", "invalid_fact: 0.0 is zero"),
    ],
)
def test_answers(text: str, expected: bool | str) -> None:
    assert answer(text) == expected


def test_unknown_time_zone_is_an_invalid_fact() -> None:
    assert str(answer("local_hour > 3", {**FACTS, "debtor_tz": "Mars/Base"})).startswith("invalid_fact")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "colour == red",
        "hour(",
        "1 +",
        "callee_role in []",
        "callee_role == ",
        "a.b == 1",
        "import os",
        "$x > 1",
        "local_hour(1, 2, 3) > 1",
        "exists(3)",
    ],
)
def test_what_is_no_condition_is_refused(text: str) -> None:
    with pytest.raises(ExpressionError) as caught:
        parse_facts(text, ("cap",))
    assert 0 <= caught.value.position <= len(text)


@given(st.text(alphabet="abehou r_.()[]<>=!+-*/'\"0123,$", max_size=50))
def test_any_text_is_a_condition_or_an_error(text: str) -> None:
    try:
        expression = parse_facts(text, ("cap",))
    except ExpressionError:
        return
    truth(expression, FactsContext(lambda _name: None, {"cap": 1}))
