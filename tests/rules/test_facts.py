"""The language of conditions over call facts: true, false, or unknown with its reason."""

from __future__ import annotations

import inspect
from functools import partial
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qa_service.records import CallFacts
from qa_service.rules.case import Case
from qa_service.rules.fact_functions import FUNCTIONS
from qa_service.rules.fact_parser import parse_facts
from qa_service.rules.fact_types import CALL_FACTS
from qa_service.rules.facts import FactsContext, Unknown, truth
from qa_service.rules.lexer import ExpressionError
from tests.factories import transcript

FACTS = {
    "started_at": "2026-11-16T22:07:00+08:00",
    "callee_role": "contact",
    "overdue_days": 140,
    "direction": "outbound",
    "debtor_tz": "America/New_York",
    "account": {"lawsuit_filed": False, "amount": 3650.5},
    "history": {"calls": 7},
    "extra": {"tags": ["vip", "old"], "vip": True},
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
        ("contains(extra.tags, 'VIP')", True),
        ("contains(extra.tags, 'vi')", False),
        ("any_true(account.lawsuit_filed, account.judgment)", False),
        ("any_true(account.lawsuit_filed, extra.vip)", True),
        ("any_true(account.judgment)", False),
        (
            "any_true(account.amount, account.judgment)",
            "invalid_fact: account.amount (3650.5) is neither true nor false",
        ),
        ("exists(team)", False),
        ("days_between('2026-11-06', started_at) > 10", True),
        ("days_between(started_at, '2026-11-26T22:07:00+08:00') == 10", True),
        ("coalesce(team, 'none') == none", True),
        ("team == x", "missing_fact: team"),
        ("team == x or callee_role == contact", True),
        ("team == x and callee_role == debtor", False),
        ("not (team == x)", "missing_fact: team"),
        ("team == x and agent_id == y", "missing_fact: team, agent_id"),
        ("account.amount == '3650.5'", "invalid_fact: account.amount (3650.5) == '3650.5' needs two of a kind"),
        ("extra.vip != 'yes'", "invalid_fact: extra.vip (True) != 'yes' needs two of a kind"),
        ("extra.tags == vip", "invalid_fact: extra.tags (['vip', 'old']) == 'vip' needs two of a kind"),
        ("extra.vip in ['yes', 'y']", "invalid_fact: extra.vip (True) in ['yes', 'y'] needs two of a kind"),
        ("history.calls in [7, 'many']", True),
        ("extra.tags > 3", "invalid_fact: extra.tags (['vip', 'old']) > 3.0 needs two numbers"),
        ("account.amount", "invalid_fact: account.amount (3650.5) is neither true nor false"),
        ("history.calls / 0 == 1", "invalid_fact: 0.0 is zero"),
    ],
)
def test_answers(text: str, expected: bool | str) -> None:
    assert answer(text) == expected


@pytest.mark.parametrize(
    ("first", "last", "days"),
    [
        ("2026年11月6日", "20261116", True),
        ("2026.11.6 09:00", "2026/11/16 09:00", True),
        ("2026-11-06", "16/11/2026", "invalid_fact: '16/11/2026' is no time stamp"),
        ("2026-11-06", 20261116, True),
    ],
)
def test_days_are_counted_as_they_were_sent(first: object, last: object, days: bool | str) -> None:
    sent = {"account": {"first": first, "last": last}}
    assert answer("days_between(account.first, account.last) == 10", {**FACTS, **sent}) == days


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
        "any_true()",
        "any_true(product)",
    ],
)
def test_what_is_no_condition_is_refused(text: str) -> None:
    with pytest.raises(ExpressionError) as caught:
        parse_facts(text, ("cap",))
    assert 0 <= caught.value.position <= len(text)


@pytest.mark.parametrize(
    ("text", "at", "says", "mend"),
    [
        ('callee_role != "voicmail"', 15, "callee_role is never 'voicmail'", "Did you mean voicemail?"),
        ("callee_role == voicmail", 15, "never 'voicmail'", "voicemail"),
        ('coalesce(callee_role, "debtor") == debter', 35, "never 'debter'", "debtor"),
        ("direction in [inbound, outbond]", 23, "never 'outbond'", "outbound"),
        ("agent_type not in [bot]", 19, "never 'bot'", "robot"),
        ("overdue_days == '30'", 16, "is a number and is compared with a text", "Compare"),
        ("first_party == yes", 15, "is true or false and is compared with a text", "Compare"),
        ("overdue_days in [1, two]", 20, "is a number and is compared with a text", "Compare"),
        ("call.kept == 1", 13, "is true or false and is compared with a number", "Compare"),
        ('overdue_days > "x"', 15, "> needs two numbers, and 'x' is a text", "=="),
        ('started_at > "2026-01-01"', 13, "started_at is a time stamp", "days_between"),
        ("overdue_days + product > 3", 15, "product is a text", "=="),
        ("-product > 3", 1, "product is a text", "=="),
        ('local_hour(started_at, "Asia/Shangai") > 3', 23, "'Asia/Shangai' is no time zone", "Asia/Shanghai"),
        ('local_weekday("Mars/Base") == 1', 14, "'Mars/Base' is no time zone", "Asia/Shanghai"),
        ("local_hour(started_at) > 3", 11, "needs a time zone, not started_at", "started_at, debtor_tz"),
        ("local_hour(debtor_tz, started_at) > 3", 11, "needs a time stamp, not debtor_tz", "started_at"),
        ("hour(overdue_days) > 3", 5, "needs a time stamp, not overdue_days", "started_at"),
        ('days_between("last week", started_at) > 3', 13, "needs a time stamp, not 'last week'", "started_at"),
        ('in_quiet_hours("a", 8, call.duration_s)', 15, "needs a number, not 'a'", "docs/rules.md"),
        ('history.calls_last_days("x") > 3', 0, "needs a number", "(7)"),
        ("overdue_days", 0, "overdue_days is a number, neither true nor false", "Compare"),
        ("first_party and overdue_days", 16, "neither true nor false", "Compare"),
        ("not product", 4, "neither true nor false", "Compare"),
    ],
)
def test_what_a_fact_can_never_be_is_refused(text: str, at: int, says: str, mend: str) -> None:
    with pytest.raises(ExpressionError) as caught:
        parse_facts(text, ("cap",))
    assert says in caught.value.message
    assert mend in caught.value.hint
    assert caught.value.position == at


@pytest.mark.parametrize(
    "text",
    [
        'callee_role == " Voicemail "',
        "callee_role in [Debtor, spouse]",
        "coalesce(account.role, callee_role) == anything",
        "account.amount > account.limit or account.role == x",
        "local_hour > 3 and local_hour(started_at, account.zone) < 9",
        'days_between(account.opened_on, "2026-11-01") > -3.5',
        "in_quiet_hours($cap, 8, call.duration_s)",
        "exists(product) and not first_party and call.language != de",
        "$cap and coalesce(first_party, false)",
        'started_at != "2026-11-01T00:00:00+08:00"',
    ],
)
def test_what_may_be_is_left_alone(text: str) -> None:
    parse_facts(text, ("cap",))


@given(st.text(alphabet="abehou r_.()[]<>=!+-*/'\"0123,$", max_size=50))
def test_any_text_is_a_condition_or_an_error(text: str) -> None:
    try:
        expression = parse_facts(text, ("cap",))
    except ExpressionError:
        return
    truth(expression, FactsContext(lambda _name: None, {"cap": 1}))


@pytest.mark.parametrize("at", ["9999-12-31T23:59:59+00:00", "0001-01-01T00:00:00+14:00"])
@pytest.mark.parametrize(
    "asked", ["local_hour(started_at, 'Asia/Shanghai') > 3", "in_quiet_hours(started_at, zones, 22, 8, 60)"]
)
def test_the_ends_of_the_calendar_are_no_answer(at: str, asked: str) -> None:
    zones = {"zones": ["Asia/Shanghai", "America/New_York"]}
    told = answer(asked.replace("zones", "extra.zones"), {"started_at": at, "extra": zones})
    assert isinstance(told, bool) or told.startswith("invalid_fact: ")


def test_numbers_beyond_all_measure_are_no_answer() -> None:
    facts = {"account": {"due": 10**400}}
    assert answer("account.due == 5", facts) is False
    assert str(answer("account.due / 3 > 1", facts)).startswith("invalid_fact: ")
    assert len(str(answer("account.due / 3 > 1", facts))) < 400


#: Arguments with which each kind can be asked.
_GIVEN = {"time": "2026-11-16T22:07:00+08:00", "zone": "Asia/Shanghai", "number": 8}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_function_takes_and_gives_what_the_checks_believe(name: str) -> None:
    function = FUNCTIONS[name]
    anything = iter((["Asia/Shanghai"], "Asia"))
    values = [_GIVEN[kind] if kind else next(anything) for kind in function.takes]
    parameters = [p for p in inspect.signature(function.run).parameters.values() if p.default is p.empty]
    assert len(parameters) == function.arity >= len(function.implied)
    assert isinstance(function.run(*values), {"number": int | float, "switch": bool}[function.gives])
    assert isinstance(function.run(*values), bool) is (function.gives == "switch")


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_function_that_is_added_is_checked_as_the_others(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    function = FUNCTIONS[name]
    monkeypatch.setitem(FUNCTIONS, "brand_new", function)
    written = [{"time": "started_at", "zone": "debtor_tz", "number": "8"}.get(k, "product") for k in function.takes]
    with pytest.raises(ExpressionError, match="true or false"):
        parse_facts(f"brand_new({', '.join(written)}) == {'3' if function.gives == 'switch' else 'true'}")
    for place in (i for i, kind in enumerate(function.takes) if kind):
        wrong = [*written[:place], "true", *written[place + 1 :]]
        with pytest.raises(ExpressionError, match="brand_new needs"):
            parse_facts(f"brand_new({', '.join(wrong)}) == 3")


@pytest.mark.parametrize(
    "asked", ["state == CA", 'coalesce(state, "") == MA', "state not in [NY]", "not (state == CA)"]
)
def test_a_state_that_is_none_is_no_other_state(asked: str) -> None:
    """A rule for one state must not be silent on a call whose state was misspelt."""
    sent = CallFacts.model_validate({"state": "Califonia", "jurisdiction": "US-CAL"})
    case = Case(transcript("hello"), sent, None, word_probability_floor=0.5, role_floor=0.8)
    found = truth(parse_facts(asked), FactsContext(partial(case.look_up, country="US"), {}))
    assert isinstance(found, Unknown)
    assert found.reason().startswith("invalid_fact: state 'Califonia' is none of the United States; California (CA)")


def test_the_engine_knows_every_fact_of_a_call_that_may_be_asked() -> None:
    case = Case(transcript("hello"), CallFacts(), None, word_probability_floor=0.5, role_floor=0.8)
    assert {f"call.{name}" for name in case._of_call} == set(CALL_FACTS)
    kinds = {"number": (int, float), "switch": bool, "text": str}
    for name, kind in CALL_FACTS.items():
        assert isinstance(case.look_up(name), kinds[kind])
