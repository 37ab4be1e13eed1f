"""The whole calls that ship for training, and what is learned of them."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path

import pytest

from qa_service.classify.labels import REQUIREMENTS_CN, REQUIREMENTS_UK, REQUIREMENTS_US
from qa_service.records import CallFacts
from tests.conftest import ROOT

pytestmark = pytest.mark.usefixtures("scripts")
FILES = sorted((ROOT / "models" / "conduct" / "data" / "calls").glob("*.jsonl"))
#: Stock sentences of customers, a mailbox and the law, and one date of birth, which two authors both wrote.
SAID_BY_ANYBODY = {
    "dependswhatyoureafter", "speakingwhoisthisplease", "yourmessagehasbeensavedgoodbye", "dependswhodoyouworkfor",
    "whatsthatsupposedtomean", "marchnintheightyeight", "youarespeakingwithher",
    "thankyouthisisanattempttocollectadebtandanyinformationobtainedwillbeusedforthatpurpose",
}  # fmt: skip
SCORED = sorted((ROOT / "scripts" / "calls").glob("*/*.json"))


def calls(file: Path) -> list[dict]:
    return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]


def folded(text: str) -> str:
    return re.sub(r"\W", "", text.lower())


@pytest.mark.parametrize("file", FILES, ids=lambda f: f.stem)
def test_each_call_is_labelled_turn_by_turn(file: Path) -> None:
    known = {
        r["id"] for r in json.loads((ROOT / "rules" / "requirements.json").read_text(encoding="utf-8"))["requirements"]
    }
    found = calls(file)
    assert len(found) >= 20
    assert sum(not (c["expected"]["violations"] or c["expected"]["missing"]) for c in found) >= len(found) // 3
    for call in found:
        assert call["jurisdiction"] == file.stem.split("-")[0].upper()
        CallFacts.model_validate({"started_at": call["meta"]["started_at"]})
        said = {label for t in call["turns"] for label in t.get("labels", ())}
        assert said == set(call["expected"]["violations"]), call["call_id"]
        assert said <= known
        assert all(t["role"] in ("agent", "customer") for t in call["turns"])
        text = " ".join(t["text"] for t in call["turns"])
        assert not re.search(r"(?<!\d)(?:1[3-9]\d{9}|\d{16,19})(?!\d)", text), call["call_id"]


def test_no_turn_is_one_of_the_calls_that_are_scored() -> None:
    scored = {folded(t["text"]) for f in SCORED for t in json.loads(f.read_text(encoding="utf-8"))["turns"]}
    learned = {folded(t["text"]) for f in FILES for c in calls(f) for t in c["turns"]}
    assert len(SCORED) >= 50
    shared = {text for text in scored & learned if len(text) > 20}
    assert shared <= SAID_BY_ANYBODY
    turns = [t for f in FILES for c in calls(f) for t in c["turns"] if folded(t["text"]) in shared]
    assert not any(t.get("labels") or t.get("also") for t in turns)  # no fault is learned from what is scored


def test_a_turn_is_learned_answered_and_not_yet(tmp_path: Path) -> None:
    import call_data

    call = {
        "call_id": "X", "language": "en", "jurisdiction": "US",
        "meta": {"started_at": "2026-11-10T22:00:00-05:00"},
        "turns": [
            {"role": "agent", "text": "Hello, this is late.", "labels": ["US-1692C-A1"], "also": []},
            {"role": "customer", "text": "It is."},
            {"role": "agent", "text": "You will lose the house.", "labels": ["US-1692E-4"], "also": ["US-1692E-5"]},
        ],
        "expected": {"violations": ["US-1692E-4"], "missing": ["US-1692E-11"]},
    }  # fmt: skip
    (tmp_path / "us-x.jsonl").write_text(json.dumps(call) + "\n", encoding="utf-8")
    (file, hello), (_, unanswered), (_, threat) = call_data.examples(tmp_path)
    assert file == "us-x"
    assert hello.passage.after is not None
    assert (unanswered.passage.after, unanswered.known) == (None, hello.known)
    # Nobody says whether the words alone break the rule about hours, nor where what is missing should have stood.
    assert hello.labels == frozenset()
    assert hello.known == frozenset(REQUIREMENTS_US) - {"US-1692C-A1", "US-1692E-11"}
    assert threat.labels == {"US-1692E-4"}
    assert threat.passage.before is not None
    assert threat.known == frozenset(REQUIREMENTS_US) - {"US-1692C-A1", "US-1692E-11", "US-1692E-5"}


def test_the_calls_can_be_inspected_and_scored(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import call_data

    from qa_service.intake.transcript import read_transcript

    monkeypatch.setattr(sys, "argv", ["call_data.py", str(tmp_path), "--of", "uk"])
    call_data.main()
    written = sorted(tmp_path.glob("*.json"))
    assert len(written) == sum(len(calls(f)) for f in FILES if f.stem.startswith("uk"))
    for file in written:
        _, transcript = read_transcript(file)
        expected = json.loads(file.read_text(encoding="utf-8"))["expected"]
        assert transcript.turns[-1].end_s > transcript.turns[0].start_s
        assert expected["clean"] is not bool(expected["violations"] or expected["missing"] or expected["metadata"])


def test_a_turn_without_any_fault_breaks_no_rule_of_its_language(tmp_path: Path) -> None:
    import call_data

    call = {
        "call_id": "X", "language": "en", "jurisdiction": "UK", "meta": {"started_at": "2026-11-10T12:00:00+00:00"},
        "turns": [{"role": "agent", "text": "Take all the time you need.", "labels": [], "also": []}],
        "expected": {"violations": [], "missing": []},
    }  # fmt: skip
    (tmp_path / "uk-x.jsonl").write_text(json.dumps(call) + "\n", encoding="utf-8")
    [(_, kind)] = call_data.examples(tmp_path)
    assert kind.known == {*REQUIREMENTS_US, *REQUIREMENTS_UK}
    assert not kind.known & set(REQUIREMENTS_CN)
