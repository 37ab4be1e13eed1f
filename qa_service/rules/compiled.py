"""Rules ready to run: what compile.py makes of the files and evaluate.py works with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from pydantic import JsonValue

from qa_service.records import PackInfo
from qa_service.rules.condition import Condition
from qa_service.rules.facts import Expression, remembers
from qa_service.rules.gates import Cues, Switches
from qa_service.rules.operators.words import Term
from qa_service.rules.schema import Amount, PackSpec, RuleSpec, WithinSpec

Parameters = Mapping[str, JsonValue]


@dataclass(frozen=True)
class Selection:
    """``terms`` are counted; ``needed`` holds the positions in ``terms`` that must all be heard."""

    name: str
    terms: tuple[Term, ...]
    needed: frozenset[int]
    excluded: tuple[Term, ...]
    speaker: str
    at_least: int
    count: int
    places: Mapping[str, Amount]
    gates: Switches


@dataclass(frozen=True)
class Rule:
    """One rule of a pack. ``condition`` is None for a rule over facts alone; ``country`` is the pack's."""

    spec: RuleSpec
    pack: str
    file: str
    languages: tuple[str, ...]
    selections: tuple[Selection, ...]
    condition: Condition | None
    within: WithinSpec | None
    applies: Expression | None
    facts: Expression | None
    behaviour_sha256: str
    country: str | None = None

    @property
    def over_calls(self) -> bool:
        """Whether what it says may hang on earlier calls."""
        return any(remembers(e) for e in (self.applies, self.facts) if e is not None)

    @property
    def id(self) -> str:
        return self.spec.id

    @property
    def title(self) -> str:
        return self.spec.title


@dataclass(frozen=True)
class Pack:
    """A pack of rules with its parameters and, by language, the cues of its gates."""

    spec: PackSpec
    rules: tuple[Rule, ...]
    parameters: Parameters
    cues: Mapping[str, Cues]
    info: PackInfo

    @property
    def name(self) -> str:
        return self.spec.name

    @property
    def version(self) -> str:
        return self.spec.version
