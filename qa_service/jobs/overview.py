"""Where everything stands, for ``qa status`` and the pages; and how the search index is."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING

from qa_service.errors import SetupError
from qa_service.jobs.trouble import error_info
from qa_service.records import CallEntry, CallState, ErrorInfo, QuarantineEntry, Record
from qa_service.search.protocol import IndexState
from qa_service.store.calls import CallFilter
from qa_service.store.outbox import Lag, Parked
from qa_service.store.store import Store

if TYPE_CHECKING:
    from qa_service.search.protocol import SearchIndex

TROUBLED = (CallState.FAILED, CallState.NOT_ASSESSABLE)
MOST_LISTED = 200


class Overview(Record):
    """Calls by state, those in trouble with their reason, refused files, and how far behind the index is.

    ``quarantined`` lists the latest of ``refused`` files and lines.
    ``index_backlog`` calls wait for the index, the longest since ``index_waiting_since``; ``index_parked`` it refused.
    """

    calls: dict[CallState, int]
    troubled: tuple[CallEntry, ...]
    quarantined: tuple[QuarantineEntry, ...]
    refused: int
    index_backlog: int
    index_waiting_since: datetime | None = None
    index_parked: int = 0


class IndexReport(Record):
    """The search index and what it lacks. ``state`` is None while the index does not answer: ``error`` says why.

    ``inspected`` calls are in the database; at most 200 ``parked`` calls are listed, ``lag`` counts all.
    """

    state: IndexState | None = None
    error: ErrorInfo | None = None
    inspected: int
    lag: Lag
    parked: tuple[Parked, ...] = ()


def overview(store: Store) -> Overview:
    """The state of the whole store, newest first; at most 200 calls or files of each kind are listed."""
    lag = store.outbox.lag()
    troubled = [e for s in TROUBLED for e in store.calls.page(CallFilter(state=s, limit=MOST_LISTED)).entries]
    return Overview(
        calls=store.calls.counts(),
        troubled=tuple(troubled),
        quarantined=store.quarantine.list(limit=MOST_LISTED),
        refused=store.quarantine.count(),
        index_backlog=lag.calls,
        index_waiting_since=lag.waiting_since,
        index_parked=lag.parked,
    )


def index_report(store: Store, open_index: Callable[[], SearchIndex]) -> IndexReport:
    """How the index is, also where it cannot be opened."""
    state, error = None, None
    try:
        with open_index() as index:
            state = index.state()
    except SetupError as wrong:
        error = error_info(wrong)
    return IndexReport(
        state=state,
        error=error,
        inspected=store.corpus.calls(),
        lag=store.outbox.lag(),
        parked=store.outbox.parked(),
    )
