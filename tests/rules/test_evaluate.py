"""The engine: who said it, where, how far apart, how sure; and what could not be judged."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from qa_service.errors import RuleError
from qa_service.records import Coverage, FindingState, Measures
from qa_service.rules.evaluate import Suppressed
from qa_service.rules.load import load_packs
from tests.rules.building import doubtful, folder, judged, rule, said

RUDE = {"select": {"rude": {"phrases": ["you idiot", "shut up"]}}}


def test_finding_carries_its_evidence(tmp_path: Path) -> None:
    root = folder(tmp_path, rule(RUDE, status="stable"))
    found = judged(root, said("customer: hello", "agent: Listen, you idiot, pay up"))
    (finding,) = found.findings
    assert (finding.rule_id, finding.rule_version, finding.turns) == ("H-1", 1, (1,))
    assert finding.quote == "you idiot"
    assert finding.state is FindingState.CONFIRMED
    assert finding.deduct == 10
    assert 2.0 <= (finding.start_s or 0) < (finding.end_s or 0) <= 4.0
    assert finding.requirements == ("US-1692D-2",)


def test_same_call_gives_the_same_bytes(tmp_path: Path) -> None:
    root = folder(tmp_path, rule(RUDE))
    call = said("agent: shut up you idiot", "customer: shut up", "agent: shut up")
    assert judged(root, call).model_dump_json() == judged(root, call).model_dump_json()


def test_customer_is_never_accused(tmp_path: Path) -> None:
    root = folder(tmp_path, rule(RUDE))
    found = judged(root, said("agent: good morning", "customer: shut up you idiot"))
    assert found.findings == ()
    assert found.not_assessed == ()


def test_phrase_respects_word_borders_and_punctuation(tmp_path: Path) -> None:
    root = folder(tmp_path, rule({"select": {"a": {"phrases": ["ass hat", "废 物"]}}}))
    assert judged(root, said("agent: a glass hat")).findings == ()
    assert judged(root, said("agent: You ASS-hat!")).findings
    assert judged(root, said("agent: 你这个废,物", language="zh")).findings
    assert judged(root, said("agent: 這個廢物", language="zh")).findings[0].quote == "廢物"


@pytest.mark.parametrize(
    ("within", "hits"),
    [
        (None, False),
        ({"same": "turn"}, False),
        ({"turns": 1}, False),
        ({"turns": 2}, True),
        ({"seconds": 3}, False),
        ({"seconds": 5}, True),
        ({"call": True}, True),
    ],
)
def test_distance_between_selections(tmp_path: Path, within: dict[str, Any] | None, hits: bool) -> None:
    match: dict[str, Any] = {"select": {"boss": {"phrases": ["your boss"]}, "tell": {"phrases": ["tell"]}}}
    match |= {"within": within} if within else {}
    root = folder(tmp_path, rule(match))
    call = said("agent: about your boss", "customer: what", "agent: i will tell everybody")
    assert bool(judged(root, call).findings) is hits


def test_near_counts_words_between(tmp_path: Path) -> None:
    match = {"select": {"a": {"phrases": ["red"]}, "b": {"phrases": ["blue"]}}, "within": {"near": 2}}
    root = folder(tmp_path, rule(match))
    assert judged(root, said("agent: blue one two red")).findings
    assert not judged(root, said("agent: blue one two three red")).findings


def test_near_counts_chinese_characters(tmp_path: Path) -> None:
    match = {"select": {"a": {"phrases": ["红色"]}, "b": {"phrases": ["蓝色"]}}, "within": {"near": 2}}
    root = folder(tmp_path, rule(match))
    assert judged(root, said("agent: 红色和那蓝色", language="zh")).findings
    assert not judged(root, said("agent: 红色和那个蓝色", language="zh")).findings


def test_order_takes_the_first_of_each(tmp_path: Path) -> None:
    match = {
        "select": {"debt": {"phrases": ["you owe"]}, "check": {"phrases": ["date of birth"]}},
        "condition": "debt and check",
        "within": {"call": True},
        "order": ["debt", "check"],
    }
    root = folder(tmp_path, rule(match))
    late = said("agent: you owe us", "customer: ok", "agent: your date of birth please")
    early = said("agent: your date of birth please", "agent: you owe us", "agent: date of birth again")
    assert judged(root, late).findings[0].turns == (0, 2)
    assert judged(root, early).findings == ()


def test_the_same_words_are_found_once_however_often_the_window_is_entered(tmp_path: Path) -> None:
    match = {
        "select": {"check": {"phrases": ["date of birth"]}, "debt": {"phrases": ["you owe"]}},
        "condition": "check and debt",
        "within": {"call": True},
        "order": ["check", "debt"],
    }
    call = said(
        "agent: date of birth please", "agent: you owe us", "customer: ok", "agent: you owe it", "agent: you owe"
    )
    assert [f.turns for f in judged(folder(tmp_path, rule(match)), call).findings] == [(0, 1)]


def test_filter_clears_only_its_window(tmp_path: Path) -> None:
    match = {
        "select": {"sue": {"phrases": ["sue you"]}, "filter_ask": {"phrases": ["as you asked"]}},
        "condition": "sue and not filter_*",
    }
    root = folder(tmp_path, rule(match))
    assert judged(root, said("agent: as you asked we may not sue you")).findings == ()
    found = judged(root, said("agent: as you asked.", "agent: we sue you")).findings
    assert found[0].turns == (1,)


def test_at_least_and_count_and_all(tmp_path: Path) -> None:
    two = rule({"select": {"x": {"phrases": ["one", "two", "three"], "at_least": 2}}})
    root = folder(tmp_path / "a", two)
    assert judged(root, said("agent: one one")).findings == ()
    assert judged(root, said("agent: one and three")).findings
    root = folder(tmp_path / "b", rule({"select": {"x": {"phrases": ["one"], "count": 3}}, "within": {"call": True}}))
    assert judged(root, said("agent: one", "agent: one")).findings == ()
    assert judged(root, said("agent: one one", "agent: one")).findings
    root = folder(tmp_path / "c", rule({"select": {"x": {"all": ["one", "two"]}}}))
    assert judged(root, said("agent: one")).findings == ()
    assert judged(root, said("agent: two then one")).findings


def test_excluded_words_drop_the_hit_they_touch(tmp_path: Path) -> None:
    select = {"x": {"regex": [r"\bass\w*"], "not_phrases": ["assist"], "not_regex": [r"assess\w*"]}}
    root = folder(tmp_path, rule({"select": select}))
    explain: list[Suppressed] = []
    assert judged(root, said("agent: i assist and assessed it"), explain=explain).findings == ()
    assert {line.cue for line in explain} == {"assist", "assessed"}
    assert judged(root, said("agent: i assist you asshole")).findings


def test_lexicon_is_shared_words(tmp_path: Path) -> None:
    root = folder(tmp_path, rule({"select": {"x": {"lexicon": ["rude"]}}}))
    assert judged(root, said("agent: moron")).findings[0].quote == "moron"


def test_first_seconds_use_the_parameter_and_the_plans_override(tmp_path: Path) -> None:
    match = {"select": {"x": {"phrases": ["hello"], "within_first_s": "$intro_s"}}}
    root = folder(tmp_path, rule(match))
    call = said("customer: hi", ("agent: hello", 15.0))
    assert judged(root, call).findings == ()
    assert judged(root, call, parameters={"intro_s": 20}).findings
    assert judged(root, call, parameters={"unknown": 1}).findings == ()


def test_last_turns_and_seconds(tmp_path: Path) -> None:
    root = folder(tmp_path, rule({"select": {"x": {"phrases": ["bye"], "within_last_turns": 1}}}))
    assert judged(root, said("agent: bye", "customer: bye")).findings == ()
    assert judged(root, said("customer: bye", "agent: bye")).findings
    root = folder(tmp_path / "s", rule({"select": {"x": {"phrases": ["bye"], "within_last_s": 3}}}))
    assert judged(root, said("agent: bye", ("customer: so", 60.0))).findings == ()


def test_absence_says_what_is_missing_and_shows_what_was_said(tmp_path: Path) -> None:
    match = {
        "select": {
            "name": {"phrases": ["my name is"], "within_first_s": 10},
            "company": {"phrases": ["calling from"], "within_first_s": 10},
        },
        "condition": "name and company",
        "absent": True,
    }
    root = folder(tmp_path, rule(match, status="stable"))
    (finding,) = judged(root, said("agent: hi my name is Ann", "customer: yes")).findings
    assert finding.reason == "missing: company"
    assert finding.quote == "hi my name is Ann"
    assert judged(root, said("agent: my name is Ann calling from Acme")).findings == ()


def test_absence_is_not_trusted_where_speech_was_not_heard(tmp_path: Path) -> None:
    root = folder(tmp_path, rule({"select": {"x": {"phrases": ["recorded"]}}, "absent": True}, status="stable"))
    coverage = Coverage(speech_s=10, transcribed_s=8, ratio=0.8)
    (finding,) = judged(root, said("agent: hello", coverage=coverage)).findings
    assert finding.state is FindingState.UNVERIFIED
    assert finding.reason.startswith("low_coverage")


def test_absence_needs_well_heard_words(tmp_path: Path) -> None:
    root = folder(tmp_path, rule({"select": {"x": {"phrases": ["recorded"]}}, "absent": True}, status="stable"))
    call = said("agent: hello there")
    assert judged(root, doubtful(call, 0, 0.9)).findings[0].state is FindingState.CONFIRMED
    (finding,) = judged(root, doubtful(call, 0, 0.6)).findings
    assert finding.state is FindingState.UNVERIFIED
    assert "may have been said" in finding.reason


def test_rule_that_leans_on_silence_needs_a_well_heard_call(tmp_path: Path) -> None:
    match = {
        "select": {"debt": {"phrases": ["you owe"]}, "filter_id": {"phrases": ["birthday"], "speaker": "customer"}},
        "condition": "debt and not filter_id",
        "within": {"call": True},
    }
    root = folder(tmp_path, rule(match, status="stable"))
    call = said("agent: you owe us", "customer: mumble")
    assert judged(root, doubtful(call, 1, 0.95)).findings[0].state is FindingState.CONFIRMED
    assert judged(root, doubtful(call, 1, 0.5)).findings[0].state is FindingState.UNVERIFIED


@pytest.mark.parametrize(
    "match",
    [
        {"select": {"told": {"phrases": ["recorded line"]}}, "absent": True},
        {"select": {"told": {"phrases": ["recorded line"]}}, "flow": {"steps": [{"name": "told"}]}},
        {
            "select": {"pay": {"phrases": ["hello"]}, "filter_told": {"phrases": ["recorded line"]}},
            "within": {"call": True},
        },
    ],
)
def test_what_nobody_knows_who_said_may_have_been_said(tmp_path: Path, match: dict[str, Any]) -> None:
    root = folder(tmp_path, rule(match, status="stable"))
    (finding,) = judged(root, said("agent: hello", "unknown: on a recorded line", "customer: yes")).findings
    assert finding.state is FindingState.UNVERIFIED
    missing = "; missing: told" if {"absent", "flow"} & match.keys() else ""
    assert finding.reason == f"unknown_speaker: such words were heard at 0:02, listen there{missing}"
    for line in ("unknown: who is it", "customer: on a recorded line"):
        (finding,) = judged(root, said("agent: hello", line, "customer: yes")).findings
        assert finding.state is FindingState.CONFIRMED


def test_of_two_hits_that_begin_at_one_place_the_longer_is_the_anchor(tmp_path: Path) -> None:
    for first, second in (pair for a, b in pairwise("abcdefghijklm") for pair in ((a, b), (b, a))):
        select = {first: {"regex": ["pay.*"]}, second: {"phrases": ["pay"]}}
        for names in ((first, second), (second, first)):
            ordered = {name: select[name] for name in names}
            root = folder(tmp_path, rule({"select": ordered, "condition": f"{first} or {second}"}))
            (finding,) = judged(root, said("agent: pay it now")).findings
            assert finding.quote == "pay it now"


def test_doubtful_words_stay_unverified(tmp_path: Path) -> None:
    root = folder(tmp_path, rule(RUDE, status="stable"))
    call = said("agent: you idiot")
    assert judged(root, doubtful(call, 0, 0.9)).findings[0].state is FindingState.CONFIRMED
    (finding,) = judged(root, doubtful(call, 0, 0.1)).findings
    assert finding.state is FindingState.UNVERIFIED
    assert finding.reason.startswith("doubtful_words")
    flagged = call.turns[0].model_copy(update={"flags": ("repetition",)})
    (finding,) = judged(root, call.model_copy(update={"turns": (flagged,)})).findings
    assert finding.state is FindingState.UNVERIFIED


def test_rule_on_trial_and_rule_that_asks_need_review(tmp_path: Path) -> None:
    root = folder(tmp_path, rule(RUDE), rule(RUDE, id="H-2", status="stable", outcome="needs_review"))
    found = judged(root, said("agent: shut up")).findings
    assert [f.state for f in found] == [FindingState.NEEDS_REVIEW] * 2


def test_draft_and_retired_rules_are_not_run(tmp_path: Path) -> None:
    root = folder(tmp_path, rule(RUDE, status="draft"), rule(RUDE, id="H-2", status="retired"))
    assert judged(root, said("agent: shut up")).findings == ()


def test_points_come_off_once_or_up_to_the_cap(tmp_path: Path) -> None:
    call = said("agent: shut up", "customer: no", "agent: shut up", "agent: you idiot")
    once = folder(tmp_path / "a", rule(RUDE, status="stable"))
    assert [f.deduct for f in judged(once, call).findings] == [10, 0, 0]
    each = folder(tmp_path / "b", rule(RUDE, status="stable", score={"deduct": 10, "once": False, "cap": 25}))
    assert [f.deduct for f in judged(each, call).findings] == [10, 10, 5]


def test_points_up_to_a_cap_are_round_numbers(tmp_path: Path) -> None:
    root = folder(tmp_path, rule(RUDE, status="stable", score={"deduct": 0.1, "once": False, "cap": 0.3}))
    found = judged(root, said(*["agent: shut up"] * 4)).findings
    assert [f.deduct for f in found] == [0.1, 0.1, 0.1, 0.0]


def test_praise_gives_points(tmp_path: Path) -> None:
    root = folder(tmp_path, rule(RUDE, status="stable", severity="praise", score={"add": 3}))
    (finding,) = judged(root, said("agent: shut up")).findings
    assert (finding.polarity, finding.deduct) == ("praise", -3)


def test_unknown_speaker_is_not_assessed_and_says_where_to_listen(tmp_path: Path) -> None:
    root = folder(tmp_path, rule(RUDE))
    found = judged(root, said("unknown: hello", ("unknown: shut up", 61.0), confidence=0.0))
    assert found.findings == ()
    assert found.not_assessed[0].reason.startswith("unknown_speaker")
    assert "1:01" in found.not_assessed[0].reason
    silent = judged(root, said("unknown: hello", confidence=0.0)).not_assessed[0].reason
    assert "listen" not in silent


def test_rule_about_anyone_is_judged_without_roles(tmp_path: Path) -> None:
    root = folder(tmp_path, rule(RUDE, applies_to={"speaker": "any"}))
    assert judged(root, said("unknown: shut up", confidence=0.0)).findings


def test_call_without_words_of_the_agent_is_not_assessed(tmp_path: Path) -> None:
    root = folder(tmp_path, rule(RUDE))
    assert judged(root, said("customer: hello")).not_assessed[0].reason.startswith("no_agent_speech")


def test_missing_fact_matters_only_when_the_words_are_there(tmp_path: Path) -> None:
    root = folder(tmp_path, rule(RUDE, applies_to={"facts": "callee_role in [contact]"}))
    assert judged(root, said("agent: fine day")).not_assessed == ()
    (missing,) = judged(root, said("agent: shut up")).not_assessed
    assert missing.reason == "missing_fact: callee_role"
    assert judged(root, said("agent: shut up"), {"callee_role": "debtor"}).findings == ()
    assert judged(root, said("agent: shut up"), {"callee_role": "contact"}).findings


def test_direction_and_language_choose(tmp_path: Path) -> None:
    root = folder(tmp_path, rule(RUDE, applies_to={"direction": ["outbound"], "language": ["en"]}))
    call = said("agent: shut up")
    assert judged(root, call, {"direction": "inbound"}).findings == ()
    assert judged(root, call, {"direction": "outbound"}).findings
    assert judged(root, call).not_assessed[0].reason == "missing_fact: direction"
    assert judged(root, said("agent: shut up", language="zh"), {"direction": "outbound"}).findings == ()


def test_rule_over_facts_alone(tmp_path: Path) -> None:
    root = folder(tmp_path, rule({"facts": "history.calls_today >= $cap"}))
    assert judged(root, said("agent: hi"), {"history": {"calls_today": 3}}).findings
    assert judged(root, said("agent: hi"), {"history": {"calls_today": 2}}).findings == ()
    assert judged(root, said("agent: hi")).not_assessed[0].reason == "missing_fact: history.calls_today"
    assert (
        judged(root, said("agent: hi"), {"history": {"calls_today": "many"}})
        .not_assessed[0]
        .reason.startswith("invalid_fact")
    )


def test_facts_of_the_recording(tmp_path: Path) -> None:
    root = folder(tmp_path, rule({"facts": "measures.longest_silence_s > 20 and call.duration_s > 1"}))
    assert judged(root, said("agent: hi")).not_assessed[0].reason == "missing_fact: measures.longest_silence_s"
    assert judged(root, said("agent: hi"), measures=Measures(duration_s=60, longest_silence_s=25)).findings


def test_pattern_that_runs_away_is_not_assessed(tmp_path: Path) -> None:
    root = folder(tmp_path, rule({"select": {"x": {"regex": [r"(?:(?:a+)+)+b$"]}}}))
    found = judged(root, said("agent: " + "a" * 4000 + " b"))
    assert found.not_assessed[0].reason.startswith("pattern_timeout")


def test_homophone_is_found_and_unverified(tmp_path: Path) -> None:
    root = folder(tmp_path, rule({"select": {"x": {"phrases": ["坐牢"], "pinyin": True}}}, status="stable"))
    (heard,) = judged(root, said("agent: 你就等着做牢吧", language="zh")).findings
    assert (heard.quote, heard.state) == ("做牢", FindingState.UNVERIFIED)
    assert "坐牢" in heard.reason
    (exact,) = judged(root, said("agent: 你就等着坐牢吧", language="zh")).findings
    assert exact.state is FindingState.CONFIRMED
    assert judged(root, said("agent: 你就等着做饭吧", language="zh")).findings == ()


def test_empty_call_does_not_break(tmp_path: Path) -> None:
    root = folder(tmp_path, rule(RUDE), rule({"select": {"x": {"phrases": ["a"]}}, "absent": True}, id="H-2"))
    assert judged(root, said()).findings == ()
    assert judged(root, said("agent: …")).findings != ()


@pytest.mark.parametrize(
    ("second", "kept"),
    [
        ({}, ["H-1"]),  # the same requirement on the same turn, for a person to decide
        ({"requirements": ["US-1692E-4"]}, ["H-1", "H-2"]),
        ({"match": {"select": {"a": {"phrases": ["pay up"]}}}}, ["H-1", "H-2"]),  # on another turn
        ({"severity": "praise", "score": {"add": 1}}, ["H-1", "H-2"]),
    ],
)
def test_what_is_confirmed_is_not_asked_for_again(tmp_path: Path, second: dict[str, Any], kept: list[str]) -> None:
    sure = rule(RUDE, status="stable")
    wide = rule({"select": {"a": {"phrases": ["idiot"]}}}, id="H-2", outcome="needs_review", **{}) | second
    found = judged(folder(tmp_path, sure, wide), said("agent: you idiot", "agent: pay up"))
    assert [f.rule_id for f in found.findings] == kept


@pytest.mark.parametrize(
    ("select", "words", "hit"),
    [
        ({"phrases": ["你好", "你好", "再见"]}, "你好", False),
        ({"phrases": ["废物"], "lexicon": ["rude"]}, "你这废物", False),
        ({"phrases": ["还钱", "還錢", "再见"]}, "还钱", False),
        ({"phrases": ["Pay up", "pay, up!", "bye"]}, "pay up", False),
        ({"regex": ["还.钱", "还.钱", "再见"]}, "还你钱", False),
        ({"phrases": ["US", "us"], "case": True}, "us and the US", True),
        ({"phrases": ["你好", "你好", "再见"]}, "你好再见", True),
        ({"phrases": ["你好"], "regex": ["你."]}, "你好", True),
        ({"phrases": ["你好", "再见"], "all": ["你好"]}, "你好", False),
        ({"entity": {"kind": ["phone", "email"]}}, "13912345678", False),
        ({"entity": {"kind": ["phone", "email"]}}, "13912345678 a@b.com", True),
    ],
)
def test_the_same_words_written_twice_are_one_term(
    tmp_path: Path, select: dict[str, Any], words: str, hit: bool
) -> None:
    root = folder(tmp_path, rule({"select": {"x": {**select, "at_least": 2}}}))
    assert bool(judged(root, said(f"agent: {words}", language="zh")).findings) is hit


def test_a_cap_without_a_count_of_each_finding_is_told_at_load(tmp_path: Path) -> None:
    capped = rule(RUDE, score={"deduct": 3, "cap": 6})
    with pytest.raises(RuleError, match=r"score\.cap: .*write once: false beside it, or delete cap") as told:
        load_packs(folder(tmp_path, capped))
    written = (tmp_path / "house" / "h-1.yaml").read_text(encoding="utf-8").splitlines()
    assert "cap" in written[(told.value.line or 0) - 1]
    steps = {"select": RUDE["select"], "flow": {"steps": [{"name": next(iter(RUDE["select"]))}]}}
    assert load_packs(folder(tmp_path, {**capped, "match": steps}))


@pytest.mark.parametrize(("cited", "asked"), [(["US-1692D-2"], False), ([], True)])
def test_only_what_cites_the_same_is_not_asked_about_beside_what_is_confirmed(
    tmp_path: Path, cited: list[str], asked: bool
) -> None:
    """A draft that is tried cites nothing yet, and is about something of its own."""
    pay = rule({"select": {"x": {"phrases": ["pay up"]}}}, id="H-PAY-1", requirements=cited)
    root = folder(tmp_path, rule(RUDE, status="stable"), pay)
    found = judged(root, said("agent: shut up and pay up"))
    assert ("H-PAY-1" in {f.rule_id for f in found.findings}) is asked
