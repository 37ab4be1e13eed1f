"""Train the linear models: logistic regression for each output over the features of qa_service/classify/wide.py.

    python scripts/conduct_wide.py [--out models/conduct] [--verdicts FILE.jsonl] [--seed N] [--card]

Run by itself it teaches those of requirements anew, beside the network that lies in the folder, and writes their share,
calibration and thresholds into its card (with ``--card`` that alone): for new utterances and calls, in a quarter of an
hour and without a GPU.
"""

from __future__ import annotations

import argparse
import json
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path

import numpy as np
from safetensors.numpy import save_file
from scipy.sparse import csr_matrix
from sklearn.linear_model import LogisticRegression

from qa_service.classify.labels import CONDUCT, told_of
from qa_service.classify.training import UNKNOWN, Example
from qa_service.classify.wide import COLUMNS, FILES, Counted, Wide, counted

SEEN, STRENGTH = 13, 6.0
"""A feature must be in so many passages (each turn is there three times); inverse strength of the regularisation."""
OFTEN = 12
"""The same for requirements, whose passages are there twice."""
KEPT = {"wide-zh.safetensors": 20_000, "wide-en.safetensors": 25_000}
"""Features that a model of requirements keeps, those that move its logits most: with all 170,000 of Mandarin its mean
average precision is the same, with all 65,000 of English half a point higher, and all that ships must be small."""


def train(examples: Sequence[Example]) -> Wide:
    """That of the labels: each is learned from the turns of the side that it is about."""
    passages = [counted(e.passage) for e in examples]
    blank = _blank(passages, [k for k, n in _counts(passages).items() if n >= SEEN], COLUMNS)
    speakers = [e.passage.turn.speaker for e in examples]
    targets = np.full((len(examples), len(COLUMNS)), UNKNOWN)
    for at, label in enumerate(CONDUCT):
        for i, speaker in enumerate(speakers):
            if label in told_of(speaker):
                targets[i, at] = label in examples[i].labels
    if one := [label for at, label in enumerate(CONDUCT) if not _both_kinds(targets[:, at])]:
        raise SystemExit(f"no two kinds of turns to learn {', '.join(one)} from")
    return _learned(blank, _table(blank, passages), targets)


def train_requirements(file: str, examples: Sequence[Example]) -> Wide:
    """One of requirements, of what is known of those that it reads: with all features, then with the weightiest."""
    columns = FILES[file]
    blank = _blank([], [], columns)
    examples = [e for e in examples if blank.reads(e.passage)]
    passages = [counted(e.passage) for e in examples]
    targets = np.array([_targets(e, columns) for e in examples])
    first = _blank(passages, [k for k, n in _counts(passages).items() if n >= OFTEN], columns)
    table = _table(first, passages)
    whole = _learned(first, table, targets)
    moves = np.abs(whole.weights * whole.scale).max(1) * np.sqrt(table.multiply(table).mean(0).A1)
    kept = first.keys[np.argsort(-moves, kind="stable")[: KEPT[file]]]
    small = _blank(passages, kept.tolist(), columns)
    return _learned(small, _table(small, passages), targets)


def write(wide: Wide, file: Path) -> None:
    names = ("keys", "rarity", "weights", "scale", "bias")
    save_file({name: np.ascontiguousarray(getattr(wide, name)) for name in names}, file)
    file.chmod(0o644)  # safetensors writes files that only their owner can read


def _counts(passages: Sequence[Counted]) -> Counter[int]:
    counts: Counter[int] = Counter()
    for passage in passages:
        counts.update({int(k) for _, keys, _ in passage for k in keys})
    return counts


def _blank(passages: Sequence[Counted], keys: Sequence[int], columns: tuple[str, ...]) -> Wide:
    """A model that knows these features and nothing of them."""
    counts = _counts(passages)
    ordered = np.array(sorted(keys), np.uint32)
    rarity = np.array([np.log((1 + len(passages)) / (1 + counts[int(k)])) + 1 for k in ordered], np.float32)
    empty = np.zeros((len(ordered), len(columns)), np.int8)
    return Wide(ordered, rarity, empty, np.ones(len(columns), np.float32), np.zeros(len(columns), np.float32), columns)


def _targets(example: Example, columns: tuple[str, ...]) -> list[int]:
    known = example.known or frozenset()
    return [int(name in example.labels) if name in known else UNKNOWN for name in columns]


def _learned(blank: Wide, table: csr_matrix, targets: np.ndarray) -> Wide:
    """``targets``: 1, 0 or ``UNKNOWN``, of shape (passages, columns). A column that never held, or always, stays 0."""
    asked = [at for at in range(len(blank.columns)) if _both_kinds(targets[:, at])]
    weights = np.zeros((len(blank.keys), len(blank.columns)), np.float32)
    bias = np.zeros(len(blank.columns), np.float32)
    with ProcessPoolExecutor() as pool:
        found = pool.map(partial(_fitted, table), [targets[:, at] for at in asked])
        for at, (coefficients, intercept) in zip(asked, found, strict=True):
            weights[:, at], bias[at] = coefficients, intercept
    scale = np.maximum(np.abs(weights).max(0) / 127, 1e-9).astype(np.float32)
    return Wide(blank.keys, blank.rarity, np.rint(weights / scale).astype(np.int8), scale, bias, blank.columns)


def _both_kinds(targets: np.ndarray) -> bool:
    return bool((targets == 1).any() and (targets == 0).any())


def _fitted(table: csr_matrix, targets: np.ndarray) -> tuple[np.ndarray, float]:
    known = targets != UNKNOWN
    model = LogisticRegression(C=STRENGTH, solver="liblinear", random_state=0).fit(table[known], targets[known] == 1)
    return model.coef_[0], float(model.intercept_[0])


def _table(wide: Wide, passages: Sequence[Counted]) -> csr_matrix:
    found = [wide.features(p) for p in passages]
    starts = np.cumsum([0, *(len(places) for places, _ in found)])
    columns = np.concatenate([places for places, _ in found])
    values = np.concatenate([values for _, values in found])
    return csr_matrix((values, columns, starts), shape=(len(passages), len(wide.keys)))


def main() -> None:
    import conduct_rows
    import conduct_weights

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=conduct_weights.SHIPPED)
    parser.add_argument("--verdicts", type=Path)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--card", action="store_true", help="keep the models, choose share and thresholds anew")
    args = parser.parse_args()
    examples = [] if args.card else conduct_rows.of_requirements(args.verdicts, args.seed)
    for file in () if args.card else KEPT:
        write(train_requirements(file, examples), args.out / file)
    card = json.loads((args.out / "card.json").read_text(encoding="utf-8"))
    shares, found = conduct_weights.of_requirements(conduct_weights.deep_of(args.out), args.out)
    card |= {"deep_requirements": shares[0], "wide_requirements": shares[1], "labels": card["labels"] | found}
    conduct_weights.write_card(card, args.out)
    conduct_weights.list_in_manifest(args.out)


if __name__ == "__main__":
    main()
