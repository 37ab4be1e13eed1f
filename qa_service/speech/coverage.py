"""How much of the speech has words, and where none are."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from qa_service.audio.types import SpeechSpan
from qa_service.records import Coverage, Word

#: Words reach this far: the aligner puts their edges inside the sound.
WORD_REACH_S = 0.4
#: A word that lasts longer stands for speech the model left out: the aligner stretched it over the gap.
WORD_LONGEST_S = 1.2
#: Speech without words shorter than this is too short to hold some.
MISSED_S = 1.0

Stretch = tuple[float, float]


def reach(words: Sequence[Word]) -> list[Stretch]:
    """Stretches that words cover, joined where they reach each other."""
    out: list[Stretch] = []
    for word in words:
        start = word.start_s - WORD_REACH_S
        end = min(word.end_s, word.start_s + WORD_LONGEST_S) + WORD_REACH_S
        if out and start <= out[-1][1]:
            out[-1] = (out[-1][0], max(out[-1][1], end))
        else:
            out.append((start, end))
    return out


def missed(speech: Sequence[SpeechSpan], words: Sequence[Word]) -> Iterator[SpeechSpan]:
    """Speech that no word covers, where it is long enough to hold some."""
    covered = reach(words)
    for span in speech:
        at = span.start_s
        for start, end in [*covered, (span.end_s, span.end_s)]:
            if min(start, span.end_s) - at >= MISSED_S:
                yield SpeechSpan(span.channel, at, min(start, span.end_s), span.voice)
            at = max(at, end)


def covered_s(speech: Sequence[SpeechSpan], words: Sequence[Word]) -> float:
    """Seconds of the speech that words cover."""
    stretches = reach(words)
    return sum(max(0.0, min(b, s.end_s) - max(a, s.start_s)) for s in speech for a, b in stretches)


def coverage(spans: Iterable[SpeechSpan], transcribed_s: float) -> Coverage:
    """``transcribed_s``: seconds that trusted words cover."""
    speech = sum(s.end_s - s.start_s for s in spans)
    ratio = round(min(1.0, transcribed_s / speech), 4) if speech else None
    return Coverage(speech_s=round(speech, 2), transcribed_s=round(min(transcribed_s, speech), 2), ratio=ratio)
