"""Silence before turns, who kept it, and long holds.

Who keeps a silence (after H. Sacks, E. Schegloff, G. Jefferson 1974, "A simplest systematics for the organization of
turn-taking", Language 50): where the speaker changes, the one who speaks next let the other wait. Where the same
speaker goes on, it is his own pause; unless he had asked something, or goes on by making sure that somebody is there:
then the other side owed an answer.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass

from qa_service.audio.measures.stretches import Interval, gaps, length, shared, union
from qa_service.audio.measures.talk import Talk
from qa_service.audio.types import SoundStretch
from qa_service.records import Hold, Role
from qa_service.text.utterances import asks, calls_for_answer

#: Shorter silence is how people take turns (M. Heldner, J. Edlund 2010, "Pauses, gaps and overlaps in conversations",
#: Journal of Phonetics 38), and under the detector's grain.
FLOOR_S = 0.3
#: A hold lasts this long: callers to a service are told to wait from about here on.
HOLD_S = 10.0
#: Music or tones over this share of a stretch name it.
NAMES_IT = 0.5


@dataclass(frozen=True)
class Silence:
    """``start_s`` to the turn that broke it. ``kept_by``: whose turn it was to speak; None where nobody can say."""

    seconds: float = 0.0
    kept_by: Role | None = None


def silences(talks: Sequence[Talk], speech: Sequence[Interval]) -> tuple[Silence, ...]:
    """Before each turn, none before the first sound of anybody. ``speech``: anybody's, disjoint and in order."""
    starts = [start for start, _ in speech]
    out = []
    for number, talk in enumerate(talks):
        here = bisect_right(starts, talk.start_s) - 1
        quiet = talk.start_s - speech[here - 1][1] if here > 0 and starts[here] == talk.start_s else 0.0
        if quiet < FLOOR_S:
            out.append(Silence())
        else:
            out.append(Silence(round(quiet, 2), _kept_by(talk, talks[:number])))
    return tuple(out)


def _kept_by(talk: Talk, before: Sequence[Talk]) -> Role | None:
    """Also a side that never speaks: who calls into a dead line waits for an answer."""
    last = max(before, key=lambda t: t.end_s, default=None)
    role = talk.turn.role
    if last is not None and last.speaker == talk.speaker and (asks(last.turn.text) or calls_for_answer(talk.turn.text)):
        role = _OTHER.get(role, Role.UNKNOWN)
    return None if role is Role.UNKNOWN else role


_OTHER = {Role.AGENT: Role.CUSTOMER, Role.CUSTOMER: Role.AGENT}


def holds(speech: Sequence[Interval], stretches: Sequence[SoundStretch], duration_s: float) -> tuple[Hold, ...]:
    """Where nobody speaks for HOLD_S.

    Before anybody speaks the line rings, and after the last word it hangs: neither is a hold, but for music after the
    last word (somebody was left waiting until the line was cut).
    """
    found = [_hold(gap, stretches) for gap in gaps(speech) if gap[1] - gap[0] >= HOLD_S]
    if speech and duration_s - speech[-1][1] >= HOLD_S:
        last = _hold((speech[-1][1], duration_s), stretches)
        found += [last] if last.kind == "music" else []
    return tuple(found)


def _hold(gap: Interval, stretches: Sequence[SoundStretch]) -> Hold:
    music, tone = (
        length(shared([gap], union((s.start_s, s.end_s) for s in stretches if s.kind == kind)))
        for kind in ("music", "tone")
    )
    least = NAMES_IT * (gap[1] - gap[0])
    kind = "music" if music >= max(least, tone) else "tone" if tone >= least else "silence"
    return Hold(start_s=round(gap[0], 2), end_s=round(gap[1], 2), kind=kind)
