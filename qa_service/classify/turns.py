"""Signals of whole calls: turns with their surroundings, in batches of like length over all calls at once."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from qa_service.classify.calibrate import probabilities
from qa_service.classify.card import Card
from qa_service.classify.explain import carried_by
from qa_service.classify.labels import AGENT_FAULTS, CONDUCT, REQUIREMENTS, requirements_of, told_of
from qa_service.classify.passages import TURN_TOKENS, Encoded, Passage, Reader, Said
from qa_service.classify.protocol import Floats, Progress, Runtime
from qa_service.classify.wide import Wide
from qa_service.records import ClassifierInfo, Role, Signal, Turn

BATCH_TOKENS = 4096
"""Rows of a batch times their length: more gains nothing on a CPU and costs memory."""
KEPT = 0.2
"""Weaker signals are not kept."""
MOST_REQUIREMENTS = 2
"""Of one turn and country: a reviewer who is asked about ten clauses reads none."""
EXPLAINED = frozenset(AGENT_FAULTS + REQUIREMENTS)
_SENTENCE = re.compile(r"[^。！？!?.;；]+[。！？!?.;；]*")


@dataclass(frozen=True, slots=True)
class Asked:
    """A passage and where it is from."""

    call: int
    turn: Turn
    passage: Passage


class TurnClassifier:
    """A classifier of turns on one of the runtimes."""

    def __init__(self, runtime: Runtime, reader: Reader, card: Card, wide: Wide | None = None) -> None:
        self._runtime = runtime
        self._reader = reader
        self._wide = wide
        self._card = card
        self._wanted: dict[tuple[str, ...], Floats] = {}
        self._names = tuple(card.labels)
        self._temperatures = np.array([c.temperature for c in card.labels.values()])

    @property
    def info(self) -> ClassifierInfo:
        return self._runtime.info

    def signals(self, calls: Sequence[Sequence[Turn]], progress: Progress | None = None) -> list[tuple[Signal, ...]]:
        asked = [a for call, turns in enumerate(calls) for a in self.asked(call, turns)]
        chances = self.chances([a.passage for a in asked], progress)
        found: list[dict[tuple[int, str], Signal]] = [{} for _ in calls]
        for one, row in zip(asked, chances, strict=True):
            for signal in self._told(one, row):
                known = found[one.call].get((signal.turn, signal.label))
                if known is None or known.probability < signal.probability:
                    found[one.call][signal.turn, signal.label] = signal
        return [tuple(each[key] for key in sorted(each)) for each in found]

    def chances(self, passages: Sequence[Passage], progress: Progress | None = None) -> Floats:
        """Calibrated probabilities, of shape (passages, outputs)."""
        return probabilities(self.logits(passages, progress), self._temperatures).astype(np.float32)

    def logits(self, passages: Sequence[Passage], progress: Progress | None = None) -> Floats:
        """Of the network and the linear model together, of shape (passages, outputs)."""
        rows = self._reader.encode(passages)
        found = np.zeros((len(rows), len(self._names)), np.float32)
        done = 0
        for chosen in batches(rows):
            found[chosen] = self._runtime.logits(self._reader.batch([rows[i] for i in chosen]))
            done += len(chosen)
            if progress:
                progress(done, len(rows))
        if self._wide is not None:
            ours = [i for i, name in enumerate(self._names) if name in CONDUCT]
            found[:, ours] *= self._card.deep
            found[:, ours] += self._card.wide * self._wide.logits(passages)[:, ours]
        return found

    def vectors(self, texts: Sequence[str]) -> Floats:
        rows = self._reader.encode([Passage(Said(text)) for text in texts])
        found: list[Floats] = [np.zeros(0, np.float32)] * len(rows)
        for chosen in batches(rows):
            pooled = self._runtime.pooled(self._reader.batch([rows[i] for i in chosen]))
            for i, vector in zip(chosen, pooled, strict=True):
                found[i] = vector / max(float(np.linalg.norm(vector)), 1e-9)
        return np.stack(found) if found else np.zeros((0, 0), np.float32)

    def likeness(self, texts: Sequence[str], wanted: Sequence[str]) -> list[list[float]]:
        if not texts or not wanted:
            return [[] for _ in texts]
        key = tuple(wanted)
        if key not in self._wanted:
            self._wanted[key] = self.vectors(wanted)
        found: list[list[float]] = (self.vectors(texts) @ self._wanted[key].T).astype(float).tolist()
        return found

    def asked(self, call: int, turns: Sequence[Turn]) -> Iterator[Asked]:
        said = [Said(t.text, t.role if t.role in (Role.AGENT, Role.CUSTOMER) else "") for t in turns]
        for at, turn in enumerate(turns):
            if not turn.text.strip() or not told_of(said[at].speaker):
                continue
            before = said[at - 1] if at else None
            after = said[at + 1] if at + 1 < len(said) else None
            for text in self.pieces(turn.text):
                yield Asked(call, turn, Passage(Said(text, said[at].speaker), before, after))

    def pieces(self, text: str) -> list[str]:
        """The text, or runs of its sentences that the model can take."""
        limit = TURN_TOKENS - 8
        tokenizer = self._reader.tokenizer
        if len(text) <= limit or len(tokenizer.encode(text, add_special_tokens=False).ids) <= limit:
            return [text]
        found, size = [""], 0
        for part in _parts(text):
            length = len(tokenizer.encode(part, add_special_tokens=False).ids)
            if size + length > limit and found[-1]:
                found.append("")
                size = 0
            found[-1] += part
            size += length
        return found

    def _told(self, one: Asked, row: Floats) -> Iterator[Signal]:
        for label in [*told_of(one.passage.turn.speaker), *self._likeliest(one.passage.turn, row)]:
            at = self._names.index(label)
            probability = round(float(row[at]), 4)
            if probability < KEPT:
                continue
            threshold = self._card.labels[label].threshold
            words = carried_by(self, one.passage, at) if probability >= threshold and label in EXPLAINED else ()
            yield Signal(turn=one.turn.index, label=label, probability=probability, threshold=threshold, words=words)

    def _likeliest(self, said: Said, row: Floats) -> list[str]:
        """The requirements most likely broken, of each country of the language: what breaks one is like many others."""
        found: list[str] = []
        for country in requirements_of(said.speaker, said.text):
            known = [label for label in country if label in self._card.labels]  # weights of one's own may tell none
            order = sorted(known, key=lambda label: -row[self._names.index(label)])
            found += order[:MOST_REQUIREMENTS]
        return found


def batches(rows: Sequence[Encoded]) -> Iterator[list[int]]:
    """Positions of rows of like length, so many that a batch stays under ``BATCH_TOKENS``."""
    order = sorted(range(len(rows)), key=lambda i: len(rows[i].ids))
    chosen: list[int] = []
    for i in order:
        if chosen and (len(chosen) + 1) * len(rows[i].ids) > BATCH_TOKENS:
            yield chosen
            chosen = []
        chosen.append(i)
    if chosen:
        yield chosen


def _parts(text: str) -> Iterator[str]:
    """Sentences; one that is too long by itself in pieces of a fixed length."""
    for sentence in _SENTENCE.findall(text) or [text]:
        yield from (sentence[i : i + TURN_TOKENS] for i in range(0, len(sentence), TURN_TOKENS))
