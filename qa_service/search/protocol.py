"""What every index can do, and the records that go in and out."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Annotated, Protocol

from pydantic import BeforeValidator, Field

from qa_service.records import Record, Role, Severity
from qa_service.search.document import TurnDocument

MOST_HITS = 500


def _sayable(value: object) -> object:
    """A terminal or a form may hand over half characters and NULs; they are nothing one could look for."""
    return value.encode("utf-8", "ignore").decode().replace("\0", " ") if isinstance(value, str) else value


Asked = Annotated[str, BeforeValidator(_sayable)]


class SearchQuery(Record):
    """What to look for: ``text`` in the query language of docs/search.md, and filters that must all hold.

    ``day_from`` and ``day_to`` are included. ``rule_id`` and ``severity`` together ask for one finding with both.
    With words, they narrow to calls with such a finding; without, the turns that prove it are listed.
    """

    text: Asked = ""
    day_from: date | None = None
    day_to: date | None = None
    agent_id: Asked | None = None
    team: Asked | None = None
    rule_id: Asked | None = None
    severity: Severity | None = None
    role: Role | None = None
    limit: int = Field(default=20, ge=1, le=MOST_HITS)
    offset: int = Field(default=0, ge=0)


class SearchHit(Record):
    """A turn that matches. ``highlights`` are ``[start, end)`` in the characters of ``text``, in order, apart.

    ``rule_ids`` and ``severities`` are of the findings this turn proves; ``grade`` is the call's.
    """

    call_id: str
    turn_index: int
    start_s: float
    end_s: float
    role: Role
    text: str
    highlights: tuple[tuple[int, int], ...] = ()
    day: date
    started_at: datetime | None = None
    agent_id: str | None = None
    agent_name: str | None = None
    team: str | None = None
    rule_ids: tuple[str, ...] = ()
    severities: tuple[Severity, ...] = ()
    grade: str | None = None


class SearchResults(Record):
    """Some of the turns that match: the best first, or the newest where no words were asked for.

    ``total`` counts all turns that match, ``total_calls`` the calls they are of.
    """

    hits: tuple[SearchHit, ...]
    total: int
    total_calls: int


class SearchIndex(Protocol):
    """An index of turns, used by many threads and processes at once.

    Every method raises SetupError (INDEX_UNAVAILABLE) when the index cannot be reached or must be built again;
    :meth:`search` raises QueryError for a text that cannot be understood.
    """

    def replace(self, call_id: str, documents: Sequence[TurnDocument]) -> None:
        """Put these documents in the place of all that the call has; searches see the old or the new."""

    def delete(self, call_id: str) -> None:
        """Take the call out; nothing happens where it is not in."""

    def search(self, query: SearchQuery) -> SearchResults:
        """Turns that match."""

    def size(self) -> int:
        """How many turns are in the index."""

    def clear(self) -> None:
        """Make the index empty and sound, whatever state it is in."""

    def close(self) -> None:
        """Let go of files and connections."""
