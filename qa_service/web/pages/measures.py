"""Measures of a call as its page shows them: side by side, with the moments one click away."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from qa_service.records import Inspection, Measures, Role, SpeakerMeasures, TurnMeasures

#: Silence from here on is marked at the turn that ends it.
LONG_SILENCE_S = 5.0
#: Links to moments in one cell; the turns carry all of them.
MOST_MOMENTS = 6
#: Silences that differ by less are the same one, rounded.
SAME_S = 0.05


@dataclass(frozen=True)
class ShownSide:
    """One side with the seconds in which it cut in, and of its turns with a raised voice."""

    role: str
    record: SpeakerMeasures
    cuts_in: tuple[float, ...]
    raised: tuple[float, ...]


@dataclass(frozen=True)
class ShownMeasures:
    """``kept_by``: who kept the longest silence; None where that is not known."""

    record: Measures
    sides: tuple[ShownSide, ...]
    kept_by: Role | None


def shown_measures(found: Inspection) -> ShownMeasures | None:
    """None where no sound was measured."""
    if found.measures is None:
        return None
    sides = (_side(role, side, found, found.measures) for role, side in found.measures.speakers.items())
    return ShownMeasures(found.measures, tuple(sides), _kept_by(found.measures))


def turn_measures(found: Inspection | None) -> dict[int, TurnMeasures]:
    """By the index of the turn."""
    return {m.turn: m for m in found.measures.turns} if found and found.measures else {}


def _side(role: str, side: SpeakerMeasures, found: Inspection, measures: Measures) -> ShownSide:
    cuts = tuple(i.start_s for i in measures.interruptions if i.by == role)
    return ShownSide(role, side, cuts[:MOST_MOMENTS], tuple(_raised(role, found, measures))[:MOST_MOMENTS])


def _raised(role: str, found: Inspection, measures: Measures) -> Iterator[float]:
    loud = {m.turn for m in measures.turns if m.raised_voice}
    yield from (t.start_s for t in found.turns if t.role == role and t.index in loud)


def _kept_by(measures: Measures) -> Role | None:
    """Only of a silence that is long: nobody is to blame for a breath."""
    longest = measures.longest_silence_s or 0.0
    if longest < LONG_SILENCE_S:
        return None
    return next((m.silence_kept_by for m in measures.turns if abs(m.silence_before_s - longest) < SAME_S), None)
