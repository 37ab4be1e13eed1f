"""Numbers of a whole call: who talks how much, how long it is, holds, and how it ends."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal, Self

from pydantic import Field, model_validator

from qa_service.rules.operators.base import Hit, Scene
from qa_service.rules.operators.rate import beyond
from qa_service.rules.spec import Amount, Share, Spec


class Talk(Spec):
    """The side's share of all speech time lies above ``share_above`` or below ``share_below``."""

    share_above: Share | None = None
    share_below: Share | None = None

    @model_validator(mode="after")
    def _limited(self) -> Self:
        return self.need_one_of("share_above", "share_below")

    @property
    def family(self) -> str:
        return "talk"

    def hits(self, scene: Scene, speaker: str) -> Iterable[Hit]:
        speakers = scene.sound().speakers
        for at, turn in scene.of_side(speaker):
            side = speakers.get(turn.role.value)
            if side and beyond(scene, side.talk_ratio, self.share_above, self.share_below):
                yield scene.whole(at, seen=f"({side.talk_ratio:.0%})")
                return


class Length(Spec):
    """The call is longer than ``above_s`` or shorter than ``below_s`` seconds."""

    above_s: Amount | None = None
    below_s: Amount | None = None

    @model_validator(mode="after")
    def _limited(self) -> Self:
        return self.need_one_of("above_s", "below_s")

    @property
    def family(self) -> str:
        return "length"

    def hits(self, scene: Scene, speaker: str) -> Iterable[Hit]:  # noqa: ARG002
        if beyond(scene, scene.duration_s, self.above_s, self.below_s):
            yield from (scene.whole(at, seen=f"({scene.duration_s:.0f} s)") for at, _ in list(scene.of_side("any"))[:1])


class Hold(Spec):
    """A stretch of ``at_least_s`` seconds in which nobody speaks: plain silence, hold music or tones."""

    at_least_s: Amount
    kind: tuple[Literal["silence", "music", "tone"], ...] = Field(default=("silence", "music", "tone"), min_length=1)

    @property
    def family(self) -> str:
        return "hold"

    def hits(self, scene: Scene, speaker: str) -> Iterable[Hit]:  # noqa: ARG002
        sides = list(scene.of_side("any"))
        for hold in scene.sound().holds:
            seconds = hold.end_s - hold.start_s
            if sides and hold.kind in self.kind and seconds >= scene.amount(self.at_least_s):
                behind = next((at for at, turn in sides if turn.start_s >= hold.end_s - 1.0), sides[-1][0])
                whole = scene.whole(behind, seen=f"({hold.kind} {seconds:.0f} s)")
                yield Hit("", 0, behind, whole.span, hold.start_s, end_s=hold.end_s, seen=whole.seen)


class HangUp(Spec):
    """The recording ends within ``within_s`` seconds of the other side's last words, without an answer to them.

    The selection's speaker is the one who did not answer. Whose telephone was put down no recording tells: a person
    must decide.
    """

    within_s: Amount = 2.0

    @property
    def family(self) -> str:
        return "hangup"

    def hits(self, scene: Scene, speaker: str) -> Iterable[Hit]:
        length = scene.sound().duration_s
        said = list(scene.of_side("any"))
        if not said:
            return
        at, last = max(said, key=lambda pair: pair[1].end_s)
        measured = scene.measured(last)
        other = last.role.value not in (speaker, "unknown") or speaker == "any"
        if other and not (measured and measured.backchannel) and length - last.end_s <= scene.amount(self.within_s):
            yield scene.whole(at, soft="hang_up: who put the telephone down cannot be heard")
