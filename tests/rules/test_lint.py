"""``qa rules check``: planted mistakes are all found, and a sound folder has none."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml

from qa_service.errors import RuleError
from qa_service.rules.lint import check
from qa_service.rules.lock import read_lock, write_lock
from tests.rules.building import add_cue, folder, rule

WORDS: dict[str, Any] = {"select": {"x": {"phrases": ["shut up"]}}}
TWO: dict[str, Any] = {"select": {"x": {"phrases": ["shut up"]}, "y": {"phrases": ["hello"]}}}
EXAMPLES = [
    {"name": "one", "expect": "hit", "turns": [{"agent": "shut up"}]},
    {"name": "two", "expect": "hit", "turns": [{"agent": "now shut up"}], "evidence": "shut up"},
    {"name": "three", "expect": "hit", "turns": [{"agent": "shut up now"}]},
    {"name": "four", "expect": "clean", "turns": [{"customer": "shut up"}], "near_miss": True},
    {"name": "five", "expect": "clean", "turns": [{"agent": "we shut at five"}]},
    {"name": "six", "expect": "clean", "turns": [{"agent": "fine"}]},
]


def stable(**more: Any) -> dict[str, Any]:
    return rule(**{"match": WORDS, "status": "stable", "examples": EXAMPLES, **more})


def house(root: Path, *rules: dict[str, Any], **more: Any) -> Path:
    """A locked folder without unused names."""
    pack = {"lexicons": {}, "parameters": {}, **more}
    folder(root, *rules, pack=pack)
    write_lock(root)
    return root


def test_sound_folder_has_no_problem(tmp_path: Path) -> None:
    assert check(house(tmp_path, stable())) == ()


@pytest.mark.parametrize("match", [{"condition": "x and not y"}, {"condition": "not y", "absent": True}])
def test_denials_that_are_looked_at_beside_words_or_as_absences_are_no_mistake(
    tmp_path: Path, match: dict[str, Any]
) -> None:
    found = check(house(tmp_path, stable(match={**TWO, **match})))
    assert not [p for p in found if "denial" in p.message]


def example(**more: Any) -> dict[str, Any]:
    return stable(examples=[*EXAMPLES, {"name": "new", "expect": "hit", "turns": [{"agent": "hello"}], **more}])


@pytest.mark.parametrize(
    ("spec", "says"),
    [
        (example(), "should be hit, is clean"),
        (example(expect="clean", turns=[{"agent": "shut up"}]), "should be clean, is hit"),
        (example(turns=[{"agent": "shut up"}], evidence="be quiet"), "evidence should hold"),
        (example(expect="hit_todo", turns=[{"agent": "shut up"}]), "gap is closed"),
        (stable(requirements=["US-NOTHING-1"]), "not in the catalogue"),
        (stable(match={**TWO, "condition": "x or not y"}), "a denial alone finds nothing"),
        (stable(match={**TWO, "condition": "not (x and y)"}), "a denial alone finds nothing"),
        (stable(match={**TWO, "condition": "x or not y", "facts": "overdue_days > 3"}), "a denial alone finds nothing"),
        (stable(requirements=[]), "cites no requirement"),
        (stable(examples=EXAMPLES[:2]), "3 hits and 3 cleans"),
        (stable(examples=[{**e, "near_miss": False} for e in EXAMPLES]), "near miss"),
        (stable(match={"select": {"x": {"phrases": ["shut up", "be quiet"]}}}), "no example touches 'be quiet'"),
        (
            stable(match={"select": {"x": {"phrases": ["shut up"]}, "y": {"phrases": ["now"]}}, "condition": "x"}),
            "selection 'y' is not used",
        ),
    ],
)
def test_planted_mistake_is_found(tmp_path: Path, spec: dict[str, Any], says: str) -> None:
    problems = check(house(tmp_path, spec))
    assert any(says in str(p) for p in problems), problems
    assert all(p.file == "house/h-1.yaml" and (p.line, p.column) != (1, 1) for p in problems)


def test_a_phonetic_word_that_no_rule_has(tmp_path: Path) -> None:
    match = {"select": {"x": {"phrases": ["shut up"], "not_phrases": ["garnish"]}}}
    problems = check(house(tmp_path, stable(match=match), phonetic=["garnish", "bailiff"]))
    (problem,) = (p for p in problems if "phonetic" in p.message)
    assert problem.file == "house/pack.yaml"
    assert "'bailiff' is listed as phonetic and in no phrase or pattern" in problem.message


def test_unused_names_of_the_pack(tmp_path: Path) -> None:
    more = {
        "lexicons": {"rude": ["fool"]},
        "patterns": {"shrug": ["so what"]},
        "parameters": {"cap": {"value": 1, "source": "house"}},
    }
    problems = [str(p) for p in check(house(tmp_path, stable(), **more))]
    assert any("lexicon 'rude'" in p for p in problems)
    assert any("pattern 'shrug'" in p for p in problems)
    assert any("parameter 'cap'" in p for p in problems)


PLACED = """\
id: H-1
title: a rule
version: 1
status: stable
severity: major
requirements: [US-1692D-2, US-NOTHING-1]
match:
  select:
    x:
      phrases: [shut up, be quiet]
      lexicon: [rude]
    y: {phrases: [now]}
  condition: x
message: m
score: {deduct: 10}
examples:
  - {name: one, expect: hit, turns: [{agent: shut up}]}
  - {name: two, expect: hit, turns: [{agent: hello}]}
  - {name: three, expect: clean, near_miss: true, turns: [{customer: shut up now}]}
"""


def test_problems_stand_at_the_very_key_or_item(tmp_path: Path) -> None:
    """The line and column are what an editor jumps to."""
    root = folder(tmp_path, pack={"parameters": {}})
    path = root / "house" / "h-1.yaml"
    path.write_text(PLACED, encoding="utf-8")
    found = {(p.line, p.column): p.message for p in check(root) if p.file == "house/h-1.yaml"}
    lines = PLACED.splitlines()
    pointed = {lines[line - 1][column - 1 :].partition(":")[0]: message for (line, column), message in found.items()}
    assert {key: message.split(" ")[0] for key, message in pointed.items()} == {
        "1": "version",  # not locked
        "US-NOTHING-1]": "requirement",
        "be quiet]": "no",  # dead phrase
        "rude]": "no",  # dead lexicon
        "now]}": "no",
        "y": "selection",
        "two, expect": "example",
        "examples": "a",  # too few
    }


def test_a_parameter_whose_name_begins_that_of_another_is_not_used_by_it(tmp_path: Path) -> None:
    match = {"select": {"x": {"phrases": ["shut up"], "within_first_s": "$open_s"}}}
    values = {name: {"value": 9, "source": "product default"} for name in ("open", "open_s")}
    assert [p.message for p in check(house(tmp_path, stable(match=match), parameters=values))] == [
        "parameter 'open' is not used by any rule"
    ]


def test_unused_names_and_plans_stand_at_their_keys(tmp_path: Path) -> None:
    root = house(tmp_path, stable(), lexicons={"rude": ["fool"]}, parameters={"cap": {"value": 1, "source": "house"}})
    (root / "house" / "lexicons").mkdir()
    (root / "house" / "lexicons" / "kind.yaml").write_text("- dear\n", encoding="utf-8")
    plan = "plans:\n- name: a\n  title: a\n  packs: [house, nowhere]\n  parameters: {left: 1}\n"
    (root / "plans" / "all.yaml").write_text(plan, encoding="utf-8")
    found = {(p.file, p.line, p.column): p.message for p in check(root)}
    text = (root / "house" / "pack.yaml").read_text(encoding="utf-8").splitlines()
    rude, cap = (next(i for i, line in enumerate(text, 1) if line.strip() == f"{n}:") for n in ("rude", "cap"))
    assert found.keys() == {
        ("house/pack.yaml", rude, 3),
        ("house/pack.yaml", cap, 3),
        ("house/lexicons/kind.yaml", 1, 1),
        ("plans/all.yaml", 4, 18),
        ("plans/all.yaml", 5, 16),
    }


def test_id_used_in_two_packs_is_a_problem_of_the_second(tmp_path: Path) -> None:
    root = house(tmp_path, stable())
    other = root / "other"
    other.mkdir()
    (other / "pack.yaml").write_text("name: other\nversion: '1'\ntitle: o\nlanguages: [en]\n", encoding="utf-8")
    (other / "again.yaml").write_text((root / "house" / "h-1.yaml").read_text(encoding="utf-8"), encoding="utf-8")
    (problem,) = check(root)
    assert (problem.file, problem.line, problem.column) == ("other/again.yaml", 1, 5)
    assert "house/h-1.yaml" in problem.message


def test_every_broken_file_is_named_not_only_the_first(tmp_path: Path) -> None:
    root = house(tmp_path, stable())
    (root / "house" / "a.yaml").write_text("id: [", encoding="utf-8")
    (root / "house" / "b.yaml").write_text("title: no id\n", encoding="utf-8")
    assert {p.file for p in check(root)} == {"house/a.yaml", "house/b.yaml"}


def test_changed_behaviour_needs_a_new_version(tmp_path: Path) -> None:
    root = house(tmp_path, stable())
    folder(tmp_path, stable(severity="minor"), pack={"lexicons": {}, "parameters": {}})
    assert "behaviour changed" in str(check(root)[0])
    with pytest.raises(RuleError, match="behaviour changed"):
        write_lock(root)
    folder(tmp_path, stable(severity="minor", version=2), pack={"lexicons": {}, "parameters": {}})
    assert "not locked yet" in str(check(root)[0])
    assert write_lock(root).rules == 1
    assert check(root) == ()


def test_id_that_is_gone_may_never_come_back(tmp_path: Path) -> None:
    root = house(tmp_path, stable(), stable(id="H-2"))
    (root / "house" / "h-2.yaml").unlink()
    write_lock(root)
    assert read_lock(root).retired == {"H-2"}
    folder(tmp_path, stable(), stable(id="H-2", version=5), pack={"lexicons": {}, "parameters": {}})
    assert "retired" in str(check(root)[0])


MEASURED = {"precision": 0.93, "recall": 0.7, "on": "400 calls of May", "date": "2026-11-20"}


@pytest.mark.parametrize("before", ["test", "draft"])
def test_rule_on_trial_becomes_stable_only_with_what_was_measured(tmp_path: Path, before: str) -> None:
    root = house(tmp_path, stable(status=before))
    bare = {"lexicons": {}, "parameters": {}}
    folder(tmp_path, stable(version=2), pack=bare)
    (wanted, _) = check(root)
    assert "nothing was measured" in wanted.message
    assert (root / wanted.file).read_text(encoding="utf-8").splitlines()[wanted.line - 1] == "status: stable"
    with pytest.raises(RuleError, match="nothing was measured"):
        write_lock(root)
    folder(tmp_path, stable(version=2, measured=MEASURED), pack=bare)
    write_lock(root)
    assert check(root) == ()
    folder(tmp_path, stable(version=2), pack=bare)  # known as stable now: what was measured may be moved elsewhere
    assert check(root) == ()


def test_lock_without_statuses_asks_for_nothing(tmp_path: Path) -> None:
    """Locks of earlier versions did not keep them."""
    root = house(tmp_path, stable(status="test"))
    raw = json.loads((root / "lock.json").read_text(encoding="utf-8"))
    del raw["rules"]["H-1"]["status"]
    (root / "lock.json").write_text(json.dumps(raw), encoding="utf-8")
    folder(tmp_path, stable(version=2), pack={"lexicons": {}, "parameters": {}})
    assert ["not locked yet" in p.message for p in check(root)] == [True]


def test_changed_gates_are_to_be_locked(tmp_path: Path) -> None:
    root = house(tmp_path, stable())
    add_cue(root / "gates" / "en.yaml", "perchance")
    (problem,) = check(root)
    assert problem.file == "gates/en.yaml"
    assert "the gates of en changed" in problem.message
    assert "qa rules lock" in problem.hint
    write_lock(root)
    assert check(root) == ()


def test_a_lock_without_gates_asks_for_nothing(tmp_path: Path) -> None:
    """Locks of earlier versions did not keep them."""
    root = house(tmp_path, stable())
    raw = json.loads((root / "lock.json").read_text(encoding="utf-8"))
    assert set(raw.pop("gates")) == {"en", "zh"}
    (root / "lock.json").write_text(json.dumps(raw), encoding="utf-8")
    add_cue(root / "gates" / "en.yaml", "perchance")
    assert check(root) == ()


def test_draft_needs_no_lock_and_no_requirement_yet(tmp_path: Path) -> None:
    root = house(tmp_path, stable())
    folder(tmp_path, rule(WORDS, id="H-2", status="draft", requirements=[]), pack={"lexicons": {}, "parameters": {}})
    assert check(root) == ()


def test_broken_lock_and_plans_are_problems(tmp_path: Path) -> None:
    root = house(tmp_path, stable())
    (root / "plans" / "all.yaml").write_text(
        yaml.safe_dump({"plans": [{"name": "a", "title": "a", "packs": ["nowhere"]}]}), encoding="utf-8"
    )
    assert any("nowhere" in str(p) for p in check(root))
    (root / "lock.json").write_text(json.dumps({"rules": 3}), encoding="utf-8")
    assert any(p.file == "lock.json" for p in check(root))


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        ({"packs": ["house"], "parameters": {"nothing": 1}}, "none of its packs has"),
        ({"packs": ["house"], "parameters": {"wait_s": True}}, "is no number"),
        ({"overlay": True, "when": {"product": ["card"]}, "parameters": {"wait_s": "long"}}, "is no number"),
        ({"overlay": True, "when": {"product": ["card"]}, "parameters": {"wait_s": 2.5}}, "there is no plan"),
    ],
)
def test_parameters_of_plans_and_overlays(tmp_path: Path, entry: dict[str, Any], message: str) -> None:
    pack = {"lexicons": {}, "parameters": {"wait_s": {"value": 10, "source": "house"}}}
    select = {"x": {"phrases": ["shut up"], "within_first_s": "$wait_s"}}
    root = folder(tmp_path, stable(match={"select": select}), pack=pack)
    write_lock(root)
    (root / "plans" / "all.yaml").write_text(
        yaml.safe_dump({"plans": [{"name": "a", "title": "a", **entry}]}), encoding="utf-8"
    )
    assert any(message in str(p) for p in check(root))


def test_empty_folder_is_a_problem(tmp_path: Path) -> None:
    assert any("no pack" in str(p) for p in check(tmp_path))


@pytest.mark.parametrize(
    ("moved", "mend"),
    [
        ("house/h-1.yml", "Rename it to h-1.yaml"),
        ("house/h-1.YAML", "Rename it to h-1.yaml"),
        ("house/sub/h-1.yaml", "move it up into house."),
        ("house/lexicons/sub/words.yaml", "move it up into house/lexicons."),
        ("house/lexicons/words.yml", "Rename it to words.yaml"),
        ("plans/more.yml", "Rename it to more.yaml"),
        ("plans/sub/more.yaml", "move it up into plans."),
        ("other/pack.yml", "Rename it to pack.yaml"),
        ("group/other/pack.yaml", "move group/other up"),
        ("h-1.yaml", "Move it into the folder of a pack."),
        ("drafts/h-1.yaml", "or write drafts/pack.yaml"),
        ("drafts/old/h-1.yml", "Move it into the folder of a pack"),
    ],
)
def test_a_file_that_nobody_would_read(tmp_path: Path, moved: str, mend: str) -> None:
    root = house(tmp_path, stable())
    locked = (root / "lock.json").read_text(encoding="utf-8")
    (root / moved).parent.mkdir(parents=True, exist_ok=True)
    source = root / "house" / "h-1.yaml"
    if "h-1" in moved:
        source.rename(root / moved)
    else:
        (root / moved).write_text(source.read_text(encoding="utf-8"), encoding="utf-8")
    problem = next(p for p in check(root) if "not read" in p.message)
    assert problem.file == moved
    assert mend in problem.hint
    with pytest.raises(RuleError, match="not read"):
        write_lock(root)
    assert (root / "lock.json").read_text(encoding="utf-8") == locked


def test_other_files_in_a_pack_are_left_alone(tmp_path: Path) -> None:
    root = house(tmp_path, stable())
    (root / "house" / "coverage.md").write_text("what it judges", encoding="utf-8")
    (root / "notes").mkdir()
    (root / "notes" / "old.yml").write_text("a: 1", encoding="utf-8")
    (root / ".git").mkdir()
    (root / ".git" / "pack.yml").write_text("a: 1", encoding="utf-8")
    assert check(root) == ()


def test_a_pack_without_a_rule(tmp_path: Path) -> None:
    (problem,) = check(folder(tmp_path, pack={"lexicons": {}, "parameters": {}}))
    assert problem.file == "house/pack.yaml"
    assert "has no rule" in problem.message


def test_gates_that_are_not_there(tmp_path: Path) -> None:
    root = house(tmp_path, stable())
    shutil.rmtree(root / "gates")
    (problem,) = check(root)
    assert problem.file == "house/pack.yaml"
    assert "needs gates for 'en'" in problem.message
    assert "gates/en.yaml" in problem.hint


def test_a_plan_sets_a_number_that_no_rule_can_count_with(tmp_path: Path) -> None:
    match = {"select": {"x": {"phrases": ["shut up"]}}, "within": {"turns": "$s"}}
    root = house(tmp_path, stable(match=match), parameters={"s": {"value": 3, "source": "house"}})
    plan = {"name": "all", "title": "all calls", "packs": ["house"], "parameters": {"s": -30}}
    (root / "plans" / "all.yaml").write_text(yaml.safe_dump({"plans": [plan]}), encoding="utf-8")
    (problem,) = check(root)
    assert (problem.file, problem.line, problem.column) == ("plans/all.yaml", 6, 5)
    assert "sets 's' to -30, which should be greater than 0" in problem.message
    assert "H-1" in problem.hint


@pytest.mark.parametrize(
    ("pack", "says"),
    [
        ({"languages": ["en"]}, "about calls in en zh, any and is about en, any now"),
        ({"jurisdiction": "US"}, "about calls in en zh, any and is about en zh, US now"),
    ],
)
def test_a_pack_of_other_languages_or_country_changes_its_rules(
    tmp_path: Path, pack: dict[str, Any], says: str
) -> None:
    root = house(tmp_path, stable())
    folder(root, stable(), pack={"lexicons": {}, "parameters": {}, **pack})
    (problem,) = check(root)
    assert (problem.file, problem.line) == ("house/h-1.yaml", 3)
    assert says in problem.message
    with pytest.raises(RuleError, match="its version is still 1"):
        write_lock(root)
    folder(root, stable(version=2), pack={"lexicons": {}, "parameters": {}, **pack})
    write_lock(root)
    assert check(root) == ()


def test_a_lock_of_before_knows_no_languages(tmp_path: Path) -> None:
    root = house(tmp_path, stable())
    content = json.loads((root / "lock.json").read_text(encoding="utf-8"))
    del content["rules"]["H-1"]["calls"]
    (root / "lock.json").write_text(json.dumps(content), encoding="utf-8")
    folder(root, stable(), pack={"lexicons": {}, "parameters": {}, "languages": ["en"]})
    assert check(root) == ()
