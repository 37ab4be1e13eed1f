"""What is known of one party of a call: the cues it gives, and the shape of its turns, as numbers."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from qa_service.records import Turn
from qa_service.speech.roles.cues import Cue, Tokens, tokens

#: A cue counts for a turn once, and for a call this often at most: one habit does not decide.
MOST_TURNS = 3
#: Turns of this many syllables or words at most are short.
SHORT = 4
SHAPE = ("talks_more", "longer_turns", "short_turns", "asks", "says_i", "says_you", "opens_outbound", "opens_inbound")
_ASKS = ("吗", "呢", "什么", "怎么", "多少", "几号", "哪", "?", "？")
_I = {"zh": ("我",), "en": ("i", "i'm", "i'll", "i've", "me", "my", "i'd")}
_YOU = {"zh": ("你", "您"), "en": ("you", "your", "you're", "you've", "you'll")}


@dataclass(frozen=True)
class Party:
    """One voice or channel: its turns that have words, in order, with their tokens."""

    key: tuple[int, int | None]
    turns: tuple[Turn, ...]
    tokens: tuple[Tokens, ...]

    @property
    def size(self) -> int:
        return sum(t.size for t in self.tokens)


def parties(turns: Sequence[Turn], language: str | None) -> list[Party]:
    """The parties of a call by (channel, voice), in order of appearance; turns without words are left out."""
    found: dict[tuple[int, int | None], list[Turn]] = {}
    for turn in turns:
        if turn.text.strip():
            found.setdefault((turn.channel, turn.voice), []).append(turn)
    return [
        Party(key, tuple(own), tuple(tokens(t.text, t.language or language) for t in own)) for key, own in found.items()
    ]


def cue_turns(party: Party, cue: Cue) -> list[Turn]:
    """The party's turns that give the cue."""
    return [turn for turn, words in zip(party.turns, party.tokens, strict=True) if cue.count(words)]


def traits(party: Party, others: Sequence[Party], cues: Sequence[Cue], direction: str | None) -> dict[str, float]:
    """Numbers by name, most of them in [0, 1]: cues by how many turns give them, then the shape of the turns."""
    found = {cue.name: min(MOST_TURNS, len(cue_turns(party, cue))) / MOST_TURNS for cue in cues}
    return {**found, **_shape(party, others, direction)}


def _shape(party: Party, others: Sequence[Party], direction: str | None) -> dict[str, float]:
    size, turns = max(1, party.size), len(party.turns)
    total = max(1, size + sum(o.size for o in others))
    opens = all(party.turns[0].start_s <= o.turns[0].start_s for o in others)
    return {
        "talks_more": size / total,
        "longer_turns": math.log1p(size / turns) / 4,
        "short_turns": sum(t.size <= SHORT for t in party.tokens) / turns,
        "asks": sum(any(q in t.text for q in _ASKS) for t in party.turns) / turns,
        "says_i": min(1.0, 5 * _share(party, _I)),
        "says_you": min(1.0, 5 * _share(party, _YOU)),
        "opens_outbound": float(opens and direction != "inbound"),
        "opens_inbound": float(opens and direction == "inbound"),
    }


def _share(party: Party, words: dict[str, tuple[str, ...]]) -> float:
    """Share of these words among the party's tokens."""
    hits = sum(f" {t.forms['written']}".count(f" {w} ") for t in party.tokens for w in words[t.language])
    return hits / max(1, party.size)
