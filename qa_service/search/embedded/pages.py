"""Where a page ends: a cursor names the last call that was shown, and by what it was ranked.

The next page begins behind that place, and ranks by the same statistics of words (rank.py). So what is written between
two pages neither shows a call twice nor leaves one out, but for calls that change themselves.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass

from qa_service.errors import QueryError
from qa_service.search.embedded.rank import Statistics
from qa_service.search.protocol import Access, SearchQuery

#: What changes neither which calls are found nor their order.
_FREE = {"after", "limit", "turns", "facets"}


@dataclass(frozen=True, slots=True)
class Place:
    """Where a call stands: by relevance, then time (seconds since 1970), then its name."""

    relevance: float
    happened: float
    call_id: str

    @property
    def rank(self) -> tuple[float, float, str]:
        return -self.relevance, -self.happened, self.call_id


def cursor(place: Place, asked: str, known: Statistics | None = None) -> str:
    """The place as an opaque text, good for what was asked only."""
    ranked = [known.turns, known.average, *known.having] if known else []
    told = [place.relevance, place.happened, place.call_id, ranked]
    return base64.urlsafe_b64encode(json.dumps([_seal(asked, told), *told], separators=(",", ":")).encode()).decode()


def behind(cursor: str, asked: str) -> tuple[Place, Statistics | None]:
    """The place that a cursor names, and by what it was ranked (None: by time).

    Raises:
        QueryError: it is none, or of something else that was asked.
    """
    try:
        seal, *told = json.loads(base64.urlsafe_b64decode(cursor))
    except (ValueError, TypeError):
        raise _lost() from None
    if seal != _seal(asked, told):
        raise _lost()
    relevance, happened, call_id, ranked = told
    known = Statistics(ranked[0], ranked[1], tuple(ranked[2:])) if ranked else None
    return Place(relevance, happened, call_id), known


def fingerprint(query: SearchQuery, access: Access, *also: object) -> str:
    """Tells what was asked, and by whom, from anything else."""
    bounds = [None if bound is None else sorted(bound) for bound in (access.teams, access.agents)]
    return json.dumps([query.model_dump(mode="json", exclude=_FREE), bounds, repr(also)])


def _seal(asked: str, told: Sequence[object]) -> str:
    return hashlib.sha256(json.dumps([asked, told]).encode()).hexdigest()[:16]


def _lost() -> QueryError:
    return QueryError("This page belongs to another search.", hint="Search again from the first page.")
