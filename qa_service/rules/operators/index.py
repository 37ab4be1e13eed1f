"""Which terms can be in which turns: all words of a pack in one automaton (Aho and Corasick 1975), a turn read once.

A phrase can only be where its text is, a pattern only where one literal of each of its sets is, a word known by its
sound only where such syllables are. What this names is then looked at closely by :func:`~.words.find`; what it does
not name is not there.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import ahocorasick

from qa_service.rules.operators.lines import Line, Reading
from qa_service.rules.operators.sounds import is_latin, keys_of, listening_for, ways_to_say
from qa_service.rules.operators.words import NEAR_FROM, Term
from qa_service.text.pinyin import near_key

#: Positions of turns, ascending.
Turns = Sequence[int]
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
        self._syllables = _automaton((code, code) for way in self._ways.values() for code in way.sounds)
        self._misheard = listening_for({word for way in self._ways.values() for word in way.misheard})
        self._phonetic = any(way.phonetic for way in self._ways.values())

    def scan(self, lines: Sequence[Line], readings: Sequence[Reading] = (), *, sound_alike: bool = True) -> Candidates:
        """Read a call, behind its turns its readings. ``sound_alike``: whether words may be known by their sound."""
        lines = [*lines, *(reading.line for reading in readings)]
        seen: dict[int, list[int]] = {}
        for at, line in enumerate(lines):
            for literal in _found(self._automaton, line.stream.text):
                seen.setdefault(literal, []).append(at)
        in_sets: dict[int, list[Turns]] = {}
        for literal, turns in seen.items():
            for number in self._members[literal]:
                in_sets.setdefault(number, []).append(turns)
        sets = {number: {at for turns in found for at in turns} for number, found in in_sets.items()}
        call = Candidates(frozenset(range(len(lines))), self._ways, sets, readings)
        call.odd = {at for at, line in enumerate(lines) if not line.stream.is_plain}
        if sound_alike:
            self._listen(lines, call)
        return call

    def _listen(self, lines: Sequence[Line], call: Candidates) -> None:
        if self._syllables is not None:
            for at, line in enumerate(lines):
                for code in _found(self._syllables, _syllables(line)):
                    call.syllables.setdefault(code, set()).add(at)
        if self._misheard.by_start:
            for at, line in enumerate(lines):
                for hit in self._misheard.heard(line):
                    call.misheard.setdefault(hit.word, set()).add(at)
        if self._phonetic:
            for at, line in enumerate(lines):
                for key in set(keys_of(line)):
                    call.spelt.setdefault(key, set()).add(at)

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
    """What was read in one call: its turns and, numbered behind them, its ``readings``.

    ``odd``: turns in which case is more than a to z, for which literals prove nothing.
    """

    everywhere: Set[int]
    ways: Mapping[int, _Ways]
    sets: Mapping[int, set[int]]
    readings: Sequence[Reading] = ()
    odd: set[int] = field(default_factory=set)
    syllables: dict[str, set[int]] = field(default_factory=dict)
    misheard: dict[str, set[int]] = field(default_factory=dict)
    spelt: dict[str, set[int]] = field(default_factory=dict)
    _turns: dict[int, Set[int]] = field(default_factory=dict, repr=False)

    def turns(self, term: Term) -> Set[int]:
        """Positions of the turns and readings in which the term can be; all for a term not known."""
        if id(term) not in self._turns:
            self._turns[id(term)] = self._read(term)
        return self._turns[id(term)]

    @cached_property
    def _by_turn(self) -> Mapping[int, Sequence[tuple[int, Reading]]]:
        found: dict[int, list[tuple[int, Reading]]] = {}
        for at, reading in enumerate(self.readings, len(self.everywhere) - len(self.readings)):
            found.setdefault(reading.first, []).append((at, reading))
        return found

    def readings_from(self, turn: int) -> Sequence[tuple[int, Reading]]:
        """Positions of the readings that begin in a turn, and these."""
        return self._by_turn.get(turn, ())

    def _read(self, term: Term) -> Set[int]:
        way = self.ways.get(id(term))
        if way is None or way.written is None:
            return self.everywhere
        found: Set[int] = self._in_all(way.written[0])
        for numbers in way.written[1:]:
            found = found | self._in_all(numbers) if numbers[0] in self.sets else found
        if way.by_case and self.odd:
            found = found | self.odd
        for turns in self._by_sound(way):
            found = found | turns
        return found

    def _in_all(self, numbers: Sets) -> set[int]:
        first = self.sets.get(numbers[0], _NOWHERE)
        for number in numbers[1:]:
            if not first:
                break
            first = first & self.sets.get(number, _NOWHERE)
        return first

    def _by_sound(self, way: _Ways) -> Iterator[set[int]]:
        if self.syllables:
            yield from (self.syllables.get(code, _NOWHERE) for code in way.sounds)
        if self.misheard:
            yield from (self.misheard.get(word, _NOWHERE) for word in way.misheard)
        if self.spelt and way.phonetic:
            said = (self.spelt.get(a, _NOWHERE) | self.spelt.get(b, _NOWHERE) for a, b in way.phonetic)
            yield set.intersection(*said)


_NOWHERE: set[int] = set()


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
    before = -1
    near, plain = [], []
    for syllable, close in zip(line.syllables, line.near, strict=True):
        if syllable.start != before:
            near.append("~ ")
            plain.append("= ")
        near.append(f"~{close}")
        plain.append(f"={syllable.text}")
        before = syllable.end
    return f"{''.join(near)}~ {''.join(plain)}="
