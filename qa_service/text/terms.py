"""What a call is likely to be about: words to expect, for the model's prompt and for mending what it misheard."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Term:
    """A word of the domain, or the ``name`` of a lender or product.

    ``context``: where given, one of these must stand nearby for the term to be read. ``never``: what was heard stays
    where it stands in one of these.
    """

    text: str
    context: tuple[str, ...] = ()
    never: tuple[str, ...] = ()
    name: bool = False


@dataclass(frozen=True, slots=True)
class Edit:
    """``term`` for what stands at ``[start, end)``; of edits that overlap the one of greatest ``gain`` is made."""

    start: int
    end: int
    term: Term
    gain: float


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """``prompt`` for the speech model, ``terms`` for the correction, ``people``: names that are never touched."""

    prompt: str = ""
    terms: tuple[Term, ...] = ()
    people: tuple[str, ...] = ()
