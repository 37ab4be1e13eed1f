"""Names of the facts of a case, read from ``rules/facts.yaml``: one fact, whatever the caller's system calls it.

Rules write ``account.time_barred``. The call may have sent ``sol_expired`` for it, and that under ``account``,
``history``, ``extra`` or right beside the turns: it is found all the same. A folder without the file knows no other
names.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from difflib import get_close_matches
from functools import cached_property
from pathlib import Path
from typing import Literal, Self

from pydantic import Field, JsonValue, model_validator

from qa_service.records import CallFacts
from qa_service.rules.source import Source, read_source, validate
from qa_service.rules.spec import Name, NonEmpty, Spec

FILE_NAME = "facts.yaml"
PLACES = ("account", "history", "extra")
"""Where the facts of a case may stand; fields of a call that are not known are kept under ``extra``."""
_YES = (
    "1",
    "true",
    "yes",
    "y",
    "on",
    "active",
    "in force",
    "on file",
    "confirmed",
    "verified",
    "是",
    "有",
    "已登记",
    "生效",
)
_NO = (
    "0",
    "false",
    "no",
    "n",
    "off",
    "none",
    "not on file",
    "inactive",
    "not in force",
    "否",
    "无",
    "没有",
    "未登记",
    "失效",
)
_NEAR = 0.85
"""From this likeness on a name that no rule asks for is told as perhaps misspelt."""


class PeriodSpec(Spec):
    """Names of the first and of the last day on which the fact holds; both days count."""

    first: tuple[Name, ...] = Field(alias="from", min_length=1)
    last: tuple[Name, ...] = Field(alias="to", min_length=1)


class FactSpec(Spec):
    """A fact of the case.

    ``also``: other names of it; ``implied_by``: what is one kind of it, so that it is true where one of these is;
    ``during``: it holds between two days, where no true or false says whether it does; ``yes`` and ``no``: texts by
    which systems say that a switch is on or off, beside the usual ones.
    """

    zh: NonEmpty
    en: NonEmpty
    holds: Literal["switch", "number", "text"]
    also: tuple[Name, ...] = ()
    implied_by: tuple[Name, ...] = ()
    during: PeriodSpec | None = None
    yes: tuple[NonEmpty, ...] = ()
    no: tuple[NonEmpty, ...] = ()

    @model_validator(mode="after")
    def _is_a_switch(self) -> Self:
        if (self.implied_by or self.during or self.yes or self.no) and self.holds != "switch":
            raise ValueError("only a switch has implied_by, during, yes and no")
        return self

    def read(self, value: JsonValue) -> JsonValue:
        """Of a switch, true or false where the value says so in words or numbers that are known; else as it is."""
        if self.holds != "switch" or isinstance(value, bool) or not isinstance(value, str | int | float):
            return value
        word = " ".join(str(value).lower().replace("_", " ").replace("-", " ").split())
        return self._words.get(word, value)

    @cached_property
    def _words(self) -> Mapping[str, bool]:
        told = ((True, (*_YES, *self.yes)), (False, (*_NO, *self.no)))
        return {word.lower().replace("_", " "): said for said, words in told for word in words}

    def names(self) -> Iterator[str]:
        """All but its own."""
        yield from (*self.also, *self.implied_by)
        if self.during:
            yield from (*self.during.first, *self.during.last)


class FactsFile(Spec):
    facts: dict[Name, FactSpec] = Field(min_length=1)


@dataclass(frozen=True)
class Unread:
    """A fact that was sent and that no rule asks for; ``meant``: the name that it may be meant for, or empty."""

    name: str
    meant: str = ""

    def __str__(self) -> str:
        return f"no rule asks for {self.name}" + (f"; {self.meant} may be meant" if self.meant else "")


@dataclass(frozen=True)
class FactNames:
    """``known``: facts by the name that rules write behind ``account.``, ``history.`` or ``extra.``."""

    known: Mapping[str, FactSpec] = field(default_factory=dict)

    @cached_property
    def behaviour_sha256(self) -> str:
        """Hash of all that decides where a fact is found."""
        whole = {n: s.model_dump(mode="json", exclude={"zh", "en"}) for n, s in self.known.items()}
        return hashlib.sha256(json.dumps(whole, sort_keys=True).encode()).hexdigest()

    @cached_property
    def own(self) -> Mapping[str, str]:
        """Of each name, those of periods and kinds left out, that under which rules know it."""
        return {other: name for name, spec in self.known.items() for other in (name, *spec.also)}

    def look_up(self, facts: CallFacts, name: str) -> JsonValue | None:
        """A fact by dotted name, as the call sent it under any of its names; None where it did not.

        A switch is true where any of its names says so: one system may know what another does not know yet.

        Raises:
            ValueError: two names of a number or a text contradict each other, or a day is none.
        """
        place, _, leaf = name.partition(".")
        spec = self.known.get(self.own.get(leaf, "")) if place in PLACES else None
        if spec is None:
            return facts.get(name.removeprefix("extra."))
        found = [pair for other in (self.own[leaf], *spec.also) for pair in _sent(facts, other)]
        kinds = [pair for other in spec.implied_by for pair in _sent(facts, other)]
        told = [(at, spec.read(value)) for at, value in found]
        if spec.during and not any(isinstance(value, bool) for _, value in (*found, *kinds)):
            # A text may tell the kind alone ("standard"): days, where they are known, are surer.
            dated = _holds(facts, spec.during)
            if dated is not None:
                return dated
        if spec.holds == "switch" and any(spec.read(value) is True for _, value in (*found, *kinds)):
            return True
        if not told:
            return None
        (first, value), *rest = told
        if other := next((pair for pair in rest if not _same(pair[1], value)), None):
            both = f"{first} is {json.dumps(value)} and {other[0]} is {json.dumps(other[1])}"
            raise ValueError(f"{both}, two names of one fact")
        return value

    def read(self, facts: CallFacts) -> Iterator[tuple[str, str, str]]:
        """Of each fact that can be told of this call: its name, the names under which it was sent, and its value; or
        why it is no use."""
        for name, spec in self.known.items():
            sent = [at for other in (name, *spec.names()) for at, _ in _sent(facts, other)]
            if not sent:
                continue
            try:
                value = json.dumps(self.look_up(facts, f"account.{name}"), ensure_ascii=False)
            except ValueError as wrong:
                value = f"no use: {wrong}"
            yield name, ", ".join(sent), "not told" if value == "null" else value

    def unread(self, facts: CallFacts) -> tuple[Unread, ...]:
        """What the call sent under ``account`` and ``history`` and no rule asks for."""
        names = {*self.own, *(other for spec in self.known.values() for other in spec.names())}
        sent = [(place, leaf) for place in PLACES[:2] for leaf in getattr(facts, place) if leaf not in names]
        near = {leaf: get_close_matches(leaf, sorted(names), n=1, cutoff=_NEAR) for _, leaf in sent}
        return tuple(Unread(f"{place}.{leaf}", next(iter(near[leaf]), "")) for place, leaf in sent)


NO_NAMES = FactNames()
"""Of a folder without the file: every fact is known by its own name alone."""


def load_fact_names(root: Path) -> FactNames:
    """Those of a rules folder.

    Raises:
        RuleError: the file cannot be used, or a name stands for two facts.
    """
    path = root / FILE_NAME
    if not path.is_file():
        return NO_NAMES
    source = read_source(path, FILE_NAME)
    spec = validate(source, FactsFile)
    seen: dict[str, str] = {}
    for name, fact in spec.facts.items():
        for other in (name, *fact.names()):
            _once(source, name, other, seen)
    return FactNames(spec.facts)


def _once(source: Source, name: str, other: str, seen: dict[str, str]) -> None:
    before = seen.setdefault(other, name)
    if before != name:
        raise source.error(("facts", name), f"{other!r} is a name of {before!r}, too", "Give it to one of them.")


def _sent(facts: CallFacts, leaf: str) -> Iterator[tuple[str, JsonValue]]:
    """A name's values at each place that has one."""
    for place in PLACES:
        value = facts.get(leaf if place == "extra" else f"{place}.{leaf}")
        if value is not None:
            yield f"{place}.{leaf}", value


def _same(one: JsonValue, other: JsonValue) -> bool:
    """True is not 1; texts without regard to case."""
    if isinstance(one, str) and isinstance(other, str):
        return one.strip().lower() == other.strip().lower()
    return one == other and isinstance(one, bool) is isinstance(other, bool)


def _holds(facts: CallFacts, during: PeriodSpec) -> bool | None:
    """Whether the call lies in the period, by the day where it began; None where that cannot be told."""
    first, last = (_day(facts, names) for names in (during.first, during.last))
    if first is None or facts.started_at is None:
        return None
    at = facts.started_at.date()
    if at < first:
        return False
    return None if last is None else at <= last


def _day(facts: CallFacts, names: tuple[str, ...]) -> date | None:
    name, value = next((pair for leaf in names for pair in _sent(facts, leaf)), ("", None))
    if value is None:
        return None
    try:
        return datetime.fromisoformat(str(value)).date()
    except ValueError:
        raise ValueError(f"{name} ({value!r}) is no day") from None
