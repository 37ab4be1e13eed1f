"""The three sentences that matter, written from the figures: how much was seen, how grave, and where.

A sentence is clauses; a clause is a key of the message catalogues and the values for its places.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date

from qa_service.report.records import (
    Clause,
    Covered,
    DayPoint,
    Dimension,
    Figure,
    Gaps,
    GroupRow,
    Rate,
    RequirementRow,
    Sentence,
    SeverityRow,
    Value,
)

#: Dimensions in which people are answerable for how calls go.
ANSWERABLE: tuple[Dimension, ...] = ("team", "agent")
MOST_NAMED = 2


def sentences(
    covered: Covered,
    severities: Sequence[SeverityRow],
    requirements: Sequence[RequirementRow],
    groups: Mapping[Dimension, Sequence[GroupRow]],
    gaps: Gaps,
    days: Sequence[DayPoint],
) -> tuple[Sentence, ...]:
    """Three sentences, whatever the day was like."""
    if not covered.received.count:
        return _empty(covered, days)
    if not covered.inspected.part.count:
        return _uninspected(covered, gaps)
    return (
        Sentence(clauses=_seen(covered)),
        Sentence(clauses=_grave(severities[0], days)),
        Sentence(clauses=_where(covered, requirements, groups)),
    )


def _empty(covered: Covered, days: Sequence[DayPoint]) -> tuple[Sentence, ...]:
    last = next((d for d in reversed(days[:-1]) if d.received), None)
    before = (
        Clause(key="last_day", values={"day": day(last.day), "n": Value(kind="count", number=last.received)})
        if last
        else Clause(key="no_days", values={})
    )
    none = Clause(key="no_calls", values={})
    return (
        Sentence(clauses=(none, *_refused(covered))),
        Sentence(clauses=(Clause(key="nothing_known", values={}),)),
        Sentence(clauses=(before,)),
    )


def _uninspected(covered: Covered, gaps: Gaps) -> tuple[Sentence, ...]:
    reasons = tuple(
        Clause(key="trouble", values={"reason": Value(kind="error", text=g.code), "n": count(g.calls)})
        for g in gaps.groups[:1]
    )
    waiting = _count("waiting_hint", covered.waiting)
    return (
        Sentence(clauses=_seen(covered)),
        Sentence(clauses=(Clause(key="nothing_known", values={}),)),
        Sentence(clauses=(*reasons, *waiting)),
    )


def _seen(covered: Covered) -> tuple[Clause, ...]:
    parts = [Clause(key="inspected", values=_rate(covered.inspected))]
    for key, figure in (
        ("not_assessable", covered.not_assessable),
        ("failed", covered.failed),
        ("waiting", covered.waiting),
    ):
        parts.extend(_count(key, figure))
    parts.extend(_refused(covered))
    if covered.speech is not None:
        parts.append(Clause(key="speech", values={"share": share(covered.speech, covered.heard.key)}))
    return tuple(parts)


def _refused(covered: Covered) -> tuple[Clause, ...]:
    if not covered.refused:
        return ()
    return (Clause(key="refused", values={"n": Value(kind="count", number=covered.refused, anchor="refused")}),)


def _grave(row: SeverityRow, days: Sequence[DayPoint]) -> tuple[Clause, ...]:
    key = "critical" if row.calls.part.count else "no_critical"
    parts = [Clause(key=key, values=_rate(row.calls)), _band(row), _yesterday(row, days)]
    return (*parts, *_count("critical_doubtful", row.doubtful))


def _band(row: SeverityRow) -> Clause:
    if not row.band or row.position == "unknown":
        return Clause(key="no_band", values={})
    width = Value(kind="range", number=row.band.low, upper=row.band.high, anchor="days")
    values = {"band": width, "n": Value(kind="count", number=row.band.days)}
    return Clause(key=f"band_{row.position}", values=values)


def _yesterday(row: SeverityRow, days: Sequence[DayPoint]) -> Clause:
    if not row.yesterday:
        return Clause(key="no_yesterday", values={"day": day(days[-2].day)})
    before = row.yesterday
    return Clause(
        key="yesterday",
        values={
            "part": Value(kind="count", number=before.part, anchor="days"),
            "whole": Value(kind="count", number=before.whole),
            "share": Value(kind="share", number=before.share),
        },
    )


def _where(
    covered: Covered, requirements: Sequence[RequirementRow], groups: Mapping[Dimension, Sequence[GroupRow]]
) -> tuple[Clause, ...]:
    sure = [r for r in requirements if r.findings.count]
    if not covered.violating.part.count:
        return _nothing(covered)
    apart = [_apart(dimension, row) for dimension in ANSWERABLE for row in _above(groups[dimension])]
    return (_most(covered, sure), *(apart or [Clause(key="none_apart", values={})]))


def _most(covered: Covered, sure: Sequence[RequirementRow]) -> Clause:
    """The gravest requirement that is breached most often; rules may also stand for themselves."""
    if not sure:
        return Clause(key="uncited", values=_rate(covered.violating))
    first = sure[0]
    return Clause(
        key="most",
        values={
            "severity": Value(kind="severity", text=first.severity),
            "requirement": Value(kind="requirement", text=first.id, anchor=first.findings.key),
            "n": count(first.findings),
            "calls": count(first.calls),
            "whole": count(covered.inspected.part),
        },
    )


def _nothing(covered: Covered) -> tuple[Clause, ...]:
    """No violation is confirmed: that is not yet to say that nothing was found."""
    doubtful = _count("only_doubtful", covered.doubtful)
    if not covered.nothing.count:
        return (Clause(key="none_confirmed", values={}), *doubtful)
    values = {"n": count(covered.nothing), "complete": count(covered.complete)}
    return (Clause(key="nothing_found", values=values), *doubtful)


def _above(rows: Sequence[GroupRow]) -> list[GroupRow]:
    return [row for row in rows if row.standing == "above" and row.label is not None][:MOST_NAMED]


def _apart(dimension: Dimension, row: GroupRow) -> Clause:
    named = " ".join(part for part in (row.label, row.name) if part)
    values = {"name": Value(kind="text", text=named, anchor=row.received.key), **_rate(row.violating)}
    return Clause(key=f"{dimension}_above", values=values)


def _rate(rate: Rate) -> dict[str, Value]:
    return {
        "part": count(rate.part),
        "whole": count(rate.whole),
        "share": Value(kind="share", number=rate.share),
        "interval": Value(kind="range", number=rate.low, upper=rate.high),
        "n": Value(kind="count", number=rate.part.count),
    }


def _count(key: str, figure: Figure) -> tuple[Clause, ...]:
    """A clause on a count, or none where there is nothing to count."""
    return (Clause(key=key, values={"n": count(figure)}),) if figure.count else ()


def count(figure: Figure) -> Value:
    return Value(kind="count", number=figure.count, anchor=figure.key if figure.calls else "")


def share(number: float, anchor: str = "") -> Value:
    return Value(kind="share", number=number, anchor=anchor)


def day(at: date) -> Value:
    return Value(kind="day", text=at.isoformat())
