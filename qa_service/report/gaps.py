"""What was not judged: rules that could not be assessed, calls without a result, files refused at the door."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import tzinfo

from qa_service.records import CallEntry, CallState, NotAssessed, QuarantineEntry
from qa_service.report.calls import line
from qa_service.report.figures import aware, inspected, of_calls, outcome, plain
from qa_service.report.records import Gaps, ReasonGroup, Refused, RuleGap, Trouble, TroubleGroup

MOST_DETAILS = 3
NO_REASON = "not_stated"
LONGEST_MESSAGE = 300

Gap = tuple[CallEntry, NotAssessed]


def gaps(entries: Sequence[CallEntry], quarantined: Sequence[QuarantineEntry], zone: tzinfo) -> Gaps:
    troubled = [e for e in entries if outcome(e) in ("not_assessable", "failed")]
    return Gaps(
        reasons=_reasons(inspected(entries)),
        groups=_groups(troubled),
        calls=tuple(_trouble(e) for e in sorted(troubled, key=lambda e: (e.state, _error(e)[0]))),
        refused=tuple(
            _refused(q, zone) for q in sorted(quarantined, key=lambda q: (aware(q.at), q.source, q.error.code))
        ),
    )


def unjudged(judged: Sequence[CallEntry]) -> tuple[Gap, ...]:
    """Each rule that could not be judged, with its call."""
    return tuple((e, n) for e in judged if e.inspection for n in e.inspection.not_assessed)


def _reasons(judged: Sequence[CallEntry]) -> tuple[ReasonGroup, ...]:
    """Reasons by their stable word, most frequent first."""
    found: dict[str, list[Gap]] = {}
    for entry, missed in unjudged(judged):
        found.setdefault(word(missed.reason), []).append((entry, missed))
    ordered = sorted(found.items(), key=lambda item: (-len(item[1]), item[0]))
    return tuple(_reason(f"reason-{i}", reason, items) for i, (reason, items) in enumerate(ordered, 1))


def word(reason: str) -> str:
    """The stable word that a reason starts with."""
    first = plain(reason).replace(":", " ").split()
    return first[0] if first else NO_REASON


def detail(reason: str) -> str:
    """What follows the stable word; the whole reason where it has none."""
    first, colon, rest = plain(reason).partition(":")
    return rest.strip() if colon and " " not in first else plain(reason)


def _reason(key: str, reason: str, items: Sequence[Gap]) -> ReasonGroup:
    rules: dict[str, list[Gap]] = {}
    for entry, missed in items:
        rules.setdefault(missed.rule_id, []).append((entry, missed))
    ordered = sorted(rules.items(), key=lambda item: (-len(item[1]), item[0]))
    return ReasonGroup(
        reason=reason,
        times=len(items),
        calls=of_calls(f"{key}-calls", _calls(items)),
        rules=tuple(_rule(f"{key}-{i}", rule_id, found) for i, (rule_id, found) in enumerate(ordered, 1)),
    )


def _rule(key: str, rule_id: str, items: Sequence[Gap]) -> RuleGap:
    return RuleGap(
        rule_id=rule_id,
        requirements=tuple(dict.fromkeys(r for _, missed in items for r in missed.requirements)),
        details=tuple(dict.fromkeys(d for _, missed in items if (d := detail(missed.reason))))[:MOST_DETAILS],
        calls=of_calls(key, _calls(items)),
    )


def _calls(items: Sequence[Gap]) -> list[CallEntry]:
    return list({entry.call_id: entry for entry, _ in items}.values())


def _groups(troubled: Sequence[CallEntry]) -> tuple[TroubleGroup, ...]:
    found: dict[tuple[CallState, str], list[CallEntry]] = {}
    for entry in troubled:
        found.setdefault((entry.state, _error(entry)[0]), []).append(entry)
    ordered = sorted(found.items(), key=lambda item: (-len(item[1]), item[0]))
    return tuple(
        TroubleGroup(state=state, code=code, calls=of_calls(f"trouble-{i}", items))
        for i, ((state, code), items) in enumerate(ordered, 1)
    )


def _trouble(entry: CallEntry) -> Trouble:
    code, message = _error(entry)
    return Trouble(call=line(entry), state=entry.state, code=code, message=plain(message, LONGEST_MESSAGE))


def _error(entry: CallEntry) -> tuple[str, str]:
    error = entry.error or (entry.inspection.error if entry.inspection else None)
    return (error.code, error.message) if error else (NO_REASON, "")


def _refused(entry: QuarantineEntry, zone: tzinfo) -> Refused:
    return Refused(
        source=plain(entry.source, LONGEST_MESSAGE),
        code=entry.error.code,
        message=plain(entry.reason, LONGEST_MESSAGE),
        at=aware(entry.at).astimezone(zone),
    )
