"""What thresholds cost and give: F1 and alarms on hard negatives, by the two numbers of classify/calibrate.py.

    python scripts/choose_thresholds.py [--models models] [--seed 0]

Only the turns that thresholds are chosen from are read: thresholds are chosen on one half of them, counted on the
other, both ways round, several times over.
"""

from __future__ import annotations

import argparse
import random
from pathlib import Path

import conduct_data as data
import conduct_weights as weights
import numpy as np

from qa_service.classify import calibrate
from qa_service.classify.create import create_classifier
from qa_service.classify.labels import CONDUCT, told_of
from qa_service.settings import Settings

PRECISIONS, LEASTS, HALVINGS = (0.86, 0.88, 0.9, 0.92), (0.4, 0.5, 0.55, 0.6, 0.65), 12


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--models", type=Path, default=weights.SHIPPED.parent)
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    classifier = create_classifier(Settings(models_dir=args.models, classifier="onnx", device="cpu"))
    assert classifier is not None
    rows = data.own(weights.data_folder(), "choose")
    plain = [r.example for r in rows]
    damage, chance = data.damager(weights.data_folder()), random.Random(args.seed)
    heard = [e for _ in range(weights.HEARD) for e in data.damaged(plain, damage, chance)]
    chances = classifier.chances([e.passage for e in plain + heard])[:, : len(CONDUCT)]
    twice = np.array([*list(range(len(plain))) * weights.HEARD, *range(len(plain), len(chances))])
    of = twice % len(plain)
    held = np.array([[label in e.labels for label in CONDUCT] for e in plain])[of]
    may = np.array([[label in told_of(e.passage.turn.speaker) for label in CONDUCT] for e in plain])[of]
    hard = np.array([bool(r.hard) and r.hard != "ordinary" for r in rows])[of]
    chances = np.where(may, chances[twice], 0.0)
    print("| precision | least | F1 | precision | recall | alarms on hard negatives |\n|---|---|---|---|---|---|")
    for precision in PRECISIONS:
        for least in LEASTS:
            found = []
            draw = np.random.default_rng(args.seed)
            for _ in range(HALVINGS):
                half = (draw.random(len(plain)) < weights.HALF)[of]
                found += [counted(chances, held, may, hard, side, precision, least) for side in (half, ~half)]
            told = " | ".join(f"{x:.3f}" for x in np.mean(found, 0))
            print(f"| {precision} | {least} | {told} |", flush=True)


def counted(
    chances: np.ndarray, held: np.ndarray, may: np.ndarray, hard: np.ndarray, side: np.ndarray, precision: float,
    least: float,
) -> tuple[float, float, float, float]:  # fmt: skip
    """F1, precision and recall (means over labels) and the share of alarms, of thresholds from ``side`` on the rest."""
    each, wrong = [], np.zeros(len(chances), bool)
    for at in range(len(CONDUCT)):
        mine = side & may[:, at]
        told = chances[:, at] >= calibrate.threshold(
            chances[mine, at], held[mine, at], precision=precision, least=least
        )
        told &= may[:, at]
        wrong |= told & ~held[:, at]
        right = int((told & held[:, at] & ~side).sum())
        said, truly = max(1, int(told[~side].sum())), max(1, int(held[~side, at].sum()))
        each.append((2 * right / (said + truly), right / said, right / truly))
    f1, exact, recall = np.mean(each, 0)
    return float(f1), float(exact), float(recall), float(wrong[~side & hard].mean())


if __name__ == "__main__":
    main()
