"""``card.json`` of the weights: which outputs there are, and what makes their logits probabilities and decisions."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from qa_service.classify.labels import REQUIREMENTS
from qa_service.errors import ErrorCode, SetupError


class LabelCard(BaseModel):
    """A logit is calibrated by ``offset``, which is added, and ``temperature``. ``threshold``: from this probability on
    the label is told; chosen for precision, not for recall."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    temperature: float = Field(default=1.0, gt=0)
    offset: float = 0.0
    threshold: float = Field(default=0.5, ge=0, le=1)


class Card(BaseModel):
    """What was trained, how, and each output's calibration, in the order of the outputs.

    ``deep`` and ``wide``: how much of the network's and of the linear model's logits make a label's logit, and
    ``deep_requirements`` and ``wide_requirements`` a requirement's, to which ``near_requirements`` of those of the
    nearest learned utterances are added; ``offensive`` is the network's alone.
    ``precision_of_halves``: how right thresholds that half of the turns for choosing gave were on the other half, the
    mean of the labels.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    base: str
    method: str = ""
    seed: int = 0
    deep: float = 1.0
    wide: float = 0.0
    deep_requirements: float = 1.0
    wide_requirements: float = 0.0
    near_requirements: float = 0.0
    precision_of_halves: float | None = None
    labels: dict[str, LabelCard]

    def shares(self, output: str) -> tuple[float, float]:
        """Of the network and of the linear model."""
        if output in REQUIREMENTS:
            return self.deep_requirements, self.wide_requirements
        return self.deep, self.wide


@dataclass(frozen=True, slots=True)
class Files:
    """The files of one set of weights, checked. ``sha256`` is one for all that was learned."""

    folder: Path
    sha256: str

    @property
    def card(self) -> Card:
        path = self.folder / "card.json"
        try:
            return Card.model_validate_json(path.read_text(encoding="utf-8"))
        except (OSError, ValidationError) as wrong:
            raise SetupError(
                ErrorCode.MODEL_CORRUPT, f"{path} cannot be used: {wrong}.", "Write it with scripts/train_conduct.py."
            ) from None
