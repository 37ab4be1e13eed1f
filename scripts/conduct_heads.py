"""Teach the network's outputs of requirements anew from what it has not seen, and nothing else of it.

    python scripts/conduct_heads.py BATCH … [--out models/conduct] [--pull 100] [--try]

``BATCH``: files of models/conduct/data, without ending: those that the network's weights never learned from
(requirements/us-m1, calls/cn-za4 …). What a network was taught it reads too surely, so its last layer is best weighed
on what is new to it: the rows of its requirements move from where they are as far as the new passages pull them
(logistic regression whose weights are drawn to those of before). Encoder, labels and graph stay byte for byte.
A minute or two on 2 cores; then scripts/conduct_wide.py chooses shares and thresholds. ``--try`` writes nothing: it
tells the mean average precision over what thresholds are chosen from, before and after.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import call_data
import conduct_data as data
import conduct_learn
import conduct_rows
import conduct_weights
import numpy as np
import requirement_data
import torch
from safetensors.numpy import load_file, save_file
from torch.nn.functional import binary_cross_entropy_with_logits

from qa_service.classify.card import Files
from qa_service.classify.distil import UNKNOWN
from qa_service.classify.labels import OUTPUTS, REQUIREMENTS
from qa_service.classify.passages import Reader
from qa_service.classify.torch import TorchRuntime
from qa_service.classify.training import Example, pooled

COLUMNS = [OUTPUTS.index(name) for name in REQUIREMENTS]
PULL = 100.0
"""What a squared weight costs, where inputs have a spread of one. Of 30, 100, 300 and 1000 the best for CN and US over
the utterances of author ``a`` (``--try``); for the UK 300 is better by 0.003."""
STEPS = 60


@dataclass(frozen=True)
class Heads:
    """The last layer's rows of requirements: ``weights`` (requirements, hidden), ``bias`` (requirements)."""

    weights: torch.Tensor
    bias: torch.Tensor

    def __call__(self, read: torch.Tensor) -> torch.Tensor:
        """Logits of what the encoder read, (passages, requirements)."""
        return read @ self.weights.T + self.bias


def refitted(before: Heads, read: torch.Tensor, targets: torch.Tensor, pull: float = PULL) -> Heads:
    """``read``: (passages, hidden); ``targets``: 1, 0 or ``UNKNOWN``, (passages, requirements)."""
    known, held = (targets != UNKNOWN).float(), targets.clamp(0, 1)
    middle, spread = read.mean(0), read.std(0)
    inputs, said = (read - middle) / spread, before(read)
    moved = torch.zeros_like(before.weights, requires_grad=True)
    offset = torch.zeros_like(before.bias, requires_grad=True)
    optimiser = torch.optim.LBFGS([moved, offset], max_iter=STEPS, line_search_fn="strong_wolfe")

    def loss() -> torch.Tensor:
        optimiser.zero_grad()
        wrong = binary_cross_entropy_with_logits(said + inputs @ moved.T + offset, held, reduction="none")
        whole = (wrong * known).sum() + pull * moved.square().sum()
        whole.backward()
        return whole

    optimiser.step(loss)
    by = moved.detach() / spread
    return Heads(before.weights + by, before.bias + offset.detach() - by @ middle)


def examples_of(batches: Sequence[str]) -> list[Example]:
    """Those of the files, in their order."""
    calls = list(call_data.examples(conduct_rows.OWN_DATA / "calls"))
    found: list[Example] = []
    for batch in batches:
        kind, _, name = batch.partition("/")
        if kind == "calls":
            these = [e for stem, e in calls if stem == name]
        else:
            rows = data.lines(conduct_rows.OWN_DATA / kind / f"{name}.jsonl")
            these = [e for row in rows for e in requirement_data.of_row(row)]
        if not these:
            raise SystemExit(f"{batch}: nothing to learn from there")
        found += these
    return found


def write(heads: Heads, folder: Path) -> None:
    """Into the network's file, in place of its rows. No array changes its place, so the graph still holds."""
    file = folder / "conduct.safetensors"
    stored = load_file(file)
    for name, rows in (("head.weight", heads.weights), ("head.bias", heads.bias)):
        stored[name] = stored[name].copy()
        stored[name][COLUMNS] = rows.numpy().astype(np.float32)
    save_file(stored, file)
    file.chmod(0o644)  # safetensors writes files that only their owner can read
    conduct_weights.list_in_manifest(folder)


def told(heads: Heads, read: torch.Tensor, examples: Sequence[Example]) -> dict[str, list[float]]:
    """Mean average precision by country over passages of which something is known."""
    logits = np.zeros((1, len(examples), len(OUTPUTS)), np.float32)
    logits[0][:, COLUMNS] = heads(read).numpy()
    found = conduct_learn.looked_at(logits, np.array([e.targets for e in examples]))
    return {country: found[country] for country in ("CN", "US", "UK")}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("batches", nargs="+", metavar="BATCH")
    parser.add_argument("--out", type=Path, default=conduct_weights.SHIPPED)
    parser.add_argument("--pull", type=float, nargs="+", default=[PULL], help="with --try several may be given")
    parser.add_argument("--try", dest="tried", action="store_true", help="write nothing, tell how well it does")
    args = parser.parse_args()
    if len(args.pull) > 1 and not args.tried:
        parser.error("several --pull only with --try")
    network, reader = TorchRuntime(Files(args.out, "")).network("conduct"), Reader(args.out / "tokenizer.json")
    before = Heads(network.head.weight.detach()[COLUMNS], network.head.bias.detach()[COLUMNS])

    def read(examples: Sequence[Example]) -> torch.Tensor:
        return torch.from_numpy(pooled(network, reader, [e.passage for e in examples]))

    examples = examples_of(args.batches)
    new, targets = read(examples), torch.tensor([e.targets for e in examples])[:, COLUMNS]
    if not args.tried:
        write(refitted(before, new, targets, args.pull[0]), args.out)
        return
    looked_at = [s.example for s in conduct_rows.looked_at()]
    there = read(looked_at)
    print("before", told(before, there, looked_at), flush=True)
    for pull in args.pull:
        print(f"pull {pull:g}", told(refitted(before, new, targets, pull), there, looked_at), flush=True)


if __name__ == "__main__":
    main()
