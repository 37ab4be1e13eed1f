"""Windows about the hits of another selection, and the time between two events."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, Self

from pydantic import Field, model_validator

from qa_service.rules.operators.base import Hit, Scene
from qa_service.rules.operators.rate import beyond
from qa_service.rules.spec import Amount, Name, Spec

Which = Literal["any", "first", "last", "every"] | int


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

    def kept(self, hits: Sequence[Hit], anchors: Sequence[Hit], scene: Scene) -> list[Hit]:
        """``hits`` within reach of the anchors; all in the order of the call."""
        chosen = _chosen(self.which, anchors)
        near = [[h for h in hits if self._reaches(anchor, h, scene)] for anchor in chosen]
        if self.which == "every" and not all(near):
            return []
        kept = {id(h) for group in near for h in group}
        return [h for h in hits if id(h) in kept]

    def _reaches(self, anchor: Hit, hit: Hit, scene: Scene) -> bool:
        if hit.key < anchor.key:
            limits = (self.before_turns, anchor.at - hit.at), (self.before_s, anchor.time_s - hit.time_s)
        else:
            limits = (self.after_turns, hit.at - anchor.at), (self.after_s, hit.time_s - anchor.time_s)
        given = [(limit, apart) for limit, apart in limits if limit is not None]
        return bool(given) and all(apart <= scene.amount(limit) for limit, apart in given)


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

    def found(self, starts: Sequence[Hit], ends: Sequence[Hit], scene: Scene) -> list[Hit]:
        found: dict[tuple[int, int], Hit] = {}
        for start in starts if self.every else starts[:1]:
            end = next((h for h in ends if h.key > start.key), None)
            if end is not None and beyond(scene, apart := end.time_s - start.time_s, self.above_s, self.below_s):
                seen = f"({apart:.0f} s)"
                found[end.key] = Hit("", 0, end.at, end.span, end.time_s, end_s=end.end_s, seen=seen)
        return list(found.values())


def _chosen(which: Which, anchors: Sequence[Hit]) -> Sequence[Hit]:
    if isinstance(which, int):
        return anchors[which - 1 : which]
    return {"first": anchors[:1], "last": anchors[-1:]}.get(which, anchors)
