"""Orders to the search index: in order, none lost, none in the way of another; on SQLite and on PostgreSQL alike."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from qa_service.store.migrate import migrate
from qa_service.store.outbox import BACKOFF_S, LONGEST_S, MOST_ATTEMPTS
from qa_service.store.store import Store
from tests.factories import NOW, inspection, later, turns
from tests.store.keeping import claimed, inspect, keep, without_0003


def waiting(store: Store, *, minutes: float = 0) -> list[str]:
    return [entry.call_id for entry in store.outbox.pending(now=later(minutes))]


def again(store: Store, call_id: str) -> None:
    """Inspect a call once more."""
    store.queue.requeue([call_id])
    assert inspect(store) == call_id


@pytest.fixture
def three(store: Store) -> Store:
    """Three inspected calls, whose documents wait."""
    for n in range(1, 4):
        keep(store, f"C-{n}", n)
        inspect(store)
    return store


def test_the_order_is_kept_and_what_came_since_stays(three: Store) -> None:
    seen = three.outbox.pending(now=NOW)
    again(three, "C-1")
    three.outbox.done(seen)
    assert waiting(three) == ["C-1"]
    again(three, "C-2")
    first, second = three.outbox.pending(now=NOW)
    assert three.outbox.pending(1, now=NOW) == (first,)
    assert three.outbox.pending(after=first.number, now=NOW) == (second,)


def test_a_number_is_never_used_again(three: Store) -> None:
    seen = three.outbox.pending(now=NOW)
    three.outbox.done(seen)
    again(three, "C-1")
    three.outbox.done(seen)
    assert waiting(three) == ["C-1"]


def test_a_later_order_stands_for_the_earlier_ones_of_its_call(three: Store) -> None:
    again(three, "C-1")
    three.outbox.done(three.outbox.pending(now=NOW)[-1:])
    assert waiting(three) == ["C-2", "C-3"]


def test_what_may_pass_is_tried_again_ever_later_and_parked_at_last(three: Store) -> None:
    (first, *_) = three.outbox.pending(now=NOW)
    at, waits = NOW, []
    for _ in range(MOST_ATTEMPTS - 1):
        three.outbox.failed([first], "busy", passing=True, now=at)
        wait_s = min(BACKOFF_S * 2 ** len(waits), LONGEST_S)
        assert first not in three.outbox.pending(now=at + timedelta(seconds=wait_s - 1))
        at += timedelta(seconds=wait_s)
        assert three.outbox.pending(now=at)[0] == first
        waits.append(wait_s)
    assert waits[:3] == [30, 60, 120]
    three.outbox.failed([first], "busy", passing=True, now=at)
    assert waiting(three, minutes=10**6) == ["C-2", "C-3"]
    assert [(p.call_id, p.reason, p.attempts) for p in three.outbox.parked()] == [("C-1", "busy", MOST_ATTEMPTS)]


def test_what_will_not_pass_is_parked_at_once_and_holds_nothing_up(three: Store) -> None:
    (_, second, _) = three.outbox.pending(now=NOW)
    three.outbox.failed([second], "too \0large" + "!" * 900, passing=False, now=NOW)
    assert waiting(three) == ["C-1", "C-3"]
    (parked,) = three.outbox.parked()
    assert parked.reason.startswith("too large!")
    assert len(parked.reason) == 500
    lag = three.outbox.lag()
    assert (lag.calls, lag.parked) == (2, 1)
    assert three.outbox.retry_parked() == 1
    assert waiting(three) == ["C-1", "C-2", "C-3"]
    assert three.outbox.parked() == ()


def test_a_retry_does_not_wait_out_the_pause(three: Store) -> None:
    three.outbox.failed(three.outbox.pending(now=NOW)[:2], "busy", passing=True, now=NOW)
    assert waiting(three) == ["C-3"]
    assert len(three.outbox.pending(now=None)) == 3
    assert three.outbox.retry_parked() == 2
    assert waiting(three) == ["C-1", "C-2", "C-3"]


def test_a_newer_inspection_of_a_parked_call_is_written_and_unparks_it(three: Store) -> None:
    three.outbox.failed(three.outbox.pending(now=NOW)[:1], "broken", passing=False, now=NOW)
    again(three, "C-1")
    assert waiting(three) == ["C-2", "C-3", "C-1"]
    three.outbox.done(three.outbox.pending(now=NOW))
    assert three.outbox.all() == ()


def test_a_refused_call_keeps_one_entry(three: Store) -> None:
    again(three, "C-1")
    three.outbox.failed([e for e in three.outbox.pending(now=NOW) if e.call_id == "C-1"], "x", passing=False, now=NOW)
    assert [e.call_id for e in three.outbox.all()] == ["C-2", "C-3", "C-1"]
    assert len(three.outbox.parked()) == 1


def test_the_lag_names_the_longest_waiting(three: Store) -> None:
    before = datetime.now(UTC)
    assert three.outbox.lag().calls == 3
    assert before - timedelta(minutes=1) < (three.outbox.lag().waiting_since or NOW) <= datetime.now(UTC)
    three.outbox.done(three.outbox.all())
    assert three.outbox.lag().model_dump() == {"calls": 0, "waiting_since": None, "parked": 0}


def test_calls_may_be_ordered_by_hand(three: Store) -> None:
    three.outbox.done(three.outbox.all())
    ordered = three.outbox.order(["C-3", "C-1"])
    assert three.outbox.pending(now=NOW) == ordered
    assert [e.call_id for e in ordered] == ["C-3", "C-1"]
    assert three.outbox.order([]) == ()


def test_many_calls_at_once_are_no_trouble(store: Store) -> None:
    """More than a statement takes variables."""
    entries = store.outbox.order([f"C-{n}" for n in range(1200)])
    store.outbox.failed(entries[:1100], "busy", passing=True, now=NOW)
    assert len(store.outbox.pending(2000, now=NOW)) == 100
    store.outbox.done(entries)
    assert store.outbox.all() == ()


def test_an_outbox_of_before_keeps_its_orders(three: Store) -> None:
    with three.engine.begin() as connection:
        without_0003(connection)
    migrate(three.engine)
    assert waiting(three) == ["C-1", "C-2", "C-3"]
    assert three.outbox.lag().waiting_since == NOW


# --- what the index should hold ---


def test_the_walk_meets_every_inspected_call_once_in_one_order(store: Store) -> None:
    for n in range(5):
        keep(store, f"C-{n}", n, started_at=None if n % 2 else "2026-11-16T09:00:00+08:00")
    for _ in range(4):
        inspect(store)
    found = list(store.corpus.batches(2))
    assert [len(batch) for batch in found] == [2, 2]
    assert [call_id for batch in found for call_id in batch] == ["C-0", "C-2", "C-1", "C-3"]
    assert store.corpus.calls() == 4
    entries = store.corpus.entries(["C-3", "C-0", "C-4", "gone"])
    assert list(entries) == ["C-3", "C-0"]
    assert entries["C-0"] == store.calls.get("C-0")


def test_calls_and_turns_are_counted_as_the_index_should_hold_them(store: Store) -> None:
    for n, said in enumerate((("a",), ("a", "b", "c"), ())):
        keep(store, f"C-{n}", n)
        claim = claimed(store)
        assert store.queue.finish(claim, inspection(claim.call_id, turns=turns(*said)), NOW)
    assert store.corpus.census() == ((2, 4), 3)
    assert store.corpus.size_of(["C-1", "C-2", "gone"]) == (1, 3)
    assert store.corpus.size_of([]) == (0, 0)
    again_with_less(store, "C-1")
    assert store.corpus.census() == ((2, 2), 4)


def again_with_less(store: Store, call_id: str) -> None:
    store.queue.requeue([call_id])
    assert store.queue.finish(claimed(store), inspection(call_id, turns=turns("a")), NOW)
