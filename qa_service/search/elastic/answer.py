"""What the server answers, as the records of the protocol."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from qa_service.search.elastic.cells import Cell, Leaf
from qa_service.search.elastic.request import name
from qa_service.search.elastic.turns import Turn, Weights, holds
from qa_service.search.protocol import CallHit, Facet, FacetCount, TurnHit
from qa_service.search.streams import at_s, marks
from qa_service.search.tree import Node


def call_hits(
    hits: Sequence[Mapping[str, Any]], cells: Sequence[Cell], node: Node, words: Sequence[Leaf], most: int
) -> Iterator[CallHit]:
    """Calls with at most so many of the turns for which their cell holds, in the order of speech.

    ``node`` says what is marked, ``words`` what makes a turn a good one; without words the first ones come.
    """
    weights = Weights(words, (turn for hit in hits for turn in hit["_source"]["turns"]) if words else ())
    for hit, found in zip(hits, matching(hits, cells), strict=True):
        yield CallHit(
            **hit["_source"]["shown"],
            turns=tuple(turn_hit(turn, node) for turn in weights.best(found, most)),
            matches=len(found),
            relevance=hit["_score"] if words else 0.0,
        )


def matching(hits: Iterable[Mapping[str, Any]], cells: Sequence[Cell], part: int = 0) -> Iterator[list[Turn]]:
    """Of each call the turns, in the order of speech, for which the one of the cells holds that the call is in."""
    hold = [holds(cell.turn) for cell in cells]
    for hit in hits:
        there = hold[_number(hit.get("matched_queries", ()), part, len(cells))]
        yield [turn for turn in hit["_source"]["turns"] if there(turn)]


def inner(hit: Mapping[str, Any]) -> Mapping[str, Any]:
    """What the server tells of the turns of the one cell that the call is in; it also tells it for other cells."""
    found = hit["inner_hits"]
    told: Mapping[str, Any] = found[name(0, _number(hit.get("matched_queries", ()), 0, len(found)))]["hits"]
    return told


def _number(matched: Iterable[str], part: int, cells: int) -> int:
    """Of the cell of a part that a call is in; of one alone the server tells no name."""
    return 0 if cells == 1 else next(i for i in range(cells) if name(part, i) in matched)


def turn_hit(turn: Turn, node: Node) -> TurnHit:
    """A turn with its marks, and the moment of the first."""
    start, end, text = turn["start_s"], turn["end_s"], turn["text"]
    marked = marks(text, node)
    return TurnHit(
        turn_index=turn["index"],
        start_s=start,
        end_s=end,
        at_s=at_s(start, end, text, marked),
        role=turn["role"],
        text=text,
        highlights=marked,
        rule_ids=tuple(turn["rule_ids"]),
        severities=tuple(turn["severities"]),
    )


def turns_found(counts: Mapping[str, Any]) -> int:
    """How many turns match, all cells together."""
    found = [counted["all"] for named, counted in counts.items() if named.startswith("turns.")]
    return sum(int(cell["value"] if "value" in cell else cell["found"]["doc_count"]) for cell in found)


def facets_found(counts: Mapping[str, Any], asked: Sequence[Facet]) -> dict[Facet, tuple[FacetCount, ...]]:
    """Calls by value: the most frequent first, days in order."""
    return {facet: tuple(map(_count, counts[f"facet.{facet.value}"]["buckets"])) for facet in asked}


def _count(bucket: Mapping[str, Any]) -> FacetCount:
    return FacetCount(value=bucket.get("key_as_string") or bucket["key"], calls=bucket["doc_count"])
