"""From a day's calls to its report. Pure: the same calls give the same record, in whatever order they come."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, date, tzinfo

from qa_service.records import CallEntry, QuarantineEntry
from qa_service.report.calls import Source, line, praised, to_hear
from qa_service.report.figures import (
    in_order,
    inspected,
    of_calls,
    outcome,
    rate,
    speech_share,
    violating,
)
from qa_service.report.gaps import gaps, unjudged
from qa_service.report.groups import by_dimension, by_hour, by_requirement
from qa_service.report.provenance import provenance
from qa_service.report.records import (
    CallNote,
    Covered,
    DailyReport,
    Figure,
    Gaps,
    Outcome,
    RequirementLabel,
    RequirementRow,
)
from qa_service.report.sentences import sentences
from qa_service.report.trend import series, severities
from qa_service.rules.catalogue import Requirement

LookUp = Callable[[str], RequirementLabel | None]


def build_daily(
    day: date,
    entries: Sequence[CallEntry],
    earlier: Mapping[date, Sequence[CallEntry]],
    quarantined: Sequence[QuarantineEntry],
    *,
    requirement: LookUp,
    source: Source,
    zone: tzinfo = UTC,
) -> DailyReport:
    """The report of ``day``.

    Args:
        day: the calendar day.
        entries: all calls of that day, in any state; turns are not needed.
        earlier: calls of the days before, by day; those of the last seven make the band.
        quarantined: files refused on that day.
        requirement: label of a requirement id, or None for one that the catalogue does not hold.
        source: where quotes come from; its turns are asked for only for calls to hear.
        zone: of the times at which this service received, inspected and refused; calls keep their own.
    """
    calls = in_order(entries)
    missed = gaps(calls, quarantined, zone)
    covered = _covered(calls, len(quarantined))
    days = series(day, calls, earlier)
    grave = severities(calls, days)
    requirements = by_requirement(calls)
    groups = by_dimension(calls, covered.violating.share)
    heard, praise = to_hear(calls, source), praised(calls, source)
    return DailyReport(
        day=day,
        covered=covered,
        sentences=sentences(covered, grave, requirements, groups, missed, days),
        severities=grave,
        days=days,
        to_hear=heard,
        praise=praise,
        requirements=requirements,
        labels=_labels(requirement, requirements, (*heard.notes, *praise.notes), missed),
        groups=groups,
        hours=by_hour(calls),
        gaps=missed,
        provenance=provenance(calls, zone),
        calls=tuple(map(line, calls)),
    )


def label_of(requirement: Requirement) -> RequirementLabel:
    """A requirement of the catalogue as the report words it."""
    return RequirementLabel(
        id=requirement.id,
        jurisdiction=requirement.jurisdiction,
        title=requirement.title,
        titles={"zh": requirement.titled("zh"), "en": requirement.titled("en")},
        citations=requirement.citations,
        wording={"zh": requirement.breach("zh"), "en": requirement.breach("en")},
    )


def _covered(calls: Sequence[CallEntry], refused: int) -> Covered:
    judged = inspected(calls)
    speech, heard = speech_share(judged)
    whole = of_calls("inspected", judged)
    received = of_calls("received", calls)
    nothing = _with(calls, "nothing")
    sounding = [e.inspection.duration_s or 0.0 for e in judged if e.inspection and e.recording]
    return Covered(
        received=received,
        inspected=rate(whole, received),
        not_assessable=of_calls("not-assessable", _with(calls, "not_assessable")),
        failed=of_calls("failed", _with(calls, "failed")),
        waiting=of_calls("waiting", _with(calls, "waiting")),
        refused=refused,
        violating=rate(of_calls("violating", violating(judged)), whole),
        doubtful=of_calls("doubtful", _with(calls, "doubtful")),
        nothing=of_calls("nothing", nothing),
        complete=of_calls("complete", [e for e in nothing if e.inspection and not e.inspection.not_assessed]),
        audio_s=round(sum(sounding), 3),
        heard=of_calls("heard", heard),
        speech=speech,
        unjudged=_unjudged(judged),
    )


def _with(calls: Sequence[CallEntry], wanted: Outcome) -> list[CallEntry]:
    return [e for e in calls if outcome(e) == wanted]


def _unjudged(judged: Sequence[CallEntry]) -> Figure:
    """Counts rules × calls; lists each call once."""
    missed = unjudged(judged)
    calls = {e.call_id: e for e, _ in missed}.values()
    return of_calls("unjudged", calls).model_copy(update={"count": len(missed)})


def _labels(
    look_up: LookUp, rows: Sequence[RequirementRow], notes: Iterable[CallNote], missed: Gaps
) -> dict[str, RequirementLabel]:
    """Labels of all requirements that the report names, by id in order."""
    heard = {r for note in notes for e in note.evidence for r in e.requirements}
    unassessed = {r for reason in missed.reasons for rule in reason.rules for r in rule.requirements}
    named = sorted({row.id for row in rows} | heard | unassessed)
    return {r: label for r in named if (label := look_up(r))}
