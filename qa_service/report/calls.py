"""Calls in one line, and the calls to hear: the gravest first, with quote and second."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from qa_service.records import CallEntry, Finding, FindingState, Polarity, Severity, Turn
from qa_service.report.figures import (
    VIOLATIONS,
    confirmed,
    doubtful,
    heard_at,
    inspected,
    is_inspected,
    of_calls,
    outcome,
    plain,
    violations,
)
from qa_service.report.records import CallLine, CallNote, Evidence, Language, Selection
from qa_service.rules.plans import stage
from qa_service.rules.wordings import Wording


@dataclass(frozen=True)
class Source:
    """Where quotes come from. ``redact`` takes personal data out; ``turns`` are those of a call, by its id; ``worded``
    gives title and message of a finding by the reader's language, nothing where its rule has changed since."""

    redact: Callable[[str], str]
    turns: Callable[[str], Sequence[Turn]]
    worded: Callable[[Finding], Mapping[Language, Wording]] = lambda _finding: {}


MOST_HEARD = 100
MOST_PRAISED = 8
MOST_EVIDENCE = 3
MOST_MOMENTS = 6
LONGEST_QUOTE = 240
#: Characters of a list of earlier calls: some ten of them.
LONGEST_LIST = 600
#: Characters around a quote.
LONGEST_CONTEXT = 60
#: Characters of the turns that are searched for the quote.
MOST_SAID = 4000
#: A confirmed finding is heard before one that is not.
STATES = (FindingState.CONFIRMED, FindingState.NEEDS_REVIEW, FindingState.UNVERIFIED)


def line(entry: CallEntry) -> CallLine:
    """A call as the register shows it. Results of a call that waits again are left out."""
    facts, found = entry.facts, entry.inspection if is_inspected(entry) else None
    score = found.score if found else None
    return CallLine(
        call_id=entry.call_id,
        started_at=facts.started_at,
        agent_id=name(facts.agent_id),
        agent_name=name(facts.agent_name),
        team=name(facts.team),
        stage=None if facts.overdue_days is None else stage(facts.overdue_days),
        segment=name(facts.debtor_segment),
        product=name(facts.product),
        kind=facts.agent_type,
        language=(found.language if found else None) or facts.language,
        duration_s=entry.inspection.duration_s if entry.inspection else None,
        speech=found.coverage.ratio if found else None,
        outcome=outcome(entry),
        confirmed={s: n for s in VIOLATIONS if (n := len(confirmed(entry, s)))},
        doubtful=len(doubtful(entry)),
        praise=len(praise(entry)),
        unjudged=len(found.not_assessed) if found else 0,
        points=score.points if score else None,
        grade=score.grade if score else None,
    )


def name(text: str | None) -> str | None:
    """A name as shown and grouped by; blank is none."""
    return (plain(text) or None) if text else None


def praise(entry: CallEntry) -> tuple[Finding, ...]:
    """Confirmed praise of an inspected call."""
    if not is_inspected(entry) or entry.inspection is None:
        return ()
    found = entry.inspection.findings
    return tuple(f for f in found if f.polarity is Polarity.PRAISE and f.state is FindingState.CONFIRMED)


def to_hear(entries: Sequence[CallEntry], source: Source) -> Selection:
    """Calls with critical findings in any state and those with confirmed major ones, gravest first."""
    worth = [(e, found) for e in inspected(entries) if (found := sorted(filter(_worth, violations(e)), key=_rank))]
    worth.sort(key=lambda pair: (_rank(pair[1][0])[:2], -_alike(pair[1])))
    return _select("hear", worth, source, MOST_HEARD)


def praised(entries: Sequence[CallEntry], source: Source) -> Selection:
    """Calls with confirmed praise, those without any violation first; none that is to be heard for what it may break:
    a politely told secret is no example."""
    fit = (e for e in inspected(entries) if not any(map(_worth, violations(e))))
    worth = [(e, sorted(found, key=_rank)) for e in fit if (found := praise(e))]
    worth.sort(key=lambda pair: (bool(violations(pair[0])), -len(pair[1])))
    return _select("praise", worth, source, MOST_PRAISED)


def _worth(finding: Finding) -> bool:
    if finding.severity is Severity.CRITICAL:
        return True
    return finding.severity is Severity.MAJOR and finding.state is FindingState.CONFIRMED


def _rank(finding: Finding) -> tuple[int, int, float, str]:
    return list(Severity).index(finding.severity), STATES.index(finding.state), heard_at(finding), finding.rule_id


def _alike(found: Sequence[Finding]) -> int:
    """How many findings are as grave and as sure as the first."""
    return sum(_rank(f)[:2] == _rank(found[0])[:2] for f in found)


def _select(key: str, worth: Sequence[tuple[CallEntry, list[Finding]]], source: Source, most: int) -> Selection:
    notes = tuple(_note(entry, found, source) for entry, found in worth[:most])
    return Selection(notes=notes, of=of_calls(key, [entry for entry, _ in worth]))


def _note(entry: CallEntry, found: Sequence[Finding], source: Source) -> CallNote:
    """What a rule found twice in a call is shown once, with both moments."""
    alike: dict[tuple[str, FindingState, Severity], list[Finding]] = {}
    for finding in found:
        alike.setdefault((finding.rule_id, finding.state, finding.severity), []).append(finding)
    groups = list(alike.values())
    return CallNote(
        call=line(entry),
        evidence=tuple(_evidence(entry.call_id, group, source) for group in groups[:MOST_EVIDENCE]),
        more=max(0, len(groups) - MOST_EVIDENCE),
    )


def _evidence(call_id: str, group: Sequence[Finding], source: Source) -> Evidence:
    finding, others = group[0], group[1 : 1 + MOST_MOMENTS]
    # Ids of calls look like card numbers to the redaction, and are shown as they are everywhere else.
    listed = finding.quotes_calls
    quote = plain(finding.quote, LONGEST_LIST) if listed else plain(source.redact(finding.quote), LONGEST_QUOTE)
    before, after = _around(quote, finding, call_id, source)
    worded = source.worded(finding)
    return Evidence(
        severity=finding.severity,
        state=finding.state,
        rule_id=finding.rule_id,
        title=plain(finding.title),
        titles={language: plain(words.title) for language, words in worded.items()},
        before=before,
        quote=quote,
        after=after,
        message=plain(source.redact(finding.message), LONGEST_QUOTE),
        messages={language: plain(words.message, LONGEST_QUOTE) for language, words in worded.items()},
        at_s=finding.start_s,
        also_s=tuple(f.start_s for f in others if f.start_s is not None),
        requirements=finding.requirements,
        reason=plain(finding.reason),
    )


def _around(quote: str, finding: Finding, call_id: str, source: Source) -> tuple[str, str]:
    """What was said before and after the quote in its turns; nothing where the quote is not found there."""
    if not quote:
        return "", ""
    said = " ".join(t.text for t in source.turns(call_id) if t.index in finding.turns)
    before, found, after = plain(source.redact(said), MOST_SAID).partition(quote)
    if not found:
        return "", ""
    start = before if len(before) <= LONGEST_CONTEXT else f"…{before[-LONGEST_CONTEXT:]}"
    end = after if len(after) <= LONGEST_CONTEXT else f"{after[:LONGEST_CONTEXT]}…"
    return start, end
