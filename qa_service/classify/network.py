"""The network in torch: a BERT encoder, a mean over the turn's own tokens, one linear layer. For training and GPUs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from torch import Tensor, nn

from qa_service.classify.labels import OUTPUTS

if TYPE_CHECKING:
    from transformers import PreTrainedModel


class ConductNetwork(nn.Module):
    """Scores a batch of passages.

    Args:
        encoder: a Hugging Face encoder whose output has ``last_hidden_state``.
    """

    def __init__(self, encoder: PreTrainedModel, *, outputs: int = len(OUTPUTS), dropout: float = 0.1) -> None:
        super().__init__()
        self.encoder = encoder
        self.dropout = nn.Dropout(dropout)
        self.head = nn.Linear(encoder.config.hidden_size, outputs)

    def pooled(self, ids: Tensor, mask: Tensor, types: Tensor) -> Tensor:
        """The mean of the turn's own tokens, shape (rows, hidden)."""
        states = self.encoder(input_ids=ids, attention_mask=mask, token_type_ids=types).last_hidden_state
        own = (mask * (1 - types)).unsqueeze(-1).to(states.dtype)
        return (states * own).sum(1) / own.sum(1)

    def forward(self, ids: Tensor, mask: Tensor, types: Tensor) -> Tensor:
        """Logits, shape (rows, outputs), in the order of :data:`qa_service.classify.labels.OUTPUTS`."""
        logits: Tensor = self.head(self.dropout(self.pooled(ids, mask, types)))
        return logits
