"""What may be personal in a text, and where it was found; what numbers say of themselves."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import regex


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


SERVICE_EN = regex.compile(r"1?8(?:00|33|44|55|66|77|88)\d{7}|0(?:800|808|3\d\d|845|870|871)\d{6,7}")
"""Published British and American numbers of services: free of charge or local rate."""


def luhn(digits: str) -> bool:
    """The check digit of bank cards."""
    doubled = (int(d) * (1 + i % 2) for i, d in enumerate(reversed(digits)))
    return sum(n - 9 * (n > 9) for n in doubled) % 10 == 0
