"""Counting: what is known of a call, which findings count, and figures that remember their calls."""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime

from qa_service.records import CallEntry, CallState, Finding, FindingState, Polarity, Severity
from qa_service.report.records import Figure, Moment, Outcome, Rate, Share

#: Gravest first.
VIOLATIONS = (Severity.CRITICAL, Severity.MAJOR, Severity.MINOR)
DOUBTFUL = (FindingState.NEEDS_REVIEW, FindingState.UNVERIFIED)
#: Two-sided 95 % point of the normal distribution.
Z_95 = 1.959963984540054
ZERO_WIDTH_JOINER = "\u200d"

Hit = tuple[CallEntry, Finding]


def in_order(entries: Iterable[CallEntry]) -> tuple[CallEntry, ...]:
    """By the time of the call (of receipt where it has none), so that reports do not depend on the order given."""
    return tuple(sorted(entries, key=lambda e: (aware(e.facts.started_at or e.received_at), e.call_id)))


def aware(at: datetime) -> datetime:
    """Times of this service are UTC, whether they say so or not."""
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def outcome(entry: CallEntry) -> Outcome:
    """What is known of a call. One that waits for a new inspection is not judged by its old one."""
    if entry.state is CallState.NOT_ASSESSABLE:
        return "not_assessable"
    if entry.state is CallState.FAILED:
        return "failed"
    if not is_inspected(entry):
        return "waiting"
    found = violations(entry)
    if any(f.state is FindingState.CONFIRMED for f in found):
        return "violation"
    return "doubtful" if found else "nothing"


def is_inspected(entry: CallEntry) -> bool:
    return entry.state is CallState.INSPECTED and entry.inspection is not None


def inspected(entries: Iterable[CallEntry]) -> tuple[CallEntry, ...]:
    return tuple(e for e in entries if is_inspected(e))


def violations(entry: CallEntry) -> tuple[Finding, ...]:
    """Violations of an inspected call in any state; none of a call whose result does not stand."""
    if not is_inspected(entry) or entry.inspection is None:
        return ()
    return tuple(f for f in entry.inspection.findings if f.polarity is Polarity.VIOLATION)


def confirmed(entry: CallEntry, severity: Severity | None = None) -> tuple[Finding, ...]:
    return tuple(f for f in violations(entry) if f.state is FindingState.CONFIRMED and severity in (None, f.severity))


def doubtful(entry: CallEntry) -> tuple[Finding, ...]:
    return tuple(f for f in violations(entry) if f.state in DOUBTFUL)


def hits(entries: Iterable[CallEntry], pick: Callable[[CallEntry], Iterable[Finding]]) -> tuple[Hit, ...]:
    """Findings call by call, in the order in which they are heard; those without a moment come last."""
    return tuple((entry, finding) for entry in entries for finding in sorted(pick(entry), key=heard_at))


def heard_at(finding: Finding) -> float:
    return math.inf if finding.start_s is None else finding.start_s


def of_calls(key: str, entries: Iterable[CallEntry]) -> Figure:
    """How many calls."""
    moments = tuple(Moment(call_id=e.call_id) for e in entries)
    return Figure(key=key, count=len(moments), calls=moments)


def of_findings(key: str, found: Sequence[Hit]) -> Figure:
    """How many findings, each with its moment."""
    moments = tuple(Moment(call_id=e.call_id, at_s=f.start_s) for e, f in found)
    return Figure(key=key, count=len(moments), calls=moments)


def violating(entries: Iterable[CallEntry], severity: Severity | None = None) -> tuple[CallEntry, ...]:
    """Calls with at least one confirmed violation (of a severity)."""
    return tuple(e for e in entries if confirmed(e, severity))


def rate(part: Figure, whole: Figure) -> Rate:
    low, high = wilson(part.count, whole.count)
    return Rate(part=part, whole=whole, share=share(part.count, whole.count).share, low=low, high=high)


def share(part: int, whole: int) -> Share:
    return Share(part=part, whole=whole, share=part / whole if whole else None)


def wilson(part: int, whole: int) -> tuple[float, float] | tuple[None, None]:
    """Wilson score interval (95 %) of a share; fit for few calls and for shares of 0 and 1. Wilson 1927."""
    if whole == 0:
        return None, None
    p, z2 = part / whole, Z_95**2
    middle = p + z2 / (2 * whole)
    reach = Z_95 * math.sqrt(p * (1 - p) / whole + z2 / (4 * whole**2))
    scale = 1 + z2 / whole
    low = 0.0 if part == 0 else (middle - reach) / scale
    high = 1.0 if part == whole else (middle + reach) / scale
    return low, high


def speech_share(entries: Iterable[CallEntry]) -> tuple[float | None, tuple[CallEntry, ...]]:
    """Transcribed over detected speech, in seconds, of the calls where both are known; and those calls."""
    heard = tuple(e for e in entries if e.inspection and e.inspection.coverage.speech_s)
    speech = sum(e.inspection.coverage.speech_s or 0.0 for e in heard if e.inspection)
    words = sum(e.inspection.coverage.transcribed_s or 0.0 for e in heard if e.inspection)
    return (words / speech if speech else None), heard


def plain(text: str, limit: int = 200) -> str:
    """Text for one line: no control or direction characters, single spaces, at most ``limit`` characters."""
    kept = "".join(c for c in text if c.isspace() or c == ZERO_WIDTH_JOINER or unicodedata.category(c)[0] != "C")
    line = " ".join(kept.split())
    return line if len(line) <= limit else f"{line[: limit - 1]}…"
