"""Turns as they were spoken: by whom, and in which seconds, pauses left out."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from qa_service.audio.measures.stretches import Interval, Piece, length, shared, union
from qa_service.records import Role, Turn

#: Channel, role, and the voice where the role is not known.
Speaker = tuple[int, Role, int | None]


def is_anybody(speaker: Speaker, channels: int) -> bool:
    """Whether several people may hide behind it: one channel for all, and neither role nor voice known."""
    _, role, voice = speaker
    return channels == 1 and role is Role.UNKNOWN and voice is None


@dataclass(frozen=True)
class Talk:
    """A turn with the speech in it: ``parts`` are disjoint, in order, and never none."""

    turn: Turn
    parts: tuple[Interval, ...]
    speaker: Speaker

    @property
    def start_s(self) -> float:
        return self.parts[0][0]

    @property
    def end_s(self) -> float:
        return self.parts[-1][1]

    @property
    def spoken_s(self) -> float:
        return length(self.parts)

    def speaks_at(self, second: float) -> Interval | None:
        """The part in which it speaks at this moment."""
        return next((p for p in self.parts if p[0] <= second < p[1]), None)


def talks(turns: Sequence[Turn], pieces: Iterable[Piece]) -> tuple[Talk, ...]:
    """Turns in order of their first sound. A turn on which no speech was detected is taken as it stands."""
    heard: dict[int, list[Interval]] = {}
    for channel, start, end in pieces:
        heard.setdefault(channel, []).append((start, end))
    speech = {channel: union(found) for channel, found in heard.items()}
    found = [Talk(t, _parts(t, speech.get(t.channel, [])), _speaker(t)) for t in turns]
    return tuple(sorted(found, key=lambda t: (t.start_s, t.turn.index)))


def _parts(turn: Turn, speech: Sequence[Interval]) -> tuple[Interval, ...]:
    whole = (turn.start_s, turn.end_s)
    return tuple(shared([whole], speech)) or (whole,)


def _speaker(turn: Turn) -> Speaker:
    return turn.channel, turn.role, turn.voice if turn.role is Role.UNKNOWN else None


def of_others(talk: Talk, everyone: Sequence[Talk]) -> list[Talk]:
    """The other speakers' talks, in order."""
    return [t for t in everyone if t.speaker != talk.speaker]
