"""What was typed, made ready for Lucene's grammar (luqum), and read by it.

Signs that the language has no use for become spaces, one for one, so that every place that luqum tells is a place in
the text as typed. near(…) and before(…) are cut out before, for Lucene's grammar has no such thing: a word stands in
their place (:attr:`Parsed.nears` knows where).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from luqum import tree as lucene
from luqum.exceptions import ParseError
from luqum.thread import parse as lucene_parse

from qa_service.errors import QueryError
from qa_service.search.fields import BY_NAME, QUOTE_IT, Kind, named, short

LONGEST = 1000
DEEPEST = 12
#: Full-width signs that a Chinese keyboard writes, sign for sign.
_SIGNS = str.maketrans("“”„「」『』＂（）：－—　﹣～＊＜＞＝［］｛｝", '""""""""():--' + " -~*<>=[]{}")
_NAME = r'(?<![^\s(:"-])((?:[^\W\d_]|(?<=\w)_)+):'
_FIELD = re.compile(rf'{_NAME}(?=\s*[\w"(-])')
_MEASURE = re.compile(rf"{_NAME}(?=\s*[<>≤≥\[{{])")
_RANGE = re.compile(r"[\[{]\s*(?:[\w.][\w.-]*|\*)\s+TO\s+(?:[\w.][\w.-]*|\*)\s*[\]}]")
_NEAR = re.compile(r"(?<!\w)(near|before)\(", re.IGNORECASE)
#: Marks on letters and invisible characters, of Unicode; they are part of a word.
_ATTACHED = frozenset({"Mn", "Mc", "Me", "Cf"})
_AT_MOST = str.maketrans("≤≥", "<>")
_ESCAPE = re.compile(r'\\([\\"“”„「」『』＂])')
#: What may stand between the words of a near(), but for the comma of 3,000.
_BETWEEN = re.compile(r"[,，、](?!(?<=\d,)\d{3}(?!\d))")
_APPROXIMATE = re.compile(r"~\d?$")
_PLACE = re.compile(r"at position (\d+)!$")


@dataclass(frozen=True, slots=True)
class Cut:
    """A near() or before(): its place in the text, and that of what stands in its brackets."""

    start: int
    end: int
    inside: tuple[int, int]
    ordered: bool


@dataclass(frozen=True, slots=True)
class Parsed:
    """Lucene's tree (None for nothing but signs), and what was cut out of it, by the place of the word left there."""

    item: lucene.Item | None
    nears: Mapping[int, Cut]
    typed: str

    def value(self, item: lucene.Term) -> str:
        """What a word or a phrase says; of a phrase as typed, without its quotes."""
        if not isinstance(item, lucene.Phrase):
            return str(item.value)
        typed = self.typed[item.pos + 1 : item.pos + item.size]
        more = "*" if typed[-1] in "*＊" else ""
        return _ESCAPE.sub(r"\1", typed[: -1 - len(more)]) + more

    def included(self, item: lucene.OpenRange) -> bool:
        """Whether the end of >=60 is meant, too."""
        return bool(item.include) or self.typed[item.pos] in "≤≥"

    def exact(self, item: lucene.Term) -> str:
        """What stands behind a field.

        Raises:
            QueryError: it may go on (A-2*), which only words can.
        """
        if isinstance(item, lucene.Word) and item.value.endswith("*"):
            hint = 'Write the whole value, in quotes where the * is part of it: "…".'
            raise QueryError("A * cannot stand in the value of a field.", position=item.pos, hint=hint)
        return self.value(item)


def parsed(text: str, inside: tuple[int, int] | None = None) -> Parsed:
    """Read the text, or only what stands ``inside`` of two places of it; all places are of the whole.

    Raises:
        QueryError: there is no sense in it.
    """
    if len(text) > LONGEST:
        message = f"The search text has {len(text)} characters, more than {LONGEST}."
        raise QueryError(message, position=LONGEST, hint="Search for a shorter passage of it.")
    signs = signed(text)
    if inside:
        signs = " " * inside[0] + _parted(signs[slice(*inside)])
    cuts = _cuts(signs)
    for cut in cuts:
        signs = f"{signs[: cut.start]}{'n' * (cut.end - cut.start - 1)} {signs[cut.end :]}"
    clean = _prepared(signs)
    item = _read(clean, text[: len(clean)]) if clean.strip() else None
    return Parsed(item, {cut.start: cut for cut in cuts}, text)


def _parted(text: str) -> str:
    """With spaces for the commas between words."""
    quotes = _quotes(text)
    commas = {found.start() for found in _BETWEEN.finditer(text) if not quotes[found.start()]}
    return "".join(" " if at in commas else char for at, char in enumerate(text))


def signed(text: str) -> str:
    """The text with half-width signs, as many characters."""
    return text.translate(_SIGNS)


def _read(clean: str, typed: str) -> lucene.Item:
    try:
        return lucene_parse(clean)
    except (ParseError, ArithmeticError, ValueError) as wrong:
        found = _PLACE.search(str(wrong))
        place = int(found.group(1)) if found else len(typed)
        where = f"at {short(typed[place:])}" if typed[place:].strip() else "at the end"
        message = (
            f"The search text cannot be understood {where}: a word is missing before or after AND, OR, NOT or ( )."
        )
        raise QueryError(message, position=place, hint=QUOTE_IT) from None


def _cuts(text: str) -> tuple[Cut, ...]:
    """Every near() and before() that stands in no other. One that is never closed is left for the brackets' check."""
    quotes = _quotes(text)
    cuts: list[Cut] = []
    for found in _NEAR.finditer(text):
        close = _close(text, found.end() - 1, quotes)
        if quotes[found.start()] or close is None or (cuts and found.start() < cuts[-1].end):
            continue
        ordered = found.group(1).lower() == "before"
        cuts.append(Cut(found.start(), close + 1, (found.end(), close), ordered))
    return tuple(cuts)


def _close(text: str, opened: int, quotes: Sequence[bool]) -> int | None:
    depth = 0
    for at in range(opened, len(text)):
        if not quotes[at]:
            depth += (text[at] == "(") - (text[at] == ")")
            if not depth:
                return at
    return None


def _quotes(text: str) -> list[bool]:
    r"""For each character whether it is in quotes, the quotes themselves included; \" is none.

    Raises:
        QueryError: one is never closed.
    """
    mask: list[bool] = []
    opened: int | None = None
    for at, char in enumerate(text):
        mask.append(opened is not None or char == '"')
        if char == '"' and opened is None:
            opened = at
        elif char == '"' and not _escaped(text, at):
            opened = None
    if opened is not None:
        raise QueryError('A " is never closed.', position=opened, hint='Write the phrase between two quotes: "…".')
    return mask


def _escaped(text: str, at: int) -> bool:
    before = text[:at]
    return (len(before) - len(before.rstrip("\\"))) % 2 == 1


def _prepared(text: str) -> str:
    """The text, sign for sign as long, with only such signs as the grammar knows in such places as it allows."""
    quotes = _quotes(text)
    _check_names(text, quotes)
    _check_brackets(text, quotes)
    signs = _Signs(text, quotes)
    kept = [char if quotes[at] or signs.at(at) else " " for at, char in enumerate(text)]
    for at, char in enumerate(kept):
        if char == "\n":
            kept[at] = " "  # the grammar's escapes end at the end of a line
        elif char == "*" and not quotes[at] and text[at - 1] == '"':
            kept[at - 1 : at + 1] = '*"'  # "call my off"* is "call my off*"
    return "".join(kept).translate(_AT_MOST)


def _check_brackets(text: str, quotes: Sequence[bool]) -> None:
    opened: list[int] = []
    for at, char in enumerate(text):
        if quotes[at]:
            continue
        if char == "(":
            opened.append(at)
        elif char == ")":
            if not opened:
                raise QueryError("A ) closes what no ( opened.", position=at, hint=f"Take it out. {QUOTE_IT}")
            opened.pop()
        if len(opened) > DEEPEST:
            message = f"More than {DEEPEST} brackets stand in one another."
            raise QueryError(message, position=at, hint="Search in several steps.")
    if opened:
        raise QueryError("A ( is never closed.", position=opened[-1], hint=f"Add a ). {QUOTE_IT}")


def _check_names(text: str, quotes: Sequence[bool]) -> None:
    """A name before a colon that is none of ours is a mistake where it is Latin letters, plain text elsewhere."""
    for found in _FIELD.finditer(text):
        name = found.group(1)
        if name.isascii() and not quotes[found.start()] and not text[found.end()].isspace():
            named(name, found.start())


class _Signs:
    """Which signs outside quotes mean something to the grammar where they stand."""

    def __init__(self, text: str, quotes: Sequence[bool]) -> None:
        self._text = text
        fields = [*_FIELD.finditer(text), *_MEASURE.finditer(text)]
        known = [(f.end() - 1, BY_NAME[f.group(1).lower()].kind) for f in fields if f.group(1).lower() in BY_NAME]
        measured = [at for at, kind in known if kind is Kind.MEASURE and not quotes[at]]
        self._values = self._after(measured, quotes)
        self._colons = {at for at, kind in known if kind is Kind.MEASURE or text[at + 1 :].lstrip()[:1] not in "<>≤≥[{"}
        self._ranges = self._spans()

    def at(self, at: int) -> bool:
        text = self._text
        char, before, after = text[at], text[at - 1 : at] if at else "", text[at + 1 : at + 2]
        if char == "." and _APPROXIMATE.search(text, max(0, at - 2), at):
            return False
        if char.isspace() or _wordly(char) or char in '_.#@%()"' or at in self._ranges:
            return True
        if char == "-":
            return bool(re.match(r'[\w"(]', after)) and (not before or bool(re.match(r"[\w\s(:]", before)))
        if char == ":":
            return at in self._colons
        if char in "<>≤≥":
            return at in self._values
        if char == "=":
            return before in ("<", ">") and at - 1 in self._values
        if char == "*":
            return (_wordly(before) or before == '"') and not re.match(r'[\w"(]', after)
        if char == "~":
            return self._approximate(at)
        return char in "'’,·" and before.isalnum() and after.isalnum()

    def _approximate(self, at: int) -> bool:
        """Whether a ~ stands behind a word with letters, or a phrase, and not between two things (3~5天).

        Raises:
            QueryError: a number stands behind it that no word can differ by.
        """
        word = re.search(r"\w*$", self._text[:at])
        said = word.group() if word else ""
        number = re.match(r"(?:\d+(?:\.\d+)*)?", self._text[at + 1 :])
        edits = number.group() if number else ""
        behind = self._text[at + 1 + len(edits) :][:1]
        if not (any(c.isalpha() for c in said) or self._text[at - 1 : at] == '"') or re.match(r'[\w"(]', behind):
            return False
        if edits and said and not said.isascii():
            return False
        if len(edits) > 1:
            hint = "Write ~1 or ~2: so many letters may differ."
            raise QueryError(f"~{edits[:20]} is too few or too many.", position=at, hint=hint)
        return True

    def _after(self, colons: Sequence[int], quotes: Sequence[bool]) -> set[int]:
        """Where the value of a measure stands: behind its colon, or anywhere in the brackets behind it."""
        places: set[int] = set()
        for colon in colons:
            at = colon + 1 + len(self._text[colon + 1 :]) - len(self._text[colon + 1 :].lstrip())
            places.add(at)
            if self._text[at : at + 1] == "(":
                places.update(range(at, (_close(self._text, at, quotes) or at) + 1))
        return places

    def _spans(self) -> set[int]:
        """The places of whole ranges.

        Raises:
            QueryError: one stands there that is not written as it should be.
        """
        spans: set[int] = set()
        for at in sorted(self._values):
            if self._text[at : at + 1] in ("[", "{"):
                found = _RANGE.match(self._text, at)
                if not found:
                    hint = "Write [60 TO 80], or {60 TO 80} without the ends; * is an open end."
                    raise QueryError("A range is not written as it should be.", position=at, hint=hint)
                spans.update(range(*found.span()))
        return spans


def _wordly(char: str) -> bool:
    return char.isalnum() or (bool(char) and unicodedata.category(char) in _ATTACHED)
