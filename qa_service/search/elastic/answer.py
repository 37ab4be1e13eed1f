"""What the server answers, as the records of the protocol."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from qa_service.search.protocol import CallHit, Facet, FacetCount, TurnHit
from qa_service.search.streams import at_s, marks
from qa_service.search.tree import Node


def call_hit(hit: Mapping[str, Any], node: Node, *, ranked: bool) -> CallHit:
    """A call with the turns that came with it, in the order of speech. ``node`` says what is marked."""
    found = inner(hit, 0)
    turns = sorted((turn["_source"] for turn in found["hits"]), key=lambda turn: turn["index"])
    return CallHit(
        **hit["_source"]["shown"],
        turns=tuple(turn_hit(turn, node) for turn in turns),
        matches=found["total"]["value"],
        relevance=hit["_score"] if ranked else 0.0,
    )


def inner(hit: Mapping[str, Any], part: int) -> Mapping[str, Any]:
    """The turns of the one cell of a part that the call is in; the server also gives those of the other cells."""
    here = [named for named in hit["inner_hits"] if named.partition(".")[0] == str(part)]
    named = here[0] if len(here) == 1 else next(named for named in hit["matched_queries"] if named in here)
    found: Mapping[str, Any] = hit["inner_hits"][named]["hits"]
    return found


def turn_hit(turn: Mapping[str, Any], node: Node) -> TurnHit:
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
