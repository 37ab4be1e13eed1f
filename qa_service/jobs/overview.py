"""Where everything stands, for ``qa status`` and the pages."""

from __future__ import annotations

from qa_service.records import CallEntry, CallState, QuarantineEntry, Record
from qa_service.store.calls import CallFilter
from qa_service.store.store import Store

TROUBLED = (CallState.FAILED, CallState.NOT_ASSESSABLE)
MOST_LISTED = 200


class Overview(Record):
    """Calls by state, those in trouble with their reason, refused files, and how far behind the index is."""

    calls: dict[CallState, int]
    troubled: tuple[CallEntry, ...]
    quarantined: tuple[QuarantineEntry, ...]
    index_backlog: int


def overview(store: Store) -> Overview:
    """The state of the whole store, newest first; at most 200 troubled calls of each kind are listed."""
    troubled = [e for s in TROUBLED for e in store.calls.page(CallFilter(state=s, limit=MOST_LISTED)).entries]
    return Overview(
        calls=store.calls.counts(),
        troubled=tuple(troubled),
        quarantined=store.quarantine.list(),
        index_backlog=store.outbox.lag().calls,
    )
