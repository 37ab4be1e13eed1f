"""Keep the nearest learned utterances: vectors of the plain encoder, with what is known of each.

    python scripts/conduct_near.py [--out models/conduct] [--leave BATCH …] [--verdicts FILE.jsonl] [--seed N] [--try]

What is kept: utterances of requirements, turns of whole calls, the rules' examples, and a share of the other turns,
which break nothing (qa_service/classify/near.py). ``--leave``: batches of utterances and calls that are not kept, so
that they can be scored on. Then the share of these in the logits, calibration and thresholds of the requirements are
chosen anew. ``--try`` writes nothing: it tells the mean average precision over the utterances and turns that
thresholds are chosen from, without these and with each sharpness, floor and share of them. Some minutes on 2 cores.
"""

from __future__ import annotations

import argparse
import random
import tempfile
from collections.abc import Collection, Sequence
from dataclasses import replace
from itertools import product
from pathlib import Path

import conduct_learn
import conduct_rows
import conduct_weights
import numpy as np
from safetensors.numpy import save_file

from qa_service.classify.card import Files
from qa_service.classify.labels import OUTPUTS, REQUIREMENTS
from qa_service.classify.near import ARRAYS, FILES, Near, told_by
from qa_service.classify.stored import packed
from qa_service.classify.training import Example
from qa_service.classify.turns import TurnClassifier

AXES, EVEN, LEVELS = 160, 0.25, 7
"""So many of 384 axes; each divided by its spread to this power, so that the few widest do not decide alone; and so
many steps to each side of zero on the widest, which packs to half a byte an axis and costs nothing: all that ships must
be small (models/conduct/CARD.md)."""
SHARPS, FLOORS, SHARES = (20.0, 28.0, 40.0), (0.3, 0.5), (0.1, 0.3, 0.6)
"""What ``--try`` tries."""
TURNS = 0.06
"""Share of the turns of ``data/`` that is kept: what is ordinary and lawful must have neighbours, too."""


def kept(sources: Sequence[conduct_rows.Source], leave: Collection[str], seed: int) -> list[Example]:
    """The agents' turns that are worth keeping, each with what stands before it once."""
    chance = random.Random(seed * 101)
    found: dict[tuple[str, str], Example] = {}
    for source in sources:
        rare = source.kind != "turn" or chance.random() < TURNS
        passage = source.example.passage
        if not rare or source.author in leave or passage.turn.speaker != "agent" or not passage.turn.text.strip():
            continue
        found.setdefault((passage.turn.text, passage.before.text if passage.before else ""), source.example)
    return list(found.values())


def learned(file: str, examples: Sequence[Example], plain: TurnClassifier, axes: int = AXES) -> Near:
    """One of ``FILES``, of the examples that it reads."""
    columns = FILES[file]
    at = [OUTPUTS.index(name) for name in columns]
    nothing = Near(*[np.zeros(0)] * len(ARRAYS), columns=columns)
    examples = [e for e in examples if nothing.reads(e.passage)]
    if not examples:
        raise SystemExit(f"nothing to learn {file} from: no agent's turns in its language")
    print(f"{file}: {len(examples):,} utterances", flush=True)
    turns = plain.vectors([e.passage.turn.text for e in examples])
    said = [e.passage.before.text if e.passage.before else "" for e in examples]
    texts = sorted({text for text in said if text.strip()})
    place = {text: i + 1 for i, text in enumerate(texts)}
    befores = plain.vectors(texts) if texts else np.zeros((0, turns.shape[1]), np.float32)
    middle = turns.mean(0)
    _, spread, all_axes = np.linalg.svd(np.cov((turns - middle).T))  # squared
    evened = all_axes[:axes] * np.maximum(spread[:axes, None], 1e-12) ** (-EVEN / 2)
    blank = Near(middle, evened.astype(np.float32), *[np.zeros(0)] * (len(ARRAYS) - 2), columns=columns)
    targets = np.array([e.targets for e in examples])[:, at]
    return Near(
        middle=middle, axes=blank.axes, turns=_bytes(blank.along(turns)), befores=_bytes(blank.along(befores)),
        before=np.array([place.get(text, 0) for text in said], np.uint32),
        broken=np.packbits(targets == 1, axis=1), kept=np.packbits(targets == 0, axis=1), columns=columns,
    )  # fmt: skip


def write(near: Near, file: Path) -> None:
    save_file(packed({name: getattr(near, name) for name in ARRAYS}), file)
    file.chmod(0o644)  # safetensors writes files that only their owner can read


def _bytes(rows: np.ndarray) -> np.ndarray:
    """Each in whole steps, its largest number ±``LEVELS``: only directions count."""
    longest = np.maximum(np.abs(rows).max(1, keepdims=True), 1e-9)
    return np.rint(rows / longest * LEVELS).astype(np.int8)


def tell(nears: Sequence[Near], out: Path) -> None:
    """The mean average precision without them, and with each share of each sharpness and floor."""
    looked_at = [s.example for s in conduct_rows.looked_at()]
    passages = [e.passage for e in looked_at]
    targets = np.array([e.targets for e in looked_at])
    deep, wide = Files(out, "").card.shares(REQUIREMENTS[0])
    before = deep * conduct_weights.network_in(out)(passages) + wide * conduct_weights.linear_of(passages, out)
    known: dict[str, np.ndarray] = {}
    plain = conduct_weights.alone_in(out)

    def vectors(texts: Sequence[str]) -> np.ndarray:
        new = [text for text in texts if text not in known]
        known.update(zip(new, plain.vectors(new), strict=True) if new else ())
        return np.stack([known[text] for text in texts])

    def show(what: str, logits: np.ndarray) -> None:
        found = conduct_learn.looked_at(logits[None], targets)
        print(what, {country: found[country] for country in ("CN", "US", "UK")}, flush=True)

    show("without", before)
    for sharp, floor in product(SHARPS, FLOORS):
        added = np.zeros_like(before)
        for near in nears:
            read, told = told_by(replace(near, sharp=sharp, floor=floor), passages, vectors)
            added[np.ix_(read, [OUTPUTS.index(name) for name in near.columns])] = told
        for share in SHARES:
            show(f"sharp {sharp:g}, floor {floor:g}, share {share:g}", before + share * added)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=conduct_weights.SHIPPED)
    parser.add_argument("--leave", nargs="+", default=[], metavar="BATCH")
    parser.add_argument("--verdicts", type=Path)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--try", dest="tried", action="store_true", help="write nothing, tell how well it does")
    args = parser.parse_args()
    examples = kept(conduct_rows.of_our_own(args.verdicts), args.leave, args.seed)
    plain = conduct_weights.alone_in(args.out)
    nears = {file: learned(file, examples, plain) for file in FILES}
    if args.tried:
        tell(list(nears.values()), args.out)
        return
    with tempfile.TemporaryDirectory() as made:
        for file, near in nears.items():
            write(near, Path(made) / file)
        conduct_weights.weighed_anew(args.out, Path(made), args.out, Path(made), tuple(FILES))


if __name__ == "__main__":
    main()
