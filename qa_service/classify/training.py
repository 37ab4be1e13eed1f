"""Fitting the network: batches of like length, AdamW, losses only where a label is known. Same seed, same weights."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import nn

from qa_service.classify.distil import BUCKET, UNKNOWN, counted, mixed_loss
from qa_service.classify.labels import CONDUCT, OFFENSIVE, OUTPUTS
from qa_service.classify.network import ConductNetwork
from qa_service.classify.passages import Encoded, Passage, Reader
from qa_service.classify.stored import READ, Ranges


@dataclass(frozen=True, slots=True)
class Example:
    """A passage and what is known of it: ``labels`` that hold, and which outputs were looked at: those of ``known``, or
    where it is None the conduct labels; of a ``public`` comment, whether it is offensive."""

    passage: Passage
    labels: frozenset[str]
    public: bool = False
    known: frozenset[str] | None = None

    @property
    def targets(self) -> list[float]:
        """1, 0 or unknown for each output: public comments say nothing of conduct, our turns nothing of comments."""
        known = (OFFENSIVE,) if self.public else CONDUCT if self.known is None else self.known
        return [float(name in self.labels) if name in known else UNKNOWN for name in OUTPUTS]


@dataclass(frozen=True, slots=True)
class Recipe:
    """How to train. ``rate`` is the peak learning rate; it rises over ``warm_up`` of the steps and falls to the share
    ``fall`` of it."""

    epochs: int = 2
    rate: float = 1e-4
    batch: int = 32
    warm_up: float = 0.06
    fall: float = 0.0
    decay: float = 0.01
    seed: int = 7


def batches(rows: Sequence[Encoded], size: int, chance: random.Random) -> Iterator[list[int]]:
    """Positions of ``rows`` in random batches of like length."""
    order = list(range(len(rows)))
    chance.shuffle(order)
    cut: list[list[int]] = []
    for at in range(0, len(order), size * BUCKET):
        bucket = sorted(order[at : at + size * BUCKET], key=lambda i: len(rows[i].ids))
        cut += [bucket[i : i + size] for i in range(0, len(bucket), size)]
    chance.shuffle(cut)
    yield from cut


def masked_loss(logits: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
    """Binary cross-entropy over what is known, summed over the outputs of a row and averaged over rows."""
    return mixed_loss(logits, targets, None, counted(logits.device))


def fit(
    network: ConductNetwork,
    reader: Reader,
    draw: Callable[[int], Sequence[Example]],
    recipe: Recipe,
    *,
    on_step: Callable[[int, int, float], None],
) -> None:
    """Train the weights of ``network`` that are not frozen.

    Args:
        draw: the examples of an epoch by its number; called once an epoch, so that each may be damaged anew.
        on_step: told (step, steps, loss); ``steps`` is known after the first epoch was drawn.
    """
    torch.manual_seed(recipe.seed)
    chance = random.Random(recipe.seed)  # noqa: S311  an order of batches, not a secret
    free = [p for p in network.parameters() if p.requires_grad]
    optimiser = torch.optim.AdamW(free, lr=recipe.rate, weight_decay=recipe.decay)
    schedule, step, steps = None, 0, 0
    network.train()
    for epoch in range(recipe.epochs):
        examples = list(draw(epoch))
        rows = reader.encode([e.passage for e in examples])
        targets = torch.tensor([e.targets for e in examples])
        if schedule is None:
            steps = recipe.epochs * -(-len(rows) // recipe.batch)
            schedule = torch.optim.lr_scheduler.LambdaLR(optimiser, _rise_and_fall(steps, recipe))
        for chosen in batches(rows, recipe.batch, chance):
            arrays = reader.batch([rows[i] for i in chosen]).arrays
            loss = masked_loss(network(**{k: torch.from_numpy(v) for k, v in arrays.items()}), targets[chosen])
            descend(loss, free, optimiser, schedule, longest=1.0)
            step += 1
            on_step(step, steps, loss.item())
    network.eval()


def descend(
    loss: torch.Tensor,
    free: Sequence[nn.Parameter],
    optimiser: torch.optim.Optimizer,
    schedule: torch.optim.lr_scheduler.LRScheduler,
    *,
    longest: float,
) -> None:
    """One step of the optimiser, with a gradient of at most ``longest``."""
    loss.backward()
    nn.utils.clip_grad_norm_(free, longest)
    optimiser.step()
    optimiser.zero_grad()
    schedule.step()


def scores(network: ConductNetwork, reader: Reader, passages: Sequence[Passage], size: int = 64) -> np.ndarray:
    """Logits of each passage, shape (passages, outputs)."""
    network.eval()
    return _told(network, len(OUTPUTS), reader, passages, size)


def pooled(network: ConductNetwork, reader: Reader, passages: Sequence[Passage], size: int = 64) -> np.ndarray:
    """What the encoder reads in each passage, shape (passages, hidden): the input of the last layer."""
    network.eval()
    return _told(network.pooled, network.head.in_features, reader, passages, size)


def _told(
    ask: Callable[..., torch.Tensor], width: int, reader: Reader, passages: Sequence[Passage], size: int
) -> np.ndarray:
    """The answer to each passage, in their order; asked in batches of like length."""
    rows = reader.encode(passages)
    order = sorted(range(len(rows)), key=lambda i: len(rows[i].ids))
    found = np.zeros((len(rows), width), np.float32)
    with torch.inference_mode():
        for at in range(0, len(order), size):
            chosen = order[at : at + size]
            arrays = reader.batch([rows[i] for i in chosen]).arrays
            found[chosen] = ask(**{k: torch.from_numpy(v) for k, v in arrays.items()}).numpy()
    return found


def ranges(network: ConductNetwork, reader: Reader, passages: Sequence[Passage], size: int = 64) -> Ranges:
    """Least and greatest value of each input of the quantised layers over these passages, padding left out."""
    found: dict[str, np.ndarray] = {}
    mask = torch.zeros(0)

    def note(name: str) -> Callable[[nn.Module, tuple[torch.Tensor, ...]], None]:
        def hook(_: nn.Module, inputs: tuple[torch.Tensor, ...]) -> None:
            values = inputs[0][mask]
            both = torch.stack([values.amin(0), values.amax(0)]).numpy()
            before = found.get(name, both)
            found[name] = np.stack([np.minimum(before[0], both[0]), np.maximum(before[1], both[1])])

        return hook

    hooks = [
        network.encoder.get_submodule(f"encoder.layer.{layer}.{part}").register_forward_pre_hook(
            note(f"encoder.layer.{layer}.{part}")
        )
        for layer in range(network.encoder.config.num_hidden_layers)
        for part in READ
    ]
    rows = reader.encode(passages)
    network.eval()
    with torch.inference_mode():
        for at in range(0, len(rows), size):
            arrays = reader.batch(rows[at : at + size]).arrays
            mask = torch.from_numpy(arrays["mask"]).bool()
            network.pooled(**{k: torch.from_numpy(v) for k, v in arrays.items()})
    for each in hooks:
        each.remove()
    return found


def _rise_and_fall(steps: int, recipe: Recipe) -> Callable[[int], float]:
    rising = max(1, round(steps * recipe.warm_up))

    def factor(step: int) -> float:
        left = max(0.0, (steps - step) / max(1, steps - rising))
        return min((step + 1) / rising, recipe.fall + (1 - recipe.fall) * left)

    return factor
