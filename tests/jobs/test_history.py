"""Rules over several calls, from the database: counts, calls out of order, crashes, and what stays as it was."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import insert, select

from qa_service.jobs import followups
from qa_service.jobs.followups import follow
from qa_service.records import CallFacts, CallStatus, ErrorInfo, FindingState, History, Inspection
from qa_service.settings import Settings
from qa_service.store.store import Store, open_store
from qa_service.store.tables import FindingRow, FollowUpRow
from tests.factories import NOW, later
from tests.jobs.histories import findings, inspect_all, inspector, keep_call, reasons, result

DAY_CAP, AGAIN, WEEK, ATTORNEY = "CN-COLL-FREQ-1", "US-COLL-FREQ-2", "US-COLL-FREQ-1", "US-COLL-ATTY-3"
#: A debtor's conversations of a day in Shanghai, the first just after the border of the day.
FOUR = {
    "C-1": "2026-11-17T00:05:00+08:00",
    "C-2": "2026-11-17T03:15:00+00:00",
    "C-3": "2026-11-17T15:40:00+08:00",
    "C-4": "2026-11-17T23:59:00+08:00",
}


def test_the_fourth_conversation_of_a_day_is_found_and_names_the_three_before(store: Store, settings: Settings) -> None:
    keep_call(store, "C-0", "2026-11-16T23:59:00+08:00")
    for call_id, at in FOUR.items():
        keep_call(store, call_id, at)
    keep_call(store, "C-5", "2026-11-18T00:01:00+08:00")
    keep_call(store, "X-1", FOUR["C-4"], debtor_ref="DR-2", phone="139-0013-8000")
    inspect_all(store, settings)
    (call_id, found), *more = findings(store, DAY_CAP).items()
    assert (call_id, more, found.state) == ("C-4", [], FindingState.CONFIRMED)
    assert [(e.call_id, f"{e.at:%d %H:%M}", e.what) for e in found.earlier] == [
        ("C-1", "17 00:05", "conversation"),
        ("C-2", "17 11:15", "conversation"),
        ("C-3", "17 15:40", "conversation"),
    ]
    assert found.quote == "C-1 2026-11-17 00:05; C-2 2026-11-17 11:15; C-3 2026-11-17 15:40"
    assert result(store, "C-4").score.points < 100  # type: ignore[union-attr]
    assert DAY_CAP not in reasons(store, "C-3")


def test_calls_that_come_out_of_order_end_as_if_they_had_come_in_order(
    store: Store, settings: Settings, tmp_path: object
) -> None:
    in_order = open_store(f"sqlite:///{tmp_path}/in-order.sqlite3")
    for call_id, at in FOUR.items():
        keep_call(in_order, call_id, at)
    inspect_all(in_order, settings)
    for call_id, at in reversed(FOUR.items()):
        keep_call(store, call_id, at)
        inspect_all(store, settings)
    for call_id in FOUR:
        assert result(store, call_id).model_dump_json() == result(in_order, call_id).model_dump_json()
    assert list(findings(store, DAY_CAP)) == ["C-4"]
    assert store.followups.pending() == ()
    in_order.close()


def test_an_earlier_call_that_waits_leaves_the_answer_open(store: Store, settings: Settings) -> None:
    for call_id, at in FOUR.items():
        keep_call(store, call_id, at)
    store.queue.claim("another", lease_s=600, now=datetime.now(UTC))  # holds C-1
    inspect_all(store, settings)
    assert findings_of(store, "C-4", DAY_CAP) == []
    assert reasons(store, "C-4")[DAY_CAP] == "history_unsure: call C-1 is not inspected yet"


def findings_of(store: Store, call_id: str, rule_id: str) -> list[str]:
    return [f.rule_id for f in result(store, call_id).findings if f.rule_id == rule_id]


def test_following_twice_or_after_a_crash_changes_nothing_more(store: Store, settings: Settings) -> None:
    for call_id, at in FOUR.items():
        keep_call(store, call_id, at)
    for _ in FOUR:  # workers that die as soon as the result is stored
        claim = store.queue.claim("w", lease_s=60, now=NOW)
        assert claim
        transcript = store.calls.transcript(claim.call_id)
        assert transcript
        facts = store.calls.get(claim.call_id).facts
        store.queue.finish(claim, inspector().inspect_transcript(transcript, facts, call_id=claim.call_id), NOW)
    orders = store.followups.pending()
    assert "missing_fact" in reasons(store, "C-4")[DAY_CAP]
    inspect_all(store, settings)
    assert list(findings(store, DAY_CAP)) == ["C-4"]
    before, waiting = result(store, "C-4"), store.outbox.pending(now=NOW)
    assert store.followups.settle("C-4", orders, inspector().judge_by_history) is None
    assert follow(store, inspector()) == 0
    assert (result(store, "C-4"), store.outbox.pending(now=NOW)) == (before, waiting)


def test_a_call_that_was_ordered_many_times_is_judged_once(
    store: Store, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(followups, "BATCH", 2)
    for number in range(4):
        keep_call(store, f"c{number}", f"2026-11-17T1{number}:00:00+08:00")
    inspect_all(store, settings)
    with store.engine.begin() as connection:
        connection.execute(insert(FollowUpRow), [{"call_id": f"c{number % 4}"} for number in range(40)])
    judged: list[str] = []

    class Judge:
        def judge_by_history(self, inspection: Inspection, facts: CallFacts, history: History) -> Inspection:
            judged.append(inspection.call_id)
            return inspection

    follow(store, Judge())
    assert judged == ["c0", "c1", "c2", "c3"]
    assert store.followups.pending() == ()


def test_what_other_rules_found_keeps_its_row(store: Store, settings: Settings) -> None:
    """A verdict on a finding points at its row."""
    keep_call(store, "C-4", FOUR["C-4"])
    inspect_all(store, settings)
    rows = select(FindingRow.id, FindingRow.rule_id).order_by(FindingRow.id)
    with store.engine.connect() as connection:
        before = connection.execute(rows).all()
    others = list(result(store, "C-4").findings)
    assert before
    for call_id in ("C-1", "C-2", "C-3"):
        keep_call(store, call_id, FOUR[call_id])
    inspect_all(store, settings)
    with store.engine.connect() as connection:
        after = connection.execute(rows).all()
    assert set(before) < set(after)
    assert [f for f in result(store, "C-4").findings if f.rule_id != DAY_CAP] == others
    assert len(store.calls.inspections("C-4")) == 1


def test_a_call_without_debtor_or_number_is_not_assessed(store: Store, settings: Settings) -> None:
    keep_call(store, "C-1", FOUR["C-1"], debtor_ref=None, phone="138****8000")
    inspect_all(store, settings)
    assert reasons(store, "C-1")[DAY_CAP] == "missing_fact: debtor_ref"
    assert reasons(store, "C-1")["CN-COLL-FREQ-2"] == "missing_fact: phone"


@pytest.mark.parametrize(("sent", "state"), [(0, "history_unsure"), (3, "found"), (9, "found")])
def test_what_the_callers_system_sends_stands_unless_the_kept_calls_show_more(
    store: Store, settings: Settings, sent: int, state: str
) -> None:
    for call_id, at in FOUR.items():
        keep_call(store, call_id, at, **({"history": {"effective_calls_today": sent}} if call_id == "C-4" else {}))
    inspect_all(store, settings)
    found = "found" if "C-4" in findings(store, DAY_CAP) else reasons(store, "C-4")[DAY_CAP].partition(":")[0]
    assert found == state


@pytest.mark.parametrize(("hours", "eighth"), [(143, True), (167, False)])
def test_seven_calls_in_seven_days(store: Store, settings: Settings, hours: int, eighth: bool) -> None:
    """The first of them on the first or before the first of the seven days that end with the eighth call's."""
    last = NOW.replace(hour=18)
    for n, ago in enumerate((hours, 120, 96, 72, 48, 24, 1, 0), 1):
        at = (last - timedelta(hours=ago)).isoformat()
        keep_call(store, f"U-{n}", at, jurisdiction="US", disposition="no answer")
    inspect_all(store, settings)
    assert list(findings(store, WEEK)) == (["U-8"] if eighth else [])
    assert findings(store, AGAIN) == {}


def test_a_conversation_quiets_the_seven_days_it_begins(store: Store, settings: Settings) -> None:
    keep_call(store, "U-1", "2026-11-10T23:30:00-05:00", jurisdiction="US")
    keep_call(store, "U-2", "2026-11-16T09:00:00-05:00", jurisdiction="US", disposition="voicemail")
    keep_call(store, "U-3", "2026-11-17T00:30:00-05:00", jurisdiction="US")
    keep_call(store, "U-4", "2026-11-18T09:00:00-05:00", jurisdiction="US", account={"debt_ref": "another"})
    keep_call(store, "U-5", "2026-11-18T09:00:00-05:00", jurisdiction="US", callback_agreed=True)
    inspect_all(store, settings)
    found = findings(store, AGAIN)
    assert list(found) == ["U-2"]
    assert [e.call_id for e in found["U-2"].earlier] == ["U-1"]
    assert reasons(store, "U-4")[AGAIN].startswith("history_unsure: call U-")


def test_what_was_said_in_one_call_binds_the_next(store: Store, settings: Settings) -> None:
    keep_call(store, "U-2", "2026-11-20T10:00:00-05:00", jurisdiction="US")
    inspect_all(store, settings)
    assert findings(store, ATTORNEY) == {}
    keep_call(store, "U-1", "2026-01-20T10:00:00-05:00", "I have an attorney now.", jurisdiction="US")
    keep_call(store, "U-0", "2026-01-10T10:00:00-05:00", jurisdiction="US")
    inspect_all(store, settings)
    assert [m.kind for m in result(store, "U-1").marks] == ["attorney"]
    found = findings(store, ATTORNEY)
    assert list(found) == ["U-2"]
    assert found["U-2"].state is FindingState.NEEDS_REVIEW
    assert [(e.call_id, e.what, e.start_s) for e in found["U-2"].earlier] == [("U-1", "attorney", 4.0)]
    kept = store.followups.history("U-2")
    assert kept
    assert "attorney now" not in kept.model_dump_json()


def test_the_seventh_attempt_that_nobody_answers_is_found_though_it_has_no_words(
    store: Store, settings: Settings
) -> None:
    for n in range(1, 9):
        keep_call(store, f"C-{n}", f"2026-11-17T1{n}:00:00+08:00", disposition="无人接听" if n < 8 else "承诺还款")
    for _ in range(7):
        claim = store.queue.claim("w", lease_s=60, now=NOW)
        assert claim
        silent = ErrorInfo(code="no_speech", message="No speech.")
        store.queue.finish(
            claim, Inspection(call_id=claim.call_id, status=CallStatus.NOT_ASSESSABLE, error=silent), later(1)
        )
    inspect_all(store, settings)
    found = findings(store, "CN-COLL-FREQ-2")
    assert list(found) == ["C-7"]  # the eighth was answered
    assert len(found["C-7"].earlier) == 6
    assert result(store, "C-7").status is CallStatus.NOT_ASSESSABLE
    assert result(store, "C-7").score is None
    assert inspector().judge_by_history(result(store, "C-7"), *_history(store, "C-7")) == result(store, "C-7")


def _history(store: Store, call_id: str) -> tuple:  # type: ignore[type-arg]
    return store.calls.get(call_id).facts, store.followups.history(call_id)


def test_without_a_database_nothing_is_asked_of_it(store: Store) -> None:
    keep_call(store, "U-1", "2026-11-10T10:00:00-05:00", jurisdiction="US")
    transcript = store.calls.transcript("U-1")
    assert transcript
    found = inspector().inspect_transcript(transcript, store.calls.get("U-1").facts, call_id="U-1")
    missed = {n.rule_id: n.reason for n in found.not_assessed}
    assert missed[WEEK] == "missing_fact: history.calls_last_7_days"
    assert missed[AGAIN] == "missing_fact: history.days_since_conversation"
    assert not {ATTORNEY, "US-COLL-MEDIUM-2", "US-COLL-THIRD-6"} & missed.keys()


def test_a_call_that_breaks_is_passed_over_and_its_order_waits(
    store: Store, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    keep_call(store, "C-1", FOUR["C-1"])
    keep_call(store, "C-2", FOUR["C-2"])
    whole = type(inspector()).judge_by_history

    def breaking(self: object, found: Inspection, *more: object) -> Inspection:
        if found.call_id == "C-1":
            raise KeyError("138 0013 8000")
        return whole(self, found, *more)  # type: ignore[arg-type]

    monkeypatch.setattr(type(inspector()), "judge_by_history", breaking)
    assert inspect_all(store, settings).inspected == 2
    assert {order.call_id for order in store.followups.pending()} == {"C-1"}
    assert "history" not in reasons(store, "C-2").get(DAY_CAP, "")
    monkeypatch.undo()
    inspect_all(store, settings)
    assert store.followups.pending() == ()


def test_calls_without_a_number_have_nothing_to_do_with_each_other(store: Store, settings: Settings) -> None:
    refused = ("我不是他本人,别再打给我了,我不认识他", "别再打了,再打我投诉")
    keep_call(store, "C-1", FOUR["C-1"], *refused, debtor_ref="DR-1", phone="未知", callee_role="contact")
    keep_call(store, "C-2", FOUR["C-2"], debtor_ref="DR-2", phone="未知", callee_role="contact")
    inspect_all(store, settings)
    assert [mark.kind for mark in result(store, "C-1").marks] == ["third_party_refused"]
    assert findings_of(store, "C-2", "CN-COLL-THIRD-8") == []
    assert reasons(store, "C-2")["CN-COLL-THIRD-8"] == "missing_fact: phone"


def _nobody_answers(store: Store, code: str = "no_speech") -> None:
    """The next waiting call was recorded and holds no words."""
    claim = store.queue.claim("w", lease_s=60, now=NOW)
    assert claim
    nothing = ErrorInfo(code=code, message="No words.")
    found = Inspection(call_id=claim.call_id, status=CallStatus.NOT_ASSESSABLE, error=nothing, duration_s=20.0)
    assert store.queue.finish(claim, found, later(1))


def test_an_attempt_by_night_that_nobody_answers_is_found(store: Store, settings: Settings) -> None:
    """An attempt to communicate needs no words (12 CFR 1006.6(b)(1)); what needs sound is not asked of it."""
    keep_call(store, "C-1", "2026-11-17T23:30:00+08:00", disposition="无人接听")
    keep_call(store, "U-1", "2026-11-17T21:30:00-05:00", jurisdiction="US", disposition="no answer")
    keep_call(store, "U-2", "2026-11-17T12:30:00-05:00", jurisdiction="US", account={"attorney_on_file": True})
    for _ in range(3):
        _nobody_answers(store)
    inspect_all(store, settings)
    assert list(findings(store, "CN-COLL-TIME-1")) == ["C-1"]
    assert list(findings(store, "US-COLL-TIME-1")) == ["U-1"]
    assert {f.rule_id for f in result(store, "U-2").findings} == {"US-COLL-ATTY-2"}
    assert not {"CN-COLL-TONE-2", "CN-COLL-TIME-10"} & reasons(store, "C-1").keys()
    assert result(store, "U-1").score is None


def test_earlier_calls_of_a_debtor_in_one_of_two_zones_are_told_in_universal_time(
    store: Store, settings: Settings
) -> None:
    for day in range(10, 18):
        keep_call(store, f"U-{day}", f"2026-11-{day}T12:00:00-06:00", jurisdiction="US", state="TX", debtor_tz=None)
    inspect_all(store, settings)
    assert findings(store, AGAIN)["U-11"].quote == "U-10 2026-11-10 18:00 UTC"


def test_a_call_imported_again_is_counted_once(store: Store, settings: Settings) -> None:
    for call_id, at in FOUR.items():
        keep_call(store, call_id, at)
        keep_call(store, call_id, at)
    inspect_all(store, settings)
    store.queue.requeue(["C-1"])
    inspect_all(store, settings)
    found = findings(store, DAY_CAP)
    assert list(found) == ["C-4"]
    assert [e.call_id for e in found["C-4"].earlier] == ["C-1", "C-2", "C-3"]


def test_of_calls_that_begin_in_one_second_one_is_the_fourth(store: Store, settings: Settings) -> None:
    for call_id in ("C-3", "C-1", "C-4", "C-2"):
        keep_call(store, call_id, FOUR["C-1"], phone=f"1390013900{call_id[-1]}")
        inspect_all(store, settings)
    assert list(findings(store, DAY_CAP)) == ["C-4"]


def test_a_call_that_is_kept_under_two_ids_counts_once(store: Store, settings: Settings) -> None:
    for call_id, at in FOUR.items():
        keep_call(store, call_id, at)
    keep_call(store, "C-1-rec", FOUR["C-1"])
    keep_call(store, "C-4-rec", FOUR["C-4"])
    inspect_all(store, settings)
    found = findings(store, DAY_CAP)
    assert list(found) == ["C-4", "C-4-rec"]
    assert [(e.call_id, e.also) for e in found["C-4"].earlier] == [("C-1", ("C-1-rec",)), ("C-2", ()), ("C-3", ())]
    assert [e.what for e in found["C-4-rec"].earlier][-1] == "same_call"


def test_a_finding_goes_when_the_facts_of_an_earlier_call_are_corrected(store: Store, settings: Settings) -> None:
    for call_id, at in FOUR.items():
        keep_call(store, call_id, at)
    inspect_all(store, settings)
    assert list(findings(store, DAY_CAP)) == ["C-4"]
    entry = store.calls.get("C-2")
    store.calls.correct("C-2", entry.facts.model_copy(update={"debtor_ref": "DR-9"}), entry.day)
    inspect_all(store, settings)
    assert findings(store, DAY_CAP) == {}


def test_days_at_the_end_of_a_year(store: Store, settings: Settings) -> None:
    for call_id, at in {
        "C-1": "2026-12-31T16:30:00+00:00", "C-2": "2027-01-01T08:10:00+08:00", "C-3": "2027-01-01T12:00:00+08:00",
        "C-4": "2026-12-31T23:50:00+08:00", "C-5": "2027-01-01T19:00:00+08:00",
    }.items():  # fmt: skip
        keep_call(store, call_id, at)
    inspect_all(store, settings)
    assert list(findings(store, DAY_CAP)) == ["C-5"]
