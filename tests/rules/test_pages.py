"""Pages of the packs: what a rule means, its clause with its mark, examples, score, gaps; nothing unverified."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from qa_service.rules.catalogue import load_catalogue
from qa_service.rules.pages import pages
from qa_service.rules.schema import FAMILIES, SelectionSpec
from qa_service.rules.words_of import selection
from qa_service.settings import bundled
from tests.rules.building import folder, rule

RULE = rule(
    {
        "select": {
            "call": {"phrases": ["打给你*", "找你"], "pinyin": True, "within_first_s": 30},
            "night": {"regex": ["凌晨.点"], "not_phrases": ["白天"], "at_least": 1},
            "filter_asked": {"speaker": "customer", "all": ["请", "打"]},
        },
        "condition": "call and night and not filter_*",
        "within": {"turns": 2},
        "order": ["call", "night"],
    },
    title="半夜<拨打>",
    title_en="Calls at night",
    severity="critical",
    outcome="needs_review",
    score={"deduct": 15, "once": False, "cap": 30, "veto": True},
    known_gaps=["昨天晚上"],
    false_positives=["the radio"],
    measured={"precision": 0.9, "recall": 0.5, "on": "made-up calls", "date": "2026-11-01"},
    references=[
        {"title": "Law", "article": "12", "mark": "V1"},
        {"title": "Hearsay", "mark": "unverified"},
        {"title": "No mark"},
    ],
    examples=[
        {"name": "plain", "expect": "hit", "turns": [{"agent": "打给你凌晨三点"}], "facts": {"account": {"old": True}}},
        {"name": "near", "expect": "clean", "near_miss": True, "turns": [{"customer": "打给你"}, {"agent": "好"}]},
        {"name": "gap", "expect": "hit_todo", "turns": [{"agent": "x"}]},
    ],
)


def page(root: Path) -> str:
    return pages(folder(root, RULE, rule({"facts": "call.turns > 3"}, id="H-2", score={"dimension": "service"})))[
        "house.md"
    ]


def test_page_says_what_a_veto_fails(tmp_path: Path) -> None:
    section = rule({"facts": "call.turns > 3"}, score={"deduct": 5, "dimension": "skill", "veto": "section"})
    assert "fails all of skill." in pages(folder(tmp_path, section))["house.md"]


def test_page_says_what_a_rule_means_and_costs(tmp_path: Path) -> None:
    text = page(tmp_path)
    for words in (
        "### 半夜\\<拨打\\> · Calls at night",
        "a person always decides. −15 points, each time, up to 30; fails the call.",
        "heard within 2 turns of each other, in the order call, then night: `call and night and not filter_*`",
        "`call`, from the agent: any of “打给你\\*”, “找你” (in the first 30 seconds of the call, words that ",
        "`night`, from the agent: a pattern of words (not where an exclusion is touched)",
        "`filter_asked`, from the customer: each of “请”, “打”",
        "- Found: agent: “打给你凌晨三点” (with `account.old = true`)",
        "- Not found: customer: “打给你” / agent: “好”",
        "- Known gap: 昨天晚上",
        "- Not yet right: gap",
        "- Known false alarm: the radio",
        "precision 0.90, recall 0.50 on made-up calls (2026-11-01)",
        "- The call's facts: `call.turns > 3`",
    ):
        assert words in text, words
    assert text.index("## Compliance: critical") < text.index("## Service: major")


def test_only_sources_that_were_read_are_shown(tmp_path: Path) -> None:
    text = page(tmp_path)
    assert "Reference: Law, 12 (V1)" in text
    assert "Hearsay" not in text
    assert "No mark" not in text


@pytest.mark.parametrize("name", ["cn-collections.md", "uk-collections.md", "us-collections.md"])
def test_pages_that_ship_cite_nothing_unverified(name: str) -> None:
    """Every clause line is one that the catalogue lets be cited, or says that it is policy."""
    root = bundled("rules")
    text = (root.parent / "docs" / "rules" / name).read_text(encoding="utf-8")
    raw = json.loads((root / "requirements.json").read_text(encoding="utf-8"))["requirements"]
    known = {r["id"] for r in raw}
    catalogue = load_catalogue(root)
    clauses = [line for line in text.splitlines() if line.startswith("- Clause ")]
    assert clauses
    for line in clauses:
        requirement = catalogue.get(line.split("`")[1])
        assert requirement is not None
        assert requirement.id in known
        assert line.count("(V1)") + line.count("(V2)") >= len(requirement.citations)
        assert bool(requirement.citations) != line.endswith("house policy, no source to cite")
        assert "unverified" not in line


@pytest.mark.parametrize(
    ("spec", "says"),
    [
        ({"phrases": [f"w{n}" for n in range(15)]}, "“w11” and 3 more"),
        ({"lexicon": ["rude"], "count": 3}, "a word of the list `rude` (at least 3 times in all)"),
        ({"regex": ["a", "b"], "speaker": "any"}, "from anybody: one of 2 patterns of words"),
    ],
)
def test_selection_in_words(spec: dict[str, object], says: str) -> None:
    assert says in selection(SelectionSpec.model_validate(spec), "agent")


def test_a_flow_is_told_step_by_step(tmp_path: Path) -> None:
    select = {name: {"phrases": [name]} for name in ("greet", "verify", "wrong")}
    steps = [{"name": "greet"}, {"name": "verify", "skip_if": "wrong", "required_if": "call.turns > 3"}]
    match = {"select": select, "flow": {"steps": steps}}
    text = pages(folder(tmp_path, rule(match)))["house.md"]
    assert (
        "for each step that is missing or comes too early: `greet`, then `verify` (only where `call.turns > 3`) "
        "(not where `wrong`)"
    ) in text


def test_every_turn_is_told(tmp_path: Path) -> None:
    match = {"select": {"polite": {"phrases": ["please"]}}, "every_turn": True}
    assert "for each turn in which this is **not** heard: `polite`" in pages(folder(tmp_path, rule(match)))["house.md"]


@pytest.mark.parametrize("family", FAMILIES)
def test_every_family_has_words(family: str) -> None:
    given = {
        "silence": {"at_least_s": 3}, "rate": {"above": 300}, "talk": {"share_above": 0.5}, "length": {"below_s": 9},
        "hold": {"at_least_s": 9}, "similar": {"to": ["x"]}, "entity": {"kind": ["phone"]}, "loudness": {"step_db": 6},
        "signal": {"label": "insult"}, "between": {"start": "a", "end": "b", "above_s": 3},
    }.get(family, {})  # fmt: skip
    spec = SelectionSpec.model_validate({family: given})
    assert selection(spec, "agent").removeprefix("from the agent: ") not in ("", "nothing")


@pytest.mark.parametrize(
    ("spec", "says"),
    [
        (
            {"silence": {"at_least_s": 3, "kept_by": "customer", "except_phrases": ["稍等"]}},
            "from the customer: a silence of at least 3 seconds before they speak, unless any of “稍等” was said in "
            "the turn before it",
        ),
        (
            {"silence": {"at_least_s": 3, "not_first_turn": "off"}},
            "from the agent: a silence of at least 3 seconds before they speak, before the first words of the call too",
        ),
        (
            {"repeat": {"except": ["你好", "谢谢"]}},
            "from the agent: the same sentence (80 % of its characters or words alike) said 3 times within 10 turns, "
            "sentences with any of “你好”, “谢谢” left out; sentences of fewer than 4 characters or words do not count",
        ),
        (
            {"repeat": {"times": "$n", "within_turns": 1, "alike": 0.925, "at_least_units": 1}},
            "the same sentence (92.5 % of its characters or words alike) said $n times within 1 turn",
        ),
        ({"similar": {"to": ["x y"]}}, "a sentence whose words are at least 70 % like one of “x y”"),
        (
            {"similar": {"to": ["x y"], "at_least": 0.9, "meaning": True}},
            "a sentence that says much the same as one of “x y” (nearness 0.9 of 1)",
        ),
        ({"signal": {"label": "insult"}}, "a classifier's signal “insult”, as sure as this label asks for"),
        ({"signal": {"label": "insult", "at_least": 0.5}}, "a classifier's signal “insult”, at least 50 % sure"),
        ({"signal": {"label": "insult", "at_least": "$sure"}}, "“insult”, at least $sure sure"),
        (
            {"rate": {"above": 300, "below": "$slow"}},
            "more than 300 or fewer than $slow characters (Mandarin) or words a minute over a turn of at least 3 "
            "seconds",
        ),
        (
            {"rate": {"above": "$fast", "per": "call"}},
            "more than $fast characters (Mandarin) or words a minute over the whole call",
        ),
        (
            {"hold": {"at_least_s": 1, "kind": ["music", "tone"]}},
            "at least 1 second in which nobody speaks: hold music or tones",
        ),
        (
            {"loudness": {"step_db": 6, "raised": True}},
            "a turn at least 6 dB louder than this side's usual one; and a raised voice (loudness and pitch both well "
            "above this side's usual ones)",
        ),
        ({"talk": {"share_above": 0.5, "share_below": "$few"}}, "more than 50 % or less than $few of all speech"),
        (
            {"between": {"start": "a", "end": "b", "above_s": 3, "every": True}},
            "`b` comes more than 3 seconds after each hit of `a`",
        ),
        ({"phrases": ["x"], "within_first_turns": 1}, "“x” (in the first turn of the call)"),
        (
            {"phrases": ["US"], "case": True},
            "from the agent: any of “US” (only with capital and small letters as written here)",
        ),
        (
            {"phrases": ["x"], "around": {"of": "a", "which": 2, "before_turns": 1, "after_s": 4}},
            "(only where it lies at most 1 turn before or at most 4 seconds after hit number 2 of `a`)",
        ),
        (
            {"phrases": ["x"], "around": {"of": "a", "which": "every", "before_turns": "$n", "before_s": 1.5}},
            "(only where it lies at most $n turns and 1.5 seconds before every hit of `a`, and none if one of them "
            "has nothing so near)",
        ),
        (
            {"phrases": ["x"], "around": {"of": "a", "after_turns": 2}},
            "(only where it lies at most 2 turns after a hit of `a`)",
        ),
        (
            {"phrases": ["x"], "around": {"of": "a", "which": "last", "after_turns": 2}},
            "(only where it lies at most 2 turns after the last hit of `a`)",
        ),
    ],
)
def test_limits_and_exceptions_are_told(spec: dict[str, object], says: str) -> None:
    told = selection(SelectionSpec.model_validate(spec), "agent")
    assert told == says if says.startswith("from") else told.endswith(says)


def test_values_of_the_pack_stand_beside_the_rule_that_uses_them(tmp_path: Path) -> None:
    named = {
        "few": {"value": 2, "source": "product default", "note": "turns"},
        "few_more": {"value": 9, "source": "nobody"},
        "late": {"value": 22.0, "source": "Law 7", "mark": "V1"},
        "open": {"value": True, "source": "hearsay", "mark": "unverified"},
    }
    match = {
        "select": {"x": {"phrases": ["a"], "within_first_turns": "$few"}, "y": {"phrases": ["b"]}},
        "within": {"turns": 1},
        "facts": "hour > $late and $open",
    }
    other = rule({"select": {"x": {"phrases": ["a"], "within_first_turns": "$few_more"}}}, id="H-2")
    text = pages(folder(tmp_path, rule(match), other, pack={"lexicons": {}, "parameters": named}))["house.md"]
    assert (
        "- The pack sets, and a plan may set otherwise: `$few` is 2 (turns); `$late` is 22 (Law 7, V1); "
        "`$open` is true\n"
    ) in text
    assert "- The pack sets, and a plan may set otherwise: `$few_more` is 9\n" in text
    assert "heard within 1 turn of each other" in text


def test_a_selection_tells_which_gates_it_switches(tmp_path: Path) -> None:
    off, on = {"quotation": "off", "negation": "off"}, {"negation": "on"}
    select = {
        "own": {"phrases": ["a"], "gates": {**off}},
        "as_rule": {"phrases": ["b"], "gates": {"quotation": "off", "conditional": "on"}},
        "back": {"similar": {"to": ["c d"]}, "gates": {"quotation": "on", "conditional": "off"}},
        "sound": {"hold": {"at_least_s": 9}},
        "filter_off": {"phrases": ["d"], "gates": {**off}},
        "filter_on": {"phrases": ["e"], "gates": on},
    }
    gates = {"quotation": "off", "conditional": "on"}
    text = pages(folder(tmp_path, rule({"select": select}, gates=gates)))["house.md"]
    for line in (
        "  - `own`, from the agent: any of “a” (counts also where it is denied)",
        "  - `as_rule`, from the agent: any of “b”",
        "  - `back`, from the agent: a sentence whose words are at least 70 % like one of “c d” (counts also where it "
        "is stated as a possible lawful consequence, does not count where it is quoted)",
        "  - `sound`, from the agent: at least 9 seconds in which nobody speaks",
        "  - `filter_off`, from the agent: any of “d”",
        "  - `filter_on`, from the agent: any of “e” (does not count where it is denied)",
        "- What is said counts also where it is quoted; does not count where it is stated as a possible lawful "
        "consequence",
    ):
        assert line in text.splitlines(), line


def test_gates_left_as_they_are_are_not_told(tmp_path: Path) -> None:
    usual = {"quotation": "on", "negation": "on", "conditional": "off"}
    for number, match in enumerate(
        ({"select": {"x": {"phrases": ["a"]}}}, {"select": {"x": {"hold": {"at_least_s": 9}}}})
    ):
        gates = usual if not number else {"quotation": "off"}
        (tmp_path / str(number)).mkdir()
        assert "count" not in pages(folder(tmp_path / str(number), rule(match, gates=gates)))["house.md"]
