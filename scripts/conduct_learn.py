"""Teachers and a student of the conduct classifier, from the rows of scripts/conduct_rows.py. On a GPU if there is one.

    python scripts/conduct_learn.py --base FOLDER --work FOLDER [--device cuda|cpu] [--seed N]
        [--teacher-steps N] [--steps N] [--batch N] [--rate R] [--alone] [--begin STATE.pt]
        [--keep] [--labels-of STATE.pt|FOLDER …] [--fold N]

``--work``: where rows.npz and choose.npz lie; chances-FOLD.npy (what the teachers say) and student.pt are put there,
and what lies there already is not made again. ``--alone``: a student without teachers. In the end it tells the mean
average precision over the turns and utterances that thresholds are chosen from.
"""

from __future__ import annotations

import argparse
import time
from copy import deepcopy
from functools import partial
from pathlib import Path

import numpy as np
import torch
from torch import nn
from transformers import AutoModel

from qa_service.classify import stored
from qa_service.classify.distil import UNKNOWN, Apart, Lesson, Rows, halved, learn, logits_of, taught
from qa_service.classify.labels import CONDUCT, OUTPUTS, REQUIREMENTS
from qa_service.classify.network import ConductNetwork

TEACHER_STEPS, STEPS, BATCH = 2600, 3800, 512
TOLD_EVERY = 50


def new(base: str, seed: int, device: str) -> ConductNetwork:
    """A network whose layers learn and whose word vectors do not: these ship once for it and for the plain encoder."""
    torch.manual_seed(seed)
    # The fused attention of torch goes back slowly in bfloat16 on a CPU.
    attention = "eager" if device == "cpu" and halved(torch.device(device)) else "sdpa"
    network = ConductNetwork(
        AutoModel.from_pretrained(base, dtype=torch.float32, add_pooling_layer=False, attn_implementation=attention)
    )
    network.encoder.embeddings.word_embeddings.weight.requires_grad = False
    return network.to(device)


def begin_at_shares(network: ConductNetwork, rows: Rows) -> ConductNetwork:
    """Each output begins at its log-odds, whatever the passage."""
    with torch.no_grad():
        known = rows.targets != UNKNOWN
        share = ((rows.targets * known).sum(0) / known.sum(0).clamp(min=1)).clamp(1e-3, 1 - 1e-3)
        network.head.bias.copy_(torch.log(share / (1 - share)))
        network.head.weight.zero_()
    return network


def average_precision(scores: np.ndarray, held: np.ndarray) -> float:
    hits = held[np.argsort(-scores, kind="stable")]
    return float((np.cumsum(hits) / np.arange(1, len(hits) + 1) * hits).sum() / max(1, hits.sum()))


def looked_at(logits: np.ndarray, targets: np.ndarray) -> dict[str, list[float]]:
    """Mean average precision over labels and over the requirements of each country, as written and as heard."""
    groups = {"conduct": list(CONDUCT)}
    groups |= {c: [r for r in REQUIREMENTS if r.startswith(c)] for c in ("CN", "US", "UK")}
    found = {}
    for name, outputs in groups.items():
        found[name] = []
        for version in logits:
            each = []
            for at in (OUTPUTS.index(o) for o in outputs):
                known = targets[:, at] != UNKNOWN
                if (targets[known, at] == 1).any():
                    each.append(average_precision(version[known, at], targets[known, at] == 1))
            found[name].append(round(float(np.mean(each)), 4) if each else 0.0)
    return found


def precisions(network: ConductNetwork, choose: Rows) -> dict[str, list[float]]:
    """:func:`looked_at` of a network over the rows that thresholds are chosen from."""
    return looked_at(logits_of(network, choose).float().cpu().numpy(), choose.targets.cpu().numpy())


def state_of(path: Path) -> dict[str, torch.Tensor]:
    """A state that was kept, or that of the network whose weights lie in a folder, as the int8 numbers stand for it."""
    if path.is_file():
        return dict(torch.load(path, weights_only=True))
    found = stored.arrays(path / "words.safetensors") | stored.arrays(path / "conduct.safetensors")
    plain = stored.dequantised({k: v for k, v in found.items() if not k.startswith("head.")})
    state = {f"encoder.{k}": torch.from_numpy(v.copy()) for k, v in plain.items()}
    return state | {k: torch.from_numpy(v.copy()) for k, v in found.items() if k.startswith("head.")}


def mean_of(states: list[dict[str, torch.Tensor]]) -> dict[str, torch.Tensor]:
    """The mean of the weights, number by number."""
    return {name: torch.stack([s[name] for s in states]).float().mean(0) for name in states[0]}


def said_before(network: ConductNetwork, args: argparse.Namespace) -> nn.Module:
    """What is learned beside the labels: the word of the state to go on from, and of another on the labels if given."""
    before = deepcopy(network)
    if not args.labels_of:
        return before.requires_grad_(False).eval()
    other = deepcopy(network)
    other.load_state_dict(mean_of([state_of(path) for path in args.labels_of]))
    return Apart(other, before).requires_grad_(False).eval()


def run(args: argparse.Namespace) -> None:
    """Teachers and student as far as they do not lie in ``args.work`` yet."""
    if (student := args.work / "student.pt").exists():
        return
    torch.set_num_threads(args.threads)
    rows, choose = (Rows.read(args.work / f"{name}.npz", args.device) for name in ("rows", "choose"))
    print(f"{rows.examples} examples in {rows.versions} versions, {len(rows.ids)} tokens", flush=True)
    began = time.monotonic()

    def told(what: str, step: int, loss: torch.Tensor) -> None:
        if step % TOLD_EVERY == 0:
            print(f"{what}: step {step}, loss {loss.item():.3f}, {time.monotonic() - began:.0f} s", flush=True)

    def make(number: int) -> ConductNetwork:
        network = new(args.base, args.seed + number, args.device)
        if args.begin:
            network.load_state_dict(state_of(args.begin))
            return network
        return begin_at_shares(network, rows)

    chances = None
    if not args.alone:
        folds = sorted(set(rows.fold.tolist()))
        shape = (rows.versions, rows.examples, len(OUTPUTS))
        chances = torch.zeros(shape, dtype=torch.float16, device=args.device)
        for fold in folds if args.fold is None else [args.fold]:
            kept = args.work / f"chances-{fold}.npy"
            if not kept.exists():
                teacher = Lesson(args.teacher_steps, Lesson.batch if args.batch is None else args.batch, args.rate,
                                 mean=0.998, seed=args.seed + 1 + fold)  # fmt: skip
                told_of = partial(told, f"teacher {fold}")
                np.save(kept, taught(make(fold), rows, fold, teacher, on_step=told_of).cpu().numpy())
            chances[:, rows.fold == fold] = torch.from_numpy(np.load(kept)).to(args.device)
        if args.fold is not None:
            return
    network = make(0)
    head_rate = Lesson.head_rate * args.rate / Lesson.rate
    lesson = Lesson(args.steps or STEPS, args.batch or BATCH, args.rate, head_rate, seed=args.seed)
    everything = torch.ones(rows.examples, dtype=torch.bool, device=args.device)
    before = said_before(network, args) if args.keep else None
    learn(network, rows, everything, lesson, chances=chances, beside=before, on_step=partial(told, "student"))
    torch.save({k: v.cpu() for k, v in network.state_dict().items()}, student)
    print(precisions(network, choose), f"{time.monotonic() - began:.0f} s", flush=True)


def arguments(parser: argparse.ArgumentParser) -> None:
    """Those of learning, which scripts/train_conduct.py has too."""
    parser.add_argument("--base", required=True)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--teacher-steps", type=int, default=TEACHER_STEPS)
    parser.add_argument("--steps", type=int, help=f"of the student; {STEPS} if not given")
    parser.add_argument(
        "--batch", type=int, help=f"rows of a step; teachers {Lesson.batch}, student {BATCH}, if not given"
    )
    parser.add_argument("--fold", type=int, help="only the teacher of this fold: several may run beside one another")
    parser.add_argument("--rate", type=float, default=Lesson.rate)
    parser.add_argument("--alone", action="store_true", help="a student without teachers")
    parser.add_argument("--begin", type=Path, help="a state to go on from, instead of the encoder as it is")
    parser.add_argument("--keep", action="store_true", help="learn beside the labels what the state to go on from says")
    told = "with --keep: states or folders of shipped weights, whose mean says the labels instead"
    parser.add_argument("--labels-of", type=Path, nargs="+", default=[], help=told)
    parser.add_argument("--threads", type=int, default=2)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments(parser)
    run(parser.parse_args())


if __name__ == "__main__":
    main()
