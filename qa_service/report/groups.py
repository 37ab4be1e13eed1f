"""The day by requirement, by team, agent, stage, segment and kind of agent, and by hour."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from qa_service.records import CallEntry, Severity
from qa_service.report.calls import name
from qa_service.report.figures import (
    VIOLATIONS,
    confirmed,
    doubtful,
    hits,
    inspected,
    of_calls,
    of_findings,
    rate,
    speech_share,
    violating,
    violations,
)
from qa_service.report.records import Dimension, Figure, GroupRow, HourRow, Rate, RequirementRow, Standing
from qa_service.rules.plans import STAGES, stage

#: With fewer inspected calls a group is not set beside the day's rate.
FEWEST_CALLS = 5

Label = tuple[str | None, str | None]


def _stage(entry: CallEntry) -> Label:
    days = entry.facts.overdue_days
    return (None if days is None else stage(days)), None


def _agent(entry: CallEntry) -> Label:
    """Agents are told apart by their id; by their name where there is none."""
    known, called = name(entry.facts.agent_id), name(entry.facts.agent_name)
    return (known, called) if known else (called, None)


DIMENSIONS: dict[Dimension, Callable[[CallEntry], Label]] = {
    "team": lambda entry: (name(entry.facts.team), None),
    "agent": _agent,
    "stage": _stage,
    "segment": lambda entry: (name(entry.facts.debtor_segment), None),
    "kind": lambda entry: (entry.facts.agent_type, None),
}
#: Dimensions with an order of their own; the others stand gravest first.
FIXED: dict[Dimension, tuple[str, ...]] = {"stage": tuple(s for s, _, _ in STAGES), "kind": ("human", "robot")}


def by_dimension(entries: Sequence[CallEntry], day_share: float | None) -> dict[Dimension, tuple[GroupRow, ...]]:
    return {dimension: _rows(dimension, entries, day_share) for dimension in DIMENSIONS}


def _rows(dimension: Dimension, entries: Sequence[CallEntry], day_share: float | None) -> tuple[GroupRow, ...]:
    members: dict[str | None, list[CallEntry]] = {}
    names: dict[str | None, str | None] = {}
    for entry in entries:
        label, called = DIMENSIONS[dimension](entry)
        members.setdefault(label, []).append(entry)
        names[label] = names.get(label) or called
    ordered = sorted(members, key=lambda label: _order(dimension, label, members[label]))
    return tuple(
        _row(f"{dimension}-{i}", label, names[label], members[label], day_share) for i, label in enumerate(ordered, 1)
    )


def _order(dimension: Dimension, label: str | None, entries: Sequence[CallEntry]) -> tuple[object, ...]:
    """Those that the facts do not name come last."""
    if dimension in FIXED:
        return label is None, FIXED[dimension].index(label) if label else 0
    found = rate(of_calls("", violating(entries)), of_calls("", inspected(entries)))
    grave = len(hits(entries, lambda e: confirmed(e, Severity.CRITICAL)))
    return label is None, -(found.low or 0.0), -grave, -found.whole.count, label or ""


def _row(
    key: str, label: str | None, called: str | None, entries: Sequence[CallEntry], day_share: float | None
) -> GroupRow:
    judged = inspected(entries)
    received = of_calls(f"{key}-received", entries)
    whole = received if len(judged) == len(entries) else of_calls(f"{key}-inspected", judged)
    found = rate(of_calls(f"{key}-violating", violating(judged)), whole)
    by_severity = {s: of_findings(f"{key}-{s}", hits(judged, lambda e, s=s: confirmed(e, s))) for s in VIOLATIONS}  # type: ignore[misc]
    return GroupRow(
        label=label,
        name=called,
        received=received,
        inspected=whole,
        speech=speech_share(judged)[0],
        violating=found,
        critical=by_severity[Severity.CRITICAL],
        major=by_severity[Severity.MAJOR],
        minor=by_severity[Severity.MINOR],
        doubtful=of_findings(f"{key}-doubtful", hits(judged, doubtful)),
        standing=standing(found, day_share),
    )


def standing(found: Rate, day_share: float | None) -> Standing:
    """Apart from the day's rate only where the whole interval is."""
    if found.whole.count < FEWEST_CALLS or found.low is None or found.high is None or day_share is None:
        return "few"
    if found.low > day_share:
        return "above"
    return "below" if found.high < day_share else "same"


def by_requirement(entries: Sequence[CallEntry]) -> tuple[RequirementRow, ...]:
    """Requirements with a violation in any state: gravest first, then in most calls."""
    judged = inspected(entries)
    ids = sorted({r for _, f in hits(judged, violations) for r in f.requirements})
    rows = [_requirement(judged, requirement) for requirement in ids]
    rows.sort(
        key=lambda r: (r.findings.count == 0, VIOLATIONS.index(r.severity), -r.calls.count, -r.findings.count, r.id)
    )
    return tuple(_numbered(row, i) for i, row in enumerate(rows, 1))


def _requirement(judged: Sequence[CallEntry], requirement: str) -> RequirementRow:
    sure = hits(judged, lambda e: (f for f in confirmed(e) if requirement in f.requirements))
    unsure = hits(judged, lambda e: (f for f in doubtful(e) if requirement in f.requirements))
    calls = [e for e in judged if any(requirement in f.requirements for f in confirmed(e))]
    unjudged = [
        e for e in judged if e.inspection and any(requirement in n.requirements for n in e.inspection.not_assessed)
    ]
    return RequirementRow(
        id=requirement,
        severity=min((f.severity for _, f in sure or unsure), key=VIOLATIONS.index),
        findings=of_findings("findings", sure),
        calls=of_calls("calls", calls),
        doubtful=of_findings("doubtful", unsure),
        unjudged=of_calls("unjudged", unjudged),
    )


def _numbered(row: RequirementRow, i: int) -> RequirementRow:
    """Keys by place: ids come from rule files and need not be fit for an address."""
    figures = ("findings", "calls", "doubtful", "unjudged")
    keyed: dict[str, Figure] = {f: getattr(row, f).model_copy(update={"key": f"requirement-{i}-{f}"}) for f in figures}
    return row.model_copy(update=keyed)


def by_hour(entries: Sequence[CallEntry]) -> tuple[HourRow, ...]:
    """All 24 hours, or none where no call says when it began."""
    judged = [e for e in inspected(entries) if e.facts.started_at]
    hours: dict[int, list[CallEntry]] = {hour: [] for hour in range(24)}
    for entry in judged:
        if entry.facts.started_at:
            hours[entry.facts.started_at.hour].append(entry)
    return tuple(
        HourRow(
            hour=hour,
            inspected=of_calls(f"hour-{hour}-inspected", found),
            violating=of_calls(f"hour-{hour}-violating", violating(found)),
        )
        for hour, found in hours.items()
        if judged
    )
