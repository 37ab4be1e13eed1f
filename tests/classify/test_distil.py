"""Teachers and a student: rows as numbers, what is left out, whose chances are told, what is learned unlabelled."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from qa_service.classify.labels import OFFENSIVE, OUTPUTS
from tests.classify.fakes import READER
from tests.classify.test_training import examples, network

pytestmark = pytest.mark.torch
INSULT, PUBLIC = OUTPUTS.index("insult"), OUTPUTS.index(OFFENSIVE)


def rows(often: float = 1.0, versions: int = 2):
    import torch

    from qa_service.classify.distil import Rows

    given = examples()
    encoded = READER.encode([e.passage for e in given])
    lengths = torch.tensor([[len(r.ids) for r in encoded]] * versions)
    starts = torch.cumsum(lengths[0], 0) - lengths[0]
    return Rows(
        ids=torch.tensor([i for r in encoded for i in r.ids]), start=torch.stack([starts] * versions), length=lengths,
        own=torch.tensor([[r.own for r in encoded]] * versions),
        targets=torch.tensor([e.targets for e in given]).long(), often=torch.full((len(given),), often),
        fold=torch.arange(len(given)) % 2,
    )  # fmt: skip


def everything(given):
    import torch

    return torch.ones(given.examples, dtype=torch.bool)


def test_rows_come_back_from_their_file_as_they_were(tmp_path: Path) -> None:
    import torch

    from qa_service.classify.distil import Rows

    given = rows(0.4)
    given.write(tmp_path / "rows.npz")
    found = Rows.read(tmp_path / "rows.npz")
    for name in ("ids", "start", "length", "own", "targets", "often", "fold"):
        assert torch.equal(getattr(found, name), getattr(given, name)), name


def test_a_file_without_rows_says_what_it_lacks(tmp_path: Path) -> None:
    import numpy as np

    from qa_service.classify.distil import Rows

    np.savez(tmp_path / "other.npz", ids=np.zeros(3, np.uint16))
    with pytest.raises(ValueError, match=r"no start, .*conduct_rows"):
        Rows.read(tmp_path / "other.npz")


def test_a_batch_is_what_the_reader_makes_of_the_same_passages() -> None:
    import torch

    given, passages = rows(), [e.passage for e in examples()]
    expected = READER.batch(READER.encode(passages))
    got = given.batch(torch.arange(given.examples), torch.ones(given.examples, dtype=torch.long), expected.ids.shape[1])
    mask, types = torch.from_numpy(expected.mask), torch.from_numpy(expected.types)
    assert torch.equal(got[1], mask)
    assert torch.equal(got[2], types)
    assert torch.equal(got[0] * mask, torch.from_numpy(expected.ids) * mask)


def test_an_epoch_has_each_example_as_often_as_it_is_told_and_only_those_chosen() -> None:
    import torch

    from qa_service.classify.distil import order

    given = rows(2.0)
    among = everything(given)
    among[:5] = False
    chance = torch.Generator().manual_seed(1)
    batches = list(order(given, among, 8, chance))
    seen = Counter(i for chosen, _, _ in batches for i in chosen.tolist())
    assert seen == dict.fromkeys(range(5, given.examples), 2)
    assert {v for _, versions, _ in batches for v in versions.tolist()} == {0, 1}
    for chosen, versions, width in batches:
        assert width == int(given.length[versions, chosen].max())
    half = sum(len(chosen) for chosen, _, _ in order(rows(0.5), everything(given), 8, chance))
    assert 0 < half < given.examples


def test_words_are_left_out_but_never_who_speaks() -> None:
    import torch

    from qa_service.classify.distil import thinned

    mask = torch.ones(200, 20, dtype=torch.long)
    types = torch.zeros_like(mask)
    types[:, 12:] = 1
    chance = torch.Generator().manual_seed(2)
    assert thinned(mask, types, 0.0, chance) is mask
    found = thinned(mask, types, 0.5, chance)
    assert found[:, 0].all()
    assert found[:, 3].all()
    assert 0.5 < found.float().mean() < 0.75  # half of the words of four rows in five
    padded = mask.clone()
    padded[:, 15:] = 0
    assert not thinned(padded, types, 0.5, chance)[:, 15:].any()


def learned(given, **more):
    from qa_service.classify.distil import Lesson, learn

    made, losses = network(), []
    lesson = Lesson(**{"steps": 120, "batch": 8, "rate": 5e-3, "head_rate": 1e-2, "mean": 0.9, "seed": 3} | more)
    learn(made, given, everything(given), lesson, on_step=lambda step, loss: losses.append((step, loss.item())))
    return made, losses


def test_it_learns_what_it_is_shown_and_repeats_itself() -> None:
    import torch

    from qa_service.classify.distil import logits_of

    one, losses = learned(rows())
    short, again = (learned(rows(), steps=20)[0] for _ in range(2))
    assert [step for step, _ in losses] == list(range(1, 121))
    found = logits_of(one, rows())
    assert found.shape == (2, 36, len(OUTPUTS))
    assert found[0, :16, INSULT].min() > found[0, 16:32, INSULT].max()
    assert all(torch.equal(a, b) for a, b in zip(short.state_dict().values(), again.state_dict().values(), strict=True))


def test_what_stays_in_the_end_is_a_mean_of_the_last_weights() -> None:
    import torch

    from qa_service.classify.distil import Lesson, learn

    made, seen = network(), []
    lesson = Lesson(steps=40, batch=8, rate=5e-3, head_rate=1e-2, mean=0.9)
    learn(made, rows(), everything(rows()), lesson, on_step=lambda *_: seen.append(made.head.bias.detach().clone()))
    assert not torch.equal(made.head.bias, seen[-1])
    last = torch.stack(seen)
    assert (made.head.bias >= last.amin(0) - 1e-3).all()
    assert (made.head.bias <= last.amax(0) + 1e-3).all()


def test_on_a_cpu_attention_leaves_nothing_out_and_the_rest_does() -> None:
    from torch import nn

    from qa_service.classify.distil import Lesson, learn

    made = network()
    learn(made, rows(), everything(rows()), Lesson(steps=1, batch=8, dropout=0.25))
    shares = {name: module.p for name, module in made.named_modules() if isinstance(module, nn.Dropout)}
    within = {name for name in shares if "attention.self" in name}
    assert within
    assert {shares[name] for name in within} == {0.0}
    assert {share for name, share in shares.items() if name not in within} == {0.25}


def test_the_word_of_weights_gone_on_from_is_learned_where_nobody_looked() -> None:
    import torch

    from qa_service.classify.distil import Lesson, learn, logits_of

    before, made, given = network(), network(), rows()
    known = OUTPUTS.index("dispute")
    with torch.no_grad():
        before.head.bias[known] = 4.0
    given.targets[:, known] = -1
    lesson = Lesson(steps=80, batch=8, rate=5e-3, head_rate=5e-2, mean=0.9)
    learn(made, given, everything(given), lesson, beside=before)
    assert logits_of(made, given)[:, :32, known].min() > 1.0
    assert torch.equal(before.head.weight, network().head.weight)


def test_labels_are_the_word_of_one_and_requirements_that_of_another() -> None:
    import torch

    from qa_service.classify.distil import Apart

    given = rows()
    one, other = network(3).eval(), network(4).eval()
    ids, mask, types = given.batch(torch.arange(3), torch.zeros(3, dtype=torch.long), 40)
    with torch.no_grad():
        told, first, second = (said(ids, mask, types) for said in (Apart(one, other), one, other))
    assert not torch.allclose(first, second)
    of_labels = OUTPUTS.index(OFFENSIVE) + 1
    assert torch.equal(told[:, :of_labels], first[:, :of_labels])
    assert torch.equal(told[:, of_labels:], second[:, of_labels:])


def test_chances_are_mixed_into_labels_and_stand_where_nobody_looked() -> None:
    import torch

    from qa_service.classify.distil import LABELLED, UNKNOWN, mixed_loss

    def pulls(targets: list[float], told: float) -> torch.Tensor:
        logits = torch.zeros(1, len(OUTPUTS), requires_grad=True)
        weights = torch.ones(len(OUTPUTS))
        mixed_loss(logits, torch.tensor([targets]).long(), torch.full((1, len(OUTPUTS)), told), weights).backward()
        return logits.grad[0]

    rude, public = examples()[0].targets, examples()[-1].targets
    unknown = [i for i, t in enumerate(rude) if t == UNKNOWN and i != PUBLIC]
    pull = pulls(rude, 0.2)
    assert pull[INSULT] == pytest.approx(0.5 - (LABELLED + (1 - LABELLED) * 0.2))
    assert pull[unknown].tolist() == pytest.approx([0.5 * (0.5 - 0.2)] * len(unknown))
    assert pull[PUBLIC] == 0
    of_comment = pulls(public, 0.9)
    assert [OUTPUTS[i] for i in of_comment.nonzero()[:, 0].tolist()] == [OFFENSIVE]


def test_a_teacher_says_of_turns_what_it_did_not_learn_from_them() -> None:
    import torch

    from qa_service.classify.distil import Lesson, taught

    given, seen = rows(), []
    given.fold[:] = 0
    given.fold[:16] = 1  # all insults: who learned without them knows none
    lesson = Lesson(steps=60, batch=8, rate=5e-3, head_rate=1e-2, mean=0.9)
    insults = taught(network(), given, 1, lesson, on_step=lambda step, _loss: seen.append(step))
    others = taught(network(), given, 0, lesson)
    assert insults.shape == (2, 16, len(OUTPUTS))
    assert others.shape == (2, 20, len(OUTPUTS))
    assert seen == list(range(1, 61))
    assert insults[:, :, INSULT].max() < 0.1
    assert others[:, :16, INSULT].min() > 0.5
    assert torch.isfinite(others.float()).all()
    for fold in (2, 0):
        given.fold[:] = 0
        with pytest.raises(ValueError, match="part of the examples"):
            taught(network(), given, fold, lesson)
