"""Who speaks into whose turn: overlap, listening words, and cutting in."""

from __future__ import annotations

from collections.abc import Sequence

from qa_service.audio.measures.stretches import length, shared
from qa_service.audio.measures.talk import Talk, of_others
from qa_service.records import Interruption
from qa_service.text.utterances import asks, only_listens

#: Overlap up to here is ordinary: people begin before the other has quite ended (in the corpora of M. Heldner and
#: J. Edlund 2010 two in five changes of speaker overlap, most of them by less than this).
GRACE_S = 0.3
#: The other had begun by this much: who begins at the same time does not cut in.
HEAD_START_S = 0.5
#: A turn this short inside the other's is listening, whatever was recognised.
SHORT_S = 1.0
#: The other side goes on this soon after listening words.
GOES_ON_S = 1.0


def backchannels(talks: Sequence[Talk]) -> frozenset[int]:
    """Indexes of turns that only listen: they do not take the floor, and answer nothing."""
    return frozenset(t.turn.index for t in talks if _only_listens(t, of_others(t, talks)))


def interruptions(talks: Sequence[Talk], listening: frozenset[int]) -> tuple[Interruption, ...]:
    """In order of time; ``overlap_s``: how long both spoke from where the second began."""
    found = (_cuts_in(t, of_others(t, talks)) for t in talks if t.turn.index not in listening)
    return tuple(i for i in found if i)


def _cuts_in(talk: Talk, others: Sequence[Talk]) -> Interruption | None:
    """Into the turn that went on, had begun well before, and stopped only after the grace."""
    for other in others:
        part = other.speaks_at(talk.start_s)
        if part is None or talk.start_s - other.start_s < HEAD_START_S:
            continue
        overlap = length(shared([part], talk.parts))
        if overlap > GRACE_S:
            return Interruption(
                start_s=round(talk.start_s, 2),
                overlap_s=round(overlap, 2),
                by=talk.turn.role,
                turn=talk.turn.index,
                interrupted_turn=other.turn.index,
            )
    return None


def _only_listens(talk: Talk, others: Sequence[Talk]) -> bool:
    before = [o for o in others if o.start_s < talk.start_s and talk.start_s - o.end_s <= GOES_ON_S]
    if not before or not any(o.end_s > talk.end_s and o.start_s <= talk.end_s + GOES_ON_S for o in others):
        return False
    inside = any(o.start_s < talk.start_s < o.end_s for o in before)
    if inside and talk.end_s - talk.start_s < SHORT_S:
        return True
    return only_listens(talk.turn.text) and (inside or not asks(before[-1].turn.text))
