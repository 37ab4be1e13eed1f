"""Today: is anything burning, and can the figures be trusted?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Annotated

from fastapi import APIRouter, Query, Request
from starlette.responses import HTMLResponse

from qa_service.records import CallEntry, CallState, Finding, FindingState, QuarantineEntry, Severity
from qa_service.store.calls import DayCount
from qa_service.web.deps import Services, Services_
from qa_service.web.filters import Day
from qa_service.web.language import choose
from qa_service.web.render import zone_of
from qa_service.web.summary import CallSummary, is_violation, summarise

router = APIRouter()

TILES = (Severity.CRITICAL, Severity.MAJOR, Severity.MINOR)
TROUBLED = (CallState.NOT_ASSESSABLE, CallState.FAILED)
#: Order of the pieces of the coverage bar.
PIECES = (
    CallState.INSPECTED, CallState.NOT_ASSESSABLE, CallState.FAILED, CallState.WORKING, CallState.WAITING,
)  # fmt: skip
#: Confirmed findings are heard first.
STATES = (FindingState.CONFIRMED, FindingState.NEEDS_REVIEW, FindingState.UNVERIFIED)
MOST_HEARD = 50
MOST_REFUSED = 20
MOST_CALLS = 500


@dataclass(frozen=True)
class Share:
    """``part`` of ``whole`` calls."""

    part: int
    whole: int

    @property
    def percent(self) -> int:
        return round(100 * self.part / self.whole) if self.whole else 0


@dataclass(frozen=True)
class Tile:
    """Inspected calls with a confirmed finding of a severity, on the day and on the day before.

    ``points``: the change in percentage points; None where there is nothing to compare with.
    """

    severity: Severity
    now: Share
    before: Share | None
    doubtful: int

    @property
    def points(self) -> int | None:
        return self.now.percent - self.before.percent if self.before else None


@dataclass(frozen=True)
class Figures:
    """Calls of a day by state; ``pieces`` for the bar: (state, where it starts, how many)."""

    received: int
    inspected: int
    pieces: tuple[tuple[CallState, int, int], ...]
    coverage: float | None


@dataclass(frozen=True)
class Heard:
    """A finding to hear now."""

    call: CallSummary
    finding: Finding


@router.get("/", include_in_schema=False)
def today(request: Request, services: Services_, day: Annotated[Day, Query()] = None) -> HTMLResponse:
    now = datetime.now(zone_of(services.settings)).date()
    days = services.store.calls.days()
    shown = day or _last(days, now)
    entries = services.store.calls.on_day(shown, turns=False)
    before = services.store.calls.on_day(shown - timedelta(days=1), turns=False) if shown > date.min else ()
    calls = [summarise(e) for e in entries]
    hear = to_hear(entries)
    language = choose(request, services.renderer.default_language)
    return services.renderer.answer(
        request,
        "today.html",
        "today",
        {
            "day": shown,
            "is_today": shown == now,
            "instead_of": now if day is None and shown != now else None,
            "earlier": max((d.day for d in days if d.day < shown), default=None),
            "later": min((d.day for d in days if d.day > shown), default=None),
            "figures": figures(entries),
            "tiles": [tile(s, entries, before) for s in TILES],
            "hear": [replace(h, finding=services.rulebook.worded(h.finding, language)) for h in hear[:MOST_HEARD]],
            "critical": len(hear),
            "troubled": [c for c in calls if c.state in TROUBLED],
            "refused": _refused(services, shown),
            "calls": calls[:MOST_CALLS],
        },
    )


def _last(days: Sequence[DayCount], now: date) -> date:
    """Today where it has calls or nothing has; else the latest day before it, else the latest of all."""
    known = [d.day for d in days]
    if now in known or not known:
        return now
    return max((d for d in known if d < now), default=max(known))


def _refused(services: Services, day: date) -> list[QuarantineEntry]:
    """Files refused on this day, newest first."""
    return list(services.store.quarantine.on_day(day, zone_of(services.settings), MOST_REFUSED))


def figures(entries: Sequence[CallEntry]) -> Figures:
    counts = {s: sum(e.state == s for e in entries) for s in PIECES}
    pieces, at = [], 0
    for state, n in counts.items():
        if n:
            pieces.append((state, at, n))
        at += n
    return Figures(len(entries), counts[CallState.INSPECTED], tuple(pieces), _speech_coverage(entries))


def _speech_coverage(entries: Sequence[CallEntry]) -> float | None:
    """Words over speech, in seconds, of all calls together."""
    known = [e.inspection.coverage for e in entries if e.inspection and e.inspection.coverage.speech_s]
    speech = sum(c.speech_s or 0.0 for c in known)
    return sum(c.transcribed_s or 0.0 for c in known) / speech if speech else None


def tile(severity: Severity, entries: Sequence[CallEntry], before: Sequence[CallEntry]) -> Tile:
    doubtful = sum(
        f.severity == severity and is_violation(f) and f.state != FindingState.CONFIRMED
        for e in _inspected(entries)
        for f in _findings(e)
    )
    return Tile(severity, _with(severity, entries), _with(severity, before) if _inspected(before) else None, doubtful)


def _with(severity: Severity, entries: Sequence[CallEntry]) -> Share:
    inspected = _inspected(entries)
    return Share(sum(any(_counts(f, severity) for f in _findings(e)) for e in inspected), len(inspected))


def _counts(finding: Finding, severity: Severity) -> bool:
    return finding.severity == severity and is_violation(finding) and finding.state == FindingState.CONFIRMED


def _inspected(entries: Sequence[CallEntry]) -> list[CallEntry]:
    return [e for e in entries if e.state == CallState.INSPECTED]


def _findings(entry: CallEntry) -> tuple[Finding, ...]:
    return entry.inspection.findings if entry.inspection else ()


def to_hear(entries: Sequence[CallEntry]) -> list[Heard]:
    """Critical findings: confirmed ones first, then in order of time."""
    found = [
        Heard(summarise(entry), finding)
        for entry in entries
        for finding in _findings(entry)
        if finding.severity == Severity.CRITICAL and is_violation(finding)
    ]
    return sorted(found, key=lambda h: STATES.index(h.finding.state))
