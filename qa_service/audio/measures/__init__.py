"""Acoustic measures per turn and call; docs/measures.md defines each one."""

from qa_service.audio.measures.call import measure

__all__ = ["measure"]
