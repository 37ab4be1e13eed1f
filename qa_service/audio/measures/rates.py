"""How fast somebody speaks: characters (Mandarin) or words a minute of speech, pauses left out."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Literal

from qa_service.audio.measures.talk import Talk

_HAN = re.compile(r"[\u3400-\u4dbf\u4e00-\u9fff]")
_WORD = re.compile(r"[^\W_]+(?:['’\-][^\W_]+)*")

#: Seconds of speech under which a rate says nothing: the detector's edges are exact to about 0.1 s each.
LEAST_S = 1.0
#: What these turns say was not said, or not so often.
UNTRUSTED = frozenset({"repetition", "no_speech_energy", "stock_phrase", "prompt_echo", "not_transcribed"})

Unit = Literal["characters", "words"]


def rate(talks: Iterable[Talk], unit: Unit) -> float | None:
    """Units a minute over the talks whose words are trusted; None where they last less than LEAST_S."""
    rated = [t for t in talks if t.turn.text.strip() and UNTRUSTED.isdisjoint(t.turn.flags)]
    seconds = sum(t.spoken_s for t in rated)
    said = sum(count(t.turn.text, unit) for t in rated)
    return round(said / seconds * 60, 1) if said and seconds >= LEAST_S else None


def unit_of(texts: Iterable[str], language: str | None) -> Unit:
    """Characters in Mandarin, words in everything else; by the letters where the language is not known."""
    if language:
        return "characters" if language == "zh" else "words"
    text = " ".join(texts)
    han = len(_HAN.findall(text))
    return "characters" if han and han >= len(_WORD.findall(_HAN.sub(" ", text))) else "words"


def count(text: str, unit: Unit) -> int:
    """As characters: a digit is one, a Latin word too. As words: a Chinese character is one."""
    words = _WORD.findall(_HAN.sub(" ", text))
    han = len(_HAN.findall(text))
    if unit == "characters":
        return han + sum(len(w) if w.isdigit() else 1 for w in words)
    return han + len(words)
