"""Points, grades, veto: only confirmed findings move anything."""

from __future__ import annotations

import pytest

from qa_service.inspect.score import deducted_with, grade, score, score_of
from qa_service.records import Finding, FindingState, NotAssessed, Polarity, Severity


def finding(deduct: float, **changes: object) -> Finding:
    base = Finding(
        rule_id="R-1", rule_version=1, pack="p", title="t", requirements=("CN-THREAT-01",), severity=Severity.MAJOR,
        polarity=Polarity.VIOLATION, state=FindingState.CONFIRMED, turns=(0,), start_s=0.0, end_s=1.0, quote="q",
        message="m", deduct=deduct,
    )  # fmt: skip
    return base.model_copy(update=changes)


def test_a_clean_call_keeps_all_points() -> None:
    got = score([])
    assert (got.points, got.max, got.grade, got.veto) == (100.0, 100.0, "A", False)


def test_confirmed_findings_deduct_and_never_below_zero() -> None:
    assert score([finding(30), finding(10)]).points == 60.0  # twice the same rule
    assert score([finding(80), finding(80)]).points == 0.0


def test_two_rules_that_tell_the_same_fault_take_its_points_once() -> None:
    cheap, dear = finding(10, rule_id="R-1"), finding(30, rule_id="R-2", turns=(0, 1))
    assert score([cheap, dear]).points == score([dear, cheap]).points == 70.0
    assert deducted_with([cheap, dear]) == {0: "R-2"}
    assert score([cheap, dear]).by_dimension == {"compliance": 70.0}


@pytest.mark.parametrize("told", [0, 1])
def test_points_that_a_rule_takes_once_stand_for_all_it_found(told: int) -> None:
    """It does not matter which of its places another rule tells as well."""
    once = [finding(10, turns=(3,)), finding(0, turns=(7,))]
    dearer = finding(30, rule_id="R-2", turns=once[told].turns)
    assert score([*once, dearer]).points == 60.0
    assert deducted_with([*once, dearer]) == {}
    both = [*once, dearer, finding(30, rule_id="R-2", turns=once[1 - told].turns)]
    assert score(both).points == 40.0
    assert deducted_with(both) == {0: "R-2"}


@pytest.mark.parametrize(
    "other",
    [
        {"rule_id": "R-1"},  # a rule that deducts each time
        {"turns": (1,)},
        {"requirements": ("CN-PRIV-01",)},
        {"dimension": "etiquette"},
        {"turns": ()},  # something missing
    ],
)
def test_other_faults_take_their_own_points(other: dict[str, object]) -> None:
    both = [finding(30), finding(10, **({"rule_id": "R-2"} | other))]
    assert score(both).points == 60.0
    assert deducted_with(both) == {}


def test_a_doubtful_finding_takes_no_place_of_a_confirmed_one() -> None:
    doubtful = finding(30, rule_id="R-2", state=FindingState.NEEDS_REVIEW)
    assert score([finding(10), doubtful]).points == 90.0
    assert deducted_with([finding(10), doubtful]) == {}


@pytest.mark.parametrize("state", [FindingState.UNVERIFIED, FindingState.NEEDS_REVIEW])
def test_doubtful_findings_move_nothing_not_even_by_veto(state: FindingState) -> None:
    got = score([finding(50, state=state, veto=True)])
    assert (got.points, got.grade, got.veto) == (100.0, "A", False)


def test_a_veto_fails_the_call_whatever_the_points() -> None:
    got = score([finding(5, veto=True)])
    assert (got.points, got.grade, got.veto) == (95.0, "F", True)


def test_a_veto_of_a_section_fails_its_dimension_alone() -> None:
    got = score([finding(5, veto="section", dimension="etiquette"), finding(10)])
    assert (got.points, got.grade, got.veto) == (85.0, "B", False)
    assert got.by_dimension == {"compliance": 90.0, "etiquette": 0.0}
    assert got.failed == ("etiquette",)


def test_praise_gives_back_but_never_above_the_maximum() -> None:
    praise = finding(5, polarity=Polarity.PRAISE, severity=Severity.PRAISE)
    assert score([finding(20), praise]).points == 85.0
    assert score([praise]).points == 100.0


def test_dimensions_are_counted_apart() -> None:
    got = score([finding(20), finding(10, dimension="etiquette")])
    assert got.by_dimension == {"compliance": 80.0, "etiquette": 90.0}


@pytest.mark.parametrize(
    ("points", "letter"), [(100, "A"), (90, "A"), (89.99, "B"), (80, "B"), (60, "C"), (59, "D"), (0, "D")]
)
def test_grades(points: float, letter: str) -> None:
    assert grade(points) == letter


@pytest.mark.parametrize(
    ("reason", "scored"),
    [
        ("no_agent_speech: no words of the agent were heard", False),
        ("unknown_speaker: who speaks is not known on this call", False),
        ("no_customer_speech: no words of the customer were heard", True),
        ("missing_fact: account.lawsuit_filed", True),
    ],
)
def test_what_could_not_be_judged_is_no_full_mark(reason: str, scored: bool) -> None:
    missed = [NotAssessed(rule_id="R-2", requirements=(), reason=reason)]
    praise = finding(5, polarity=Polarity.PRAISE, severity=Severity.PRAISE)
    assert (score_of([], missed) is not None) is scored
    assert (score_of([praise, finding(5, state=FindingState.NEEDS_REVIEW)], missed) is not None) is scored
    failed = score_of([finding(5, veto=True)], missed)
    assert failed
    assert failed.grade == "F"
