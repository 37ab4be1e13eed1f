"""From findings to points and a grade. Pure.

A call starts with 100 points. Each *confirmed* violation takes its rule's deduction, each
confirmed praise gives its bonus back (never above 100); unverified findings and findings that need
review move nothing. A veto fails the call, or its dimension, whatever the points say. What two rules say of the same
sentence and the same requirement is deducted once: one fault, seen twice.

A call of whose agent nothing could be judged has no points, unless something is confirmed all the same: what is not
known is no full mark.
"""

from __future__ import annotations

from collections.abc import Sequence

from qa_service.records import Finding, FindingState, NotAssessed, Polarity, Score

MAX_POINTS = 100.0
#: Lower bound of each grade. Product defaults, not law.
GRADES: tuple[tuple[float, str], ...] = ((90.0, "A"), (80.0, "B"), (60.0, "C"), (0.0, "D"))
FAILED_GRADE = "F"
#: Reasons for which every rule about the agent is not assessed.
UNHEARD = ("unknown_speaker", "no_agent_speech")


def score_of(findings: Sequence[Finding], not_assessed: Sequence[NotAssessed]) -> Score | None:
    """The score of a call; None where the agent could not be judged and nothing is confirmed."""
    confirmed = any(f.state is FindingState.CONFIRMED and f.polarity is Polarity.VIOLATION for f in findings)
    unheard = any(missed.reason.startswith(UNHEARD) for missed in not_assessed)
    return None if unheard and not confirmed else score(findings)


def score(findings: Sequence[Finding]) -> Score:
    """Points left after confirmed findings, per dimension too (a dimension's share starts at 100)."""
    counted = [f for f in findings if f.state is FindingState.CONFIRMED]
    dimensions = sorted({f.dimension for f in counted} | {"compliance"})
    vetoes = [f for f in counted if f.veto and f.polarity is Polarity.VIOLATION]
    veto = any(f.veto is True for f in vetoes)
    failed = tuple(sorted({f.dimension for f in vetoes if f.veto == "section"}))
    points = _points(counted)
    return Score(
        points=points,
        max=MAX_POINTS,
        grade=FAILED_GRADE if veto else grade(points),
        veto=veto,
        by_dimension={d: 0.0 if d in failed else _points([f for f in counted if f.dimension == d]) for d in dimensions},
        failed=failed,
    )


def deducted_with(findings: Sequence[Finding]) -> dict[int, str]:
    """Findings (by their place) whose points are not taken off as well, and the rule whose points stand for both.

    Two rules that find the same requirement broken on the same turn tell one fault: the dearest is deducted. What one
    rule finds several times is its own affair (``score.cap``); where it deducts once, its points stand for all places
    that it found, and are another rule's only where that told each of them.
    """
    taken: list[Finding] = []
    told: dict[int, str] = {}
    dearest = sorted(enumerate(findings), key=lambda at: (-at[1].deduct, at[1].rule_id))
    for place, finding in dearest:
        if finding.state is not FindingState.CONFIRMED or finding.polarity is not Polarity.VIOLATION:
            continue
        same = next((other for other in taken if _same_fault(finding, other)), None)
        if same is None:
            taken.append(finding)
        elif finding.deduct and not _stands_for_more(finding, findings, taken):
            told[place] = same.rule_id
    return told


def _stands_for_more(finding: Finding, findings: Sequence[Finding], taken: Sequence[Finding]) -> bool:
    """Whether these are the only points of a rule that found something elsewhere, too, which nothing dearer told."""
    others = [
        f for f in findings if f is not finding and f.rule_id == finding.rule_id and f.state is FindingState.CONFIRMED
    ]
    return not any(f.deduct for f in others) and any(
        not any(_same_fault(f, dearer) for dearer in taken) for f in others
    )


def _same_fault(one: Finding, other: Finding) -> bool:
    return (
        one.rule_id != other.rule_id
        and one.dimension == other.dimension
        and not set(one.requirements).isdisjoint(other.requirements)
        and not set(one.turns).isdisjoint(other.turns)
    )


def grade(points: float) -> str:
    """Letter of a number of points: A from 90, B from 80, C from 60, else D."""
    return next(letter for floor, letter in GRADES if points >= floor)


def _points(findings: Sequence[Finding]) -> float:
    doubled = deducted_with(findings)
    lost = sum(f.deduct for n, f in enumerate(findings) if f.polarity is Polarity.VIOLATION and n not in doubled)
    won = sum(f.deduct for f in findings if f.polarity is Polarity.PRAISE)
    return round(min(MAX_POINTS, max(0.0, MAX_POINTS - lost + abs(won))), 2)
