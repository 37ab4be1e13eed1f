"""How well turns match: BM25 (Robertson, Zaragoza, 2009) as Lucene reckons it, over the words of a turn.

A phrase is weighed as one word, by how many turns have it. Of words and pairs it is known how often a turn has them up
to three times; longer phrases, sounds and misspelt words count once. Facts and measures weigh nothing.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from qa_service.search.embedded.columns import Bools, Floats, Ints, masked
from qa_service.search.embedded.find import Finder, driver
from qa_service.search.embedded.tokens import MOST_TIMES, times, tokens_of
from qa_service.search.tree import And, Fuzzy, Node, Or, Sounds, Words

K1 = 1.2
B = 0.75
#: Turns that have a word, above which (and so often above those that match) it is looked for together with the others.
_MANY, _MANY_MORE = 10_000, 8
Leaf = Words | Fuzzy | Sounds


@dataclass(frozen=True, slots=True)
class Statistics:
    """What the weight of a word rests on: all turns of the index, their average words, how many have each word.

    The pages of one search keep to those of its first page, so that what is written meanwhile moves no call.
    """

    turns: int
    average: float
    having: tuple[int, ...] = ()


def scores(finder: Finder, node: Node, positions: Ints, known: Statistics | None) -> tuple[Floats, Statistics]:
    """Of each of the turns, for all of which the node holds; and what they rest on: what is known, or as it is now."""
    lengths = finder.columns.lengths
    if known is None or len(known.having) != len(_asked(node)):
        known = Statistics(len(lengths), float(lengths.mean()) if len(lengths) else 0.0)
    norm = K1 * (1 - B + B * lengths[positions] / known.average) if known.average else np.full(len(positions), K1)
    together = driver(node)
    total, having = np.zeros(len(positions)), []
    for at, (leaf, required) in enumerate(_asked(node).items()):
        asked = finder.expression(leaf)
        often = np.ones(len(positions)) if required else _there(finder, asked, positions, together).astype(np.float64)
        for token in _repeats(leaf):
            often += _there(finder, f'"{token}"', positions, together)
        having.append(known.having[at] if known.having else finder.count(asked))
        total += _rarity(having[-1], known.turns) * often / (often + norm)
    return total, replace(known, having=tuple(having))


def _there(finder: Finder, asked: str, positions: Ints, together: Node | None) -> Bools:
    """Which of the turns an FTS5 expression holds of; where it holds of many more, only ``together`` is it read."""
    if together is not None and finder.count(asked) > _MANY + _MANY_MORE * len(positions):
        asked = f"{asked} AND {finder.expression(together)}"
    return masked(finder.lookup(asked), len(finder.columns.lengths))[positions]


def _asked(node: Node) -> dict[Leaf, bool]:
    return dict(_leaves(node, required=True))


def _rarity(having: int, turns: int) -> float:
    return math.log(1 + (max(turns - having, 0) + 0.5) / (having + 0.5))


def _leaves(node: Node, *, required: bool) -> Iterator[tuple[Leaf, bool]]:
    """The words that are looked for, and whether every turn that matches has them; a word is told once, so at last."""
    match node:
        case Words() | Fuzzy() | Sounds():
            yield node, required
        case And(parts=parts):
            for part in sorted(parts, key=lambda part: isinstance(part, Words | Fuzzy | Sounds)):
                yield from _leaves(part, required=required)
        case Or(parts=parts):
            for part in parts:
                yield from _leaves(part, required=False)


def _repeats(leaf: Leaf) -> Sequence[str]:
    if not isinstance(leaf, Words) or leaf.prefix or len(leaf.tokens) > 2:
        return ()
    (token,) = tokens_of(leaf)
    return [times(token, number) for number in range(2, MOST_TIMES + 1)]
