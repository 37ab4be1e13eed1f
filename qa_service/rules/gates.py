"""Gates: words that sound like a violation and are none, because of how they stand in the sentence.

Quotation: the agent repeats what somebody else said. Negation: "we will not tell your family", but not
"I am not threatening you, but …". Conditional: a lawful consequence stated as possible. The cues are
data, ``rules/gates/LANGUAGE.yaml``; how they are read is described in docs/rules.md.
"""

from __future__ import annotations

import hashlib
import json
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, fields
from functools import cached_property
from itertools import accumulate

import regex

from qa_service.rules.operators.lines import Span
from qa_service.rules.operators.patterns import Pattern
from qa_service.rules.operators.words import in_time, timeout_s
from qa_service.rules.stream import Stream

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
    negation_disclaims: Pattern | None
    negation_breakers: Pattern | None
    negation_after: Pattern | None
    negation_touching: Pattern | None
    negation_wide: Pattern | None
    negation_contrasts: Pattern | None
    negation_conditions: Pattern | None
    negation_fillers: Pattern | None
    negation_light: Pattern | None
    negation_reach: int
    list_conjunctions: Pattern | None
    conditional: Pattern | None
    conditional_certain: Pattern | None

    @cached_property
    def behaviour_sha256(self) -> str:
        """Hash of all that decides what the gates hold back."""
        values = {f.name: getattr(self, f.name) for f in fields(self)}
        whole = {name: v.written if isinstance(v, Pattern) else v for name, v in values.items()}
        return hashlib.sha256(json.dumps(whole, ensure_ascii=False, sort_keys=True).encode()).hexdigest()


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


def held(
    cues: Cues, switches: Switches, stream: Stream, span: Span, still_found: StillFound | None, *, whole: bool = False
) -> Held | None:
    """The first gate that holds this hit back, or None: the hit passes.

    ``whole``: the hit is a clause from its first word on, so that cues inside it count where they are none of what it
    was looked for by.

    Raises:
        PatternTimeoutError: a cue worked too long on this turn.
    """
    sentence = _sentence(stream, span)
    if switches.quotation and (cue := _quoted(cues, sentence, span)):
        return Held("quotation", cue)
    if whole and switches.quotation and (cue := _quoted_within(cues, sentence, span, still_found)):
        return Held("quotation", cue)
    if switches.negation and (cue := _negated(cues, sentence, span, still_found, whole=whole)):
        return Held("negation", cue)
    if switches.conditional and not sentence.all(cues.conditional_certain).starts:
        found = sentence.all(cues.conditional)
        return Held("conditional", sentence.text[found.starts[0] : found.ends[0]]) if found.starts else None
    return None


def carried(cues: Cues, switches: Switches, stream: Stream, span: Span, border: int) -> Held | None:
    """What a turn ended with before a speaker went on in the next one: "we will never" | "call your employer".

    ``stream``: both turns as one; ``border``: where the second begins in it. Only a cue that nothing but words of
    hesitation or little words separates from the hit is carried on: what is whole in the first turn stays there.
    """
    sentence = _sentence(stream, span)
    for gate, pattern in (("quotation", cues.quotation), ("negation", cues.negation)):
        if gate not in switches.names:
            continue
        for start, end in sentence.all(pattern):
            open_ended = end <= border and _unfinished(cues, sentence, end, span, paused=True)
            if open_ended and not (gate == "negation" and sentence.all(cues.negation_pseudo).overlap(start, end)):
                return Held(gate, sentence.text[start:end])
    return None


def disclaims(cues: Cues, stream: Stream) -> bool:
    """Whether somebody says what they are not doing, and then does it: "I'm not threatening you, but …".

    Raises:
        PatternTimeoutError: a cue worked too long on this turn.
    """
    return bool(_Sentence(stream, 0, len(stream.text)).all(cues.negation_disclaims).starts)


@dataclass(frozen=True)
class _Places:
    """Where a pattern matches, by ascending start. ``tops[i]``: the furthest end of the first ``i + 1``."""

    starts: Sequence[int] = ()
    ends: Sequence[int] = ()

    @cached_property
    def tops(self) -> Sequence[int]:
        return list(accumulate(self.ends, max))

    def __iter__(self) -> Iterator[tuple[int, int]]:
        return iter(zip(self.starts, self.ends, strict=True))

    def overlap(self, start: int, end: int) -> bool:
        """Whether any of them shares a character with ``[start, end)``."""
        before = bisect_left(self.starts, end)
        return before > 0 and self.tops[before - 1] > start


@dataclass(frozen=True)
class _Sentence:
    """One sentence (or more, where a hit is that long). What was looked for in it once is kept with its stream."""

    stream: Stream
    start: int
    end: int

    @property
    def text(self) -> str:
        return self.stream.text

    def all(self, pattern: Pattern | None) -> _Places:
        """Every place of a pattern, one for each character where it can begin."""
        if pattern is None:
            return _NOWHERE
        key = (id(pattern), self.start, self.end)
        if key not in self.stream.looked_up:
            self.stream.looked_up[key] = self._all(pattern)
        found = self.stream.looked_up[key]
        assert isinstance(found, _Places)
        return found

    def end_at(self, pattern: Pattern | None, at: int) -> int:
        """Where a match of the pattern that begins at ``at`` ends; 0 if there is none."""
        if pattern is None:
            return 0
        key = (id(pattern), at, -self.end)
        if key not in self.stream.looked_up:
            self.stream.looked_up[key] = self._end_at(pattern, at)
        found = self.stream.looked_up[key]
        assert isinstance(found, int)
        return found

    def clauses_with(self, pattern: Pattern | None) -> Sequence[int]:
        """Clauses of the sentence, but for its first, that begin with the pattern."""
        key = (id(pattern), -1, self.end)
        if key not in self.stream.looked_up:
            clauses = self.stream.clause_starts(self.start, self.end)
            self.stream.looked_up[key] = [c for c in clauses if self.end_at(pattern, c)]
        found = self.stream.looked_up[key]
        assert isinstance(found, list)
        return found

    def _all(self, pattern: Pattern) -> _Places:
        expression = pattern.on(plain=self.stream.is_plain)

        def all_places() -> list[tuple[int, int]]:
            limit = timeout_s(self.text)
            found = expression.finditer(self.text, self.start, self.end, overlapped=True, timeout=limit)
            return [match.span() for match in found]

        places = in_time(all_places, _CUE)
        return _Places([start for start, _ in places], [end for _, end in places])

    def _end_at(self, pattern: Pattern, at: int) -> int:
        expression = pattern.on(plain=self.stream.is_plain)
        match = in_time(lambda: expression.match(self.text, at, self.end, timeout=timeout_s(self.text)), _CUE)
        return match.end() if match else 0


def _sentence(stream: Stream, span: Span) -> _Sentence:
    start, end = stream.sentence(span.start)
    return _Sentence(stream, start, max(end, span.end))


_NOWHERE = _Places()
#: With which a cue may end and a hit begin.
_ADDRESSED = frozenset({"you", "me", "us"})
_CUE = "a cue of the gates"


def _quoted(cues: Cues, sentence: _Sentence, span: Span) -> str:
    if after := sentence.end_at(cues.quotation_after, span.end):
        return sentence.text[span.end : after]
    said = sentence.all(cues.quotation)
    if not said.starts:  # as in most sentences: nothing can break or go on
        return ""
    breakers = sentence.all(cues.quotation_breakers).starts
    broken = bisect_right(breakers, span.start)
    lowest = breakers[broken - 1] + 1 if broken else 0  # where a cue has to end at the earliest
    for i in range(bisect_right(said.starts, span.start) - 1, -1, -1):
        if said.tops[i] < lowest:
            break
        if lowest <= said.ends[i] and _stands_before(sentence.stream, said.starts[i], said.ends[i], span):
            borders = sentence.stream.clause_starts(said.ends[i], span.start)
            stops = [c for c in borders if not sentence.end_at(cues.quotation_continues, c)]
            if not stops:
                return sentence.text[said.starts[i] : said.ends[i]]
            lowest = max(lowest, stops[-1])
    return ""


def _stands_before(stream: Stream, start: int, end: int, span: Span) -> bool:
    """Whether a cue does, but for one word that is said to the hearer: "he called |you| a deadbeat"."""
    if end <= span.start:
        return True
    return start < span.start and stream.text[span.start : end] in _ADDRESSED


def _quoted_within(cues: Cues, sentence: _Sentence, span: Span, still_found: StillFound | None) -> str:
    """A cue that the clause begins with or holds counts when what is behind it is found alone as well."""
    text, said = sentence.text, sentence.all(cues.quotation)
    for start, end in said:
        if (
            span.start <= start
            and end < span.end
            and still_found
            and still_found(text[: span.start] + text[end:], span.start)
        ):
            return text[start:end]
    return ""


def _negated(cues: Cues, sentence: _Sentence, span: Span, still_found: StillFound | None, *, whole: bool) -> str:
    def clears(start: int, end: int) -> bool:
        # Looked for where there is a cue alone, which most sentences have not.
        return not sentence.all(cues.negation_pseudo).overlap(start, end)

    if (after := sentence.end_at(cues.negation_after, span.end)) and clears(span.end, after):
        return sentence.text[span.end : after]
    nearest = sentence.stream.units_back(span.start, cues.negation_reach)
    for start, end in _about(sentence.all(cues.negation), nearest, span.end):
        if clears(start, end) and (
            _covers(cues, sentence, start, end, span)
            or _within(start, end, span, sentence.text, still_found, whole=whole)
        ):
            return sentence.text[start:end]
    for start, end in _about(sentence.all(cues.negation_wide), nearest, span.start):
        if clears(start, end) and _embraces(cues, sentence, start, end, span):
            return sentence.text[start:end]
    for start, end in _about(sentence.all(cues.negation_touching), span.start - 1, span.start):
        if end == span.start and clears(start, end):
            return sentence.text[start:end]
    return ""


def _about(places: _Places, first: int, last: int) -> Iterator[tuple[int, int]]:
    """Those that may end behind ``first`` and begin before ``last``."""
    chosen = range(bisect_left(places.tops, first), bisect_left(places.starts, last))
    return ((places.starts[i], places.ends[i]) for i in chosen)


def _covers(cues: Cues, sentence: _Sentence, start: int, end: int, span: Span) -> bool:
    """Whether the scope of a negation before the hit reaches it: same clause or list, not too far, nothing between."""
    stream = sentence.stream
    if start >= span.start or stream.units(end, span.start) > cues.negation_reach:
        return False
    if end > span.start and not _NEGATING.search(stream.text, start, span.start):
        # "别想" in "今晚你别想睡" is part of the hit; only its "你" stands before.
        return False
    if _unfinished(cues, sentence, end, span):
        return True
    if _between(sentence.all(cues.negation_breakers), end, span.start):
        return False
    borders = [c for c in stream.clause_starts(start, span.start) if c > end]
    return not borders or _lists(cues, sentence, borders, span)


def _embraces(cues: Cues, sentence: _Sentence, start: int, end: int, span: Span) -> bool:
    """Whether a negation of a whole statement ("nobody's saying …") has the hit in that statement.

    Subjects and verbs of the statement are no border, as they are to a plain negation; a contrast is. A comma is one,
    but that of a condition in it: "it's not like if you miss one, we call your boss".
    """
    if end > span.start or sentence.stream.units(end, span.start) > cues.negation_reach:
        return False
    if _between(sentence.all(cues.negation_contrasts), end, span.start):
        return False
    borders = [c for c in sentence.stream.clause_starts(start, span.start) if c > end]
    if not borders or _unfinished(cues, sentence, end, span):
        return True
    conditions = sentence.all(cues.negation_conditions)
    return len(borders) == 1 and any(start <= at < borders[0] for at in conditions.starts)


def _between(places: _Places, first: int, last: int) -> bool:
    """Whether one of them begins behind ``first`` and not behind ``last``."""
    return bisect_right(places.starts, first) < bisect_right(places.starts, last)


def _unfinished(cues: Cues, sentence: _Sentence, end: int, span: Span, *, paused: bool = False) -> bool:
    """Whether the speaker only hesitates between a cue and the hit: "we don't, uh, you know, call your boss".

    ``paused``: a pause is known of already. Little words ("going to") may stand there, too.
    """
    at = end
    while at < span.start:
        if sentence.text[at].isspace():
            at += 1
        elif after := sentence.end_at(cues.negation_fillers, at):
            at, paused = after, True
        elif after := sentence.end_at(cues.negation_light, at):
            at = after
        else:
            return False
    return paused and at == span.start


def _lists(cues: Cues, sentence: _Sentence, borders: list[int], span: Span) -> bool:
    """ "We won't call your boss, your friends, or your mother": a list carries the negation over commas."""
    conjunctions = cues.list_conjunctions
    own = _Sentence(sentence.stream, *sentence.stream.sentence(span.start))
    if any(own.end_at(conjunctions, c) for c in borders):
        return True
    listed = own.clauses_with(conjunctions)
    return bool(listed) and listed[-1] > span.start


def _within(start: int, end: int, span: Span, text: str, still_found: StillFound | None, *, whole: bool) -> bool:
    """A negation inside the hit counts when the pattern did not ask for it: it fills one of the pattern's gaps."""
    inside = (span.start <= start if whole else span.start < start) and end <= span.end
    if not inside or still_found is None:
        return False
    if whole and (word := _NEGATING.search(text, start, end)):  # of 绝对不会 the 会 may be what the hit is alike in
        start, end = word.span()
    before, after = text[:start], text[end:]
    joint = after.removeprefix(" ") if before.endswith(" ") else after
    return still_found(before + joint, span.start)
