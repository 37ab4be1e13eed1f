"""A new index beside the old one: filled, compared with the database, and only then put in its place."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from qa_service.errors import ErrorCode, SetupError
from qa_service.jobs import indexing
from qa_service.jobs import reindex as reindexing
from qa_service.jobs.indexing import sync_index
from qa_service.jobs.reindex import Reindexed, reindex
from qa_service.records import CallStatus
from qa_service.search.embedded import EmbeddedIndex
from qa_service.settings import Settings
from qa_service.store.store import Store, open_store
from tests.factories import inspection
from tests.jobs.indexes import MoodyIndex, inspect, inspect_again, inspect_calls, texts
from tests.search.conftest import elastic_prefix


@pytest.fixture(autouse=True)
def small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(indexing, "BATCH", 2)
    monkeypatch.setattr(reindexing, "BATCH", 2)


@pytest.fixture
def store(settings: Settings) -> Iterator[Store]:
    found = open_store(settings.database)
    yield found
    found.close()


@pytest.fixture(params=["embedded", pytest.param("elastic", marks=pytest.mark.elastic)])
def index(request: pytest.FixtureRequest, settings: Settings) -> Iterator[MoodyIndex]:
    if request.param == "embedded":
        with EmbeddedIndex(settings.index_path) as real:
            yield MoodyIndex(real)
        return
    from qa_service.search.elastic import ElasticIndex

    with elastic_prefix(request.getfixturevalue("elastic_url")) as server, ElasticIndex(server) as real:
        yield MoodyIndex(real)


def size(index: MoodyIndex) -> tuple[int, int, bool]:
    found = index.real.state()
    return found.calls, found.turns, found.building


def stopping(after: int) -> object:
    """Breaks the filling off, as Ctrl+C would, when so many calls were seen."""

    def progress(seen: int, _total: int) -> None:
        if seen >= after:
            raise KeyboardInterrupt

    return progress


def test_everything_inspected_is_in_the_new_index(store: Store, index: MoodyIndex) -> None:
    inspect_calls(store, 5)
    store.queue.requeue(["C-004"])
    inspect(store, inspection("C-004", status=CallStatus.FAILED, turns=()))
    seen: list[tuple[int, int]] = []
    done = reindex(store, index, on_progress=lambda *step: seen.append(step))
    assert done == Reindexed(calls=4, turns=12, resumed=0, refused=0)
    assert size(index) == (4, 12, False)
    assert seen == [(2, 5), (4, 5), (5, 5)]
    assert store.outbox.all() == ()


def test_an_empty_database_gives_an_empty_index(store: Store, index: MoodyIndex) -> None:
    assert reindex(store, index) == Reindexed(calls=0, turns=0, resumed=0, refused=0)


def test_broken_off_it_goes_on_where_it_was(store: Store, index: MoodyIndex) -> None:
    ids = inspect_calls(store, 7)
    sync_index(store, index)
    with pytest.raises(KeyboardInterrupt):
        reindex(store, index, on_progress=stopping(4))
    assert size(index) == (7, 21, True)
    index.written.clear()
    assert reindex(store, index) == Reindexed(calls=7, turns=21, resumed=4, refused=0)
    assert [call_id for batch in index.written for call_id in batch] == ids[4:]


def test_what_was_inspected_between_two_runs_is_in_it_as_it_is_now(store: Store, index: MoodyIndex) -> None:
    inspect_calls(store, 4)
    with pytest.raises(KeyboardInterrupt):
        reindex(store, index, on_progress=stopping(2))
    inspect_again(store, "C-000", "新的")
    inspect_again(store, "C-003", "新的", "好")
    assert reindex(store, index).turns == 1 + 3 + 3 + 2
    assert texts(index)["C-000"] == ["新的"]


def test_fresh_starts_over(store: Store, index: MoodyIndex) -> None:
    inspect_calls(store, 4)
    with pytest.raises(KeyboardInterrupt):
        reindex(store, index, on_progress=stopping(2))
    assert reindex(store, index, fresh=True).resumed == 0


def test_workers_may_go_on_meanwhile(store: Store, index: MoodyIndex) -> None:
    """New calls, and calls that were written already and are inspected again; nothing is lost, nothing is old."""
    inspect_calls(store, 6)
    sync_index(store, index)
    steps = iter(range(100))

    def meanwhile(_written: list[str]) -> None:
        number = next(steps)
        if number < 3:
            inspect_calls(store, 1, first=10 + number)
            inspect_again(store, f"C-{number * 2:03d}", "新的", "好")
            assert sync_index(store, index) == 0  # the lock is the rebuild's: it writes what waits

    index.before_write = meanwhile
    done = reindex(store, index)
    assert (done.calls, done.turns) == (9, 3 * 3 + 3 * 3 + 3 * 2)
    assert store.outbox.all() == ()
    assert texts(index)["C-002"] == ["新的", "好"]


def test_a_worker_in_another_thread_and_the_rebuild_do_not_mix_batches(store: Store, index: MoodyIndex) -> None:
    inspect_calls(store, 30)
    stop, broken = threading.Event(), list[Exception]()

    def sync() -> None:
        while not stop.is_set():
            try:
                sync_index(store, index, wait_s=0.05)
            except Exception as wrong:
                broken.append(wrong)

    thread = threading.Thread(target=sync)
    thread.start()
    again = iter(range(28))

    def progress(_seen: int, _total: int) -> None:
        inspect_again(store, f"C-{next(again):03d}", "新的")

    try:
        done = reindex(store, index, on_progress=progress)
    finally:
        stop.set()
        thread.join(20)
    assert broken == []
    assert (done.calls, done.turns) == (30, 15 + 15 * 3)
    assert {call_id for call_id, said in texts(index).items() if said == ["新的"]} == {f"C-{n:03d}" for n in range(15)}


def test_the_old_index_answers_until_the_new_one_is_complete(store: Store, index: MoodyIndex) -> None:
    inspect_calls(store, 4)
    sync_index(store, index)
    index.before_write = lambda _: None if size(index)[0] == 4 else pytest.fail("the old index is gone")
    reindex(store, index)


def test_an_old_index_that_is_of_no_use_is_replaced_all_the_same(store: Store, index: MoodyIndex) -> None:
    inspect_calls(store, 3)

    def refuse(_documents: object) -> None:
        raise SetupError(ErrorCode.INDEX_UNAVAILABLE, "The index was made by another version.")

    index.write = refuse  # type: ignore[method-assign, assignment]
    assert reindex(store, index).calls == 3
    del index.write  # type: ignore[method-assign]
    assert sync_index(store, index) == 0


# --- what does not fit ---


def test_one_refused_call_is_parked_and_told(store: Store, index: MoodyIndex) -> None:
    inspect_calls(store, 4)
    sync_index(store, index)
    index.refuses = {"C-001": False}
    assert reindex(store, index) == Reindexed(calls=3, turns=9, resumed=0, refused=1)
    assert [one.call_id for one in store.outbox.parked()] == ["C-001"]


def test_what_was_parked_is_tried_again_and_freed(store: Store, index: MoodyIndex) -> None:
    inspect_calls(store, 3)
    index.refuses = {"C-001": False, "C-002": True}
    sync_index(store, index)
    index.refuses = {}
    assert reindex(store, index) == Reindexed(calls=3, turns=9, resumed=0, refused=0)
    assert store.outbox.all() == ()


def test_a_refusal_that_may_pass_is_made_up_for_later(store: Store, index: MoodyIndex) -> None:
    inspect_calls(store, 3)
    sync_index(store, index)
    index.refuses = {"C-001": True}
    assert reindex(store, index).refused == 1
    assert [entry.call_id for entry in store.outbox.all()] == ["C-001"]
    assert store.outbox.lag().parked == 0
    index.refuses = {}
    store.outbox.retry_parked()
    sync_index(store, index)
    assert size(index) == (3, 9, False)


def test_a_call_refused_in_its_newest_form_is_not_left_in_its_old_one(store: Store, index: MoodyIndex) -> None:
    inspect_calls(store, 4)
    with pytest.raises(KeyboardInterrupt):
        reindex(store, index, on_progress=stopping(2))
    inspect_again(store, "C-000", "新的")
    index.refuses = {"C-000": False}
    assert reindex(store, index).refused == 1
    assert "C-000" not in texts(index)


def test_an_index_that_refuses_many_is_not_taken(
    store: Store, index: MoodyIndex, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reindexing, "FEW", 2)
    ids = inspect_calls(store, 8)
    sync_index(store, index)
    index.refuses = dict.fromkeys(ids[:5], False)
    for _ in range(3):
        with pytest.raises(SetupError, match="refused") as wrong:
            reindex(store, index)
        assert wrong.value.code == ErrorCode.INDEX_INCOMPLETE
        assert "too large" in wrong.value.message
    assert size(index)[:2] == (8, 24)
    assert reindex(store, index, most_refused=5) == Reindexed(calls=3, turns=9, resumed=0, refused=5)


def test_an_index_that_refuses_all_is_never_taken(store: Store, index: MoodyIndex) -> None:
    ids = inspect_calls(store, 2)
    sync_index(store, index)
    index.refuses = dict.fromkeys(ids, False)
    with pytest.raises(SetupError, match="refused 2 calls"):
        reindex(store, index, most_refused=100)
    assert size(index)[:2] == (2, 6)


@pytest.mark.parametrize("lost", [(1, 3), (0, 1)])
def test_counts_that_differ_leave_the_old_index(store: Store, index: MoodyIndex, lost: tuple[int, int]) -> None:
    inspect_calls(store, 4)
    sync_index(store, index)
    index.lost = lost
    with pytest.raises(SetupError, match="the database has 4 with 12") as wrong:
        reindex(store, index)
    assert wrong.value.code == ErrorCode.INDEX_INCOMPLETE
    assert "--fresh" in wrong.value.hint
    assert size(index) == (4, 12, True)
    index.lost = (0, 0)
    assert reindex(store, index, fresh=True).calls == 4


def test_only_one_builds(store: Store, index: MoodyIndex) -> None:
    with store.exclusive(indexing.BUILD_LOCK), pytest.raises(SetupError, match="building"):
        reindex(store, index)


def test_a_writer_that_never_ends_is_told(store: Store, index: MoodyIndex, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reindexing, "COMMAND_WAIT_S", 0.2)
    with store.exclusive(indexing.LOCK), pytest.raises(SetupError, match="writing"):
        reindex(store, index)
