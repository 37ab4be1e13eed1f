"""What a classifier makes of what words have found: nothing, a question, or the same."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from qa_service.records import CallFacts, ClassifierInfo, Evaluation, FindingState, Signal, Transcript
from qa_service.rules.evaluate import Suppressed, evaluate
from qa_service.rules.load import load_packs
from qa_service.rules.second_opinion import AGREES, DOUBT, LABEL_ALONE, MODEL_DOUBTS
from tests.rules.building import folder, rule, said

OWN, OTHER = "US-1692D-2", "US-1692D-1"
TELLER = ClassifierInfo(
    name="m", runtime="fake", weights_sha256="0" * 64, faults=(OWN, OTHER, "insult"), kept_from=DOUBT
)
RUDE = {"select": {"rude": {"phrases": ["idiot"]}}}
CALL = said("agent: an idiot of a machine took that", "customer: idiot", "agent: all right")


def opinion(
    root: Path,
    *signals: tuple[int, str, float],
    call: Transcript = CALL,
    teller: ClassifierInfo | None = TELLER,
    explain: list[Suppressed] | None = None,
) -> Evaluation:
    told = [Signal(turn=turn, label=label, probability=p) for turn, label, p in signals]
    packs = list(load_packs(root).values())
    return evaluate(packs, call, CallFacts(), None, signals=told, told_by=teller, explain=explain)


def stable(root: Path, match: dict[str, Any] = RUDE, **more: Any) -> Path:
    return folder(root, rule(match, status="stable", **more))


def states(found: Evaluation) -> list[FindingState]:
    return [f.state for f in found.findings]


def test_what_asks_a_person_is_held_back_where_the_model_sees_nothing(tmp_path: Path) -> None:
    root = stable(tmp_path, outcome="needs_review", review="is it?")
    held: list[Suppressed] = []
    assert states(opinion(root, explain=held)) == []
    assert [(h.gate, h.turn, h.text) for h in held if h.gate != "speaker"] == [("second_opinion", 0, "idiot")]
    assert states(opinion(root, (0, OWN, DOUBT))) == [FindingState.NEEDS_REVIEW]
    assert states(opinion(root, (0, OTHER, 0.9))) == []  # another fault
    assert states(opinion(root, (2, OWN, 0.9))) == []  # of another turn


def test_what_one_reading_sees_is_not_doubted(tmp_path: Path) -> None:
    seen = Signal(turn=0, label=OWN, probability=0.001, peak=DOUBT)
    packs = list(load_packs(stable(tmp_path)).values())
    found = evaluate(packs, CALL, CallFacts(), None, signals=[seen], told_by=TELLER)
    assert states(found) == [FindingState.CONFIRMED]


def test_what_words_confirm_is_held_back_where_the_model_sees_nothing(tmp_path: Path) -> None:
    root = stable(tmp_path)
    assert states(opinion(root)) == []
    assert states(opinion(root, (0, OTHER, 0.9))) == []
    assert states(opinion(root, (0, OWN, DOUBT))) == [FindingState.CONFIRMED]


@pytest.mark.parametrize("words", ["你feiwu吧", "这个废wu", "废wu吧", "你这f废w物吧", "废。物"])
def test_words_that_begin_or_end_hidden_ask_a_person(tmp_path: Path, words: str) -> None:
    root = stable(tmp_path, {"select": {"rude": {"phrases": ["废物"]}}})
    call, teller = said(f"agent: {words}", language="zh"), TELLER.model_copy(update={"faults": (OWN,)})
    assert states(opinion(root, call=call, teller=teller)) == [FindingState.NEEDS_REVIEW]


def test_words_that_are_hidden_from_the_model_too_ask_a_person(tmp_path: Path) -> None:
    root = stable(tmp_path, {"select": {"rude": {"phrases": ["废物"]}}})
    teller = TELLER.model_copy(update={"faults": (OWN,)})
    hidden, written, masked = (said(f"agent: {words}", language="zh") for words in ("废*物", "废物", "张*伟是废物"))
    (found,) = opinion(root, call=hidden, teller=teller).findings
    assert (found.state, MODEL_DOUBTS in (found.reason or "")) == (FindingState.NEEDS_REVIEW, True)
    assert states(opinion(root, call=written, teller=teller)) == []
    assert states(opinion(root, call=masked, teller=teller)) == []  # a name is hidden, not these words


def test_a_rule_about_what_the_model_never_learned_is_not_doubted(tmp_path: Path) -> None:
    unheard = {"second_opinion": True, "outcome": "needs_review", "review": "is it?"}
    assert states(opinion(stable(tmp_path, **unheard))) == []
    assert states(opinion(stable(tmp_path, **unheard | {"second_opinion": False}))) == [FindingState.NEEDS_REVIEW]


def test_a_person_is_asked_in_place_of_what_would_be_held_back(tmp_path: Path) -> None:
    root = stable(tmp_path, second_opinion=False)
    (asked,) = opinion(root).findings
    assert (asked.state, MODEL_DOUBTS in (asked.reason or "")) == (FindingState.NEEDS_REVIEW, True)
    assert states(opinion(root, (0, OWN, DOUBT))) == [FindingState.CONFIRMED]


def test_praise_is_not_doubted(tmp_path: Path) -> None:
    root = stable(tmp_path, severity="praise", score={"add": 2})
    assert states(opinion(root)) == [FindingState.CONFIRMED]


def test_a_turn_in_another_script_was_not_asked_about(tmp_path: Path) -> None:
    root = stable(tmp_path)
    assert states(opinion(root, call=said("agent: 王先生 idiot", "customer: what"))) == [FindingState.CONFIRMED]
    assert states(opinion(root, call=said("agent: an idiot of a machine", "customer: what"))) == []


def test_one_of_the_turns_that_it_rests_on_is_enough(tmp_path: Path) -> None:
    pair = {"select": {"you": {"phrases": ["you"]}, "rude": {"phrases": ["idiot"]}}, "condition": "you and rude"}
    root = stable(tmp_path, {**pair, "within": {"turns": 2}})
    call = said("agent: you pay or else", "customer: no", "agent: idiot")
    for turn in (0, 2):
        assert states(opinion(root, (turn, OWN, DOUBT), call=call)) == [FindingState.CONFIRMED]
    assert states(opinion(root, call=call)) == []


def test_facts_of_the_case_are_not_known_to_the_model(tmp_path: Path) -> None:
    root = stable(tmp_path, {**RUDE, "facts": 'coalesce(direction, "") == ""'})
    (finding,) = opinion(root).findings
    assert (finding.state, finding.reason.split(":")[0]) == (FindingState.NEEDS_REVIEW, MODEL_DOUBTS)


@pytest.mark.parametrize(
    "teller",
    [
        None,
        TELLER.model_copy(update={"kept_from": 0.2}),  # an inspection of before, whose weak signals are not there
        TELLER.model_copy(update={"faults": ("insult",)}),  # weights that do not tell the requirement
    ],
)
def test_who_cannot_tell_does_not_doubt(tmp_path: Path, teller: ClassifierInfo | None) -> None:
    assert states(opinion(stable(tmp_path), teller=teller)) == [FindingState.CONFIRMED]


@pytest.mark.parametrize(
    "match",
    [
        {"select": {"rude": {"phrases": ["idiot"], "speaker": "customer"}}},
        {"select": {"hello": {"phrases": ["good day"]}}, "absent": True},
        {"select": {"number": {"entity": {"kind": ["amount"]}}}},
    ],
)
def test_only_words_of_the_agent_are_doubted(tmp_path: Path, match: dict[str, Any]) -> None:
    call = said("agent: an idiot of a machine took $50", "customer: idiot", "agent: all right")
    teller = TELLER.model_copy(update={"faults": (OWN, OTHER)})
    assert len(opinion(stable(tmp_path, match), call=call, teller=teller).findings) == 1


def test_a_label_asks_where_the_model_thinks_that_a_requirement_is_broken(tmp_path: Path) -> None:
    root = stable(tmp_path, {"select": {"model": {"signal": {"label": "insult", "at_least": 0.5}}}})
    label = (0, "insult", 0.9)
    held: list[Suppressed] = []
    assert states(opinion(root, label, (0, OWN, AGREES))) == [FindingState.NEEDS_REVIEW]
    assert states(opinion(root, label, (0, OWN, AGREES / 2), (2, OWN, 0.9), explain=held)) == []
    assert [h.cue for h in held if h.gate == "second_opinion"] == [LABEL_ALONE]
    older = TELLER.model_copy(update={"faults": ("insult",)})
    assert states(opinion(root, label, teller=older)) == [FindingState.NEEDS_REVIEW]
    other = said("agent: 王先生你真没用", "customer: what")  # of its country's requirements nothing is told there
    assert states(opinion(root, label, call=other)) == [FindingState.NEEDS_REVIEW]


@pytest.mark.parametrize(
    ("words", "outcome", "state"),
    [
        ("I'm not threatening you, but only an idiot would wait", "confirmed", FindingState.NEEDS_REVIEW),
        ("I'm not saying you're an idiot. But your boss might", "needs_review", FindingState.NEEDS_REVIEW),
        ("the machine is not an idiot but old", "confirmed", None),
        ("I can't say he's an idiot, but ask him", "confirmed", None),
        ("I won't say you're an idiot, but your boss might", "confirmed", FindingState.NEEDS_REVIEW),
    ],
)
def test_what_begins_by_saying_what_it_is_not_is_never_held_back(
    tmp_path: Path, words: str, outcome: str, state: FindingState | None
) -> None:
    asks = {"outcome": outcome, "review": "is it?"} if outcome == "needs_review" else {}
    root = stable(tmp_path, RUDE, gates={"negation": "off"}, **asks)
    found = opinion(root, call=said(f"agent: {words}", "customer: oh", "agent: all right"))
    assert states(found) == ([state] if state else [])


def test_it_has_no_say_in_a_word_with_hidden_letters(tmp_path: Path) -> None:
    root = stable(tmp_path)
    hidden = said("agent: you i d i o t", language="en")
    assert states(opinion(root, call=hidden)) == [FindingState.CONFIRMED]
    struck = said("agent: you id*ot, i d i o t", language="en")
    assert states(opinion(root, call=struck)) == [FindingState.CONFIRMED]
    beside = said("agent: you idiot on the l o s e r list", language="en")
    assert states(opinion(root, call=beside)) == []
