"""Names of the facts of a case, read from ``rules/facts.yaml``: one fact, whatever the caller's system calls it.

Rules write ``account.time_barred``. The call may have sent ``sol_expired`` or ``SolExpired`` for it, and that under
``account``, ``history``, ``extra`` or right beside the turns: it is found all the same. A folder without the file knows
no other names.
"""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from difflib import get_close_matches
from functools import cached_property
from pathlib import Path

from pydantic import JsonValue

from qa_service.records import CallFacts
from qa_service.records.fact_words import NOT_KNOWN, OTHER_NAMES, plain, plain_name
from qa_service.rules.fact_specs import FactsFile, FactSpec, PeriodSpec
from qa_service.rules.facts import comparable
from qa_service.rules.history_names import may_send
from qa_service.rules.sent_calls import is_log, sent_logs
from qa_service.rules.source import Source, read_source, validate

__all__ = [
    "FILE_NAME",
    "NO_NAMES",
    "NO_USE",
    "PLACES",
    "CaseFacts",
    "FactNames",
    "FactSpec",
    "Unread",
    "load_fact_names",
]

FILE_NAME = "facts.yaml"
PLACES = ("account", "history", "extra")
"""Where the facts of a case may stand; fields of a call that are not known are kept under ``extra``."""
_NEAR = 0.85
"""From this likeness on a name that no rule asks for is told as perhaps misspelt."""
_MOST_TOLD = 20
_MOST_COMPARED, _LONGEST, _DEEPEST = 200, 60, 4
"""Names of a call that are compared with those that are known; how long, and how far inside others, these may be."""
_LONG = 6
"""From this length on a field of the call is told where a name is only like it."""
_SEVERAL = "history"
"""Facts over several calls stand here, or where those of the case do."""
_COUNT = FactSpec(zh="次数", en="A count", holds="number")
NO_USE = "no use"
Sent = Sequence[tuple[str, JsonValue]]


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

    @cached_property
    def written(self) -> Mapping[str, str]:
        """All names by their plain form."""
        names = [*self.own, *(other for spec in self.known.values() for other in spec.names())]
        return {plain_name(name): name for name in names}

    def asked_for(self, name: str) -> str | None:
        """The fact that a rule asks for by a dotted name, which may go on inside it; None where none is known so."""
        place, *inside = name.split(".")
        return self.own.get(inside[0]) if place in PLACES and inside else None

    def unread(self, facts: CallFacts) -> tuple[Unread, ...]:
        """What the call sent and no rule asks for; nothing where the folder's rules may ask for any name. Of an object
        only what would be read if it stood higher is told."""
        if not self.known:
            return ()
        sent = [(place, key, value) for place in PLACES for key, value in getattr(facts, place).items()]
        top = [(place, key) for place, key, value in sent if not (self._asks(key) or is_log(key, value))]
        missing = {plain_name(name): name for name in CallFacts.model_fields if getattr(facts, name) is None}
        found = [Unread(f"{place}.{key}", self._meant(key, missing)) for place, key in top[:_MOST_COMPARED]]
        found += [Unread(f"{place}.{key}") for place, key in top[_MOST_COMPARED:]]
        for place, key in top[:_MOST_COMPARED]:
            for way in _below(getattr(facts, place)[key], _DEEPEST):
                leaf = plain_name(way[-1])
                if own := self.written.get(leaf):
                    found.append(Unread(".".join((place, key, *way)), f"{place}.{own}"))
                elif (own := missing.get(plain_name(OTHER_NAMES.get(leaf, leaf)))) and len(leaf) >= _LONG:
                    found.append(Unread(".".join((place, key, *way)), own))
        return tuple(found)

    def misspelt(self, facts: CallFacts) -> tuple[str, ...]:
        """The first of them that may be meant for what rules ask for, and what of a log of calls cannot be read."""
        told = [str(found) for found in self.unread(facts) if found.meant]
        told += [wrong for log in sent_logs(facts) for wrong in log.wrong] if self.known else []
        return tuple(told[:_MOST_TOLD])

    def _asks(self, key: str) -> bool:
        return plain_name(key) in self.written or may_send(key)

    def _meant(self, key: str, missing: Mapping[str, str]) -> str:
        """``missing``: the fields of the call that were not sent."""
        name = plain_name(key)
        if (own := OTHER_NAMES.get(name)) in missing.values():
            return own or ""
        known = {**self.written, **{m: n for m, n in missing.items() if len(n) >= _LONG or m == name}}
        near = get_close_matches(name, known, n=1, cutoff=_NEAR) if len(name) <= _LONGEST else []
        return known[near[0]] if near else ""


@dataclass(frozen=True)
class CaseFacts:
    """The facts of one call, by the names of its rules' folder."""

    names: FactNames
    facts: CallFacts

    @cached_property
    def _sent(self) -> Mapping[str, Sent]:
        """What was sent of the case, by plain name, with the place where each stands."""
        found: dict[str, list[tuple[str, JsonValue]]] = defaultdict(list)
        for place in PLACES:
            for key, value in getattr(self.facts, place).items():
                if value is not None:
                    found[plain_name(key)].append((f"{place}.{key}", value))
        return found

    def _under(self, names: Iterable[str]) -> Sent:
        return [pair for name in names for pair in self._sent.get(plain_name(name), ())]

    def look_up(self, name: str) -> JsonValue | None:
        """A fact by dotted name, as the call sent it under any of its names; None where it did not, or where what it
        sent says that nobody knows.

        A switch is true where any of its names says so: one system may know what another does not know yet.

        Raises:
            ValueError: what was sent is none of what the fact holds, two names of it contradict each other, or a day
                is none.
        """
        place, _, leaf = name.partition(".")
        own = self.names.own.get(leaf) if place in PLACES else None
        if own:
            return self._known(own, self.names.known[own])
        if place == _SEVERAL and may_send(leaf):
            # The one under `history` first: that is where a count is meant to stand.
            counts = sorted(self._under([leaf]), key=lambda pair: not pair[0].startswith(place))
            return next((value for _, value in self._fit(_COUNT, counts)), None)
        return self.facts.get(name.removeprefix("extra."))

    def _known(self, name: str, spec: FactSpec) -> JsonValue | None:
        found, kinds = self._under((name, *spec.also)), self._under(spec.implied_by)
        at_call = self.facts.started_at
        is_kind = any(spec.read(value, at_call) is True for _, value in kinds)
        if spec.during and not is_kind and not any(spec.is_plain(value) for _, value in found):
            # A text may tell the kind alone ("standard"): days, where they are known, are surer.
            dated = self._holds(spec.during)
            if dated is not None:
                return dated
        if is_kind or (spec.holds == "switch" and any(spec.read(value, at_call) is True for _, value in found)):
            return True
        told = self._fit(spec, found)
        if not told:
            return None
        (first, value), *rest = told
        if other := next((pair for pair in rest if comparable(pair[1]) != comparable(value)), None):
            both = f"{first} is {_json(value)} and {other[0]} is {_json(other[1])}"
            raise ValueError(f"{both}, two names of one fact")
        return value

    def _fit(self, spec: FactSpec, found: Sent) -> Sent:
        """What was sent, read; without what says that nobody knows."""
        told = [(at, read) for at, value in found if (read := spec.read(value, self.facts.started_at)) is not None]
        for at, value in told:
            if unfit := spec.unfit(value):
                raise ValueError(f"{at} ({value!r}) {unfit}")
        return told

    def _holds(self, during: PeriodSpec) -> bool | None:
        """Whether the call lies in the period, by the day where it began; None where that cannot be told."""
        first, last = (self._day(during, names) for names in (during.first, during.last))
        if self.facts.started_at is None:
            return None
        at = during.day_of(self.facts.started_at)
        if (first and at < first) or (last and at > last):
            return False
        lasting = first and not last and during.days and (at - first).days < during.days
        return True if lasting or (first and last) else None

    def _day(self, during: PeriodSpec, names: Iterable[str]) -> date | None:
        name, value = next((pair for pair in self._under(names) if _is_told(pair[1])), ("", None))
        if value is None:
            return None
        try:
            return during.day(value)
        except (ValueError, OverflowError):
            raise ValueError(f"{name} ({value!r}) is no day as 2026-11-30 is") from None

    def read(self) -> Iterator[tuple[str, str, str]]:
        """Of each fact that can be told of this call: its name, the names under which it was sent, and its value; or
        why it is no use."""
        for name, spec in self.names.known.items():
            sent = [at for at, _ in self._under(dict.fromkeys((name, *spec.names())))]
            if sent:
                yield name, ", ".join(sent), self._shown(f"account.{name}")
        logs = [plain_name(log.name.partition(".")[2]) for log in sent_logs(self.facts)]
        for log in sent_logs(self.facts):
            yield "history.calls", log.name, f"{NO_USE}: {log}" if log.wrong and not log.calls else str(log)
        everywhere = (key for place in (_SEVERAL, *PLACES) for key in getattr(self.facts, place))
        counts: dict[str, None] = dict.fromkeys(filter(may_send, everywhere))
        for key in counts:
            if plain_name(key) not in self.names.written and plain_name(key) not in logs:
                yield key, ", ".join(at for at, _ in self._under([key])), self._shown(f"{_SEVERAL}.{key}")

    def _shown(self, name: str) -> str:
        try:
            value = self.look_up(name)
        except ValueError as wrong:
            return f"{NO_USE}: {wrong}"
        return "not told" if value is None else _json(value)


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
    seen = dict.fromkeys(map(plain_name, CallFacts.model_fields), "the call itself")
    for name, fact in spec.facts.items():
        for other in (name, *fact.names()):
            _once(source, name, other, seen)
    return FactNames(spec.facts)


def _once(source: Source, name: str, other: str, seen: dict[str, str]) -> None:
    before = seen.setdefault(plain_name(other), name)
    if before != name:
        raise source.error(("facts", name), f"{other!r} is a name of {before!r}, too", "Give it to one of them.")


def _is_told(value: JsonValue) -> bool:
    return not (isinstance(value, str) and plain(value) in NOT_KNOWN)


def _below(value: JsonValue, deep: int) -> Iterator[tuple[str, ...]]:
    """The ways to all that stands in an object, and in those in it."""
    if isinstance(value, dict) and deep:
        for key, item in value.items():
            yield (key,)
            yield from ((key, *way) for way in _below(item, deep - 1))


def _json(value: JsonValue) -> str:
    return json.dumps(value, ensure_ascii=False)
