"""What every index can do, and the records that go in and out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from enum import StrEnum
from typing import Annotated, Protocol, Self

from pydantic import BeforeValidator, Field

from qa_service.records import FindingState, Record, Role, Severity
from qa_service.search.document import CallDocument

MOST_CALLS = 500
#: Matching turns of a call that come with it; ``CallHit.matches`` says how many there are.
MOST_TURNS = 50


def _sayable(value: object) -> object:
    """A terminal or a form may hand over half characters and NULs; they are nothing one could look for."""
    return value.encode("utf-8", "ignore").decode().replace("\0", " ") if isinstance(value, str) else value


Asked = Annotated[str, BeforeValidator(_sayable)]


class Access(Record):
    """What the asker may see: calls of these teams **and** of these agents; None is no bound.

    A call without a team (an agent) is outside any bound on teams (agents). Every search takes one, so that no
    caller can forget it.
    """

    teams: frozenset[str] | None = None
    agents: frozenset[str] | None = None

    def allows(self, call: CallDocument) -> bool:
        return (self.teams is None or call.team in self.teams) and (self.agents is None or call.agent_id in self.agents)


EVERYTHING = Access()


class Facet(StrEnum):
    """What results can be counted by. ``rule``, ``requirement``, ``severity`` and ``state`` are of the findings."""

    AGENT = "agent"
    TEAM = "team"
    RULE = "rule"
    REQUIREMENT = "requirement"
    SEVERITY = "severity"
    STATE = "state"
    PRODUCT = "product"
    STAGE = "stage"
    GRADE = "grade"
    LANGUAGE = "language"
    DAY = "day"


class Order(StrEnum):
    """``BEST`` falls back to ``NEWEST`` where no words were asked for."""

    BEST = "best"
    NEWEST = "newest"


class SearchQuery(Record):
    """What to look for: ``text`` in the query language of docs/search.md, and filters that must all hold.

    ``day_from`` and ``day_to`` are included. ``rule_id``, ``requirement``, ``severity`` and ``state`` together ask for
    one finding with all of them: with words, of the call; without words, the turns that prove it are listed.
    ``limit`` counts calls, ``turns`` how many matching turns come with each. ``after`` is ``SearchResults.next`` of the
    page before. ``facets`` says what to count the results by.
    """

    text: Asked = ""
    day_from: date | None = None
    day_to: date | None = None
    agent_id: Asked | None = None
    team: Asked | None = None
    product: Asked | None = None
    stage: Asked | None = None
    rule_id: Asked | None = None
    requirement: Asked | None = None
    severity: Severity | None = None
    state: FindingState | None = None
    role: Role | None = None
    order: Order = Order.BEST
    limit: int = Field(default=20, ge=1, le=MOST_CALLS)
    turns: int = Field(default=3, ge=1, le=MOST_TURNS)
    after: str | None = None
    facets: tuple[Facet, ...] = ()


class TurnHit(Record):
    """A turn that matches. ``highlights`` are ``[start, end)`` in the characters of ``text``, in order, apart.

    ``at_s`` is the moment to listen to: where the first mark is said, reckoned from its place in the turn.
    ``rule_ids`` and ``severities`` are of the findings that this turn proves.
    """

    turn_index: int
    start_s: float
    end_s: float
    at_s: float
    role: Role
    text: str
    highlights: tuple[tuple[int, int], ...] = ()
    rule_ids: tuple[str, ...] = ()
    severities: tuple[Severity, ...] = ()


class CallHit(Record):
    """A call with its matching turns: the best ones, in the order of speech; ``matches`` counts all of them.

    ``relevance`` is comparable within one answer only: of the best turn, 0 where nothing was ranked.
    """

    call_id: str
    day: date
    started_at: datetime | None = None
    duration_s: float | None = None
    language: str | None = None
    agent_id: str | None = None
    agent_name: str | None = None
    team: str | None = None
    product: str | None = None
    stage: str | None = None
    grade: str | None = None
    score: float | None = None
    rule_ids: tuple[str, ...] = ()
    severities: tuple[Severity, ...] = ()
    turns: tuple[TurnHit, ...]
    matches: int
    relevance: float = 0.0


class FacetCount(Record):
    """So many of the calls that match have this value."""

    value: str
    calls: int


class SearchResults(Record):
    """Calls that match, the best first or the newest.

    ``total_calls`` and ``total_turns`` count all that match. ``exact`` is False where a bound was reached (near() over
    very many calls): the totals and facets are then at least so many. ``next`` gives the next page, None at the end.
    ``facets``: the most frequent values first, days in order. ``relaxed``: nothing has all the words, and this text,
    of which some words will do, was searched instead (relaxed.py).
    """

    calls: tuple[CallHit, ...]
    total_calls: int
    total_turns: int
    exact: bool = True
    facets: Mapping[Facet, tuple[FacetCount, ...]] = Field(default_factory=dict)
    next: str | None = None
    relaxed: str | None = None


class Refused(Record):
    """A call that the index did not take. ``passing``: the same document may be taken later (the server was busy)."""

    call_id: str
    reason: str
    passing: bool


class IndexState(Record):
    """How the index is: ``backend`` and ``version`` for people, what it holds, ``building`` while a new one is made.

    ``unfilled``: it was made where there was none, and nobody has ordered yet what the database had by then.
    """

    backend: str
    version: str
    calls: int
    turns: int
    vectors: int
    building: bool = False
    unfilled: bool = False


class Rebuild(Protocol):
    """A new index that is filled beside the old one. While it is there, ``SearchIndex.write`` writes to both."""

    def holds(self, call_ids: Sequence[str]) -> frozenset[str]:
        """Which of these calls it has already: an unfinished build goes on where it was left."""

    def write(self, documents: Sequence[CallDocument]) -> tuple[Refused, ...]:
        """As SearchIndex.write, to the new index alone."""

    def size(self) -> tuple[int, int]:
        """Calls and turns that it holds now."""

    def swap(self) -> None:
        """Put it in the place of the old one, with no moment without an index, and drop the old one."""

    def drop(self) -> None:
        """Give it up."""


class SearchIndex(Protocol):
    """An index of calls by their turns, used by many threads and processes at once.

    Every method raises SetupError (INDEX_UNAVAILABLE) when the index cannot be reached or must be built again;
    the searches raise QueryError for a text or page that cannot be understood.
    """

    def write(self, documents: Sequence[CallDocument]) -> tuple[Refused, ...]:
        """Put each call in the place of what the index has of it; searches see the old or the new.

        Returns what was refused, by itself; everything else is in the index and can be found.
        """

    def delete(self, call_ids: Sequence[str]) -> None:
        """Take calls out; nothing happens for one that is not in."""

    def delete_before(self, day: date) -> int:
        """Take out all calls of earlier days (retention); how many there were."""

    def search(self, query: SearchQuery, access: Access) -> SearchResults:
        """Calls with turns that match the text and the filters."""

    def similar(self, vector: bytes, query: SearchQuery, access: Access) -> SearchResults:
        """Calls with the turns whose meaning is nearest to ``vector``, among the turns that match the query.

        ``relevance`` is the cosine; at most ``query.limit`` calls in one page; turns without a vector are passed over.
        """

    def vector(self, call_id: str, turn_index: int) -> bytes | None:
        """The vector of a turn, None where it has none."""

    def state(self) -> IndexState: ...

    def ordered(self) -> None:
        """Note that what the database has is ordered: the index is not ``unfilled`` any more."""

    def rebuild(self) -> Rebuild:
        """The new index that is being filled, made where there is none."""

    def clear(self) -> None:
        """Make the index empty and sound, whatever state it is in."""

    def close(self) -> None:
        """Let go of files and connections."""

    def __enter__(self) -> Self: ...

    def __exit__(self, *_: object) -> None: ...


class Embedder(Protocol):
    """Makes vectors of meaning; the classifier's plain encoder is one."""

    def __call__(self, texts: Iterable[str]) -> Sequence[bytes]:
        """For each text ``DIMENSIONS`` signed bytes whose direction is its meaning."""
