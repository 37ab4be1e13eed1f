"""The query language, understood: words, "phrases", AND OR NOT ( ), prefix*, like~, field:value, ranges, near().

Whatever is typed is either understood or refused with a QueryError that names the place.
"""

from __future__ import annotations

from collections.abc import Mapping

from luqum import tree as lucene

from qa_service.errors import QueryError, check_days
from qa_service.search.document import DIMENSIONS
from qa_service.search.fields import BY_NAME, short
from qa_service.search.findings import Finding
from qa_service.search.grammar import Cut, parsed
from qa_service.search.protocol import SearchQuery
from qa_service.search.reader import Reader, beside, has_words, joined
from qa_service.search.together import check_places, nears
from qa_service.search.tree import EVERY, And, Fact, Measure, Near, Node, Range, Understood


def understood(query: SearchQuery) -> Understood:
    """The text and all filters of a query, the days too. Whose calls may be seen (Access) is left to the index.

    Raises:
        QueryError: the text cannot be understood.
        InputError: REQUEST_INVALID: the first day is after the last.
    """
    check_days(query.day_from, query.day_to)
    read = parsed(query.text)
    check_places(read)
    together = tuple(nears(read))
    items = [item for item in beside(read.item) if not _is_near(item, read.nears)]
    ranked = any(map(has_words, items)) or bool(together)
    reader = Reader(read, "call" if ranked else "turn")
    if query.text.strip() and not together and not reader.all_of(items):
        raise QueryError(f"There is no word to look for in {short(query.text)}.", position=0, hint="Type a word.")
    if not together:
        return Understood(_all(reader.all_of(items, findings=_findings(query)) + _filters(query)), ranked=ranked)
    beside_them = joined(And, reader.all_of([item for item in items if has_words(item)]))
    narrowing = reader.all_of([item for item in items if not has_words(item)], findings=_findings(query))
    return Understood(_all(narrowing + _filters(query)), (*together, *([Near((beside_them,))] if beside_them else [])))


def narrowing(query: SearchQuery, vector: bytes) -> Understood:
    """What narrows a search for turns near to ``vector``.

    Raises:
        QueryError: the text cannot be understood or holds a near(), or the vector is none.
    """
    asked = understood(query)
    if asked.nears:
        raise QueryError("near() and before() cannot narrow a search by meaning.", hint="Take them out.")
    if len(vector) != DIMENSIONS or not any(vector):
        raise QueryError(f"A vector of meaning has {DIMENSIONS} bytes that are not all zero.")
    return asked


def _is_near(item: lucene.Item, nears: Mapping[int, Cut]) -> bool:
    return isinstance(item, lucene.Word) and item.pos in nears


def _all(parts: list[Node]) -> Node:
    return joined(And, parts) or Fact(EVERY)


def _findings(query: SearchQuery) -> list[Finding]:
    """What the filters ask of one finding."""
    asked = {
        "rule": query.rule_id, "requirement": query.requirement, "severity": query.severity, "state": query.state,
    }  # fmt: skip
    kept = {name: value.strip() for name, value in asked.items() if value and value.strip()}
    return [kept] if kept else []


def _filters(query: SearchQuery) -> list[Node]:
    asked = {
        "agent": query.agent_id, "team": query.team, "product": query.product, "stage": query.stage, "role": query.role,
    }  # fmt: skip
    found: list[Node] = [BY_NAME[name].fact(value) for name, value in asked.items() if value and value.strip()]
    if query.day_from or query.day_to:
        low, high = (day.isoformat() if day else None for day in (query.day_from, query.day_to))
        found.append(Range(Measure.DAY, low, high))
    return found
