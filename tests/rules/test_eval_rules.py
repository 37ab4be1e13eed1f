"""scripts/eval_rules.py: what it counts, and what it never shows."""

from __future__ import annotations

import importlib
import json
import sys
from pathlib import Path
from types import ModuleType

import pytest

from qa_service.records import Role
from tests.conftest import ROOT
from tests.rules.building import folder, rule

SCRIPTS = Path(__file__).resolve().parent.parent.parent / "scripts"
ENTRY = {
    "id": "US-1692D-2",
    "jurisdiction": "US",
    "violations": ["shut up now", "shut up, secret", "be quiet"],
    "near_misses": ["we shut at five", "please shut up secret"],
}


@pytest.fixture(name="script")
def _script(scripts: None) -> ModuleType:
    return importlib.import_module("eval_rules")


def test_summary_then_a_table_by_requirement_without_words_of_the_even_half(
    script: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    root = folder(tmp_path / "rules", rule({"select": {"x": {"phrases": ["shut up"]}}}))
    catalogue = tmp_path / "catalogue.json"
    catalogue.write_text(json.dumps([ENTRY]), encoding="utf-8")
    monkeypatch.setenv("QA_RULES_DIR", str(root))
    monkeypatch.setenv("QA_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("QA_CLASSIFIER", "off")  # what is counted is told by words alone

    def lines(*options: str) -> list[str]:
        monkeypatch.setattr(sys, "argv", ["eval_rules.py", str(catalogue), *options])
        assert script.main() == 0
        return capsys.readouterr().out.splitlines()

    summary = lines()
    assert summary[0] == "US   violations odd     cited   1/  2 = 0.500   not assessed 0"
    assert len(summary) == 4
    table = lines("--by-requirement")
    assert table[:4] == summary
    assert table[-1] == "| US-1692D-2 | 1 / 2 | 1 / 1 | 0 / 1 | 1 / 1 |"
    assert table[-3] == "| requirement | violations odd | violations even | near misses odd | near misses even |"
    told = "\n".join(lines("--by-requirement", "--verbose"))
    assert "be quiet" in told
    assert "secret" not in told


def test_batches_of_single_utterances_are_counted_together_and_what_they_say_of_the_case_is_a_note(
    script: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    barred = rule({"select": {"x": {"phrases": ["we will sue"]}}, "facts": "account.sol_expired == true"})
    monkeypatch.setenv("QA_RULES_DIR", str(folder(tmp_path / "rules", barred)))
    monkeypatch.setenv("QA_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("QA_CLASSIFIER", "off")
    row = {"requirement": "US-1692D-2", "kind": "v", "text": "we will sue"}
    batches = [[{**row, "case": "statute barred"}, row], [{**row, "kind": "n"}]]
    for number, rows in enumerate(batches):
        written = "".join(json.dumps(each) + "\n" for each in rows)
        (tmp_path / f"{number}.jsonl").write_text(written, encoding="utf-8")
    monkeypatch.setattr(sys, "argv", ["eval_rules.py", str(tmp_path / "0.jsonl"), str(tmp_path / "1.jsonl")])
    assert script.main() == 0
    told = capsys.readouterr().out.splitlines()
    assert [line.split(" = ")[0].split()[-3:] for line in told] == [
        ["cited", "1/", "1"], ["cited", "0/", "1"], ["cited", "0/", "1"], ["cited", "0/", "0"],
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("utterance", "country", "facts"),
    [
        ("We'll sue. (barred)", "US", {"account": {"sol_expired": True, "statute_barred": True}}),
        ("We'll sue. (not barred)", "UK", {"account": {"sol_expired": False, "statute_barred": False}}),
        ("Pay now. (NY, no judgment)", "US", {"account": {"judgment": False}, "jurisdiction": "US-NY", "state": "NY"}),
        (
            "传票寄了。 (无案件)",
            "CN",
            {"account": dict.fromkeys(("lawsuit_filed", "legal_referral", "proceedings_issued"), False)},
        ),
        ("We have a judgment (I think) now.", "US", {}),  # said, not noted
        ("Pay. (rude)", "US", {}),
        ("[first-party CA] Pay.", "US", {"first_party": True, "jurisdiction": "US-CA", "state": "CA"}),
        ("Here I am. (consent to call on file)", "US", {"extra": {"callback_agreed": True, "time_consent": True}}),
        ("Here I am. (no consent to a callback)", "US", {}),
    ],
)
def test_notes_are_facts(script: ModuleType, utterance: str, country: str, facts: dict[str, object]) -> None:
    assert script.facts_in(utterance, country) == facts


def test_a_clock_in_front_is_when_the_call_began(script: ModuleType) -> None:
    facts = script.facts_in("[22:07 外呼接通] 您好", "CN")
    assert facts["started_at"].isoformat() == "2026-11-18T22:07:00+08:00"
    assert script.facts_in("[9:45 p.m.] Hello", "US")["started_at"].hour == 21
    assert [text for _, text in script.turns_of("[22:07 外呼接通] 您好 (约好)")] == ["您好"]
    assert script.turns_of("[21:59 接通]") == []


@pytest.mark.parametrize(
    "file", sorted((SCRIPTS / "utterances").glob("**/*.json")), ids=lambda f: f"{f.parent.name}-{f.stem}"
)
def test_shipped_utterances_are_of_known_requirements_and_each_once(file: Path, script: ModuleType) -> None:
    known = {
        r["id"] for r in json.loads((ROOT / "rules/requirements.json").read_text(encoding="utf-8"))["requirements"]
    }
    entries = script._entries(file)
    assert {e["id"] for e in entries} <= known
    said = [u for e in entries for kind in script.KINDS for u in e[kind]]
    assert len(said) == len(set(said)) > 100
    assert all(script.turns_of(u) for u in said)


@pytest.mark.parametrize("language", ["zh", "en"])
def test_shipped_personal_data_is_of_known_requirements_and_each_once(language: str) -> None:
    known = {r["id"] for r in json.loads((ROOT / "rules/requirements.json").read_text("utf-8"))["requirements"]}
    entries = json.loads((SCRIPTS / "personal" / f"{language}.json").read_text("utf-8"))["requirements"]
    assert {e["id"] for e in entries} <= {r for r in known if r.startswith("PII-")}
    said = [u for e in entries for kind in ("violations", "near_misses") for u in e[kind]]
    assert len(said) == len(set(said)) > 100


@pytest.mark.parametrize(
    ("utterance", "turns"),
    [
        ("[first-party CA] Pay today.", [(Role.AGENT, "Pay today.")]),
        ("[Third party] Who is it? [Agent] A friend.", [(Role.CUSTOMER, "Who is it?"), (Role.AGENT, "A friend.")]),
        ("【第三人】你是谁?【坐席】他朋友。", [(Role.CUSTOMER, "你是谁?"), (Role.AGENT, "他朋友。")]),
    ],
)
def test_marks_say_who_speaks(script: ModuleType, utterance: str, turns: list[tuple[Role, str]]) -> None:
    assert script.turns_of(utterance) == turns
