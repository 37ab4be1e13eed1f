"""Conditions that were chosen in a form, written in the query language, and such texts read back as conditions."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from enum import StrEnum
from typing import Self

import pydantic
from luqum import tree as lucene
from pydantic import model_validator

from qa_service.records import Record
from qa_service.search.fields import BY_NAME, Field, Kind
from qa_service.search.grammar import Parsed, parsed
from qa_service.search.protocol import SearchQuery
from qa_service.search.query import understood
from qa_service.search.reader import beside
from qa_service.search.together import WINDOW, opened

_BARE = re.compile(r"[^\W_]\w*(?:[.-]\w+)*")
_OPERATORS = frozenset({"AND", "OR", "NOT", "TO"})
_END = re.compile(r"[\w.][\w.-]*")
#: Signs that mean something in quotes; words have no use for them.
_SIGNS = re.compile(r'[\\"“”„「」『』＂*＊\n]')
_QUOTES = re.compile(r'[\\"“”„「」『』＂]')


class ConditionKind(StrEnum):
    """``WORDS``: a word, or words that follow one another. ``PREFIX``: the last may go on. ``LIKE``: word~.

    ``SOUNDS``: pinyin:. ``FIELD``: field:value. ``RANGE``: of score, duration or date. ``NEAR``, ``BEFORE``: the values
    are said within ``seconds`` of one another (None: in the same call).
    """

    WORDS = "words"
    PREFIX = "prefix"
    LIKE = "like"
    SOUNDS = "sounds"
    FIELD = "field"
    RANGE = "range"
    NEAR = "near"
    BEFORE = "before"


class Condition(Record):
    """One condition; several must all hold. Of ``values`` any will do, but near() and before() need all.

    ``low`` and ``high`` are as typed (60, 2026-11-17), None is open. Raises ValueError for what the language has not.
    """

    kind: ConditionKind
    values: tuple[str, ...] = ()
    field: str = ""
    low: str | None = None
    high: str | None = None
    low_included: bool = True
    high_included: bool = True
    seconds: float | None = pydantic.Field(default=None, ge=WINDOW[0], le=WINDOW[1])
    negated: bool = False

    @model_validator(mode="after")
    def _possible(self) -> Self:
        field = BY_NAME.get(self.field)
        if self.kind in (ConditionKind.NEAR, ConditionKind.BEFORE):
            if self.negated or len(self.values) < 2:
                raise ValueError("near() and before() need two words and cannot be excluded")
        elif self.kind is ConditionKind.RANGE:
            if not field or field.kind is not Kind.MEASURE:
                raise ValueError(f"{self.field} has no order")
            if not all(end is None or _END.fullmatch(end) for end in (self.low, self.high)):
                raise ValueError("an end of the range is neither a number nor a day")
            if self.low is None and self.high is None:
                raise ValueError("a range needs an end")
        elif not self.values:
            raise ValueError("there is nothing to look for")
        if self.kind is ConditionKind.FIELD and (not field or field.kind in (Kind.MEASURE, Kind.SOUND)):
            raise ValueError(f"there is no field {self.field}")
        return self


def written(conditions: Iterable[Condition]) -> str:
    """The conditions in the query language."""
    return " ".join(f"{'-' if condition.negated else ''}{_written(condition)}" for condition in conditions)


def chosen(text: str) -> tuple[Condition, ...] | None:
    """The conditions that a text says; None for one that says what no form has.

    Raises:
        QueryError: the text cannot be understood.
    """
    asked = SearchQuery(text=text)
    understood(asked)
    read = parsed(asked.text)
    found = [_together(read, item) or _condition(read, item) for item in beside(read.item)]
    kept = tuple(condition for condition in found if condition)
    return kept if len(kept) == len(found) else None


def _written(condition: Condition) -> str:
    match condition.kind:
        case ConditionKind.NEAR | ConditionKind.BEFORE:
            window = f", {condition.seconds:.10g}s" if condition.seconds else ""
            return f"{condition.kind}({' '.join(map(_word, condition.values))}{window})"
        case ConditionKind.RANGE:
            return f"{condition.field}:{_range(condition)}"
        case ConditionKind.FIELD:
            return f"{condition.field}:{_any([_quoted(value) for value in condition.values])}"
        case ConditionKind.SOUNDS:
            return f"pinyin:{_any([_word(value) for value in condition.values])}"
        case ConditionKind.LIKE:
            return _any([f"{_word(value)}~" for value in condition.values])
        case ConditionKind.PREFIX:
            return _any([_begun(value) for value in condition.values])
    return _any([_word(value) for value in condition.values])


def _any(texts: Sequence[str]) -> str:
    return texts[0] if len(texts) == 1 else f"({' OR '.join(texts)})"


def _word(value: str) -> str:
    return _quoted(" ".join(_SIGNS.sub(" ", value).split()))


def _begun(value: str) -> str:
    """A star behind a sign would be a sign itself, but not behind quotes."""
    word = _word(value)
    return f"{word}*" if word[-1] == '"' or word[-1].isalnum() else f'"{word}"*'


def _quoted(value: str) -> str:
    if _BARE.fullmatch(value) and value not in _OPERATORS:
        return value
    return f'"{_QUOTES.sub(lambda sign: chr(92) + sign.group(), value)}"'


def _range(condition: Condition) -> str:
    low, high = condition.low, condition.high
    if low is not None and low == high and condition.low_included and condition.high_included:
        return low
    if low is None or high is None:
        sign, included = (">", condition.low_included) if high is None else ("<", condition.high_included)
        return f"{sign}{'=' if included else ''}{high if low is None else low}"
    return f"{'[' if condition.low_included else '{'}{low} TO {high}{']' if condition.high_included else '}'}"


def _together(read: Parsed, item: lucene.Item) -> Condition | None:
    cut = read.nears.get(item.pos) if isinstance(item, lucene.Word) else None
    if cut is None:
        return None
    inside, items, window = opened(read, cut)
    parts = [_leaf(inside, part) for part in items]
    if not all(part and part.kind is ConditionKind.WORDS for part in parts):
        return None
    values = tuple(value for part in parts if part for value in part.values)
    kind = ConditionKind.BEFORE if cut.ordered else ConditionKind.NEAR
    return Condition(kind=kind, values=values, seconds=window)


def _condition(read: Parsed, item: lucene.Item) -> Condition | None:
    if isinstance(item, lucene.Word) and item.pos in read.nears:
        return None
    match item:
        case lucene.Not() | lucene.Prohibit():
            found = _condition(read, item.a)
            return found.model_copy(update={"negated": True}) if found and not found.negated else None
        case lucene.BaseGroup():
            return _condition(read, item.expr)
        case lucene.OrOperation():
            return _either([_condition(read, child) for child in item.children])
        case lucene.SearchField():
            return _of_field(read, item.expr, BY_NAME[item.name.lower()])
    return _leaf(read, item)


def _either(found: Sequence[Condition | None]) -> Condition | None:
    """Conditions of one kind of which any will do, as one."""
    first = found[0]
    if first is None or first.negated or not first.values or first.kind in (ConditionKind.NEAR, ConditionKind.BEFORE):
        return None
    values = tuple(value for condition in found if condition for value in condition.values)
    alike = all(c and c.model_copy(update={"values": first.values}) == first for c in found)
    return first.model_copy(update={"values": values}) if alike else None


def _leaf(read: Parsed, item: lucene.Item) -> Condition | None:
    match item:
        case lucene.Term():
            value = read.value(item)
            begun = value.endswith("*")
            kind = ConditionKind.PREFIX if begun else ConditionKind.WORDS
            return Condition(kind=kind, values=(value.removesuffix("*"),))
        case lucene.BaseApprox() if read.typed[item.pos : item.pos + item.size].rstrip()[-1:] in ("~", "～"):
            return Condition(kind=ConditionKind.LIKE, values=(read.value(item.term),))
    return None


def _of_field(read: Parsed, item: lucene.Item, field: Field) -> Condition | None:
    match item:
        case lucene.BaseGroup():
            return _of_field(read, item.expr, field)
        case lucene.OrOperation():
            return _either([_of_field(read, child, field) for child in item.children])
        case lucene.Term() if field.kind is Kind.MEASURE:
            value = read.exact(item)
            return Condition(kind=ConditionKind.RANGE, field=field.name, low=value, high=value)
        case lucene.Term() if field.kind is Kind.SOUND:
            return Condition(kind=ConditionKind.SOUNDS, values=(read.exact(item),))
        case lucene.Term():
            return Condition(
                kind=ConditionKind.FIELD, field=field.name, values=(field.value(read.exact(item), item.pos),)
            )
        case lucene.Range():
            low, high = (None if end.value == "*" else str(end.value) for end in (item.low, item.high))
            ends = {"low_included": item.include_low, "high_included": item.include_high}
            return Condition(kind=ConditionKind.RANGE, field=field.name, low=low, high=high, **ends)
        case lucene.From():
            value, included = read.value(item.a), read.included(item)
            return Condition(kind=ConditionKind.RANGE, field=field.name, low=value, low_included=included)
        case lucene.To():
            value, included = read.value(item.a), read.included(item)
            return Condition(kind=ConditionKind.RANGE, field=field.name, high=value, high_included=included)
    return None
