"""Domain terms in the place of what sounds like them, English: "passed due" is past due, "garnish she" garnishee.

English has few homophones of more than a syllable, so only two cases are mended: a term of several words of which one
was written otherwise, and a long word or name whose sounds were all heard but unsurely.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher
from functools import lru_cache
from itertools import pairwise

from qa_service.text.terms import Edit, Term

#: A word or name that stands alone has so many letters, and is heard less surely than this.
LETTERS, UNSURE = 7, 0.6
ALIKE = 0.7

_WORD = re.compile(r"[A-Za-z']+")
_GAP = re.compile(r"[\s\-]{1,2}")
#: Spelling to sound, in this order: a short form of Philips' Metaphone that does not tell d from t or v from f.
_SOUNDS = [
    (r"^(?:kn|gn|pn)", "n"), (r"^wr", "r"), (r"^ps", "s"), (r"sch", "sk"), (r"tch|ch|sh|ti(?=on)|ci(?=a)", "X"),
    (r"dg(?=[eiy])|j|g(?=[eiy])", "J"), (r"ph", "f"), (r"gh(?![aeiou])", ""), (r"th", "0"), (r"ck|q|c(?![eiy])", "k"),
    (r"c", "s"), (r"x", "ks"), (r"z", "s"), (r"d", "t"), (r"v", "f"), (r"(?<=.)[aeiouwhy]", ""), (r"^[aeiou]", "a"),
    (r"(.)\1+", r"\1"),
]  # fmt: skip


@lru_cache(maxsize=4096)
def sound_key(words: str) -> str:
    """Consonants of a word or phrase, and whether it begins with a vowel; equal keys sound alike."""
    key = re.sub(r"[^a-z]", "", words.lower())
    for spelled, sound in _SOUNDS:
        key = re.sub(spelled, sound, key)
    return key


def edits(text: str, terms: Sequence[Term], chances: Sequence[float] | None) -> Iterator[Edit]:
    """Terms to be read in ``text``; they may overlap. ``chances``: probability of each character, where known."""
    words = list(_WORD.finditer(text))
    for term in terms:
        wanted = _WORD.findall(term.text)
        for size in range(max(1, len(wanted) - 1), len(wanted) + 2):
            for at in range(len(words) - size + 1):
                run = words[at : at + size]
                if _together(text, run) and _is(term, wanted, [m[0] for m in run], _chance(chances, run)):
                    start, end = run[0].start(), run[-1].end()
                    yield Edit(start, end, term, size + _share(term.text, text[start:end]))


def _together(text: str, run: Sequence[re.Match[str]]) -> bool:
    return all(_GAP.fullmatch(text, a.end(), b.start()) for a, b in pairwise(run))


def _chance(chances: Sequence[float] | None, run: Sequence[re.Match[str]]) -> float:
    if chances is None:
        return 1.0
    return sum(chances[m.start()] for m in run) / len(run)


def _is(term: Term, wanted: Sequence[str], heard: Sequence[str], chance: float) -> bool:
    letters, other = (re.sub(r"[^a-z]", "", "".join(w).lower()) for w in (wanted, heard))
    if letters == other or _share(letters, other) < ALIKE:
        return False
    if len(wanted) == len(heard) > 1 and _one_differs(wanted, heard):
        return True
    return len(letters) >= LETTERS and sound_key(letters) == sound_key(other) and (term.name or chance < UNSURE)


def _one_differs(wanted: Sequence[str], heard: Sequence[str]) -> bool:
    """One word of the term is another that sounds the same; in three words and more, nearly the same."""
    pairs = [(a.lower(), b.lower()) for a, b in zip(wanted, heard, strict=True) if a.lower() != b.lower()]
    if len(pairs) != 1:
        return False
    keys = [sound_key(word) for word in pairs[0]]
    return keys[0] == keys[1] or (len(wanted) > 2 and len(keys[0]) > 2 and _share(*keys) >= 1 - 1 / len(keys[0]))


def _share(one: str, other: str) -> float:
    return SequenceMatcher(None, one.lower(), other.lower(), autojunk=False).ratio()
