"""How facts of a case are described in ``rules/facts.yaml``, and how what was sent for one is read by that."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import date, datetime
from functools import cached_property
from typing import Annotated, Literal, Self

from pydantic import Field, JsonValue, StringConstraints, field_validator, model_validator

from qa_service.records import times
from qa_service.records.fact_words import NOT_KNOWN, plain
from qa_service.rules.spec import Name, NonEmpty, Spec
from qa_service.rules.zones import zone

OtherName = Annotated[str, StringConstraints(strip_whitespace=True, pattern=r"^[^.]*[^\W_][^.]*$")]
"""As a system writes it, in any script; a dot stands between a place and a name."""
_YES = ("1", "true", "t", "yes", "y", "on", "是", "有")
_NO = ("0", "false", "f", "no", "n", "off", "none", "否", "无", "没有")
_IN_FORCE = ("active", "in force", "on file", "confirmed", "verified", "已登记", "生效")
_NOT_IN_FORCE = ("not on file", "inactive", "not in force", "未登记", "失效")
_NUMBER = re.compile(r"-?\d{1,15}(\.\d{1,9})?")
_UNFIT = {"switch": "is neither true nor false", "number": "is no number"}


class PeriodSpec(Spec):
    """Names of the first and of the last day on which the fact holds; both days count.

    ``zone``: where these are days; without it they are those of the times that were sent. ``days``: how many
    it lasts at least, where the last one was not sent.
    """

    first: tuple[OtherName, ...] = Field(alias="from", min_length=1)
    last: tuple[OtherName, ...] = Field(alias="to", min_length=1)
    zone: NonEmpty | None = None
    days: int | None = Field(default=None, ge=1, le=3_660)

    @field_validator("zone")
    @classmethod
    def _is_known(cls, name: str | None) -> str | None:
        if name:
            zone(name)
        return name

    def day_of(self, at: datetime) -> date:
        return (at.astimezone(zone(self.zone)) if self.zone and at.tzinfo else at).date()

    def day(self, value: JsonValue) -> date:
        """The day that a value names, the year first.

        Raises:
            ValueError: it names none.
        """
        found = _day(value)
        return self.day_of(found) if isinstance(found, datetime) else found


class FactSpec(Spec):
    """A fact of the case.

    ``also``: other names of it; ``implied_by``: what is one kind of it, so that it is true where one of these is;
    ``holds``: a ``name`` is a text that says none where there is nobody or nothing; to other texts that is a state.
    ``during``: it holds between two days, where no true or false says whether it does; ``yes`` and ``no``: texts by
    which systems say that a switch is on or off, beside the usual ones. ``dated``: of a switch the day may be sent on
    which it came to be so.
    """

    zh: NonEmpty
    en: NonEmpty
    holds: Literal["switch", "number", "text", "name"]
    also: tuple[OtherName, ...] = ()
    implied_by: tuple[OtherName, ...] = ()
    during: PeriodSpec | None = None
    yes: tuple[NonEmpty, ...] = ()
    no: tuple[NonEmpty, ...] = ()
    dated: bool = False

    @model_validator(mode="after")
    def _is_a_switch(self) -> Self:
        if (self.implied_by or self.during or self.yes or self.no or self.dated) and self.holds != "switch":
            raise ValueError("only a switch has implied_by, during, yes, no and dated")
        if both := set(map(plain, self.yes)) & set(map(plain, self.no)):
            raise ValueError(f"yes and no both have {min(both)!r}")
        return self

    def read(self, value: JsonValue, call: datetime | None = None) -> JsonValue | None:
        """What was sent, as what the fact holds; as it is where that cannot be told, None where nobody knows it.

        ``call``: when it began, for a switch whose day was sent.
        """
        word = plain(_written(value))
        if self.holds == "switch" and not isinstance(value, bool) and word in self._words:
            return self._words[word]
        if word in NOT_KNOWN and not (self.holds == "text" and word in _NO):
            return None
        if self.holds == "name" and value is False:
            return None
        if self.dated and isinstance(value, str) and (since := _day_or_none(value)):
            return call is None or call.date() >= since
        return number(value) if self.holds == "number" else value

    def unfit(self, value: JsonValue) -> str:
        """Why a value that was read is no use; empty where it is."""
        fits = isinstance(value, bool) if self.holds == "switch" else _is_number(value)
        return "" if fits else _UNFIT.get(self.holds, "")

    @staticmethod
    def is_plain(value: JsonValue) -> bool:
        """Whether it is true, false or a word for one of them, and not the kind or the state of the fact."""
        return isinstance(value, bool) or plain(_written(value)) in (*_YES, *_NO)

    @cached_property
    def _words(self) -> Mapping[str, bool]:
        told = ((True, (*_YES, *_IN_FORCE, *self.yes)), (False, (*_NO, *_NOT_IN_FORCE, *self.no)))
        return {plain(word): said for said, words in told for word in words}

    def names(self) -> Iterator[str]:
        """All but its own."""
        yield from (*self.also, *self.implied_by)
        if self.during:
            yield from (*self.during.first, *self.during.last)


class FactsFile(Spec):
    facts: dict[Name, FactSpec] = Field(min_length=1)


def number(value: JsonValue) -> JsonValue:
    """A number that was sent as a text; anything else as it is."""
    if not isinstance(value, str) or not _NUMBER.fullmatch(value.strip()):
        return value
    return float(value) if "." in value else int(value)


def _day(value: JsonValue) -> date | datetime:
    """
    Raises:
        ValueError: it is none, or one of the epoch: midnight here is another day there.
    """
    written = str(value).strip()
    if times.is_day(written) or written.isdecimal():
        return times.day(written)
    return times.moment(written)


def _day_or_none(value: str) -> date | None:
    try:
        found = _day(value)
    except ValueError:
        return None
    return found.date() if isinstance(found, datetime) else found


def _is_number(value: JsonValue) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _written(value: JsonValue) -> str:
    """A text, or a whole number as one: exports write 1.0 for 1. What is neither is no word that anybody writes."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return str(value) if isinstance(value, str | int) and not isinstance(value, bool) else "\0"
