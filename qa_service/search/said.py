"""The words of a query as nodes: plain words and phrases, garnish*, paymant~, 老赖~ and pinyin:laolai."""

from __future__ import annotations

import regex

from qa_service.errors import QueryError
from qa_service.search.fields import QUOTE_IT, short
from qa_service.search.streams import runs
from qa_service.search.tree import Fuzzy, Node, Or, Sounds, Words
from qa_service.text.normalise import normalise
from qa_service.text.pinyin import near_key, spelt
from qa_service.text.tokens import stem, tokens

#: Shortest word that may differ by a letter, and the shortest that differs by two where no number is given.
FUZZY_FROM = 3
TWO_EDITS_FROM = 6
MOST_EDITS = 2
_WHOLE = regex.compile(r"[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}]")
_LETTERS = regex.compile(r"\p{Script=Latin}+")
_HAN = regex.compile(r"\p{Script=Han}+")


def words(text: str) -> Node | None:
    """Tokens that follow one another, a number in them also in digits; with a * at the end the last may go on."""
    found = runs(text)
    if not found:
        return None
    if not text.rstrip().endswith("*") or _WHOLE.fullmatch(found[0][-1]):
        return any_of([Words(run) for run in found])
    last = found[0][-1]
    begun: list[Node] = [Words(run, prefix=run[-1] == last) for run in found]
    if len(found[0]) == 1 and stem(last) != last:
        begun.append(Words(found[0]))  # payments* is also payment, as payments alone would be
    return any_of(begun)


def like(text: str, edits: str, position: int) -> Node:
    """A word before a ~: Latin letters of which ``edits`` may differ (empty: by its length), Chinese by its sound.

    Two letters must stay, so that no word is taken for a single one.

    Raises:
        QueryError: it is neither.
    """
    found = [token.text for token in tokens(text)]
    if found and _HAN.fullmatch("".join(found)) and not edits:
        return sounding(text, position, near=True)
    if len(found) != 1 or not _LETTERS.fullmatch(found[0]) or len(found[0]) < FUZZY_FROM:
        message = f"{short(text)} cannot be looked for with a ~ behind it."
        hint = f"~ stands behind one word of at least {FUZZY_FROM} letters, or behind Chinese characters alone."
        raise QueryError(message, position=position, hint=hint)
    if edits and not 1 <= int(edits) <= min(MOST_EDITS, len(found[0]) - 2):
        hint = f"Write ~1 or, for words of more than {FUZZY_FROM} letters, ~{MOST_EDITS}: so many letters may differ."
        raise QueryError(f"~{edits} is too few or too many.", position=position, hint=hint)
    return Fuzzy(stem(found[0]), int(edits) if edits else 1 + (len(found[0]) >= TWO_EDITS_FROM))


def sounding(text: str, position: int, *, near: bool) -> Node:
    """What sounds as ``text`` does, written in Chinese or in pinyin; ``near``: or nearly so.

    Chinese characters are found as they are written, too, however they are read in a turn.

    Raises:
        QueryError: it is no Mandarin.
    """
    folded = normalise(text).text
    readings = spelt(folded)
    if not readings:
        message = f"{short(text)} has no sound in Mandarin."
        hint = f'Write pinyin:老赖, pinyin:laolai or pinyin:"lao lai". {QUOTE_IT}'
        raise QueryError(message, position=position, hint=hint)
    written: list[Node] = [Words(tuple(t.text for t in tokens(text)))] if _HAN.fullmatch(folded) else []
    heard = (tuple(map(near_key, reading)) if near else reading for reading in readings)
    return any_of([*written, *(Sounds(reading, near) for reading in dict.fromkeys(heard))])


def any_of(nodes: list[Node]) -> Node:
    """One of at least one."""
    return nodes[0] if len(nodes) == 1 else Or(tuple(nodes))
