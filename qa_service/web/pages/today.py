"""Today: is anything burning, and can the figures be trusted?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Annotated

from fastapi import APIRouter, Query, Request
from starlette.responses import HTMLResponse

from qa_service.jobs.reports import ReportDay, refused_on, report_days
from qa_service.records import CallEntry, CallState, Finding, FindingState, Severity
from qa_service.web.deps import Services_
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
    def percent(self) -> float | None:
        return 100 * self.part / self.whole if self.whole else None


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
        now, before = self.now.percent, self.before.percent if self.before else None
        return None if now is None or before is None else round(now - before)


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
    days = report_days(services.store, services.settings)
    shown = day or _last(days, now)
    entries = services.store.calls.on_day(shown, turns=False)
    before = services.store.calls.on_day(shown - timedelta(days=1), turns=False) if shown > date.min else ()
    calls = [summarise(e) for e in entries]
    hear = to_hear(entries)
    refused = refused_on(services.store, shown, services.settings)
    language = choose(request, services.renderer.default_language)
    return services.renderer.answer(
        request,
        "today.html",
        "today",
        {
            "day": shown,
            "is_today": shown == now,
            "instead_of": now if day is None and shown != now else None,
            "refused_today": next((d.refused for d in days if d.day == now), 0),
            "earlier": max((d.day for d in days if d.day < shown), default=None),
            "later": min((d.day for d in days if d.day > shown), default=None),
            "figures": figures(entries),
            "tiles": [tile(s, entries, before) for s in TILES],
            "hear": [replace(h, finding=services.rulebook.worded(h.finding, language)) for h in hear[:MOST_HEARD]],
            "critical": len(hear),
            "troubled": [c for c in calls if c.state in TROUBLED],
            "refused": refused[:MOST_REFUSED],
            "all_refused": len(refused),
            "calls": calls[:MOST_CALLS],
            "sheets": [(at, min(at + MOST_CALLS, len(calls))) for at in range(0, len(calls), MOST_CALLS)],
            "sheet_calls": MOST_CALLS,
        },
    )


def _last(days: Sequence[ReportDay], now: date) -> date:
    """Today where it has calls or nothing has; else the latest day before it, else the latest of all.

    Days of refused files alone count only where there are no calls at all.
    """
    known = [d.day for d in days if d.received] or [d.day for d in days]
    if now in known or not known:
        return now
    return max((d for d in known if d < now), default=max(known))


def figures(entries: Sequence[CallEntry]) -> Figures:
    counts = {s: sum(e.state == s for e in entries) for s in PIECES}
    pieces, at = [], 0
    for state, n in counts.items():
        if n:
            pieces.append((state, at, n))
        at += n
    return Figures(len(entries), counts[CallState.INSPECTED], tuple(pieces), _speech_coverage(_inspected(entries)))


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
    """Critical findings of inspected calls: confirmed ones first, then in order of time.

    The old result of a call that waits to be inspected again does not stand.
    """
    found = [
        Heard(summarise(entry), finding)
        for entry in _inspected(entries)
        for finding in _findings(entry)
        if finding.severity == Severity.CRITICAL and is_violation(finding)
    ]
    return sorted(found, key=lambda h: STATES.index(h.finding.state))
