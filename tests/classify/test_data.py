"""The turns that ship for training: enough, varied, labelled by the rules of the card, and parts that do not leak."""

from __future__ import annotations

import json
import re
from collections import Counter
from pathlib import Path

import pytest

from qa_service.classify.labels import CONDUCT, told_of
from tests.conftest import ROOT

DATA = ROOT / "models" / "conduct" / "data"
FILES = sorted(DATA.glob("*.jsonl"))
HARD = {
    "quotation", "denial", "lawful", "policy", "customer_words", "self_abuse", "swear_thing", "banter", "right_party",
    "topic_word", "vague", "ask", "polite_refusal", "false_praise",
}  # fmt: skip
NEAR_COPY = 0.7


def rows(files: list[Path] = FILES) -> list[dict]:
    return [json.loads(line) for file in files for line in file.read_text(encoding="utf-8").splitlines()]


def folded(text: str) -> str:
    return re.sub(r"\W", "", text.lower())


def parts() -> dict[str, list[dict]]:
    source = (ROOT / "scripts" / "conduct_data.py").read_text(encoding="utf-8")
    named = {k: re.findall(r'"([\w-]+)"', v) for k, v in re.findall(r"^(TEST|CHOOSE) = \((.*)\)$", source, re.M)}
    of = {batch: part for part, batches in named.items() for batch in batches}
    found: dict[str, list[dict]] = {"TRAIN": [], "TEST": [], "CHOOSE": []}
    for file in FILES:
        found[of.get(file.stem, "TRAIN")] += rows([file])
    return found


def test_there_are_enough_of_each_language_and_label() -> None:
    languages = Counter(r["id"][:2] for r in rows())
    assert languages["zh"] >= 4000
    assert languages["en"] >= 1500
    labels = Counter(label for r in rows() for label in r["labels"])
    assert set(labels) == set(CONDUCT)
    assert min(labels.values()) >= 150


def test_close_to_half_are_hard_negatives_of_every_kind() -> None:
    hard = Counter(r["hard"] for r in rows())
    assert set(hard) == HARD | {"ordinary", ""}
    assert sum(hard[kind] for kind in HARD) > 0.4 * len(rows())
    assert min(hard[kind] for kind in HARD) >= 100


@pytest.mark.parametrize("file", FILES, ids=lambda f: f.stem)
def test_each_turn_is_labelled_as_the_card_says(file: Path) -> None:
    seen = set()
    for row in rows([file]):
        assert set(row) == {"id", "speaker", "text", "before", "after", "labels", "hard", "near"}, row["id"]
        assert row["id"].startswith(file.stem)
        assert row["id"] not in seen
        seen.add(row["id"])
        assert row["text"].strip()
        assert set(row["labels"]) <= set(told_of(row["speaker"])), row["id"]
        assert row["labels"] or row["hard"], row["id"]
        assert not row["near"] or row["near"] in set(CONDUCT) - set(row["labels"]), row["id"]
        for around in (row["before"], row["after"]):
            assert around is None or (around[0] in ("agent", "customer") and around[1].strip()), row["id"]


def test_what_is_scored_has_no_near_copy_in_what_is_learned() -> None:
    found = parts()
    assert all(len(found[part]) > 800 for part in found)
    learned: dict[str, set[int]] = {}
    grams = [_grams(folded(r["text"])) for r in found["TRAIN"]]
    for at, each in enumerate(grams):
        for gram in each:
            learned.setdefault(gram, set()).add(at)
    for row in found["TEST"] + found["CHOOSE"]:
        own = _grams(folded(row["text"]))
        if len(own) < 6:
            continue
        shared = Counter(at for gram in own for at in learned.get(gram, ()))
        closest = max((n / len(own | grams[at]) for at, n in shared.most_common(5)), default=0.0)
        assert closest < NEAR_COPY, row["id"]


def test_no_personal_numbers_in_them() -> None:
    """Invented ones have no form of a real one: 11 digits of a mobile, 16 to 19 of a card, 18 of an identity card."""
    for row in rows():
        assert not re.search(r"(?<!\d)(?:1[3-9]\d{9}|\d{16,19})(?!\d)", row["text"]), row["id"]


def _grams(text: str) -> set[str]:
    return {text[i : i + 3] for i in range(len(text) - 2)} or {text}
