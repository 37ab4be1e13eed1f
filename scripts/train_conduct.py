"""Train the conduct classifier and write the weights that ship: public comments first, then our own turns.

    python scripts/train_conduct.py --base ENCODER --public FOLDER --work FOLDER [--out models/conduct]
        [--method full|lora|head] [--verdicts FILE.jsonl] [--epochs N] [--seed N] [--quick]

``--base``: a Hugging Face encoder, a folder or a name (intfloat/multilingual-e5-small and the like).
``--public``: cold_train_dev.jsonl, davidson_en.jsonl and surge_toxicity_en.jsonl.
``--work``: where the state after each stage is kept, by stage, method and seed; a stage whose state lies there is not
trained again. After a change of turns or of other settings, give a new folder.
``--verdicts``: what reviewers decided (``qa models export-labels``), learned from beside our own turns.
``--method``: *full* trains all but the word vectors, *lora* adapters of rank 16 on the attention and feed-forward
layers (Hu et al. 2021), *head* the last layer alone. scripts/eval_conduct.py scores what comes out.
All our turns are then read by the upper layers over the kept outputs of the lower ones, as ``READINGS`` says, and a
linear model beside the network learns their wording (qa_service/classify/wide.py). On 2 cores *full* takes about four
hours. Same seed, same machine: same weights.
"""

from __future__ import annotations

import argparse
import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import conduct_data as data
import conduct_weights as weights
import requirement_data
import torch
from rich.progress import Progress
from torch import nn
from transformers import AutoModel

from qa_service.classify.network import ConductNetwork
from qa_service.classify.passages import Reader
from qa_service.classify.training import Example, Recipe, fit
from qa_service.classify.upper import Kept, UpperRecipe, fit_upper

PUBLIC = Recipe(epochs=1, rate=1.0, warm_up=0.12, fall=0.53)
FIRST = Recipe(epochs=2, rate=1.0, warm_up=0.06, fall=0.5)
"""Two readings by all layers; ``rate`` is a share of ``--rate``."""
REPLAYED = 3000
"""Public comments in each epoch of the second reading, so that they are not forgotten."""
DAMAGED = 0.5
VERSIONS, KEPT_COMMENTS = (0.0, 0.45, 0.9), 2500
"""Each turn is kept with these chances of speech damage, of which an epoch of the upper layers takes one; and so many
comments."""


@dataclass(frozen=True)
class Reading:
    """One time that the upper layers go through all own turns. ``rate``: a share of ``--rate``; ``head_rate``: of the
    head; ``epochs``: ``--epochs`` where it is None; ``newest``: author batches that were written then for what the
    model still missed, of which an epoch has each turn ``times`` times, and of the others this share; ``requirements``:
    how often it has what was written for single requirements; ``left_out``, ``dropout``, ``mean``: as in
    :class:`UpperRecipe`."""

    name: str
    what: str
    rate: float
    head_rate: float
    warm_up: float
    epochs: int | None = None
    newest: tuple[str, ...] = ()
    times: float = 2.0
    others: float = 1.0
    left_out: float = 0.0
    dropout: float = 0.0
    mean: float = 0.0
    requirements: float = 0.0


READINGS = (
    Reading("all", "all own turns", rate=2.0, head_rate=3e-3, warm_up=0.05),
    Reading("again", "all own turns again", rate=2.0, head_rate=1.6e-3, warm_up=0.03),
    Reading("last", "own turns, some twice", 1.5, 1.2e-3, warm_up=0.03, epochs=2, newest=("zh-n", "en-g")),
    Reading(
        "newest", "own turns, the newest twice", 2.0, 1.6e-3, warm_up=0.03, epochs=2,
        newest=("zh-o", "zh-p", "zh-q", "en-h", "en-i", "en-j"),
    ),
    Reading(
        "widened", "own turns without some words, the newest oftener", 1.5, 1e-3, warm_up=0.04, epochs=7,
        newest=("zh-r", "en-k"), times=1.5, others=0.45, left_out=0.15, dropout=0.1, mean=0.997,
    ),
    Reading(
        "requirements", "own turns and those of single requirements", 1.5, 1e-3, warm_up=0.04, epochs=6,
        newest=("zh-s", "zh-t", "zh-u", "zh-v", "zh-w", "en-l", "en-t", "en-u", "en-v", "en-w"), times=1.5, others=0.33,
        left_out=0.15, dropout=0.1, mean=0.996, requirements=2.0,
    ),
)  # fmt: skip
"""Each goes on from what the one before learned."""
OWN_DATA = Path(__file__).parent.parent / "models" / "conduct" / "data"


def main() -> None:
    args = _arguments()
    torch.set_num_threads(args.threads)
    network, reader = new(args.base, args.method, args.seed)
    stages = (
        ("public", "public comments", PUBLIC, _public(args)),
        ("first", "own turns, first written", FIRST, _own(args)),
    )
    for name, what, recipe, draw in stages:
        state = args.work / f"{name}-{args.method}-{args.seed}.pt"
        if not state.exists():
            recipe = replace(recipe, rate=recipe.rate * args.rate, seed=args.seed)
            with _told(what, state, network) as on_step:
                fit(network, reader, draw, recipe, on_step=on_step)
        network.load_state_dict(torch.load(state, weights_only=True))
    network = merged(network)
    rows = data.own(OWN_DATA, "train") + data.verdicts(args.verdicts)
    versions = _versions(rows, args)
    broken = requirement_data.utterances(OWN_DATA / "requirements", "train") + requirement_data.rule_examples()
    of_requirements = _heard(broken, args)
    depth = network.encoder.config.num_hidden_layers if args.method == "head" else UpperRecipe().depth
    kept: Kept | None = None
    for at, reading in enumerate(READINGS):
        state = args.work / f"{reading.name}-{args.method}-{args.seed}.pt"
        if not state.exists():
            # the lower layers stay as they are
            kept = kept or _kept(args, versions + of_requirements, network, reader, depth)
            recipe = UpperRecipe(
                depth=depth, epochs=reading.epochs or args.epochs, rate=reading.rate * args.rate,
                head_rate=reading.head_rate, warm_up=reading.warm_up, seed=args.seed + at,
                left_out=reading.left_out, dropout=reading.dropout, mean=reading.mean,
            )  # fmt: skip
            draw = _draw([row.batch for row in rows], versions, of_requirements, len(kept.rows), reading)
            with _told(f"{reading.what}, upper layers", state, network) as on_step:
                fit_upper(network, kept, draw, recipe, anew=at == 0, on_step=on_step)
        network.load_state_dict(torch.load(state, weights_only=True))
    weights.ship(network, reader, [e for version in versions for e in version], args)


def new(base: str, method: str, seed: int) -> tuple[ConductNetwork, Reader]:
    """The network with what ``method`` leaves free to be trained."""
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


def merged(network: ConductNetwork) -> ConductNetwork:
    """With adapters added to the weights they adapt."""
    if hasattr(network.encoder, "merge_and_unload"):
        network.encoder = network.encoder.merge_and_unload()
    return network


def _public(args: argparse.Namespace) -> Callable[[int], list[Example]]:
    comments = data.cold(args.public / "cold_train_dev.jsonl", "train")
    tweets = data.english(args.public, args.seed)
    return lambda _epoch: _some(comments + tweets, args.quick)


def _own(args: argparse.Namespace) -> Callable[[int], list[Example]]:
    """Our own turns of the author batches that were written first, half of them damaged, anew in each epoch."""
    rows = data.own(OWN_DATA, "train", data.FIRST)
    comments = data.cold(args.public / "cold_train_dev.jsonl", "train")
    damage = data.damager(OWN_DATA)

    def draw(epoch: int) -> list[Example]:
        chance = random.Random(args.seed * 100 + epoch)
        examples = data.damaged(data.joined(rows, chance), damage, chance, DAMAGED)
        return _some(examples, args.quick) + _some(chance.sample(comments, REPLAYED), args.quick)

    return draw


def _versions(rows: list[data.Labelled], args: argparse.Namespace) -> list[list[Example]]:
    """All turns as written and as if heard, well and badly; an agent's without any fault breaks no requirement."""
    damage, chance = data.damager(OWN_DATA), random.Random(args.seed * 101)
    found = []
    for share in VERSIONS:
        examples = [requirement_data.with_requirements(e) for e in data.joined(rows, chance)]
        found.append(_some(data.damaged(examples, damage, chance, share), args.quick))
    return found


def _heard(examples: list[Example], args: argparse.Namespace) -> list[list[Example]]:
    """What was written for requirements, as written and as if heard."""
    damage, chance = data.damager(OWN_DATA), random.Random(args.seed * 103)
    return [_some(data.damaged(examples, damage, chance, share), args.quick) for share in VERSIONS]


def _kept(
    args: argparse.Namespace, versions: list[list[Example]], network: ConductNetwork, reader: Reader, depth: int
) -> Kept:
    """All versions one after the other, then comments, as the lower layers leave them."""
    comments = random.Random(3).sample(data.cold(args.public / "cold_train_dev.jsonl", "train"), KEPT_COMMENTS)
    own = [example for version in versions for example in version]
    return Kept(network, reader, [*own, *_some(comments, args.quick)], depth)


def _draw(
    batches: list[str], versions: list[list[Example]], of_requirements: list[list[Example]], kept: int, reading: Reading
) -> Callable[[random.Random], list[int]]:
    """An epoch has one version of a turn each time that it comes, and as many comments as it has of other turns."""
    count, own = len(versions[0]), len(versions) * len(versions[0])
    broken = len(of_requirements[0])
    comments_from = own + len(of_requirements) * broken
    newest = [i for i, batch in enumerate(batches[:count]) if batch[:4] in reading.newest]
    others = [i for i, batch in enumerate(batches[:count]) if batch[:4] not in reading.newest]

    def draw(chance: random.Random) -> list[int]:
        turns = _often(newest, reading.times, chance) + _often(others, reading.others, chance)
        rest = _often(list(range(comments_from, kept)), reading.others, chance)
        rest += [
            own + i + broken * chance.randrange(len(of_requirements))
            for i in _often(list(range(broken)), reading.requirements, chance)
        ]
        return [i + count * chance.randrange(len(versions)) for i in turns] + rest

    return draw


def _often(places: list[int], times: float, chance: random.Random) -> list[int]:
    """Each as often as ``times`` says in whole numbers, and a sample of them for the rest."""
    whole = int(times)
    return places * whole + chance.sample(places, round((times - whole) * len(places)))


def _some(examples: list[Example], quick: bool) -> list[Example]:
    return examples[:64] if quick else examples


@contextmanager
def _told(what: str, state: Path, network: nn.Module) -> Iterator[Callable[[int, int, float], None]]:
    """A bar while it trains; the state is written when it is through."""
    state.parent.mkdir(parents=True, exist_ok=True)
    with Progress() as bar:
        task = bar.add_task(what, total=None)

        def told(step: int, steps: int, loss: float) -> None:
            bar.update(task, completed=step, total=steps, description=f"{what}, loss {loss:.3f}")

        yield told
    torch.save(network.state_dict(), state)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--base", required=True)
    parser.add_argument("--public", type=Path, required=True)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--out", type=Path, default=OWN_DATA.parent)
    parser.add_argument("--method", choices=["full", "lora", "head"], default="full")
    parser.add_argument("--verdicts", type=Path)
    parser.add_argument("--epochs", type=int, default=4, help="over all own turns, in the readings that do not say")
    parser.add_argument("--rate", type=float, default=1e-4)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--quick", action="store_true", help="a few steps of each, to try the way")
    return parser.parse_args()


if __name__ == "__main__":
    main()
