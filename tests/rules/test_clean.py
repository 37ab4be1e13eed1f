"""Clean calls stay clean, but for a listed set of known hits; and the list holds nothing that is not so."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from qa_service.rules.checks.clean import LEAST_TURNS, CleanCall
from qa_service.rules.lint import check
from qa_service.rules.lock import write_lock
from qa_service.rules.source import read_source, validate
from qa_service.settings import bundled
from tests.rules.building import folder, rule
from tests.rules.test_lint import stable

FACTS = {"jurisdiction": "US", "direction": "outbound"}


def with_call(root: Path, *said: str, **more: Any) -> Path:
    """A locked folder with one rule and one clean call of ``said`` and small talk."""
    folder(root, stable(), pack={"lexicons": {}, "parameters": {}})
    write_lock(root)
    turns = [{"agent": words} for words in said] + [{"customer": "fine"} for _ in range(LEAST_TURNS - len(said))]
    call = {"title": "a call", "language": "en", "facts": FACTS, "turns": turns, **more}
    (root / "clean").mkdir()
    (root / "clean" / "one.yaml").write_text(yaml.safe_dump(call, sort_keys=False), encoding="utf-8")
    return root


def line_of(root: Path, problem: Any) -> str:
    return (root / problem.file).read_text(encoding="utf-8").splitlines()[problem.line - 1][problem.column - 1 :]


def test_accused_call_is_a_problem_at_its_turn(tmp_path: Path) -> None:
    root = with_call(tmp_path, "good morning", "please shut up the box")
    (problem,) = check(root)
    assert "H-1 accuses a clean call: “shut up” (confirmed)" in problem.message
    assert "please shut up the box" in line_of(root, problem)


def test_a_missing_step_is_named(tmp_path: Path) -> None:
    root = with_call(tmp_path, "good morning")
    steps = ("identify", "verify")
    select = {name: {"phrases": [f"{name} it"]} for name in steps}
    flow = {"select": select, "flow": {"steps": [{"name": name} for name in steps]}}
    spec = rule(flow, id="H-2", status="test")
    (root / "house" / "script.yaml").write_text(yaml.safe_dump(spec, sort_keys=False), encoding="utf-8")
    write_lock(root)
    told = [problem.message for problem in check(root) if "H-2 accuses" in problem.message]
    assert [message.rpartition("missing: ")[2] for message in told] == ["identify)", "verify)"]


def test_known_hit_is_let_pass_and_must_still_happen(tmp_path: Path) -> None:
    known = [{"rule": "H-1", "quote": "shut", "why": "of a box"}, {"rule": "H-1", "quote": "quiet", "why": "mended"}]
    root = with_call(tmp_path, "please shut up the box", known_hits=known)
    (problem,) = check(root)
    assert "happens no more" in problem.message
    assert problem.line > line_of_text(root, "of a box")


def line_of_text(root: Path, text: str) -> int:
    lines = (root / "clean" / "one.yaml").read_text(encoding="utf-8").splitlines()
    return next(i for i, line in enumerate(lines, 1) if text in line)


def test_call_that_no_plan_covers_and_one_too_short_are_problems(tmp_path: Path) -> None:
    root = with_call(tmp_path, facts={"jurisdiction": "FR"})
    plan = {"name": "us", "title": "t", "packs": ["house"], "when": {"jurisdiction": "US"}}
    (root / "plans" / "all.yaml").write_text(yaml.safe_dump({"plans": [plan]}), encoding="utf-8")
    call = {"title": "short", "language": "en", "facts": FACTS, "turns": [{"agent": "hello"}]}
    (root / "clean" / "two.yaml").write_text(yaml.safe_dump(call), encoding="utf-8")
    uncovered, short = check(root)
    assert line_of(root, uncovered) == "FR"
    assert short.file == "clean/two.yaml"


def test_corpus_that_ships_covers_every_pack() -> None:
    """At least twelve calls of fifteen turns, in both languages, with facts whole enough to judge frequency."""
    paths = sorted((bundled("rules") / "clean").glob("*.yaml"))
    calls = [validate(read_source(path, path.name), CleanCall) for path in paths]
    assert len(calls) >= 12
    assert {call.facts["jurisdiction"] for call in calls} == {"CN", "US", "UK"}
    assert {call.facts["direction"] for call in calls} == {"inbound", "outbound"}
    assert all(call.facts.get("history") for call in calls)


def test_a_misspelt_fact_is_told_in_clean_calls_and_examples(tmp_path: Path) -> None:
    """It would be judged without them, and pass for the wrong reason."""
    root = with_call(tmp_path, "good morning", facts={**FACTS, "account": {"bared": True}})
    described = {"zh": "已过时效", "en": "barred", "holds": "switch"}
    (root / "facts.yaml").write_text(yaml.safe_dump({"facts": {"barred": described}}), encoding="utf-8")
    rule = root / "house" / "h-1.yaml"
    text = rule.read_text(encoding="utf-8").replace("match:", "applies_to: {facts: not account.barred}\nmatch:", 1)
    text = text.replace("expect: hit\n", "expect: not_assessed\n  facts: {calle_role: debtor}\n", 1)
    rule.write_text(text, encoding="utf-8")
    found = {f"{p.message} — {p.hint}": line_of(root, p) for p in check(root) if "may be meant" in p.message}
    assert found == {
        "no rule asks for extra.calle_role; callee_role may be meant — Write callee_role.": "calle_role: debtor}",
        "no rule asks for account.bared; barred may be meant — Write barred.": "bared: true",
    }
