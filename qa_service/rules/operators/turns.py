"""Sets of turns, as the bits of a whole number.

Hundreds of rules ask of a call where several words can be together: unions, intersections and neighbours of sets of
turns. On the bits of a number each of these is one step, however long the call is.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import reduce
from operator import or_

#: Bit ``n`` stands for the turn at position ``n`` of the call.
Turns = int
NONE: Turns = 0


def turns_at(places: Iterable[int]) -> Turns:
    """The set of these positions."""
    found = NONE
    for at in places:
        found |= 1 << at
    return found


def first_turns(count: int) -> Turns:
    """The positions from 0 to ``count - 1``."""
    return (1 << count) - 1


def places_of(turns: Turns) -> list[int]:
    """Its positions, ascending."""
    bits = bin(turns)[:1:-1]
    found: list[int] = []
    at = bits.find("1")
    while at >= 0:
        found.append(at)
        at = bits.find("1", at + 1)
    return found


def union(sets: Iterable[Turns]) -> Turns:
    return reduce(or_, sets, NONE)


def holds(turns: Turns, at: int) -> bool:
    """Whether a position belongs to it."""
    return bool(turns >> at & 1)


def widened(turns: Turns, by: int) -> Turns:
    """With the ``by`` positions before and behind each; those beyond the end of a call too."""
    done = 0
    while done < by:
        step = min(done + 1, by - done)
        turns |= turns << step | turns >> step
        done += step
    return turns


def in_at_least(sets: Sequence[Turns], need: int) -> Turns:
    """Positions in ``need`` (one or more) of the sets."""
    in_so_many = [NONE] * (need + 1)
    for turns in sets:
        for count in range(need, 1, -1):
            in_so_many[count] |= in_so_many[count - 1] & turns
        in_so_many[1] |= turns
    return in_so_many[need]
