"""Trees in the server's words: conditions on a call, and on a turn nested in it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

from qa_service.search.tree import And, Fact, Fuzzy, Measure, Node, Not, Or, Range, Sounds, Words
from qa_service.text.tokens import pairs, stem

Clause: TypeAlias = dict[str, Any]
#: Words that a phrase may go on with (garnish*); the server looks at all there are, up to here.
CONTINUATIONS = 100_000
_EVERY: Clause = {"match_all": {}}
_NONE: Clause = {"match_none": {}}
_FIELDS = {Measure.SCORE: "score", Measure.DURATION: "duration_s", Measure.DAY: "day"}


def call_clause(node: Node) -> Clause:
    """A condition on a call; it stands where nothing is weighed."""
    match node:
        case Fact(token=token):
            return {"term": {"facts": token}}
        case Range():
            return {"range": {_FIELDS[node.measure]: _bounds(node)}}
        case And() | Or() | Not():
            return _bool(node, call_clause)
    raise TypeError(f"{node} is of a turn")


def turn_clause(node: Node) -> Clause:
    """A condition on a turn. Words weigh by BM25; facts, and words of which only a part is given, do not."""
    match node:
        case Words(tokens=(word,), prefix=True):
            return {"prefix": {"turns.words": {"value": word}}}
        case Words(tokens=(word,)):
            return {"term": {"turns.words": stem(word)}}
        case Words(tokens=run, prefix=True):
            phrase = {"query": " ".join(pairs(run)), "max_expansions": CONTINUATIONS}
            return {"match_phrase_prefix": {"turns.pairs": phrase}}
        case Words(tokens=run):
            return {"match_phrase": {"turns.pairs": " ".join(pairs(run))}}
        case Fuzzy(token=token, edits=edits):
            # The default way to rewrite looks at 50 words only.
            asked = {"value": token, "fuzziness": edits, "transpositions": True, "rewrite": "constant_score"}
            return {"fuzzy": {"turns.words": asked}}
        case Sounds(syllables=run, near=near):
            return {"match_phrase": {"turns.likes" if near else "turns.sounds": " ".join(run)}}
        case Fact(token=token):
            return {"bool": {"filter": [{"term": {"turns.facts": token}}]}}
        case And() | Or() | Not():
            return _bool(node, turn_clause)
        case Range():
            raise TypeError(f"{node} is of a call")


def _bool(node: And | Or | Not, clause: Callable[[Node], Clause]) -> Clause:
    match node:
        case And(parts=()):
            return _EVERY
        case Or(parts=()):
            return _NONE
        case Not(part=part):
            return {"bool": {"must_not": [clause(part)]}}
        case Or(parts=parts):
            return {"bool": {"should": [clause(part) for part in parts], "minimum_should_match": 1}}
        case And(parts=parts):
            there = [clause(part) for part in parts if not isinstance(part, Not)]
            absent = [clause(part.part) for part in parts if isinstance(part, Not)]
            return {"bool": {"must": there, "must_not": absent}}


def _bounds(node: Range) -> dict[str, Any]:
    low = "gte" if node.low_included else "gt"
    high = "lte" if node.high_included else "lt"
    return {name: end for name, end in ((low, node.low), (high, node.high)) if end is not None}
