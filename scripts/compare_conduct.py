"""Full fine-tuning, LoRA and a head alone, compared: the same turns, as often, from the same encoder.

    python scripts/compare_conduct.py --base ENCODER [--turns 4000] [--epochs 2] [--methods full lora head]

All begin with a head that was trained alone (Kumar et al., Fine-Tuning can Distort Pretrained Features, 2022), so that
no method has to find it at its own rate. Then each learns from the same sample of our training turns with a peak rate
of its own, and is scored by the mean average precision on the batches that thresholds are chosen from; never on those
for scoring. It shows which method learns most from as many turns, not how good the classifier that ships is
(scripts/eval_conduct.py).
"""

from __future__ import annotations

import argparse
import random
import time
from dataclasses import replace

import conduct_data as data
import conduct_weights as weights
import numpy as np
import torch
from rich.console import Console
from rich.progress import Progress
from sklearn.metrics import average_precision_score
from transformers import AutoModel

from qa_service.classify.labels import CONDUCT, told_of
from qa_service.classify.network import ConductNetwork
from qa_service.classify.passages import Reader
from qa_service.classify.training import Example, Recipe, fit, scores

#: Peak rates that are usual for each: adapters and a head learn faster.
RATES = {"full": 1e-4, "lora": 1e-3, "head": 1e-2}


def main() -> None:
    args = _arguments()
    torch.set_num_threads(args.threads)
    out = Console()
    rows = [row.example for row in data.own(weights.data_folder(), "train")]
    sample = random.Random(args.seed).sample(rows, min(args.turns, len(rows)))
    choose = [row.example for row in data.own(weights.data_folder(), "choose")]
    out.print(f"{len(sample)} turns, {args.epochs} times; scored on {len(choose)} turns", soft_wrap=True)
    out.print("\n| method | weights that learn | mean average precision | minutes |\n|---|---|---|---|", soft_wrap=True)
    recipe = Recipe(epochs=args.epochs, rate=RATES["head"], seed=args.seed)
    network, reader = new(args.base, "head", args.seed)
    _train(network, reader, sample, recipe, "begin")
    head = network.head.state_dict()
    begun = mean_average_precision(scores(network, reader, [e.passage for e in choose]), choose)
    out.print(f"| where all begin | | {begun:.3f} | |", soft_wrap=True)
    for method in args.methods:
        network, reader = new(args.base, method, args.seed)
        network.head.load_state_dict(head)
        learning = sum(p.numel() for p in network.parameters() if p.requires_grad)
        began = time.monotonic()
        _train(network, reader, sample, replace(recipe, rate=RATES[method]), method)
        spent = (time.monotonic() - began) / 60
        precision = mean_average_precision(scores(network, reader, [e.passage for e in choose]), choose)
        out.print(f"| {method} | {learning:,} | {precision:.3f} | {spent:.0f} |", soft_wrap=True)


def new(base: str, method: str, seed: int) -> tuple[ConductNetwork, Reader]:
    """The network with what ``method`` leaves free: all but the word vectors, adapters of rank 16 on the attention and
    feed-forward layers (Hu et al., LoRA, 2021), or the head alone."""
    torch.manual_seed(seed)
    none = {"hidden_dropout_prob": 0.0, "attention_probs_dropout_prob": 0.0}
    encoder = AutoModel.from_pretrained(base, dtype=torch.float32, add_pooling_layer=False, **none)
    network = ConductNetwork(encoder)
    for parameter in encoder.parameters():
        parameter.requires_grad = method == "full"
    encoder.embeddings.word_embeddings.weight.requires_grad = False
    if method == "lora":
        from peft import LoraConfig, get_peft_model

        parts = ["query", "key", "value", "dense"]
        network.encoder = get_peft_model(encoder, LoraConfig(r=16, lora_alpha=32, target_modules=parts))
    return network, Reader(weights.tokenizer(base))


def _train(network: ConductNetwork, reader: Reader, sample: list[Example], recipe: Recipe, what: str) -> None:
    with Progress(console=Console(stderr=True)) as bar:
        task = bar.add_task(what, total=None)
        fit(network, reader, lambda _: sample, recipe, on_step=lambda n, of, _: bar.update(task, completed=n, total=of))


def mean_average_precision(logits: np.ndarray, examples: list[Example]) -> float:
    """Mean over the labels, each among the turns of the side that it is about."""
    found = []
    for at, label in enumerate(CONDUCT):
        may = [i for i, e in enumerate(examples) if label in told_of(e.passage.turn.speaker)]
        held = [label in examples[i].labels for i in may]
        found.append(average_precision_score(held, logits[may, at]))
    return float(np.mean(found))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--base", required=True)
    parser.add_argument("--turns", type=int, default=4000)
    parser.add_argument("--epochs", type=int, default=2)
    parser.add_argument("--methods", nargs="+", choices=list(RATES), default=list(RATES))
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--threads", type=int, default=2)
    return parser.parse_args()


if __name__ == "__main__":
    main()
