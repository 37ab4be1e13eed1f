"""Training of the upper layers over the kept outputs of the lower ones: the same steps for half of the arithmetic.

The lower layers are frozen, so what they make of a passage is computed once and kept (half precision). Last layers
learn what is particular to a task, lower ones hardly change (Lee, Tang and Lin, What Would Elsa Do?, 2019). At first
the head begins at the share of each label; it learns faster than the layers below it. What was read often is known by
heart: then some words of a turn are left out, anew each time, beside the usual dropout (Srivastava et al., 2014), and
what counts in the end is a running mean of the weights (Polyak and Juditsky, 1992).
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from torch import nn

from qa_service.classify.labels import OFFENSIVE, OUTPUTS
from qa_service.classify.network import ConductNetwork
from qa_service.classify.passages import Encoded, Reader
from qa_service.classify.training import UNKNOWN, Example, batches, descend, masked_loss

FAR = -1e4
"""Added to the attention on padding."""
THINNED = 0.8
"""Chance of a passage to be read without some of its words, where any are left out."""


@dataclass(frozen=True, slots=True)
class UpperRecipe:
    """``depth`` lower layers are frozen; ``rate`` is the peak of the layers above, ``head_rate`` that of the head.

    ``left_out``: the share of words that four of five turns are read without; ``dropout``: within the layers;
    ``mean``: how much of the running mean of the weights a step leaves, 0 for the last weights themselves.
    """

    depth: int = 6
    epochs: int = 4
    rate: float = 2e-4
    head_rate: float = 3e-3
    batch: int = 32
    warm_up: float = 0.05
    decay: float = 0.01
    left_out: float = 0.0
    dropout: float = 0.0
    mean: float = 0.0
    seed: int = 7


class Kept:
    """Passages as the lower layers leave them: for each one (tokens, hidden), without padding."""

    def __init__(self, network: ConductNetwork, reader: Reader, examples: Sequence[Example], depth: int) -> None:
        self.rows = reader.encode([e.passage for e in examples])
        self.targets = torch.tensor([e.targets for e in examples])
        self.states: list[torch.Tensor] = [torch.empty(0)] * len(self.rows)
        order = sorted(range(len(self.rows)), key=lambda i: len(self.rows[i].ids))
        network.eval()
        with torch.inference_mode():
            for at in range(0, len(order), 64):
                chosen = order[at : at + 64]
                found = _lower(network, reader, [self.rows[i] for i in chosen], depth)
                for state, i in zip(found, chosen, strict=True):
                    self.states[i] = state[: len(self.rows[i].ids)].half().clone()


def upper(
    network: ConductNetwork, kept: Kept, chosen: Sequence[int], depth: int, left_out: float = 0.0
) -> torch.Tensor:
    """Logits of the chosen passages, shape (chosen, outputs)."""
    parts = [_thinned(kept.states[i], kept.rows[i].own, left_out) for i in chosen]
    width = max(len(state) for state, _ in parts)
    states = torch.zeros(len(chosen), width, parts[0][0].shape[1])
    mask, own = torch.zeros(len(chosen), width), torch.zeros(len(chosen), width)
    for at, (state, of_turn) in enumerate(parts):
        states[at, : len(state)] = state.float()
        mask[at, : len(state)] = 1
        own[at, :of_turn] = 1
    for layer in network.encoder.encoder.layer[depth:]:
        states = layer(states, _bias(mask))
    pooled = (states * own.unsqueeze(-1)).sum(1) / own.sum(1, keepdim=True)
    logits: torch.Tensor = network.head(network.dropout(pooled))
    return logits


def _thinned(state: torch.Tensor, own: int, share: float) -> tuple[torch.Tensor, int]:
    """A passage without about this share of its tokens, and how many of the turn's own are left; the first stays."""
    if not share or torch.rand(()) > THINNED:
        return state, own
    stays = torch.rand(len(state)) >= share
    stays[0] = True
    return state[stays], int(stays[:own].sum())


def fit_upper(
    network: ConductNetwork,
    kept: Kept,
    draw: Callable[[random.Random], Sequence[int]],
    recipe: UpperRecipe,
    *,
    anew: bool = True,
    on_step: Callable[[int, int, float], None],
) -> None:
    """Train the layers above ``recipe.depth`` and the head.

    Args:
        draw: the positions of an epoch among what is kept; all epochs must be of one length.
        anew: whether the labels begin at their shares, or go on from what the head knows.
        on_step: told (step, steps, loss).
    """
    torch.manual_seed(recipe.seed)
    chance = random.Random(recipe.seed)  # noqa: S311  an order of batches, not a secret
    if anew:
        _begin_at_shares(network, kept.targets)
    for parameter in network.parameters():
        parameter.requires_grad = False
    layers = [p for layer in network.encoder.encoder.layer[recipe.depth :] for p in layer.parameters()]
    head = list(network.head.parameters())
    for parameter in (*layers, *head):
        parameter.requires_grad = True
    optimiser = torch.optim.AdamW(
        [{"params": layers, "lr": recipe.rate}, {"params": head, "lr": recipe.head_rate}], weight_decay=recipe.decay
    )
    first = list(draw(chance))
    steps = recipe.epochs * -(-len(first) // recipe.batch)
    rising = max(1, int(recipe.warm_up * steps))
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimiser, lambda step: min((step + 1) / rising, max(0.0, (steps - step) / (steps - rising)))
    )
    learning = [*layers, *head]
    means = [parameter.detach().clone() for parameter in learning]
    step = 0
    with _dropping(network.encoder.encoder.layer[recipe.depth :], recipe.dropout):
        network.train()
        for epoch in range(recipe.epochs):
            positions = first if epoch == 0 else list(draw(chance))
            for batch in batches([kept.rows[i] for i in positions], recipe.batch, chance):
                chosen = [positions[i] for i in batch]
                logits = upper(network, kept, chosen, recipe.depth, recipe.left_out)
                loss = masked_loss(logits, kept.targets[chosen])
                descend(loss, learning, optimiser, schedule, longest=5.0)
                step += 1
                _follow(means, learning, min(recipe.mean, step / (step + 9)))
                on_step(step, steps, loss.item())
    _follow(learning, means, 0.0)
    network.eval()


def _follow(means: Sequence[torch.Tensor], weights: Sequence[torch.Tensor], stays: float) -> None:
    """Move ``means`` towards ``weights``; ``stays``: the share of the old that stays."""
    with torch.no_grad():
        for mean, weight in zip(means, weights, strict=True):
            mean.lerp_(weight, 1 - stays)


@contextmanager
def _dropping(layers: nn.Module, share: float) -> Iterator[None]:
    """With so much dropout inside these layers; afterwards as before."""
    found = [m for m in layers.modules() if isinstance(m, nn.Dropout)]
    before = [m.p for m in found]
    for module in found:
        module.p = share or module.p
    try:
        yield
    finally:
        for module, p in zip(found, before, strict=True):
            module.p = p


def _lower(network: ConductNetwork, reader: Reader, rows: Sequence[Encoded], depth: int) -> torch.Tensor:
    batch = reader.batch(rows)
    ids, types = torch.from_numpy(batch.ids), torch.from_numpy(batch.types)
    states: torch.Tensor = network.encoder.embeddings(input_ids=ids, token_type_ids=types)
    bias = _bias(torch.from_numpy(batch.mask).float())
    for layer in network.encoder.encoder.layer[:depth]:
        states = layer(states, bias)
    return states


def _bias(mask: torch.Tensor) -> torch.Tensor:
    return ((1 - mask) * FAR)[:, None, None, :]


def _begin_at_shares(network: ConductNetwork, targets: torch.Tensor) -> None:
    """Each label that is learned anew begins at its log-odds, whatever the passage."""
    with torch.no_grad():
        for at, name in enumerate(OUTPUTS):
            known = targets[:, at] != UNKNOWN
            if name == OFFENSIVE or not known.any():
                continue
            share = targets[known, at].mean().clamp(min=1e-3, max=1 - 1e-3)
            network.head.bias[at] = torch.log(share / (1 - share))
            network.head.weight[at].zero_()
