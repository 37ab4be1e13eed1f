"""A bad rule file is refused at load, with file, line, column and the mend."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from qa_service.errors import ErrorCode, RuleError
from qa_service.rules.load import load_packs
from tests.rules.building import add_cue, folder, judged, rule, said

WORDS: dict[str, Any] = {"select": {"x": {"phrases": ["shut up"]}}}
GOOD = """\
id: H-1
title: a rule
version: 1
status: test
severity: major
requirements: [US-1692D-2]
match:
  select:
    x: {phrases: [shut up]}
  condition: x
message: a message
"""


def refused(root: Path, text: str) -> RuleError:
    """The error of a pack whose only rule file has this text."""
    folder(root)
    (root / "house" / "h-1.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(RuleError) as caught:
        load_packs(root)
    assert caught.value.code == ErrorCode.RULE_INVALID
    assert caught.value.hint
    return caught.value


def test_good_text_is_good(tmp_path: Path) -> None:
    folder(tmp_path)
    (tmp_path / "house" / "h-1.yaml").write_text("\ufeff" + GOOD, encoding="utf-8")
    assert load_packs(tmp_path)["house"].info.rules == 1


@pytest.mark.parametrize(
    ("old", "new", "line", "column", "says"),
    [
        ("version: 1", "version: one", 3, 10, "version"),
        ("version: 1", "versoin: 1", 3, 1, "versoin"),
        ("severity: major", "severity: terrible", 5, 11, "severity"),
        ("title: a rule", "title: [a, b]", 2, 8, "title"),
        ("title: a rule\n", "", 1, 1, "title is missing"),
        ("condition: x", "condition: x and yy", 10, 20, "yy"),
        ("condition: x", "condition: 'x and (x'", 10, 23, "')'"),
        ("condition: x", "condition: 3 of x", 10, 14, "3 of 1"),
        ("phrases: [shut up]", "regex: ['(shut']", 9, 23, "regular expression"),
        ("phrases: [shut up]", "regex: ['a*']", 9, 17, "empty text"),
        ("phrases: [shut up]", "phrases: []", 9, 18, "phrases"),
        ("phrases: [shut up]", "phrases: ['...']", 9, 19, "no word"),
        ("phrases: [shut up]", "phrases: [no]", 9, 19, "boolean"),
        ("phrases: [shut up]", "lexicon: [nowhere]", 9, 19, "nowhere"),
        ("phrases: [shut up]", "phrases: [a], within_first_s: $nothing", 9, 39, "$nothing"),
        ("condition: x", "condition: x\n  facts: colour == red", 11, 10, "colour"),
        ("condition: x", "condition: x\n  facts: hour() >= $never", 11, 20, "'never'"),
        ("condition: x", "condition: x\n  order: [x, y]", 11, 14, "'y'"),
        ("condition: x", "condition: x\n  within: {turns: 1, near: 2}", 11, 11, "exactly one"),
        ("message: a message", "message: a message\nmessage: again", 12, 1, "twice"),
        ("message: a message", "message: &a hello", 11, 10, "anchors"),
        ("message: a message", "message: !!python/object:os.system ls", 11, 10, "tag"),
        ("phrases: [shut up]", "phrases: !!python/object:os.system [shut up]", 9, 18, "tag"),
        ("phrases: [shut up]", "phrases: [!!str shut up]", 9, 19, "tag"),
        ("match:", "match: !!map", 7, 8, "tag"),
        ("match:", "match\t:", 7, 6, "YAML"),
        ("id: H-1", "id: lower case", 1, 5, "id"),
    ],
)
def test_mistake_is_named_at_its_place(tmp_path: Path, old: str, new: str, line: int, column: int, says: str) -> None:
    assert old in GOOD
    error = refused(tmp_path, GOOD.replace(old, new, 1))
    assert says in error.message
    assert error.file == "house/h-1.yaml"
    assert (error.line, error.column) == (line, column)


def test_a_directive_changes_what_no_word_means(tmp_path: Path) -> None:
    """Under YAML 1.1 ``yes`` is a switch, and this reader would have taken it for false."""
    error = refused(tmp_path, "%YAML 1.1\n---\n" + GOOD.replace("condition: x", "absent: yes"))
    assert (error.line, error.column) == (1, 1)
    assert "directive %YAML" in error.message


@pytest.mark.parametrize("text", ["", "# nothing\n", "- a\n- list\n", "just words\n", GOOD + "---\n" + GOOD])
def test_file_that_is_no_rule(tmp_path: Path, text: str) -> None:
    assert refused(tmp_path, text).line is not None


def test_file_that_is_not_utf8(tmp_path: Path) -> None:
    folder(tmp_path)
    for before in (b"a ", "规则".encode()):
        written = GOOD.encode().replace(b"a rule", before + b"\xff rule")
        (tmp_path / "house" / "h-1.yaml").write_bytes(written)
        with pytest.raises(RuleError, match="UTF-8") as caught:
            load_packs(tmp_path)
        assert (caught.value.line, caught.value.column) == (2, 10)


def test_ids_are_unique_over_packs(tmp_path: Path) -> None:
    root = folder(tmp_path, rule(WORDS))
    (root / "house" / "other.yaml").write_text(GOOD, encoding="utf-8")
    with pytest.raises(RuleError, match="already used"):
        load_packs(root)


def test_pack_that_is_not_there(tmp_path: Path) -> None:
    root = folder(tmp_path, rule(WORDS))
    with pytest.raises(RuleError) as caught:
        load_packs(root, ["elsewhere"])
    assert caught.value.code == ErrorCode.PACK_NOT_FOUND
    assert "house" in caught.value.hint


def test_pack_is_called_as_its_folder(tmp_path: Path) -> None:
    root = folder(tmp_path, rule(WORDS), pack={"name": "other"})
    with pytest.raises(RuleError, match="folder 'house'"):
        load_packs(root)


def test_lexicon_file_adds_words(tmp_path: Path) -> None:
    root = folder(tmp_path, rule({"select": {"x": {"lexicon": ["more"]}}}))
    (root / "house" / "lexicons").mkdir()
    (root / "house" / "lexicons" / "more.yaml").write_text("- dimwit\n", encoding="utf-8")
    assert load_packs(root)["house"].rules[0].selections[0].terms[0].written == "dimwit"
    (root / "house" / "lexicons" / "more.yaml").write_text("dimwit: 1\n", encoding="utf-8")
    with pytest.raises(RuleError, match="list of words"):
        load_packs(root)


def test_behaviour_hash_follows_behaviour_alone(tmp_path: Path) -> None:
    def behaviour(name: str, **more: Any) -> str:
        root = folder(tmp_path / name, rule(WORDS, **more))
        return load_packs(root)["house"].rules[0].behaviour_sha256

    plain = behaviour("a")
    assert behaviour("b", title="other words", message="other") == plain
    assert behaviour("c", severity="minor") != plain
    assert behaviour("d", gates={"negation": "off"}) != plain


def test_cues_of_the_gates_are_behaviour_of_the_packs_in_their_language(tmp_path: Path) -> None:
    root = folder(tmp_path, rule(WORDS), pack={"languages": ["en"]})
    before = load_packs(root)["house"].info.behaviour_sha256
    gates = root / "gates"
    (gates / "en.yaml").write_text("# a remark\n" + (gates / "en.yaml").read_text(encoding="utf-8"), encoding="utf-8")
    add_cue(gates / "zh.yaml", "倘若")
    assert load_packs(root)["house"].info.behaviour_sha256 == before
    add_cue(gates / "en.yaml", "perchance")
    assert load_packs(root)["house"].info.behaviour_sha256 != before


def test_shared_words_are_behaviour_too(tmp_path: Path) -> None:
    spec = rule({"select": {"x": {"lexicon": ["rude"]}}})
    one = load_packs(folder(tmp_path / "a", spec))["house"].rules[0]
    other = load_packs(folder(tmp_path / "b", spec, pack={"lexicons": {"rude": ["fool"]}}))["house"].rules[0]
    assert one.behaviour_sha256 != other.behaviour_sha256


def test_lexicons_inside_patterns(tmp_path: Path) -> None:
    lexicons = {"family": ["mother", "wife", "老婆", "妈"], "harm": ["hurt", "出事", "c++"]}
    match = {"select": {"a": {"regex": ["(?:your|你)? ?<family>.{0,12}<harm>"], "not_regex": ["(?<=never )<harm>"]}}}
    root = folder(tmp_path, rule(match), pack={"lexicons": lexicons})
    assert judged(root, said("agent: your WIFE may get hurt")).findings[0].quote == "your WIFE may get hurt"
    assert judged(root, said("agent: 你老婆要出事", language="zh")).findings[0].quote == "你老婆要出事"
    assert judged(root, said("agent: your housewife got hurt", "agent: your wife shuns hurting")).findings == ()
    assert judged(root, said("agent: your wife is never hurt")).findings == ()


def test_unknown_lexicon_inside_a_pattern_is_told_with_its_place(tmp_path: Path) -> None:
    root = folder(tmp_path, rule({"select": {"a": {"regex": ["you <friends> know"]}}}))
    with pytest.raises(RuleError, match="no lexicon or shared pattern is called 'friends'") as told:
        load_packs(root)
    assert (told.value.line, told.value.column) == (12, 13)


def test_a_word_of_a_lexicon_inside_a_pattern_is_behaviour(tmp_path: Path) -> None:
    match = {"select": {"a": {"regex": ["<family> knows"]}}}
    hashes = {
        load_packs(folder(tmp_path / str(len(words)), rule(match), pack={"lexicons": {"family": words}}))["house"]
        .rules[0]
        .behaviour_sha256
        for words in (["wife"], ["wife", "son"])
    }
    assert len(hashes) == 2


SHARED = {"patterns": {"shrug": ["too bad", "not my (?:problem|concern)"]}}


def test_a_shared_pattern_stands_for_any_of_its_own(tmp_path: Path) -> None:
    root = folder(tmp_path, rule({"select": {"a": {"regex": ["that is <shrug>"]}}}), pack=SHARED)
    assert judged(root, said("agent: well that is NOT my concern")).findings[0].quote == "that is NOT my concern"
    assert judged(root, said("agent: that is too bad")).findings[0].quote == "that is too bad"
    assert judged(root, said("agent: that is not my", "agent: too bad")).findings == ()


def test_a_shared_pattern_is_behaviour_of_the_rules_that_name_it(tmp_path: Path) -> None:
    def hash_of(name: str, regex: str, *shared: str) -> str:
        root = folder(
            tmp_path / name, rule({"select": {"a": {"regex": [regex]}}}), pack={"patterns": {"shrug": shared}}
        )
        return load_packs(root)["house"].rules[0].behaviour_sha256

    assert hash_of("a", "<shrug>", "too bad") != hash_of("b", "<shrug>", "so what")
    assert hash_of("c", "too bad", "too bad") == hash_of("d", "too bad", "so what")


def test_a_shared_pattern_may_name_lexicons_and_those_above_it(tmp_path: Path) -> None:
    pack = {
        "lexicons": {"title": ["mr", "mrs"]},
        "patterns": {
            "a_person": ["<title> [a-z]+"],
            "calls": ["<a_person> (?:here|calling)", "from <a_person>"],
        },
    }
    root = folder(tmp_path / "a", rule({"select": {"a": {"regex": ["<calls>"]}}}), pack=pack)
    assert judged(root, said("agent: Mrs. Hall here")).findings[0].quote == "Mrs. Hall here"
    assert judged(root, said("agent: greetings from mr dunn")).findings[0].quote == "from mr dunn"
    assert judged(root, said("agent: Miss Hall calling")).findings == ()
    before = load_packs(root)["house"].rules[0].behaviour_sha256
    pack["lexicons"]["title"].append("ms")
    other = folder(tmp_path / "b", rule({"select": {"a": {"regex": ["<calls>"]}}}), pack=pack)
    assert load_packs(other)["house"].rules[0].behaviour_sha256 != before


@pytest.mark.parametrize(
    ("pack", "told"),
    [
        ({"patterns": {"early": ["<late>"], "late": ["so what"]}}, "no lexicon or shared pattern is called 'late'"),
        ({"patterns": {"shrug": ["so <shrug>"]}}, "no lexicon or shared pattern is called 'shrug'"),
        ({"patterns": {"rude": ["too bad"]}}, "'rude' is a lexicon, too"),
        ({"patterns": {"shrug": ["too (bad"]}}, "not a regular expression"),
        ({"patterns": {"shrug": ["x?"]}}, "matches the empty text"),
    ],
)
def test_a_shared_pattern_that_cannot_be_used_is_told(tmp_path: Path, pack: dict, told: str) -> None:
    with pytest.raises(RuleError, match=told) as raised:
        load_packs(folder(tmp_path, rule(WORDS), pack=pack))
    assert "pack.yaml" in str(raised.value)


@pytest.mark.parametrize(
    ("old", "new", "line", "column", "says"),
    [
        ("phrases: [shut up]", "phrases: [110]", 9, 19, "phrases.0: input should be a valid string"),
        ("phrases: [shut up]", 'phrases: [""]', 9, 19, "at least 1 character"),
        ("match:", "applies_to: {language: [xx]}\nmatch:", 7, 25, "'zh' or 'en'"),
        ("match:", "applies_to: {direction: [outbond]}\nmatch:", 7, 26, "'inbound' or 'outbound'"),
        ("phrases: [shut up]", "entity: {kind: [fone]}", 9, 25, "'phone'"),
        ("phrases: [shut up]", "hold: {at_least_s: 3, kind: [musik]}", 9, 38, "'music'"),
        ("  condition: x", "  flow: {steps: [{naem: a}]}", 10, 19, "naem"),
    ],
)
def test_a_wrong_item_is_told_at_its_place(
    tmp_path: Path, old: str, new: str, line: int, column: int, says: str
) -> None:
    wrong = refused(tmp_path, GOOD.replace(old, new))
    assert (wrong.line, wrong.column) == (line, column)
    assert says in wrong.message
    assert "tuple should have" not in wrong.message


@pytest.mark.parametrize(
    ("old", "new", "line", "column", "says"),
    [
        ("message: a message", 'message: "a \\ud800"', 11, 10, "U+D800 is half of a pair"),
        ("message: a message", 'message: a\n"\\udc00": b', 12, 1, "U+DC00 is half of a pair"),
        ("title: a rule", "title: a \x07 rule", 2, 10, "U+0007"),
        ("severity: major", "score: {deduct: 1}\nseverity: praise", 5, 8, "use score.add"),
        ("severity: major", "severity: major\nscore: {add: 1}", 6, 8, "use score.deduct"),
        ("title: a rule", "title: " + "[" * 100 + "]" * 100, 2, 68, "deeper than 60"),
        ("title: a rule", "title: " + "[" * 3000 + "]" * 3000, 1, 1, "nested too deeply"),
        ("severity: major", "severity: major\nscore: {deduct: 1e400}", 6, 17, "too large a number"),
        ("severity: major", "severity: major\nscore: {deduct: 1" + "0" * 400 + "}", 6, 17, "too large a number"),
    ],
)
def test_what_no_reader_would_place(tmp_path: Path, old: str, new: str, line: int, column: int, says: str) -> None:
    wrong = refused(tmp_path, GOOD.replace(old, new))
    assert says in wrong.message
    assert (wrong.line, wrong.column) == (line, column)


@pytest.mark.parametrize(
    ("written", "number"), [(".5", 0.5), ("1.", 1.0), ("+5.5", 5.5), ("+5", 5.0), ("1.5e1", 15.0), ("1e1", 10.0)]
)
def test_numbers_as_yaml_knows_them(tmp_path: Path, written: str, number: float) -> None:
    folder(tmp_path)
    text = GOOD.replace("match:", f"score: {{deduct: {written}}}\nmatch:")
    (tmp_path / "house" / "h-1.yaml").write_text(text, encoding="utf-8")
    assert load_packs(tmp_path)["house"].rules[0].spec.score.deduct == number


def test_a_share_without_its_nought(tmp_path: Path) -> None:
    folder(tmp_path)
    text = GOOD.replace("phrases: [shut up]", "phrases: [shut up], within_first_share: .5")
    (tmp_path / "house" / "h-1.yaml").write_text(text, encoding="utf-8")
    assert load_packs(tmp_path)["house"].rules[0].spec.match.select["x"].within_first_share == 0.5


@pytest.mark.parametrize(
    ("text", "line", "says"), [("- dimwit\n- 110\n", 2, "list of words"), ("- dimwit\n- ''\n", 2, "holds no word")]
)
def test_a_wrong_word_of_a_lexicon_is_told_at_its_line(tmp_path: Path, text: str, line: int, says: str) -> None:
    root = folder(tmp_path, rule({"select": {"x": {"lexicon": ["more"]}}}))
    (root / "house" / "lexicons").mkdir()
    (root / "house" / "lexicons" / "more.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(RuleError, match=says) as caught:
        load_packs(root)
    assert (caught.value.file, caught.value.line, caught.value.column) == ("house/lexicons/more.yaml", line, 3)


def test_only_regular_files_are_read(tmp_path: Path) -> None:
    root = folder(tmp_path, rule(WORDS))
    os.mkfifo(root / "house" / "pipe.yaml")
    with pytest.raises(RuleError, match=r"house/pipe\.yaml: is no regular file"):
        load_packs(root)


@pytest.mark.parametrize(
    ("match", "value", "says"),
    [
        ({"within": {"turns": "$s"}}, -30, "$s is -30, which should be greater than 0"),
        ({"within": {"seconds": "$s"}}, 0, "$s is 0, which should be greater than 0"),
        ({"select": {"x": {"phrases": ["shut up"], "within_first_share": "$s"}}}, 2, "less than or equal to 1"),
        ({"select": {"x": {"silence": {"at_least_s": "$s"}}}}, -1, "greater than 0"),
    ],
)
def test_a_parameter_keeps_the_limits_of_a_number(
    tmp_path: Path, match: dict[str, Any], value: float, says: str
) -> None:
    pack = {"parameters": {"s": {"value": value, "source": "house"}}}
    with pytest.raises(RuleError) as caught:
        load_packs(folder(tmp_path, rule({**WORDS, **match}), pack=pack))
    assert says in caught.value.message
    assert caught.value.file == "house/h-1.yaml"


def test_a_loudness_may_be_negative(tmp_path: Path) -> None:
    pack = {"parameters": {"s": {"value": -30, "source": "house"}}}
    load_packs(folder(tmp_path, rule({"select": {"x": {"loudness": {"above_dbfs": "$s"}}}}), pack=pack))
