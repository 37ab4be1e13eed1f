"""Which turns of a call a condition holds of, told from the tokens that come with the call.

The server could tell it, too (inner hits), but for that it asks its index once more for each call and each part of a
query, which takes several times as long as finding the calls. The tokens are those that it searched, and what holds of
them is plain, so both find the same turns.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, TypeAlias

from qa_service.search.elastic.cells import Cell, Leaf
from qa_service.search.tree import And, Fact, Fuzzy, Node, Not, Or, Range, Sounds, Words
from qa_service.text.distance import alignment
from qa_service.text.tokens import pairs, stem

#: A turn as the server holds it.
Turn: TypeAlias = Mapping[str, Any]
#: What is shown of a turn.
SHOWN = ("index", "start_s", "end_s", "role", "text", "rule_ids", "severities")
_K1, _B = 1.2, 0.75


def needed(cells: Iterable[Cell], words: Iterable[Leaf] = ()) -> list[str]:
    """The fields of the turns that an answer shows, and that are read to tell where these cells and words hold."""
    read = {name for cell in cells for name in _read(cell.turn)}
    for word in words:
        read |= {"words", *_read(word)}  # their length weighs
    return [f"turns.{name}" for name in (*SHOWN, *sorted(read))]


def holds(node: Node) -> Callable[[Turn], bool]:
    """Whether the condition holds of a turn, as ``clause.turn_clause`` asks the server for it."""
    match node:
        case And(parts=(one,)) | Or(parts=(one,)):
            return holds(one)
        case And(parts=parts):
            every = [holds(part) for part in parts]
            return lambda turn: all(each(turn) for each in every)
        case Or(parts=parts):
            either = [holds(part) for part in parts]
            return lambda turn: any(each(turn) for each in either)
        case Not(part=part):
            there = holds(part)
            return lambda turn: not there(turn)
        case Fact(token=token):
            return lambda turn: token in turn["facts"]
        case Range():
            raise TypeError(f"{node} is of a call")
    times = _times(node)
    return lambda turn: times(turn) > 0


class Weights:
    """How good the turns of some calls are: BM25 (Robertson, Zaragoza, 2009) reckoned over all turns of these calls.

    Rare words and short turns weigh more.
    """

    def __init__(self, words: Sequence[Leaf], among: Iterable[Turn]) -> None:
        self._times = [_times(word) for word in words]
        seen, length = 0, 0
        having = [0] * len(words)
        for turn in among:
            seen += 1
            length += _length(turn)
            for i, times in enumerate(self._times):
                having[i] += times(turn) > 0
        self._average = max(1.0, length / max(1, seen))
        self._rarity = [math.log(1 + (seen - there + 0.5) / (there + 0.5)) for there in having]

    def best(self, turns: Sequence[Turn], most: int) -> Sequence[Turn]:
        """At most so many of some turns, in the order of speech."""
        if len(turns) <= most or not self._times:
            return turns[:most]
        chosen = sorted(turns, key=lambda turn: (-self._weight(turn), turn["index"]))[:most]
        return sorted(chosen, key=lambda turn: int(turn["index"]))

    def _weight(self, turn: Turn) -> float:
        norm = _K1 * (1 - _B + _B * _length(turn) / self._average)
        often = [times(turn) for times in self._times]
        return sum(rare * there / (there + norm) for rare, there in zip(self._rarity, often, strict=True))


def _times(word: Leaf) -> Callable[[Turn], int]:
    """How often a turn has it; 1 for words of which only a part is given."""
    match word:
        case Words(tokens=(token,), prefix=True):
            return lambda turn: int(f" {token}" in f" {turn['words']}")
        case Words(tokens=(token,)):
            return _counter("words", stem(token))
        case Words(tokens=run, prefix=True):
            begun = f" {' '.join(pairs(run))}"
            return lambda turn: int(begun in f" {turn['pairs']}")
        case Words(tokens=run):
            return _counter("pairs", " ".join(pairs(run)))
        case Fuzzy(token=token, edits=edits):
            return lambda turn: int(any(alignment(w, token, edits) <= edits for w in set(turn["words"].split())))
        case Sounds(syllables=run, near=near):
            return _counter("likes" if near else "sounds", " ".join(run))


def _counter(stream: str, run: str) -> Callable[[Turn], int]:
    apart = f" {run.replace(' ', '  ')} "

    def count(turn: Turn) -> int:
        tokens: str = turn[stream]
        if run not in tokens:
            return 0
        return f" {tokens.replace(' ', '  ')} ".count(apart)  # str.count passes over what overlaps

    return count


def _read(node: Node) -> set[str]:
    match node:
        case Words(tokens=run):
            return {"pairs"} if len(run) > 1 else {"words"}
        case Fuzzy():
            return {"words"}
        case Sounds(near=near):
            return {"likes" if near else "sounds"}
        case Fact():
            return {"facts"}
        case Not(part=part):
            return _read(part)
        case And(parts=parts) | Or(parts=parts):
            return {name for part in parts for name in _read(part)}
    return set()


def _length(turn: Turn) -> int:
    words: str = turn["words"]
    return words.count(" ") + 1
