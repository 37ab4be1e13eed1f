"""Recordings that are heard together: every promise of the queue holds for each of them by itself."""

from __future__ import annotations

import random
import signal
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from qa_service.errors import AudioError, ErrorCode, RuleError, SetupError
from qa_service.inspect.job import AudioJob
from qa_service.jobs import worker
from qa_service.jobs.worker import WorkReport, work
from qa_service.records import CallState, Inspection, ProgressEvent
from qa_service.settings import Settings
from qa_service.store.store import Store, open_store
from tests.jobs.fakes import (
    FakeInspector,
    keep_audio,
    keep_turns,
    noted,
    settings_at,
    until_begun,
    worker_process,
    workers_of,
)


@pytest.fixture
def store(settings: Settings) -> Iterator[Store]:
    found = open_store(settings.database)
    yield found
    found.close()


def states(store: Store) -> dict[str, CallState]:
    return {call_id: store.calls.get(call_id).state for call_id in store.calls.all_ids()}


def breaking(wrong: Exception, only: str) -> Callable[[str], None]:
    def before(call_id: str) -> None:
        if call_id == only:
            raise wrong

    return before


def test_recordings_that_wait_are_heard_together_and_turns_alone(
    store: Store, settings: Settings, tmp_path: Path
) -> None:
    ids = keep_audio(store, settings, tmp_path, 6)
    keep_turns(store, 2)
    inspector, events = FakeInspector(), list[ProgressEvent]()
    assert work(store, settings, inspector, on_progress=events.append) == WorkReport(inspected=8)
    assert inspector.together == [ids[:4], ids[4:]]
    assert [e.call_id for e in events if e.stage == "decode"][:4] == ids[:4]


@pytest.mark.parametrize(
    ("batch_calls", "limit", "together"), [(1, None, []), (3, None, [3, 2]), (4, 2, [2]), (4, 1, [])]
)
def test_no_more_than_asked_for(
    store: Store, settings: Settings, tmp_path: Path, batch_calls: int, limit: int | None, together: list[int]
) -> None:
    keep_audio(store, settings, tmp_path, 5)
    inspector = FakeInspector()
    report = work(store, settings.model_copy(update={"batch_calls": batch_calls}), inspector, limit=limit)
    assert report.inspected == (limit or 5)
    assert [len(batch) for batch in inspector.together] == together


def test_long_recordings_do_not_share_memory(
    store: Store, settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Three seconds each."""
    monkeypatch.setattr(worker, "MOST_TOGETHER_S", 7.0)
    ids = keep_audio(store, settings, tmp_path, 4)
    inspector = FakeInspector()
    assert work(store, settings, inspector).inspected == 4
    assert inspector.together == [ids[:2], ids[2:]]


def test_a_bad_call_harms_no_other(store: Store, settings: Settings, tmp_path: Path) -> None:
    keep_audio(store, settings, tmp_path, 3)
    wrong = AudioError(ErrorCode.AUDIO_DAMAGED, "1.wav is damaged.", "Export it again.")
    report = work(store, settings, FakeInspector(before=breaking(wrong, "A-001")))
    assert report == WorkReport(inspected=2, failed=1)
    assert states(store)["A-001"] is CallState.FAILED
    error = store.calls.get("A-001").error
    assert error
    assert error.code == "audio_damaged"


def test_a_call_that_broke_goes_alone_from_then_on(store: Store, settings: Settings, tmp_path: Path) -> None:
    keep_audio(store, settings, tmp_path, 3)
    inspector = FakeInspector(before=breaking(KeyError("138"), "A-001"))
    assert work(store, settings, inspector) == WorkReport(inspected=2, failed=1, retried=settings.max_attempts - 1)
    assert len(inspector.together) == 1
    assert inspector.seen == ["A-000", "A-001", "A-002", *["A-001"] * (settings.max_attempts - 1)]


@pytest.mark.parametrize("answer", ["breaks", "too few"])
def test_where_hearing_together_breaks_each_is_heard_alone(
    store: Store, settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, answer: str
) -> None:
    ids = keep_audio(store, settings, tmp_path, 3)

    def together(_self: object, jobs: Sequence[AudioJob], **_: object) -> list[Inspection | Exception]:
        if answer == "breaks":
            raise MemoryError
        return []

    monkeypatch.setattr(FakeInspector, "inspect_many", together)
    inspector = FakeInspector(before=breaking(AudioError(ErrorCode.AUDIO_DAMAGED, "damaged"), "A-001"))
    assert work(store, settings, inspector) == WorkReport(inspected=2, failed=1)
    assert inspector.seen == ids


def test_a_recording_that_vanished_harms_no_other(store: Store, settings: Settings, tmp_path: Path) -> None:
    keep_audio(store, settings, tmp_path, 3)
    with store.engine.begin() as connection:
        change = (
            """UPDATE calls SET recording = replace(recording, '"path":"', '"path":"../../') WHERE call_id = 'A-001'"""
        )
        connection.exec_driver_sql(change)
    assert work(store, settings, FakeInspector()) == WorkReport(inspected=2, failed=1)


@pytest.mark.parametrize("wrong", [SetupError(ErrorCode.MODEL_NOT_FOUND, "no weights"), RuleError("bad pack")])
def test_a_broken_installation_stops_the_work_and_all_wait(
    store: Store, settings: Settings, tmp_path: Path, wrong: Exception
) -> None:
    keep_audio(store, settings, tmp_path, 3)
    with pytest.raises(type(wrong)):
        work(store, settings, FakeInspector(before=breaking(wrong, "A-001")))
    assert set(states(store).values()) == {CallState.WAITING}
    assert {store.calls.get(c).attempts for c in states(store)} == {0}


def test_all_leases_are_renewed_during_a_long_batch(store: Store, settings: Settings, tmp_path: Path) -> None:
    keep_audio(store, settings, tmp_path, 3)
    taken: list[object] = []

    def long(_: str) -> None:
        end = time.monotonic() + 0.5
        while time.monotonic() < end:
            taken.append(store.queue.claim("other", lease_s=60, now=datetime.now(UTC)))
            time.sleep(0.05)

    short = settings.model_copy(update={"lease_s": 0.3})
    assert work(store, short, FakeInspector(before=long)) == WorkReport(inspected=3)
    assert set(taken) == {None}


def test_a_lease_that_was_lost_costs_that_call_only(store: Store, settings: Settings, tmp_path: Path) -> None:
    keep_audio(store, settings, tmp_path, 3)
    lost: list[str] = []

    def lose(call_id: str) -> None:
        """Another worker takes one call over, as if its lease had run out."""
        if call_id == "A-001":
            later = datetime.now(UTC) + timedelta(hours=1)
            with store.engine.begin() as connection:
                connection.exec_driver_sql("UPDATE calls SET lease_until = '2020-01-01' WHERE call_id = 'A-001'")
            claim = store.queue.claim("other", lease_s=7200, now=later - timedelta(hours=1))
            lost.append(claim.call_id if claim else "")

    assert work(store, settings, FakeInspector(before=lose)) == WorkReport(inspected=2, lost=1, elsewhere=1)
    assert lost == ["A-001"]
    assert store.calls.inspections("A-001") == ()


# --- kill -9 ----------------------------------------------------------------------------------------------------------


def test_a_call_that_kills_its_worker_takes_no_other_with_it(tmp_path: Path) -> None:
    """All four die with it once; then each goes alone, so that only the one that kills is given up."""
    settings, log = settings_at(tmp_path), tmp_path / "log"
    store = open_store(settings.database)
    ids = keep_audio(store, settings, tmp_path, 4)
    exits = []
    for _ in range(4):
        process = worker_process(settings.database, tmp_path, log, seconds=0, poison="A-001")
        process.join(30)
        exits.append(process.exitcode)
    assert exits == [-signal.SIGKILL] * 3 + [0]
    assert states(store) == {c: CallState.FAILED if c == "A-001" else CallState.INSPECTED for c in ids}
    assert noted(log) == {"A-000": 2, "A-001": 3, "A-002": 1, "A-003": 1}
    store.close()


def test_killed_at_random_moments_every_recording_is_inspected_exactly_once(tmp_path: Path) -> None:
    settings, log = settings_at(tmp_path), tmp_path / "log"
    store = open_store(settings.database)
    ids = keep_audio(store, settings, tmp_path, 40)
    moments = random.Random(20261125)
    for _ in range(8):
        process = worker_process(settings.database, tmp_path, log, seconds=0.02)
        until_begun(log, sum(noted(log).values()) + 1)
        time.sleep(moments.uniform(0.0, 0.1))
        process.kill()
        process.join()
    done_before = store.calls.counts()[CallState.INSPECTED]
    workers = [worker_process(settings.database, tmp_path, log, seconds=0.005) for _ in range(3)]
    for process in workers:
        process.join(60)
    assert done_before < len(ids)
    assert [w.exitcode for w in workers] == [0] * 3
    assert len(workers_of(log)) > 3
    assert set(states(store).values()) == {CallState.INSPECTED}
    assert [len(store.calls.inspections(c)) for c in ids] == [1] * len(ids)
    store.close()
