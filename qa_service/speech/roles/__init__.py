"""Who is the agent and who the customer, from the words and the shape of the call."""

from __future__ import annotations

from qa_service.speech.roles.assign import assign

__all__ = ["assign"]
