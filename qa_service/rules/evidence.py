"""What a finding shows: the words as heard, when they were said, and whether the words can be trusted."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby

from qa_service.records import Turn
from qa_service.rules.operators.base import Hit
from qa_service.rules.operators.lines import JOIN, Line, Span
from qa_service.rules.operators.place import moment

#: Characters of a turn that an absence quotes.
OPENING = 60
#: Mean probability of the words below which "it was not said" cannot be told from "it was not understood". Higher
#: than the floor of a hit: one well-heard word proves that something was said; at 0.85 a word, a notice of four
#: characters is lost in every second call (1 - 0.85 ** 4 = 0.48).
ABSENCE_PROBABILITY = 0.85
#: Syllables from which a phrase that was heard in other characters counts as heard.
TRUSTED_SOUND = 4
#: Letters from which an English one does.
TRUSTED_LETTERS = 6


@dataclass(frozen=True)
class Evidence:
    """``turns`` are positions in the call; ``doubt`` is empty where the words can be trusted, ``soft`` where a person
    need not decide; ``note`` says how words were read."""

    turns: tuple[int, ...]
    start_s: float | None
    end_s: float | None
    quote: str
    doubt: str = ""
    soft: str = ""
    note: str = ""


def of_hits(hits: Sequence[Hit], turns: Sequence[Turn], lines: Sequence[Line], floor: float) -> Evidence:
    """The stretch of each turn from its first hit to its last, joined."""
    parts: list[str] = []
    doubts: list[str] = []
    notes: list[str] = []
    spans: list[tuple[float, float]] = []
    ordered = sorted((part for hit in hits for part in _parts(hit)), key=lambda h: h.key)
    for at, group in groupby(ordered, key=lambda h: h.at):
        own = list(group)
        start, end = _original(lines[at], own)
        notes += _read_as(lines, own)
        parts.append(_quote(turns[at].text[start:end].strip(), own))
        if measured := [h for h in own if h.end_s is not None]:
            spans += [(h.time_s, h.end_s) for h in measured if h.end_s is not None]
        if len(measured) < len(own):
            begin = moment(turns[at], lines[at], start)
            spans.append((begin, max(begin, moment(turns[at], lines[at], end, after=True))))
        if any(not h.seen or h.end_s is None for h in own):  # what was measured does not hang on the words
            doubts += [d for d in (_sounded(own), _doubt(turns[at], lines[at], start, end, floor)) if d]
        doubts += [h.leans for h in own if h.leans]
    return Evidence(
        turns=tuple(dict.fromkeys(h.at for h in ordered)),
        start_s=min(s for s, _ in spans),
        end_s=max(e for _, e in spans),
        quote=JOIN.join(parts),
        doubt="; ".join(dict.fromkeys(doubts)),
        note="; ".join(dict.fromkeys(notes)),
    )


def doubt_of(hit: Hit, turns: Sequence[Turn], lines: Sequence[Line], floor: float) -> str:
    """Why a hit by itself is only possible; empty where its words can be trusted."""
    if hit.leans or (hit.seen and hit.end_s is not None):
        return hit.leans
    parts = ((turns[p.at], lines[p.at], *_original(lines[p.at], [p])) for p in _parts(hit))
    return _sounded([hit]) or next((d for part in parts if (d := _doubt(*part, floor))), "")


def unsure(hit: Hit, turns: Sequence[Turn]) -> bool:
    """The same without a look at each word: by its sound alone, in a turn that was not heard well, or leaning on such
    a hit. So does what asks a person."""
    return bool(hit.soft or hit.leans or turns[hit.at].flags or _sounded([hit]))


def _quote(text: str, hits: Sequence[Hit]) -> str:
    """With what was measured; where nothing else is the evidence the words only say where to listen."""
    seen = " ".join(dict.fromkeys(h.seen for h in hits if h.seen))
    if not seen:
        return text
    short = text if len(text) <= OPENING or not all(h.seen for h in hits) else f"{text[:OPENING]}…"
    return f"{seen} {short}"


def of_silence(said: tuple[int, ...], turns: Sequence[Turn]) -> Evidence:
    """What was said where something should have been: the first of these turns, and whether all were heard well."""
    if not said:
        return Evidence((), None, None, "")
    first = turns[said[0]]
    text = first.text.strip()
    quote = text if len(text) <= OPENING else f"{text[:OPENING]}…"
    return Evidence(said[:1], first.start_s, first.end_s, quote, unheard([turns[i] for i in said]))


def unheard(turns: Sequence[Turn]) -> str:
    """Why something may have been said in these turns although no word of it was recognised."""
    flagged = next((t.index for t in turns if t.flags), None)
    if flagged is not None:
        return f"doubtful_words: turn {flagged} was not heard well"
    heard = [word.probability for turn in turns for word in turn.words]
    mean = sum(heard) / len(heard) if heard else 1.0
    if mean < ABSENCE_PROBABILITY:
        sure = f"recognised with probability {mean:.2f} (floor {ABSENCE_PROBABILITY:.2f})"
        return f"doubtful_words: {sure}, it may have been said"
    return ""


def _original(line: Line, hits: Sequence[Hit]) -> tuple[int, int]:
    start = min(h.span.start for h in hits)
    end = max(h.span.end for h in hits)
    return line.stream.original(start, end)


def _sounded(hits: Sequence[Hit]) -> str:
    for hit in hits:
        read_as = hit.span.heard_as
        short = len(read_as) < (TRUSTED_LETTERS if read_as.isascii() else TRUSTED_SOUND)
        if read_as and (short or not hit.span.sure):
            return f"sound_alike: sounds like {read_as}"
    return ""


def _read_as(lines: Sequence[Line], hits: Sequence[Hit]) -> Iterator[str]:
    """What was heard and what it was read as, for words that were written otherwise than they were meant."""
    for hit in hits:
        if hit.span.heard_as:
            said = JOIN.join(_said(lines[part.at], part.span) for part in _parts(hit))
            yield f"sound_alike: “{said}” read as “{hit.span.heard_as}”"


def _said(line: Line, span: Span) -> str:
    start, end = line.stream.original(span.start, span.end)
    return line.text[start:end]


def _parts(hit: Hit) -> Iterator[Hit]:
    """A hit that runs over the border of a turn as one in each turn."""
    yield hit
    if hit.goes_on is not None:
        at, span = hit.goes_on
        yield replace(hit, at=at, span=span, goes_on=None)


def _doubt(turn: Turn, line: Line, start: int, end: int, floor: float) -> str:
    """Flags of the turn, or words the recogniser was less sure of than ``floor`` on average."""
    if turn.flags:
        return f"doubtful_words: {', '.join(turn.flags)}"
    probability = _probability(turn, line, start, end)
    if probability is not None and probability < floor:
        return f"doubtful_words: recognised with probability {probability:.2f} (floor {floor:.2f})"
    return ""


def _probability(turn: Turn, line: Line, start: int, end: int) -> float | None:
    """Mean of the words that touch ``[start, end)``; the turn's own where words carry none."""
    timed = line.timed
    words = timed.words[bisect_right(timed.ends, start) : bisect_left(timed.starts, end)]
    heard = [word.probability for word in words]
    return sum(heard) / len(heard) if heard else turn.confidence
