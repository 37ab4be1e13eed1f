"""Which terms can be in which turns: all words of a pack in one automaton (Aho and Corasick 1975), a turn read once.

A phrase can only be where its text is, a pattern only where one literal of each of its sets is, a word known by its
sound only where such syllables are. What this names is then looked at closely by :func:`~.words.find`; what it does
not name is not there.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, reduce
from operator import and_
from typing import Any, TypeVar

import ahocorasick

from qa_service.rules.operators.joins import Join
from qa_service.rules.operators.lines import Line, Reading
from qa_service.rules.operators.sounds import is_latin, keys_of, listening_for, ways_to_say
from qa_service.rules.operators.turns import NONE, Turns, first_turns, places_of, turns_at
from qa_service.rules.operators.words import NEAR_FROM, Term
from qa_service.rules.stream import is_han
from qa_service.text.pinyin import near_key

Key = TypeVar("Key")
_LONGEST_WORD = 8
#: Ids of sets of literals; in a turn where a term is there is one literal of each.
Sets = tuple[int, ...]


@dataclass(frozen=True)
class _Ways:
    """The ways in which one term can be there. ``written`` is None where it may be anywhere.

    ``by_case``: literals prove nothing where case is more than a to z. By sound: ``sounds`` (coded syllables), words
    of a pattern that may be ``misheard``, and for each word of an English phrase two keys of which one must be said.
    """

    written: tuple[Sets, ...] | None
    by_case: bool = False
    sounds: tuple[str, ...] = ()
    misheard: tuple[str, ...] = ()
    phonetic: tuple[tuple[str, str], ...] = ()


class Index:
    """The terms of some rules. Made once; safe to use from several threads."""

    def __init__(self, terms: Iterable[Term]) -> None:
        self._terms = list({id(term): term for term in terms}.values())
        self._set_ids: dict[frozenset[str], int] = {}
        self._ways = {id(term): self._ways_of(term) for term in self._terms}
        members: dict[str, list[int]] = {}
        for literals, number in self._set_ids.items():
            for literal in literals:
                members.setdefault(literal, []).append(number)
        self._members = list(members.values())
        self._automaton = _automaton((literal, number) for number, literal in enumerate(members))
        #: By the first set of each of its alternatives: terms, and the sets that must be there too.
        self._written: dict[int, list[tuple[int, Sets]]] = {}
        self._by_syllables: dict[str, list[int]] = {}
        self._by_misheard: dict[str, list[int]] = {}
        for key, way in self._ways.items():
            for sets in way.written or ():
                self._written.setdefault(sets[0], []).append((key, sets[1:]))
            for code in dict.fromkeys(way.sounds):
                self._by_syllables.setdefault(code, []).append(key)
            for word in way.misheard:
                self._by_misheard.setdefault(word, []).append(key)
        self._syllables = _automaton((code, code) for code in self._by_syllables)
        self._misheard = listening_for(self._by_misheard)
        self._phonetic = {key: way.phonetic for key, way in self._ways.items() if way.phonetic}

    @cached_property
    def chinese_words(self) -> frozenset[str]:
        """Phrases, and the words that patterns ask for, of two Han characters to eight."""
        phrases = {term.phrase for term in self._terms if term.pattern is None}
        patterns = {word for term in self._terms if term.misheard for word in term.misheard.words.words}
        return frozenset(w for w in phrases | patterns if 1 < len(w) <= _LONGEST_WORD and all(map(is_han, w)))

    def scan(self, lines: Sequence[Line], readings: Sequence[Reading] = (), *, sound_alike: bool = True) -> Candidates:
        """Read a call, behind its turns its readings. ``sound_alike``: whether words may be known by their sound."""
        call = Candidates(len(lines), readings, self._ways)
        lines = [*lines, *(reading.line for reading in readings)]
        self._read(lines, call)
        if sound_alike:
            self._listen(lines, call)
        return call

    def _read(self, lines: Sequence[Line], call: Candidates) -> None:
        sets = self._sets(lines)
        for first, turns in sets.items():
            for key, others in self._written.get(first, ()):
                both = turns
                for number in others:
                    both &= sets.get(number, NONE)
                if both:
                    _add(call.found, key, both)
        odd = turns_at(at for at, line in enumerate(lines) if not line.stream.is_plain)
        for key, way in self._ways.items() if odd else ():
            if way.by_case:
                _add(call.found, key, odd)

    def _sets(self, lines: Sequence[Line]) -> dict[int, Turns]:
        """Where one of the literals of each set is."""
        seen: dict[int, Turns] = {}
        for at, line in enumerate(lines):
            here = 1 << at
            for literal in _found(self._automaton, line.stream.text):
                seen[literal] = seen.get(literal, NONE) | here
        sets: dict[int, Turns] = {}
        for literal, turns in seen.items():
            for number in self._members[literal]:
                sets[number] = sets.get(number, NONE) | turns
        return sets

    def _listen(self, lines: Sequence[Line], call: Candidates) -> None:
        said: dict[str, Turns] = {}
        for at, line in enumerate(lines) if self._syllables is not None else ():
            for code in _found(self._syllables, _syllables(line)):
                _add(said, code, 1 << at)
        _add_all(call.found, said, self._by_syllables)
        misheard: dict[str, Turns] = {}
        for at, line in enumerate(lines) if self._by_misheard else ():
            for hit in self._misheard.heard(line):
                _add(misheard, hit.word, 1 << at)
        _add_all(call.found, misheard, self._by_misheard)
        spelt: dict[str, Turns] = {}
        for at, line in enumerate(lines) if self._phonetic else ():
            for word in set(keys_of(line)):
                _add(spelt, word, 1 << at)
        for key, words in self._phonetic.items():
            _add(call.found, key, reduce(and_, (spelt.get(a, NONE) | spelt.get(b, NONE) for a, b in words)))

    def _ways_of(self, term: Term) -> _Ways:
        if term.pattern is None:
            written = ((self._number(frozenset({term.phrase})),),)
            spelt = [word for word in term.phrase.split() if term.phonetic]
            phonetic = tuple(map(ways_to_say, spelt)) if all(map(is_latin, spelt)) else ()
            return _Ways(written, sounds=tuple(map(_code, term.sounds)), phonetic=phonetic)
        required = term.pattern.required
        sets = None if required is None else tuple(tuple(map(self._number, needed)) for needed in required)
        misheard = {w for found in term.misheard.words.by_start.values() for w, _, _ in found} if term.misheard else ()
        return _Ways(sets, by_case=True, misheard=tuple(sorted(misheard)))

    def _number(self, literals: frozenset[str]) -> int:
        return self._set_ids.setdefault(literals, len(self._set_ids))


@dataclass
class Candidates:
    """What was read in one call: so many turns and, numbered behind them, its ``readings``.

    ``found``: turns and readings by the id of the term that can be there.
    """

    count: int
    readings: Sequence[Reading]
    ways: Mapping[int, _Ways]
    found: dict[int, Turns] = field(default_factory=dict)

    @cached_property
    def everywhere(self) -> Turns:
        """All turns and readings."""
        return first_turns(self.count + len(self.readings))

    def turns(self, term: Term) -> Turns:
        """The turns and readings in which the term can be; all for a term not known."""
        way = self.ways.get(id(term))
        if way is None or way.written is None:
            return self.everywhere
        return self.found.get(id(term), NONE)

    @cached_property
    def _by_turn(self) -> Mapping[int, Sequence[tuple[int, Reading]]]:
        found: dict[int, list[tuple[int, Reading]]] = {}
        for at, reading in enumerate(self.readings, self.count):
            found.setdefault(reading.first, []).append((at, reading))
        return found

    @cached_property
    def _begun(self) -> Turns:
        return turns_at(self._by_turn)

    def with_readings(self, turns: Turns) -> Turns:
        """These turns with the readings that begin in them, and the turns where these end."""
        found = turns
        for turn in places_of(turns & self._begun):
            for at, reading in self._by_turn[turn]:
                found |= 1 << at | 1 << reading.last
        return found

    @cached_property
    def unbroken(self) -> Mapping[int, Join]:
        """By the second of its turns, the join of two that are one sentence."""
        return {r.second: r for r in self.readings if isinstance(r, Join) and r.unbroken}

    def as_turns(self, found: Turns) -> Turns:
        """With the turn in which it begins in place of each reading."""
        behind = found >> self.count
        if not behind:
            return found
        return found & first_turns(self.count) | turns_at(self.readings[at].first for at in places_of(behind))


def _add(found: dict[Key, Turns], key: Key, turns: Turns) -> None:
    found[key] = found.get(key, NONE) | turns


def _add_all(found: dict[int, Turns], heard: Mapping[str, Turns], terms: Mapping[str, Sequence[int]]) -> None:
    """Where words were heard, for the terms that they can be part of."""
    for word, turns in heard.items():
        for key in terms[word]:
            _add(found, key, turns)


def _automaton(words: Iterable[tuple[str, object]]) -> Any:
    """None where there is no word."""
    automaton = ahocorasick.Automaton()
    for word, value in words:
        automaton.add_word(word, value)
    if not len(automaton):
        return None
    automaton.make_automaton()
    return automaton


def _found(automaton: Any, text: str) -> set[Any]:
    return {value for _, value in automaton.iter(text)} if automaton is not None else set()


def _code(sounds: Sequence[str]) -> str:
    """Syllables as one text, as they are compared: by near sounds from a length on."""
    mark, shown = ("~", map(near_key, sounds)) if len(sounds) >= NEAR_FROM else ("=", sounds)
    return "".join(f"{mark}{s}" for s in shown) + mark


def _syllables(line: Line) -> str:
    """The syllables of a turn as one text in both forms, a space where something stands between two of them."""
    ends = (-1, *(syllable.end for syllable in line.syllables))
    apart = [syllable.start != end for syllable, end in zip(line.syllables, ends, strict=False)]
    near = "".join([f"~ ~{s}" if gap else f"~{s}" for s, gap in zip(line.near, apart, strict=True)])
    plain = "".join([f"= ={s}" if gap else f"={s}" for s, gap in zip(line.plain, apart, strict=True)])
    return f"{near}~ {plain}="
