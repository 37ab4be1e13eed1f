"""A transcript cut into the pieces that a page shows: words with their times, doubts, and the findings' words."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby, pairwise

from qa_service.classify.labels import AGENT_MERITS, CUSTOMER
from qa_service.records import Finding, Inspection, Severity, Signal, Turn, Word
from qa_service.search.streams import marks
from qa_service.search.tree import Node
from qa_service.web.summary import SEVERITIES

#: Where a quote leaves something out or passes from one turn to the next.
_GAP = re.compile(r"\s*(?:…|\.\.\.|\n|/)\s*")


@dataclass(frozen=True)
class Piece:
    """Text that is shown alike. ``start_s``: when the word is said, None where word times are unknown.

    ``heard``: what the recogniser wrote where a term is shown; ``digits``: what a spoken number says; ``sought``: a
    search that led to the call asked for it.
    """

    text: str
    start_s: float | None = None
    probability: float | None = None
    doubtful: bool = False
    heard: str = ""
    digits: str = ""
    sought: bool = False


@dataclass(frozen=True)
class Run:
    """Neighbouring pieces that belong to the same findings (by number; none: plain text)."""

    findings: tuple[int, ...]
    severity: Severity | None
    pieces: tuple[Piece, ...]


@dataclass(frozen=True)
class Line:
    """One turn. ``signals``: what the classifier told of it but for faults, which are for the rules to show."""

    turn: Turn
    findings: tuple[int, ...]
    runs: tuple[Run, ...]
    signals: tuple[Signal, ...] = ()


@dataclass(frozen=True)
class _Place:
    """Characters ``start`` to ``end`` of a turn's text."""

    start: int
    end: int


def lines(inspection: Inspection, floor: float, sought: Node | None = None) -> tuple[Line, ...]:
    """Turns in order of time; words less sure than ``floor`` are doubtful, those of ``sought`` are marked."""
    turns = sorted(inspection.turns, key=lambda t: (t.start_s, t.index))
    told = [s for s in inspection.signals or () if s.told and s.label in AGENT_MERITS + CUSTOMER]
    return tuple(
        replace(_line(turn, inspection.findings, floor, sought), signals=tuple(s for s in told if s.turn == turn.index))
        for turn in turns
    )


def _line(turn: Turn, findings: Sequence[Finding], floor: float, sought: Node | None) -> Line:
    words = list(_placed(turn))
    own = {n: f for n, f in enumerate(findings) if turn.index in f.turns}
    hits = {n: list(_hit_places(turn, f, words)) for n, f in own.items()}
    found = [_Place(*span) for span in marks(turn.text, sought)] if sought else []
    cuts = {0, len(turn.text)}
    for place in [*(p for _, p in words), *(p for places in hits.values() for p in places), *_noted(turn), *found]:
        cuts |= {place.start, place.end}
    cut = [
        (
            _covering(hits, start),
            replace(_piece(turn, start, end, words, floor), sought=any(p.start <= start < p.end for p in found)),
        )
        for start, end in pairwise(sorted(cuts))
    ]
    runs = tuple(
        Run(numbers, _gravest([own[n] for n in numbers]), tuple(piece for _, piece in group))
        for numbers, group in groupby(cut, key=lambda pair: pair[0])
    )
    return Line(turn, tuple(own), runs)


def _placed(turn: Turn) -> Iterator[tuple[Word, _Place]]:
    """Words with their place in the text; those that do not stand in it are passed over."""
    at = 0
    for word in turn.words:
        text = word.text.strip()
        found = turn.text.find(text, at) if text else -1
        if found >= 0:
            at = found + len(text)
            yield word, _Place(found, at)


def _hit_places(turn: Turn, finding: Finding, words: Sequence[tuple[Word, _Place]]) -> Iterator[_Place]:
    """Where the quote stands in this turn; else the words said in the finding's time."""
    found = [
        _Place(at, at + len(part))
        for part in [finding.quote.strip(), *_GAP.split(finding.quote.strip())]
        if part and (at := turn.text.find(part)) >= 0
    ]
    yield from found or _timed(finding, words)


def _timed(finding: Finding, words: Sequence[tuple[Word, _Place]]) -> Iterator[_Place]:
    if finding.start_s is None or finding.end_s is None:
        return
    said = [p for w, p in words if finding.start_s <= (w.start_s + w.end_s) / 2 <= finding.end_s]
    if said and len(said) < len(words):
        yield _Place(said[0].start, said[-1].end)


def _covering(hits: dict[int, list[_Place]], start: int) -> tuple[int, ...]:
    return tuple(n for n, places in hits.items() if any(p.start <= start < p.end for p in places))


def _noted(turn: Turn) -> Iterator[_Place]:
    """Corrections and spoken numbers, as far as they lie in the text."""
    places = [(c.start, c.end) for c in turn.corrections] + [(n.start, n.end) for n in turn.numbers]
    yield from (_Place(start, end) for start, end in places if 0 <= start < end <= len(turn.text))


def _piece(turn: Turn, start: int, end: int, words: Sequence[tuple[Word, _Place]], floor: float) -> Piece:
    piece = Piece(
        turn.text[start:end],
        heard=next((c.heard for c in turn.corrections if c.start <= start and end <= c.end), ""),
        digits=next((n.digits for n in turn.numbers if n.start <= start and end <= n.end), ""),
    )
    word = next((w for w, p in words if p.start <= start and end <= p.end), None)
    if word is None:
        return piece
    return replace(piece, start_s=word.start_s, probability=word.probability, doubtful=word.probability < floor)


def _gravest(findings: Sequence[Finding]) -> Severity | None:
    return min((f.severity for f in findings), key=SEVERITIES.index, default=None)
