"""Domain terms in the place of what sounds like them, Mandarin.

A noisy channel in small: what was heard is weighed against the term by how natural the clause is with either (the term
counting as usual in this domain) and by how far the sounds lie apart. A term must win clearly, and what is a word by
itself is never touched for the sake of a term of two characters.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache

import regex

from qa_service.text.numbers import spoken_numbers
from qa_service.text.pinyin import is_phrase, near_key, readings, sounds_apart, syllables
from qa_service.text.terms import Edit, Term
from qa_service.text.words import division, usual

#: How usual a term of the domain is on a call, as a log-probability: once in about 13,000 words.
TERM = -9.5
#: How usual a word counts that only the dictionary of phrases has, where words must not be broken.
RARE = -13.0
#: By how much a clause must gain, in nats; more for the same gain where the sounds lie apart or the words were clear.
LEAST_GAIN = {2: 5.0}
LEAST_GAIN_LONG = 3.5
PER_STEP_APART = 2.0
CLEARLY_HEARD, WHEN_CLEAR = 0.9, 2.0
#: Steps that the sounds may lie apart, for each character of the term, by the term's length.
FURTHEST = {2: 0.25, 3: 0.34}
FURTHEST_LONG = 0.5

_CLAUSE = regex.compile(r"\p{Script=Han}+")
#: Somebody is named: 姓周, 我叫孙浩, 周敏女士.
_NAMED = regex.compile(
    r"(?:姓|我叫|名叫)\p{Script=Han}{1,3}|\p{Script=Han}{1,2}(?=先生|女士|小姐|老师|经理|总(?![是之共会要算体额的])|师傅)"
)


def edits(text: str, terms: Sequence[Term], people: Sequence[str], chances: Sequence[float] | None) -> Iterator[Edit]:
    """Terms to be read in ``text``; they may overlap. ``chances``: probability of each character, where known."""
    closed = list(_closed(text, people))
    also = {term.text: TERM for term in terms}
    for clause in _CLAUSE.finditer(text):
        for edit in _in_clause(clause.group(), clause.start(), terms, also, chances):
            if not any(a < edit.end and edit.start < b for a, b in closed):
                yield edit


def _in_clause(
    clause: str,
    offset: int,
    terms: Sequence[Term],
    also: Mapping[str, float],
    chances: Sequence[float] | None,
) -> Iterator[Edit]:
    sounds = [s.text for s in syllables(clause)]
    if len(sounds) != len(clause):
        return
    alike = list(_alike(clause, sounds, terms))
    if not alike:
        return
    before, words = division(clause, also)
    if rare := dict.fromkeys(_rare_words(clause), RARE):
        words = division(clause, {**also, **rare})[1]
    for term, at, steps in alike:
        end = at + len(term.text)
        if (end - at == 2 and _is_word(clause[at:end], steps)) or _breaks_word(words, at, steps):
            continue
        gain = division(clause[:at] + term.text + clause[end:], also)[0] - before - PER_STEP_APART * sum(steps)
        clear = chances is not None and min(chances[offset + at : offset + end]) > CLEARLY_HEARD
        if gain >= LEAST_GAIN.get(len(term.text), LEAST_GAIN_LONG) + WHEN_CLEAR * clear:
            yield Edit(offset + at, offset + end, term, gain)


def _rare_words(clause: str) -> Iterator[str]:
    pairs = (clause[at : at + 2] for at in range(len(clause) - 1))
    return (pair for pair in pairs if is_phrase(pair) and not usual(pair))


def _is_word(heard: str, steps: Sequence[float]) -> bool:
    """What was heard is a word by itself; a rare one that sounds just like the term (转帐, 钱款) may be the term."""
    return usual(heard) or (any(steps) and is_phrase(heard))


def _breaks_word(words: Sequence[str], at: int, steps: Sequence[float]) -> bool:
    """A character that does not even sound like the term's is part of a word that was heard."""
    inside = [len(word) > 1 for word in words for _ in word]
    return any(step >= 1 and inside[at + i] for i, step in enumerate(steps))


def _alike(clause: str, sounds: Sequence[str], terms: Sequence[Term]) -> Iterator[tuple[Term, int, tuple[float, ...]]]:
    """Terms that sound like a stretch of the clause and are written otherwise: where, and how far apart."""
    firsts: dict[str, list[int]] = {}
    for at, sound in enumerate(sounds):
        firsts.setdefault(near_key(sound), []).append(at)
    for term in terms:
        size = len(term.text)
        spoken = _spoken(term.text)
        places = (
            range(len(clause) - size + 1)
            if size > 3
            else [p for k in {near_key(s[0]) for s in spoken} for p in firsts.get(k, ())]
        )
        for at in places:
            if at + size > len(clause) or clause[at : at + size] == term.text:
                continue
            steps = min((tuple(map(sounds_apart, s, sounds[at : at + size])) for s in spoken), key=sum)
            if sum(steps) <= FURTHEST.get(size, FURTHEST_LONG) * size:
                yield term, at, steps


@lru_cache(maxsize=2048)
def _spoken(term: str) -> tuple[tuple[str, ...], ...]:
    return readings(term)


def _closed(text: str, people: Sequence[str]) -> Iterator[tuple[int, int]]:
    """Numbers and names of people."""
    yield from ((n.start, n.end) for n in spoken_numbers(text, "zh"))
    yield from (m.span() for m in _NAMED.finditer(text))
    for name in people:
        yield from (m.span() for m in regex.finditer(regex.escape(name), text))
