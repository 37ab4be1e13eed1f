"""Where a page of results ends: a point in time of the index, the sort values of the last call, what was asked."""

from __future__ import annotations

import base64
import hashlib
import json
from dataclasses import dataclass
from typing import Any

from qa_service.errors import QueryError
from qa_service.search.protocol import Access, SearchQuery

#: How long the server keeps a point in time for the next page.
KEPT = "5m"
#: What does not change which calls are found, and in what order.
_FREE = {"after", "limit", "turns", "facets"}


@dataclass(frozen=True, slots=True)
class Place:
    """Behind one call of a result. ``pit`` names the point in time, ``seen`` counts the calls up to here."""

    pit: str
    after: list[Any]
    seen: int

    def cursor(self, asked: str) -> str:
        """The place as an opaque text, good for one query and asker only: those of :func:`fingerprint`."""
        told = json.dumps([asked, self.pit, self.after, self.seen], separators=(",", ":"))
        return base64.urlsafe_b64encode(told.encode()).decode()


def place(cursor: str, query: SearchQuery, access: Access) -> Place:
    """The place that a cursor names.

    Raises:
        QueryError: it is none, or of another query.
    """
    try:
        asked, pit, after, seen = json.loads(base64.urlsafe_b64decode(cursor))
    except (ValueError, TypeError):
        raise lost() from None
    sound = isinstance(pit, str) and isinstance(after, list) and isinstance(seen, int)
    if not sound or asked != fingerprint(query, access):
        raise lost()
    return Place(pit, after, seen)


def lost() -> QueryError:
    """The next page cannot be given any more."""
    message = "This page of results is not kept any more, or belongs to another search."
    return QueryError(message, hint="Search again from the first page.")


def fingerprint(query: SearchQuery, access: Access) -> str:
    """Of what is asked for, and by whom."""
    bounds = [None if bound is None else sorted(bound) for bound in (access.teams, access.agents)]
    told = json.dumps([query.model_dump(mode="json", exclude=_FREE), bounds])
    return hashlib.sha256(told.encode()).hexdigest()[:16]
