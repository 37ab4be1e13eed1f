"""What stands beside a list of results: the filters that hold, and what the results can be narrowed to."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import groupby

from qa_service.records import Severity
from qa_service.search.protocol import Facet, FacetCount, SearchResults
from qa_service.web.filters import Narrowed
from qa_service.web.language import Translator

#: Facets of the page in their order, with the parameter that narrows to one of their values.
PARAMETERS: dict[Facet, str] = {
    Facet.SEVERITY: "severity",
    Facet.RULE: "rule",
    Facet.STATE: "state",
    Facet.AGENT: "agent",
    Facet.TEAM: "team",
    Facet.PRODUCT: "product",
    Facet.STAGE: "stage",
}
SHOWN = (*PARAMETERS, Facet.DAY)
#: Values of a facet that are seen at once; the rest is one click away.
AT_ONCE = 6
#: Filters in the order in which they are said, after the days.
FILTERS = ("agent", "team", "rule", "requirement", "severity", "state", "role", "product", "stage")
#: Those whose values have words of their own in the reader's language.
WORDED = frozenset({"severity", "state", "role"})
#: Days, then weeks, then months that one drawing shows side by side.
MOST_BARS = 31

#: The address of the page with other parameters; None takes one away.
Address = Callable[..., str]


@dataclass(frozen=True)
class Choice:
    """A value that results can be narrowed to, or (``chosen``) are: then the address takes it off.

    ``share``: per cent of the calls found, for its bar.
    """

    value: str
    label: str
    note: str
    calls: int
    share: int
    address: str
    chosen: bool


@dataclass(frozen=True)
class Group:
    """A facet: what is seen at once, and the rest."""

    facet: Facet
    first: tuple[Choice, ...]
    rest: tuple[Choice, ...]


@dataclass(frozen=True)
class Bar:
    """Calls from one day to another (both included); ``height`` in per cent of the tallest."""

    first: date
    last: date
    calls: int
    height: int
    address: str


@dataclass(frozen=True)
class Chip:
    """A filter that holds, with the address without it."""

    name: str
    value: str
    address: str


def groups(
    results: SearchResults, asked: Narrowed, address: Address, titled: Callable[[str], str], translate: Translator
) -> list[Group]:
    """Facets that have anything to choose: what holds first, then the most frequent, severities by their gravity.

    ``titled`` gives the title of a rule.
    """
    found = [_group(facet, results, asked, address, titled, translate) for facet in PARAMETERS]
    return [group for group in (*found, _only_day(results, asked, address)) if group.first]


def _group(
    facet: Facet, results: SearchResults, asked: Narrowed, address: Address, titled: Callable[[str], str],
    translate: Translator,
) -> Group:  # fmt: skip
    name = PARAMETERS[facet]
    held = getattr(asked, name)

    def choice(count: FacetCount) -> Choice:
        chosen = held is not None and str(held) == count.value
        return Choice(
            value=count.value,
            label=_worded(name, count.value, translate),
            note=titled(count.value) if facet == Facet.RULE else "",
            calls=count.calls,
            share=min(100, round(100 * count.calls / max(1, results.total_calls))),
            address=address(**{name: None if chosen else count.value}),
            chosen=chosen,
        )

    gravest = [*Severity] if facet == Facet.SEVERITY else []
    counts = sorted(results.facets.get(facet, ()), key=lambda c: gravest.index(Severity(c.value)) if gravest else 0)
    choices = sorted(map(choice, counts), key=lambda c: not c.chosen)
    spare = len(choices) <= AT_ONCE + 1  # one hidden value would take as much room as itself
    cut = len(choices) if spare else AT_ONCE
    return Group(facet, tuple(choices[:cut]), tuple(choices[cut:]))


def _only_day(results: SearchResults, asked: Narrowed, address: Address) -> Group:
    """The day of all results, where they are of one: a drawing of one bar says nothing."""
    days = results.facets.get(Facet.DAY, ())
    if len(days) != 1:
        return Group(Facet.DAY, (), ())
    day = days[0].value
    chosen = str(asked.day_from) == str(asked.day_to) == day
    there = address(**dict.fromkeys(("from", "to"), None if chosen else day))
    return Group(Facet.DAY, (Choice(day, day, "", days[0].calls, 100, there, chosen),), ())


def bars(counts: Sequence[FacetCount], address: Address) -> list[Bar]:
    """The days of the results side by side, those without calls too; by weeks or months where days are too many.

    None where all are of one day.
    """
    days = {date.fromisoformat(count.value): count.calls for count in counts}
    if len(days) < 2:
        return []
    spans = _spans(min(days), max(days))
    sums = [sum(n for day, n in days.items() if first <= day <= last) for first, last in spans]
    most = max(sums)
    return [
        Bar(first, last, calls, -(-100 * calls // most), address(**{"from": first, "to": last}))
        for (first, last), calls in zip(spans, sums, strict=True)
    ]


def _spans(first: date, last: date) -> list[tuple[date, date]]:
    """The days from first to last: one by one, by calendar weeks, or by months where even the weeks are too many."""
    days = [first + timedelta(days=n) for n in range((last - first).days + 1)]
    if len(days) <= MOST_BARS:
        return [(day, day) for day in days]
    weeks = [tuple(week) for _, week in groupby(days, key=lambda day: day.isocalendar()[:2])]
    if len(weeks) <= MOST_BARS:
        return [(week[0], week[-1]) for week in weeks]
    months = [tuple(month) for _, month in groupby(days, key=lambda day: (day.year, day.month))]
    return [(month[0], month[-1]) for month in months]


def chips(asked: Narrowed, address: Address, translate: Translator) -> Iterator[Chip]:
    """Filters that hold beside the words."""
    if asked.day_from and asked.day_from == asked.day_to:
        yield Chip("day", str(asked.day_from), address(**{"from": None, "to": None}))
    else:
        for name, day in (("from", asked.day_from), ("to", asked.day_to)):
            if day:
                yield Chip(name, str(day), address(**{name: None}))
    for name in FILTERS:
        if (value := getattr(asked, name)) is not None:
            yield Chip(name, _worded(name, str(value), translate), address(**{name: None}))


def _worded(name: str, value: str, translate: Translator) -> str:
    return translate.known(f"{name}.{value}", value) if name in WORDED else value
