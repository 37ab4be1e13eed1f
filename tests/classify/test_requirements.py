"""What single requirements are learned from, and that each of them has a rule that listens."""

from __future__ import annotations

import json
import re
from collections import Counter
from pathlib import Path

import pytest

from qa_service.classify.labels import (
    CONDUCT,
    OUTPUTS,
    REQUIREMENTS,
    REQUIREMENTS_CN,
    REQUIREMENTS_UK,
    REQUIREMENTS_US,
    requirements_of,
)
from qa_service.rules.source import read_source
from tests.classify.fakes import classifier
from tests.classify.test_data import NEAR_COPY, _grams, folded
from tests.classify.test_turns import turns
from tests.conftest import ROOT

FILES = sorted((ROOT / "models" / "conduct" / "data" / "requirements").glob("*.jsonl"))
RULES = ROOT / "rules"


def rows(files: list[Path] = FILES) -> list[dict]:
    return [json.loads(line) for file in files for line in file.read_text(encoding="utf-8").splitlines()]


@pytest.mark.parametrize("file", FILES, ids=lambda f: f.stem)
def test_each_utterance_is_of_the_place_of_its_file(file: Path) -> None:
    for row in rows([file]):
        assert set(row) == {"requirement", "kind", "text", "case"}
        assert row["requirement"].startswith(f"{file.stem.split('-')[0].upper()}-")
        assert row["kind"] in ("v", "n")
        assert row["text"].strip()
        assert not re.search(r"(?<!\d)(?:1[3-9]\d{9}|\d{16,19})(?!\d)", row["text"])


def test_each_requirement_has_enough_of_several_authors() -> None:
    learned = [f for f in FILES if not f.stem.endswith("-a")]
    breaks = Counter(r["requirement"] for r in rows(learned) if r["kind"] == "v")
    nearly = Counter(r["requirement"] for r in rows(learned) if r["kind"] == "n")
    for requirement in REQUIREMENTS:
        assert breaks[requirement] >= 20, requirement
        assert nearly[requirement] >= 12, requirement


def test_what_rules_are_scored_on_has_no_near_copy_in_what_is_learned() -> None:
    learned = [_grams(folded(r["text"])) for r in rows()]
    where: dict[str, set[int]] = {}
    for at, grams in enumerate(learned):
        for gram in grams:
            where.setdefault(gram, set()).add(at)
    scored = ROOT / "scripts" / "utterances"
    for file in sorted([*scored.glob("*.json"), *(scored / "terse").glob("*.json")]):
        for entry in json.loads(file.read_text(encoding="utf-8"))["requirements"]:
            for utterance in entry["violations"] + entry["near_misses"]:
                own = _grams(folded(utterance))
                shared = Counter(at for gram in own for at in where.get(gram, ()))
                closest = max((n / len(own | learned[at]) for at, n in shared.most_common(5)), default=0.0)
                assert closest < NEAR_COPY, entry["id"]


def test_each_requirement_has_a_rule_that_only_asks_a_person() -> None:
    heard = {}
    for file in sorted(RULES.glob("*-collections/breach-*.yaml")):
        rule = read_source(file, file.name).data
        labels = {part["signal"]["label"] for part in rule["match"]["select"].values() if "signal" in part}
        assert len(labels) == 1, file
        heard[labels.pop()] = rule
    assert set(heard) == set(REQUIREMENTS)
    for requirement, rule in heard.items():
        assert rule["requirements"] == [requirement]
        assert rule["outcome"] == "needs_review"
        assert rule["score"]["deduct"] == 0


def test_requirements_are_of_the_agent_in_the_language_of_their_country() -> None:
    assert requirements_of("agent", "你今天还不还") == (REQUIREMENTS_CN,)
    assert requirements_of("agent", "Pay today") == (REQUIREMENTS_US, REQUIREMENTS_UK)
    assert not requirements_of("customer", "你今天还不还")
    assert not requirements_of("unknown", "Pay today")
    assert not set(REQUIREMENTS) & set(CONDUCT)
    assert len(set(OUTPUTS)) == len(OUTPUTS)


def test_a_requirement_is_told_of_an_agent_with_the_words_that_carried_it() -> None:
    made, _ = classifier({"爆你通讯录": ("CN-THIRD-03", 3.0), "warrant": ("US-1692E-4", 3.0)})
    (found,) = made.signals([turns("今晚就爆你通讯录", "你爆你通讯录试试")])
    assert [(s.turn, s.label) for s in found if s.told] == [(0, "CN-THIRD-03")]
    assert "爆" in "".join(next(s for s in found if s.told).words)
    (found,) = made.signals([turns("有个 warrant 等着你")])
    assert not [s for s in found if s.told], "an American requirement on Mandarin"


def test_only_the_likeliest_of_each_country_are_told() -> None:
    sure = {"CN-THREAT-01": 3.0, "CN-THIRD-03": 2.5, "CN-VISIT-01": 2.0, "CN-TONE-01": 1.5}
    made, _ = classifier({word: (label, logit) for word, (label, logit) in zip("甲乙丙丁", sure.items(), strict=True)})
    (found,) = made.signals([turns("甲乙丙丁")])
    assert {s.label for s in found if s.told} == {"CN-THREAT-01", "CN-THIRD-03"}
