"""Earlier calls that came as a list: how entries are read, what they show, and that they are the least there was."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from qa_service.records import CallFacts, Contact, Evaluation, HeardCall, History
from qa_service.records.base import CallStatus
from qa_service.rules.case import Case
from qa_service.rules.evaluate import evaluate
from qa_service.rules.fact_names import CaseFacts, load_fact_names
from qa_service.rules.fact_parser import parse_facts
from qa_service.rules.facts import FactsContext, Unknown, truth
from qa_service.rules.load import load_packs
from qa_service.rules.sent_calls import MOST, sent_logs
from tests.rules.building import said

ROOT = Path(__file__).parent.parent.parent / "rules"
NAMES = load_fact_names(ROOT)
PACKS = load_packs(ROOT)
NOW = "2026-11-20T15:00:00-06:00"
CALL = {
    "started_at": NOW, "direction": "outbound", "callee_role": "debtor", "jurisdiction": "US", "state": "TX",
}  # fmt: skip
TALK = said(
    "agent: Hello, is this Ana?",
    "customer: Yes it is.",
    "agent: How are you?",
    "customer: Fine, thanks.",
    duration_s=90,
)


def facts(log: Any, **more: Any) -> CallFacts:
    return CallFacts.model_validate({**CALL, "history": log, **more})


def read(entry: dict[str, Any], **more: Any) -> Contact:
    (log,) = sent_logs(facts([entry], **more))
    assert not log.wrong
    (found,) = log.calls
    return found


def test_a_debt_has_the_names_that_it_has_in_a_call() -> None:
    assert read(at(18, account_number="A-1")).debt == "A-1"


def answer(text: str, sent: CallFacts, history: History | None = None) -> bool | str:
    """True, False or the reason why it is not known."""
    case = Case(TALK, sent, None, 0.5, 0.8, history=history)
    found = truth(parse_facts(text), FactsContext(case.look_up, {}, case.remember("US")))
    return found.reason() if isinstance(found, Unknown) else found


def at(day: int, hour: int = 10, **more: Any) -> dict[str, Any]:
    return {"at": f"2026-11-{day:02d}T{hour:02d}:00:00-06:00", "direction": "outbound", "to": "debtor", **more}


def test_calls_to_a_number_by_what_was_sent() -> None:
    asked = "history.number_calls_last_days(1) >= 2"
    for told, is_so in ((2, True), (1, False)):
        assert answer(asked, CallFacts.model_validate({**CALL, "history": {"number_calls_today": told}})) is is_so
    log = [at(20, hour, phone="2125550100", to="contact") for hour in (9, 11)]
    assert answer(asked, facts(log, phone="+1 212 555 0100")) is True
    assert answer(asked, facts(log[:1], phone="2125550100")) is not True


@pytest.mark.parametrize(
    ("when", "told"),
    [
        ({"at": "2026-11-19T10:30:00-05:00"}, "2026-11-19T10:30:00-05:00"),
        ({"startedAt": "2026-11-19T16:30:00Z"}, "2026-11-19T16:30:00+00:00"),
        ({"date": "2026-11-19", "time": "9:30"}, "2026-11-19T09:30:00-06:00"),
        ({"date": "2026/11/9 9:05"}, "2026-11-09T09:05:00-06:00"),
        ({"通话时间": "2026年11月9日 9:05"}, "2026-11-09T09:05:00-06:00"),
        ({"date": "2026-11-19"}, "2026-11-19T12:00:00-06:00"),
        ({"date": "2026-11-19T00:00:00", "time": "09:30"}, "2026-11-19T09:30:00-06:00"),
        ({"startTime": 1795105800000}, "2026-11-19T16:30:00+00:00"),
        ({"时间": "20261119103000"}, "2026-11-19T10:30:00-06:00"),
        ({"at": "Thu, 19 Nov 2026 16:30:00 +0000"}, "2026-11-19T16:30:00+00:00"),
    ],
)
def test_when_a_sent_call_was(when: dict[str, Any], told: str) -> None:
    call = read(when)
    assert (call.at, call.timed) == (datetime.fromisoformat(told), True)


def test_a_call_without_an_id_is_called_by_its_place_in_the_log() -> None:
    call = CallFacts.model_validate({**CALL, "通话记录": [{"id": 7, **at(18)}, at(19)]})
    assert [one.call_id for one in sent_logs(call)[0].calls] == ["7", "通话记录[2]"]


def test_a_call_of_the_same_day_without_its_hour_counts_perhaps() -> None:
    assert not read({"date": "2026-11-20"}).timed


@pytest.mark.parametrize(
    ("entry", "outcome", "talked"),
    [
        ({"outcome": "No answer"}, "no answer", None),
        ({"result": "rang out"}, "no answer", None),
        ({"结果": "无人接听"}, "no answer", None),
        ({"result": "未接通"}, "no answer", None),
        ({"outcome": "left_message"}, "voicemail", None),
        ({"outcome": "answering machine"}, "voicemail", None),
        ({"disposition": "Busy"}, "busy", None),
        ({"result": "空号"}, "busy", None),
        ({"outcome": "spoke with customer"}, None, True),
        ({"outcome": "RPC"}, None, True),
        ({"result": "已接通,承诺还款"}, None, True),
        ({"outcome": "not answered"}, "no answer", None),
        ({"outcome": "not connected"}, "no answer", None),
        ({"outcome": "Answered by machine"}, "voicemail", None),
        ({"outcome": "No RPC"}, None, None),
        ({"outcome": "answered, abandoned"}, None, None),
        ({"结果": "对方正在通话中"}, "busy", None),
        ({"结果": "通话中"}, "busy", None),
        ({"结果": "呼叫失败"}, None, None),
        ({"结果": "接通失败"}, None, None),
        ({"结果": "接通前挂断"}, "no answer", None),
        ({"outcome": "escalated"}, None, None),
        ({"outcome": "unknown"}, None, None),
        ({}, None, None),
    ],
)
def test_what_became_of_a_sent_call(entry: dict[str, Any], outcome: str | None, talked: bool | None) -> None:
    call = read({"at": "2026-11-19T10:30:00-05:00", **entry})
    assert (call.disposition, call.talked) == (outcome, talked)


@pytest.mark.parametrize(
    ("entry", "talk_s"),
    [
        ({"talk_s": 63}, 63),
        ({"duration": "63"}, 63),
        ({"通话时长": "00:01:03"}, 63),
        ({"时长": "1分3秒"}, 63),
        ({"时长": "63秒"}, 63),
        ({"durationMs": 63000}, 63),
        ({"duration": "long"}, None),
        ({"duration": -1}, None),
    ],
)
def test_how_long_a_sent_call_was(entry: dict[str, Any], talk_s: float | None) -> None:
    assert read({"at": "2026-11-19T10:30:00-05:00", **entry}).talk_s == talk_s


def test_times_without_a_zone_beside_a_start_in_utc() -> None:
    """Epochs and Z are of every clock: whether a log beside them is in local time is for its sender to say."""
    entry = {"at": "2026-11-20 09:30:00"}
    call = {"started_at": "2026-11-20T21:00:00Z"}
    (log,) = sent_logs(facts([entry], **call))
    assert "clock_tz" in log.wrong[0]
    assert read(entry, **call, clock_tz="America/Chicago").at == datetime.fromisoformat("2026-11-20T09:30:00-06:00")
    london = {"jurisdiction": "UK", "state": None, "started_at": "2026-11-20T21:00:00+00:00"}
    assert read(entry, **london).at == datetime.fromisoformat("2026-11-20T09:30:00+00:00")
    (log,) = sent_logs(facts([entry], **{**london, "started_at": "2026-07-20T21:00:00Z"}))
    assert "clock_tz" in log.wrong[0]
    assert not read({"date": "2026-11-19"}, **call).timed
    assert read({"date": "2026-11-18"}, **call).timed


@pytest.mark.parametrize(
    ("entry", "role", "numbered"),
    [
        ({"to": "本人"}, "debtor", False),
        ({"calleeRole": "wife"}, "spouse", False),
        ({"to": "+1 512 555 0100"}, None, True),
        ({"to": "the usual place"}, None, False),
        ({"to": "debtor", "phone": "512-555-0100"}, "debtor", True),
    ],
)
def test_to_whom_a_sent_call_went(entry: dict[str, Any], role: str | None, numbered: bool) -> None:
    call = read({"at": "2026-11-19T10:30:00-05:00", **entry})
    assert (call.callee_role, call.number is not None) == (role, numbered)


def test_where_no_entry_says_to_whom_all_went_to_whom_this_call_goes() -> None:
    (log,) = sent_logs(facts([{"at": "2026-11-18T10:00Z"}, {"at": "2026-11-19T10:00Z"}]))
    assert [call.callee_role for call in log.calls] == ["debtor", "debtor"]
    (log,) = sent_logs(facts([{"at": "2026-11-18T10:00Z", "to": "wife"}, {"at": "2026-11-19T10:00Z"}]))
    assert [call.callee_role for call in log.calls] == ["spouse", None]


@pytest.mark.parametrize("sent", [{"history": [at(19)]}, {"history": {"callLog": [at(19)]}}, {"通话记录": [at(19)]}])
def test_a_log_is_known_by_its_names(sent: dict[str, Any]) -> None:
    call = CallFacts.model_validate({**CALL, **sent})
    (log,) = sent_logs(call)
    assert len(log.calls) == 1
    assert NAMES.unread(call) == ()


def test_what_is_no_call_before_this_one_is_left_out_and_told() -> None:
    sent = facts([at(19), at(20, 16), at(19), {"at": "soon"}, {"to": "debtor"}, at(18)])
    (log,) = sent_logs(sent)
    assert [call.at.day for call in log.calls] == [18, 19]
    told = NAMES.misspelt(sent)
    assert told == (
        "history.calls[4]: 'soon' is no time as 2026-11-30T09:00:00+08:00 is", "history.calls[5]: says no time",
    )  # fmt: skip
    assert ("history.calls", "history.calls", f"2 earlier calls; {'; '.join(told)}") in CaseFacts(NAMES, sent).read()


def test_this_call_itself_is_no_earlier_one() -> None:
    sent = facts([at(20, 15, call_id="X"), at(19)], call_id="X")
    assert [call.at.day for call in sent_logs(sent)[0].calls] == [19]
    dialled = facts([{**at(20), "at": "2026-11-20T14:59:10-06:00"}, at(19)])
    assert answer("history.attempts_last_days(7) >= 1", dialled) is True
    assert str(answer("history.attempts_last_days(7) >= 2", dialled)).startswith("history_unsure")


def test_a_log_without_the_time_of_this_call_is_told() -> None:
    sent = facts([at(19)], started_at=None)
    assert "started_at" in NAMES.misspelt(sent)[0]
    assert str(answer("history.calls_last_days(7) >= 1", sent)).startswith("missing_fact")


def test_a_long_log_is_read_from_its_end() -> None:
    first = datetime.fromisoformat("2026-01-01T10:00:00+00:00")
    entries = [{"at": (first + timedelta(hours=n)).isoformat()} for n in range(MOST + 20)]
    (log,) = sent_logs(facts(entries))
    assert (len(log.calls), log.calls[0].at) == (MOST, first + timedelta(hours=20))


def test_counts_of_a_log_are_the_least_that_there_was() -> None:
    sent = facts([at(20, 9, outcome="spoke", talk_s=40), at(19, outcome="no answer"), at(12), at(19, 11, to="wife")])
    unsure = "history_unsure: the earlier calls that were sent may not be all"
    assert answer("history.attempts_last_days(7) >= 2", sent) is True
    assert answer("history.attempts_last_days(7) >= 3", sent) == unsure
    assert answer("history.effective_calls_today(10) >= 1", sent) is True
    assert answer("history.effective_calls_today(60) >= 1", sent) == unsure
    assert answer("history.days_since_conversation < 1", sent) is True
    assert answer("history.days_since_conversation >= 1", sent) is False
    assert str(answer('history.marked("attorney")', sent)).startswith("missing_fact")
    assert answer("call.kept", sent) is False


def test_numbers_that_were_sent_beside_a_log_stand_unless_it_shows_more() -> None:
    log = [at(20, 9), at(19)]
    assert answer("history.calls_last_days(7) >= 9", facts({"calls": log, "calls_last_7_days": 9})) is True
    few = facts({"calls": [at(20, 9, outcome="busy"), at(19, outcome="spoke")], "attempts_last_7_days": 1})
    assert answer("history.attempts_last_days(7) == 1", few) == (
        "history_unsure: the facts say 1, the calls themselves show 2"
    )


def test_a_call_that_is_kept_and_was_sent_counts_once() -> None:
    heard = HeardCall(status=CallStatus.INSPECTED, customer_turns=3, role_confidence=1.0, duration_s=60.0)
    kept = [
        Contact(
            call_id=f"K-{day}", debtor="d", number="n", at=datetime.fromisoformat(f"2026-11-{day}T10:00:00-06:00"),
            direction="outbound", callee_role="debtor", heard=heard,
        )
        for day in (18, 19)
    ]  # fmt: skip
    this = Contact(call_id="this", debtor="d", number="n", at=datetime.fromisoformat(NOW), callee_role="debtor")
    history = History(this=this, days=92, earlier=tuple(kept))
    question = "history.attempts_last_days(7) == {}"
    assert answer(question.format(2), facts([at(18), at(19)]), history) is True
    assert answer(question.format(3), facts([at(17), at(18), at(19)]), history) is True
    assert answer(question.format(2), facts([at(19)]), history) is True
    assert answer("history.days_since_conversation < 1", facts([at(20, 9, outcome="spoke")]), history) is True
    assert answer("history.days_since_conversation < 1", facts([at(17, outcome="spoke")]), history) is False


def us(sent: CallFacts) -> Evaluation:
    return evaluate([PACKS["us-collections"]], TALK, sent, None)


def test_the_eighth_call_of_a_week_is_found_by_the_log_alone() -> None:
    seven = [at(14 + n, outcome="no answer", id=f"D-{n}") for n in range(6)] + [at(19, 18, outcome="no answer")]
    (found,) = [f for f in us(facts(seven)).findings if f.rule_id == "US-COLL-FREQ-1"]
    assert [(c.call_id, c.sent) for c in found.earlier[:2]] == [("D-0", True), ("D-1", True)]
    assert len(found.earlier) == 7
    fewer = us(facts(seven[1:]))
    assert "US-COLL-FREQ-1" not in {f.rule_id for f in fewer.findings}
    reasons = {n.rule_id: n.reason for n in fewer.not_assessed}
    assert reasons["US-COLL-FREQ-1"].startswith("history_unsure")
