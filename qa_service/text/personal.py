"""What may be personal in a text, and where it was found."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Personal(StrEnum):
    """What a redacted stretch was."""

    PHONE = "phone"
    ID = "id"
    CARD = "card"
    EMAIL = "email"
    SECRET = "secret"  # noqa: S105 - the name of a kind: card security codes, PINs, passwords, one-time codes
    ACCOUNT = "account"
    BIRTH = "birth"
    ADDRESS = "address"
    WORK = "work"
    PLATE = "plate"


@dataclass(frozen=True, slots=True)
class Found:
    """A personal stretch ``[start, end)`` of a normalised text."""

    kind: Personal
    start: int
    end: int
