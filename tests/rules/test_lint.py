"""``qa rules check``: planted mistakes are all found, and a sound folder has none."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from qa_service.errors import RuleError
from qa_service.rules.lint import check
from qa_service.rules.lock import read_lock, write_lock
from tests.rules.building import folder, rule

WORDS: dict[str, Any] = {"select": {"x": {"phrases": ["shut up"]}}}
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
    assert all(p.file == "house/h-1.yaml" and p.line >= 1 for p in problems)


def test_unused_names_of_the_pack(tmp_path: Path) -> None:
    more = {"lexicons": {"rude": ["fool"]}, "parameters": {"cap": {"value": 1, "source": "house"}}}
    problems = [str(p) for p in check(house(tmp_path, stable(), **more))]
    assert any("lexicon 'rude'" in p for p in problems)
    assert any("parameter 'cap'" in p for p in problems)


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
    assert write_lock(root) == 1
    assert check(root) == ()


def test_id_that_is_gone_may_never_come_back(tmp_path: Path) -> None:
    root = house(tmp_path, stable(), stable(id="H-2"))
    (root / "house" / "h-2.yaml").unlink()
    write_lock(root)
    assert read_lock(root).retired == {"H-2"}
    folder(tmp_path, stable(), stable(id="H-2", version=5), pack={"lexicons": {}, "parameters": {}})
    assert "retired" in str(check(root)[0])


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
