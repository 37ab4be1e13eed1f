"""kill -9 at any moment, and several workers at once: every call inspected exactly once."""

from __future__ import annotations

import random
import signal
import time
from pathlib import Path

from sqlalchemy import text

from qa_service.records import CallState
from qa_service.search.embedded import EmbeddedIndex
from qa_service.search.protocol import EVERYTHING, SearchQuery
from qa_service.store.store import Store, open_store
from tests.jobs.fakes import keep_turns, noted, settings_at, until_begun, worker_process, workers_of

CALLS = 150
KILLS = 10
#: Calls where each is written to an index, too.
INDEXED = 60


def rows(store: Store, table: str) -> list[tuple[str, int]]:
    """(call id, number of rows), sorted."""
    join = "JOIN inspections USING (call_id)" if table == "inspections" else ""
    if table == "findings":
        join = "JOIN inspections i USING (call_id) JOIN findings f ON f.inspection_id = i.id"
    if table == "search_outbox":
        join = "JOIN search_outbox USING (call_id)"
    with store.engine.connect() as connection:
        found = connection.execute(text(f"SELECT call_id, count(*) FROM calls {join} GROUP BY call_id"))
        return sorted((row[0], row[1]) for row in found)


def assert_each_inspected_once(store: Store, ids: list[str]) -> None:
    assert store.calls.counts()[CallState.INSPECTED] == len(ids)
    for table in ("inspections", "findings", "search_outbox"):
        assert rows(store, table) == [(call_id, 1) for call_id in ids]
    for call_id in ids:
        current = store.calls.get(call_id).inspection
        assert current
        assert current.call_id == call_id


def test_killed_at_random_moments_every_call_is_inspected_exactly_once(
    store: Store, database_url: str, tmp_path: Path
) -> None:
    ids, log = keep_turns(store, CALLS), tmp_path / "log"
    moments = random.Random(20261124)
    killed = 0
    for _ in range(KILLS):
        process = worker_process(database_url, tmp_path, log, seconds=0.01)
        until_begun(log, sum(noted(log).values()) + 1)
        time.sleep(moments.uniform(0.0, 0.2))
        process.kill()
        process.join()
        killed += process.exitcode == -signal.SIGKILL
    done_before = store.calls.counts()[CallState.INSPECTED]
    last = worker_process(database_url, tmp_path, log, seconds=0)
    last.join(60)
    assert killed == KILLS
    assert 0 < done_before < CALLS, "the kills must fall into the work"
    assert last.exitcode == 0
    assert_each_inspected_once(store, ids)
    again = noted(log)
    assert sorted(again) == ids
    assert sum(again.values()) > CALLS, "at least one kill must have hit a call in the middle"


def test_the_next_worker_need_not_wait_for_the_lease(store: Store, database_url: str, tmp_path: Path) -> None:
    keep_turns(store, 1)
    process = worker_process(database_url, tmp_path, tmp_path / "log", seconds=60)
    deadline = time.monotonic() + 20
    while not noted(tmp_path / "log") and time.monotonic() < deadline:
        time.sleep(0.01)
    process.kill()
    process.join()
    assert store.calls.get("T-000").state is CallState.WORKING
    worker_process(database_url, tmp_path, tmp_path / "log", seconds=0).join(20)
    assert store.calls.get("T-000").state is CallState.INSPECTED
    assert store.calls.get("T-000").attempts == 2


def test_a_call_that_kills_its_worker_is_given_up_and_the_others_are_done(
    store: Store, database_url: str, tmp_path: Path
) -> None:
    ids, log = keep_turns(store, 5), tmp_path / "log"
    exits = []
    for _ in range(4):
        process = worker_process(database_url, tmp_path, log, seconds=0, poison="T-001")
        process.join(20)
        exits.append(process.exitcode)
    assert exits == [-signal.SIGKILL] * 3 + [0]
    entry = store.calls.get("T-001")
    assert entry.state is CallState.FAILED
    assert entry.error
    assert entry.error.code == "internal"
    assert "died 3 times" in entry.error.message
    assert store.calls.counts()[CallState.INSPECTED] == 4
    assert noted(log) == {call_id: 3 if call_id == "T-001" else 1 for call_id in ids}


def test_four_workers_share_a_queue_and_do_no_call_twice(store: Store, database_url: str, tmp_path: Path) -> None:
    ids, log = keep_turns(store, 60), tmp_path / "log"
    workers = [worker_process(database_url, tmp_path, log, seconds=0.005) for _ in range(4)]
    for worker in workers:
        worker.join(60)
    assert [w.exitcode for w in workers] == [0] * 4
    assert noted(log) == dict.fromkeys(ids, 1)
    assert len(workers_of(log)) > 1
    assert_each_inspected_once(store, ids)
    assert {store.calls.get(call_id).attempts for call_id in ids} == {1}


def test_killed_at_random_moments_every_call_is_in_the_index_once(tmp_path: Path) -> None:
    """Also killed between the index and the outbox: what was taken is written again, and not doubled."""
    settings, log = settings_at(tmp_path), tmp_path / "log"
    store = open_store(settings.database)
    ids = keep_turns(store, INDEXED)
    moments = random.Random(20261126)
    for _ in range(KILLS // 2):
        process = worker_process(settings.database, tmp_path, log, seconds=0.0, indexed=True)
        until_begun(log, sum(noted(log).values()) + 1)
        time.sleep(moments.uniform(0.0, 0.2))
        process.kill()
        process.join()
    done_before = store.calls.counts()[CallState.INSPECTED]
    last = worker_process(settings.database, tmp_path, log, seconds=0, indexed=True)
    last.join(60)
    assert 0 < done_before < INDEXED, "the kills must fall into the work"
    assert last.exitcode == 0
    with EmbeddedIndex(settings.index_path) as index:
        state = index.state()
        assert (state.calls, state.turns) == store.corpus.census().size == (INDEXED, INDEXED * 3)
        found = index.search(SearchQuery(limit=500, turns=50), EVERYTHING)
    assert sorted(call.call_id for call in found.calls) == ids
    assert store.outbox.all() == ()
    store.close()
