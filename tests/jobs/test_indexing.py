"""From the outbox to the index: in order, nothing lost, one call's trouble its own."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta

import pytest

from qa_service.errors import ErrorCode, SetupError
from qa_service.jobs import documents, indexing
from qa_service.jobs.indexing import prune, sync_index
from qa_service.jobs.reindex import reindex
from qa_service.jobs.worker import work
from qa_service.search.document import DIMENSIONS, document
from qa_service.search.embedded import EmbeddedIndex
from qa_service.search.protocol import EVERYTHING, SearchQuery
from qa_service.settings import Settings
from qa_service.store.outbox import BACKOFF_S
from qa_service.store.store import Store, open_store
from tests.factories import DAY, inspection, unassessable
from tests.jobs.fakes import FakeInspector, keep_turns
from tests.jobs.indexes import MoodyIndex, inspect, inspect_again, inspect_calls


@pytest.fixture
def store(settings: Settings) -> Iterator[Store]:
    found = open_store(settings.database)
    yield found
    found.close()


@pytest.fixture
def index(settings: Settings) -> Iterator[MoodyIndex]:
    with EmbeddedIndex(settings.index_path) as real:
        yield MoodyIndex(real)


def waiting(store: Store) -> list[str]:
    return [entry.call_id for entry in store.outbox.pending(None, now=None)]


def parked(store: Store) -> dict[str, str]:
    return {one.call_id: one.reason for one in store.outbox.parked()}


def size(index: MoodyIndex) -> tuple[int, int]:
    found = index.real.state()
    return found.calls, found.turns


def test_what_waits_is_written_in_batches_and_struck(
    store: Store, index: MoodyIndex, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(indexing, "BATCH", 2)
    ids = inspect_calls(store, 5)
    assert sync_index(store, index) == 5
    assert index.written == [ids[:2], ids[2:4], ids[4:]]
    assert size(index) == (5, 15)
    assert store.outbox.all() == ()
    assert sync_index(store, index) == 0


def test_a_part_may_be_written(store: Store, index: MoodyIndex, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(indexing, "BATCH", 2)
    ids = inspect_calls(store, 5)
    assert sync_index(store, index, most=3) == 4
    assert waiting(store) == ids[4:]


def test_only_the_newest_inspection_is_written(store: Store, index: MoodyIndex) -> None:
    inspect_calls(store, 2)
    inspect_again(store, "C-000", "新的")
    assert sync_index(store, index) == 2
    assert index.written == [["C-000", "C-001"]]
    assert size(index) == (2, 4)


def test_one_refused_call_holds_up_no_other(store: Store, index: MoodyIndex) -> None:
    inspect_calls(store, 3)
    index.refuses = {"C-001": False}
    assert sync_index(store, index) == 2
    assert parked(store) == {"C-001": "too large"}
    assert waiting(store) == []
    index.refuses = {}
    assert sync_index(store, index) == 0
    store.outbox.retry_parked()
    assert sync_index(store, index) == 1
    assert size(index) == (3, 9)


def test_what_may_pass_is_tried_again_after_a_while(store: Store, index: MoodyIndex) -> None:
    inspect_calls(store, 2)
    index.refuses = {"C-000": True}
    assert sync_index(store, index) == 1
    index.refuses = {}
    assert sync_index(store, index) == 0
    due = datetime.now(UTC) + timedelta(seconds=BACKOFF_S + 1)
    assert sync_index(store, index, clock=lambda: due) == 1


def test_what_was_true_of_a_refused_call_is_not_left_in_the_index(store: Store, index: MoodyIndex) -> None:
    inspect_calls(store, 2)
    sync_index(store, index)
    inspect_again(store, "C-000", "别的")
    index.refuses = {"C-000": False}
    sync_index(store, index)
    assert size(index) == (1, 3)


def test_a_call_that_breaks_the_index_or_its_own_document_is_parked_without_its_words(
    store: Store, index: MoodyIndex, monkeypatch: pytest.MonkeyPatch
) -> None:
    inspect_calls(store, 4)
    index.breaks_at = {"C-001"}

    def breaking(entry: object, *rest: object) -> object:
        if entry.call_id == "C-002":  # type: ignore[attr-defined]
            raise ValueError("138 0013 8000")
        return document(entry, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(documents, "document", breaking)
    assert sync_index(store, index) == 2
    assert sorted(parked(store)) == ["C-001", "C-002"]
    assert not [reason for reason in parked(store).values() if "138" in reason]


def test_an_index_that_is_down_leaves_all_waiting_and_catches_up_in_order(store: Store, index: MoodyIndex) -> None:
    ids = inspect_calls(store, 3)
    index.down = True
    for _ in range(20):
        with pytest.raises(SetupError):
            sync_index(store, index)
    inspect_again(store, "C-000", "新的")
    assert waiting(store) == [*ids, "C-000"]
    assert store.outbox.lag().parked == 0
    index.down = False
    assert sync_index(store, index) == 3
    assert index.written == [ids]


def test_an_index_that_takes_none_of_several_counts_as_down(store: Store, index: MoodyIndex) -> None:
    ids = inspect_calls(store, 2)
    index.refuses = dict.fromkeys(ids, True)
    with pytest.raises(SetupError, match="too large"):
        sync_index(store, index)
    index.refuses = {}
    assert sync_index(store, index) == 2


def test_down_in_the_middle_loses_nothing(store: Store, index: MoodyIndex, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(indexing, "BATCH", 1)
    ids = inspect_calls(store, 3)

    def fall(written: list[str]) -> None:
        index.down = written == ["C-001"]

    index.before_write = fall
    with pytest.raises(SetupError):
        sync_index(store, index)
    assert waiting(store) == ids[1:]
    index.before_write, index.down = lambda _: None, False
    assert sync_index(store, index) == 2
    assert size(index) == (3, 9)


def test_a_call_without_words_has_no_document(store: Store, index: MoodyIndex) -> None:
    inspect_calls(store, 2)
    sync_index(store, index)
    store.queue.requeue(["C-000"])
    inspect(store, unassessable("C-000"))
    assert sync_index(store, index) == 1
    assert size(index) == (1, 3)
    assert store.outbox.all() == ()


def test_another_writer_is_not_disturbed(store: Store, index: MoodyIndex) -> None:
    inspect_calls(store, 1)
    with store.exclusive(indexing.LOCK):
        assert sync_index(store, index) == 0
    assert sync_index(store, index) == 1


# --- vectors and stages ---


def of_length(texts: Iterable[str]) -> list[bytes]:
    return [bytes([len(text)]) * DIMENSIONS for text in texts]


def test_turns_of_all_calls_get_their_vectors_at_once(store: Store, index: MoodyIndex) -> None:
    asked: list[list[str]] = []

    def embedder(texts: Iterable[str]) -> list[bytes]:
        asked.append(list(texts))
        return of_length(asked[-1])

    inspect_calls(store, 1)
    inspect_again(store, "C-000", "我的电话是13800138000", " ", "好")
    inspect_calls(store, 1, first=1)
    sync_index(store, index, embedder)
    (texts,) = asked
    assert texts[:2] == ["我的电话是[电话]", "好"]
    assert len(texts) == 5
    first, blank, last = (index.real.vector("C-000", n) for n in range(3))
    assert (first, blank, last) == (of_length(texts[0:1])[0], None, of_length("好")[0])


def test_words_are_found_where_the_encoder_fails(store: Store, index: MoodyIndex) -> None:
    def embedder(texts: Iterable[str]) -> list[bytes]:
        raise SetupError(ErrorCode.MODEL_CORRUPT, "The weights were changed.")

    inspect_calls(store, 1)
    assert sync_index(store, index, embedder) == 1
    assert index.real.state().vectors == 0
    assert parked(store) == {}


def test_the_stage_is_that_of_the_plans(store: Store, index: MoodyIndex) -> None:
    inspect_calls(store, 1)
    sync_index(store, index)
    (call,) = index.real.search(SearchQuery(text='stage:"M2–M3"'), EVERYTHING).calls
    assert call.stage == "M2–M3"


# --- the worker ---


def test_a_worker_brings_the_index_up_to_date(store: Store, settings: Settings, index: MoodyIndex) -> None:
    keep_turns(store, 3)
    off = settings.model_copy(update={"search_vectors": "off"})
    assert work(store, off, FakeInspector(), index=index).inspected == 3
    assert size(index) == (3, 9)


def test_inspection_goes_on_while_the_index_is_down_and_catches_up_without_new_calls(
    store: Store, settings: Settings, index: MoodyIndex
) -> None:
    keep_turns(store, 2)
    off = settings.model_copy(update={"search_vectors": "off"})
    index.down = True
    assert work(store, off, FakeInspector(), index=index).inspected == 2
    assert store.outbox.lag().calls == 2
    index.down = False
    assert work(store, off, FakeInspector(), index=index).inspected == 0
    assert size(index) == (2, 6)


def test_a_worker_that_stays_catches_up_though_no_call_comes(
    store: Store, settings: Settings, index: MoodyIndex, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("qa_service.jobs.worker.POLL_S", 0.02)
    monkeypatch.setattr("qa_service.jobs.indexer.REST_S", 0.0)
    inspect_calls(store, 1)
    stop, index.down = threading.Event(), True
    off = settings.model_copy(update={"search_vectors": "off"})
    thread = threading.Thread(target=work, args=(store, off, FakeInspector()), kwargs={
        "index": index, "stay": True, "stop": stop}, daemon=True)  # fmt: skip
    thread.start()
    time.sleep(0.1)
    index.down = False
    deadline = time.monotonic() + 10
    while store.outbox.all() and time.monotonic() < deadline:
        time.sleep(0.02)
    stop.set()
    thread.join(10)
    assert size(index) == (1, 3)


# --- an index that was lost ---


def lose(index: MoodyIndex, settings: Settings) -> None:
    index.real.close()
    for file in settings.data_dir.glob("search*"):
        file.unlink()


def test_an_index_that_was_lost_is_filled_again_by_the_worker(
    store: Store, settings: Settings, index: MoodyIndex
) -> None:
    off = settings.model_copy(update={"search_vectors": "off"})
    inspect_calls(store, 2)
    assert work(store, off, FakeInspector(), index=index).inspected == 0
    lose(index, settings)
    assert index.real.search(SearchQuery(), EVERYTHING).total_calls == 0  # makes it anew, and knows that
    assert index.real.state().unfilled
    work(store, off, FakeInspector(), index=index)
    assert size(index) == (2, 6)
    assert not index.real.state().unfilled
    assert store.outbox.lag().calls == 0


def test_calls_inspected_before_a_new_index_are_ordered_once_and_oldest_first(store: Store, index: MoodyIndex) -> None:
    old = inspect_calls(store, 2)
    store.outbox.done(store.outbox.all())
    new = inspect_calls(store, 1, first=2)
    assert sync_index(store, index) == 3
    assert index.written == [[*new, *old]]
    assert store.outbox.all() == ()


def test_an_index_that_was_emptied_on_purpose_stays_so(store: Store, settings: Settings, index: MoodyIndex) -> None:
    off = settings.model_copy(update={"search_vectors": "off"})
    inspect_calls(store, 2)
    work(store, off, FakeInspector(), index=index)
    prune(store, index, DAY + timedelta(days=1))
    work(store, off, FakeInspector(), index=index)
    assert size(index) == (0, 0)


def test_an_index_that_a_rebuild_puts_in_place_is_not_filled_twice(store: Store, index: MoodyIndex) -> None:
    inspect_calls(store, 2)
    reindex(store, index)
    assert not index.real.state().unfilled
    assert store.outbox.all() == ()


# --- retention ---


def test_earlier_days_are_taken_out(store: Store, index: MoodyIndex) -> None:
    inspect_calls(store, 2)
    sync_index(store, index)
    assert prune(store, index, DAY) == 0
    with store.exclusive(indexing.BUILD_LOCK), pytest.raises(SetupError, match="building"):
        prune(store, index, DAY)
    assert prune(store, index, DAY + timedelta(days=1)) == 2
    assert size(index) == (0, 0)
    assert store.calls.get("C-000").inspection == inspection("C-000")
