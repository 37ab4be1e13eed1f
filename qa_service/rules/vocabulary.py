"""Words of the domain by language: ``rules/vocabulary/LANGUAGE.yaml``."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field

from qa_service.rules.source import read_source, validate
from qa_service.rules.spec import NonEmpty, Spec
from qa_service.text.terms import Term


class TermSpec(Spec):
    """A term as written: its text alone, or with what must or must not stand nearby."""

    text: str = Field(min_length=2)
    context: tuple[NonEmpty, ...] = ()
    never: tuple[NonEmpty, ...] = ()


class WordList(Spec):
    """``prompt``: what the speech model is told to expect; ``terms``: what is read for what sounds like it."""

    prompt: tuple[NonEmpty, ...] = ()
    terms: tuple[NonEmpty | TermSpec, ...] = ()

    def read(self) -> tuple[Term, ...]:
        return tuple(Term(t) if isinstance(t, str) else Term(t.text, t.context, t.never) for t in self.terms)


class PlanWords(WordList):
    """What a plan adds: ``names`` of lenders and products go into both."""

    names: tuple[NonEmpty, ...] = ()


def load_word_lists(root: Path) -> dict[str, WordList]:
    """Word lists by language; none where the folder is missing.

    Raises:
        RuleError: a file that cannot be used, with the place in it.
    """
    paths = sorted((root / "vocabulary").glob("*.yaml"))
    return {path.stem: validate(read_source(path, f"vocabulary/{path.name}"), WordList) for path in paths}
