"""Severity against the day before and the band of the days before that day."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta

from qa_service.records import CallEntry, FindingState, Severity
from qa_service.report.figures import (
    VIOLATIONS,
    Hit,
    confirmed,
    hits,
    inspected,
    of_calls,
    of_findings,
    rate,
    share,
    violating,
    violations,
)
from qa_service.report.records import Band, DayPoint, Figure, Position, SeverityRow, Share

BAND_DAYS = 7
#: With fewer earlier days no one is told that a day lies outside the band.
FEWEST_DAYS = 3


def earlier_days(day: date) -> tuple[date, ...]:
    """The seven days before, oldest first."""
    return tuple(day - timedelta(days=n) for n in range(BAND_DAYS, 0, -1))


def series(
    day: date, entries: Sequence[CallEntry], earlier: Mapping[date, Sequence[CallEntry]]
) -> tuple[DayPoint, ...]:
    """The seven days before and the day itself, oldest first, days without calls included."""
    return (*(_point(d, earlier.get(d, ())) for d in earlier_days(day)), _point(day, entries))


def _point(day: date, entries: Sequence[CallEntry]) -> DayPoint:
    judged = inspected(entries)
    shares = {s: share(len(violating(judged, s)), len(judged)) for s in VIOLATIONS}
    return DayPoint(day=day, received=len(entries), inspected=len(judged), shares=shares)


def severities(entries: Sequence[CallEntry], days: Sequence[DayPoint]) -> tuple[SeverityRow, ...]:
    """One row a severity; ``days`` as from :func:`series`."""
    return tuple(_row(severity, entries, days) for severity in VIOLATIONS)


def _row(severity: Severity, entries: Sequence[CallEntry], days: Sequence[DayPoint]) -> SeverityRow:
    judged, key = inspected(entries), f"severity-{severity}"
    now = rate(of_calls(f"{key}-calls", violating(judged, severity)), of_calls("inspected", judged))
    before = days[-2].shares[severity]
    yesterday = before if before.whole else None
    unverified = of_findings(f"{key}-unverified", _in_state(judged, severity, FindingState.UNVERIFIED))
    to_review = of_findings(f"{key}-needs-review", _in_state(judged, severity, FindingState.NEEDS_REVIEW))
    width = band([d.shares[severity] for d in days[:-1]])
    return SeverityRow(
        severity=severity,
        findings=of_findings(f"{key}-findings", hits(judged, lambda e: confirmed(e, severity))),
        calls=now,
        yesterday=yesterday,
        change=None if now.share is None or before.share is None else now.share - before.share,
        band=width,
        position=position(now.share, width),
        unverified=unverified,
        needs_review=to_review,
        doubtful=_together(f"{key}-doubtful", unverified, to_review),
    )


def _together(key: str, first: Figure, second: Figure) -> Figure:
    """Both; where one is empty, the other itself."""
    if not first.count or not second.count:
        return first if first.count else second
    return Figure(key=key, count=first.count + second.count, calls=(*first.calls, *second.calls))


def _in_state(judged: Sequence[CallEntry], severity: Severity, state: FindingState) -> tuple[Hit, ...]:
    return hits(judged, lambda e: (f for f in violations(e) if f.severity is severity and f.state is state))


def band(days: Sequence[Share]) -> Band | None:
    """None where no earlier day had an inspected call."""
    known = [d.share for d in days if d.share is not None]
    return Band(low=min(known), high=max(known), days=len(known)) if known else None


def position(now: float | None, width: Band | None) -> Position:
    if now is None or width is None or width.days < FEWEST_DAYS:
        return "unknown"
    if now > width.high:
        return "above"
    return "below" if now < width.low else "within"
