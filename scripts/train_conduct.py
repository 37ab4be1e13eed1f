"""Train the conduct classifier and write the weights that ship: teachers, a student, and linear models beside it.

    python scripts/train_conduct.py --base ENCODER --public FOLDER --work FOLDER [--out models/conduct]
        [--verdicts FILE.jsonl] [--from-shipped] [--device cuda|cpu] [--seed N] [--teacher-steps N] [--steps N]
        [--batch N] [--alone] [--new BATCH …] [--leave BATCH …] [--mean-with STATE.pt|FOLDER …] [--share X] [--quick]

``--base``: a Hugging Face encoder, a folder or a name (intfloat/multilingual-e5-small and the like).
``--public``: cold_train_dev.jsonl, davidson_en.jsonl and surge_toxicity_en.jsonl.
``--work``: where what was made on the way is kept: the rows, what the teachers say, the student. What lies there is not
made again, so that rows can be written here, learned from on a machine with a GPU (scripts/conduct_learn.py), and the
student be shipped from here. After a change of turns or of settings, give a new folder.
``--verdicts``: what reviewers decided (``qa models export-labels``), learned from beside our own turns.
``--from-shipped``: go on from the weights under ``--out`` or models/conduct, with a rate of a quarter; in place of
teachers it is these weights' own word that is learned beside the labels, so that they forget nothing. For verdicts and
new calls, on a machine without a GPU: 1500 steps of 32 take about an hour on 2 cores, half of that with AMX.

All of it takes about ten minutes on an H100 and days on 2 cores. scripts/eval_conduct.py scores what comes out.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import conduct_learn
import conduct_rows
import conduct_weights as weights
import torch

from qa_service.classify.distil import Rows
from qa_service.classify.passages import Reader

CONTINUED_STEPS, CONTINUED_BATCH, CONTINUED_RATE = 1500, 32, 1e-4


def main() -> None:
    args = _arguments()
    tokenizer = weights.tokenizer(args.base)
    if not (args.work / "rows.npz").exists():
        most = 64 if args.quick else None
        conduct_rows.write(tokenizer, args.public, args.work, args.verdicts, args.seed, most, again=args.from_shipped,
                           new=args.new, leave=args.leave)  # fmt: skip
    if args.from_shipped and not (begin := args.work / "begin.pt").exists():
        there = (args.out / "conduct.safetensors").exists()
        torch.save(conduct_learn.state_of(args.out if there else weights.SHIPPED), begin)
    conduct_learn.run(args)
    network = conduct_learn.new(args.base, args.seed, "cpu")
    states = [conduct_learn.state_of(path) for path in (args.work / "student.pt", *args.mean_with)]
    network.load_state_dict(conduct_learn.mean_of(states))
    if args.mean_with:
        print(conduct_learn.precisions(network.eval(), Rows.read(args.work / "choose.npz")), flush=True)
    examples = conduct_rows.turns_in_versions(args.verdicts, args.seed, 64 if args.quick else None)
    weights.ship(network, Reader(tokenizer), examples, args)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--public", type=Path, required=True)
    parser.add_argument("--out", type=Path, default=weights.SHIPPED)
    parser.add_argument("--verdicts", type=Path)
    parser.add_argument("--from-shipped", action="store_true")
    told = "states or folders of weights: what ships is the mean of these and of the student"
    parser.add_argument("--mean-with", type=Path, nargs="+", default=[], help=told)
    parser.add_argument(
        "--share", type=float, help="of the network in the labels, beside their linear model; else the likeliest"
    )
    parser.add_argument("--quick", action="store_true", help="a few steps of each, to try the way")
    conduct_learn.arguments(parser)
    conduct_rows.arguments(parser)
    args = parser.parse_args()
    if args.from_shipped:
        args.alone, args.keep, args.begin = True, True, args.work / "begin.pt"
        args.steps, args.batch, args.rate = args.steps or CONTINUED_STEPS, args.batch or CONTINUED_BATCH, CONTINUED_RATE
    if args.quick:
        args.teacher_steps, args.steps, args.batch = 2, 4, 16
    return args


if __name__ == "__main__":
    main()
