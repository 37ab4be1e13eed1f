"""Which places of several parts stand near enough, in time linear in how many there are (but for sorting)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import inf
from typing import NamedTuple

#: Moments are reckoned, so that ten seconds may come out as 10.0000000001.
_ROUNDING_S = 1e-6


class Place(NamedTuple):
    """A part is said at ``at_s`` of the call: characters ``[start, end)`` of the turn. In order of these fields."""

    at_s: float
    turn_index: int
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Match:
    """``places`` are all that stand with all other parts within the window, ``tightest`` those of the shortest one."""

    places: frozenset[Place]
    tightest: tuple[Place, ...]


def apart(parts: Sequence[Sequence[Place]], needed: Sequence[int], seconds: float | None) -> Match | None:
    """Places in any order: of each part as many as ``needed``, from first to last no more than ``seconds``.

    None where they never are.
    """
    events = sorted((place, part) for part, places in enumerate(parts) for place in places)
    window = inf if seconds is None else seconds + _ROUNDING_S
    counts: Counter[int] = Counter()
    first = shortest = marked = 0  # begin of the longest window, of the shortest that has all parts, end of what is in
    inside: set[Place] = set()
    best: tuple[float, int, int] | None = None
    for last, (place, part) in enumerate(events):
        counts[part] += 1
        while counts[events[shortest][1]] > needed[events[shortest][1]]:
            counts[events[shortest][1]] -= 1
            shortest += 1
        while place.at_s - events[first][0].at_s > window:
            first += 1
        span = place.at_s - events[shortest][0].at_s
        if span > window or any(counts[i] < n for i, n in enumerate(needed)):
            continue
        inside.update(event[0] for event in events[max(first, marked) : last + 1])
        marked = last + 1
        if best is None or span < best[0]:
            best = span, shortest, last
    return best and Match(frozenset(inside), tuple(_each(events[best[1] : best[2] + 1], needed)))


def _each(events: Sequence[tuple[Place, int]], needed: Sequence[int]) -> Iterator[Place]:
    """Of each part as many as needed, the last ones."""
    left = dict(enumerate(needed))
    chosen = []
    for place, part in reversed(events):
        if left[part]:
            left[part] -= 1
            chosen.append(place)
    yield from reversed(chosen)


class _Chain(NamedTuple):
    """The shortest way to a place from the first part: when that began, and by which places."""

    since_s: float
    before: _Chain | None
    place: Place


def in_order(parts: Sequence[Sequence[Place]], seconds: float | None) -> Match | None:
    """Places that rise from part to part, the last no more than ``seconds`` after the first; None where none do."""
    window = inf if seconds is None else seconds + _ROUNDING_S
    onwards = _chains([sorted(places) for places in parts])
    back = _chains([sorted(map(_turned, places)) for places in reversed(parts)])
    until = [{_turned(chain.place): -chain.since_s for chain in chains} for chains in reversed(back)]
    inside = frozenset(
        chain.place
        for chains, ends in zip(onwards, until, strict=True)
        for chain in chains
        if chain.place in ends and ends[chain.place] - chain.since_s <= window
    )
    if not inside:
        return None
    tightest = min(onwards[-1], key=lambda chain: (chain.place.at_s - chain.since_s, chain.place))
    return Match(inside, tuple(_places(tightest)))


def _chains(parts: Sequence[Sequence[Place]]) -> list[list[_Chain]]:
    """For each part and each of its places that can be reached from the first part, the shortest way to it."""
    reached = [[_Chain(place.at_s, None, place) for place in parts[0]]]
    for places in parts[1:]:
        before = reached[-1]
        found: list[_Chain] = []
        taken, latest = 0, None
        for place in places:
            while taken < len(before) and before[taken].place[:3] < place[:3]:
                if latest is None or before[taken].since_s >= latest.since_s:
                    latest = before[taken]
                taken += 1
            if latest:
                found.append(_Chain(latest.since_s, latest, place))
        reached.append(found)
    return reached


def _turned(place: Place) -> Place:
    """In the order from the end to the beginning."""
    return Place(-place.at_s, -place.turn_index, -place.start, place.end)


def _places(chain: _Chain) -> Iterator[Place]:
    if chain.before:
        yield from _places(chain.before)
    yield chain.place
