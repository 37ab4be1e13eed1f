"""What the classifier learns from and is scored on: public comments, and our own turns with their author batches."""

from __future__ import annotations

import hashlib
import json
import random
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from qa_service.classify.damage import Damage
from qa_service.classify.labels import OFFENSIVE
from qa_service.classify.passages import Passage, Said
from qa_service.classify.training import Example


def lines(path: Path) -> Iterator[dict]:
    with path.open(encoding="utf-8") as file:
        yield from (json.loads(line) for line in file if line.strip())


def comment(text: str, offensive: bool) -> Example:
    return Example(Passage(Said(text)), frozenset({OFFENSIVE} if offensive else ()), public=True)


def cold(path: Path, part: str) -> list[Example]:
    """``train``, or one half of the set's own dev split: ``choose`` for thresholds, ``score`` for what is published."""
    rows = [r for r in lines(path) if r["split"] == ("train" if part == "train" else "dev")]
    if part != "train":
        rows = [r for r in rows if _half(r["text"]) == part]
    return [comment(r["text"], bool(r["offensive"])) for r in rows]


def english(folder: Path, seed: int) -> list[Example]:
    """Balanced English comments: Davidson et al. without its marks of Twitter, and Surge AI's."""
    by_class: dict[bool, list[Example]] = {True: [], False: []}
    for row in lines(folder / "davidson_en.jsonl"):
        text = re.sub(r"&#?\w+;|\bRT\b|https?\S+|@\w+", " ", row["text"]).strip(" :")
        if text:
            by_class[row["class"] != "neither"].append(comment(text, row["class"] != "neither"))
    random.Random(seed).shuffle(by_class[True])
    davidson = by_class[False] + by_class[True][: len(by_class[False])]
    return davidson + [comment(r["text"], bool(r["toxic"])) for r in lines(folder / "surge_toxicity_en.jsonl")]


def _half(text: str) -> str:
    return "score" if hashlib.sha256(text.encode()).digest()[0] % 2 else "choose"


# Our own turns: one file for each author batch.

#: Author batches for scoring and for thresholds, drawn by lot before anything was trained; all others are learned from.
TEST = ("zh-b1", "zh-c2", "en-a1")
CHOOSE = ("zh-e1", "en-b2")


@dataclass(frozen=True, slots=True)
class Labelled:
    """One of our turns. ``hard``: the kind of hard negative, ``near``: the label it could be mistaken for."""

    id: str
    batch: str
    example: Example
    hard: str
    near: str

    @property
    def language(self) -> str:
        return self.batch[:2]


def own(folder: Path, part: str) -> list[Labelled]:
    """Turns of ``train``, ``choose`` or ``test``, in the order of their files."""
    of = {b: name for name, batches in (("test", TEST), ("choose", CHOOSE)) for b in batches}
    files = [f for f in sorted(folder.glob("*.jsonl")) if of.get(f.stem, "train") == part]
    return [_labelled(row, file.stem) for file in files for row in lines(file)]


def _labelled(row: dict, batch: str) -> Labelled:
    turn, before, after = Said(row["text"], row["speaker"]), _said(row["before"]), _said(row["after"])
    example = Example(Passage(turn, before, after), frozenset(row["labels"]))
    return Labelled(row["id"], batch, example, row["hard"], row["near"])


def _said(pair: list[str] | None) -> Said | None:
    return Said(pair[1], pair[0]) if pair else None


def joined(rows: list[Labelled], chance: random.Random, share: float = 0.25) -> list[Example]:
    """Their examples, a share of them with an ordinary sentence of the same speaker and language before or after: in
    calls, what matters stands among other things."""
    plain = [r for r in rows if r.hard == "ordinary"]
    pools = {(r.language, r.example.passage.turn.speaker): [] for r in rows}
    for row in plain:
        pools[row.language, row.example.passage.turn.speaker].append(row.example.passage.turn.text)
    return [_with_more(row, pools, chance) if chance.random() < share else row.example for row in rows]


def _with_more(row: Labelled, pools: dict, chance: random.Random) -> Example:
    turn = row.example.passage.turn
    others = [t for t in pools[row.language, turn.speaker] if t != turn.text]
    if not others:
        return row.example
    gap = " " if row.language == "en" else ""
    parts = [turn.text, chance.choice(others)]
    text = gap.join(parts if chance.random() < 0.5 else parts[::-1])
    return replace(row.example, passage=replace(row.example.passage, turn=Said(text, turn.speaker)))


def damager(folder: Path) -> Damage:
    """Speech damage with the characters and words of what is learned from."""
    return Damage(r.example.passage.turn.text for r in own(folder, "train"))


def damaged(examples: list[Example], damage: Damage, chance: random.Random, share: float = 1.0) -> list[Example]:
    return [replace(e, passage=damage.passage(e.passage, chance)) if chance.random() < share else e for e in examples]


def verdicts(file: Path | None) -> list[Labelled]:
    """What reviewers decided: lines of ``qa models export-labels`` with a verdict. Never part of what is scored."""
    turns: dict[str, dict] = {}
    for row in lines(file) if file else ():
        if row["verdict"] not in ("right", "wrong"):
            continue
        turn = turns.setdefault(row["id"], {**row, "labels": [], "hard": "reviewed", "near": ""})
        if row["verdict"] == "right":
            turn["labels"].append(row["label"])
            turn["hard"] = ""
        else:
            turn["near"] = row["label"]
    return [_labelled(turn, "zh-verdicts" if any("\u4e00" <= c <= "\u9fff" for c in turn["text"]) else "en-verdicts")
            for turn in turns.values()]  # fmt: skip
