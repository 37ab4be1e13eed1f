"""Calls made of what is said alone, for scripts that judge utterances: sides known, a turn every few seconds."""

from __future__ import annotations

from collections.abc import Iterable

from qa_service.records import Coverage, EngineInfo, Role, Roles, RoleSource, Transcript, Turn

SPOKEN = 0.8
"""Share of a turn's seconds that is speech; the rest is the pause behind it."""


def transcript_of(
    said: Iterable[tuple[str, str]], language: str, *, turn_s: float = 5.0, least_s: float = 0.0
) -> Transcript:
    """``said``: role and text of each turn; ``least_s``: seconds that the call goes on at least."""
    turns = tuple(
        Turn(index=i, role=Role(role), start_s=i * turn_s, end_s=(i + SPOKEN) * turn_s, text=text)
        for i, (role, text) in enumerate(said)
    )
    return Transcript(
        language=language, duration_s=max(len(turns) * turn_s, least_s), turns=turns, coverage=Coverage(),
        roles=Roles(source=RoleSource.METADATA, confidence=1.0), engine=EngineInfo(name="none"),
    )  # fmt: skip
