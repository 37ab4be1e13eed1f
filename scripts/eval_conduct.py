"""Score the conduct classifier on turns and comments that it never learned from.

    python scripts/eval_conduct.py --public FOLDER [--models models] [--runtime onnx|torch] [--json OUT.json]

- Our own test part: author batches drawn by lot before anything was trained (scripts/conduct_data.py). For each label
  precision, recall and F1 at the threshold of card.json, and average precision over all thresholds (the area under the
  precision-recall curve, whose points go into ``--json``); the same after speech damage.
- Hard negatives: turns of the test part that look like a label which does not hold. An alarm is any label of the
  speaker told that does not hold.
- COLD: the half of its dev part that was used for nothing else, at the threshold of 0.5.
- Groups: alarms over neutral sentences that name a trade, an origin, an age or use a dialect's words.
"""

from __future__ import annotations

import argparse
import json
import random
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import conduct_data as data
import numpy as np
from conduct_groups import sentences

from qa_service.classify.create import create_classifier
from qa_service.classify.labels import AGENT_FAULTS, CONDUCT, OFFENSIVE, OUTPUTS, told_of
from qa_service.classify.passages import Passage, Said
from qa_service.settings import Settings

SEED = 2026


class Scored:
    """Turns of the test part with what was told of each. ``told`` and ``held``: bool, (turns, conduct labels)."""

    def __init__(self, rows: Sequence[data.Labelled], chances: np.ndarray, thresholds: np.ndarray) -> None:
        self.rows = rows
        self.chances = chances[:, : len(CONDUCT)]
        speakers = [set(told_of(r.example.passage.turn.speaker)) for r in rows]
        may = np.array([[label in known for label in CONDUCT] for known in speakers])
        self.chances = np.where(may, self.chances, 0.0)
        self.told = self.chances >= thresholds[: len(CONDUCT)]
        self.held = np.array([[label in r.example.labels for label in CONDUCT] for r in rows])

    def per_label(self, which: Sequence[bool] | None = None) -> dict[str, dict[str, Any]]:
        chosen = np.ones(len(self.rows), bool) if which is None else np.array(which)
        return {
            label: _figures(self.chances[chosen, i], self.told[chosen, i], self.held[chosen, i])
            for i, label in enumerate(CONDUCT)
        }

    def alarms(self) -> dict[str, dict[str, Any]]:
        """Of hard negatives by kind: turns, and turns of which something was told that does not hold."""
        found: dict[str, list[bool]] = defaultdict(list)
        wrong = (self.told & ~self.held).any(1)
        for row, alarm in zip(self.rows, wrong, strict=True):
            if row.hard and row.hard != "ordinary":
                found[row.hard].append(bool(alarm))
                found["all"].append(bool(alarm))
        return {kind: {"turns": len(v), "alarms": sum(v), "rate": sum(v) / len(v)} for kind, v in sorted(found.items())}


def _figures(chances: np.ndarray, told: np.ndarray, held: np.ndarray) -> dict[str, Any]:
    right = int((told & held).sum())
    precision = right / max(1, int(told.sum()))
    recall = right / max(1, int(held.sum()))
    order = np.argsort(-chances, kind="stable")
    hits = held[order]
    at = np.cumsum(hits) / np.arange(1, len(hits) + 1)
    curve = [
        [round(float(r), 3), round(float(p), 3)] for r, p in zip(np.cumsum(hits) / max(1, hits.sum()), at, strict=True)
    ]
    return {
        "held": int(held.sum()),
        "told": int(told.sum()),
        "precision": precision,
        "recall": recall,
        "f1": 2 * right / max(1, int(told.sum()) + int(held.sum())),
        "average_precision": float((at * hits).sum() / max(1, hits.sum())),
        "curve": curve[:: max(1, len(curve) // 50)],
    }


def macro(figures: dict[str, dict[str, Any]], what: str = "f1") -> float:
    return float(np.mean([f[what] for f in figures.values() if f["held"]]))


def main() -> None:
    args = _arguments()
    classifier = create_classifier(Settings(models_dir=args.models, classifier=args.runtime, device="cpu"))
    assert classifier is not None
    card = json.loads((args.models / "conduct" / "card.json").read_text(encoding="utf-8"))["labels"]
    thresholds = np.array([card[label]["threshold"] for label in OUTPUTS])
    folder = args.models / "conduct" / "data"
    rows = data.own(folder, "test")
    plain = [r.example for r in rows]
    heard = data.damaged(plain, data.damager(folder), random.Random(SEED))
    found: dict[str, Any] = {"model": classifier.info.model_dump()}
    for name, examples in (("text", plain), ("damaged", heard)):
        scored = Scored(rows, classifier.chances([e.passage for e in examples]), thresholds)
        found[name] = _report(name, scored)
    found["cold"] = _cold(classifier, args.public)
    found["groups"] = _groups(classifier, thresholds)
    if args.json:
        args.json.write_text(json.dumps(found, ensure_ascii=False, indent=1), encoding="utf-8")


def _report(name: str, scored: Scored) -> dict[str, Any]:
    by_language = {
        language: scored.per_label([r.language == language for r in scored.rows]) for language in ("zh", "en")
    }
    figures = scored.per_label()
    print(f"\n## {name}: {len(scored.rows)} turns\n")
    print("| label | held | precision | recall | F1 | average precision | F1 zh | F1 en |")
    print("|---|---|---|---|---|---|---|---|")
    for label, f in figures.items():
        languages = " | ".join(f"{by_language[lang][label]['f1']:.2f}" for lang in ("zh", "en"))
        told = f"{f['precision']:.2f} | {f['recall']:.2f} | {f['f1']:.2f} | {f['average_precision']:.2f}"
        print(f"| {label} | {f['held']} | {told} | {languages} |")
    means = " | ".join(f"{macro(figures, w):.3f}" for w in ("precision", "recall", "f1", "average_precision"))
    languages = " | ".join(f"{macro(by_language[lang]):.3f}" for lang in ("zh", "en"))
    print(f"| **mean of labels** | {int(scored.held.sum())} | {means} | {languages} |")
    alarms = scored.alarms()
    print("\n| hard negatives | turns | alarms | rate |\n|---|---|---|---|")
    for kind, a in alarms.items():
        print(f"| {kind} | {a['turns']} | {a['alarms']} | {a['rate']:.3f} |")
    return {"labels": figures, "macro_f1": macro(figures), "by_language": {k: macro(v) for k, v in by_language.items()},
            "alarms": alarms}  # fmt: skip


def _cold(classifier: Any, public: Path) -> dict[str, float]:
    examples = data.cold(public / "cold_train_dev.jsonl", "score")
    told = classifier.chances([e.passage for e in examples])[:, OUTPUTS.index(OFFENSIVE)] >= 0.5
    held = np.array([OFFENSIVE in e.labels for e in examples])
    f1 = [2 * (a & b).sum() / (a.sum() + b.sum()) for a, b in ((told, held), (~told, ~held))]
    figures = {"comments": len(held), "accuracy": float((told == held).mean()), "macro_f1": float(np.mean(f1))}
    print(f"\n## COLD, {len(held)} comments: accuracy {figures['accuracy']:.3f}, macro-F1 {figures['macro_f1']:.3f}")
    return figures


def _groups(classifier: Any, thresholds: np.ndarray) -> dict[str, dict[str, Any]]:
    """Alarms over neutral sentences, by who is spoken of or how it is said."""
    at = [OUTPUTS.index(label) for label in AGENT_FAULTS]
    found: dict[str, dict[str, Any]] = {}
    print("\n| neutral sentences of | turns | alarms | rate |\n|---|---|---|---|")
    for group, texts in sentences().items():
        chances = classifier.chances([Passage(Said(t, "agent")) for t in texts])[:, at]
        alarms = int((chances >= thresholds[at]).any(1).sum())
        found[group] = {"turns": len(texts), "alarms": alarms, "rate": alarms / len(texts)}
        print(f"| {group} | {len(texts)} | {alarms} | {alarms / len(texts):.3f} |")
    return found


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--public", type=Path, required=True)
    parser.add_argument("--models", type=Path, default=Path(__file__).parent.parent / "models")
    parser.add_argument("--runtime", choices=["onnx", "torch"], default="onnx")
    parser.add_argument("--json", type=Path)
    return parser.parse_args()


if __name__ == "__main__":
    main()
