"""How well turns match: BM25 (Robertson, Zaragoza, 2009) as Lucene reckons it, over the words of a turn.

A phrase is weighed as one word, by how many turns have it. Of words and pairs it is known how often a turn has them up
to three times; longer phrases, sounds and misspelt words count once. Facts and measures weigh nothing.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from qa_service.search.embedded.columns import Floats, Ints, masked
from qa_service.search.embedded.find import Finder, driver
from qa_service.search.embedded.tokens import MOST_TIMES, times, tokens_of
from qa_service.search.tree import And, Fuzzy, Node, Or, Sounds, Words

K1 = 1.2
B = 0.75
Leaf = Words | Fuzzy | Sounds


@dataclass(frozen=True, slots=True)
class Statistics:
    """What the weight of a word rests on: all turns of the index, their average words, how many have each word.

    The pages of one search keep to those of its first page, so that what is written meanwhile moves no call.
    """

    turns: int
    average: float
    having: tuple[int, ...]

    def fits(self, node: Node) -> bool:
        """Whether they are of this query, as this version understands it."""
        return len(self.having) == len(_asked(node))


def statistics(finder: Finder, node: Node) -> Statistics:
    """As they are now, for the words of a query."""
    lengths = finder.columns.lengths
    having = tuple(finder.count(finder.expression(leaf)) for leaf in _asked(node))
    return Statistics(len(lengths), float(lengths.mean()) if len(lengths) else 0.0, having)


def scores(finder: Finder, node: Node, positions: Ints, known: Statistics) -> Floats:
    """Of each of the turns, for all of which the node holds."""
    size = len(finder.columns.lengths)
    lengths = finder.columns.lengths[positions]
    norm = K1 * (1 - B + B * lengths / known.average) if known.average else np.full(len(positions), K1)
    together = driver(node)
    beside = f" AND {finder.expression(together)}" if together else ""
    total = np.zeros(len(positions))
    for (leaf, required), having in zip(_asked(node).items(), known.having, strict=True):
        often = np.ones(len(positions))
        if not required:
            often *= masked(finder.lookup(finder.expression(leaf) + beside), size)[positions]
        for token in _repeats(leaf):
            often += masked(finder.lookup(f'"{token}"{beside}'), size)[positions]
        total += _rarity(having, known.turns) * often / (often + norm)
    return total


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
