"""Facts over several calls, counted from a history made by hand; and where a debtor may be at what hour."""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import partial
from typing import Any

import pytest

from qa_service.records import (
    CallFacts,
    CallStatus,
    Contact,
    Coverage,
    EngineInfo,
    HeardCall,
    History,
    Mark,
    Roles,
    RoleSource,
    Transcript,
)
from qa_service.rules.case import Case
from qa_service.rules.evidence import Evidence
from qa_service.rules.fact_parser import parse_facts
from qa_service.rules.facts import FactsContext, Unknown, truth
from qa_service.rules.history import ask
from qa_service.rules.history_once import once
from qa_service.rules.history_view import HistoryView
from qa_service.rules.lexer import ExpressionError
from qa_service.rules.obligations import Heard
from qa_service.rules.outcome import conversation, outcome_of, unanswered
from qa_service.rules.states import no_state, state_of
from qa_service.rules.zones import indicated, touches, zones_of

NY, CHICAGO, LA = ("America/New_York",), ("America/Chicago",), ("America/Los_Angeles",)
TALKED = HeardCall(status=CallStatus.INSPECTED, customer_turns=3, role_confidence=1.0, duration_s=60.0)

DOUBT = "history_unsure: call 2026-11-18T09:00:00-05:00"


def call(at: str, **changes: Any) -> Contact:
    base = Contact(
        call_id=at, debtor="d", number="n", at=datetime.fromisoformat(at), direction="outbound", callee_role="debtor",
        heard=TALKED,
    )  # fmt: skip
    return base.model_copy(update=changes)


def answer(
    text: str, this: Contact, *earlier: Contact, zones: tuple[str, ...] = NY, facts: dict[str, Any] | None = None
) -> bool | str:
    """True, False or the reason why it is not known."""
    known = CallFacts.model_validate(facts or {})
    view = HistoryView(once(History(this=this, days=92, earlier=earlier)), zones, role_floor=0.8)
    found = truth(parse_facts(text, ("cap",)), FactsContext(known.get, {"cap": 2}, partial(ask, view)))
    return found.reason() if isinstance(found, Unknown) else found


def test_a_day_of_twenty_three_hours_is_a_day() -> None:
    """The clocks of New York went forward on 8 March 2026."""
    this = call("2026-03-14T09:00:00-04:00")
    assert answer("history.days_since_conversation == 6", this, call("2026-03-08T00:30:00-05:00")) is True
    assert answer("history.days_since_conversation == 7", this, call("2026-03-07T23:30:00-05:00")) is True


def test_where_a_day_begins_is_asked_of_every_zone_the_debtor_may_be_in() -> None:
    this, before = call("2026-11-18T00:30:00-05:00"), call("2026-11-17T23:45:00-05:00")
    assert answer("history.customer_calls_last_days(1) >= 1", this, before) is False
    assert answer("history.customer_calls_last_days(1) >= 1", this, before, zones=CHICAGO) is True
    both = (*NY, *CHICAGO)
    assert str(answer("history.customer_calls_last_days(1) >= 1", this, before, zones=both)).startswith(
        "history_unsure: the day differs"
    )
    assert answer("history.customer_calls_last_days(1) >= 2", this, before, zones=both) is False
    assert answer("history.customer_calls_last_days(1) >= 1", this, before, zones=()) == "missing_fact: debtor_tz"


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, True),
        ({"heard": None}, f"{DOUBT} is not inspected yet"),
        ({"direction": "inbound"}, False),
        ({"direction": None}, f"{DOUBT} has no direction"),
        ({"callee_role": "contact"}, False),
        ({"callee_role": None, "number": "other"}, f"{DOUBT} has no callee_role"),
        ({"callee_role": None}, True),
        ({"disposition": "No answer"}, False),
        ({"heard": TALKED.model_copy(update={"duration_s": 9.0})}, False),
        ({"heard": TALKED.model_copy(update={"customer_turns": 1})}, f"{DOUBT} may count or not"),
        ({"heard": TALKED.model_copy(update={"role_confidence": 0.5})}, f"{DOUBT} may count or not"),
        ({"debtor": "another"}, False),
    ],
)  # fmt: skip
def test_which_call_counts_as_a_conversation_of_the_day(changes: dict[str, Any], expected: bool | str) -> None:
    this, sure = call("2026-11-18T15:00:00-05:00"), call("2026-11-18T08:00:00-05:00")
    perhaps = call("2026-11-18T09:00:00-05:00", **changes)
    assert answer("history.effective_calls_today(10) >= $cap", this, sure, perhaps) == expected
    assert answer("history.effective_calls_today(10) >= 1", this, sure, perhaps) is True
    assert answer("history.effective_calls_today(10) > $cap", this, sure, perhaps) is False


def test_a_call_that_is_no_conversation_itself_is_not_one_too_many() -> None:
    earlier = [call(f"2026-11-18T{h:02d}:00:00-05:00") for h in (8, 9, 10)]
    question = "history.effective_calls_today(10) >= $cap"
    assert answer(question, call("2026-11-18T15:00:00-05:00"), *earlier) is True
    assert answer(question, call("2026-11-18T15:00:00-05:00", disposition="voicemail left"), *earlier) is False
    waiting = answer(question, call("2026-11-18T15:00:00-05:00", heard=None), *earlier)
    assert waiting == "history_unsure: what became of this call is not clear"


@pytest.mark.parametrize(
    ("ours", "theirs", "expected"),
    [
        ({}, {}, True),
        ({"debt": "1"}, {"debt": "1"}, True),
        ({"debt": "1"}, {"debt": "2"}, False),
        ({"debt": "1"}, {}, "history_unsure"),
        ({"product": "card"}, {"product": "loan"}, "history_unsure"),
    ],
)
def test_calls_count_for_one_debt(ours: dict[str, Any], theirs: dict[str, Any], expected: bool | str) -> None:
    this, before = call("2026-11-18T15:00:00-05:00", **ours), call("2026-11-17T15:00:00-05:00", **theirs)
    found = answer("history.calls_last_days(7) >= 1", this, before)
    assert (found if isinstance(found, bool) else found.partition(":")[0]) == expected


def test_a_conversation_that_the_debtor_began_may_count_or_not() -> None:
    this, rang = call("2026-11-18T15:00:00-05:00"), call("2026-11-17T15:00:00-05:00", direction="inbound")
    assert str(answer("history.days_since_conversation < 7", this, rang)).startswith("history_unsure")
    later = call("2026-11-17T16:00:00-05:00")
    assert answer("history.days_since_conversation < 7", this, rang, later) is True
    assert answer("history.days_since_conversation < 1", this, rang, later) is False


MISSED = {"disposition": "no answer", "heard": None}


@pytest.mark.parametrize(
    ("between", "expected"),
    [
        ({"direction": "outbound"}, True),
        ({"direction": "inbound"}, True),  # who calls back is not lost
        ({"direction": None}, True),
        (MISSED, False),
        ({"heard": None}, "history_unsure"),  # not inspected: perhaps a conversation
        ({"direction": "inbound", "heard": None}, "history_unsure"),
        ({"direction": "inbound", "callee_role": None, "number": "m"}, "history_unsure"),
        ({"timed": False}, "history_unsure"),  # perhaps before all of them
        ({"callee_role": "contact"}, False),
        ({"debtor": "e"}, False),
    ],
)
def test_attempts_before_the_debtor_last_spoke_count_no_more(between: dict[str, Any], expected: bool | str) -> None:
    days = [f"2026-11-{day}T10:00:00-05:00" for day in (10, 11, 12, 16, 17)]
    first, second, third, answered, last = (call(at, **MISSED) for at in days)
    answered = call(days[3], **between)
    this = call("2026-11-18T15:00:00-05:00", callee_role="contact", number="m")
    found = answer("history.unreached_since < 3", this, first, second, third, answered, last)
    assert (found if isinstance(found, bool) else found.partition(":")[0]) == expected
    if isinstance(found, str):
        assert answered.call_id in found


def test_what_the_caller_sends_stands_where_it_is_not_smaller() -> None:
    this, before = call("2026-11-18T15:00:00-05:00"), call("2026-11-17T15:00:00-05:00")
    sent = {"history": {"calls_last_7_days": 5}}
    assert answer("history.calls_last_days(7) == 5", this, before, facts=sent) is True
    assert answer("history.calls_last_7_days == 5", this, before, facts=sent) is True
    none = {"history": {"calls_last_7_days": 0}}
    assert answer("history.calls_last_days(7) >= 1", this, before, facts=none) == (
        "history_unsure: the facts say 0, the calls themselves show 1"
    )
    assert answer("history.calls_last_days(7) >= 2", this, before, facts=none) is False
    assert answer("history.calls_last_days(14) == 1", this, before, facts=none) is True
    unnamed = call("2026-11-18T15:00:00-05:00", debtor=None)
    assert answer("history.calls_last_days(7) == 5", unnamed, before, facts=sent) is True
    assert answer("history.calls_last_days(7) == 5", unnamed, before) == "missing_fact: debtor_ref"


def test_a_mark_binds_from_its_moment_and_a_doubted_one_leaves_it_open() -> None:
    sure = Mark(kind="attorney", rule_id="R-1", rule_version=1, sure=True)
    this = call("2026-11-18T15:00:00-05:00")

    def said(mark: Mark, **more: Any) -> Contact:
        return call("2026-11-08T09:00:00-05:00", heard=TALKED.model_copy(update={"marks": (mark,)}), **more)

    assert answer('history.marked("attorney")', this, said(sure)) is True
    assert answer('history.marked("dispute")', this, said(sure)) is False
    assert answer('history.marked("attorney")', this, said(sure, callee_role="contact")) is False
    assert answer('history.days_since_mark("attorney") == 10', this, said(sure)) is True
    assert answer('history.days_since_mark("dispute") == -1', this, said(sure)) is True
    again = call("2026-11-15T09:00:00-05:00", heard=said(sure).heard)
    assert answer('history.days_since_last_mark("attorney") == 3', this, said(sure), again) is True
    assert answer('history.days_since_mark("attorney") == 10', this, said(sure), again) is True
    waiting = call("2026-11-16T09:00:00-05:00", heard=None)
    assert answer('history.days_since_last_mark("dispute") > 1', this, waiting) is True
    assert str(answer('history.days_since_last_mark("dispute") > 2', this, waiting)).startswith("history_unsure")
    doubted = said(sure.model_copy(update={"sure": False}))
    assert str(answer('history.marked("attorney")', this, doubted)).startswith("history_unsure")


def test_a_mark_of_a_call_without_a_time_leaves_it_open() -> None:
    marked = TALKED.model_copy(update={"marks": (Mark(kind="attorney", rule_id="R-1", rule_version=1, sure=True),)})
    this = call("2026-11-18T15:00:00-05:00")
    untimed = call("2026-11-08T09:00:00-05:00", timed=False, heard=marked)
    assert str(answer('history.marked("attorney")', this, untimed)).endswith("has no started_at")
    assert answer('history.marked("attorney")', this, untimed, call("2026-11-09T09:00:00-05:00", heard=marked)) is True
    since = 'history.days_since_mark("attorney") > 14'
    assert str(answer(since, this, untimed)).startswith("history_unsure")
    doubted = call("2026-10-18T09:00:00-05:00", heard=None)
    assert str(answer(since, this, doubted, call("2026-11-09T09:00:00-05:00", heard=marked))).startswith("history_")


def test_calls_that_the_debtor_asked_for_count_for_none() -> None:
    """12 CFR 1006.14(b)(3)(i): within seven days of the wish, the day of the wish the first."""
    asked = TALKED.model_copy(update={"marks": (Mark(kind="callback", rule_id="R-1", rule_version=1, sure=True),)})
    this, before = call("2026-11-18T15:00:00-05:00"), call("2026-11-10T23:00:00-05:00", heard=asked)
    days = [call(f"2026-11-{day}T09:00:00-05:00") for day in (10, 16, 17)]  # before the wish, on its 7th and 8th day
    assert answer("history.calls_last_days(9) == 3", this, days[0], before, *days[1:]) is True
    assert answer("history.attempts_last_days(9) == 4", this, days[0], before, *days[1:]) is True
    doubted = before.model_copy(update={"heard": None})
    assert answer("history.calls_last_days(7) >= 1", this, doubted, *days[1:]) is True
    assert str(answer("history.calls_last_days(7) >= 2", this, doubted, *days[1:])).startswith("history_unsure")


TWIN = "2026-11-18T09:00:07-05:00"


@pytest.mark.parametrize(
    ("at", "changes", "calls"),
    [
        (TWIN, {}, 1),
        (TWIN, {"at": datetime.fromisoformat("2026-11-18T14:00:07.4+00:00")}, 1),
        (TWIN, {"debtor": None, "callee_role": None, "heard": None}, 1),
        (TWIN, {"number": "other"}, 2),
        (TWIN, {"direction": "inbound"}, 1),  # one that the debtor made is none of ours
        (TWIN, {"debt": "other"}, 2),
        (TWIN, {"collector": "another agency"}, 2),
        (TWIN, {"callee_role": "voicemail"}, 2),
        (TWIN, {"timed": False}, "history_unsure"),
        ("2026-11-18T09:00:00-05:00", {}, 1),  # as long as the other
        ("2026-11-18T09:00:00-05:00", {"heard": TALKED.model_copy(update={"duration_s": 63.0})}, 2),
        ("2026-11-18T09:00:00-05:00", {"heard": None}, "history_unsure: call 2 may be the same as 1"),
    ],
)
def test_one_call_under_two_ids_counts_once(at: str, changes: dict[str, Any], calls: int | str) -> None:
    named = {"debt": "d", "collector": "c"}
    this, first = call("2026-11-18T15:00:00-05:00", **named), call(at, call_id="1", **named)
    second = call(at, call_id="2", **named).model_copy(update=changes)
    counted = [n for n in (1, 2) if answer(f"history.customer_calls_last_days(1) == {n}", this, first, second) is True]
    if isinstance(calls, int):
        assert counted == [calls]
        assert [n for n in (1, 2) if answer(f"history.redials(600) == {n}", this, first, second) is True] == [calls]
    else:
        assert str(answer("history.customer_calls_last_days(1) >= 2", this, first, second)).startswith(calls)


@pytest.mark.parametrize(
    ("at", "changes", "calls"),
    [
        ("2026-11-18T09:00:08-05:00", {}, "history_unsure: call 2 may be the same as 1"),  # the ringing between them
        ("2026-11-18T09:00:58-05:00", {}, "history_unsure"),
        ("2026-11-18T09:01:07-05:00", {}, 2),  # the first was over
        ("2026-11-18T09:00:08-05:00", {"number": "other"}, 2),
        ("2026-11-18T09:00:08-05:00", {"debt": "other"}, 2),
    ],
)
def test_a_call_that_began_while_another_went_on_may_be_that_one(
    at: str, changes: dict[str, Any], calls: int | str
) -> None:
    this, first = call("2026-11-18T15:00:00-05:00", debt="d"), call(TWIN, call_id="1", debt="d")
    second = call(at, call_id="2", debt="d").model_copy(update=changes)
    found = answer("history.customer_calls_last_days(1) == 2", this, first, second)
    assert found is (calls == 2) if isinstance(calls, int) else str(found).startswith(calls)
    own = call("2026-11-18T15:00:30-05:00", debt="d")
    assert str(answer("history.customer_calls_last_days(1) >= 1", own, this)).startswith("history_unsure")


def test_calls_told_by_the_minute_went_on_together_only_where_no_second_parts_them() -> None:
    long = TALKED.model_copy(update={"duration_s": 90.0})
    this, first = call("2026-11-18T15:00:00-05:00"), call("2026-11-18T09:00:00-05:00", call_id="1", heard=long)
    assert answer("history.redials(600) == 2", this, first, call("2026-11-18T09:01:00-05:00", call_id="2")) is True


def test_a_finding_names_all_ids_of_a_call() -> None:
    this = call("2026-11-18T15:00:01-05:00", call_id="4")
    first = [call(TWIN, call_id=i, heard=heard) for i, heard in (("1", None), ("1-rec", TALKED), ("1-crm", TALKED))]
    own = call("2026-11-18T15:00:01-05:00", call_id="4-rec")
    view = HistoryView(once(History(this=this, days=92, earlier=(*first, own))), NY, role_floor=0.8)
    asked = parse_facts("history.effective_calls_today(10) == 1")
    assert truth(asked, FactsContext(lambda _name: None, {}, partial(ask, view))) is True
    told = [(c.call_id, c.also, c.what) for c in view.earlier_calls]
    assert told == [("1-crm", ("1-rec", "1"), "conversation"), ("4-rec", (), "same_call")]
    quote = Heard(Evidence((), 0.0, 0.0, ""), earlier=view.earlier_calls).quote
    assert quote == "1-crm = 1-rec = 1 2026-11-18 09:00; = 4-rec 2026-11-18 15:00"


def test_calls_to_a_number_count_for_whomever_they_were() -> None:
    this = call("2026-11-18T15:00:00-05:00", number="2125550100", debtor="D-1")
    placed = [
        call("2026-11-18T09:00:00-05:00", number="2125550100", debtor="D-2", callee_role="contact", heard=None),
        call("2026-11-18T10:00:00-05:00", number="2125550100", debtor="D-1"),
        call("2026-11-18T11:00:00-05:00", number="2125550199", debtor="D-1"),
        call("2026-11-18T12:00:00-05:00", number="2125550100", debtor="D-1", direction="inbound"),
        call("2026-11-17T12:00:00-05:00", number="2125550100", debtor="D-1"),
    ]
    assert answer("history.number_calls_last_days(1) == 2", this, *placed) is True
    assert answer("history.number_calls_last_days(2) == 3", this, *placed) is True
    nameless = this.model_copy(update={"number": None})
    assert answer("history.number_calls_last_days(1) == 2", nameless, *placed) == "missing_fact: phone"


def test_attempts_that_were_agreed_on_count_for_none() -> None:
    missed: dict[str, Any] = {"disposition": "no answer", "heard": None}
    this, before = call("2026-11-18T15:00:00-05:00", **missed), call("2026-11-18T14:00:00-05:00", **missed)
    agreed = call("2026-11-18T13:00:00-05:00", **missed, agreed=True)
    asked = "history.unanswered_attempts_today"
    assert answer(f"{asked} == 2", this, before, agreed) is True
    assert answer(f"{asked} == 0", call("2026-11-18T15:00:00-05:00", **missed, agreed=True), before) is True
    open_one = call("2026-11-18T13:00:00-05:00", **missed, agreed=None)
    assert str(answer(f"{asked} == 3", this, before, open_one)).startswith("history_unsure")


def test_an_agreement_in_other_words_than_true_or_false_leaves_it_open() -> None:
    this, before = call("2026-11-18T15:00:00-05:00"), call("2026-11-17T15:00:00-05:00", agreed=None)
    assert str(answer("history.calls_last_days(7) >= 1", this, before)).startswith("history_unsure")
    unclear = this.model_copy(update={"agreed": None})
    assert str(answer("history.calls_last_days(7) >= 1", unclear, call("2026-11-17T15:00:00-05:00"))).startswith(
        "history"
    )


@pytest.mark.parametrize(
    ("ours", "theirs", "counts"), [("a", "a", True), ("a", "b", False), ("a", None, True), (None, "b", True)]
)
def test_a_debt_is_counted_for_each_collector(ours: str | None, theirs: str | None, counts: bool) -> None:
    this, before = (
        call("2026-11-18T15:00:00-05:00", collector=ours),
        call("2026-11-17T15:00:00-05:00", collector=theirs),
    )
    assert answer("history.calls_last_days(7) >= 1", this, before) is counts
    assert answer("history.days_since_conversation < 7", this, before) is counts
    assert answer("history.customer_calls_last_days(7) >= 1", this, before) is True


def test_an_attempt_that_a_third_party_does_not_answer_is_no_second_conversation() -> None:
    before = call("2026-11-17T15:00:00-05:00", callee_role="contact")
    this = call("2026-11-18T15:00:00-05:00", callee_role="contact")
    assert answer("history.third_party_calls >= 1", this, before) is True
    rung = this.model_copy(update={"disposition": "no answer"})
    assert answer("history.third_party_calls >= 1", rung, before) is False


@pytest.mark.parametrize(
    "text",
    ["history.marked", 'history.marked("lawyer")', "history.calls_last_days", "history.calls_last_days(1, 2)",
     "history.days_since_conversation(3)", "history.nothing(3)"],
)  # fmt: skip
def test_a_fact_that_cannot_be_asked_is_refused_when_the_rule_is_loaded(text: str) -> None:
    with pytest.raises(ExpressionError):
        parse_facts(f"{text} == 1")


def test_more_days_than_the_database_is_asked_for_are_no_answer() -> None:
    this = call("2026-11-18T15:00:00-05:00")
    assert str(answer("history.calls_last_days(400) >= 1", this)).startswith("invalid_fact")


def test_what_became_of_a_call() -> None:
    silent = call("2026-11-18T15:00:00-05:00", heard=HeardCall(status=CallStatus.NOT_ASSESSABLE, error="no_speech"))
    assert (outcome_of(silent, 0.8), conversation(silent, 0.8), unanswered(silent, 0.8)) == ("silent", False, None)
    assert unanswered(silent.model_copy(update={"answered": True}), 0.8) is False
    failed = call("2026-11-18T15:00:00-05:00", heard=HeardCall(status=CallStatus.FAILED))
    assert (outcome_of(failed, 0.8), unanswered(failed, 0.8)) == (None, None)
    assert outcome_of(call("2026-11-18T15:00:00-05:00", disposition="未有效沟通"), 0.8) == "conversation"
    assert outcome_of(call("2026-11-18T15:00:00-05:00", disposition="无人接听"), 0.8) == "unanswered"


@pytest.mark.parametrize(
    ("start", "seconds", "expected"),
    [
        ("2026-03-08T11:59:59+00:00", 0, True),  # 07:59:59, an hour after the clocks went forward
        ("2026-03-08T12:00:00+00:00", 0, False),
        ("2026-03-07T12:59:59+00:00", 0, True),  # the day before, in winter time
        ("2026-03-07T13:00:00+00:00", 0, False),
        ("2026-11-01T12:59:59+00:00", 0, True),  # the clocks went back in the night
        ("2026-11-18T20:55:00-05:00", 300, False),
        ("2026-11-18T20:55:00-05:00", 301, True),
        ("2026-11-18T21:00:00-05:00", 0, True),
        ("2026-11-18T10:00:00-05:00", 86_400, True),
    ],
)
def test_quiet_hours_follow_the_clock_where_the_debtor_is(start: str, seconds: float, expected: bool) -> None:
    assert touches(datetime.fromisoformat(start), seconds, 21, 8, NY[0]) is expected


@pytest.mark.parametrize(
    ("facts", "country", "expected"),
    [
        ({"debtor_tz": "Asia/Urumqi", "jurisdiction": "CN"}, "CN", ("Asia/Urumqi",)),
        ({}, "CN", ("Asia/Shanghai",)),
        ({"jurisdiction": "UK"}, None, ("Europe/London",)),
        ({"state": "ny"}, "US", NY),
        ({"state": "New York"}, "US", NY),
        ({"jurisdiction": "US-CA"}, "US", ("America/Los_Angeles",)),
        ({"jurisdiction": "US-NYC"}, "US", NY),
        ({"state": "TX"}, "US", ("America/Chicago", "America/Denver")),
        ({"state": "PR"}, "US", ("America/Puerto_Rico",)),
        ({"jurisdiction": "US-GU"}, "US", ("Pacific/Guam",)),
        ({}, None, ()),
        ({"phone": "+1 (212) 555-0100"}, "US", NY),
        ({"phone": "219-555-0100 ext. 4"}, "US", (*NY, *CHICAGO)),
        ({"phone": "212-555-0100", "state": "IL"}, "US", CHICAGO),
        ({"phone": "212-555-0100", "jurisdiction": "CN"}, "US", ("Asia/Shanghai",)),
        ({"debtor_tz": "EST"}, "US", NY),
        ({"debtor_tz": "cst"}, "US", CHICAGO),
        ({"debtor_tz": "CST"}, "CN", ("Asia/Shanghai",)),
        ({"debtor_tz": "GMT", "jurisdiction": "GB"}, "UK", ("Europe/London",)),
        ({"debtor_tz": "MST"}, "US", ("America/Denver", "America/Phoenix")),
    ],
)
def test_where_a_debtor_may_be(facts: dict[str, Any], country: str | None, expected: tuple[str, ...]) -> None:
    assert zones_of(CallFacts.model_validate(facts), country) == expected


@pytest.mark.parametrize(
    "phone", ["800-555-0100", "416-555-0100", "138 0013 8000", "020 7946 0958", "212-555", "", None]
)
def test_a_number_that_names_no_place_of_the_country_leaves_it_whole(phone: str | None) -> None:
    assert len(zones_of(CallFacts(phone=phone), "US")) > 4


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        ({"state": "CA", "phone": "212-555-0100"}, (LA, NY)),
        ({"state": "NY", "phone": "212-555-0100"}, (NY,)),
        ({"state": "CA", "phone": "800-555-0100"}, (LA,)),
        ({"state": "NY", "phone": "415-555-0100", "debtor_tz": "America/New_York"}, (NY,)),
        ({"state": "NY", "debtor_tz": "America/Los_Angeles"}, (LA, NY)),
        ({"state": "IN", "debtor_tz": "America/Indiana/Knox"}, (("America/Indiana/Knox",),)),
        ({"state": "NY", "debtor_tz": "nowhere"}, (("nowhere",),)),
        ({"state": "TX", "phone": "915-555-0100"}, (("America/Chicago", "America/Denver"), ("America/Denver",))),
    ],
)
def test_a_call_must_be_convenient_wherever_the_debtor_might_be(
    facts: dict[str, Any], expected: tuple[tuple[str, ...], ...]
) -> None:
    """12 CFR 1006, supplement I, comment 6(b)(1)(i)-2. A zone that was sent decides, unless the state has no such."""
    known = CallFacts.model_validate({"started_at": "2026-07-18T09:00:00-05:00", **facts})
    assert indicated(known, "US") == expected


@pytest.mark.parametrize(
    ("sent", "hour", "expected"),
    [
        (
            {"state": "CA", "phone": "212-555-0100"},
            23,
            "missing_fact: debtor_tz (the debtor may be in any of America/L",
        ),
        ({"state": "CA", "phone": "212-555-0100"}, 20, "False"),
        ({"state": "CA", "phone": "212-555-0100"}, 2, "True"),
        ({"state": "CA", "phone": "212-555-0100"}, 10, "True"),  # 7:30 where the debtor lives
        ({"state": "NY", "debtor_tz": "America/Los_Angeles"}, 10, "True"),
        ({"state": "TX", "phone": "915-555-0100"}, 9, "missing_fact: debtor_tz (the debtor may be in any of America/C"),
        ({"state": "Califonia", "phone": "212-555-0100"}, 21, "missing_fact: debtor_tz (the debtor may be in any of"),
        ({"state": "Califonia", "debtor_tz": "EST"}, 21, "True"),
        ({"debtor_tz": "EST"}, 21, "True"),  # summer time: with EST as written it would be 20:30
        ({"debtor_tz": "america/new york"}, 21, "True"),
        ({"debtor_tz": "Eastern time"}, 21, "invalid_fact: 'Eastern time' is no time zone"),
    ],
)
def test_quiet_hours_where_facts_agree_and_where_they_do_not(sent: dict[str, Any], hour: int, expected: str) -> None:
    facts = CallFacts.model_validate({"started_at": f"2026-07-18T{hour:02d}:30:00-04:00", **sent})
    turns = Transcript(
        language="en", duration_s=60, coverage=Coverage(), turns=(), engine=EngineInfo(name="text"),
        roles=Roles(source=RoleSource.METADATA, confidence=1.0),
    )  # fmt: skip
    case = Case(turns, facts, None, 0.5, 0.8)
    found = truth(parse_facts("in_quiet_hours(21, 8, 60)"), FactsContext(partial(case.look_up, country="US"), {}))
    assert (found.reason() if isinstance(found, Unknown) else str(found)).startswith(expected)


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        ({"state": " ca "}, "CA"),
        ({"state": "California", "jurisdiction": "US"}, "CA"),
        ({"jurisdiction": "US-CA"}, "CA"),
        ({"jurisdiction": "US-NYC"}, "NY"),
        ({"state": "Scotland", "jurisdiction": "UK"}, "Scotland"),
        ({"state": "Calif."}, "CA"),
        ({"state": "N.Y."}, "NY"),
        ({"state": "USA - Texas"}, "TX"),
        ({"state": "N/A", "jurisdiction": "US-CA"}, "CA"),
        ({"state": "unknown"}, None),
        ({"jurisdiction": "US"}, None),
        ({}, None),
    ],
)
def test_a_state_is_known_however_it_was_sent(facts: dict[str, Any], expected: str | None) -> None:
    assert state_of(CallFacts.model_validate(facts)) == expected


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        (
            {"state": "Califonia", "jurisdiction": "US"},
            "state 'Califonia' is none of the United States; California (CA)",
        ),
        ({"state": "massachusets"}, "state 'massachusets' is none of the United States; Massachusetts (MA) may"),
        ({"jurisdiction": "US-CLA"}, "state 'CLA' is none of the United States"),
        ({"state": "Distict of Colombia"}, "state 'Distict of Colombia' is none of the United States; District of Col"),
        ({"state": "New"}, "state 'New' is none of the United States"),
        ({"state": "Scotland", "jurisdiction": "UK"}, ""),
        ({"state": "广东", "jurisdiction": "CN"}, ""),
        ({"state": "AE", "jurisdiction": "US"}, ""),
        ({"state": "none"}, ""),
        ({}, ""),
    ],
)
def test_a_state_that_is_none_is_told(facts: dict[str, Any], expected: str) -> None:
    assert no_state(CallFacts.model_validate(facts), "US").startswith(expected)
    assert bool(expected) is bool(no_state(CallFacts.model_validate(facts), "US"))


def test_without_a_state_the_whole_country_must_agree() -> None:
    zones = zones_of(CallFacts(), "US")
    noon = datetime.fromisoformat("2026-11-18T14:00:00-05:00")
    assert {touches(noon, 60, 21, 8, name) for name in zones} == {False}
    assert {touches(noon - timedelta(hours=3), 60, 21, 8, name) for name in zones} == {True, False}
