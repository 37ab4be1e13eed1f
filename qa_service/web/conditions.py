"""The conditions of people who do not write the query language, as the fields of a form.

The form is read from the text in the search box and written into it again, both by the language's own module, so the
two never say different things. What a text says and the form has no field for is kept as it is: the rest.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Annotated, Literal

from fastapi import Query
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from qa_service.errors import QueryError
from qa_service.records import FindingState, Record, Role, Severity
from qa_service.search.written import Condition, ConditionKind, chosen, written
from qa_service.text.tokens import tokens
from qa_service.web.filters import Blank, Day, Name

#: Fields of the form that are fields of the language.
FIELDS = ("role", "agent", "team", "rule", "requirement", "severity", "state", "product", "stage")
_PREFIX = "c."
#: Fields that hold several conditions.
_SHARED = frozenset({"c.words", "c.none"})


class Conditions(BaseModel):
    """Each field that is filled in is one condition; all must hold."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    words: Name = Field(None, alias="c.words", description="words of one turn, in any order")
    phrase: Name = Field(None, alias="c.phrase", description="words as they follow one another")
    either: Name = Field(None, alias="c.any", description="at least one of these words")
    none: Name = Field(None, alias="c.none", description="none of these words")
    near: Name = Field(None, alias="c.near", description="what is said near c.near_to")
    near_to: Name = Field(None, alias="c.near_to")
    order: Annotated[Literal["before"] | None, Blank] = Field(None, alias="c.order", description="c.near comes first")
    within: Annotated[Annotated[int, Field(ge=1, le=3600)] | None, Blank] = Field(
        None, alias="c.within", description="seconds between the two; without it, anywhere in the call"
    )
    sounds: Name = Field(None, alias="c.sounds", description="characters or pinyin; whatever sounds like them")
    role: Annotated[Role | None, Blank] = Field(None, alias="c.role")
    agent: Name = Field(None, alias="c.agent")
    team: Name = Field(None, alias="c.team")
    rule: Name = Field(None, alias="c.rule")
    requirement: Name = Field(None, alias="c.requirement")
    severity: Annotated[Severity | None, Blank] = Field(None, alias="c.severity")
    state: Annotated[FindingState | None, Blank] = Field(None, alias="c.state")
    product: Name = Field(None, alias="c.product")
    stage: Name = Field(None, alias="c.stage")
    score_from: Annotated[Annotated[float, Field(ge=0, le=1e6)] | None, Blank] = Field(None, alias="c.score_from")
    score_to: Annotated[Annotated[float, Field(ge=0, le=1e6)] | None, Blank] = Field(None, alias="c.score_to")
    day_from: Day = Field(None, alias="c.from")
    day_to: Day = Field(None, alias="c.to")

    def values(self) -> dict[str, str]:
        """What is filled in, by the names of the form's fields."""
        return {name: _shown(value) for name, value in self.model_dump(by_alias=True).items() if value is not None}

    def written(self, rest: str = "") -> str:
        """All of them in the query language, behind what else is asked."""
        return f"{rest} {written(self._conditions())}".strip()

    def _conditions(self) -> Iterator[Condition]:
        for text in _split(self.words):
            yield Condition(kind=ConditionKind.WORDS, values=(text,))
        if phrase := _said(self.phrase):
            yield Condition(kind=ConditionKind.WORDS, values=phrase)
        if either := _split(self.either):
            yield Condition(kind=ConditionKind.WORDS, values=either)
        for text in _split(self.none):
            yield Condition(kind=ConditionKind.WORDS, values=(text,), negated=True)
        yield from self._together()
        if sound := _said(self.sounds):
            yield Condition(kind=ConditionKind.SOUNDS, values=sound)
        for name in FIELDS:
            if value := getattr(self, name):
                yield Condition(kind=ConditionKind.FIELD, field=name, values=(str(value),))
        yield from _range("score", self.score_from, self.score_to)
        yield from _range("date", self.day_from, self.day_to)

    def _together(self) -> Iterator[Condition]:
        """What is said near each other; one without the other is a phrase."""
        parts = (*_said(self.near), *_said(self.near_to))
        kind = ConditionKind.BEFORE if self.order else ConditionKind.NEAR
        if len(parts) == 2:
            yield Condition(kind=kind, values=parts, seconds=self.within)
        elif parts:
            yield Condition(kind=ConditionKind.WORDS, values=parts)


class Form(Record):
    """A text of the query language as the form shows it: ``fields`` by their names, and what has no field."""

    fields: dict[str, str]
    rest: str


def read(text: str) -> Form:
    """The form that says what a text says."""
    try:
        found = chosen(text) if text else ()
    except QueryError:
        found = None
    if found is None:
        return Form(fields={}, rest=text)
    fields: dict[str, str] = {}
    rest = [condition for condition in found if not _placed(fields, condition)]
    return Form(fields=fields, rest=written(rest))


def merged(text: str, before: str, conditions: Conditions) -> str:
    """What is asked when a form is sent without scripts: the box holds ``text``, and the form was made for ``before``.

    What was changed counts: the box alone, the form alone, or the box with what was changed in the form behind it.
    """
    form, now = read(before), conditions.values()
    if now == form.fields:
        return text
    if text == before:
        return conditions.written(form.rest)
    changed = {name: value for name, value in now.items() if form.fields.get(name) != value}
    return Conditions.model_validate(changed).written(text)


def _placed(fields: dict[str, str], condition: Condition) -> bool:
    """Put a condition into the fields that say it; False where there are none, or they are taken."""
    found = {f"{_PREFIX}{name}": value for name, value in _fields_of(condition).items() if value is not None}
    both = found.keys() & fields.keys()
    if not found or both - _SHARED:
        return False
    together = {**fields, **found, **{name: f"{fields[name]} {found[name]}" for name in both}}
    try:
        Conditions.model_validate(together)
    except ValidationError:
        return False
    fields.update(together)
    return True


def _fields_of(condition: Condition) -> dict[str, str | None]:
    """Fields that say what a condition says and nothing else; none where the form cannot say it."""
    values, kind = condition.values, condition.kind
    if kind is ConditionKind.WORDS:
        return _of_words(values, negated=condition.negated)
    if condition.negated:
        return {}
    if kind is ConditionKind.RANGE:
        return _of_range(condition)
    if kind in (ConditionKind.NEAR, ConditionKind.BEFORE):
        return _of_near(condition)
    name = "sounds" if kind is ConditionKind.SOUNDS else condition.field
    fits = kind is ConditionKind.SOUNDS or (kind is ConditionKind.FIELD and name in FIELDS)
    return {name: values[0]} if fits and len(values) == 1 else {}


def _of_words(values: tuple[str, ...], *, negated: bool) -> dict[str, str | None]:
    single = all(_split(value) == (value,) for value in values)
    if negated:
        return {"none": " ".join(values)} if single else {}
    if len(values) > 1:
        return {"any": " ".join(values)} if single else {}
    return {"words" if single else "phrase": values[0]}


def _of_near(condition: Condition) -> dict[str, str | None]:
    seconds = condition.seconds
    if len(condition.values) != 2 or (seconds is not None and seconds % 1):
        return {}
    order = "before" if condition.kind is ConditionKind.BEFORE else None
    first, second = condition.values
    return {"near": first, "near_to": second, "order": order, "within": None if seconds is None else f"{seconds:.0f}"}


def _of_range(condition: Condition) -> dict[str, str | None]:
    if not (condition.low_included and condition.high_included) or condition.field not in ("score", "date"):
        return {}
    names = ("score_from", "score_to") if condition.field == "score" else ("from", "to")
    return dict(zip(names, (condition.low, condition.high), strict=True))


def _range(name: str, low: float | date | None, high: float | date | None) -> Iterator[Condition]:
    if low is not None or high is not None:
        ends = {end: None if value is None else _shown(value) for end, value in (("low", low), ("high", high))}
        yield Condition(kind=ConditionKind.RANGE, field=name, **ends)


def _shown(value: object) -> str:
    return f"{value:.10g}" if isinstance(value, float) else str(value)


def _split(text: str | None) -> tuple[str, ...]:
    """Words as they are parted by spaces, without those that hold nothing to look for."""
    return tuple(word for word in (text or "").split() if tokens(word))


def _said(text: str | None) -> tuple[str, ...]:
    """A phrase, where it holds anything to look for."""
    return (text.strip(),) if text and tokens(text) else ()


Conditions_ = Annotated[Conditions, Query()]
