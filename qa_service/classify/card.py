"""``card.json`` of the weights: which outputs there are, and what makes their logits probabilities and decisions."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from qa_service.errors import ErrorCode, SetupError


class LabelCard(BaseModel):
    """``threshold``: from this calibrated probability on the label is told; chosen for precision, not for recall."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    temperature: float = Field(default=1.0, gt=0)
    threshold: float = Field(default=0.5, ge=0, le=1)


class Card(BaseModel):
    """What was trained, how, and each output's calibration, in the order of the outputs.

    ``deep`` and ``wide``: how much of the network's and of the linear model's logits make a label's logit;
    ``offensive`` is the network's alone. ``precision_of_halves``: how right thresholds that half of the turns for
    choosing gave were on the other half, the mean of the labels.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    base: str
    method: str = ""
    seed: int = 0
    deep: float = 1.0
    wide: float = 0.0
    precision_of_halves: float | None = None
    labels: dict[str, LabelCard]


@dataclass(frozen=True, slots=True)
class Files:
    """The files of one set of weights, checked. ``sha256`` is that of the trained weights."""

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
