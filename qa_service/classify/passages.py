"""What the model reads: a turn, who says it, and what the other side says around it, as token ids.

``<s> query: SPEAKER: turn </s> SPEAKER: turn before </s> SPEAKER: turn after </s>``; the turn and its markers are of
type 0, its surroundings of type 1. The model pools over type 0 alone, so that what was said around a turn can tell how
it was meant without being judged with it. "query: " is what the encoder was trained with (Wang et al., Multilingual E5
Text Embeddings, 2024).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from qa_service.text.normalise import normalise

if TYPE_CHECKING:
    from tokenizers import Tokenizer

TURN_TOKENS = 128
CONTEXT_TOKENS = 16
Ids = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Said:
    """Words and who said them: ``agent``, ``customer``, or empty where it is not known."""

    text: str
    speaker: str = ""

    @property
    def written(self) -> str:
        words = normalise(self.text).text
        return f"{self.speaker}: {words}" if self.speaker else words


@dataclass(frozen=True, slots=True)
class Passage:
    """A turn to be judged, between the turn before and the turn after."""

    turn: Said
    before: Said | None = None
    after: Said | None = None


LOOKED_AROUND = 3
"""Turns on each side among which the other side's words are looked for."""


def passage_at(said: Sequence[Said], at: int) -> Passage:
    """The turn at a position, with the nearest words of the other side around it.

    A speaker who takes a breath is cut into turns; the network learned what is said between words of the other side,
    and another turn of the same speaker in their place makes it see nothing at all.
    """
    before = _other_side(said[at], said[max(0, at - LOOKED_AROUND) : at][::-1])
    return Passage(said[at], before, _other_side(said[at], said[at + 1 : at + 1 + LOOKED_AROUND]))


def _other_side(turn: Said, around: Sequence[Said]) -> Said | None:
    """The nearest of the turns in which somebody else says anything; one of which no word was heard says nothing."""
    return next((other for other in around if other.speaker != turn.speaker and other.text.strip()), None)


@dataclass(frozen=True, slots=True)
class Encoded:
    """Token ids of one passage; the first ``own`` of them are the turn and its markers."""

    ids: tuple[int, ...]
    own: int


@dataclass(frozen=True, slots=True)
class Batch:
    """Rows of equal length, padded. All of shape (rows, tokens); ``mask`` and ``own`` are 0 or 1."""

    ids: Ids
    mask: Ids
    types: Ids

    @property
    def arrays(self) -> dict[str, Ids]:
        return {"ids": self.ids, "mask": self.mask, "types": self.types}


class Reader:
    """Turns passages into token ids with the tokenizer file of the weights."""

    def __init__(self, tokenizer: Path) -> None:
        self._file = tokenizer

    @cached_property
    def tokenizer(self) -> Tokenizer:
        from tokenizers import Tokenizer

        loaded = Tokenizer.from_file(str(self._file))
        loaded.no_truncation()
        loaded.no_padding()
        return loaded

    @cached_property
    def _marks(self) -> tuple[int, int, int]:
        known = self.tokenizer.get_vocab()
        return known["<s>"], known["</s>"], known["<pad>"]

    def encode(self, passages: Sequence[Passage]) -> list[Encoded]:
        """Each passage in the order given, cut to what the model was trained on."""
        begin, end, _ = self._marks
        parts = [[f"query: {p.turn.written}", *(s.written if s else "" for s in (p.before, p.after))] for p in passages]
        flat = self.tokenizer.encode_batch([t for part in parts for t in part], add_special_tokens=False)
        found = []
        for at in range(0, len(flat), 3):
            turn, before, after = (piece.ids for piece in flat[at : at + 3])
            own = (begin, *turn[:TURN_TOKENS], end)
            around = (*before[-CONTEXT_TOKENS:], end, *after[:CONTEXT_TOKENS], end) if before or after else ()
            found.append(Encoded(own + around, len(own)))
        return found

    def batch(self, rows: Sequence[Encoded]) -> Batch:
        """The rows side by side, padded to the longest."""
        width = max(len(row.ids) for row in rows)
        ids = np.full((len(rows), width), self._marks[2], np.int64)
        mask = np.zeros_like(ids)
        types = np.zeros_like(ids)
        for at, row in enumerate(rows):
            ids[at, : len(row.ids)] = row.ids
            mask[at, : len(row.ids)] = 1
            types[at, row.own : len(row.ids)] = 1
        return Batch(ids, mask, types)
