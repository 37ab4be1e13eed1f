"""Training on all turns at once, by teachers and a student: on a GPU in minutes, on CPUs in days.

Each teacher learns without one part of the authors, and says of that part's turns what somebody says who never saw
them. The student learns the labels and these chances together (Hinton et al., Distilling the Knowledge in a Neural
Network, 2015): where a label is doubtful, a teacher doubts it; and where nobody looked, a teacher tells at least
something. Some words of most turns are left out, anew each time, beside the usual dropout (Srivastava et al., 2014),
and what counts in the end is a running mean of the weights (Polyak and Juditsky, 1992).

Needs torch and numpy alone: rows are read from a file of numbers, so that a machine with a GPU and nothing else does.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from qa_service.classify.labels import OFFENSIVE, OUTPUTS, REQUIREMENTS
from qa_service.classify.network import ConductNetwork

UNKNOWN = -1
"""Of a target: nobody looked."""
OF_REQUIREMENTS = 0.5
"""What a requirement counts beside a conduct label: there are four times as many, and each is known of fewer turns."""
LABELLED = 0.6
"""Share of the label in what the student learns, where there is one; the rest is the teacher's."""
GUESSED = 0.5
"""What a chance counts where nobody looked."""
THINNED = 0.8
"""Chance of a passage to be read without some of its words, where any are left out."""
BUCKET = 50
"""Batches whose rows are sorted by length together: enough to save padding, few enough to stay mixed."""
PAD = 1


@dataclass(frozen=True, slots=True)
class Rows:
    """Passages as numbers. Each example stands there in several versions: as written, and as if heard.

    ``ids``: all tokens one after the other, (tokens,); ``start``, ``length``, ``own``: where a version begins, how many
    tokens it has and how many of them are the turn's own, (versions, examples); ``targets``: 1, 0 or ``UNKNOWN``,
    (examples, outputs); ``often``: how many times an epoch has an example, (examples,); ``fold``: the part of the
    authors that it belongs to, (examples,).
    """

    ids: Tensor
    start: Tensor
    length: Tensor
    own: Tensor
    targets: Tensor
    often: Tensor
    fold: Tensor

    @property
    def versions(self) -> int:
        return len(self.start)

    @property
    def examples(self) -> int:
        return int(self.start.shape[1])

    @classmethod
    def read(cls, file: Path, device: str = "cpu") -> Rows:
        with np.load(file) as stored:
            if missing := [f.name for f in fields(cls) if f.name not in stored]:
                raise ValueError(f"{file}: no {', '.join(missing)}; write it with scripts/conduct_rows.py")
            whole = {f.name: torch.from_numpy(_plain(stored[f.name])).to(device) for f in fields(cls)}
        return cls(**whole)

    def write(self, file: Path) -> None:
        """Small: token ids in 16 bits, compressed."""
        small = {"ids": np.uint16, "start": np.int32, "length": np.uint8, "own": np.uint8, "fold": np.int8}
        whole = {f.name: getattr(self, f.name).cpu().numpy() for f in fields(self)}
        kept = {k: v.astype(small.get(k, np.int8 if k == "targets" else np.float32)) for k, v in whole.items()}
        np.savez_compressed(file, **kept)

    def batch(self, examples: Tensor, versions: Tensor, width: int) -> tuple[Tensor, Tensor, Tensor]:
        """Ids, mask and types as :class:`ConductNetwork` reads them, each (examples, width)."""
        at = torch.arange(width, device=self.ids.device)
        length, own = self.length[versions, examples, None], self.own[versions, examples, None]
        mask = at < length
        places = (self.start[versions, examples, None] + at).clamp(max=len(self.ids) - 1)
        ids = torch.where(mask, self.ids[places], PAD)
        return ids, mask.long(), ((at >= own) & mask).long()


def _plain(value: np.ndarray) -> np.ndarray:
    return value if value.dtype == np.float32 else value.astype(np.int64)


@dataclass(frozen=True)
class Lesson:
    """How to learn. ``rate`` is the peak of the layers, ``head_rate`` that of the head; they rise over ``warm_up`` of
    the steps and fall to 0.

    ``left_out``: the share of words that most turns are read without; ``dropout``: within the layers and before the
    head; ``mean``: how much of the running mean of the weights a step leaves.
    """

    steps: int = 6000
    batch: int = 256
    rate: float = 5e-4
    head_rate: float = 2e-3
    warm_up: float = 0.06
    decay: float = 0.01
    left_out: float = 0.15
    dropout: float = 0.1
    mean: float = 0.999
    seed: int = 7


def order(rows: Rows, among: Tensor, size: int, chance: torch.Generator) -> Iterator[tuple[Tensor, Tensor, int]]:
    """The batches of one epoch, of like lengths in each: examples, the version of each, and the greatest length."""
    device = rows.ids.device
    often = torch.where(among, rows.often, 0.0)
    counts = (often + torch.rand(rows.examples, generator=chance, device=device)).floor().long()
    examples = torch.repeat_interleave(torch.arange(rows.examples, device=device), counts)
    examples = examples[torch.randperm(len(examples), generator=chance, device=device)]
    versions = torch.randint(rows.versions, (len(examples),), generator=chance, device=device)
    lengths = rows.length[versions, examples]
    bucket = torch.arange(len(examples), device=device) // (size * BUCKET)
    sorted_ = torch.argsort(bucket * 1000 + lengths)
    examples, versions, lengths = examples[sorted_], versions[sorted_], lengths[sorted_].cpu()
    starts = torch.randperm(-(-len(examples) // size), generator=chance, device=device).tolist()
    for at in starts:
        part = slice(at * size, (at + 1) * size)
        yield examples[part], versions[part], int(lengths[part].max())


def thinned(mask: Tensor, types: Tensor, share: float, chance: torch.Generator) -> Tensor:
    """The mask with some words left out of most rows; first and speaker's token stay."""
    if not share:
        return mask
    device = mask.device
    which = torch.rand(len(mask), 1, generator=chance, device=device) < THINNED
    drop = (torch.rand(mask.shape, generator=chance, device=device) < share) & which
    drop[:, :1] = False
    last_own = ((mask * (1 - types)).sum(1) - 1).clamp(max=3)
    drop[torch.arange(len(mask), device=device), last_own] = False
    return mask * ~drop


def learn(
    network: ConductNetwork,
    rows: Rows,
    among: Tensor,
    lesson: Lesson,
    *,
    chances: Tensor | None = None,
    beside: nn.Module | None = None,
    on_step: Callable[[int, Tensor], None] = lambda *_: None,
) -> None:
    """Train what is free of ``network`` on the examples ``among`` (bool); its running mean is what it has in the end.

    Args:
        chances: what the teachers say, (versions, examples, outputs); without them the labels alone are learned.
        beside: a network whose word counts as a teacher's, in place of ``chances``: the weights that are gone on from.
        on_step: told the step, from 1, and its loss.
    """
    device = rows.ids.device
    torch.manual_seed(lesson.seed)
    chance = torch.Generator(device=device).manual_seed(lesson.seed)
    for name, module in network.named_modules():
        if isinstance(module, nn.Dropout):
            # Drawing what attention leaves out takes a CPU as long as the attention itself.
            module.p = 0.0 if device.type == "cpu" and "attention.self" in name else lesson.dropout
    head = list(network.head.parameters())
    layers = [p for p in network.encoder.parameters() if p.requires_grad]
    groups = [{"params": layers, "lr": lesson.rate}, {"params": head, "lr": lesson.head_rate}]
    optimiser = torch.optim.AdamW([g for g in groups if g["params"]], weight_decay=lesson.decay,
                                  fused=device.type == "cuda")  # fmt: skip
    rising = max(1, int(lesson.warm_up * lesson.steps))
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimiser, lambda s: min((s + 1) / rising, max(0.0, (lesson.steps - s) / max(1, lesson.steps - rising)))
    )
    free = [*layers, *head]
    means = [p.detach().clone() for p in free]
    weights = counted(device)
    step = 0
    network.train()
    while step < lesson.steps:
        for examples, versions, width in order(rows, among, lesson.batch, chance):
            ids, mask, types = rows.batch(examples, versions, width)
            with torch.autocast(device.type, dtype=torch.bfloat16, enabled=halved(device)):
                logits = network(ids, thinned(mask, types, lesson.left_out, chance), types)
                told = None if chances is None else chances[versions, examples]
                told = told if beside is None else _said_by(beside, ids, mask, types)
            loss = mixed_loss(logits.float(), rows.targets[examples], told, weights)
            loss.backward()
            nn.utils.clip_grad_norm_(free, 1.0)
            optimiser.step()
            optimiser.zero_grad(set_to_none=True)
            schedule.step()
            step += 1
            torch._foreach_lerp_(means, [p.detach() for p in free], 1 - min(lesson.mean, step / (step + 9)))
            on_step(step, loss)
            if step == lesson.steps:
                break
    with torch.no_grad():
        for parameter, mean in zip(free, means, strict=True):
            parameter.copy_(mean)
    network.eval()


class Apart(nn.Module):
    """What one network says of the labels and of offence, and another of the requirements."""

    def __init__(self, labels: nn.Module, requirements: nn.Module) -> None:
        super().__init__()
        self.labels, self.requirements = labels, requirements

    def forward(self, ids: Tensor, mask: Tensor, types: Tensor) -> Tensor:
        """Logits, (rows, outputs); of ids, mask and kinds of tokens, (rows, tokens) each."""
        first = len(OUTPUTS) - len(REQUIREMENTS)
        of_labels, of_requirements = (said(ids, mask, types) for said in (self.labels, self.requirements))
        return torch.cat([of_labels[:, :first], of_requirements[:, first:]], dim=1)


def halved(device: torch.device) -> bool:
    """Whether numbers of 16 bits (bfloat16) are quicker there: on GPUs, and on CPUs with AMX or AVX-512 for them."""
    told: Callable[[], dict[str, bool]] = getattr(torch.cpu, "get_capabilities", dict)  # of later versions than 2.6
    return device.type == "cuda" or any(told().get(name) for name in ("amx_bf16", "avx512_bf16"))


def _said_by(network: nn.Module, ids: Tensor, mask: Tensor, types: Tensor) -> Tensor:
    with torch.no_grad():
        told: Tensor = network(ids, mask, types)
        return torch.sigmoid(told.float())


def counted(device: torch.device) -> Tensor:
    """What each output counts, (outputs,)."""
    return torch.tensor([OF_REQUIREMENTS if name in REQUIREMENTS else 1.0 for name in OUTPUTS], device=device)


def mixed_loss(logits: Tensor, targets: Tensor, told: Tensor | None, weights: Tensor) -> Tensor:
    """Binary cross-entropy over what is known, summed over outputs and averaged over rows.

    With ``told``, the chances of a teacher, these are mixed into what is known, and learned where nobody looked (not of
    public comments).
    """
    known = targets != UNKNOWN
    held = targets.clamp(min=0).float()
    counts = known.float()
    if told is not None:
        of_turns = ~known[:, OUTPUTS.index(OFFENSIVE), None] & known.any(1, keepdim=True)
        told = told.float()
        held = torch.where(known, LABELLED * held + (1 - LABELLED) * told, told)
        counts = torch.where(known, 1.0, GUESSED * of_turns)
        counts[:, OUTPUTS.index(OFFENSIVE)] = known[:, OUTPUTS.index(OFFENSIVE)].float()
    each = nn.functional.binary_cross_entropy_with_logits(logits, held, reduction="none")
    return (each * counts * weights).sum(1).mean()


def logits_of(network: ConductNetwork, rows: Rows, among: Tensor | None = None, size: int = 512) -> Tensor:
    """Of shape (versions, examples, outputs), float16; zeros for what is not ``among``."""
    device = rows.ids.device
    found = torch.zeros(rows.versions, rows.examples, len(OUTPUTS), dtype=torch.float16, device=device)
    chosen = torch.arange(rows.examples, device=device) if among is None else among.nonzero()[:, 0]
    network.eval()
    with torch.inference_mode(), torch.autocast(device.type, dtype=torch.bfloat16, enabled=halved(device)):
        for version in range(rows.versions):
            by_length = chosen[torch.argsort(rows.length[version, chosen])]
            for part in by_length.split(size):
                which = torch.full_like(part, version)
                width = int(rows.length[version, part].max())
                found[version, part] = network(*rows.batch(part, which, width)).half()
    return found


def taught(
    network: ConductNetwork,
    rows: Rows,
    fold: int,
    lesson: Lesson,
    *,
    on_step: Callable[[int, Tensor], None] = lambda *_: None,
) -> Tensor:
    """What a teacher, ``network``, says of a fold that it learned without: chances, (versions, examples of the fold in
    their order, outputs), float16."""
    mine = rows.fold == fold
    if not mine.any() or mine.all():
        raise ValueError(f"fold {fold} must be a part of the examples, neither none of them nor all")
    learn(network, rows, ~mine, lesson, on_step=on_step)
    return torch.sigmoid(logits_of(network, rows, mine)[:, mine].float()).half()
