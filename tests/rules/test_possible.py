"""What is only possible (a sound-alike, doubtful words, a model) stays so through every way of combining selections."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from qa_service.records import (
    CallFacts,
    Coverage,
    Evaluation,
    Finding,
    FindingState,
    Hold,
    Measures,
    Signal,
    Transcript,
)
from qa_service.rules.evaluate import evaluate
from qa_service.rules.load import load_packs
from tests.rules.building import doubtful, folder, rule, said

CONFIRMED, UNVERIFIED, REVIEW = FindingState.CONFIRMED, FindingState.UNVERIFIED, FindingState.NEEDS_REVIEW
JAIL = {"phrases": ["坐牢"], "pinyin": True}
MODEL = {"signal": {"label": "threat"}}


def heard(tmp_path: Path, match: dict[str, Any], call: Transcript, *model: int, **more: Any) -> Evaluation:
    packs = list(load_packs(folder(tmp_path, rule(match, status="stable", **more))).values())
    signals = [Signal(turn=turn, label="threat", probability=0.9) for turn in model]
    return evaluate(packs, call, CallFacts(), None, signals=signals)


def only(found: Evaluation) -> Finding:
    (finding,) = found.findings
    return finding


@pytest.mark.parametrize(
    ("anchor", "state"),
    [
        ({"speaker": "customer", **MODEL}, REVIEW),
        ({"speaker": "customer", **JAIL}, UNVERIFIED),
        ({"speaker": "customer", "phrases": ["做牢"]}, CONFIRMED),
    ],
)
def test_words_about_a_possible_anchor_are_no_surer_than_it(
    tmp_path: Path, anchor: dict[str, Any], state: FindingState
) -> None:
    call = said("customer: 你们要我做牢", "agent: 你必须还", language="zh")
    press = {"phrases": ["必须"], "around": {"of": "told", "after_turns": 2}}
    finding = only(heard(tmp_path / "a", {"select": {"told": anchor, "press": press}, "condition": "press"}, call, 0))
    assert (finding.state, finding.quote) == (state, "必须")
    select = {
        "told": anchor,
        "must": {"phrases": ["必须"]},
        "late": {"between": {"start": "told", "end": "must", "above_s": 1}},
    }
    assert only(heard(tmp_path / "b", {"select": select, "condition": "late"}, call, 0)).state is state


def test_an_anchor_of_doubtful_words_casts_doubt_and_a_sure_one_near_takes_it_away(tmp_path: Path) -> None:
    press = {"phrases": ["must pay"], "around": {"of": "told", "after_turns": 3}}
    match = {"select": {"told": {"speaker": "customer", "phrases": ["no money"]}, "press": press}, "condition": "press"}
    call = doubtful(said("customer: no money", "customer: i said no money", "agent: you must pay"), 0, 0.1)
    assert only(heard(tmp_path, match, call)).state is CONFIRMED
    finding = only(heard(tmp_path, match, doubtful(call, 1, 0.1)))
    assert (finding.state, finding.reason.split(":")[0]) == (UNVERIFIED, "doubtful_words")


def test_time_to_what_a_model_told_asks_a_person(tmp_path: Path) -> None:
    select = {
        "sorry": {"phrases": ["抱歉"]},
        "told": MODEL,
        "late": {"between": {"start": "sorry", "end": "told", "above_s": 1}},
    }
    call = said("agent: 抱歉", "agent: 等着吧", language="zh")
    assert only(heard(tmp_path, {"select": select, "condition": "late"}, call, 1)).state is REVIEW


@pytest.mark.parametrize(("third", "state"), [(MODEL, REVIEW), (JAIL, UNVERIFIED), ({"phrases": ["做牢"]}, CONFIRMED)])
def test_an_order_shows_and_doubts_what_it_does_not_name(
    tmp_path: Path, third: dict[str, Any], state: FindingState
) -> None:
    select = {"night": {"phrases": ["半夜"]}, "call": {"phrases": ["打给你"]}, "third": third}
    match = {
        "select": select,
        "order": ["night", "call"],
        "condition": "night and call and third",
        "within": {"turns": 3},
    }
    finding = only(heard(tmp_path, match, said("agent: 半夜打给你", "customer: 啊", "agent: 你做牢", language="zh"), 2))
    assert finding.state is state
    assert finding.turns == (0, 2)


@pytest.mark.parametrize(
    ("select", "condition", "words", "quote"),
    [
        ({"jail": JAIL}, None, "要做牢的，就是坐牢", "坐牢"),
        ({"jail": JAIL, "court": {"phrases": ["判刑"]}}, "jail or court", "要做牢的，要判刑的", "判刑"),
        (
            {
                "night": {"phrases": ["半夜"]},
                "call": {"phrases": ["打给你"]},
                "jail": JAIL,
                "court": {"phrases": ["判刑"]},
            },
            "(night and call) or (jail and court)",
            "半夜打给你，你做牢",
            "半夜打给你",
        ),
    ],
)
def test_what_was_surely_said_is_the_evidence_beside_what_only_sounds_like_it(
    tmp_path: Path, select: dict[str, Any], condition: str | None, words: str, quote: str
) -> None:
    match = {"select": select} if condition is None else {"select": select, "condition": condition}
    finding = only(heard(tmp_path, match, said(f"agent: {words}", language="zh")))
    assert (finding.state, finding.quote) == (CONFIRMED, quote)


ORDER = {"name": {"phrases": ["this is"]}, "offer": {"phrases": ["a plan"]}}
STEPS = {"steps": [{"name": "name"}, {"name": "offer"}]}


@pytest.mark.parametrize(
    ("call", "word"),
    [
        (doubtful(said("agent: a plan", "agent: this is joe"), 0, 0.1), "doubtful_words"),
        (doubtful(said("agent: mumble", "agent: a plan", "agent: this is joe"), 0, 0.5), "doubtful_words"),
        (said("agent: so", "agent: a plan", "agent: this is joe", coverage=Coverage(ratio=0.4)), "low_coverage"),
        (said("unknown: this is joe", "agent: a plan", "agent: this is joe"), "unknown_speaker"),
    ],
)
def test_a_step_out_of_order_leans_on_what_was_not_said_before(tmp_path: Path, call: Transcript, word: str) -> None:
    finding = only(heard(tmp_path, {"select": ORDER, "flow": STEPS}, call))
    assert (finding.state, finding.reason.split(":")[0]) == (UNVERIFIED, word)


def test_a_step_out_of_order_that_only_resembles_asks_a_person(tmp_path: Path) -> None:
    select = {"name": {"phrases": ["我是"]}, "offer": {"similar": {"to": ["可以给您办理分期还款"]}}}
    call = said("agent: 可以给您办理分期还款", "agent: 我是小王", language="zh")
    assert only(heard(tmp_path, {"select": select, "flow": STEPS}, call)).state is REVIEW
    call = said("agent: a plan", "agent: this is joe", "unknown: this is joe")
    assert only(heard(tmp_path, {"select": ORDER, "flow": STEPS}, call)).state is CONFIRMED


def test_words_of_a_turn_that_may_be_of_the_rules_side_are_not_assessed(tmp_path: Path) -> None:
    select = {"jail": {"phrases": ["shut up"]}, "filter_sorry": {"phrases": ["sorry"]}}
    found = heard(tmp_path, {"select": select}, said("agent: hello", "unknown: shut up", "customer: what"))
    assert found.findings == ()
    assert found.not_assessed[0].reason.startswith("unknown_speaker: ")
    assert found.not_assessed[0].reason.endswith("heard at 0:02, listen there")
    for line in ("customer: shut up", "unknown: sorry shut up", "unknown: hm", "unknown: do not shut up"):
        found = heard(tmp_path, {"select": select}, said("agent: hello", line, "customer: what"))
        assert (found.findings, found.not_assessed) == ((), ())


def test_an_exclusion_counts_for_a_sound_alike_as_it_was_read(tmp_path: Path) -> None:
    visit = {"phrases": ["上门找你"], "not_phrases": ["快递上门找你"], "not_regex": ["外卖.{0,3}上门"], "pinyin": True}
    for words, hits in {"我们尚门找你": 1, "快递尚门找你": 0, "外卖会尚门找你": 0, "快递。尚门找你": 1}.items():
        found = heard(tmp_path / str(len(words)), {"select": {"visit": visit}}, said(f"agent: {words}", language="zh"))
        assert len(found.findings) == hits, words


def test_hits_upon_each_other_count_once(tmp_path: Path) -> None:
    match = {"select": {"pay": {"phrases": ["还钱", "快还钱"], "count": 3}}, "within": {"call": True}}
    assert not heard(tmp_path, match, said("agent: 还钱", "agent: 快还钱吧", language="zh")).findings
    assert heard(tmp_path, match, said("agent: 还钱", "agent: 快还钱吧", "agent: 还钱", language="zh")).findings


@pytest.mark.parametrize(
    ("place", "quote"),
    [
        ({"within_last_turns": 2}, "so pay"),
        ({"within_last_s": 3}, "so pay"),
        ({"within_last_share": 0.2}, "so pay"),
        ({"within_first_turns": 1}, "hello"),
        ({}, "hello"),
    ],
)
def test_an_absence_shows_what_was_said_where_it_should_have_been(
    tmp_path: Path, place: dict[str, float], quote: str
) -> None:
    match = {"select": {"bye": {"phrases": ["goodbye"], **place}}, "absent": True}
    call = said("agent: hello", "customer: hi", "agent: some words", ("agent: so pay", 60), "customer: no")
    assert only(heard(tmp_path, match, call)).quote == quote


def test_an_absence_at_the_end_hangs_on_how_the_end_was_heard(tmp_path: Path) -> None:
    match = {"select": {"bye": {"phrases": ["goodbye"], "within_last_turns": 2}}, "absent": True}
    call = said("agent: hello", "customer: hi", "agent: some words", "agent: so pay", "customer: no")
    assert only(heard(tmp_path, match, doubtful(call, 0, 0.1))).state is CONFIRMED
    assert only(heard(tmp_path, match, doubtful(call, 3, 0.1))).state is UNVERIFIED


def test_two_holds_before_one_turn_are_two(tmp_path: Path) -> None:
    match = {"select": {"held": {"hold": {"at_least_s": 5}, "count": 2}}, "within": {"call": True}}
    holds = tuple(Hold(start_s=at, end_s=at + 10, kind="music") for at in (2.0, 15.0))
    packs = list(load_packs(folder(tmp_path, rule(match))).values())
    call = said("agent: hello", ("agent: back again", 30.0))
    assert only(evaluate(packs, call, CallFacts(), Measures(duration_s=40, holds=holds)))


@pytest.mark.parametrize(("words", "state"), [("will jolly you along", UNVERIFIED), ("will jail you", CONFIRMED)])
def test_a_short_english_word_is_no_surer_for_those_around_it(tmp_path: Path, words: str, state: FindingState) -> None:
    match = {"select": {"jail": {"phrases": ["will jail you"], "phonetic": True}}}
    assert only(heard(tmp_path, match, said(f"agent: we {words}"))).state is state
    match = {"select": {"wages": {"phrases": ["garnish your wages"], "phonetic": True}}}
    assert only(heard(tmp_path, match, said("agent: we garnishe your wages"))).state is CONFIRMED


SAID = {"speaker": "customer", "phrases": ["no money"]}


@pytest.mark.parametrize("which", ["first", 1, "last", "every"])
def test_a_doubtful_anchor_hides_nothing_that_is_near_to_another(tmp_path: Path, which: str | int) -> None:
    near = {"first": "before", 1: "before", "last": "after", "every": "before"}[which]
    lines = ["customer: no money", *["agent: hm"] * 6, "customer: no money", "agent: you must pay"]
    at = 0
    if near == "after":  # the last is the doubtful one
        lines, at = ["customer: no money", "agent: you must pay", *["agent: hm"] * 6, "customer: no money"], 8
    press = {"phrases": ["must pay"], "around": {"of": "told", "which": which, "before_turns": 2, "after_turns": 2}}
    match = {"select": {"told": SAID, "press": press}, "condition": "press"}
    assert heard(tmp_path / "a", match, said(*lines)).findings == ()
    finding = only(heard(tmp_path / "b", match, doubtful(said(*lines), at, 0.1)))
    assert (finding.state, finding.reason.split(":")[0]) == (UNVERIFIED, "doubtful_words")


def test_a_doubtful_anchor_makes_no_filter(tmp_path: Path) -> None:
    """What would clear the agent by another reading clears nobody."""
    clear = {"phrases": ["joking"], "around": {"of": "told", "which": "first", "after_turns": 1}}
    select = {"told": SAID, "press": {"phrases": ["must pay"]}, "filter_joke": clear}
    match = {"select": select, "condition": "press and not filter_joke"}
    lines = ["customer: no money", *["agent: hm"] * 6, "customer: no money", "agent: you must pay, joking"]
    assert only(heard(tmp_path, match, doubtful(said(*lines), 0, 0.1))).state is CONFIRMED


@pytest.mark.parametrize(("index", "limit"), [(0, {"below_s": 3}), (1, {"above_s": 5})])
def test_doubtful_words_hide_no_time_between_others(tmp_path: Path, index: int, limit: dict[str, float]) -> None:
    call = said("agent: hold on", ("agent: thanks for waiting", 2.0), ("agent: thanks for waiting", 20.0))
    if index == 0:
        call = said("agent: hold on", ("agent: hold on", 18.0), ("agent: thanks for waiting", 20.0))
    select = {
        "hold": {"phrases": ["hold on"]},
        "back": {"phrases": ["thanks for waiting"]},
        "wait": {"between": {"start": "hold", "end": "back", **limit}},
    }
    match = {"select": select, "condition": "wait"}
    assert heard(tmp_path / "a", match, call).findings == ()
    assert only(heard(tmp_path / "b", match, doubtful(call, index, 0.1))).state is UNVERIFIED


def test_a_doubtful_first_word_hides_no_order(tmp_path: Path) -> None:
    select = {"debt": {"phrases": ["the debt"]}, "verify": {"phrases": ["date of birth"]}}
    match = {"select": select, "order": ["debt", "verify"], "within": {"call": True}}
    call = said("agent: date of birth", "agent: the debt", "agent: date of birth")
    assert heard(tmp_path / "a", match, call).findings == ()
    finding = only(heard(tmp_path / "b", match, doubtful(call, 0, 0.1)))
    assert (finding.state, finding.turns) == (UNVERIFIED, (1, 2))
