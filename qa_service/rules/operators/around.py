"""Windows about the hits of another selection, and the time between two events."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from typing import Literal, Self

from pydantic import Field, model_validator

from qa_service.rules.operators.base import Hit, Scene
from qa_service.rules.operators.ordered import Ordered
from qa_service.rules.operators.rate import beyond
from qa_service.rules.spec import Amount, Name, Spec

Which = Literal["any", "first", "last", "every"] | int
#: Why a hit is only possible; empty where it can be trusted.
Doubt = Callable[[Hit], str]


def _trusted(_hit: Hit) -> str:
    return ""


class Around(Spec):
    """Keeps the hits of a selection that lie about a hit of the selection ``of``.

    ``which``: any of its hits, the first, the last, the N-th (from 1), or every one of them (then each must have one).
    With none of the distances given the whole call counts on neither side: give at least one. A distance in turns and
    one in seconds must both hold.
    """

    of: Name
    which: Which = "any"
    before_turns: Amount | None = None
    after_turns: Amount | None = None
    before_s: Amount | None = None
    after_s: Amount | None = None

    @model_validator(mode="after")
    def _limited(self) -> Self:
        if isinstance(self.which, int) and self.which < 1:
            raise ValueError("hits are counted from 1")
        return self.need_one_of("before_turns", "after_turns", "before_s", "after_s")

    def kept(
        self,
        hits: Sequence[Hit],
        anchors: Sequence[Hit],
        scene: Scene,
        doubt: Doubt = _trusted,
        *,
        possible: bool = True,
    ) -> list[Hit]:
        """``hits`` within reach of the anchors; all in the order of the call.

        ``doubt``: why a hit is only possible. What counts only by such an anchor is no surer than that. ``possible``:
        nor is what would count if such an anchor were none: a word that only sounds like the first anchor hides
        nothing that is near to the next one.
        """
        kept = self._near(hits, anchors, scene)
        sound = [anchor for anchor in anchors if not (anchor.soft or doubt(anchor))]
        if len(sound) == len(anchors):
            return kept
        # Sure is what is near in both readings: with the anchors that are only possible, and without them.
        sure = {(h.key, h.term) for h in self._near(hits, sound, scene)} & {(h.key, h.term) for h in kept}
        weak = Ordered([anchor for anchor in anchors if anchor.soft or doubt(anchor)])
        if possible:
            kept = self._perhaps(hits, kept, anchors, sound, scene)
        return [h if (h.key, h.term) in sure else _leaning(h, weak, doubt) for h in kept]

    def _perhaps(
        self, hits: Sequence[Hit], kept: list[Hit], anchors: Sequence[Hit], sound: Sequence[Hit], scene: Scene
    ) -> list[Hit]:
        """``kept`` and what is near in some reading in which anchors that are only possible are none."""
        if self.which == "any":
            return kept
        if self.which == "every":
            return kept or self._near(hits, sound, scene)
        number = {"first": 1, "last": -1}.get(str(self.which), self.which)
        may_be = _may_be_chosen(int(number), anchors, {anchor.key for anchor in sound})
        places = {h.key for h in (*kept, *self._about(may_be, hits, scene))}
        return [h for h in hits if h.key in places]

    def _near(self, hits: Sequence[Hit], anchors: Sequence[Hit], scene: Scene) -> list[Hit]:
        return self._about(_chosen(self.which, anchors), hits, scene)

    def _about(self, anchors: Sequence[Hit], hits: Sequence[Hit], scene: Scene) -> list[Hit]:
        chosen, own = Ordered(anchors), Ordered(hits)
        before = _Limits.of(scene, self.before_turns, self.before_s)
        after = _Limits.of(scene, self.after_turns, self.after_s)
        if self.which == "every" and not all(
            after.ahead(own, i := own.before(anchor.key), anchor) or before.behind(own, i, anchor)
            for anchor in chosen.hits
        ):
            return []
        return [h for h in hits if before.ahead(chosen, i := chosen.up_to(h.key), h) or after.behind(chosen, i, h)]


@dataclass(frozen=True)
class _Limits:
    """How far on one side; None where that is not limited. With neither given nothing is near.

    The nearest are looked at first, and none from where all are too far: most often one or two.
    """

    turns: float | None
    seconds: float | None

    @classmethod
    def of(cls, scene: Scene, turns: Amount | None, seconds: Amount | None) -> Self:
        return cls(*(None if limit is None else scene.amount(limit) for limit in (turns, seconds)))

    def ahead(self, others: Ordered, start: int, hit: Hit) -> bool:
        """Whether one of ``others`` from ``start`` on, which stand behind ``hit``, is near."""
        if self.turns is None and self.seconds is None:
            return False
        for i in range(start, len(others.hits)):
            other = others.hits[i]
            if self.turns is not None and other.at - hit.at > self.turns:
                return False
            if self.seconds is None or other.time_s - hit.time_s <= self.seconds:
                return True
            if others.earliest[i] - hit.time_s > self.seconds:
                return False
        return False

    def behind(self, others: Ordered, end: int, hit: Hit) -> bool:
        """Whether one of ``others`` up to ``end``, which stand before ``hit``, is near."""
        if self.turns is None and self.seconds is None:
            return False
        for i in reversed(range(end)):
            other = others.hits[i]
            if self.turns is not None and hit.at - other.at > self.turns:
                return False
            if self.seconds is None or hit.time_s - other.time_s <= self.seconds:
                return True
            if hit.time_s - others.latest[i] > self.seconds:
                return False
        return False


class Between(Spec):
    """The time from a hit of selection ``start`` to the next one of ``end`` is above ``above_s`` or below ``below_s``.

    The hit is the later of the two. Where ``end`` never comes there is none: ask for its absence.
    """

    start: Name
    end: Name
    above_s: Amount | None = None
    below_s: Amount | None = None
    every: bool = Field(default=False, description="every start, not only the first")

    @model_validator(mode="after")
    def _limited(self) -> Self:
        return self.need_one_of("above_s", "below_s")

    @property
    def family(self) -> str:
        return "between"

    def found(self, starts: Sequence[Hit], ends: Sequence[Hit], scene: Scene, doubt: Doubt = _trusted) -> list[Hit]:
        """``doubt``: why a hit is only possible; what is measured from it is no surer."""
        found: dict[tuple[int, int], Hit] = {}
        ordered = Ordered(ends)
        for start in starts if self.every else starts[:1]:
            if (i := ordered.up_to(start.key)) == len(ends):
                break
            hit = self._apart(start, ends[i], scene, doubt)
            if hit is not None and (hit.key not in found or _weaker(found[hit.key]) >= _weaker(hit)):
                found[hit.key] = hit
        return list(found.values()) or self._perhaps(starts, ordered, scene, doubt)

    def _apart(self, start: Hit, end: Hit, scene: Scene, doubt: Doubt) -> Hit | None:
        if not beyond(scene, apart := end.time_s - start.time_s, self.above_s, self.below_s):
            return None
        hit = replace(end, selection="", term=0, seen=f"({apart:.0f} s)", soft=end.soft or start.soft)
        return replace(hit, leans=end.leans or doubt(start))

    def _perhaps(self, starts: Sequence[Hit], ends: Ordered, scene: Scene, doubt: Doubt) -> list[Hit]:
        """The first hit, if any, of a reading in which words that are only possible start or end nothing."""
        passed: list[Hit] = []  # starts and ends that are none in this reading
        weak = [_only_possible(end, doubt) for end in ends.hits]
        surely = [i for i, only_possible in enumerate(weak) if not only_possible]
        for start in starts:
            first = ends.up_to(start.key)
            sure = bisect_left(surely, first)
            last = surely[sure] if sure < len(surely) else len(weak) - 1
            if first <= last and self._may_be_apart(start, ends.earliest[first], ends.latest[last], scene):
                between = list(passed)
                for end in ends.hits[first : last + 1]:
                    hit = self._apart(start, end, scene, doubt)
                    if hit is not None and (between or _weaker(hit)):
                        return [_leaning(hit, Ordered(sorted(between, key=_key)), doubt) if between else hit]
                    between.append(end)
            only_possible = _only_possible(start, doubt)
            if not (self.every or only_possible):
                break
            if only_possible:
                passed.append(start)
        return []

    def _may_be_apart(self, start: Hit, earliest_s: float, latest_s: float, scene: Scene) -> bool:
        """Whether an end between these times can lie beyond a limit."""
        times = (earliest_s, latest_s)
        return any(beyond(scene, time_s - start.time_s, self.above_s, self.below_s) for time_s in times)


def _weaker(hit: Hit) -> bool:
    """Whether it leans on what is only possible: of two that end at one place the other one counts."""
    return bool(hit.soft or hit.leans)


def _leaning(hit: Hit, weak: Ordered, doubt: Doubt) -> Hit:
    """With the doubt of the nearest anchor that is only possible: the last one before it, or the next."""
    anchor = weak.hits[max(0, weak.up_to(hit.key) - 1)]
    return replace(hit, soft=hit.soft or anchor.soft, leans=hit.leans or doubt(anchor))


def _only_possible(hit: Hit, doubt: Doubt) -> bool:
    return bool(hit.soft or doubt(hit))


def _key(hit: Hit) -> tuple[int, int]:
    return hit.key


def _may_be_chosen(number: int, anchors: Sequence[Hit], sound: Collection[tuple[int, int]]) -> list[Hit]:
    """Anchors that are the N-th (from the end where negative) if some that are only possible are none."""
    ordered = anchors if number > 0 else list(reversed(anchors))
    surely, found = 0, []
    for i, anchor in enumerate(ordered, 1):
        if surely >= abs(number):
            break
        if i >= abs(number):
            found.append(anchor)
        surely += anchor.key in sound
    return found


def _chosen(which: Which, anchors: Sequence[Hit]) -> Sequence[Hit]:
    if isinstance(which, int):
        return anchors[which - 1 : which]
    return {"first": anchors[:1], "last": anchors[-1:]}.get(which, anchors)
