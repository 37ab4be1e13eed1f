"""Write what ships under models/conduct/: int8 weights, graphs, tokenizer, calibration, the manifest's entries."""

from __future__ import annotations

import argparse
import hashlib
import json
import random
import shutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import product
from pathlib import Path
from typing import Any

import conduct_data as data
import conduct_rows
import conduct_wide
import numpy as np
import numpy.typing as npt
import requirement_data
import torch
from huggingface_hub import hf_hub_download
from safetensors.numpy import save_file
from scipy.optimize import minimize
from scipy.special import expit
from transformers import AutoConfig, AutoModel

from qa_service.classify import calibrate, graph
from qa_service.classify import stored as storage
from qa_service.classify.card import Files
from qa_service.classify.labels import (
    CONDUCT,
    OFFENSIVE,
    OUTPUTS,
    REQUIREMENTS,
    REQUIREMENTS_CN,
    REQUIREMENTS_UK,
    REQUIREMENTS_US,
    told_of,
)
from qa_service.classify.near import FILES as NEAREST
from qa_service.classify.near import Near, told_by
from qa_service.classify.network import ConductNetwork
from qa_service.classify.onnx import OnnxRuntime
from qa_service.classify.passages import Passage, Reader
from qa_service.classify.training import UNKNOWN, Example, ranges, scores
from qa_service.classify.turns import MOST_REQUIREMENTS, TurnClassifier
from qa_service.classify.wide import COLUMNS, Wide

SHIPPED = Path(__file__).parent.parent / "models" / "conduct"
MEASURED_OVER = 1600
"""Passages that the ranges of activations are taken from."""


def tokenizer(base: str) -> Path:
    """The base encoder's tokenizer.json; fetched if the base is a name and not a folder."""
    local = Path(base) / "tokenizer.json"
    return local if local.exists() else Path(hf_hub_download(base, "tokenizer.json"))


def ship(network: ConductNetwork, reader: Reader, examples: list[Example], args: argparse.Namespace) -> None:
    """All files of the classifier, from a trained network (adapters merged). ``examples``: what the linear model of the
    labels learns from; those of requirements take their own."""
    out: Path = args.out
    out.mkdir(parents=True, exist_ok=True)
    _write_small(out / "tokenizer.json", json.loads(tokenizer(args.base).read_text(encoding="utf-8")))
    config = AutoConfig.from_pretrained(args.base)
    kept = ("num_hidden_layers", "num_attention_heads", "hidden_size", "layer_norm_eps", "intermediate_size")
    kept += ("vocab_size", "max_position_embeddings", "type_vocab_size", "hidden_act", "model_type", "pad_token_id")
    chosen = {name: getattr(config, name) for name in kept}
    write_json(out / "config.json", chosen)
    rows = data.own(data_folder(), "train")
    measured = [r.example.passage for r in rows[:: max(1, len(rows) // MEASURED_OVER)]]
    measured += [e.passage for e in data.cold(args.public / "cold_train_dev.jsonl", "train")[:100]]
    plain = ConductNetwork(AutoModel.from_pretrained(args.base, dtype=torch.float32, add_pooling_layer=False))
    _write(plain, reader, measured, "plain", chosen, out, outputs=0)
    _write(network, reader, measured, "conduct", chosen, out, outputs=len(OUTPUTS))
    wide = conduct_wide.train(examples)
    conduct_wide.write(wide, out / "wide.safetensors")
    most = 64 if args.quick else None
    of_all = conduct_rows.for_wordings(args.verdicts, args.seed, most)
    for file in conduct_wide.FEATURES:
        conduct_wide.write(conduct_wide.train_requirements(file, of_all), out / file)
    write_json(out / "card.json", card(network, wide, reader, args))
    for file in out.glob("*.safetensors"):
        file.chmod(0o644)  # safetensors writes files that only their owner can read
    list_in_manifest(out)


def data_folder() -> Path:
    return SHIPPED / "data"


def _write(
    network: ConductNetwork,
    reader: Reader,
    passages: list[Passage],
    name: str,
    config: dict[str, Any],
    out: Path,
    *,
    outputs: int,
) -> None:
    """Weights and graph; the word vectors, which are never trained, lie in a file for both. The network's own weights
    become what was stored, so that what is measured with it afterwards is what ships; ranges are measured before."""
    state = {k: v.detach().numpy() for k, v in network.encoder.state_dict().items() if "position_ids" not in k}
    head = {f"head.{k}": v.detach().numpy() for k, v in network.head.state_dict().items()} if outputs else {}
    reach = ranges(network, reader, passages)
    apart = storage.largest(reach)
    encoder = storage.quantised(state, apart)
    stored = encoder | head
    words = {k: v for k, v in stored.items() if k.startswith(storage.WORDS)}
    save_file(words, out / "words.safetensors")
    save_file({k: v for k, v in stored.items() if k not in words}, out / f"{name}.safetensors")
    rounded = storage.dequantised(encoder)
    network.encoder.load_state_dict({k: torch.from_numpy(v) for k, v in rounded.items()})
    files = storage.places(out / "words.safetensors") | storage.places(out / f"{name}.safetensors")
    graph.write(graph.graph(files, reach, config, outputs=outputs, apart=apart), out / f"{name}.onnx")


HEARD = 3
"""How often the turns for choosing are damaged as if heard, so that no threshold hangs on one draw."""
HALF = 0.5
FARTHEST = 60.0
"""Of the offset, in calibrated logits: where nothing held any would do."""
MIXES = tuple((deep / 10, (10 - deep) / 10) for deep in range(11))
"""Shares of the network and of the linear model; the likeliest over what is kept for choosing is taken."""


def card(network: ConductNetwork, wide: Wide, reader: Reader, args: argparse.Namespace) -> dict[str, Any]:
    """Shares, temperatures and thresholds, from the turns and comments that are kept for choosing them."""
    plain = [r.example for r in data.own(data_folder(), "choose")]
    chance = random.Random(args.seed)
    heard = [e for _ in range(HEARD) for e in data.damaged(plain, data.damager(data_folder()), chance)]
    passages = [e.passage for e in plain + heard]
    twice = [*list(range(len(plain))) * HEARD, *range(len(plain), len(passages))]  # as written as often as heard
    truth = np.array([e.targets for e in plain + heard])[twice]
    may = np.array([[label in told_of(p.turn.speaker) for label in CONDUCT] for p in passages])[twice]
    deep = scores(network, reader, passages)[twice, : len(COLUMNS)]
    linear = wide.logits(passages)[twice]
    mixes = MIXES if args.share is None else [(args.share, round(1 - args.share, 4))]
    share = max(mixes, key=lambda mix: _likelihood(mix[0] * deep + mix[1] * linear, truth, may))
    comments = data.cold(args.public / "cold_train_dev.jsonl", "choose")
    public = scores(network, reader, [e.passage for e in comments])[:, OUTPUTS.index(OFFENSIVE)]
    found = {}
    right: list[float] = []
    half = (np.random.default_rng(args.seed).random(len(plain)) < HALF)[np.array(twice) % len(plain)]
    for at, label in enumerate(CONDUCT):
        logits, held = (share[0] * deep + share[1] * linear)[may[:, at], at], truth[may[:, at], at]
        heat = calibrate.temperature(logits, held)
        chances = calibrate.probabilities(logits, heat)
        at_least = calibrate.threshold(chances, held)
        right += _right(chances, held, half[may[:, at]])
        found[label] = {"temperature": round(heat, 4), "threshold": round(at_least, 4)}
    heat = calibrate.temperature(public, [OFFENSIVE in e.labels for e in comments])
    found[OFFENSIVE] = {"temperature": round(heat, 4), "threshold": 0.5}
    nearest = partial(nearest_of, args.out, alone_in(args.out).vectors)
    requirements, of_each = weighed(partial(scores, network, reader), args.out, nearest)
    found |= of_each
    base = Path(args.base).name if Path(args.base).exists() else args.base
    made = {
        "base": base,
        "seed": args.seed,
        "precision_of_halves": round(float(np.mean(right)), 3) if right else None,
    }
    made |= {"deep": share[0], "wide": share[1]}
    return made | requirements | {"labels": found}


NEAR, LAWFUL, ASKED = 0.03, 0.03, 0.35
"""Of the near misses of a country so many are cited at most for what they nearly break; of other lawful turns, so many
for anything. Both stand for turns that were hard to write: the rates on whole calls are lower. Whatever they are, below
the last nothing is told: a requirement always asks a person, who may be asked sooner than told."""


NEAR_SHARES = (0.0, 0.1, 0.2, 0.3, 0.4, 0.6, 0.8, 1.0)
"""Of the nearest utterances' logits so much is added to the mix of the other two."""


def weighed(
    network: Callable[[list[Passage]], np.ndarray], wordings: Path, nearest: Callable[[list[Passage]], np.ndarray]
) -> tuple[dict[str, float], dict[str, dict[str, float]]]:
    """For requirements the shares, as the card names them, of the network, which gives the logits of passages, of the
    linear models in ``wordings`` and of the nearest utterances, whose logits ``nearest`` gives; calibration and
    threshold of each one's country: ten utterances each are too few for its own."""
    folder = data_folder()
    asked = [(r, e) for _, r, e in requirement_data.kept_apart(folder / "requirements")]
    turns = [requirement_data.with_requirements(r.example) for r in data.own(folder, "choose")]
    examples = [e for _, e in asked] + turns
    passages = [e.passage for e in examples]
    deep, linear, near = network(passages), linear_of(passages, wordings), nearest(passages)
    countries = [Country.of(c, asked, turns) for c in (REQUIREMENTS_CN, REQUIREMENTS_US, REQUIREMENTS_UK)]
    some = MIXES[1:]  # the linear models do not read every turn: something must be said of the others

    def mixed(shares: tuple[tuple[float, float], float]) -> np.ndarray:
        (of_deep, of_linear), of_near = shares
        return of_deep * deep + of_linear * linear + of_near * near

    choices = product(some, NEAR_SHARES if near.any() else (0.0,))
    best = max(choices, key=lambda shares: sum(c.likelihood(mixed(shares)) for c in countries))
    found = {r: number for c in countries for r, number in c.numbers(mixed(best)).items()}
    names = ("deep_requirements", "wide_requirements", "near_requirements")
    return dict(zip(names, (*best[0], best[1]), strict=True)), {name: found[name] for name in REQUIREMENTS}


def scaling(logits: npt.ArrayLike, held: npt.ArrayLike) -> tuple[float, float]:
    """Temperature and offset, as ``calibrate.probabilities`` takes them, under which what held was likeliest; both
    arguments are of shape (turns,). The temperature stays among those of ``calibrate.TEMPERATURES``."""
    told, signs = np.asarray(logits, np.float64), np.where(np.asarray(held) > 0, 1.0, -1.0)

    def loss(line: np.ndarray) -> tuple[float, np.ndarray]:
        wrong = expit(-signs * (line[0] * told + line[1]))
        slope = -np.array([(wrong * signs * told).mean(), (wrong * signs).mean()])
        return float(np.logaddexp(0, -signs * (line[0] * told + line[1])).mean()), slope

    steep = (1 / calibrate.TEMPERATURES[-1], 1 / calibrate.TEMPERATURES[0])
    found = minimize(loss, [1.0, 0.0], jac=True, bounds=[steep, (-FARTHEST, FARTHEST)],
                     options={"ftol": 1e-15, "gtol": 1e-10})  # fmt: skip
    return float(1 / found.x[0]), float(found.x[1] / found.x[0])


def network_in(out: Path) -> Callable[[list[Passage]], np.ndarray]:
    """The logits of the int8 network that lies there, with nothing beside it."""
    return alone_in(out).logits


def alone_in(out: Path) -> TurnClassifier:
    """The networks that lie there, which give logits and vectors of texts, with nothing beside them."""
    files = Files(out, "")
    return TurnClassifier(OnnxRuntime(files), Reader(out / "tokenizer.json"), files.card)


def nearest_of(out: Path, vectors: Callable[[Sequence[str]], np.ndarray], passages: list[Passage]) -> np.ndarray:
    """Logits of the nearest utterances that lie there, (passages, outputs); 0 where there are none. ``vectors``: of
    texts, by the plain encoder."""
    found = np.zeros((len(passages), len(OUTPUTS)), np.float32)
    for file in NEAREST:
        if (out / file).is_file():
            near = Near.read(out / file)
            read, told = told_by(near, passages, vectors)
            found[np.ix_(read, [OUTPUTS.index(c) for c in near.columns])] = told
    return found


def linear_of(passages: list[Passage], out: Path) -> np.ndarray:
    """Logits of the linear models of requirements, (passages, outputs); 0 where none reads the passage."""
    found = np.zeros((len(passages), len(OUTPUTS)), np.float32)
    for file in conduct_wide.FEATURES:
        wide = Wide.read(out / file)
        read = [i for i, passage in enumerate(passages) if wide.reads(passage)]
        found[np.ix_(read, [OUTPUTS.index(c) for c in wide.columns])] = wide.logits([passages[i] for i in read])
    return found


@dataclass(frozen=True)
class Country:
    """One's requirements among what thresholds are chosen from: its utterances and lawful turns, as rows of logits.

    ``columns``: its outputs; ``own``, ``at``: rows of its utterances and the requirement that each was written for;
    ``truth``: 1, 0 or ``UNKNOWN``, (utterances, requirements); ``lawful``: rows of turns that break none of it.
    """

    names: tuple[str, ...]
    columns: list[int]
    own: list[int]
    at: np.ndarray
    truth: np.ndarray
    lawful: list[int]

    @classmethod
    def of(cls, names: tuple[str, ...], asked: list[tuple[str, Example]], turns: list[Example]) -> Country:
        columns = [OUTPUTS.index(r) for r in names]
        own = [i for i, (requirement, _) in enumerate(asked) if requirement in names]
        lawful = [len(asked) + i for i, e in enumerate(turns) if e.known is not None and names[0] in e.known]
        truth = np.array([asked[i][1].targets for i in own])[:, columns]
        return cls(names, columns, own, np.array([names.index(asked[i][0]) for i in own]), truth, lawful)

    def known(self, logits: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The logits of what is known, and whether it held, one after the other."""
        known = self.truth != UNKNOWN
        talk = logits[self.lawful][:, self.columns].ravel()
        said = logits[self.own][:, self.columns][known]
        return np.concatenate([said, talk]), np.concatenate([self.truth[known], np.zeros(len(talk))])

    def likelihood(self, logits: np.ndarray) -> float:
        """Mean log-likelihood at the best temperature and offset."""
        told, held = self.known(logits)
        heat, offset = scaling(told, held)
        return -float(np.logaddexp(0, -np.where(held > 0, 1, -1) * (told + offset) / heat).mean())

    def numbers(self, logits: np.ndarray) -> dict[str, dict[str, float]]:
        """Temperature, offset and threshold, for each of its requirements."""
        heat, offset = scaling(*self.known(logits))
        near = ~(self.truth == 1).any(1)
        cited = _likeliest(logits[self.own][:, self.columns])[np.arange(len(self.own)), self.at][near]
        anything = _likeliest(logits[self.lawful][:, self.columns]).max(1)
        least = max(np.quantile(cited, 1 - NEAR), np.quantile(anything, 1 - LAWFUL))
        at_least = max(ASKED, float(calibrate.probabilities([least], [heat], [offset])[0]))
        found = {"temperature": heat, "offset": offset, "threshold": at_least}
        return {r: {name: round(value, 4) for name, value in found.items()} for r in self.names}


def _likeliest(logits: np.ndarray) -> np.ndarray:
    """With what is not told beside likelier ones far down, as qa_service/classify/turns.py leaves it out."""
    order = np.argsort(np.argsort(-logits, 1), 1)
    return np.where(order < MOST_REQUIREMENTS, logits, -60.0)


def _right(chances: np.ndarray, held: np.ndarray, half: np.ndarray) -> Iterator[float]:
    """How precise a threshold that one half of the turns chose is on the other, both ways round, where it tells any."""
    for side in (half, ~half):
        told = chances[~side] >= calibrate.threshold(chances[side], held[side])
        if told.any():
            yield float(held[~side][told].mean())


def _likelihood(logits: np.ndarray, truth: np.ndarray, may: np.ndarray) -> float:
    """Mean log-likelihood of what held, each label at its best temperature."""
    total = 0.0
    for at in range(len(CONDUCT)):
        rows = may[:, at]
        heat = calibrate.temperature(logits[rows, at], truth[rows, at])
        signed = np.where(truth[rows, at] > 0, 1, -1) * logits[rows, at] / heat
        total -= np.logaddexp(0, -signed).mean()
    return total


def weighed_anew(out: Path, made: Path, wordings: Path, nearest: Path, files: Sequence[str]) -> None:
    """Take over ``files``, which were made anew in ``made``, with shares, calibration and thresholds of requirements.

    ``wordings`` and ``nearest``: where the linear models and the nearest utterances lie that go with them.
    """
    near = partial(nearest_of, nearest, alone_in(out).vectors)
    shares, found = weighed(network_in(out), wordings, near)
    card = json.loads((out / "card.json").read_text(encoding="utf-8"))
    for file in files:  # all that could fail is behind us: files and card change together
        shutil.copyfile(made / file, out / file)
    write_json(out / "card.json", card | shares | {"labels": card["labels"] | found})
    list_in_manifest(out)


def list_in_manifest(out: Path) -> None:
    """Name, hash, licence and source of each file, in models/manifest.json."""
    manifest = out.parent / "manifest.json"
    listed = json.loads(manifest.read_text(encoding="utf-8")) if manifest.exists() else {"models": [], "shipped": []}
    others = [m for m in listed["shipped"] if not m["name"].startswith("conduct/")]
    files = sorted(f for f in out.iterdir() if f.suffix in (".onnx", ".safetensors", ".json"))
    listed["shipped"] = others + [_entry(f) for f in files]
    write_json(manifest, listed)


def _entry(file: Path) -> dict[str, str]:
    return {
        "name": f"conduct/{file.stem}" + ("-graph" if file.suffix == ".onnx" else ""),
        "title": "Conduct classifier and sentence encoder, int8",
        "licence": "Apache-2.0; the encoder MIT (intfloat/multilingual-e5-small)",
        "source": "scripts/train_conduct.py",
        "file": f"conduct/{file.name}",
        "sha256": hashlib.sha256(file.read_bytes()).hexdigest(),
        "quality": "models/conduct/CARD.md",
    }


def _write_small(file: Path, value: Any) -> None:
    """On one line: indents are half of a tokenizer's bytes."""
    file.write_text(json.dumps(value, ensure_ascii=False, separators=(",", ":")) + "\n", encoding="utf-8")


def write_json(file: Path, value: Any) -> None:
    file.write_text(json.dumps(value, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
