"""Steps of a flow, and what every turn should hold."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from qa_service.errors import RuleError
from qa_service.records import Coverage, FindingState
from qa_service.rules.load import load_packs
from tests.rules.building import folder, judged, rule, said

SELECT = {
    "identify": {"phrases": ["this is ann"]},
    "verify": {"phrases": ["date of birth"]},
    "disclose": {"phrases": ["you owe"]},
    "wrong": {"phrases": ["wrong number"], "speaker": "customer"},
}
STEPS: list[dict[str, Any]] = [
    {"name": "identify", "deduct": 3},
    {"name": "verify", "skip_if": "wrong", "deduct": 20},
    {"name": "disclose", "skip_if": "wrong"},
]
WHOLE = ["agent: hello this is Ann", "agent: your date of birth please", "agent: you owe fifty dollars"]


def flow(root: Path, *lines: str, steps: list[dict[str, Any]] = STEPS, **more: Any) -> list[tuple[str, float]]:
    rules = folder(root, rule({"select": SELECT, "flow": {"steps": steps, **more}}, status="stable"))
    return [(f.reason, f.deduct) for f in judged(rules, said(*lines)).findings]


def test_a_whole_call_has_every_step(tmp_path: Path) -> None:
    assert flow(tmp_path, *WHOLE) == []


def test_each_missing_step_has_its_own_points(tmp_path: Path) -> None:
    assert sorted(flow(tmp_path, "agent: hello")) == [
        ("missing: disclose", 10),
        ("missing: identify", 3),
        ("missing: verify", 20),
    ]


def test_a_step_is_named_also_where_a_person_decides(tmp_path: Path) -> None:
    match = {"select": SELECT, "flow": {"steps": [{"name": "identify"}, {"name": "verify"}]}}
    root = folder(tmp_path / "trial", rule(match, status="test"))
    on_trial = [f.reason for f in judged(root, said("agent: hello")).findings]
    assert [why.rpartition("; ")[2] for why in on_trial] == ["missing: identify", "missing: verify"]
    root = folder(tmp_path / "doubt", rule(match, status="stable"))
    doubted = judged(root, said("agent: hello", coverage=Coverage(ratio=0.8))).findings
    assert {f.state.value for f in doubted} == {"unverified"}
    assert [f.reason.rpartition("; ")[2] for f in doubted] == ["missing: identify", "missing: verify"]


def test_steps_that_may_be_skipped(tmp_path: Path) -> None:
    assert flow(tmp_path, "agent: this is Ann", "customer: wrong number") == []


def test_a_step_before_its_turn(tmp_path: Path) -> None:
    early = [WHOLE[0], WHOLE[2], WHOLE[1]]
    assert flow(tmp_path, *early) == [("out_of_order: disclose came before verify", 10)]
    assert flow(tmp_path, *early, in_order=False) == []


def test_a_step_with_a_condition_of_its_own(tmp_path: Path) -> None:
    steps = [{"name": "opening", "says": "identify or verify"}]
    assert flow(tmp_path, "agent: your date of birth", steps=steps) == []
    assert flow(tmp_path, "agent: hi", steps=steps) == [("missing: opening", 10)]


def test_a_step_has_its_place_where_its_condition_first_holds(tmp_path: Path) -> None:
    both = [{"name": "opening", "says": "identify and verify"}, {"name": "disclose"}]
    late = ["out_of_order: disclose came before opening"]
    assert [why for why, _ in flow(tmp_path, WHOLE[0], WHOLE[2], WHOLE[1], steps=both)] == late
    assert flow(tmp_path, *WHOLE, steps=both) == []
    assert flow(tmp_path, *WHOLE, WHOLE[0], steps=both) == []


def test_a_step_that_is_to_be_said_twice_is_done_the_second_time(tmp_path: Path) -> None:
    select = {"twice": {"phrases": ["hello"], "count": 2}, "bye": {"phrases": ["goodbye"]}}
    match = {"select": select, "flow": {"steps": [{"name": "twice"}, {"name": "bye"}]}}
    rules = folder(tmp_path, rule(match))
    (finding,) = judged(rules, said("agent: hello", "agent: goodbye", "agent: hello")).findings
    assert (finding.reason.startswith("rule_on_trial"), finding.turns) == (True, (1,))
    assert judged(rules, said("agent: hello", "agent: hello", "agent: goodbye", "agent: hello")).findings == ()


@pytest.mark.parametrize("says", ["not verify", "disclose or not verify", "none of (verify, wrong)"])
@pytest.mark.parametrize("in_order", [True, False])
def test_a_step_that_is_done_without_a_word_has_no_place(tmp_path: Path, says: str, in_order: bool) -> None:
    steps = [{"name": "calm", "says": says}, {"name": "identify"}]
    assert flow(tmp_path, WHOLE[0], steps=steps, in_order=in_order) == []
    missing = flow(tmp_path, WHOLE[0], WHOLE[1], steps=steps, in_order=in_order)
    assert missing == [("missing: calm", 10)]


def test_a_missing_step_is_doubted_where_speech_has_no_words(tmp_path: Path) -> None:
    rules = folder(tmp_path, rule({"select": SELECT, "flow": {"steps": STEPS[:1]}}, status="stable"))
    (finding,) = judged(rules, said("agent: hello", coverage=Coverage(ratio=0.7))).findings
    assert finding.state is FindingState.UNVERIFIED


def test_every_turn(tmp_path: Path) -> None:
    match = {"select": {"polite": {"phrases": ["please", "thank you"]}}, "every_turn": True}
    call = said("agent: your name please", "customer: Bob", "agent: pay now", "agent: thank you")
    (finding,) = judged(folder(tmp_path, rule(match)), call).findings
    assert (finding.turns, finding.quote) == ((2,), "pay now")


def test_a_step_that_only_some_calls_need(tmp_path: Path) -> None:
    steps = [{"name": "identify"}, {"name": "verify", "required_if": "$intro_s > 20 and overdue_days > 30"}]
    root = folder(tmp_path, rule({"select": {k: SELECT[k] for k in ("identify", "verify")}, "flow": {"steps": steps}}))
    call = said("agent: hello")

    def missing(facts: dict[str, Any], seconds: int) -> list[str]:
        return [f.reason for f in judged(root, call, facts, parameters={"intro_s": seconds}).findings]

    assert len(missing({"overdue_days": 60}, 30)) == 2
    assert len(missing({"overdue_days": 60}, 10)) == len(missing({"overdue_days": 10}, 30)) == 1


def test_a_step_nobody_knows_to_be_needed_is_named(tmp_path: Path) -> None:
    steps = [{"name": "identify"}, {"name": "verify", "required_if": "overdue_days > 30"}]
    select = {k: SELECT[k] for k in ("identify", "verify")}
    root = folder(tmp_path, rule({"select": select, "flow": {"steps": steps}}, status="stable"))
    found = judged(root, said("agent: hello"))
    assert [f.reason for f in found.findings] == ["missing: identify"]
    assert [n.reason for n in found.not_assessed] == ["missing_fact: overdue_days; not asked for: verify"]
    assert judged(root, said(*WHOLE)).not_assessed == ()


@pytest.mark.parametrize(
    ("match", "message"),
    [
        ({"flow": {"steps": [{"name": "nothing"}]}}, "no selection is called 'nothing'"),
        ({"flow": {"steps": [{"name": "a"}, {"name": "a"}]}}, "step 'a' stands here twice"),
        ({"flow": {"steps": [{"name": "a", "skip_if": "b"}]}}, "no selection is called 'b'"),
        ({"flow": {"steps": [{"name": "a", "required_if": "$nothing"}]}}, "nothing"),
        ({"flow": {"steps": [{"name": "a"}]}, "absent": True}, "at most one of absent"),
        ({"flow": {"steps": [{"name": "a"}]}, "condition": "a"}, "conditions in its steps"),
        ({"absent": True, "within": {"turns": 2}}, "match.within: within says nothing beside absent.* delete it"),
        ({"absent": True, "order": ["a", "a"]}, "match.order: order says nothing beside absent"),
        ({"every_turn": True, "within": {"call": True}}, "within says nothing beside every_turn"),
        ({"flow": {"steps": [{"name": "a"}]}, "order": ["a", "a"]}, "order says nothing beside flow.*in_order"),
    ],
)
def test_mistakes_are_told_at_load(tmp_path: Path, match: dict[str, Any], message: str) -> None:
    with pytest.raises(RuleError, match=message):
        load_packs(folder(tmp_path, rule({"select": {"a": {"phrases": ["x"]}}, **match})))
