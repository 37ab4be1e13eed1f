"""The nearest learned utterances, beside network and linear models: what broke a requirement before breaks it again.

Vectors of the encoder as it was (``plain``) are kept of what was learned, with what is known of each. A new turn is
measured by those that it means much the same as (Cover and Hart, Nearest neighbor pattern classification, 1967), each
weighed by how near it is (Nadaraya 1964; Watson 1964): the log of the weight of those that broke a requirement over
the weight of those that kept it is added to the logits. What the network had to forget to learn new things, and what
is too rare to move its weights, stands here as it was (Khandelwal et al., Generalization through memorization, 2020).

There is one of each language, of the requirements that agents break in it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import numpy.typing as npt

from qa_service.classify.labels import REQUIREMENTS_CN, REQUIREMENTS_UK, REQUIREMENTS_US, can_break
from qa_service.classify.passages import Passage
from qa_service.classify.stored import arrays
from qa_service.errors import ErrorCode, SetupError

Floats = npt.NDArray[np.float32]
FILES = {"near-zh.safetensors": REQUIREMENTS_CN, "near-en.safetensors": REQUIREMENTS_US + REQUIREMENTS_UK}
"""What ships, and what each has logits for."""
SHARP, BEFORE, FLOOR = 28.0, 0.3, 0.3
"""How much faster than its cosine an utterance's weight falls; what the turn before counts beside the turn; from which
cosine on an utterance says more than nothing (how they were chosen: models/conduct/CARD.md)."""
ARRAYS = ("middle", "axes", "turns", "befores", "before", "broken", "kept")
"""What a file holds."""
AT_ONCE = 256
"""Passages that are compared at once: their cosines with all that is kept are held in memory."""


@dataclass(frozen=True)
class Near:
    """``middle``: the mean of all vectors, (dimensions,), and ``axes``: those along which they differ most, of any
    length, (axes, dimensions). ``turns``: what was learned, along these, as int8 of any length, (utterances, axes);
    ``before``: the place in ``befores``, plus 1, of what the other side said before it, 0 for nothing, (utterances,).
    ``broken`` and ``kept``: which columns each is known to have broken and kept, a bit each, (utterances, bytes)."""

    middle: Floats
    axes: Floats
    turns: npt.NDArray[np.int8]
    befores: npt.NDArray[np.int8]
    before: npt.NDArray[np.uint32]
    broken: npt.NDArray[np.uint8]
    kept: npt.NDArray[np.uint8]
    columns: tuple[str, ...]
    sharp: float = SHARP
    floor: float = FLOOR

    @classmethod
    def read(cls, file: Path) -> Near:
        """One of :data:`FILES`.

        Raises:
            SetupError: MODEL_CORRUPT, where it was written for another number of outputs.
        """
        stored, columns = arrays(file), FILES[file.name]
        if any(stored[name].shape != (len(stored["turns"]), -(-len(columns) // 8)) for name in ("broken", "kept")):
            message = f"{file} does not fit this version: it was not written for {len(columns)} outputs."
            raise SetupError(ErrorCode.MODEL_CORRUPT, message, "Write it with scripts/conduct_near.py.")
        return cls(**{name: stored[name] for name in ARRAYS}, columns=columns)  # type: ignore[arg-type]

    def reads(self, passage: Passage) -> bool:
        """Whether it has anything to say of it: agents' turns in its language alone."""
        return can_break(passage.turn.speaker, passage.turn.text, self.columns)

    def along(self, vectors: Floats) -> Floats:
        """Vectors of the plain encoder, (texts, dimensions), along the axes, each of length 1; zeros stay zeros."""
        moved = np.where(vectors.any(1, keepdims=True), vectors - self.middle, 0) @ self.axes.T
        return unit(moved)

    def logits(self, turns: Floats, before: Floats) -> Floats:
        """Of passages by the vectors of their turns and of what was said before, zeros for nothing: (passages,
        columns)."""
        own, other = self.along(turns), self.along(before)
        found = [self._logits(own[at : at + AT_ONCE], other[at : at + AT_ONCE]) for at in range(0, len(own), AT_ONCE)]
        return np.concatenate(found) if found else np.zeros((0, len(self.columns)), np.float32)

    def _logits(self, turns: Floats, before: Floats) -> Floats:
        alike = turns @ self._turns.T
        alike += BEFORE * (before @ self._befores.T)[:, self.before]
        weights = np.exp(self.sharp * (alike - self.floor))
        broken, kept = weights @ self._broken, weights @ self._kept
        found: Floats = np.log((1 + broken) / (1 + kept)).astype(np.float32)
        return found

    @cached_property
    def _turns(self) -> Floats:
        return unit(self.turns.astype(np.float32))

    @cached_property
    def _befores(self) -> Floats:
        """With zeros first, for those before which nothing was said."""
        nothing = np.zeros((1, len(self.axes)), np.float32)
        return np.concatenate([nothing, unit(self.befores.astype(np.float32))])

    @cached_property
    def _broken(self) -> Floats:
        return self._bits(self.broken)

    @cached_property
    def _kept(self) -> Floats:
        return self._bits(self.kept)

    def _bits(self, packed: npt.NDArray[np.uint8]) -> Floats:
        found: Floats = np.unpackbits(packed, axis=1, count=len(self.columns)).astype(np.float32)
        return found


def unit(rows: Floats) -> Floats:
    """Each of length 1; zeros stay zeros."""
    found: Floats = rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-9)
    return found.astype(np.float32)


def told_by(
    near: Near, passages: Sequence[Passage], vectors: Callable[[Sequence[str]], Floats]
) -> tuple[list[int], Floats]:
    """Which of the passages it reads, and their logits, (those, columns). ``vectors``: of texts, by the plain encoder,
    asked for each text once.

    Raises:
        SetupError: MODEL_CORRUPT, where the utterances were kept with another encoder.
    """
    read = [i for i, passage in enumerate(passages) if near.reads(passage)]
    pairs = [(passages[i].turn.text, b.text if (b := passages[i].before) else "") for i in read]
    texts = [text for text in dict.fromkeys(text for pair in pairs for text in pair) if text.strip()]
    if not texts:
        return [], np.zeros((0, len(near.columns)), np.float32)
    made = vectors(texts)
    if made.shape[1] != len(near.middle):
        message = (
            f"The nearest utterances are vectors of {len(near.middle)} numbers; the encoder makes {made.shape[1]}."
        )
        raise SetupError(ErrorCode.MODEL_CORRUPT, message, "Write them with scripts/conduct_near.py.")
    found = np.concatenate([made, np.zeros((1, len(near.middle)), np.float32)])  # the last: nothing said
    place = {text: i for i, text in enumerate(texts)}
    turns, before = ([place.get(pair[side], -1) for pair in pairs] for side in (0, 1))
    return read, near.logits(found[turns], found[before])
