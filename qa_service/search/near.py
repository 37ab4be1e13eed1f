"""near() and before(): which calls have their parts near enough, found the same way over any index.

An index gives the candidates: calls that have each part somewhere, with the turns that have it. Whether these stand
near enough is reckoned here, from the places of the words in the turns.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from qa_service.records import Record, Role, Severity
from qa_service.search.protocol import Access, CallHit, Facet, SearchQuery
from qa_service.search.tree import Node

#: Candidates that one answer looks at after its page is full, so that totals are exact where they are few.
LOOKED_AT = 200


class PartTurn(Record):
    """A turn that has a part; its text says where. The findings are those that the turn proves."""

    turn_index: int
    start_s: float
    end_s: float
    role: Role
    text: str
    rule_ids: tuple[str, ...] = ()
    severities: tuple[Severity, ...] = ()


class Candidate(Record):
    """A call that has every part. ``parts`` are the turns of each, in the order of speech.

    ``call`` comes without turns. ``cursor`` lets the next page of candidates begin behind this one.
    """

    call: CallHit
    parts: tuple[tuple[PartTurn, ...], ...]
    facets: Mapping[Facet, tuple[str, ...]]
    cursor: str


class NearSource(Protocol):
    """What an index does for near()."""

    def candidates(
        self, parts: Sequence[Node], within: Node, query: SearchQuery, access: Access, *, after: str | None, count: int
    ) -> tuple[Sequence[Candidate], int]:
        """The next calls, newest first, in which for each part a turn matches it and ``within``; how many there are.

        The filters of the query and the access hold of each. ``after`` is the cursor of the candidate before.
        """
