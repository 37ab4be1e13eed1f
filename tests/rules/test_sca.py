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
from qa_service.rules.sca import write
from qa_service.rules.sca.convert import Draft, draft_of
from qa_service.rules.sca.expression import ExpressionError, holds_on_nothing, left_out, parse, said_part, written
from qa_service.rules.sca.operators import selection_of
from qa_service.rules.sca.records import Operator, ScaRule, read_sca
from qa_service.rules.sca.write import Imported, write_drafts
from tests.rules.building import folder, judged, rule, said

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


@pytest.mark.parametrize(
    ("kind", "param", "told"),
    [
        ("INTERVAL_GREATER", {"interval": 5000, "different_role": True}, "of the same side counts too"),
        ("INTERVAL_GREATER", {"interval": 5000, "target": 3}, "from the sentence before"),
        ("INTERVAL_GREATER", {"interval": 5000, "from_end": True}, "its from_end says"),
        ("HIT_ANY_KEYWORDS", {"keywords": ["a"], "a_new_key": "x", "another": 2}, "its a_new_key, another says"),
        ("HIT_ANY_KEYWORDS", {"keywords": ["a", {"b": 1}, True, "!", None, ""]}, "3 of its keywords are no words"),
        ("HIT_ANY_KEYWORDS", {"keywords": ["a", 110]}, ""),
        ("INTERVAL_GREATER", {"interval": 5000, "target": 1, "compare_operator": "gt", "from_end": False}, ""),
        ("REGULAR_EXPRESSION", {"regex": "上门", "in_sentence": True, "hit_time": 1, "score": None}, ""),
    ],
)
def test_what_of_an_operator_is_left_out_is_told(kind: str, param: dict[str, Any], told: str) -> None:
    made = selection_of(Operator("1", kind, "", param), ALL)
    assert made.selection
    assert [told in lost for lost in made.lost] == ([True] if told else [])


def test_a_keyword_that_is_written_as_a_number_is_a_word() -> None:
    made = selection_of(Operator("1", "INCLUDE_KEYWORDS", "", {"keywords": ["报警", 110]}), ALL)
    assert made.selection == {"all": ["报警", "110"]}


def test_a_switch_is_no_number() -> None:
    made = selection_of(Operator("1", "SPEECH_SPEED_CHECK", "", {"velocity_in_mint": True}), ALL)
    assert made.selection is None
    assert "no pace" in made.lost[0]


def test_a_rule_without_logic_says_so(tmp_path: Path) -> None:
    text = json.dumps({"conditions": [about("1", "滚"), about("2", "谢谢")], "rules": [{"rid": "5", "name": "两条"}]})
    (made,) = write_drafts(read_sca(text, "x"), tmp_path, "sca-import")
    assert any("its logic is not in the export" in reason for reason in made.lost)


def test_answer_of_the_api_in_its_own_spelling() -> None:
    (found,) = rules_of("detail.json").values()
    draft = draft_of(found, "SCA-4", WORDS)
    assert draft.spec is not None
    assert draft.spec["match"]["select"] == {
        "c7_8": {"speaker": "agent", "phrases": ["再见", "祝您"], "within_last_turns": 2}
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
    assert {one.file for one in imported(root)} == {one.file for one in made.values()}
    assert {path: path.read_bytes() for path in root.rglob("*.yaml")} == before


def test_folder_of_its_own_holds_a_whole_pack(tmp_path: Path) -> None:
    made = imported(tmp_path)
    pack = yaml.safe_load((tmp_path / "sca-import" / "pack.yaml").read_text(encoding="utf-8"))
    assert (pack["name"], pack["languages"]) == ("sca-import", ["zh"])
    written_rule = yaml.safe_load((tmp_path / "sca-import" / "sca-102.yaml").read_text(encoding="utf-8"))
    assert written_rule["match"]["select"]["c2_1"]["regex"] == ["(上门|去你家).{0,6}(收|找)"]
    assert [one.file for one in imported(tmp_path)] == [one.file for one in made]


def one(expression: str, *conditions: dict[str, Any], rid: str = "10", **more: Any) -> tuple[ScaRule, ...]:
    """The rules of an upload with one rule over these conditions."""
    rules = [{"rid": rid, "name": f"规则{rid}", "lambda": expression, "scoreNum": 2, **more}]
    return read_sca(json.dumps({"conditions": conditions, "rules": rules}), "x.json")


def about(cid: str, word: str, anchor: str = "", location: str = "AFTER", **param: Any) -> dict[str, Any]:
    """A condition of one word, about another one."""
    place: dict[str, Any] = {"role": "客服", "range": {"from": 1, "to": 2}}
    if anchor:
        place["anchor"] = {"cid": anchor, "location": location, "hit_time": -1}
    else:
        del place["range"]
    operator = {"oid": "1", "type": "HIT_ANY_KEYWORDS", "param": {"keywords": [word], **param}}
    return {"cid": cid, "check_range": place, "lambda": "1", "operators": [operator]}


def found_by(root: Path, rules: tuple[ScaRule, ...], *lines: str) -> bool:
    """Whether the draft of a rule, written, loaded and put to the test, finds something in a call."""
    (made,) = write_drafts(rules, folder(root, pack={"lexicons": {}, "parameters": {}}), "sca-import")
    assert made.file, made.lost
    path = root / made.file
    text = path.read_text(encoding="utf-8").replace("status: draft", "status: test")
    path.write_text(text, encoding="utf-8")
    return bool(judged(root, said(*lines, language="zh")).findings)


def test_a_finished_draft_with_an_id_of_its_own_is_never_written_over(tmp_path: Path) -> None:
    rules = one("1", about("1", "滚"))
    (first,) = write_drafts(rules, tmp_path, "sca-import")
    assert first.file == "sca-import/sca-10.yaml"
    path = tmp_path / first.file
    path.write_text(path.read_text(encoding="utf-8").replace("SCA-10", "CN-COLL-BYE-1"), encoding="utf-8")
    finished = path.read_bytes()
    (again,) = write_drafts(rules, tmp_path, "sca-import")
    assert (again.file, path.read_bytes()) == ("sca-import/sca-10-2.yaml", finished)
    assert "sca-10.yaml is there already" in again.lost[0]
    (third,) = write_drafts(rules, tmp_path, "sca-import")
    assert (third.file, path.read_bytes()) == ("sca-import/sca-10-2.yaml", finished)
    assert "it is there already, word for word" in third.lost


def test_an_import_that_was_cut_off_goes_on_without_doubles(tmp_path: Path) -> None:
    rules = (*one("1", about("1", "滚")), *one("1", about("1", "闭嘴"), rid="11"))
    write_drafts(rules[:1], tmp_path, "sca-import")
    assert [made.file for made in write_drafts(rules, tmp_path, "sca-import")] == [
        "sca-import/sca-10.yaml", "sca-import/sca-11.yaml",
    ]  # fmt: skip
    assert len(list(tmp_path.glob("sca-import/sca-*.yaml"))) == 2


def test_two_imports_at_once_lose_no_draft(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    loaded = write.compile_rule

    def meanwhile(*arguments: Any) -> Any:
        monkeypatch.setattr(write, "compile_rule", loaded)
        write_drafts(one("1", about("1", "闭嘴")), tmp_path, "sca-import")
        return loaded(*arguments)

    monkeypatch.setattr(write, "compile_rule", meanwhile)
    (made,) = write_drafts(one("1", about("1", "滚")), tmp_path, "sca-import")
    assert made.file == "sca-import/sca-10-2.yaml"
    assert "闭嘴" in (tmp_path / "sca-import/sca-10.yaml").read_text(encoding="utf-8")


def test_a_pack_that_gets_no_draft_is_not_left_behind(tmp_path: Path) -> None:
    (made,) = write_drafts(one("1", about("1", "")), tmp_path, "sca-import")
    assert made.file is None
    assert not (tmp_path / "sca-import").exists()


@pytest.mark.parametrize(("first", "second"), [("条件一", "条件二"), ("1-1", "1_1"), (0, 1)])
def test_ids_that_ours_cannot_spell_stay_apart(tmp_path: Path, first: Any, second: Any) -> None:
    rules = one(f"{first}&&!{second}", about(first, "滚"), about(second, "谢谢"))
    assert found_by(tmp_path, rules, "agent: 滚")
    (made,) = write_drafts(rules, tmp_path / "again", "sca-import")
    assert made.lost == ()
    select = yaml.safe_load((tmp_path / "again" / str(made.file)).read_text(encoding="utf-8"))["match"]["select"]
    assert [part["phrases"] for part in select.values()] == [["滚"], ["谢谢"]]


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"check_range": {"role": "机器人"}}, "there is no role '机器人' here: anybody counts"),
        ({"lambda": "1&&7"}, "operator 7 is not in the export"),
        ({"check_range": {"role": "客服", "range": {"from": 5, "to": 2}}}, "no sentence lies from 5 to 2"),
        ({"check_range": {"range": {"from": -1, "to": -3}}}, "no sentence lies from -1 to -3"),
        (
            {"check_range": {"absolute": True, "anchor": {"cid": "9", "location": "AFTER"}, "range": {"from": 1}}},
            "that it stands about condition 9 is left out",
        ),
        ({"check_range": {"timeRange": {"from": 1, "to": 3}}}, "its range of time is left out"),
        ({"check_range": {"roleId": 7}}, "its role has a number (7) and no name"),
        ({"weight": 2, "rid": "4"}, "condition 1: fields that are not known here are left out: weight"),
        (
            {"check_range": {"channel": "left"}},
            "fields of where it looks that are not known here are left out: channel",
        ),
        (
            {"check_range": {"anchor": {"cid": "9", "location": "AFTER", "beforeHits": 2}}},
            "fields of its anchor that are not known here are left out: before_hits",
        ),
        (
            {"operators": [{**about("1", "滚")["operators"][0], "negate": True, "qualityCheckType": 0}]},
            "fields of operator 1 that are not known here are left out: negate",
        ),
        ({"operators": [*about("1", "滚")["operators"], *about("1", "好")["operators"]]}, "two operators are called 1"),
    ],
)
def test_what_of_a_condition_is_left_out_is_told(tmp_path: Path, change: dict[str, Any], told: str) -> None:
    (made,) = write_drafts(one("1", {**about("1", "滚"), **change}), tmp_path, "sca-import")
    assert made.file
    assert any(told in reason for reason in made.lost), made.lost


def test_fields_of_a_rule_that_are_not_known_are_told_by_name() -> None:
    (known,) = one(
        "1", about("1", "滚"), createTime="2026-11-01", userGroup="电催一组", effective=1, weight="", level=1
    )
    assert known.lost == ()
    (rule_,) = one("1", about("1", "滚"), scoreInfo={"hit": 3}, hitLimit=2, weight=0)
    assert rule_.lost == ("fields that are not known here are left out: score_info, hit_limit",)
    (long,) = one("1", about("1", "滚"), **{f"field{i:02}{'x' * 60}": 1 for i in range(11)})
    (told,) = long.lost
    assert told.endswith(" and 3 more")
    assert "x" * 40 not in told


@pytest.mark.parametrize(
    ("more", "severity", "score", "told"),
    [
        ({"scoreType": 3, "scoreNumType": 0, "ruleScoreType": 3, "level": 0}, "critical", {"deduct": 2.0}, ""),
        ({"level": 2, "isDelete": 0, "preqRule": {}}, "minor", {"deduct": 2.0}, ""),
        ({"scoreType": 1, "level": 1}, "praise", {"add": 2.0}, ""),
        ({"scoreType": 1, "scoreNum": 0}, "major", {"deduct": 0.0}, ""),
        ({"ruleScoreType": 1, "scoreType": 1, "scoreNumType": 1}, "major", {"deduct": 0.0}, ""),
        ({"scoreNumType": 1}, "major", {"deduct": 0.0}, "leaves its dimension 2 points at once"),
        ({"isHitNumScore": 1}, "major", {"deduct": 2.0}, "points by the number of hits are left out"),
        ({"preqRule": {"rid": "7"}}, "major", {"deduct": 2.0}, "another rule must have hit before"),
        ({"isDelete": 1}, "major", {"deduct": 2.0}, "it is deleted there"),
    ],
)
def test_points_and_levels_mean_here_what_they_mean_there(
    tmp_path: Path, more: dict[str, Any], severity: str, score: dict[str, Any], told: str
) -> None:
    (rule_,) = one("1", about("1", "滚"), **more)
    spec = draft_of(rule_, "SCA-10", ALL).spec
    assert spec is not None
    assert (spec["severity"], spec["score"]) == (severity, {**score, "once": True})
    (made,) = write_drafts((rule_,), tmp_path, "sca-import")
    assert made.file
    assert told in "; ".join(made.lost)
    assert bool(told) == bool(made.lost)


def test_an_absolute_range_counts_whoever_speaks(tmp_path: Path) -> None:
    for absolute, turns in ((False, 6), (True, 3)):
        place = {"role": "客服", "absolute": absolute, "range": {"from": 1, "to": 3}}
        (rule_,) = one("1", {**about("1", "滚"), "check_range": place})
        draft = draft_of(rule_, "SCA-10", ALL)
        assert draft.spec is not None
        assert draft.spec["match"]["select"]["c1_1"]["within_first_turns"] == turns
        assert draft.lost == []


def test_capital_letters_count_where_they_were_asked_for(tmp_path: Path) -> None:
    for word, text, hit in (("APP", "app", False), ("APP", "APP", True), ("app", "APP", False)):
        rules = one("1", about("1", word, case_sensitive=True))
        assert found_by(tmp_path / f"{word}-{text}", rules, f"agent: 下载 {text} 吧") is hit


def test_an_answer_that_holds_its_rules_as_text() -> None:
    data = {"conditions": [about("1", "滚")], "rules": [{"rid": "5", "lambda": "1"}]}
    answer = {"Success": True, "Data": json.dumps({"data": data})}
    assert [found.rid for found in read_sca(json.dumps(answer), "x.json")] == ["5"]


def test_two_conditions_of_one_id_are_told(tmp_path: Path) -> None:
    (made,) = write_drafts(one("1", about("1", "滚"), about("1", "好")), tmp_path, "sca-import")
    assert any("another condition has the same id" in reason for reason in made.lost)


@pytest.mark.parametrize("number", ["1e999", '"nan"', '"1e999"', "-1e999", "NaN", "1" + "0" * 400, '"many"'])
def test_a_number_that_cannot_be_used_is_told_and_the_other_rules_go_on(tmp_path: Path, number: str) -> None:
    conditions = [about("1", "滚", keywordMatchSize="HERE"), about("2", "骂"), about("3", "笑", "2")]
    conditions[2]["check_range"]["range"]["to"] = "HERE"
    rules = [{"rid": "1", "name": "a", "lambda": "1"}, {"rid": "2", "name": "b", "lambda": "2&&3", "scoreNum": "HERE"}]
    text = json.dumps({"conditions": conditions, "rules": rules}).replace('"HERE"', number)
    bad, good = write_drafts(read_sca(text, "x.json"), tmp_path, "sca-import")
    assert bad.file is None
    assert "keyword_match_size" in bad.lost[0]
    assert good.file == "sca-import/sca-2.yaml"
    assert [loss for loss in good.lost if "score_num" in loss]
    assert [loss for loss in good.lost if "condition 3: to " in loss]


def test_half_a_character_is_replaced() -> None:
    (found,) = one("1", about("1", "滚\ud800"), comments="\udc00", name="名\ud800")
    assert (found.name, found.comments) == ("名\ufffd", "\ufffd")
    assert found.conditions["1"].operators[0].param["keywords"] == ["滚\ufffd"]


@pytest.mark.parametrize("text", ["[" * 100_000, "[" * 100_000 + "]" * 100_000, '{"a":' * 900 + "1" + "}" * 900])
def test_what_is_nested_too_deeply_is_refused(text: str) -> None:
    with pytest.raises(InputError, match=r"nested too deeply|no rule"):
        read_sca(text, "x.json")


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("!1||2", "2"),
        ("!1||2||!3", "2"),
        ("!1||(2&&!3)", "2 and not 3"),
        ("!(1&&!2)", "2"),
        ("(!1||2)&&(!3||4)", "2 and 4"),
        ("!1&&(!3||4)", "not 1 and 4"),
        ("(!1||2)&&3", "(not 1 or 2) and 3"),
        ("!1&&!2", None),
    ],
)
def test_what_of_an_expression_asks_for_something_said(text: str, kept: str | None) -> None:
    found = said_part(parse(text))
    assert (found and written(found, str)) == kept
    assert holds_on_nothing(parse(text)) == (text != "(!1||2)&&3")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("1&&!2", [("not 2", True)]),
        ("1&&2", [("2", True)]),
        ("1||2", [("2", False)]),
        ("1&&(2||3)", [("2 or 3", True)]),
        ("1&&!(1||2)", [("2", True)]),
        ("!(1&&2)", [("2", False)]),
        ("1", []),
        ("2||3", []),
    ],
)
def test_what_a_lost_part_of_the_logic_changes_is_told(text: str, told: list[tuple[str, bool]]) -> None:
    there = {"1"} if "1" in text else set()
    assert left_out(parse(text), there) == told


def test_a_draft_that_lost_an_exception_says_so() -> None:
    unknown = {**about("2", "投诉"), "operators": [{"oid": "2", "type": "ANT_MODEL", "param": {}}]}
    (rule_,) = one("1&&!2", about("1", "滚"), unknown)
    draft = draft_of(rule_, "SCA-10", ALL)
    assert any("without “not 2” the draft finds more than the rule did" in lost for lost in draft.lost), draft.lost


def test_a_branch_of_denials_alone_is_told_and_the_rest_kept(tmp_path: Path) -> None:
    (rule_,) = one("!1||2", about("1", "您好"), about("2", "滚"))
    draft = draft_of(rule_, "SCA-10", ALL)
    assert draft.spec is not None
    assert draft.spec["match"] == {"select": {"c2_1": {"speaker": "agent", "phrases": ["滚"]}}, "condition": "c2_1"}
    assert "'!1||2'" in draft.lost[0]
    assert "only “c2_1” is looked for" in draft.lost[0]
    assert draft.spec["known_gaps"] == draft.lost
    assert found_by(tmp_path, (rule_,), "agent: 滚")
    (plain,) = one("(!1||2)&&3", about("1", "您好"), about("2", "滚"), about("3", "骂"))
    assert draft_of(plain, "SCA-10", ALL).lost == []


def test_an_anchor_outside_the_logic_stands_in_the_draft(tmp_path: Path) -> None:
    rules = one("1", about("1", "滚", "2"), about("2", "还款"))
    (draft,) = (draft_of(rule_, "SCA-10", ALL) for rule_ in rules)
    assert draft.spec is not None
    assert (draft.spec["match"]["condition"], draft.lost) == ("c1_1", [])
    assert found_by(tmp_path / "a", rules, "agent: 还款吧", "agent: 滚")
    assert not found_by(tmp_path / "b", rules, "agent: 好的", "agent: 滚")


def test_an_anchor_that_became_a_filter_is_named_as_one(tmp_path: Path) -> None:
    rules = one("2&&!1", about("1", "还款"), about("2", "滚", "1"))
    (draft,) = (draft_of(rule_, "SCA-10", ALL) for rule_ in rules)
    assert draft.spec is not None
    assert draft.spec["match"]["select"]["c2_1"]["around"]["of"] == "filter_c1_1"
    assert not found_by(tmp_path, rules, "agent: 滚")


def test_a_chain_of_anchors_is_kept_whole(tmp_path: Path) -> None:
    rules = one("1&&2&&3", about("1", "滚", "2"), about("2", "还款", "3"), about("3", "您好"))
    (draft,) = (draft_of(rule_, "SCA-10", ALL) for rule_ in rules)
    assert draft.spec is not None
    select = draft.spec["match"]["select"]
    assert (select["c1_1"]["around"]["of"], select["c2_1"]["around"]["of"], draft.lost) == ("c2_1", "c3_1", [])
    assert found_by(tmp_path / "a", rules, "agent: 您好", "agent: 还款吧", "agent: 滚")
    assert not found_by(tmp_path / "b", rules, "agent: 还款吧", "agent: 滚", "agent: 您好")


def test_the_same_turn_as_an_anchor(tmp_path: Path) -> None:
    rules = one("1&&2", about("1", "还款"), about("2", "滚", "1", "CURRENT"))
    assert found_by(tmp_path / "a", rules, "agent: 还款，滚")
    assert not found_by(tmp_path / "b", rules, "agent: 还款", "customer: 不", "agent: 滚")


def test_anchors_that_cannot_stand_are_told(tmp_path: Path) -> None:
    for name, rules, why in [
        ("a", one("1&&2", about("1", "滚", "2"), about("2", "骂", "1")), "in turn"),
        ("b", one("1", about("1", "滚", "9")), "not in the export"),
        ("c", one("1", about("1", "滚", "2"), about("2", "骂", keywordMatchSize=0)), "a denial"),
    ]:
        (made,) = write_drafts(rules, tmp_path / name, "sca-import")
        assert made.file
        assert [loss for loss in made.lost if why in loss]
