"""Gates: what sounds like a violation and is none, and what only pretends to be harmless."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from qa_service.records import CallFacts
from qa_service.rules.evaluate import Suppressed, evaluate
from qa_service.rules.load import load_packs
from tests.rules import gate_cases
from tests.rules.building import folder, judged, rule, said

MATCH = {
    "select": {"x": {"phrases": ["告诉你单位", "抓你", "上门", "起诉", "tell your boss", "arrest you", "sue you"]}}
}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return folder(tmp_path, rule(MATCH))


HELD = [
    ("zh", "我们不会告诉你单位的"),
    ("zh", "绝对没有人会抓你"),
    ("zh", "您刚才说有人要抓你"),
    ("zh", "您说之前有人说要告诉你单位是吗"),
    ("zh", "上门这种事我们不会做的"),
    ("zh", "好,说要告诉你单位、半夜打电话,这几点我都给您登记进去"),
    ("en", "We will never tell your boss."),
    ("en", "Nobody can arrest you for this."),
    ("en", "You said they would arrest you, is that right?"),
    ("en", "We won't call your family, your friends, or tell your boss."),
]
PASSED = [
    ("zh", "再不还我就告诉你单位"),
    ("zh", "我不是吓唬你,我就告诉你单位"),
    ("zh", "你不还钱就有人抓你"),
    ("zh", "您说没钱,那我就告诉你单位"),
    ("zh", "能不能别让我告诉你单位"),
    ("zh", "不还我就告诉你单位,这些我都记着"),
    ("en", "If you don't pay they will arrest you."),
    ("en", "I'm not threatening you, but I will tell your boss."),
    ("en", "You said Friday, so now I'll tell your boss."),
    ("en", "Don't make me tell your boss."),
]


@pytest.mark.parametrize(("language", "line"), HELD)
def test_held_back(root: Path, language: str, line: str) -> None:
    explain: list[Suppressed] = []
    assert judged(root, said(f"agent: {line}", language=language), explain=explain).findings == ()
    assert explain[0].gate in ("negation", "quotation")
    assert explain[0].cue in line.lower().replace(",", "") or explain[0].cue


@pytest.mark.parametrize(("language", "line"), PASSED)
def test_passes(root: Path, language: str, line: str) -> None:
    assert judged(root, said(f"agent: {line}", language=language)).findings


def test_negation_does_not_cross_a_sentence(root: Path) -> None:
    assert judged(root, said("agent: We will not. I will tell your boss.")).findings
    assert judged(root, said("agent: 我不会走。告诉你单位。", language="zh")).findings


def test_conditional_gate_is_off_unless_the_rule_asks(tmp_path: Path) -> None:
    line = "The creditor may decide to sue you if a court allows it."
    assert judged(folder(tmp_path / "a", rule(MATCH)), said(f"agent: {line}")).findings
    asking = folder(tmp_path / "b", rule(MATCH, gates={"conditional": "on"}))
    assert judged(asking, said(f"agent: {line}")).findings == ()
    assert judged(asking, said("agent: The creditor may decide, and tomorrow they sue you.")).findings
    assert judged(asking, said("agent: 银行可能会依法起诉", language="zh")).findings == ()
    assert judged(asking, said("agent: 明天就依法起诉,一定起诉", language="zh")).findings


def test_selection_can_switch_a_gate_off(tmp_path: Path) -> None:
    match = {"select": {"x": {"phrases": ["recorded"], "gates": {"negation": "off", "quotation": "off"}}}}
    root = folder(tmp_path, rule(match))
    assert judged(root, said("agent: it is not recorded")).findings


def test_negation_in_a_gap_of_a_pattern_clears(tmp_path: Path) -> None:
    root = folder(tmp_path, rule({"select": {"x": {"regex": ["通讯录.{0,8}打", "别想睡"]}}}))
    assert judged(root, said("agent: 通讯录里的人我一个个打", language="zh")).findings
    assert judged(root, said("agent: 通讯录里的人我们不会打", language="zh")).findings == ()
    assert judged(root, said("agent: 今晚你别想睡", language="zh")).findings


def test_a_finding_names_the_gates_that_its_own_words_passed(tmp_path: Path) -> None:
    select = {
        "rude": {"phrases": ["shut up"], "gates": {"quotation": "off"}},
        "sue": {"phrases": ["sue you"], "gates": {"conditional": "on"}},
        "again": {"repeat": {"times": 2, "within_turns": 4}},
    }
    root = folder(tmp_path, rule({"select": select, "condition": "rude or sue or again"}))

    def gates(*lines: str) -> list[tuple[str, ...]]:
        return [f.gates for f in judged(root, said(*lines)).findings]

    assert gates("agent: shut up") == [("speaker", "negation")]
    assert gates("agent: i will sue you") == [("speaker", "quotation", "negation", "conditional")]
    again = "agent: when will you make the payment on this account"
    assert gates(again, again) == [("speaker",)]


def test_words_that_were_not_said_passed_no_gate(tmp_path: Path) -> None:
    root = folder(tmp_path, rule({"select": {"notice": {"phrases": ["recorded"]}}, "absent": True}))
    (finding,) = judged(root, said("agent: hello")).findings
    assert finding.gates == ()


def test_explain_names_words_of_another_side_and_outside_their_place(tmp_path: Path) -> None:
    root = folder(tmp_path, rule({"select": {"x": {"phrases": ["shut up"], "within_first_s": 10}}}))
    explain: list[Suppressed] = []
    call = said("agent: hello", "customer: Shut up", ("agent: please shut up", 30.0))
    assert judged(root, call, explain=explain).findings == ()
    assert [str(line) for line in explain] == [
        "H-1 turn 1 “Shut up” by speaker: “customer”",
        "H-1 turn 2 “shut up” by place: “within_first_s: 10”",
    ]


SUED = {"facts": "account.lawsuit_filed != true"}
ASKED = {"select": {"x": {"phrases": ["shut up"]}, "filter_asked": {"phrases": ["you asked me to"]}}}


@pytest.mark.parametrize(
    ("match", "more", "facts", "said_by"),
    [
        (ASKED, {"applies_to": SUED}, {"account": {"lawsuit_filed": True}}, "facts: “account.lawsuit_filed != true”"),
        ({**ASKED, **SUED}, {}, {"account": {"lawsuit_filed": True}}, "facts: “account.lawsuit_filed != true”"),
        (ASKED, {"applies_to": {"direction": ["outbound"]}}, {"direction": "inbound"}, "facts: “direction: outbound”"),
        ({**ASKED, "within": {"call": True}}, {}, {}, "filter: “filter_asked: you asked me to”"),
    ],
)
def test_explain_names_facts_and_filters(
    tmp_path: Path, match: dict[str, Any], more: dict[str, Any], facts: dict[str, Any], said_by: str
) -> None:
    """Account state, role and direction are gates too, and so is what clears an agent."""
    root = folder(tmp_path, rule(match, **more))
    lines = ["agent: shut up", "agent: you asked me to"]
    explain: list[Suppressed] = []
    assert judged(root, said(*(lines if "filter" in said_by else lines[:1])), facts, explain=explain).findings == ()
    assert [str(line) for line in explain] == [f"H-1 turn 0 “shut up” by {said_by}"]
    explain.clear()
    silent = judged(root, said("agent: hello", "agent: you asked me to"), facts, explain=explain)
    assert (silent.findings, explain) == ((), [])


def test_a_finding_says_that_the_facts_let_it_pass(tmp_path: Path) -> None:
    root = folder(tmp_path, rule(ASKED, applies_to=SUED))
    explain: list[Suppressed] = []
    (finding,) = judged(root, said("agent: shut up"), {"account": {"lawsuit_filed": False}}, explain=explain).findings
    assert finding.gates == ("speaker", "quotation", "negation", "facts")
    assert explain == []


def test_what_is_explained_twice_is_told_once(tmp_path: Path) -> None:
    """Another selection asks for the same words again."""
    select = {
        "x": {"phrases": ["shut up"], "within_first_s": 10},
        "y": {"phrases": ["now"], "around": {"of": "x", "after_turns": 2}},
    }
    explain: list[Suppressed] = []
    root = folder(tmp_path, rule({"select": select}))
    judged(root, said("customer: shut up", ("agent: shut up now", 30.0)), explain=explain)
    assert [line.gate for line in explain] == ["speaker", "place"]


def test_filters_are_not_gated(tmp_path: Path) -> None:
    match = {
        "select": {"code": {"phrases": ["the code"]}, "filter_warn": {"phrases": ["tell anyone"]}},
        "condition": "code and not filter_warn",
    }
    root = folder(tmp_path, rule(match))
    assert judged(root, said("agent: got the code, do not tell anyone")).findings == ()
    assert judged(root, said("agent: give me the code")).findings


@pytest.fixture(scope="module")
def measured(tmp_path_factory: pytest.TempPathFactory) -> dict[bool, Path]:
    """The rule of ``gate_cases`` without and with the conditional gate."""
    make = tmp_path_factory.mktemp
    return {
        on: folder(make("gates"), rule(gate_cases.MATCH, gates={"conditional": "on" if on else "off"}))
        for on in (False, True)
    }


SETS = [f"{language}{kind}" for language in ("zh", "us", "uk") for kind in ("", "_fresh", "_later")]


@pytest.mark.parametrize("name", SETS)
def test_turns_of_agents(measured: dict[bool, Path], name: str) -> None:
    """A breach is found and a trap is not; where the gates are known to be wrong (``!``), they still are."""
    packs = {on: list(load_packs(root).values()) for on, root in measured.items()}
    wrong = []
    for case in gate_cases.cases(name):
        call = said(*case.turns, language=case.language)
        found = evaluate(packs[case.conditional], call, CallFacts(), None).findings
        if (bool(found) == case.breach) == case.known:
            wrong.append(f"{name}.txt:{case.line} {'known no more' if case.known else [f.quote for f in found]}")
    assert wrong == []


@pytest.mark.parametrize("name", SETS)
def test_every_turn_of_an_agent_holds_what_the_gates_are_about(measured: dict[bool, Path], name: str) -> None:
    """A trap is spared by a gate, not because its words are none that the rule knows."""
    packs = list(load_packs(measured[False]).values())
    for case in gate_cases.cases(name):
        explain: list[Suppressed] = []
        call = said(*case.turns, language=case.language)
        found = evaluate(packs, call, CallFacts(), None, explain=explain).findings
        assert found or explain, case


def test_a_turn_goes_on_from_a_denial_only_where_that_was_not_finished(root: Path) -> None:
    def found(*lines: str) -> bool:
        return bool(judged(root, said(*lines)).findings)

    assert not found("agent: we would never", "customer: ok", "agent: tell your boss")
    assert not found("agent: we are not, uh", "customer: ok", "agent: going to sue you")
    assert found("agent: we don't take cards", "customer: ok", "agent: tell your boss")
    assert found("agent: we would never.", "customer: ok", "agent: tell your boss")
    assert found("agent: we would never", "customer: ok", "agent: fine, tell your boss")
    assert found("agent: we would never", "customer: ok", ("agent: tell your boss", 30.0))


def test_a_denied_statement_reaches_over_its_own_subject_and_condition_not_over_a_contrast(root: Path) -> None:
    def found(line: str) -> bool:
        return bool(judged(root, said(f"agent: {line}")).findings)

    assert not found("nobody's saying that they'll sue you")
    assert not found("it's not as if when you slip, we sue you")
    assert found("nobody's saying much, they'll sue you")
    assert found("nobody said it would be easy but we'll sue you")


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("somebody called you a loser", 0),
        ("he told us you're a loser", 0),
        ("pay, you a loser", 1),
        ("somebody called you but you a loser", 1),
    ],
)
def test_a_report_may_end_with_the_word_a_hit_begins_with(tmp_path: Path, line: str, found: int) -> None:
    root = folder(tmp_path, rule({"select": {"x": {"regex": [r"\byou(?:'re)? a loser\b"]}}}, status="stable"))
    assert len(judged(root, said(f"agent: {line}", language="en")).findings) == found
