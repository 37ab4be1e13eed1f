"""Bring the search index up to date from the database's outbox, or build it again from the start."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from qa_service import logs
from qa_service.errors import ErrorCode, SetupError
from qa_service.search.document import documents
from qa_service.store.ledger import OutboxEntry
from qa_service.store.store import Store

if TYPE_CHECKING:
    from qa_service.search.protocol import SearchIndex

log = logs.get(__name__)

LOCK = "search"
BATCH = 100
#: How long a rebuild waits for a worker that is writing documents.
REBUILD_WAIT_S = 60.0


def sync_index(store: Store, index: SearchIndex, *, wait_s: float = 0.0) -> int:
    """Write the documents of all calls that wait for the index; returns how many calls.

    One process writes at a time, so that an older inspection never overwrites a newer one: where another
    writes now (for longer than ``wait_s`` seconds), nothing is done, for it writes everything that waits.

    Raises:
        SetupError: INDEX_UNAVAILABLE; what was not written goes on waiting.
    """
    with store.exclusive(LOCK, wait_s=wait_s) as held:
        return _write_pending(store, index) if held else 0


def reindex(store: Store, index: SearchIndex) -> int:
    """Build the index again from the database; returns how many calls. Safe to break off: the rest waits.

    Raises:
        SetupError: INDEX_UNAVAILABLE, also when another process is writing to the index all the time.
    """
    with store.exclusive(LOCK, wait_s=REBUILD_WAIT_S) as held:
        if not held:
            message = "Another process has been writing to the search index for a minute."
            raise SetupError(ErrorCode.INDEX_UNAVAILABLE, message, "Stop it, or run `qa reindex` again later.")
        store.outbox.enqueue_all()
        index.clear()
        return _write_pending(store, index)


def _write_pending(store: Store, index: SearchIndex) -> int:
    """Batch by batch. A call whose documents cannot be made is logged and left waiting; the rest goes on."""
    written, last = 0, 0
    while entries := store.outbox.pending(BATCH, after=last):
        last = entries[-1].number
        for call_id, orders in _by_call(entries).items():
            if _write(store, index, call_id):
                store.outbox.done(orders)
                written += 1
    return written


def _by_call(entries: Sequence[OutboxEntry]) -> dict[str, list[OutboxEntry]]:
    found: dict[str, list[OutboxEntry]] = {}
    for entry in entries:
        found.setdefault(entry.call_id, []).append(entry)
    return found


def _write(store: Store, index: SearchIndex, call_id: str) -> bool:
    try:
        index.replace(call_id, documents(store.calls.get(call_id)))
    except SetupError:
        raise
    except Exception as wrong:  # one call's documents must not hold up the others'
        logs.failure(log, f"search documents of call {call_id}", wrong)
        return False
    return True
