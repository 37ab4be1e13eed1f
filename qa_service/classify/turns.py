"""Signals of whole calls: turns with their surroundings, in batches of like length over all calls at once."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from qa_service.classify.calibrate import probabilities
from qa_service.classify.card import Card
from qa_service.classify.explain import carried_by
from qa_service.classify.labels import AGENT_FAULTS, OFFENSIVE, REQUIREMENTS, requirements_of, told_of
from qa_service.classify.near import Near, told_by
from qa_service.classify.passages import TURN_TOKENS, Encoded, Passage, Reader, Said, passage_at
from qa_service.classify.protocol import Floats, Progress, Runtime
from qa_service.classify.wide import Wide, counted
from qa_service.records import ClassifierInfo, Role, Signal, Turn

BATCH_TOKENS = 4096
"""Rows of a batch times their length: more gains nothing on a CPU and costs memory."""
KEPT = 0.02
"""Weaker signals are not kept. So low since what is as good as impossible casts doubt on what words say."""
MOST_REQUIREMENTS = 2
"""Of one turn and country: a reviewer who is asked about ten clauses reads none."""
EXPLAINED = frozenset(AGENT_FAULTS + REQUIREMENTS)
_BORDER = re.compile(r"[,，、:：\s]")
_SENTENCE = re.compile(r"[^。！？!?.;；]+[。！？!?.;；]*")


@dataclass(frozen=True, slots=True)
class Asked:
    """A passage and where it is from."""

    call: int
    turn: Turn
    passage: Passage

    @property
    def so_far(self) -> Passage:
        """Of an agent's turn, whose requirements are told, the passage without what follows, mostly the answer."""
        agent = self.passage.turn.speaker == Role.AGENT
        return replace(self.passage, after=None) if agent and self.passage.after else self.passage


class TurnClassifier:
    """A classifier of turns on one of the runtimes.

    ``wide``: linear models, ``near``: the nearest learned utterances, whose logits are added to the network's.
    """

    def __init__(
        self, runtime: Runtime, reader: Reader, card: Card, wide: Sequence[Wide] = (), near: Sequence[Near] = ()
    ) -> None:
        self._runtime = runtime
        self._reader = reader
        self._wide = wide
        self._near = near
        self._card = card
        self._wanted: dict[tuple[str, ...], Floats] = {}
        self._names = tuple(card.labels)
        self._temperatures = np.array([c.temperature for c in card.labels.values()])
        self._offsets = np.array([c.offset for c in card.labels.values()])

    @property
    def info(self) -> ClassifierInfo:
        faults = [*AGENT_FAULTS, *(name for name in self._names if name in REQUIREMENTS)]
        return self._runtime.info.model_copy(update={"faults": tuple(faults), "kept_from": KEPT})

    def signals(self, calls: Sequence[Sequence[Turn]], progress: Progress | None = None) -> list[tuple[Signal, ...]]:
        asked = [a for call, turns in enumerate(calls) for a in self.asked(call, turns)]
        found: list[dict[tuple[int, str], Signal]] = [{} for _ in calls]
        for one, row, highest in zip(asked, *self.readings(asked, progress), strict=True):
            for signal in self._told(one, row, highest):
                known = found[one.call].get((signal.turn, signal.label))
                found[one.call][signal.turn, signal.label] = _surer(known, signal) if known else signal
        return [tuple(each[key] for key in sorted(each)) for each in found]

    def readings(self, asked: Sequence[Asked], progress: Progress | None = None) -> tuple[Floats, Floats]:
        """Probabilities of each passage, and the highest of its readings.

        An agent's turn that is answered is read twice, with and without the answer. For requirements both logits count
        half: what breaks one was learned as the last word of an exchange, and any answer makes the network less sure.
        """
        again = [i for i, a in enumerate(asked) if a.so_far != a.passage]
        logits = self.logits([*(a.passage for a in asked), *(asked[i].so_far for i in again)], progress)
        whole, so_far = logits[: len(asked)], logits[len(asked) :]
        highest = whole.copy()
        highest[again] = np.maximum(whole[again], so_far)
        ours = [at for at, name in enumerate(self._names) if name in REQUIREMENTS]
        if again and ours:
            whole[np.ix_(again, ours)] = (whole[np.ix_(again, ours)] + so_far[:, ours]) / 2
        return self.calibrated(whole), self.calibrated(highest)

    def chances(self, passages: Sequence[Passage], progress: Progress | None = None) -> Floats:
        """Calibrated probabilities, of shape (passages, outputs)."""
        return self.calibrated(self.logits(passages, progress))

    def calibrated(self, logits: Floats) -> Floats:
        """Probabilities of logits, of the same shape."""
        return probabilities(logits, self._temperatures, self._offsets).astype(np.float32)

    def logits(self, passages: Sequence[Passage], progress: Progress | None = None, *, nearest: bool = True) -> Floats:
        """Of the network, the linear models and the nearest utterances together, of shape (passages, outputs)."""
        rows = self._reader.encode(passages)
        found = np.zeros((len(rows), len(self._names)), np.float32)
        done = 0
        for chosen in batches(rows):
            found[chosen] = self._runtime.logits(self._reader.batch([rows[i] for i in chosen]))
            done += len(chosen)
            if progress:
                progress(done, len(rows))
        self._add_wordings(found, passages)
        if nearest:
            self._add_nearest(found, passages)
        return found

    def _add_wordings(self, found: Floats, passages: Sequence[Passage]) -> None:
        """The linear models' share of each logit that they know, where they read the passage."""
        features = [counted(p) for p in passages] if self._wide else []
        for wide in self._wide:
            known = [(i, name) for i, name in enumerate(wide.columns) if name in self._names and name != OFFENSIVE]
            read = [i for i, passage in enumerate(passages) if wide.reads(passage)]
            if not known or not read:
                continue
            deep, share = self._card.shares(wide.columns[0])
            at = np.ix_(read, [self._names.index(name) for _, name in known])
            told = wide.logits_of([features[i] for i in read])[:, [i for i, _ in known]]
            found[at] = deep * found[at] + share * told

    def _add_nearest(self, found: Floats, passages: Sequence[Passage]) -> None:
        """What the nearest learned utterances tell, where there are some of the passage's language."""
        share = self._card.near_requirements
        for near in self._near if share else ():
            known = [(i, name) for i, name in enumerate(near.columns) if name in self._names]
            read, told = told_by(near, passages, self.vectors)
            if known and read:
                at = np.ix_(read, [self._names.index(name) for _, name in known])
                found[at] += share * told[:, [i for i, _ in known]]

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
            passage = passage_at(said, at)
            for text in self.pieces(turn.text):
                yield Asked(call, turn, replace(passage, turn=Said(text, said[at].speaker)))

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

    def _told(self, one: Asked, row: Floats, highest: Floats) -> Iterator[Signal]:
        said = one.passage.turn
        ranked = self._ranked(said, row)
        for label in [*told_of(said.speaker), *ranked]:
            at = self._names.index(label)
            probability, peak = round(float(row[at]), 4), round(float(highest[at]), 4)
            if peak < KEPT:
                continue
            threshold = self._card.labels[label].threshold
            outranked = ranked.get(label, 0) >= MOST_REQUIREMENTS
            explained = probability >= threshold and not outranked and label in EXPLAINED
            read = one.so_far if label in ranked else one.passage
            yield Signal(
                turn=one.turn.index, label=label, probability=probability, threshold=threshold,
                words=carried_by(_WithoutNearest(self), read, at) if explained else (), outranked=outranked,
                peak=peak if peak > probability else None,
            )  # fmt: skip

    def _ranked(self, said: Said, row: Floats) -> dict[str, int]:
        """Requirements that the turn can break, and how many of the same country are likelier broken."""
        found: dict[str, int] = {}
        for country in requirements_of(said.speaker, said.text):
            known = [label for label in country if label in self._card.labels]  # weights of one's own may tell none
            order = sorted(known, key=lambda label: -row[self._names.index(label)])
            found |= {label: rank for rank, label in enumerate(order)}
        return found


@dataclass(frozen=True, slots=True)
class _WithoutNearest:
    """Tells which words carried a decision. The nearest utterances are like a turn as a whole: to look for them anew
    without each word would double the cost and name the same words."""

    classifier: TurnClassifier

    def chances(self, passages: Sequence[Passage]) -> Floats:
        return self.classifier.calibrated(self.classifier.logits(passages, nearest=False))


def _surer(one: Signal, other: Signal) -> Signal:
    """Of two parts of a long turn the one that tells more, with the highest reading of both."""
    best = max(one, other, key=lambda s: (s.told, s.probability))
    peak = max(s.peak or s.probability for s in (one, other))
    return best.model_copy(update={"peak": peak if peak > best.probability else None})


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
    """Sentences; one that is too long by itself in pieces, cut behind a comma or a space where there is one."""
    for sentence in _SENTENCE.findall(text) or [text]:
        start = 0
        while len(sentence) - start > TURN_TOKENS:
            borders = [
                found.end() for found in _BORDER.finditer(sentence, start + TURN_TOKENS // 2, start + TURN_TOKENS)
            ]
            end = borders[-1] if borders else start + TURN_TOKENS
            yield sentence[start:end]
            start = end
        yield sentence[start:]
