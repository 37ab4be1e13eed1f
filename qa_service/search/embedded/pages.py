"""Where a page ends: a cursor names the last call that was shown, and where it stood.

The next page begins behind that call, where it stands now; so what is written between two pages neither shows a call
twice nor leaves one out, but for calls that change their own place.
"""

from __future__ import annotations

import base64
import hashlib
import json
from dataclasses import dataclass

from qa_service.errors import QueryError
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


def cursor(place: Place, asked: str) -> str:
    """The place as an opaque text, good for what was asked only."""
    told = json.dumps([asked, place.relevance, place.happened, place.call_id], separators=(",", ":"))
    return base64.urlsafe_b64encode(told.encode()).decode()


def place(cursor: str, asked: str) -> Place:
    """The place that a cursor names.

    Raises:
        QueryError: it is none, or of something else that was asked.
    """
    try:
        of, relevance, happened, call_id = json.loads(base64.urlsafe_b64decode(cursor))
        found = Place(float(relevance), float(happened), call_id)
    except (ValueError, TypeError):
        raise _lost() from None
    if of != asked or not isinstance(call_id, str):
        raise _lost()
    return found


def fingerprint(query: SearchQuery, access: Access, *also: object) -> str:
    """Tells what was asked, and by whom, from anything else."""
    bounds = [None if bound is None else sorted(bound) for bound in (access.teams, access.agents)]
    told = json.dumps([query.model_dump(mode="json", exclude=_FREE), bounds, repr(also)])
    return hashlib.sha256(told.encode()).hexdigest()[:16]


def _lost() -> QueryError:
    return QueryError("This page belongs to another search.", hint="Search again from the first page.")
