"""Rules of Alibaba Cloud SCA become drafts that load and judge, and what is lost is told."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from qa_service.errors import InputError
from qa_service.rules.lint import check
from qa_service.rules.lock import write_lock
from qa_service.rules.sca.convert import Draft, draft_of
from qa_service.rules.sca.expression import ExpressionError, parse, written
from qa_service.rules.sca.operators import selection_of
from qa_service.rules.sca.records import Operator, ScaRule, read_sca
from qa_service.rules.sca.write import Imported, write_drafts
from tests.rules.building import folder, rule

FILES = Path(__file__).parent / "sca_files"
#: Keys of selections, with those of every family of operators.
ALL = {
    "speaker", "phrases", "all", "regex", "not_regex", "at_least", "count", "within_first_turns", "within_last_turns",
    "silence", "rate", "interruption", "hangup", "length", "repeat", "similar", "around",
}  # fmt: skip
WORDS = ALL - {"silence", "rate", "interruption", "hangup", "length", "repeat", "similar", "around"}


def rules_of(name: str) -> dict[str, ScaRule]:
    text = (FILES / name).read_text(encoding="utf-8")
    return {found.rid: found for found in read_sca(text, name)}


def drafted(rid: str, families: set[str] = WORDS) -> Draft:
    return draft_of(rules_of("upload.json")[rid], f"SCA-{rid}", families)


def match(rid: str, families: set[str] = WORDS) -> dict[str, Any]:
    spec = drafted(rid, families).spec
    assert spec is not None
    return spec["match"]


@pytest.mark.parametrize(
    ("text", "ours"),
    [
        ("a", "a"),
        ("a&&!b", "a and not b"),
        ("(a||b)&&c", "(a or b) and c"),
        ("a||b&&c", "a or (b and c)"),
        ("!(1&&2) || !3", "not (1 and 2) or not 3"),
        ("((a))", "a"),
    ],
)
def test_expression(text: str, ours: str) -> None:
    assert written(parse(text), lambda name: name) == ours


@pytest.mark.parametrize("text", ["", "a&&", "(a", "a b", "a&b", "!", ")", "!" * 40 + "a"])
def test_broken_expression_is_refused(text: str) -> None:
    with pytest.raises(ExpressionError):
        parse(text)


def test_what_must_be_said_and_is_not_becomes_an_absence_in_the_first_turns() -> None:
    assert match("101") == {
        "select": {"c1_1": {"speaker": "agent", "phrases": ["您好", "请问是"], "within_first_turns": 6}},
        "condition": "c1_1",
        "absent": True,
    }
    spec = drafted("101").spec
    assert spec is not None
    assert (spec["score"], spec["status"], spec["title"]) == ({"deduct": 2.0, "once": True}, "draft", "没有问候")
    assert any("synonyms" in loss for loss in spec["known_gaps"])


def test_operators_of_a_condition_lie_in_one_sentence_and_what_clears_is_a_filter() -> None:
    found = match("102")
    assert found["condition"] == "c2_1 and not filter_c2_2"
    assert found["select"]["c2_1"]["regex"] == ["(上门|去你家).{0,6}(收|找)"]
    assert found["select"]["c2_1"]["not_regex"] == [".*(?:不会上门|收件).*"]
    assert found["select"]["filter_c2_2"]["all"] == ["预约", "同意"]
    assert "within" not in found


def test_conditions_of_a_rule_lie_anywhere_in_the_call() -> None:
    found = match("107")
    assert found["condition"] == "((c2_1 and not filter_c2_2) or c1_1) and c3_1"
    assert found["within"] == {"call": True}
    assert found["select"]["c3_1"] == {
        "speaker": "customer", "phrases": ["失业", "生病", "没钱"], "at_least": 2,
    }  # fmt: skip
    assert any("not only in one sentence" in loss for loss in drafted("107").lost)


def test_anchor_becomes_a_window_and_an_order_or_around_where_there_is_one() -> None:
    plain = match("104")
    assert (plain["within"], plain["order"], plain["condition"]) == ({"turns": 4}, ["c3_1", "c4_1"], "c3_1 and c4_1")
    assert any("not only number 1" in loss for loss in drafted("104").lost)
    about = match("104", ALL)
    assert about["select"]["c4_1"]["around"] == {"of": "c3_1", "which": "first", "after_turns": 4}
    assert "order" not in about
    assert match("103")["condition"] == "c3_1 and not filter_c4_1"


def test_sound_is_said_in_the_keys_of_its_family_or_told_as_lost() -> None:
    assert match("105", ALL)["select"] == {
        "c5_1": {"speaker": "agent", "silence": {"at_least_s": 8.0, "not_first_turn": False}},
        "c5_2": {"speaker": "agent", "rate": {"above": 320.0, "per": "turn"}},
    }
    lost = drafted("105")
    assert lost.spec is None
    assert [("silence" in loss, "rate" in loss) for loss in lost.lost[:2]] == [(True, False), (False, True)]


@pytest.mark.parametrize(
    ("kind", "param", "selection"),
    [
        ("HIT_ANY_KEYWORDS", {"keywords": ["a"], "keyword_match_size": 0}, {"phrases": ["a"]}),
        ("HIT_ANY_KEYWORDS", {"keywords": ["卖"], "synonyms": {"卖": ["售卖"]}}, {"phrases": ["卖", "售卖"]}),
        ("INCLUDE_KEYWORDS", {"keywords": ["a", "b"], "threshold": 4}, {"all": ["a", "b"], "count": 4}),
        (
            "SIMILAR_MATCH",
            {"similarly_sentences": ["我要还款"], "score": 80},
            {"similar": {"to": ["我要还款"], "at_least": 0.8}},
        ),
        (
            "ADVANCED_REPEAT_DETECT",
            {"from": 3, "hit_time": 2, "similarity_threshold": 0.6, "threshold": 5, "excludes": ["您好"]},
            {"repeat": {"times": 3, "within_turns": 4, "alike": 0.6, "at_least_units": 5, "except": ["您好"]}},
        ),
        ("SPEECH_SPEED_CHECK", {"velocity_in_mint": 90, "average": True, "compare_operator": "lt"},
         {"rate": {"below": 90.0, "per": "call"}}),
        ("INTERRUPT", {"interval": 2500, "delay_time": 0}, {"interruption": {"overlap_s": 2.5}}),
        ("RECORD_DURATION", {"interval": 60000, "compare_operator": "lt"}, {"length": {"below_s": 60.0}}),
        ("ABNORMAL_HANG_UP", {"interval": 3000, "begin_type": "DIALOGUE"}, {"hangup": {"within_s": 3.0}}),
    ],
)  # fmt: skip
def test_operator(kind: str, param: dict[str, Any], selection: dict[str, Any]) -> None:
    made = selection_of(Operator("1", kind, "", param), ALL)
    assert made.selection == selection
    assert made.negated == (param.get("keyword_match_size") == 0)


@pytest.mark.parametrize(
    ("kind", "param", "why"),
    [
        ("REGULAR_EXPRESSION", {"regex": "(a+)+b"}, "repeats a repetition"),
        ("REGULAR_EXPRESSION", {"regex": "(a"}, "cannot be read"),
        ("REGULAR_EXPRESSION", {"regex": ".*"}, "no pattern"),
        ("INTERVAL_GREATER", {"interval": 500, "compare_operator": "lt"}, "shorter than"),
        ("EMOTION_CHECK", {}, "no decibels"),
        ("CUSTOMER_PARAM", {"customer_param": {"field": "remark1"}}, "match.facts"),
        ("ANT_MODEL", {}, "model"),
        ("SOMETHING_NEW", {}, "no such operator"),
    ],
)
def test_operator_that_cannot_be_expressed_says_why(kind: str, param: dict[str, Any], why: str) -> None:
    made = selection_of(Operator("1", kind, "名", param), ALL)
    assert made.selection is None
    assert why in made.lost[0]
    assert "名" in made.lost[0]


def test_answer_of_the_api_in_its_own_spelling() -> None:
    (found,) = rules_of("detail.json").values()
    draft = draft_of(found, "SCA-4", WORDS)
    assert draft.spec is not None
    assert draft.spec["match"]["select"] == {
        "c7_8": {"speaker": "agent", "phrases": ["再见", "祝您"], "within_last_turns": 4}
    }
    assert any("no decibels" in loss for loss in draft.lost)
    text = (FILES / "upload.json").read_text(encoding="utf-8")
    assert len(read_sca(json.dumps({"Data": [{"JsonStrForRule": text}]}), "x")) == 8


@pytest.mark.parametrize(("text", "says"), [("{", "not JSON"), ("[]", "no rule"), ('{"rules": 3}', "no rule")])
def test_file_that_is_no_export_is_refused(text: str, says: str) -> None:
    with pytest.raises(InputError, match=says):
        read_sca(text, "file.json")


def imported(root: Path) -> tuple[Imported, ...]:
    return write_drafts(tuple(rules_of("upload.json").values()), root, "sca-import")


def test_drafts_pass_the_check_and_are_never_written_over(tmp_path: Path) -> None:
    root = folder(
        tmp_path,
        rule({"facts": "call.turns > 99"}, id="SCA-101", status="draft"),
        pack={"lexicons": {}, "parameters": {}},
    )
    write_lock(root)
    made = {one.title: one for one in imported(root)}
    assert check(root) == ()
    assert made["没有问候"].file == "sca-import/sca-101-2.yaml"
    assert made["说出证件"].file is None
    assert "括号不全" in made
    assert made["括号不全"].file is None
    assert "missing" in made["括号不全"].lost[-1]
    before = {path: path.read_bytes() for path in root.rglob("*.yaml")}
    again = {one.file for one in imported(root) if one.file}
    assert not again & {one.file for one in made.values()}
    assert all(path.read_bytes() == content for path, content in before.items())


def test_folder_of_its_own_holds_a_whole_pack(tmp_path: Path) -> None:
    made = imported(tmp_path)
    pack = yaml.safe_load((tmp_path / "sca-import" / "pack.yaml").read_text(encoding="utf-8"))
    assert (pack["name"], pack["languages"]) == ("sca-import", ["zh"])
    written_rule = yaml.safe_load((tmp_path / "sca-import" / "sca-102.yaml").read_text(encoding="utf-8"))
    assert written_rule["match"]["select"]["c2_1"]["regex"] == ["(上门|去你家).{0,6}(收|找)"]
    assert {one.file for one in imported(tmp_path)} & {one.file for one in made} == {None}
