"""What was heard in a turn so far, and the choice between two decodes of it."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from qa_service.audio.types import Samples
from qa_service.records import Word
from qa_service.speech import guard
from qa_service.speech.protocol import Decoded
from qa_service.speech.turns import Clip


@dataclass(frozen=True)
class Heard:
    """A turn with its words, in seconds of the call; ``flags`` say why they are doubted, ``reason`` why there are
    none."""

    clip: Clip
    words: tuple[Word, ...]
    flags: tuple[str, ...] = ()
    reason: str = ""

    @property
    def trusted(self) -> bool:
        return guard.UNTRUSTED.isdisjoint(self.flags)

    def decoded(self) -> Decoded:
        """As a decode of the clip alone: word times from its start, mean log-probability of its words."""
        words = tuple(shifted(w, -self.clip.start_s) for w in self.words)
        logprobs = [math.log(max(w.probability, 1e-6)) for w in words]
        mean = sum(logprobs) / len(logprobs) if logprobs else 0.0
        return Decoded("".join(w.text for w in words).strip(), words, round(mean, 4))

    def judged(self, sound: Samples, prompt: str) -> Heard:
        """With the guard's flags. ``sound``: the clip's."""
        return replace(self, flags=guard.suspicious(self.decoded(), sound, prompt))


def chosen(first: Heard, second: Heard) -> Heard:
    """The better of two decodes of one turn.

    A decode that was no speech at all (a loop, a stock phrase) says nothing against another one. Otherwise two that
    disagree leave the better words marked.
    """
    if not second.words or (first.trusted and not second.trusted):
        return first
    better = second if _faults(second) < _faults(first) else first
    if better is second and not second.flags and not first.trusted:
        return second
    if first.words and not guard.agree(first.decoded(), second.decoded()):
        return replace(better, flags=tuple(dict.fromkeys((*better.flags, "disagreement"))))
    return better


def shifted(word: Word, by_s: float) -> Word:
    return word.model_copy(update={"start_s": round(word.start_s + by_s, 3), "end_s": round(word.end_s + by_s, 3)})


def _faults(heard: Heard) -> tuple[bool, int, float]:
    return not heard.trusted, len(heard.flags), -guard.confidence(heard.decoded())
