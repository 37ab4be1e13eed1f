"""Words and meaning together: two rankings of the same calls, joined by their ranks.

Reciprocal rank fusion (Cormack, Clarke, Büttcher, 2009): a call weighs 1 / (60 + rank) in each ranking, and both are
added. Scores of different kinds, BM25 and cosines, need not be comparable for that, and both indexes give the same.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import zip_longest
from typing import NamedTuple

from luqum import tree as lucene

from qa_service.errors import ErrorCode, NotFoundError
from qa_service.search import relaxed
from qa_service.search.grammar import Parsed, parsed
from qa_service.search.protocol import (
    MOST_CALLS,
    Access,
    CallHit,
    Embedder,
    SearchIndex,
    SearchQuery,
    SearchResults,
    TurnHit,
)
from qa_service.search.reader import beside, has_words
from qa_service.search.together import opened
from qa_service.search.vectors import cosines

#: The constant of the paper: how little the first ranks weigh more than the next.
K = 60
#: Calls of each ranking that take part, where fewer are asked for.
DEPTH = 100


class Fused(NamedTuple):
    """Results, and the turns among them that only their meaning found, by call and number."""

    results: SearchResults
    by_meaning: frozenset[tuple[str, int]]


class Apart(NamedTuple):
    """The words of a query, and all that it asks beside them, in its own language."""

    words: str
    rest: str


def hybrid(index: SearchIndex, embedder: Embedder, query: SearchQuery, access: Access) -> Fused:
    """One page of calls that have the words or say much the same.

    What the text asks beside its words (fields, what must be absent) holds of both kinds, and so do the filters. A text
    without words is searched as it stands.

    Raises:
        QueryError, SetupError: as SearchIndex.search; what the embedder raises.
    """
    asked = apart(query.text)
    if not asked.words:
        return Fused(relaxed.search(index, query, access), frozenset())
    depth = max(DEPTH, query.limit)
    words = relaxed.search(index, query.model_copy(update={"limit": depth, "after": None}), access)
    (vector,) = embedder([asked.words])
    narrowed = query.model_copy(update={"text": asked.rest, "limit": depth, "after": None, "facets": ()})
    return fused(words, index.similar(vector, narrowed, access), query)


def like_turn(index: SearchIndex, call_id: str, turn_index: int, query: SearchQuery, access: Access) -> SearchResults:
    """Calls with the turns whose meaning is nearest to that of a turn, among those that match; without that turn.

    Raises:
        NotFoundError: the index has no vector of the turn.
        QueryError, SetupError: as SearchIndex.similar.
    """
    vector = index.vector(call_id, turn_index)
    if not vector:
        message = f"The search index has no vector of turn {turn_index} of call {call_id}."
        raise NotFoundError(ErrorCode.NOT_FOUND, message, "See docs/search.md: which turns have vectors.")
    one_more = query.model_copy(update={"limit": min(query.limit + 1, MOST_CALLS)})
    found = index.similar(vector, one_more, access)
    kept = []
    for call in found.calls:
        others = tuple(t for t in call.turns if (call.call_id, t.turn_index) != (call_id, turn_index))
        if len(others) == len(call.turns):
            kept.append(call)
        elif others:
            many = b"".join(filter(None, (index.vector(call_id, t.turn_index) for t in others)))
            nearest = float(cosines(vector, many).max()) if many else 0.0
            kept.append(call.model_copy(update={"turns": others, "matches": call.matches - 1, "relevance": nearest}))
    kept.sort(key=lambda call: -call.relevance)
    return found.model_copy(update={"calls": tuple(kept[: query.limit])})


def fused(words: SearchResults, meaning: SearchResults, query: SearchQuery) -> Fused:
    """The best ``query.limit`` calls of both rankings, each with at most ``query.turns`` turns.

    Totals and facets are those of the words; calls that only their meaning found are added to the first, which is not
    exact then. ``relevance`` is the sum of both weights.
    """
    weights: dict[str, float] = {}
    for ranking in (words, meaning):
        for rank, call in enumerate(ranking.calls, 1):
            weights[call.call_id] = weights.get(call.call_id, 0.0) + 1 / (K + rank)
    by_words, by_meaning = ({call.call_id: call for call in ranking.calls} for ranking in (words, meaning))
    best = sorted(weights, key=weights.__getitem__, reverse=True)[: query.limit]  # stable: words first where equal
    calls, only_meant = [], set()
    for call_id in best:
        call, meant = _joined(by_words.get(call_id), by_meaning.get(call_id), query.turns)
        calls.append(call.model_copy(update={"relevance": weights[call_id]}))
        only_meant |= {(call_id, index) for index in meant}
    added = len(by_meaning.keys() - by_words.keys())
    update = {
        "calls": tuple(calls), "next": None, "total_calls": max(words.total_calls, len(by_words) + added),
        "total_turns": max(words.total_turns, sum(len(call.turns) for call in calls)),
        "exact": words.exact and not added,
    }  # fmt: skip
    return Fused(words.model_copy(update=update), frozenset(only_meant))


def _joined(words: CallHit | None, meaning: CallHit | None, most: int) -> tuple[CallHit, set[int]]:
    """The call with turns of both by turns, those with words first; and the numbers of those without."""
    call = words or meaning
    assert call is not None
    marked = words.turns if words else ()
    known = {turn.turn_index for turn in marked}
    others = [turn for turn in (meaning.turns if meaning else ()) if turn.turn_index not in known]
    chosen = _alternating(marked, others)[:most]
    meant = {turn.turn_index for turn in chosen} - known
    turns = tuple(sorted(chosen, key=lambda turn: turn.turn_index))
    matches = max(words.matches if words else 0, len(turns))
    return call.model_copy(update={"turns": turns, "matches": matches}), meant


def _alternating(one: Sequence[TurnHit], other: Sequence[TurnHit]) -> list[TurnHit]:
    return [turn for pair in zip_longest(one, other) for turn in pair if turn is not None]


def apart(text: str) -> Apart:
    """A query as two: its words as one would say them, and what it asks beside them.

    What stands in one bracket, or under one OR, with words and fields (or what must be absent) is part of both: then
    what has the words is ranked by its meaning, and nothing is added to it.

    Raises:
        QueryError: there is no sense in it.
    """
    read = parsed(text)
    words: list[str] = []
    rest: list[str] = []
    for item in beside(read.item):
        near = read.nears.get(item.pos) if isinstance(item, lucene.Word) else None
        if near:
            inside, parts, _ = opened(read, near)
            words += [word for part in parts for word in _said(part, inside)]
            continue
        words += _said(item, read)
        if not has_words(item) or _mixed(item):
            rest.append(text[item.pos : item.pos + item.size].strip())
    return Apart(" ".join(words), " ".join(rest))


def _said(item: lucene.Item, read: Parsed) -> Iterator[str]:
    """The words that are looked for in it, also those looked for by their sound."""
    match item:
        case lucene.Not() | lucene.Prohibit():
            return
        case lucene.SearchField() if not has_words(item):
            return
        case lucene.Term():
            yield read.value(item).rstrip("*＊")
        case lucene.BaseApprox():
            yield read.value(item.term)
        case _:
            for child in item.children:
                yield from _said(child, read)


def _mixed(item: lucene.Item) -> bool:
    """Whether something else than words stands in it."""
    if isinstance(item, lucene.Not | lucene.Prohibit):
        return True
    if isinstance(item, lucene.SearchField):
        return not has_words(item)
    return any(_mixed(child) for child in item.children)
