"""Which turns of a call a condition holds of, told from the tokens that come with the call.

The server could tell it, too (inner hits), but for that it asks its index once more for each call and each part of a
query, which takes several times as long as finding the calls. The tokens are those that it searched, and what holds of
them is plain, so both find the same turns.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
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


def needed(cells: Iterable[Cell], words: Iterable[Node] = ()) -> list[str]:
    """The fields of the turns that an answer shows, and that are read to tell where these cells and words hold."""
    read = {name for node in (*(cell.turn for cell in cells), *words) for name in _read(node)}
    return [f"turns.{name}" for name in (*SHOWN, *sorted(read))]


def holds(node: Node, turn: Turn) -> bool:
    """Whether the condition holds of the turn, as ``clause.turn_clause`` asks the server for it."""
    match node:
        case And(parts=parts):
            return all(holds(part, turn) for part in parts)
        case Or(parts=parts):
            return any(holds(part, turn) for part in parts)
        case Not(part=part):
            return not holds(part, turn)
        case Fact(token=token):
            return token in turn["facts"]
        case Range():
            raise TypeError(f"{node} is of a call")
    return _times(node, turn) > 0


def best(turns: Sequence[Turn], words: Sequence[Leaf], among: Sequence[Turn], most: int) -> list[Turn]:
    """Those of some turns that have most of the words, in the order of speech.

    Reckoned as BM25 (Robertson, Zaragoza, 2009) over the turns ``among``: rare words and short turns weigh more.
    """
    if len(turns) <= most or not words:
        return list(turns[:most])
    lengths = [_length(turn) for turn in among]
    average = sum(lengths) / len(lengths)
    rarity = [_rarity(sum(_times(word, turn) > 0 for turn in among), len(among)) for word in words]

    def weight(turn: Turn) -> float:
        norm = _K1 * (1 - _B + _B * _length(turn) / average)
        often = [_times(word, turn) for word in words]
        return sum(rare * times / (times + norm) for rare, times in zip(rarity, often, strict=True))

    chosen = sorted(turns, key=lambda turn: (-weight(turn), turn["index"]))[:most]
    return sorted(chosen, key=lambda turn: turn["index"])


def _times(word: Leaf, turn: Turn) -> int:
    """How often a turn has it; 1 for words of which only a part is given."""
    match word:
        case Words(tokens=(token,), prefix=True):
            return int(any(said.startswith(token) for said in turn["words"].split()))
        case Words(tokens=(token,)):
            return _count(turn["words"], stem(token))
        case Words(tokens=run, prefix=True):
            return int(f" {' '.join(pairs(run))}" in f" {turn['pairs']}")
        case Words(tokens=run):
            return _count(turn["pairs"], " ".join(pairs(run)))
        case Fuzzy(token=token, edits=edits):
            return int(any(alignment(said, token, edits) <= edits for said in set(turn["words"].split())))
        case Sounds(syllables=run, near=near):
            return _count(turn["likes" if near else "sounds"], " ".join(run))


def _count(stream: str, run: str) -> int:
    if run not in stream:
        return 0
    apart, sought = stream.replace(" ", "  "), run.replace(" ", "  ")  # str.count passes over what overlaps
    return f" {apart} ".count(f" {sought} ")


def _read(node: Node) -> set[str]:
    match node:
        case Words(tokens=run):
            return {"words", "pairs"} if len(run) > 1 else {"words"}
        case Fuzzy():
            return {"words"}
        case Sounds(near=near):
            return {"words", "likes" if near else "sounds"}
        case Fact():
            return {"facts"}
        case Not(part=part):
            return _read(part)
        case And(parts=parts) | Or(parts=parts):
            return {name for part in parts for name in _read(part)}
    return set()


def _length(turn: Turn) -> int:
    return len(turn["words"].split())


def _rarity(having: int, turns: int) -> float:
    return math.log(1 + (turns - having + 0.5) / (having + 0.5))
