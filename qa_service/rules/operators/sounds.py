"""Words that were heard and written as others that sound the same: 坐牢 as 做牢, garnish as garnishee.

Mandarin is compared by syllables without tones; near sounds (zh/z, n/l, f/h, an/ang …) cost half a step each. A phrase
is looked for as it is. For a pattern every run of two or more characters in it is a word that may have been misheard:
where something in the turn sounds like it, the pattern is tried on the turn with that word put in its place. English
words are compared by Metaphone (Philips 1990).

Two syllables sound like something in nearly every sentence. They count only where one of the two characters is the
same, or where the pattern asks for more words around them and those are there.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import islice

import regex

from qa_service.rules.operators.lines import Line, Misheard, Span
from qa_service.text.distance import distance
from qa_service.text.pinyin import NEAR_STEP, near_key, readings
from qa_service.text.words import LONGEST, usual

#: Steps (see sounds_apart) that a word of so many syllables may be away: two must sound the same, four may have two
#: near sounds.
_MOST_STEPS = {2: 0.0, 3: 1.0}
_STEPS_A_SYLLABLE = 0.5
#: Syllables from which a misheard word inside a pattern can be trusted to be that word.
TRUSTED_WORD = 3
#: Letters from which a misheard English word can be, whatever stands around it: jail is also jolly.
TRUSTED_LATIN = 6
#: Words of so many syllables are not looked for in what makes sense as it is written.
SHORT = 3
#: Characters of a match beyond the misheard word that make up for a short one.
CONTEXT = 2
#: Variants of one turn that are tried for one pattern.
MOST_VARIANTS = 6
#: English words shorter than this sound like too many others.
SHORTEST_WORD = 4
#: Share of the letters of the longer of two English words that may be others, missing or too many.
MOST_APART = 0.3

_CLASS = regex.compile(r"\\.|\[(?:\\.|[^\]\\])*\]")
_RUN = regex.compile(r"[\u3400-\u9fff]{3,}|[\u3400-\u9fff]{2}(?![\u3400-\u9fff?*{])")
_LATIN = regex.compile(r"[a-z']+")

Sounds = tuple[str, ...]


class WordsOfPattern:
    """Runs of Han characters in a pattern that have to stand there as they are; read when first asked for."""

    def __init__(self, pattern: str) -> None:
        self._pattern = pattern

    @cached_property
    def words(self) -> Words:
        bare = _CLASS.sub("/", self._pattern)
        runs = ((run.group(), bare[run.end() : run.end() + 1]) for run in _RUN.finditer(bare))
        return listening_for({run[:-1] if behind in ("?", "*", "{") else run for run, behind in runs})


@dataclass(frozen=True)
class Words:
    """Words to listen for, with their sounds and the classes of these, by the first two classes."""

    by_start: dict[tuple[str, str], tuple[tuple[str, Sounds, Sounds], ...]]

    @cached_property
    def words(self) -> frozenset[str]:
        return frozenset(word for found in self.by_start.values() for word, _, _ in found)

    def heard(self, line: Line) -> list[Misheard]:
        """Where something sounds like one of the words and is written otherwise, by place and word.

        A turn is listened to once for all words of a pack, and then asked for those of one pattern.
        """
        before = line.listened
        if self.words <= before.words:
            return sorted(hit for word in self.words & before.found.keys() for hit in before.found[word])
        hits = sorted(self._listen(line))
        by_word: dict[str, list[Misheard]] = {}
        for hit in hits:
            by_word.setdefault(hit.word, []).append(hit)
        before.words, before.found = self.words, by_word
        return hits

    def _listen(self, line: Line) -> list[Misheard]:
        near, found = line.near, []
        begun = self.by_start.keys() & line.pairs.keys()
        for i in sorted(i for pair in begun for i in line.pairs[pair]):
            start = line.syllables[i].start
            for word, sounds, classes in self.by_start[near[i], near[i + 1]]:
                if line.stream.text.startswith(word, start):
                    continue  # written as it is meant
                if near[i : i + len(classes)] == classes and (hit := _at(line, i, word, sounds)) is not None:
                    found.append(hit)
        return found


def listening_for(words: Iterable[str]) -> Words:
    """Han words of two characters and more, each with all its readings."""
    table: dict[tuple[str, str], list[tuple[str, Sounds, Sounds]]] = {}
    for word in sorted(words):
        for sounds in readings(word):
            classes = tuple(map(near_key, sounds))
            table.setdefault((classes[0], classes[1]), []).append((word, sounds, classes))
    return Words({key: tuple(found) for key, found in table.items()})


def in_pattern(pattern: regex.Pattern[str], words: Words, line: Line, timeout_s: float) -> Iterator[Span]:
    """Matches of the pattern on the turn with misheard words put right.

    Raises:
        TimeoutError: the pattern worked longer than ``timeout_s`` on one variant.
    """
    heard = words.heard(line)
    seen: set[tuple[int, int]] = set()
    for chosen in variants(heard):
        text = put_right(line.stream.text, chosen)
        starts, ends = [h.start for h in chosen], [h.end for h in chosen]
        for match in pattern.finditer(text, timeout=timeout_s):
            place = match.span()
            inside = chosen[bisect_right(ends, place[0]) : bisect_left(starts, place[1])]
            if inside and place not in seen and all(_sure(h, match, line) for h in inside):
                seen.add(place)
                sure = all(h.end - h.start >= TRUSTED_WORD for h in inside)
                yield Span(place[0], place[1], heard_as=text[match.start() : match.end()].strip(), sure=sure)


def phonetic(phrase: str, line: Line) -> Iterator[Span]:
    """Runs of words that sound like an English phrase and are written otherwise.

    By the first letter and the consonants *please* is *police* and *layer* is *lawyer*: where no other word of the
    phrase was said as it is, the spelling has to be near, too, and a person decides.
    """
    wanted = phrase.split()
    if not all(map(is_latin, wanted)):
        return
    keys = [_metaphone(word) for word in wanted]
    words = [(m.start(), m.end(), m.group()) for m in _LATIN.finditer(line.stream.text)]
    for i in range(len(words) - len(wanted) + 1):
        here = words[i : i + len(wanted)]
        said = [text for _, _, text in here]
        if said != wanted and all(_sounds_like(a, b, key) for a, b, key in zip(said, wanted, keys, strict=True)):
            misheard = [(word, heard) for word, heard in zip(wanted, said, strict=True) if word != heard]
            near, in_context = all(spelt_nearly(*pair) for pair in misheard), len(misheard) < len(wanted)
            if near or in_context:
                sure = near and in_context and all(len(word) >= TRUSTED_LATIN for word, _ in misheard)
                yield Span(here[0][0], here[-1][1], heard_as=phrase, sure=sure)


def spelt_nearly(word: str, other: str) -> bool:
    return distance(word, other) <= MOST_APART * max(len(word), len(other))


def is_latin(word: str) -> bool:
    """Whether it can be compared by Metaphone."""
    return _LATIN.fullmatch(word) is not None


def ways_to_say(word: str) -> tuple[str, str]:
    """Two keys of an English word: a word that sounds like another one shares one of them with it."""
    return word, sound_key(word)


def sound_key(word: str) -> str:
    """First letter and Metaphone of an English word."""
    return f"{word[0]} {_metaphone(word)}"


def keys_of(line: Line) -> Iterator[str]:
    """All keys of the words of a turn."""
    for found in _LATIN.finditer(line.stream.text):
        yield from ways_to_say(found.group())


def _sounds_like(said: str, wanted: str, key: str) -> bool:
    if said == wanted:
        return True
    short = min(len(said), len(wanted)) < SHORTEST_WORD
    return not short and bool(key) and said[0] == wanted[0] and _metaphone(said) == key


@lru_cache(maxsize=8192)
def _metaphone(word: str) -> str:
    import jellyfish

    return str(jellyfish.metaphone(word))


def _at(line: Line, i: int, word: str, sounds: Sounds) -> Misheard | None:
    """Of a word whose classes of sounds stand at syllable ``i``."""
    size = len(sounds)
    start, end = line.syllables[i].start, line.syllables[i + size - 1].end
    if end - start != size or line.stream.text[start:end] == word:
        return None
    steps = steps_apart(line.plain[i : i + size], sounds)
    if steps > most_steps(size):
        return None
    if size <= SHORT and makes_sense(line.stream.text, start, word):
        return None
    return Misheard(start, end, word, steps)


def steps_apart(heard: Sequence[str], sounds: Sequence[str]) -> float:
    """Of syllables whose classes are the same."""
    return NEAR_STEP * sum(a != b for a, b in zip(heard, sounds, strict=True))


def most_steps(syllables: int) -> float:
    """How far a phrase or word of so many syllables may be away."""
    return _MOST_STEPS.get(syllables, _STEPS_A_SYLLABLE * syllables / 2)


def makes_sense(text: str, start: int, word: str) -> bool:
    """Whether a character that would be put right belongs to a word that reaches beyond: 打电 in 打电话 is no 打点."""
    end = start + len(word)
    for at in (start + i for i, char in enumerate(word) if text[start + i] != char):
        for first in range(max(0, at - LONGEST + 1), at + 1):
            for last in range(max(at + 1, first + 2), min(len(text), first + LONGEST) + 1):
                if (first < start or last > end) and usual(text[first:last]):
                    return True
    return False


def _sure(hit: Misheard, match: regex.Match[str], line: Line) -> bool:
    """Whether a misheard word of two syllables has a character or a context that speaks for it."""
    if hit.end - hit.start > 2:
        return True
    same = sum(a == b for a, b in zip(line.stream.text[hit.start : hit.end], hit.word, strict=True))
    around = sum("\u3400" <= c <= "\u9fff" for c in match.group()) - 2
    return same > 0 or around >= CONTEXT


def variants(heard: Sequence[Misheard]) -> Iterator[tuple[Misheard, ...]]:
    """All that fit beside each other, the surest first, in the order of the turn; then each of the others alone.

    A turn may be a whole letter: the time taken grows with what was heard, not with its square.
    """
    ordered = sorted(heard, key=lambda h: (h.steps, -(h.end - h.start), h.start))
    together: set[Misheard] = set()
    taken: set[int] = set()
    for hit in ordered:
        place = range(hit.start, hit.end)
        if taken.isdisjoint(place):
            together.add(hit)
            taken.update(place)
    if together:
        yield tuple(sorted(together))
    for hit in islice((h for h in ordered if h not in together), MOST_VARIANTS - 1):
        yield (hit,)


def put_right(text: str, chosen: Sequence[Misheard]) -> str:
    """The text with each of these words, ascending and none upon another, in its place."""
    parts, done = [], 0
    for hit in chosen:
        parts += [text[done : hit.start], hit.word]
        done = hit.end
    return "".join((*parts, text[done:]))
