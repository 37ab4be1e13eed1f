"""Hits are joined as if each were compared with each, and in less time."""

from __future__ import annotations

import random
import time
from collections.abc import Sequence
from itertools import accumulate
from typing import Any, cast

import pytest

from qa_service.rules import windows
from qa_service.rules.compiled import Selection
from qa_service.rules.gates import Switches
from qa_service.rules.listen import Listener
from qa_service.rules.operators.around import Around, Between
from qa_service.rules.operators.base import Hit, Scene
from qa_service.rules.operators.lines import Line, Span
from qa_service.rules.operators.ordered import Ordered
from qa_service.rules.operators.place import Within

TEXT = "你好 hello 我 said what 再 见 了 pay now 还 钱 today or 不 还"
LINES = [Line(TEXT) for _ in range(6)]
MANY = 20_000
#: Comparing each of so many with each takes minutes.
SOON_S = 10.0


class _Listener:
    lines = LINES


def scene() -> Scene:
    return Scene((), (), {}, 0.0)


def some(chance: random.Random, name: str, most: int = 12) -> list[Hit]:
    """Hits in the order of the call, with times that mostly ascend."""
    found = []
    for _ in range(chance.randrange(most)):
        at, start = chance.randrange(len(LINES)), chance.randrange(30)
        span = Span(start, start + chance.choice((1, 2, 3, 9)))
        time_s = at * 5 + start / 10 + chance.choice((0, 0, 0, -7, 8))
        found.append(Hit(name, chance.randrange(3), at, span, time_s))
    return sorted(found, key=lambda h: h.key)


def selection(name: str, at_least: int, count: int) -> Selection:
    return Selection(name, (), frozenset(), (), "any", at_least, count, {}, Switches())


def near(hits: Sequence[Hit], anchor: Hit, within: Within, *, both_ways: bool) -> Sequence[Hit]:
    return windows._near(Ordered(hits), anchor, within, cast(Listener, _Listener), both_ways=both_ways)


def kept_plainly(around: Around, hits: Sequence[Hit], anchors: Sequence[Hit]) -> list[Hit]:
    """Each hit with each anchor."""

    def reaches(anchor: Hit, hit: Hit) -> bool:
        if hit.key < anchor.key:
            limits = (around.before_turns, anchor.at - hit.at), (around.before_s, anchor.time_s - hit.time_s)
        else:
            limits = (around.after_turns, hit.at - anchor.at), (around.after_s, hit.time_s - anchor.time_s)
        given = [(limit, apart) for limit, apart in limits if limit is not None]
        return bool(given) and all(apart <= cast(float, limit) for limit, apart in given)

    which = around.which
    chosen = anchors[which - 1 : which] if isinstance(which, int) else anchors
    chosen = {"first": anchors[:1], "last": anchors[-1:]}.get(cast(str, which), chosen)
    if which == "every" and not all(any(reaches(a, h) for h in hits) for a in chosen):
        return []
    return [h for h in hits if any(reaches(a, h) for a in chosen)]


@pytest.mark.parametrize("seed", range(300))
def test_what_is_near_is_what_reaches(seed: int) -> None:
    chance = random.Random(seed)
    hits, anchors = some(chance, "a"), some(chance, "b")
    kind = chance.choice(("turn", "turns", "seconds", "near", "call"))
    within = Within(kind, chance.choice((1, 2, 3, 6)) if kind not in ("turn", "call") else 0.0)
    for anchor in (*anchors, *hits):
        for both_ways in (False, True):
            plainly = [h for h in hits if within.reaches(anchor, h, LINES, both_ways=both_ways)]
            assert list(near(hits, anchor, within, both_ways=both_ways)) == plainly, (within, anchor, both_ways)


@pytest.mark.parametrize("seed", range(300))
def test_the_nearest_are_the_first_by_distance(seed: int) -> None:
    chance = random.Random(seed)
    hits, (anchor, *_) = some(chance, "a"), some(chance, "b") or [Hit("b", 0, 2, Span(3, 4), 0.0)]
    wanted = selection("a", chance.choice((1, 1, 2)), chance.choice((1, 1, 2, 3)))
    paces = list(accumulate(chance.choice((1, 1, 0)) for _ in LINES))

    def away(hit: Hit) -> tuple[int, bool, bool, int, int]:
        turns, steps = hit.at - anchor.at, paces[hit.at] - paces[anchor.at]
        return abs(steps), turns != 0, turns > 0, abs(turns), abs(hit.span.start - anchor.span.start)

    ordered = sorted(hits, key=away)
    sizes = (size for size in range(1, len(ordered) + 1) if wanted.complete(ordered[:size]))
    assert list(windows._closest(wanted, hits, anchor, paces)) == ordered[: next(sizes, 0)]


@pytest.mark.parametrize("seed", range(300))
def test_hits_about_anchors_are_kept(seed: int) -> None:
    chance = random.Random(seed)
    names = ("before_turns", "after_turns", "before_s", "after_s")
    limits: dict[str, Any] = {n: chance.choice((1.0, 2.0, 4.0)) for n in chance.sample(names, chance.randint(1, 4))}
    around = Around(of="b", which=chance.choice(("any", "any", "every", "first", "last", 2)), **limits)
    hits, anchors = some(chance, "a"), some(chance, "b", 6)
    assert around.kept(hits, anchors, scene()) == kept_plainly(around, hits, anchors)


@pytest.mark.parametrize("seed", range(100))
def test_the_next_end_of_each_start(seed: int) -> None:
    chance = random.Random(seed)
    starts, ends = some(chance, "a"), some(chance, "b")
    found = Between(start="a", end="b", above_s=1.0, every=True).found(starts, ends, scene())
    nexts = {s: next((e for e in ends if e.key > s.key), None) for s in starts}
    assert {h.key for h in found} == {e.key for s, e in nexts.items() if e and e.time_s - s.time_s > 1}


def test_many_hits_take_little_time() -> None:
    pairs = [(name, Hit(name, 0, i, Span(0, 1), float(i))) for i in range(MANY) for name in ("a", "b")]
    hits, anchors = ([h for name, h in pairs if name == wanted] for wanted in ("a", "b"))
    began = time.process_time()
    assert len(Around(of="b", after_turns=2.0).kept(hits, anchors, scene())) == MANY
    assert len(Around(of="b", which="every", after_s=0.5).kept(hits, anchors, scene())) == MANY
    assert len(Between(start="a", end="b", above_s=0.5, every=True).found(hits, anchors, scene())) == MANY - 1
    line = Line("好" * MANY)
    row = Ordered([Hit("a", 0, 0, Span(i, i + 1), 0.0) for i in range(MANY)])
    listener = cast(Listener, type("_", (), {"lines": [line]}))
    near = [windows._near(row, h, Within("near", 5), listener, both_ways=True) for h in row.hits]
    assert max(map(len, near)) == 13
    assert time.process_time() - began < SOON_S


def test_many_hits_that_are_only_possible_take_little_time() -> None:
    hits, anchors = ([Hit(n, 0, i, Span(0, 1), float(i), soft="heard") for i in range(MANY)] for n in ("a", "b"))
    began = time.process_time()
    assert len(Around(of="b", which=5, after_s=3.0).kept(hits, anchors, scene())) == MANY - 4
    assert Between(start="a", end="b", above_s=2.0 * MANY, every=True).found(hits, anchors, scene()) == []
    assert time.process_time() - began < SOON_S
