"""Train the wide part: logistic regression for each label over the features of qa_service/classify/wide.py."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from safetensors.numpy import save_file
from scipy.sparse import csr_matrix
from sklearn.linear_model import LogisticRegression

from qa_service.classify.labels import CONDUCT, told_of
from qa_service.classify.training import Example
from qa_service.classify.wide import COLUMNS, Wide, grams, key

SEEN, STRENGTH = 13, 6.0
"""A feature must be in so many passages (each turn is there three times); inverse strength of the regularisation."""


def train(examples: Sequence[Example]) -> Wide:
    """Each label is learned from the turns of the side that it is about."""
    counts: Counter[int] = Counter()
    for example in examples:
        counts.update({key(family, gram) for family, found in grams(example.passage) for gram in found})
    keys = np.array(sorted(k for k, n in counts.items() if n >= SEEN), np.uint32)
    rarity = np.array([np.log((1 + len(examples)) / (1 + counts[int(k)])) + 1 for k in keys], np.float32)
    empty = np.zeros((len(keys), len(COLUMNS)), np.int8)
    blank = Wide(keys, rarity, empty, np.ones(len(COLUMNS), np.float32), np.zeros(len(COLUMNS), np.float32))
    table = _table(blank, examples)
    weights = np.zeros((len(keys), len(COLUMNS)), np.float32)
    bias = np.zeros(len(COLUMNS), np.float32)
    speakers = [e.passage.turn.speaker for e in examples]
    for at, label in enumerate(CONDUCT):
        rows = [i for i, speaker in enumerate(speakers) if label in told_of(speaker)]
        held = np.array([label in examples[i].labels for i in rows])
        if held.all() or not held.any():
            raise SystemExit(f"no two kinds of turns to learn {label} from")
        model = LogisticRegression(C=STRENGTH, solver="liblinear", random_state=0).fit(table[rows], held)
        weights[:, at], bias[at] = model.coef_[0], model.intercept_[0]
    scale = np.maximum(np.abs(weights).max(0) / 127, 1e-9).astype(np.float32)
    return Wide(keys, rarity, np.rint(weights / scale).astype(np.int8), scale, bias)


def write(wide: Wide, file: Path) -> None:
    names = ("keys", "rarity", "weights", "scale", "bias")
    save_file({name: np.ascontiguousarray(getattr(wide, name)) for name in names}, file)


def _table(wide: Wide, examples: Sequence[Example]) -> csr_matrix:
    found = [wide.features(e.passage) for e in examples]
    starts = np.cumsum([0, *(len(places) for places, _ in found)])
    columns = np.concatenate([places for places, _ in found])
    values = np.concatenate([values for _, values in found])
    return csr_matrix((values, columns, starts), shape=(len(examples), len(wide.keys)))
