"""Rules ready to run: what compile.py makes of the files and evaluate.py works with."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from pydantic import JsonValue

from qa_service.records import PackInfo
from qa_service.rules.condition import Condition
from qa_service.rules.fact_names import NO_NAMES, FactNames
from qa_service.rules.facts import Expression, facts_of, remembers
from qa_service.rules.gates import Cues, Switches
from qa_service.rules.operators.around import Around, Between
from qa_service.rules.operators.base import Hit, Operator
from qa_service.rules.operators.disguised import Uncoverer
from qa_service.rules.operators.index import Index
from qa_service.rules.operators.respelt import Respeller
from qa_service.rules.operators.words import Term
from qa_service.rules.schema import PackSpec, RuleSpec, WithinSpec
from qa_service.rules.source import Path_
from qa_service.rules.spec import Amount

Parameters = Mapping[str, JsonValue]
RUNNING = ("test", "stable")


@dataclass(frozen=True)
class Selection:
    """``terms`` are counted; ``needed`` holds the positions in ``terms`` that must all be heard.

    ``operator`` is set where it looks for something other than words, ``around`` where it stands about another one.
    """

    name: str
    terms: tuple[Term, ...]
    needed: frozenset[int]
    excluded: tuple[Term, ...]
    speaker: str
    at_least: int
    count: int
    places: Mapping[str, Amount]
    gates: Switches
    operator: Operator | Between | None = None
    around: Around | None = None

    def complete(self, hits: Sequence[Hit]) -> bool:
        """Enough different terms, all the needed ones, and enough hits in total (upon each other: one)."""
        if len(hits) < self.count or (self.count > 1 and not _apart(hits, self.count)):
            return False
        if not self.needed and self.at_least <= 1:
            return len(hits) >= self.at_least
        terms = {h.term for h in hits}
        if not self.needed <= terms:
            return False
        other = terms - self.needed
        return len(other if self.at_least <= 1 else {self._same.get(term, term) for term in other}) >= self.at_least

    @property
    def different(self) -> int:
        """How many of its terms, without the needed ones, ask for different words."""
        return len(set(self._same.values()))

    @cached_property
    def _same(self) -> Mapping[int, int]:
        """Of each term, the first of the others (not of the needed ones) that asks for the same words."""
        firsts: dict[tuple[str, str], int] = {}
        counted = ((i, term) for i, term in enumerate(self.terms) if i not in self.needed)
        return {i: firsts.setdefault((t.shown or t.phrase, "" if t.phrase else t.written), i) for i, t in counted}


def _apart(hits: Sequence[Hit], count: int) -> bool:
    """Whether so many of the hits share no word: 还钱 within 快还钱 was said once."""
    end = last = (-1, 0)
    left = count
    for hit in hits:
        if hit.key < last:
            return _apart(sorted(hits, key=lambda h: h.key), count)
        last = hit.key
        measured = hit.end_s is not None  # such hits stand for a whole turn, which may have two holds before it
        if measured or hit.key >= end:
            at, span = hit.goes_on or (hit.at, hit.span)
            end = end if measured else (at, span.end)
            left -= 1
            if not left:
                return True
    return False


@dataclass(frozen=True)
class Step:
    """One step of a flow. ``deduct``: None for the rule's own points; ``required_if``: None where always due."""

    name: str
    says: Condition
    skip_if: Condition | None
    deduct: float | None
    required_if: Expression | None = None


@dataclass(frozen=True)
class Rule:
    """One rule of a pack. ``condition`` is None for a rule over facts alone, and all steps' for a ``flow``.

    ``country`` is the pack's.
    """

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
    flow: tuple[Step, ...] = ()
    country: str | None = None

    @property
    def over_calls(self) -> bool:
        """Whether what it says may hang on earlier calls."""
        return any(remembers(e) for e in (self.applies, self.facts) if e is not None)

    @property
    def of_facts(self) -> bool:
        """Whether it needs neither words nor sound: what is known of a call that nobody answered is enough."""
        asked = [e for e in (self.applies, self.facts) if e is not None]
        heard = any(name.startswith("measures.") for e in asked for name in facts_of(e))
        return self.condition is None and self.spec.marks is None and not heard

    def expressions(self) -> Iterator[tuple[Path_, Expression]]:
        """All conditions over facts, with the place in the rule's file where each is written."""
        yield from ((("applies_to", "facts"), e) for e in (self.applies,) if e is not None)
        yield from ((("match", "facts"), e) for e in (self.facts,) if e is not None)
        steps = [step.required_if for step in self.flow]
        yield from ((("match", "flow", "steps", i, "required_if"), e) for i, e in enumerate(steps) if e is not None)

    @property
    def id(self) -> str:
        return self.spec.id

    @property
    def title(self) -> str:
        return self.spec.title


@dataclass(frozen=True)
class Pack:
    """A pack of rules with its parameters and, of its folder, the cues of gates by language and the names of facts."""

    spec: PackSpec
    rules: tuple[Rule, ...]
    parameters: Parameters
    cues: Mapping[str, Cues]
    info: PackInfo
    fact_names: FactNames = NO_NAMES

    @cached_property
    def index(self) -> Index:
        """Of all terms of its rules; made when the first call asks for it."""
        selections = [selection for rule in self.rules for selection in rule.selections]
        return Index(term for s in selections for term in (*s.terms, *s.excluded))

    @cached_property
    def running(self) -> Mapping[str, Sequence[Rule]]:
        """By language, the rules that are run: no drafts and none that are retired."""
        found: dict[str, list[Rule]] = {}
        for rule in self.rules:
            for language in rule.languages if rule.spec.status in RUNNING else ():
                found.setdefault(language, []).append(rule)
        return found

    @cached_property
    def respeller(self) -> Respeller:
        """Of the English words that all its rules know by their sound."""
        return Respeller(self.spec.phonetic)

    @cached_property
    def uncoverer(self) -> Uncoverer:
        """Of the Chinese words that its rules look for."""
        return Uncoverer(lambda: self.index.chinese_words)

    @property
    def name(self) -> str:
        return self.spec.name

    @property
    def version(self) -> str:
        return self.spec.version


def fact_names_of(packs: Iterable[Pack]) -> FactNames:
    """Those of the folder that the packs are from."""
    return next((pack.fact_names for pack in packs), NO_NAMES)
