"""What is asked of the server."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from qa_service.search.elastic.cells import ALWAYS, Cell, looked_for
from qa_service.search.elastic.clause import Clause, call_clause, turn_clause
from qa_service.search.elastic.mapping import MOST_INNER
from qa_service.search.protocol import Access, Facet
from qa_service.search.tree import Node

#: Values of a facet that are counted: more than one can choose from, and exact.
FACET_VALUES = 1000
#: Days of a facet: a hundred years.
FACET_DAYS = 36_600
#: Of each turn its number and its vector.
VECTOR_OF_TURN: Clause = {
    "size": MOST_INNER, "_source": False, "docvalue_fields": ["turns.index", "turns.vector_bytes"],
}  # fmt: skip
NEWEST: list[dict[str, Any]] = [{"happened_at": "desc"}, {"call_id": "asc"}]
BEST: list[dict[str, Any]] = [{"_score": "desc"}, *NEWEST]


def allowed(access: Access) -> list[Clause]:
    """What the asker may see, as filters."""
    bounds = {Facet.TEAM: access.teams, Facet.AGENT: access.agents}
    return [{"terms": {facet.value: sorted(bound)}} for facet, bound in bounds.items() if bound is not None]


def calls_in(
    cells: Sequence[Cell],
    access: Access,
    *,
    part: int = 0,
    turns: Clause | None = None,
    weighed: Sequence[Node] = (),
    vectors: bool = False,
) -> Clause:
    """Calls with a turn of the cells, with ``vectors`` one that has a vector.

    ``turns`` says what comes of each of these turns with its call, named by :func:`name`. The words of ``weighed`` say
    how good a turn is, and the best turn how good a call.
    """
    either = []
    for i, cell in enumerate(cells):
        # The name in the answer says in which of the cells a call is.
        named = {"_name": name(part, i)} if len(cells) > 1 else {}
        there = {"bool": {"filter": [call_clause(cell.call)], **named}}
        nested: Clause = {
            "path": "turns",
            "query": _turn(cell, weighed, vectors),
            "score_mode": "max" if weighed else "none",
            **({"inner_hits": {"name": name(part, i), **turns}} if turns else {}),
        }
        if cell.turn != ALWAYS:
            either.append({"bool": {"filter": [there], "must": [{"nested": nested}]}})
            continue
        # Any turn will do: that a call has one is asked of the call, and its turns are only looked at to be shown.
        some = {"range": {"vector_count" if vectors else "turn_count": {"gte": 1}}}
        either.append({"bool": {"filter": [there, some], "should": [{"nested": nested}] if turns or weighed else []}})
    if not either:
        return {"match_none": {}}
    asked = either[0] if len(either) == 1 else {"bool": {"should": either, "minimum_should_match": 1}}
    return {"bool": {"must": [asked], "filter": allowed(access)}}


def name(part: int, cell: int) -> str:
    """Of a cell of a part, in the answer."""
    return f"{part}.{cell}"


def counts(cells: Sequence[Cell], facets: Iterable[Facet], *, vectors: bool = False) -> dict[str, Any]:
    """Aggregations over the calls that are found: all turns that match, and calls by each facet."""
    turns = {f"turns.{i}": _count(cell, vectors) for i, cell in enumerate(cells)}
    return {**turns, **{f"facet.{facet.value}": _facet(facet) for facet in facets}}


def _turn(cell: Cell, weighed: Sequence[Node], vectors: bool) -> Clause:
    """Turns of a cell. Where the call alone fulfils a part of what was asked, the words of that part still weigh."""
    clause = turn_clause(cell.turn)
    if not vectors and set(weighed) <= set(looked_for(cell.turn)):
        return clause
    there = [{"exists": {"field": "turns.vector"}}] if vectors else []
    return {"bool": {"filter": [clause, *there], "should": [turn_clause(word) for word in weighed]}}


def _count(cell: Cell, vectors: bool) -> dict[str, Any]:
    if cell.turn == ALWAYS:
        counted: dict[str, Any] = {"sum": {"field": "vector_count" if vectors else "turn_count"}}
    else:
        counted = {"nested": {"path": "turns"}, "aggs": {"found": {"filter": _turn(cell, (), vectors)}}}
    return {"filter": call_clause(cell.call), "aggs": {"all": counted}}


def _facet(facet: Facet) -> dict[str, Any]:
    if facet is Facet.DAY:
        return {"terms": {"field": "day", "size": FACET_DAYS, "order": {"_key": "asc"}}}
    return {"terms": {"field": facet.value, "size": FACET_VALUES, "shard_size": 20 * FACET_VALUES}}
