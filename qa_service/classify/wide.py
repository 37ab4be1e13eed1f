"""The wide part: linear models over runs of characters, syllables and words, beside the network (the deep part).

Few thousand examples teach a small network what a turn is about, and a linear model which wordings give it away; their
logits are added (wide and deep learning, Cheng et al. 2016). Features are counted as in text retrieval:
1 + ln(count), times the inverse document frequency, each family of length 1 (Salton and Buckley 1988). Near syllables
make what was heard as another character of like sound the same feature.

There is one of the conduct labels and one for each language of the requirements that agents break in it.
"""

from __future__ import annotations

import re
import zlib
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import numpy.typing as npt

from qa_service.classify.labels import (
    CONDUCT,
    OFFENSIVE,
    REQUIREMENTS_CN,
    REQUIREMENTS_UK,
    REQUIREMENTS_US,
    can_break,
)
from qa_service.classify.passages import Passage, Said
from qa_service.classify.stored import arrays
from qa_service.errors import ErrorCode, SetupError
from qa_service.text.normalise import normalise
from qa_service.text.pinyin import near_key, syllables

Floats = npt.NDArray[np.float32]
FAMILIES = {"c": 1.0, "p": 1.0, "w": 1.0, "x": 0.5, "y": 0.5}
"""Characters of the turn, its syllables, its English words; around it runs of characters, and words by their side. With
the weight of each."""
COLUMNS = (*CONDUCT, OFFENSIVE)
"""What the one of the labels has logits for, the first of the outputs; that of ``offensive`` is nothing."""
FILES = {
    "wide.safetensors": COLUMNS,
    "wide-zh.safetensors": REQUIREMENTS_CN,
    "wide-en.safetensors": REQUIREMENTS_US + REQUIREMENTS_UK,
}
"""What ships, and what each has logits for."""
BEFORE_WORDS, AFTER_WORDS = 25, 20
_MARKS = re.compile(r"[^\w]+")
_ENGLISH = re.compile(r"[a-z']+")
_WORDS = re.compile(r"[a-z0-9']+|[\u4e00-\u9fff]")


def grams(passage: Passage) -> Iterator[tuple[str, Counter[str]]]:
    """The features of a passage by family, with their counts."""
    said = normalise(passage.turn.text).text
    text = _folded(said)
    yield "c", _characters(text, 4)
    yield "p", _runs([near_key(s.text) for s in syllables(said)], 2, 4)
    yield "w", _runs(_ENGLISH.findall(text), 1, 3)
    around = [f"{s.speaker[:1]}{_folded(s.text)}" if s else "" for s in (passage.before, passage.after)]
    yield "x", _characters(f"{around[0]}|{around[1]}", 3)
    yield "y", Counter((*_beside("b", passage.before, BEFORE_WORDS), *_beside("a", passage.after, AFTER_WORDS)))


def key(family: str, gram: str) -> int:
    """The number of a feature: 32 bits, so that no dictionary of strings need ship."""
    return zlib.crc32(f"{family}:{gram}".encode())


Counted = Sequence[tuple[str, npt.NDArray[np.uint32], Floats]]
"""The features of a passage, counted once for all models: family, keys and counts, both of shape (features,)."""


def counted(passage: Passage) -> Counted:
    return [
        (
            family,
            np.fromiter((key(family, gram) for gram in counts), np.uint32, len(counts)),
            np.fromiter(counts.values(), np.float32, len(counts)),
        )
        for family, counts in grams(passage)
        if counts
    ]


@dataclass(frozen=True)
class Wide:
    """``keys``: ascending numbers of the features, shape (features,); ``rarity``: their inverse document frequencies;
    ``weights``: shape (features, columns), as int8 times ``scale`` (columns,); ``bias``: (columns,); ``columns``: the
    outputs that it has logits for."""

    keys: npt.NDArray[np.uint32]
    rarity: Floats
    weights: npt.NDArray[np.int8]
    scale: Floats
    bias: Floats
    columns: tuple[str, ...] = COLUMNS

    @classmethod
    def read(cls, file: Path) -> Wide:
        """One of :data:`FILES`.

        Raises:
            SetupError: MODEL_CORRUPT, where it was written for another number of outputs.
        """
        stored, columns = arrays(file), FILES[file.name]
        parts = {name: stored[name] for name in ("keys", "rarity", "weights", "scale", "bias")}
        if parts["weights"].shape != (len(parts["keys"]), len(columns)):
            message = f"{file} does not fit this version: it was not written for {len(columns)} outputs."
            raise SetupError(ErrorCode.MODEL_CORRUPT, message, "Write it with scripts/conduct_wide.py.")
        return cls(**parts, columns=columns)

    def reads(self, passage: Passage) -> bool:
        """Whether it has anything to say of it: that of requirements reads agents' turns in their language alone."""
        return self.columns == COLUMNS or can_break(passage.turn.speaker, passage.turn.text, self.columns)

    def logits(self, passages: Sequence[Passage]) -> Floats:
        """Of shape (passages, columns)."""
        return self.logits_of([counted(p) for p in passages])

    def logits_of(self, passages: Sequence[Counted]) -> Floats:
        """The same, of passages whose features are counted."""
        found = np.zeros((len(passages), len(self.columns)), np.float32)
        for at, features in enumerate(passages):
            places, values = self.features(features)
            if len(places):
                found[at] = values @ self._float[places]
        return found + self.bias

    def features(self, passage: Counted) -> tuple[npt.NDArray[np.int64], Floats]:
        """Which features a passage has of those known here, and how much of each."""
        all_places, all_values = [], []
        for family, keys, counts in passage:
            places = np.searchsorted(self.keys, keys)
            known = places < len(self.keys)
            known[known] = self.keys[places[known]] == keys[known]
            places = places[known]
            often = counts[known]
            values = (1 + np.log(often)) * self.rarity[places]
            all_places.append(places)
            all_values.append(FAMILIES[family] * values / max(float(np.linalg.norm(values)), 1e-9))
        if not all_places:
            return np.zeros(0, np.int64), np.zeros(0, np.float32)
        return np.concatenate(all_places), np.concatenate(all_values)

    @cached_property
    def _float(self) -> Floats:
        return self.weights.astype(np.float32) * self.scale


def _beside(side: str, said: Said | None, most: int) -> list[str]:
    """What was said there, word by word (characters in Mandarin): who answers what tells the turn's meaning."""
    words = _WORDS.findall(_folded(said.text))[:most] if said else ["-"]
    return [f"{side}:{word}" for word in words]


def _folded(text: str) -> str:
    return _MARKS.sub(" ", normalise(text).text.lower()).strip()


def _characters(text: str, longest: int) -> Counter[str]:
    """Runs of 1 to ``longest`` characters inside words, the space at their borders counted as one."""
    found: Counter[str] = Counter()
    for word in text.split():
        padded = f" {word} "
        for size in range(1, longest + 1):
            found.update(padded[i : i + size] for i in range(len(padded) - size + 1))
    return found


def _runs(words: Sequence[str], least: int, most: int) -> Counter[str]:
    found: Counter[str] = Counter()
    for size in range(least, most + 1):
        found.update(" ".join(words[i : i + size]) for i in range(len(words) - size + 1))
    return found
