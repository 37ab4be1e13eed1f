"""The queue: claims, leases, crashes; on SQLite and on PostgreSQL alike."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from qa_service.records import CallState, CallStatus, ErrorInfo, Role, Turn
from qa_service.store.calls import CallFilter
from qa_service.store.queue import Claim, Recovered, Waiting
from qa_service.store.store import Store
from tests.factories import DAY, NOW, facts, finding, inspection, later, transcript, unassessable
from tests.store.keeping import claimed, inspect, keep

BROKE = ErrorInfo(code="internal", message="broke")


def recover(store: Store, *dead: str, minutes: float = 0, most: int = 3) -> Recovered:
    return store.queue.recover(later(minutes), is_dead=lambda worker: worker in dead, max_attempts=most)


def test_claim_finish_and_read_back(store: Store) -> None:
    keep(store, "C-1")
    assert store.queue.waiting() == Waiting(1, 60.0)
    assert inspect(store, finding()) == "C-1"
    entry = store.calls.get("C-1")
    assert (entry.state, entry.attempts, entry.inspected_at) == (CallState.INSPECTED, 1, NOW)
    assert entry.inspection == inspection("C-1", findings=(finding(),))
    assert store.queue.claim("w", lease_s=60, now=NOW) is None
    assert store.queue.waiting() == Waiting(0, 0.0)
    assert [e.call_id for e in store.outbox.pending(now=NOW)] == ["C-1"]


def test_the_oldest_call_goes_first_and_no_call_to_two_workers(store: Store) -> None:
    keep(store, "C-2", 2)
    keep(store, "C-1", 1)
    claims = [store.queue.claim(w, lease_s=60, now=NOW) for w in ("a", "b", "c")]
    assert [c.call_id if c else None for c in claims] == ["C-1", "C-2", None]


def beside(store: Store, first: Claim, *, most: int = 9, most_audio_s: float = 3600.0) -> list[str]:
    claims = store.queue.claim_beside(first, most=most, most_audio_s=most_audio_s, now=NOW)
    assert {(c.worker, c.attempt, c.lease_s) for c in claims} <= {(first.worker, 1, first.lease_s)}
    assert all(store.queue.renew(c, NOW) for c in claims)
    return [c.call_id for c in claims]


def test_recordings_are_claimed_beside_the_first(store: Store) -> None:
    """A minute each; the oldest first, to one worker only."""
    for n in range(1, 6):
        keep(store, f"C-{n}", n)
    first = claimed(store, "a")
    assert beside(store, first, most=2) == ["C-2", "C-3"]
    assert claimed(store, "b").call_id == "C-4"
    assert beside(store, first) == ["C-5"]
    assert beside(store, first) == []
    assert store.queue.release("a") == 4
    assert {store.calls.get(f"C-{n}").attempts for n in (1, 2, 3, 5)} == {0}


def test_only_so_much_audio_is_claimed_together(store: Store) -> None:
    for n in range(1, 5):
        keep(store, f"C-{n}", n)
    assert beside(store, claimed(store), most_audio_s=179.0) == ["C-2"]
    assert beside(store, claimed(store, "b"), most_audio_s=120.0) == ["C-4"]


def test_what_was_tried_before_is_claimed_alone(store: Store) -> None:
    for n in range(1, 4):
        keep(store, f"C-{n}", n)
    assert store.queue.fail(claimed(store), BROKE, NOW, retry=True)
    first = claimed(store, "dead")
    assert first.call_id == "C-2"
    recover(store, "dead")
    assert beside(store, claimed(store)) == []
    again = claimed(store)
    assert (again.call_id, beside(store, again)) == ("C-1", [])


def test_turns_are_claimed_alone(store: Store) -> None:
    keep(store, "C-2", 2)
    store.calls.add(
        facts(), call_id="C-1", source="m.jsonl", day=DAY, recording=None, transcript=transcript("您好", "C-1"),
        received_at=NOW,
    )  # fmt: skip
    first = claimed(store)
    assert (first.call_id, beside(store, first)) == ("C-1", [])


def test_a_claim_that_was_lost_takes_none_beside_it(store: Store) -> None:
    for n in range(1, 4):
        keep(store, f"C-{n}", n)
    first = claimed(store, "a")
    store.queue.release("a")
    assert beside(store, first) == []


def test_a_lease_that_ran_out_is_taken_over_and_the_first_worker_writes_nothing(store: Store) -> None:
    keep(store, "C-1")
    first = claimed(store, "a")
    assert store.queue.claim("b", lease_s=60, now=later(0.9)) is None
    second = claimed(store, "b", minutes=2)
    assert (second.call_id, second.attempt) == ("C-1", 2)
    assert not store.queue.finish(first, inspection("C-1"), later(2))
    assert not store.queue.fail(first, BROKE, later(2), retry=True)
    assert not store.queue.fail(first, BROKE, later(2), retry=False)
    assert not store.queue.renew(first, later(2))
    assert store.queue.release("a") == 0
    assert store.calls.get("C-1").state is CallState.WORKING
    assert store.outbox.lag().calls == 0
    assert store.queue.finish(second, inspection("C-1"), later(2))
    assert not store.queue.finish(second, inspection("C-1"), later(2))
    assert len(store.calls.inspections("C-1")) == 1


def test_the_same_worker_does_not_mistake_an_old_claim_for_its_new_one(store: Store) -> None:
    keep(store, "C-1")
    old = claimed(store, "a")
    new = claimed(store, "a", minutes=2)
    assert not store.queue.finish(old, inspection("C-1"), later(2))
    assert store.queue.finish(new, inspection("C-1"), later(2))


def test_a_renewed_lease_holds(store: Store) -> None:
    keep(store, "C-1")
    claim = claimed(store, "a")
    assert store.queue.renew(claim, later(0.9))
    assert store.queue.claim("b", lease_s=60, now=later(1.5)) is None


def test_calls_of_dead_workers_come_back_at_once(store: Store) -> None:
    keep(store, "C-1", 1)
    keep(store, "C-2", 2)
    claimed(store, "dead", lease_s=600)
    claimed(store, "alive", lease_s=600)
    assert recover(store) == Recovered()
    assert recover(store, "dead") == Recovered(freed=1)
    claim = claimed(store, "new")
    assert (claim.call_id, claim.attempt) == ("C-1", 2)
    assert store.queue.claim("new", lease_s=60, now=NOW) is None


def test_a_call_that_killed_its_worker_lets_the_others_go_first(store: Store) -> None:
    keep(store, "C-1", 1)
    keep(store, "C-2", 2)
    claimed(store, "dead")
    recover(store, "dead")
    assert [claimed(store, "new").call_id, claimed(store, "new").call_id] == ["C-2", "C-1"]


def test_a_call_that_kills_every_worker_is_given_up(store: Store) -> None:
    keep(store, "C-1", 1)
    keep(store, "C-2", 2)
    inspect(store)
    store.queue.requeue(["C-1"])
    assert inspect(store) == "C-1"
    for attempt in (1, 2, 3):
        assert claimed(store, "dead").attempt == attempt
        found = recover(store, "dead")
        assert (found.freed, [r.call_id for r in found.given_up]) == ((1, []) if attempt < 3 else (0, ["C-2"]))
    entry = store.calls.get("C-2")
    assert entry.state is CallState.FAILED
    assert entry.error
    assert entry.error.code == "internal"
    assert "died 3 times" in entry.error.message
    assert entry.inspection == found.given_up[0]
    assert entry.inspection.status is CallStatus.FAILED
    assert "C-2" in {e.call_id for e in store.outbox.pending(now=NOW)}
    assert store.queue.claim("w", lease_s=60, now=NOW) is None
    assert store.queue.requeue(["C-2"]) == 1
    assert recover(store) == Recovered()
    assert inspect(store) == "C-2"


def test_a_worker_that_fell_silent_too_often_is_a_crash_too(store: Store) -> None:
    keep(store, "C-1")
    claimed(store, "a", minutes=0)
    claimed(store, "b", minutes=2)
    assert recover(store, minutes=4, most=2).given_up
    assert store.calls.get("C-1").state is CallState.FAILED


def test_what_broke_in_other_ways_is_no_crash(store: Store) -> None:
    keep(store, "C-1")
    for _ in range(5):
        store.queue.fail(claimed(store), BROKE, NOW, retry=True)
    claimed(store, "dead")
    assert recover(store, "dead", most=2) == Recovered(freed=1)


def test_a_released_call_waits_and_the_attempt_does_not_count(store: Store) -> None:
    keep(store, "C-1", 1)
    keep(store, "C-2", 2)
    claimed(store, "a")
    claimed(store, "b")
    assert store.queue.release("a") == 1
    entry = store.calls.get("C-1")
    assert (entry.state, entry.attempts) == (CallState.WAITING, 0)
    assert store.calls.get("C-2").state is CallState.WORKING


def test_failing_keeps_the_reason(store: Store) -> None:
    keep(store, "C-1")
    assert store.queue.fail(claimed(store), BROKE, NOW, retry=True)
    entry = store.calls.get("C-1")
    assert (entry.state, entry.error, entry.inspection) == (CallState.WAITING, BROKE, None)
    assert store.queue.fail(claimed(store), ErrorInfo(code="not_audio", message="no\0"), NOW, retry=False)
    entry = store.calls.get("C-1")
    assert (entry.state, entry.error) == (CallState.FAILED, ErrorInfo(code="not_audio", message="no"))
    assert entry.inspection
    assert entry.inspection.status is CallStatus.FAILED


def test_success_after_a_failure_clears_the_reason(store: Store) -> None:
    keep(store, "C-1")
    store.queue.fail(claimed(store), BROKE, NOW, retry=True)
    inspect(store)
    assert store.calls.get("C-1").error is None


def test_reinspection_keeps_history_and_points_at_the_newest(store: Store) -> None:
    keep(store, "C-1", 1)
    keep(store, "C-2", 2)
    inspect(store)
    claimed(store, "busy")
    assert store.queue.requeue(["C-1", "C-2", "C-none"]) == 1
    inspect(store, finding())
    assert [len(i.findings) for i in store.calls.inspections("C-1")] == [0, 1]
    entry = store.calls.get("C-1")
    assert entry.inspection
    assert len(entry.inspection.findings) == 1
    assert store.calls.page(CallFilter(rule_id=finding().rule_id)).total == 1


def test_not_assessable_is_a_state_of_its_own(store: Store) -> None:
    keep(store, "C-1")
    store.queue.finish(claimed(store), unassessable("C-1"), NOW)
    entry = store.calls.get("C-1")
    assert entry.state is CallState.NOT_ASSESSABLE
    assert entry.error
    assert entry.error.code == "no_speech"


def test_a_result_that_could_not_be_read_again_is_not_written(store: Store) -> None:
    """A number that JSON does not know would become null, and every list with this call would break."""
    keep(store, "C-1")
    claim = claimed(store)
    turn = Turn(index=0, role=Role.AGENT, start_s=float("nan"), end_s=1, text="")
    with pytest.raises(ValidationError):
        store.queue.finish(claim, inspection("C-1", turns=(turn,)), NOW)
    assert store.calls.get("C-1").state is CallState.WORKING
    assert store.calls.inspections("C-1") == ()
    assert store.queue.renew(claim, NOW)
