"""Read a term of the domain where the recogniser wrote something that only sounds like it. What was heard is kept.

Precision first: a wrong correction can accuse somebody. A term is read only where the words heard make less sense,
where the call speaks of such things, and never inside numbers or people's names.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from qa_service.records import Correction, Word
from qa_service.text import correct_en, correct_zh
from qa_service.text.terms import Edit, Vocabulary

#: Characters on either side of what was heard in which a phrase of ``never`` may stand.
AROUND = 6
#: Mandarin terms from this length on need nothing of the domain nearby.
SPEAKS_FOR_ITSELF = 4


def correct(
    text: str, vocabulary: Vocabulary, language: str, *, nearby: str = "", chances: Sequence[float] | None = None
) -> tuple[str, tuple[Correction, ...]]:
    """``text`` with terms for what sounds like them, and where; ``nearby``: what was said just before and after.

    ``chances``: the probability of each character of ``text``, where the recogniser told.
    """
    made = _edits(text, vocabulary, language, nearby, chances)
    out, corrections, last = "", [], 0
    for edit in made:
        out += text[last : edit.start]
        corrections.append(
            Correction(start=len(out), end=len(out) + len(edit.term.text), heard=text[edit.start : edit.end])
        )
        out, last = out + edit.term.text, edit.end
    return out + text[last:], tuple(corrections)


def correct_words(
    words: Sequence[Word], vocabulary: Vocabulary, language: str, *, nearby: str = ""
) -> tuple[tuple[Word, ...], tuple[Correction, ...]]:
    """The same on recognised words, whose texts (spaces and all) are the turn's when joined; times stay.

    Places in the corrections are those of the joined text without the spaces around it, as a turn has it. Words that
    one term replaces become one, unless the term has as many characters as they had.
    """
    text = "".join(word.text for word in words)
    chances = [word.probability for word in words for _ in word.text]
    made = _edits(text, vocabulary, language, nearby, chances)
    if not made:
        return tuple(words), ()
    mended = tuple(_mended(words, made))
    _, corrections = correct(text, vocabulary, language, nearby=nearby, chances=chances)
    lead = len(text) - len(text.lstrip())
    moved = (c.model_copy(update={"start": c.start - lead, "end": c.end - lead}) for c in corrections)
    return mended, tuple(moved)


def _edits(
    text: str, vocabulary: Vocabulary, language: str, nearby: str, chances: Sequence[float] | None
) -> list[Edit]:
    if language == "zh":
        found = correct_zh.edits(text, vocabulary.terms, vocabulary.people, chances)
    elif language == "en":
        found = correct_en.edits(text, vocabulary.terms, chances)
    else:
        return []
    return _apart([edit for edit in found if _allowed(edit, text, vocabulary, language, nearby)])


def _allowed(edit: Edit, text: str, vocabulary: Vocabulary, language: str, nearby: str) -> bool:
    """No phrase that forbids it around, what the term asks for nearby, and the domain spoken of."""
    term, heard = edit.term, text[edit.start : edit.end]
    around = text[max(0, edit.start - AROUND) : edit.end + AROUND]
    if any(phrase in around for phrase in term.never) or any(heard.lower() in n.lower() for n in vocabulary.people):
        return False
    rest = f"{text[: edit.start]}\n{text[edit.end :]}\n{nearby}".lower()
    if term.context:
        return any(word.lower() in rest for word in term.context)
    if language == "zh" and len(term.text) >= SPEAKS_FOR_ITSELF:
        return True
    return any(other.text.lower() in rest for other in vocabulary.terms)


def _apart(found: Sequence[Edit]) -> list[Edit]:
    """Of edits that reach into one another the one that gains most, the longer on a tie; in order."""
    kept: list[Edit] = []
    for edit in sorted(found, key=lambda e: (-e.gain, e.start - e.end, e.start, e.term.text)):
        if not any(k.start < edit.end and edit.start < k.end for k in kept):
            kept.append(edit)
    return sorted(kept, key=lambda e: e.start)


def _mended(words: Sequence[Word], made: Sequence[Edit]) -> Iterator[Word]:
    """The words with the terms in them."""
    spans, at = [], 0
    for word in words:
        spans.append((at, at + len(word.text)))
        at += len(word.text)
    text = "".join(word.text for word in words)
    number = 0
    while number < len(words):
        last = number + 1
        start = spans[number][0]
        while last < len(words) and any(e.start < spans[last][0] < e.end for e in made if _resizes(e)):
            last += 1
        end = spans[last - 1][1]
        yield _joined(words[number:last], _with_terms(text, start, end, made))
        number = last


def _resizes(edit: Edit) -> bool:
    return edit.end - edit.start != len(edit.term.text)


def _with_terms(text: str, start: int, end: int, made: Sequence[Edit]) -> str:
    """``text[start:end]`` with the parts of the terms that fall into it."""
    out, last = "", start
    for edit in made:
        if edit.end <= start or edit.start >= end:
            continue
        a, b = max(edit.start, start), min(edit.end, end)
        whole = _resizes(edit)
        out += text[last:a] + (edit.term.text if whole else edit.term.text[a - edit.start : b - edit.start])
        last = b
    return out + text[last:end]


def _joined(words: Sequence[Word], text: str) -> Word:
    first = words[0]
    if len(words) == 1:
        return first if first.text == text else first.model_copy(update={"text": text})
    return Word(
        text=text,
        start_s=first.start_s,
        end_s=words[-1].end_s,
        probability=min(word.probability for word in words),
    )
