"""Bring the search index up to date from the database's outbox."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

from qa_service import logs
from qa_service.errors import ErrorCode, SetupError
from qa_service.jobs.documents import make, offer
from qa_service.search.protocol import Refused
from qa_service.store.outbox import OutboxEntry
from qa_service.store.store import Store

if TYPE_CHECKING:
    from qa_service.search.protocol import Embedder, SearchIndex

log = logs.get(__name__)

#: Held while something is written to the index, for one batch at a time.
LOCK = "search"
#: Held while a new index is filled.
BUILD_LOCK = "reindex"
#: Calls written at a time.
BATCH = 50
#: How long a command waits for a worker that is writing documents.
COMMAND_WAIT_S = 60.0
Clock = Callable[[], datetime]


def utc_now() -> datetime:
    return datetime.now(UTC)


def sync_index(
    store: Store,
    index: SearchIndex,
    embedder: Embedder | None = None,
    *,
    most: int | None = None,
    wait_s: float = 0.0,
    clock: Clock = utc_now,
) -> int:
    """Write the documents of calls that wait for the index, oldest first; returns how many calls.

    One process writes at a time, so that an older inspection never overwrites a newer one: where another writes now
    (for longer than ``wait_s`` seconds), nothing is done, for it writes everything that waits. A call that the index
    refuses is tried again later or parked; the others go on.

    Args:
        embedder: makes the turns' vectors; without it they have none.
        most: look at so many calls, or a few more.

    Raises:
        SetupError: INDEX_UNAVAILABLE; what was not written goes on waiting, in its order, and no attempt is counted.
    """
    if not store.outbox.pending(1, now=clock()) and not index.state().unfilled:
        return 0
    with store.exclusive(LOCK, wait_s=wait_s) as held:
        if not held:
            return 0
        _order_everything(store, index)
        return write_pending(store, index, embedder, most=most, clock=clock)


def _order_everything(store: Store, index: SearchIndex) -> None:
    """An index that was made where there was none lacks what the database had by then: the old one was lost, or
    another was chosen. One that is being built will take its place, and is filled by whoever builds it."""
    state = index.state()
    if not state.unfilled or state.building:
        return
    ordered = store.outbox.order_everything()
    index.ordered()
    if ordered:
        log.warning("the search index is new: %d calls that were inspected before are written to it", ordered)


def write_pending(
    store: Store, index: SearchIndex, embedder: Embedder | None, *, most: int | None = None, clock: Clock = utc_now
) -> int:
    """As :func:`sync_index`, for one that holds the lock."""
    written, looked_at, last = 0, 0, 0
    while (most is None or looked_at < most) and (entries := store.outbox.pending(BATCH, now=clock(), after=last)):
        last = entries[-1].number
        looked_at += len(entries)
        written += _write(store, index, embedder, entries, clock)
    return written


def _write(
    store: Store, index: SearchIndex, embedder: Embedder | None, entries: Sequence[OutboxEntry], clock: Clock
) -> int:
    """Entries are struck only after the index took their calls."""
    made = make(store, list(dict.fromkeys(entry.call_id for entry in entries)), embedder)
    if made.silent:
        index.delete(made.silent)
    refused = [*made.broken, *offer(index.write, made.documents)]
    lasting = [one.call_id for one in refused if not one.passing]
    if lasting:
        index.delete(lasting)  # what the index had of them is no longer true
    note(store, entries, refused, clock())
    troubled = {one.call_id for one in refused}
    taken = [entry for entry in entries if entry.call_id not in troubled]
    store.outbox.done(taken)
    return len({entry.call_id for entry in taken})


def note(store: Store, entries: Sequence[OutboxEntry], refused: Sequence[Refused], now: datetime) -> None:
    """Keep why the index did not take some of these calls."""
    for one in refused:
        log.warning("call %s: not taken by the search index: %s", one.call_id, one.reason)
        own = [entry for entry in entries if entry.call_id == one.call_id]
        store.outbox.failed(own, one.reason, passing=one.passing, now=now)


def prune(store: Store, index: SearchIndex, before: date) -> int:
    """Take all calls of days before ``before`` out of the index; returns how many. The database keeps them.

    Raises:
        SetupError: INDEX_UNAVAILABLE.
    """
    with store.exclusive(BUILD_LOCK) as alone, store.exclusive(LOCK, wait_s=COMMAND_WAIT_S) as held:
        if not alone:
            raise building()
        if not held:
            raise busy()
        return index.delete_before(before)


def busy() -> SetupError:
    """Another process has held the lock for too long."""
    message = f"Another process has been writing to the search index for {COMMAND_WAIT_S:.0f} seconds."
    return SetupError(ErrorCode.INDEX_UNAVAILABLE, message, "Stop it, or run the same command again later.")


def building() -> SetupError:
    """Another process fills a new index."""
    message = "Another process is building the search index."
    return SetupError(ErrorCode.INDEX_UNAVAILABLE, message, "Wait until it is done: `qa index status` tells.")
