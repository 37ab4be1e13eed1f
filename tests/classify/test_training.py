"""Training: only what is known is learned, the same seed gives the same weights, batches hold like lengths."""

from __future__ import annotations

import random

import numpy as np
import pytest

from qa_service.classify.labels import CONDUCT, OFFENSIVE, OUTPUTS
from qa_service.classify.passages import Encoded, Passage, Said
from tests.classify.fakes import READER

pytestmark = pytest.mark.torch


def network(seed: int = 1):
    import torch
    from transformers import BertConfig, BertModel

    from qa_service.classify.network import ConductNetwork

    torch.manual_seed(seed)
    config = BertConfig(
        vocab_size=READER.tokenizer.get_vocab_size(), hidden_size=32, num_hidden_layers=1, num_attention_heads=2,
        intermediate_size=64, hidden_dropout_prob=0.0, attention_probs_dropout_prob=0.0,
    )  # fmt: skip
    return ConductNetwork(BertModel(config, add_pooling_layer=False))


def examples():
    from qa_service.classify.training import Example

    rude = [Example(Passage(Said(f"你{i}废物", "agent")), frozenset({"insult"})) for i in range(16)]
    kind = [Example(Passage(Said(f"您{i}好", "agent")), frozenset()) for i in range(16)]
    public = [Example(Passage(Said(f"comment {i}")), frozenset({OFFENSIVE}), public=True) for i in range(4)]
    return rude + kind + public


def test_of_public_comments_nothing_is_known_of_conduct_and_the_other_way_round() -> None:
    import torch

    from qa_service.classify.training import UNKNOWN, masked_loss

    rude, public = examples()[0], examples()[-1]
    assert {name for name, t in zip(OUTPUTS, rude.targets, strict=True) if t != UNKNOWN} == set(CONDUCT)
    assert rude.targets[OUTPUTS.index("insult")] == 1
    assert [name for name, t in zip(OUTPUTS, public.targets, strict=True) if t != UNKNOWN] == [OFFENSIVE]
    logits = torch.zeros(1, len(OUTPUTS), requires_grad=True)
    masked_loss(logits, torch.tensor([public.targets])).backward()
    moved = [name for name, g in zip(OUTPUTS, logits.grad[0].tolist(), strict=True) if g]
    assert moved == [OFFENSIVE]


def test_batches_hold_every_row_once_and_like_lengths() -> None:
    from qa_service.classify.training import batches

    chance = random.Random(4)
    rows = [Encoded((0,) * chance.randint(3, 90), 3) for _ in range(1000)]
    found = list(batches(rows, 32, random.Random(1)))
    assert sorted(i for batch in found for i in batch) == list(range(1000))
    widths = [max(len(rows[i].ids) for i in b) - min(len(rows[i].ids) for i in b) for b in found]
    assert sum(widths) / len(widths) < 10
    assert found != list(batches(rows, 32, random.Random(2)))


def trained(seed: int, epochs: int = 24):
    from qa_service.classify.training import Recipe, fit

    made, losses = network(), []
    recipe = Recipe(epochs=epochs, rate=5e-3, batch=8, seed=seed)
    fit(
        made,
        READER,
        lambda _epoch: examples(),
        recipe,
        on_step=lambda step, steps, loss: losses.append((step, steps, loss)),
    )
    return made, losses


def test_it_learns_what_it_is_shown_and_repeats_itself() -> None:
    import torch

    from qa_service.classify.training import scores

    one, losses = trained(5)
    short, again = (trained(5, epochs=4)[0] for _ in range(2))
    assert (losses[0][0], losses[-1][0], losses[-1][1]) == (1, 120, 120)
    assert losses[-1][2] < losses[0][2] / 2
    rude, kind = scores(one, READER, [e.passage for e in (examples()[0], examples()[20])])[:, OUTPUTS.index("insult")]
    assert rude > kind + 1
    assert all(torch.equal(a, b) for a, b in zip(short.state_dict().values(), again.state_dict().values(), strict=True))


def test_the_rate_rises_then_falls_to_its_share() -> None:
    from qa_service.classify.training import Recipe, _rise_and_fall

    factor = _rise_and_fall(100, Recipe(warm_up=0.1, fall=0.5))
    assert factor(0) == pytest.approx(0.1)
    assert factor(9) == pytest.approx(1.0)
    assert factor(55) == pytest.approx(0.75)
    assert factor(100) == pytest.approx(0.5)


def test_ranges_hold_all_that_went_in_and_leave_the_hooks_behind() -> None:
    from qa_service.classify.stored import READ
    from qa_service.classify.training import ranges

    made = network()
    passages = [e.passage for e in examples()]
    found = ranges(made, READER, passages)
    assert set(found) == {f"encoder.layer.0.{part}" for part in READ}
    assert {both.shape for name, both in found.items() if name.endswith("attention.self")} == {(2, 32)}
    assert all(both[0].min() < 0 < both[1].max() for both in found.values())
    for size in (1, 7):
        again = ranges(made, READER, passages, size=size)
        assert all(again[name] == pytest.approx(both, abs=1e-4) for name, both in found.items())
    alone = [ranges(made, READER, [passage]) for passage in passages]
    for name, both in found.items():
        assert both[0] == pytest.approx(np.min([one[name][0] for one in alone], axis=0), abs=1e-4)
        assert both[1] == pytest.approx(np.max([one[name][1] for one in alone], axis=0), abs=1e-4)
