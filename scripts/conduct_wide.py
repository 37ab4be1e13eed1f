"""Train the linear models: logistic regression for each output over the features of qa_service/classify/wide.py.

    python scripts/conduct_wide.py [--out models/conduct] [--verdicts FILE.jsonl] [--seed N] [--card | --precisions]

Run by itself it teaches those of requirements anew, beside the network that lies in the folder, and writes their share,
calibration and thresholds into its card (with ``--card`` that alone): for new utterances and calls, in a quarter of an
hour and without a GPU. ``--precisions`` changes nothing: it tells the mean average precision of the network, of the
linear models, of the nearest utterances, of the first two and of all, over the utterances and turns that thresholds are
chosen from, as written and damaged.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import tempfile
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path

import numpy as np
from safetensors.numpy import save_file
from scipy.sparse import csr_matrix
from sklearn.linear_model import LogisticRegression

from qa_service.classify.card import Files
from qa_service.classify.labels import CONDUCT, OUTPUTS, REQUIREMENTS, told_of
from qa_service.classify.stored import packed
from qa_service.classify.training import UNKNOWN, Example
from qa_service.classify.wide import COLUMNS, FILES, Counted, Wide, counted

SEEN, STRENGTH = 13, 6.0
"""A feature must be in so many passages (each turn is there three times); inverse strength of the regularisation."""
SEEN_TWICE = 12
"""The same for requirements, whose passages are there twice."""
MOST_PROCESSES = 8
"""Each holds the table of features: about a gigabyte."""
FEATURES = {"wide-zh.safetensors": 20_000, "wide-en.safetensors": 25_000}
"""Features that a model of requirements keeps, those that move its logits most: all that ships must be small."""


def train(examples: Sequence[Example]) -> Wide:
    """That of the labels: each is learned from the turns of the side that it is about."""
    passages = [counted(e.passage) for e in examples]
    counts = _counts(passages)
    blank = _blank(counts, len(passages), [k for k, n in counts.items() if n >= SEEN], COLUMNS)
    targets = np.full((len(examples), len(COLUMNS)), UNKNOWN)
    for i, example in enumerate(examples):
        for at, label in enumerate(CONDUCT):
            known = example.known is None or label in example.known
            if known and label in told_of(example.passage.turn.speaker):
                targets[i, at] = label in example.labels
    if one := [label for at, label in enumerate(CONDUCT) if not _both_kinds(targets[:, at])]:
        raise SystemExit(f"no two kinds of turns to learn {', '.join(one)} from")
    return _learned(blank, _table(blank, passages), targets)


def train_requirements(file: str, examples: Sequence[Example]) -> Wide:
    """One of requirements, of what is known of those that it reads: with all features, then with the weightiest."""
    columns = FILES[file]
    nothing = _blank(Counter(), 0, [], columns)
    examples = [e for e in examples if nothing.reads(e.passage)]
    passages = [counted(e.passage) for e in examples]
    counts = _counts(passages)
    seen = [k for k, n in counts.items() if n >= SEEN_TWICE]
    if not seen:
        raise SystemExit(f"too little to learn {file} from: {len(examples)} turns of agents in its language")
    print(f"{file}: {len(examples):,} passages, {len(seen):,} features seen often", flush=True)
    targets = np.array([_targets(e, columns) for e in examples])
    first = _blank(counts, len(passages), seen, columns)
    table = _table(first, passages)
    whole = _learned(first, table, targets)
    moves = np.abs(whole.weights * whole.scale).max(1) * np.sqrt(table.multiply(table).mean(0).A1)
    kept = first.keys[np.argsort(-moves, kind="stable")[: FEATURES[file]]]
    small = _blank(counts, len(passages), kept.tolist(), columns)
    return _learned(small, _table(small, passages), targets)


def write(wide: Wide, file: Path) -> None:
    names = ("keys", "rarity", "weights", "scale", "bias")
    save_file(packed({name: getattr(wide, name) for name in names}), file)
    file.chmod(0o644)  # safetensors writes files that only their owner can read


def _counts(passages: Sequence[Counted]) -> Counter[int]:
    counts: Counter[int] = Counter()
    for passage in passages:
        counts.update({int(k) for _, keys, _ in passage for k in keys})
    return counts


def _blank(counts: Counter[int], passages: int, keys: Sequence[int], columns: tuple[str, ...]) -> Wide:
    """A model that knows these features, as often as they were counted in so many passages, and nothing of them."""
    ordered = np.array(sorted(keys), np.uint32)
    rarity = np.array([np.log((1 + passages) / (1 + counts[int(k)])) + 1 for k in ordered], np.float32)
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
    processes = min(MOST_PROCESSES, len(os.sched_getaffinity(0)))
    with ProcessPoolExecutor(processes, initializer=_share, initargs=(table,)) as pool:
        found = pool.map(_fitted, [targets[:, at] for at in asked])
        for at, (coefficients, intercept) in zip(asked, found, strict=True):
            weights[:, at], bias[at] = coefficients, intercept
    scale = np.maximum(np.abs(weights).max(0) / 127, 1e-9).astype(np.float32)
    return Wide(blank.keys, blank.rarity, np.rint(weights / scale).astype(np.int8), scale, bias, blank.columns)


def _both_kinds(targets: np.ndarray) -> bool:
    return bool((targets == 1).any() and (targets == 0).any())


_shared: dict[str, csr_matrix] = {}
"""The table of features, given to each process once and not with each column."""


def _share(table: csr_matrix) -> None:
    _shared["table"] = table


def _fitted(targets: np.ndarray) -> tuple[np.ndarray, float]:
    known = targets != UNKNOWN
    table = _shared["table"][known]
    model = LogisticRegression(C=STRENGTH, solver="liblinear", random_state=0).fit(table, targets[known] == 1)
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
    parser.add_argument("--precisions", action="store_true", help="only tell how well the network and these do")
    args = parser.parse_args()
    if args.precisions:
        _tell_precisions(args.out, args.seed)
        return
    if tuple(json.loads((args.out / "card.json").read_text(encoding="utf-8"))["labels"]) != OUTPUTS:
        raise SystemExit(f"{args.out}/card.json is of a network with other outputs; train it with train_conduct.py")
    with tempfile.TemporaryDirectory() as made:
        if args.card:
            for file in FEATURES:
                shutil.copyfile(args.out / file, Path(made) / file)
        else:
            examples = conduct_rows.for_wordings(args.verdicts, args.seed)
            for file in FEATURES:
                write(train_requirements(file, examples), Path(made) / file)
        conduct_weights.weighed_anew(args.out, Path(made), Path(made), args.out, tuple(FEATURES))


def _tell_precisions(out: Path, seed: int) -> None:
    import conduct_data as data
    import conduct_learn
    import conduct_rows
    import conduct_weights

    written = [s.example for s in conduct_rows.looked_at()]
    heard = data.damaged(written, data.damager(conduct_rows.OWN_DATA), random.Random(seed * 101), 1.0)
    card = Files(out, "").card
    passages = [[e.passage for e in version] for version in (written, heard)]
    alone = np.stack([conduct_weights.network_in(out)(p) for p in passages])
    wordings = np.stack([conduct_weights.linear_of(p, out) for p in passages])
    nearest = partial(conduct_weights.nearest_of, out, conduct_weights.alone_in(out).vectors)
    near = np.stack([nearest(p) for p in passages])
    both = card.shares(REQUIREMENTS[0])
    mixes = {
        "network": (1.0, 0.0, 0.0), "linear": (0.0, 1.0, 0.0), "nearest": (0.0, 0.0, 1.0), "both": (*both, 0.0),
        "all": (*both, card.near_requirements),
    }  # fmt: skip
    for name, (deep, wide, close) in mixes.items():
        logits = deep * alone + wide * wordings + close * near
        told = conduct_learn.looked_at(logits, np.array([e.targets for e in written]))
        print(name, {country: told[country] for country in ("CN", "US", "UK")}, flush=True)


if __name__ == "__main__":
    main()
