"""Gates: words that sound like a violation and are none, because of how they stand in the sentence.

Quotation: the agent repeats what somebody else said. Negation: "we will not tell your family", but not
"I am not threatening you, but …". Conditional: a lawful consequence stated as possible. The cues are
data, ``rules/gates/LANGUAGE.yaml``; how they are read is described in docs/rules.md.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TypeAlias

import regex

from qa_service.rules.operators.lines import Span
from qa_service.rules.operators.words import TIMEOUT_S, PatternTimeoutError
from qa_service.rules.stream import Stream

Pattern: TypeAlias = "regex.Pattern[str]"


#: What makes a cue a negation, where cue and hit overlap.
_NEGATING = regex.compile(r"[不没别勿未无非]|n't|\b(?:not?|never|nobody|none|without)\b")


@dataclass(frozen=True)
class Cues:
    """Compiled cues of one language; each group of patterns is one alternation, None where the file has none."""

    quotation: Pattern | None
    quotation_continues: Pattern | None
    quotation_breakers: Pattern | None
    quotation_after: Pattern | None
    negation: Pattern | None
    negation_pseudo: Pattern | None
    negation_breakers: Pattern | None
    negation_after: Pattern | None
    negation_reach: int
    list_conjunctions: Pattern | None
    conditional: Pattern | None
    conditional_certain: Pattern | None


@dataclass(frozen=True)
class Switches:
    """Which gates a hit must pass."""

    quotation: bool = True
    negation: bool = True
    conditional: bool = False

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(n for n in ("quotation", "negation", "conditional") if getattr(self, n))


@dataclass(frozen=True)
class Held:
    """A gate that holds a hit back, and the words it leans on."""

    gate: str
    cue: str


#: Whether a pattern still finds its hit in another text; used to see what a hit does not depend on.
StillFound = Callable[[str, int], bool]


def held(cues: Cues, switches: Switches, stream: Stream, span: Span, still_found: StillFound | None) -> Held | None:
    """The first gate that holds this hit back, or None: the hit passes.

    Raises:
        PatternTimeoutError: a cue worked too long on this turn.
    """
    start, end = stream.sentence(span.start)
    end = max(end, span.end)
    text = stream.text
    if switches.quotation and (cue := _quoted(cues, stream, span, start, end)):
        return Held("quotation", cue)
    if switches.negation and (cue := _negated(cues, stream, span, start, end, still_found)):
        return Held("negation", cue)
    if switches.conditional and not _any(cues.conditional_certain, text, start, end):
        found = next(_all(cues.conditional, text, start, end), None)
        return Held("conditional", found.group()) if found else None
    return None


def _quoted(cues: Cues, stream: Stream, span: Span, start: int, end: int) -> str:
    text = stream.text
    if after := _at(cues.quotation_after, text, span.end, end):
        return str(after.group())
    for cue in reversed([m for m in _all(cues.quotation, text, start, end) if m.end() <= span.start]):
        broken = any(cue.end() <= b.start() <= span.start for b in _all(cues.quotation_breakers, text, start, end))
        borders = [c for c in stream.clause_starts(cue.end() - 1, span.start) if c > cue.end()]
        spoken_on = all(_at(cues.quotation_continues, text, c, end) for c in borders)
        if not broken and spoken_on:
            return str(cue.group())
    return ""


def _negated(cues: Cues, stream: Stream, span: Span, start: int, end: int, still_found: StillFound | None) -> str:
    text = stream.text
    if after := _at(cues.negation_after, text, span.end, end):
        return str(after.group())
    pseudo = [(m.start(), m.end()) for m in _all(cues.negation_pseudo, text, start, end)]
    breakers = [m.start() for m in _all(cues.negation_breakers, text, start, end)]
    for cue in _all(cues.negation, text, start, end):
        if any(a < cue.end() and cue.start() < b for a, b in pseudo):
            continue
        if cue.start() >= span.end:
            break
        if _covers(cues, stream, cue, span, breakers) or _within(cue, span, text, still_found):
            return str(cue.group())
    return ""


def _covers(cues: Cues, stream: Stream, cue: regex.Match[str], span: Span, breakers: list[int]) -> bool:
    """Whether the scope of a negation before the hit reaches it: same clause or list, not too far, nothing between."""
    if cue.start() >= span.start or stream.units(cue.end(), span.start) > cues.negation_reach:
        return False
    if cue.end() > span.start and not _NEGATING.search(stream.text, cue.start(), span.start):
        # "别想" in "今晚你别想睡" is part of the hit; only its "你" stands before.
        return False
    if any(cue.end() < b <= span.start for b in breakers):
        return False
    borders = [c for c in stream.clause_starts(cue.start(), span.start) if c > cue.end()]
    return not borders or _lists(cues, stream, borders, span)


def _lists(cues: Cues, stream: Stream, borders: list[int], span: Span) -> bool:
    """ "We won't call your boss, your friends, or your mother": a list carries the negation over commas."""
    _, end = stream.sentence(span.start)
    borders = [*borders, *(c for c in stream.clause_starts(span.start, end) if c <= end)]
    return any(_at(cues.list_conjunctions, stream.text, c, end) for c in borders)


def _within(cue: regex.Match[str], span: Span, text: str, still_found: StillFound | None) -> bool:
    """A negation inside the hit counts when the pattern did not ask for it: it fills one of the pattern's gaps."""
    inside = span.start < cue.start() and cue.end() <= span.end
    if not inside or still_found is None:
        return False
    before, after = text[: cue.start()], text[cue.end() :]
    joint = after.removeprefix(" ") if before.endswith(" ") else after
    return still_found(before + joint, span.start)


def _all(pattern: Pattern | None, text: str, start: int, end: int) -> Iterator[regex.Match[str]]:
    if pattern is None:
        return
    try:
        yield from pattern.finditer(text, start, end, overlapped=True, timeout=TIMEOUT_S)
    except TimeoutError as slow:
        raise PatternTimeoutError("a cue of the gates") from slow


def _any(pattern: Pattern | None, text: str, start: int, end: int) -> bool:
    return next(_all(pattern, text, start, end), None) is not None


def _at(pattern: Pattern | None, text: str, start: int, end: int) -> regex.Match[str] | None:
    if pattern is None:
        return None
    try:
        return pattern.match(text, start, end, timeout=TIMEOUT_S)
    except TimeoutError as slow:
        raise PatternTimeoutError("a cue of the gates") from slow
