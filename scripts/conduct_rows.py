"""Write what the conduct classifier learns from as numbers: rows.npz to learn, choose.npz to see how it goes.

    python scripts/conduct_rows.py --tokenizer tokenizer.json --public FOLDER --work FOLDER [--verdicts FILE.jsonl]
        [--again] [--new BATCH …] [--leave BATCH …]

All turns, utterances of single requirements, turns of whole calls, examples of the rules and public comments, each in
``VERSIONS``: as written and with speech damage. scripts/conduct_learn.py learns from them, and needs nothing of this
project but its classify package: a machine with a GPU and torch will do.
"""

from __future__ import annotations

import argparse
import random
import zlib
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import call_data
import conduct_data as data
import numpy as np
import requirement_data
import torch

from qa_service.classify.distil import Rows
from qa_service.classify.passages import Reader, Said
from qa_service.classify.training import Example
from qa_service.rules.operators.words import is_chinese

VERSIONS = (0.0, 0.0, 0.3, 0.3, 0.6, 0.6, 1.0, 1.0)
"""Each example stands there so often, with these chances of speech damage."""
HEARD = (0.0, 0.45, 0.9)
"""The same for the linear model of the labels."""
HEARD_ONCE = 0.6
"""That of requirements has each example once as written and once with this chance of damage."""
FOLDS = 4
OFTEN = {"turn": 1.0, "verdict": 3.0, "requirement": 2.0, "call": 2.0, "rule": 1.0, "comment": 0.4}
"""How many times an epoch has an example."""
AGAIN = {"turn": 0.25, "verdict": 3.0, "requirement": 0.7, "call": 3.0, "rule": 0.3, "comment": 0.1}
"""The same where weights are gone on from that have learned most of them."""
BESIDE_NEW = {"turn": 0.12, "verdict": 3.0, "requirement": 0.25, "call": 0.4, "rule": 0.15, "comment": 0.04}
NEW = 1.0
"""The same where some batches are named that the weights have not learned from: these ``NEW`` times, all others beside
them so that nothing is forgotten."""
ANSWERED = 0.5
"""Share of the utterances of requirements and of the rules' examples that get some customer's answer: in calls what
breaks a requirement is seldom the last word."""
OWN_DATA = Path(__file__).parent.parent / "models" / "conduct" / "data"


BATCHES = ("requirement", "call")
"""Kinds whose author is the batch: the name of their file."""


@dataclass(frozen=True, slots=True)
class Source:
    """An example with its kind and its author: a name that decides its fold. ``turn``: one of ours to learn from."""

    example: Example
    kind: str
    author: str
    turn: data.Labelled | None = None


def of_our_own(verdicts: Path | None) -> list[Source]:
    """All that is learned from but comments, turns first, in the order of their files."""
    reviewed = data.verdicts(verdicts)
    found = [_turn(r, "turn") for r in data.own(OWN_DATA, "train")] + [_turn(r, "verdict") for r in reviewed]
    for file, _, example in requirement_data.utterances(OWN_DATA / "requirements", "train"):
        found.append(Source(example, "requirement", file))
    found += [Source(e, "call", file) for file, e in call_data.examples(OWN_DATA / "calls")]
    return found + [Source(e, "rule", e.passage.turn.text) for e in requirement_data.rule_examples()]


def learned_from(public: Path, verdicts: Path | None, seed: int) -> list[Source]:
    """The same with comments behind."""
    found = of_our_own(verdicts)
    comments = data.cold(public / "cold_train_dev.jsonl", "train") + data.english(public, seed)
    found += [Source(e, "comment", e.passage.turn.text) for e in comments]
    return found


def _turn(row: data.Labelled, kind: str) -> Source:
    return Source(requirement_data.with_requirements(row.example), kind, row.batch, row)


def turns_in_versions(verdicts: Path | None, seed: int, most: int | None = None) -> list[Example]:
    """What the linear model of the labels learns from: all turns, ``HEARD`` times with more or less damage."""
    rows = (data.own(OWN_DATA, "train") + data.verdicts(verdicts))[:most]
    damage, chance = data.damager(OWN_DATA), random.Random(seed * 101)
    return [e for share in HEARD for e in data.damaged(data.joined(rows, chance), damage, chance, share)]


def for_wordings(verdicts: Path | None, seed: int, most: int | None = None) -> list[Example]:
    """What the linear models of requirements learn from: all of our own, some of it answered, as written and heard."""
    sources, chance, damage = _some(of_our_own(verdicts), most), random.Random(seed * 101), data.damager(OWN_DATA)
    written = _answered([s.example for s in sources], sources, chance)
    return written + data.damaged(written, damage, chance, HEARD_ONCE)


def looked_at() -> list[Source]:
    """The turns and utterances that thresholds are chosen from."""
    found = [
        Source(requirement_data.with_requirements(r.example), "turn", r.batch) for r in data.own(OWN_DATA, "choose")
    ]
    of_requirements = requirement_data.kept_apart(OWN_DATA / "requirements")
    return found + [Source(e, "requirement", file) for file, _, e in of_requirements]


def fold(author: str) -> int:
    return zlib.crc32(author.encode()) % FOLDS


def numbers(
    sources: list[Source], shares: tuple[float, ...], reader: Reader, seed: int, often: Sequence[float]
) -> Rows:
    """Each version of all sources; comments, which are written, stay as they are in all of them. A quarter of the turns
    to learn from stand beside another sentence, another quarter in each version."""
    damage, chance = data.damager(OWN_DATA), random.Random(seed * 101)
    turns = {i: s.turn for i, s in enumerate(sources) if s.turn}
    tokens: list[np.ndarray] = []
    start, length, own = (np.zeros((len(shares), len(sources)), np.int64) for _ in range(3))
    at = 0
    for version, share in enumerate(shares):
        examples = [s.example for s in sources]
        for i, one in zip(turns, data.joined(list(turns.values()), chance), strict=True):
            examples[i] = one
        if turns:  # to learn from, not to look at
            examples = _answered(examples, sources, chance)
        heard = [i for i, s in enumerate(sources) if s.kind != "comment"]
        for i, one in zip(heard, data.damaged([examples[i] for i in heard], damage, chance, share), strict=True):
            examples[i] = one
        wanted = list(range(len(sources))) if version == 0 else heard
        for i, row in zip(wanted, reader.encode([examples[i].passage for i in wanted]), strict=True):
            tokens.append(np.array(row.ids, np.uint16))
            start[version, i], length[version, i], own[version, i] = at, len(row.ids), row.own
            at += len(row.ids)
        same = [i for i, s in enumerate(sources) if s.kind == "comment"]
        for array in (start, length, own):
            array[version, same] = array[0, same]
    return Rows(
        ids=torch.from_numpy(np.concatenate(tokens).astype(np.int64)),
        start=torch.from_numpy(start), length=torch.from_numpy(length), own=torch.from_numpy(own),
        targets=torch.tensor([s.example.targets for s in sources]).long(),
        often=torch.tensor(often), fold=torch.tensor([fold(s.author) for s in sources]),
    )  # fmt: skip


def counts(sources: Sequence[Source], *, again: bool = False, new: Collection[str] = ()) -> list[float]:
    """How many times an epoch has each."""
    often = BESIDE_NEW if new else AGAIN if again else OFTEN
    return [NEW if s.kind in BATCHES and s.author in new else often[s.kind] for s in sources]


def _answered(examples: list[Example], sources: list[Source], chance: random.Random) -> list[Example]:
    """With a customer's turn of the same language behind some of the utterances that end in the agent's."""
    pools: dict[str, list[Said]] = {"zh": [], "en": []}
    for source in sources:
        if source.turn and source.turn.example.passage.turn.speaker == "customer":
            pools[source.turn.language].append(source.turn.example.passage.turn)
    found = list(examples)
    for i, source in enumerate(sources):
        passage = examples[i].passage
        if source.kind in ("requirement", "rule") and passage.after is None and chance.random() < ANSWERED:
            pool = pools["zh" if is_chinese(passage.turn.text) else "en"]
            found[i] = replace(examples[i], passage=replace(passage, after=chance.choice(pool) if pool else None))
    return found


def write(
    tokenizer: Path,
    public: Path,
    work: Path,
    verdicts: Path | None,
    seed: int,
    most: int | None = None,
    *,
    again: bool = False,
    new: Sequence[str] = (),
    leave: Sequence[str] = (),
) -> None:
    """rows.npz and choose.npz; ``most``: of each kind, to try the way; ``again``: for weights that know most of it, but
    for the batches ``new`` of utterances and calls; ``leave``: batches of these that are not learned from."""
    work.mkdir(parents=True, exist_ok=True)
    reader = Reader(tokenizer)
    if unknown := {*new, *leave} - {f.stem for kind in ("requirements", "calls") for f in (OWN_DATA / kind).iterdir()}:
        raise SystemExit(f"no batch of that name: {', '.join(sorted(unknown))}")
    learned = [s for s in learned_from(public, verdicts, seed) if s.kind not in BATCHES or s.author not in leave]
    for name, sources, shares in (("rows", learned, VERSIONS), ("choose", looked_at(), (0.0, 1.0))):
        some = _some(sources, most)
        numbers(some, shares, reader, seed, counts(some, again=again, new=new)).write(work / f"{name}.npz")


def _some(sources: list[Source], most: int | None) -> list[Source]:
    """So many of each kind and language at most."""
    seen: Counter[tuple[str, bool]] = Counter()
    found = []
    for source in sources:
        kind = source.kind, is_chinese(source.example.passage.turn.text)
        seen[kind] += 1
        if most is None or seen[kind] <= most:
            found.append(source)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tokenizer", type=Path, required=True)
    parser.add_argument("--public", type=Path, required=True)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--verdicts", type=Path)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--again", action="store_true", help="for weights that know most of it")
    arguments(parser)
    args = parser.parse_args()
    write(args.tokenizer, args.public, args.work, args.verdicts, args.seed, again=args.again, new=args.new,
          leave=args.leave)  # fmt: skip


def arguments(parser: argparse.ArgumentParser) -> None:
    """Those that scripts/train_conduct.py has too."""
    told = "batches of utterances and calls that the weights to go on from have not learned from: learned most often"
    parser.add_argument("--new", nargs="+", default=[], metavar="BATCH", help=told)
    told = "batches that are not learned from, so that scripts/conduct_heads.py may"
    parser.add_argument("--leave", nargs="+", default=[], metavar="BATCH", help=told)


if __name__ == "__main__":
    main()
