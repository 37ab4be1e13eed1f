"""Keeping, reading and listing calls, on SQLite and on PostgreSQL alike."""

from __future__ import annotations

import threading
from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import event

from qa_service.errors import ErrorCode, FactsError, NotFoundError
from qa_service.records import CallState, FindingState, Polarity, Role, Severity, Turn, Word
from qa_service.store import calls as calls_module
from qa_service.store.calls import Added, CallFilter
from qa_service.store.store import Store
from tests.factories import DAY, NOW, facts, finding, inspection, later, recording, transcript
from tests.store.keeping import claimed, inspect, keep


def test_a_call_is_kept_whole(store: Store) -> None:
    keep(store, "C-1", debtor_ref="DR-1", note="kept under extra")
    entry = store.calls.get("C-1")
    assert entry.facts.debtor_ref == "DR-1"
    assert entry.facts.extra == {"note": "kept under extra"}
    assert (entry.state, entry.day, entry.recording) == (CallState.WAITING, DAY, recording(1))
    assert entry.received_at == later(1)
    assert entry.received_at.tzinfo is UTC


def test_the_same_recording_is_one_call_whatever_its_name(store: Store) -> None:
    keep(store, "C-1", 1)
    again = store.calls.add(
        facts(), call_id="C-2", source="copy.mp3", day=DAY, recording=recording(1), transcript=None, received_at=NOW
    )
    assert again == Added(call_id="C-1", created=False)
    assert sum(store.calls.counts().values()) == 1
    assert store.calls.find(recording(1).sha256) == "C-1"
    assert store.calls.find(recording(2).sha256) is None


def test_an_id_for_other_content_is_refused(store: Store) -> None:
    keep(store, "C-1", 1)
    with pytest.raises(FactsError, match="C-1") as wrong:
        keep(store, "C-1", 2)
    assert wrong.value.code == ErrorCode.DUPLICATE_CALL_ID


def test_given_turns_are_kept_and_are_the_same_call_again(store: Store) -> None:
    def add(*texts: str) -> Added:
        return store.calls.add(
            facts(), call_id="T-1", source="m.jsonl", day=DAY, recording=None, transcript=transcript(*texts),
            received_at=NOW,
        )  # fmt: skip

    assert (add("您好").created, add("您好").created) == (True, False)
    assert store.calls.transcript("T-1") == transcript("您好")
    assert store.calls.transcript("T-2") is None
    with pytest.raises(FactsError):
        add("您好", "喂")


def test_threads_that_keep_the_same_recording_agree(store: Store) -> None:
    start, got = threading.Barrier(8), []

    def add(number: int) -> None:
        start.wait()
        got.append(
            store.calls.add(
                facts(), call_id=f"C-{number}", source="x", day=DAY, recording=recording(7), transcript=None,
                received_at=NOW,
            )
        )  # fmt: skip

    threads = [threading.Thread(target=add, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(a.created for a in got) == 1
    assert len({a.call_id for a in got}) == 1
    assert len(got) == 8


def test_an_unknown_call_is_named(store: Store) -> None:
    with pytest.raises(NotFoundError, match="C-9") as wrong:
        store.calls.get("C-9")
    assert wrong.value.code == ErrorCode.CALL_NOT_FOUND


@pytest.mark.parametrize("call_id", ["", "a\0b", "a\nb"])
def test_an_id_that_cannot_be_shown_is_refused(store: Store, call_id: str) -> None:
    with pytest.raises(FactsError) as wrong:
        keep(store, call_id)
    assert wrong.value.code == ErrorCode.FACTS_INVALID


@pytest.mark.parametrize("at", ["0001-01-01T00:00:00+08:00", "0001-03-01T00:00:00Z", "9999-12-31T23:59:59Z"])
def test_a_time_that_is_no_time_is_refused(store: Store, at: str) -> None:
    with pytest.raises(FactsError, match="started_at"):
        keep(store, "C-1", started_at=at)


def test_text_no_database_takes_is_cleaned(store: Store) -> None:
    store.calls.add(
        facts(agent_id="A\0" + "x" * 5000), call_id="C-1", source="a\0b\udcff.mp3", day=DAY, recording=recording(1),
        transcript=None, received_at=NOW,
    )  # fmt: skip
    assert store.calls.get("C-1").source == "ab?.mp3"
    assert store.calls.get("C-1").facts.agent_id == "A\0" + "x" * 5000
    assert store.calls.page(CallFilter(agent_id="A\0" + "x" * 5000)).total == 1
    with pytest.raises(NotFoundError):
        store.calls.get("\0\udcff")


def test_an_inspection_comes_back_byte_for_byte(store: Store) -> None:
    keep(store, "C-1")
    word = Word(text="您", start_s=0.1 + 0.2, end_s=1 / 3, probability=5e-324)
    turn = Turn(index=0, role=Role.AGENT, start_s=0, end_s=1e22, text='"}\\\u2028\u0000]}', words=(word,))
    made = inspection("C-1", findings=(finding(),), turns=(turn,), notes=("a", '{"turns":[]}'))
    assert store.queue.finish(claimed(store), made, NOW)
    kept = store.calls.get("C-1").inspection
    assert kept
    assert kept.model_dump_json() == made.model_dump_json()


def test_without_turns_the_rest_is_the_same(store: Store) -> None:
    keep(store, "C-1")
    inspect(store, finding())
    whole = store.calls.get("C-1").inspection
    assert whole
    assert whole.turns
    for entries in (store.calls.page(CallFilter(), turns=False).entries, store.calls.on_day(DAY, turns=False)):
        assert [e.inspection for e in entries] == [whole.model_copy(update={"turns": ()})]


def test_a_list_is_one_query_however_long(store: Store) -> None:
    for n in range(12):
        keep(store, f"C-{n}", n)
        inspect(store, finding())
    seen: list[str] = []
    event.listen(store.engine, "before_cursor_execute", lambda *args: seen.append(args[2]))
    assert len(store.calls.page(CallFilter()).entries) == 12
    assert len([s for s in seen if s.startswith("SELECT")]) == 2
    seen.clear()
    assert len(store.calls.on_day(DAY)) == 12
    assert len([s for s in seen if s.startswith("SELECT")]) == 1


def test_filters_count_and_page(store: Store) -> None:
    for n in range(1, 6):
        keep(store, f"C-{n}", n, agent_id=f"A-{n % 2}", team="t'1", started_at=f"2026-11-17T{10 + n}:00:00+08:00")
    inspect(store, finding())
    inspect(store, finding(severity=Severity.MINOR, rule_id="R-2"), finding(rule_id="R-3"))

    def found(**wanted: object) -> list[str]:
        return [e.call_id for e in store.calls.page(CallFilter(**wanted)).entries]  # type: ignore[arg-type]

    page = store.calls.page(CallFilter(limit=2))
    assert ([e.call_id for e in page.entries], page.total) == (["C-5", "C-4"], 5)
    assert found(limit=2, offset=4) == ["C-1"]
    assert found(limit=-1) == []
    assert found(offset=10**30) == []
    assert found(severity=Severity.CRITICAL) == ["C-2", "C-1"]
    assert found(rule_id="R-2") == ["C-2"]
    assert found(rule_id="R-2", severity=Severity.CRITICAL) == []
    assert found(agent_id="A-1") == ["C-5", "C-3", "C-1"]
    assert found(team="t'1", agent_id="A-0") == ["C-4", "C-2"]
    assert found(product="none") == []
    assert found(state=CallState.INSPECTED) == ["C-2", "C-1"]
    assert len(found(day_from=DAY, day_to=DAY)) == 5
    assert found(day_from=DAY + timedelta(1)) == []
    assert found(day_to=DAY - timedelta(1)) == []


def test_a_filter_looks_at_the_current_inspection_only(store: Store) -> None:
    keep(store, "C-1")
    inspect(store, finding(rule_id="R-1"))
    store.queue.requeue(["C-1"])
    inspect(store)
    assert store.calls.page(CallFilter(rule_id="R-1")).total == 0


def test_calls_stand_in_order_of_time_also_without_one(store: Store) -> None:
    """A call whose time is not known stands at the moment it came in (NOW is 09:00 UTC)."""
    keep(store, "C-early", 1, started_at="2026-11-17T08:00:00+00:00")
    keep(store, "C-b", 2, started_at="2026-11-17T16:00:00+08:00")
    keep(store, "C-none", 3, started_at=None)
    keep(store, "C-late", 4, started_at="2026-11-17T10:00:00+00:00")
    assert [e.call_id for e in store.calls.page(CallFilter()).entries] == ["C-late", "C-none", "C-b", "C-early"]
    assert [e.call_id for e in store.calls.on_day(DAY)] == ["C-b", "C-early", "C-none", "C-late"]


def test_all_ids_walks_through_batches(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(calls_module, "BATCH", 2)
    for n in range(5):
        keep(store, f"C-{n}", n, started_at="2026-11-17T08:00:00+00:00")
    assert list(store.calls.all_ids()) == [f"C-{n}" for n in range(5)]


def test_neighbours_are_those_before_and_after_in_time_then_by_id(store: Store) -> None:
    for n in (3, 0, 2, 1):
        keep(store, f"C-{n}", n + 1, started_at=f"2026-11-17T0{8 + n // 2}:00:00+00:00")
    order = list(store.calls.all_ids())
    around = [store.calls.neighbours(call_id) for call_id in order]
    assert around == list(zip([None, *order[:-1]], [*order[1:], None], strict=True))
    assert store.calls.neighbours("C-9") == (None, None)


def test_days_count_what_was_inspected_and_confirmed(store: Store) -> None:
    keep(store, "C-1", 1)
    keep(store, "C-2", 2)
    store.calls.add(
        facts(), call_id="C-3", source="x", day=date(2026, 11, 18), recording=recording(3), transcript=None,
        received_at=datetime(2026, 11, 18, tzinfo=UTC),
    )  # fmt: skip
    doubtful = finding(rule_id="R-3", state=FindingState.UNVERIFIED)
    inspect(
        store, finding(), finding(rule_id="R-2"), doubtful, finding(polarity=Polarity.PRAISE, severity=Severity.PRAISE)
    )
    assert [(d.day, d.received, d.inspected, d.findings) for d in store.calls.days()] == [
        (date(2026, 11, 18), 1, 0, 0),
        (DAY, 2, 1, 2),
    ]
    store.queue.requeue(["C-1"])
    assert [(d.inspected, d.findings) for d in store.calls.days()] == [(0, 0), (0, 0)]
