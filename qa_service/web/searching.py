"""Searches of the pages and the API: each within what the asker may see, and honest about what the index lacks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from qa_service import logs
from qa_service.errors import ErrorCode, NotFoundError, QAError, SetupError
from qa_service.records import ErrorInfo, Record, Role
from qa_service.search import relaxed
from qa_service.search.document import redacted
from qa_service.search.hybrid import hybrid, like_turn
from qa_service.search.protocol import Access, Facet, IndexState, SearchQuery, SearchResults
from qa_service.web.access import permitted_call, unbounded
from qa_service.web.deps import Services
from qa_service.web.filters import Narrowed, SearchAsked

log = logs.get(__name__)


class SearchStatus(Record):
    """How far the index is behind what was inspected.

    ``behind``: calls wait for the index, or it refused some (``parked``), or it is new and lacks what was inspected
    before; ``building``: a new index is being filled while the old one answers; ``down``: searches are refused for the
    time being, ``error`` says why, calls wait and nothing is lost. Counts of calls are told only to those who may see
    all of them. ``meaning``: the index has vectors, so that turns can be found that say much the same in other words.
    """

    state: Literal["current", "behind", "building", "down"]
    waiting: int | None = None
    oldest: datetime | None = None
    parked: int | None = None
    index: IndexState | None = None
    meaning: bool = False
    error: ErrorInfo | None = None


@dataclass(frozen=True)
class Source:
    """A turn whose like is looked for; ``text`` is redacted."""

    call_id: str
    turn_index: int
    start_s: float
    role: Role
    text: str


@dataclass(frozen=True)
class Found:
    """Results, and the turns among them that were found by their meaning alone, by call and number.

    ``unmeant``: meaning was asked for and could not be looked at, and why; the results are of the words alone then.
    """

    results: SearchResults
    by_meaning: frozenset[tuple[str, int]] = frozenset()
    unmeant: QAError | None = None


def find(asked: SearchAsked, services: Services, access: Access, facets: Sequence[Facet] = ()) -> Found:
    """Calls with turns that match, in the order that was asked for; with ``asked.meaning`` also what means the same.

    Raises:
        QueryError: the words cannot be understood; its position is in ``asked.q``.
        SetupError: INDEX_UNAVAILABLE.
    """
    query = query_of(asked, facets)
    if not asked.meaning:
        return Found(relaxed.search(services.index, query, access))
    try:
        return Found(*hybrid(services.index, services.meaning, query, access))
    except SetupError as wrong:
        if wrong.code == ErrorCode.INDEX_UNAVAILABLE:
            raise
        logs.failure(log, "search by meaning", wrong)
        return Found(relaxed.search(services.index, query, access), unmeant=wrong)


def query_of(asked: SearchAsked, facets: Sequence[Facet] = ()) -> SearchQuery:
    """The search for what was typed, with all that narrows it."""
    order = {"order": asked.order} if asked.order else {}
    return asked.query(asked.q, **order, after=asked.after, facets=tuple(facets or asked.facets))


def find_like(source: Source, asked: Narrowed, words: str, services: Services, access: Access) -> SearchResults:
    """Calls with the turns whose meaning is nearest to that of a turn, the nearest first, without this turn itself.

    Raises:
        NotFoundError: the index has no vector of the turn.
    """
    return like_turn(services.index, source.call_id, source.turn_index, asked.query(words), access)


def find_like_text(text: str, asked: Narrowed, words: str, services: Services, access: Access) -> SearchResults:
    """Calls with the turns whose meaning is nearest to that of a text, the nearest first.

    Raises:
        SetupError: there is no encoder to make a vector with.
    """
    (vector,) = services.meaning([text])
    return services.index.similar(vector, asked.query(words), access)


def source_of(call_id: str, turn_index: int, services: Services, access: Access) -> Source:
    """The turn, as everybody may read it who may see its call.

    Raises:
        NotFoundError: there is no such call, or turn, for who asks.
    """
    call = permitted_call(call_id, services, access)
    found = call.inspection
    for turn, text in zip(found.turns, redacted(found), strict=True) if found else ():
        if turn.index == turn_index:
            return Source(call.call_id, turn.index, turn.start_s, turn.role, text)
    message = f"Call {call_id} has no turn {turn_index}."
    raise NotFoundError(ErrorCode.NOT_FOUND, message, "Look at the call; it may have been inspected again.")


def status_of(services: Services, access: Access, down: QAError | None = None) -> SearchStatus:
    """How far behind the index is, as far as who asks may know. ``down``: a search has just found it out of reach."""
    lag = services.store.outbox.lag()
    counts = {"waiting": lag.calls, "parked": lag.parked} if unbounded(access) else {}
    found = down or _state(services)
    if isinstance(found, QAError):
        error = ErrorInfo(code=found.code, message=found.message)
        return SearchStatus(state="down", oldest=lag.waiting_since, error=error, **counts)
    lacks = found.unfilled and services.store.corpus.calls() > 0
    behind = "behind" if lag.calls or lag.parked or lacks else "current"
    return SearchStatus(
        state="building" if found.building else behind,
        oldest=lag.waiting_since,
        index=found if unbounded(access) else None,
        meaning=found.vectors > 0,
        **counts,
    )


def _state(services: Services) -> IndexState | QAError:
    try:
        return services.index.state()
    except QAError as wrong:
        logs.failure(log, "state of the search index", wrong)
        return wrong
