"""Plans: which packs a call gets, and with which parameters. Data in ``rules/plans/*.yaml``.

A plan file holds a list ``plans``; each entry names the facts it asks for under ``when``. Of the plans
whose every asked fact holds, the one that asks for most is taken; the first in file order on a tie. Then
every *overlay* whose facts hold is laid on top, in file order, so that stage, segment and product are each
written once and combine.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import BeforeValidator, Field, JsonValue, field_validator, model_validator

from qa_service.records import CallFacts, Plan
from qa_service.rules.source import read_source, validate
from qa_service.rules.spec import Language, NonEmpty, Spec
from qa_service.rules.states import no_state, state_code, state_of
from qa_service.rules.vocabulary import PlanWords

#: Stages of delinquency by days overdue (first, last day); None: no last day.
STAGES: tuple[tuple[str, int, int | None], ...] = (
    ("M0", 0, 0),
    ("M1", 1, 30),
    ("M2–M3", 31, 90),
    ("M3–M6", 91, 180),
    ("M6+", 181, None),
)

#: What stands between two words of a name.
_BETWEEN = re.compile(r"[\s_-]+")


def _plain(value: object) -> object:
    """Names as systems write them: ``Credit card``, ``credit_card`` and ``credit-card`` are one."""
    return _BETWEEN.sub(" ", value).strip().casefold() if isinstance(value, str) else value


class When(Spec):
    """Facts that a plan asks for; an empty field asks for nothing. A missing fact never holds.

    ``jurisdiction`` holds for its parts too: ``US`` for ``US-CA``. ``state`` is read as conditions of rules read it, by
    name, by letters or from the jurisdiction. ``overdue_days`` is [first, last], last may be null.
    What no call can have is refused: such a plan would never hold, and its calls would have no pack.
    """

    jurisdiction: NonEmpty | None = None
    language: Annotated[Language | None, BeforeValidator(_plain)] = None
    overdue_days: tuple[Annotated[int, Field(ge=0)], int | None] | None = None
    debtor_segment: tuple[NonEmpty, ...] = ()
    agent_type: Annotated[Literal["human", "robot"] | None, BeforeValidator(_plain)] = None
    product: tuple[NonEmpty, ...] = ()
    first_party: bool | None = None
    state: tuple[NonEmpty, ...] = ()

    @field_validator("overdue_days")
    @classmethod
    def _rises(cls, days: tuple[int, int | None] | None) -> tuple[int, int | None] | None:
        if days and days[1] is not None and days[1] < days[0]:
            raise ValueError("the first day is after the last, so no call has it: write [first, last]")
        return days

    def asked(self) -> tuple[str, ...]:
        return tuple(name for name in type(self).model_fields if getattr(self, name) not in (None, ()))


class PlanSpec(Spec):
    """A plan as written. ``parameters`` override those of its packs, ``vocabulary`` adds to its language's words.

    ``overlay``: laid on top of the chosen plan; alone it judges no call. An overlay may do without packs of its own.
    """

    name: str = Field(min_length=1)
    title: str = Field(min_length=1)
    overlay: bool = False
    when: When = When()
    packs: tuple[str, ...] = ()
    parameters: dict[str, JsonValue] = Field(default_factory=dict)
    vocabulary: PlanWords = PlanWords()

    @model_validator(mode="after")
    def _judges(self) -> Self:
        if not self.overlay and not self.packs:
            raise ValueError("a plan needs packs; only an overlay may do without")
        if self.overlay and not self.when.asked():
            raise ValueError("an overlay needs when: what it is for")
        return self


class _PlanFile(Spec):
    plans: tuple[PlanSpec, ...]


def load_plans(root: Path) -> tuple[PlanSpec, ...]:
    """All plans under ``root/plans``, files in name order.

    Raises:
        RuleError: a file that cannot be read, or a plan name used twice.
    """
    found: list[PlanSpec] = []
    for path in sorted((root / "plans").glob("*.yaml")):
        source = read_source(path, f"plans/{path.name}")
        for i, plan in enumerate(validate(source, _PlanFile).plans):
            if any(plan.name == other.name for other in found):
                message, hint = f"a plan is called {plan.name!r} already", "Give each plan its own name."
                raise source.error(("plans", i, "name"), message, hint)
            found.append(plan)
    return tuple(found)


def choose(plans: Sequence[PlanSpec], facts: CallFacts, language: str | None, jurisdiction: str | None) -> Plan:
    """The plan of a call: its layers joined, later ones winning. No packs where none holds. Notes say why."""
    chosen = layers(plans, facts, language, jurisdiction)
    if not chosen:
        return Plan(name="none", packs=(), notes=(f"no plan for jurisdiction {jurisdiction}, language {language}",))
    parameters: dict[str, JsonValue] = {}
    for layer in chosen:
        parameters |= layer.parameters
    return Plan(
        name=chosen[0].name,
        packs=tuple(dict.fromkeys(pack for layer in chosen for pack in layer.packs)),
        parameters=parameters,
        notes=_notes(chosen, facts, jurisdiction),
    )


def layers(
    plans: Sequence[PlanSpec], facts: CallFacts, language: str | None, jurisdiction: str | None
) -> tuple[PlanSpec, ...]:
    """The most specific plan whose facts hold, then the overlays whose facts hold, in file order; empty without one."""
    known: dict[str, object] = {
        **{name: getattr(facts, name) for name in When.model_fields},
        "language": language,
        "jurisdiction": jurisdiction,
        "state": state_of(facts),
    }
    fitting = [plan for plan in plans if all(_holds(plan.when, name, known[name]) for name in plan.when.asked())]
    bases = [plan for plan in fitting if not plan.overlay]
    if not bases:
        return ()
    best = max(bases, key=lambda plan: len(plan.when.asked()))
    return (best, *(plan for plan in fitting if plan.overlay))


def words_of_layers(chosen: Sequence[PlanSpec]) -> PlanWords:
    """The vocabulary of all layers, the chosen plan's first, each word once."""
    fields = PlanWords.model_fields
    return PlanWords(**{f: tuple(dict.fromkeys(w for c in chosen for w in getattr(c.vocabulary, f))) for f in fields})


def _holds(when: When, name: str, value: object) -> bool:
    asked = getattr(when, name)
    if value is None:
        return False
    if name == "jurisdiction":
        return _within(str(value), str(asked))
    if name == "overdue_days":
        first, last = asked
        return isinstance(value, int) and first <= value and (last is None or value <= last)
    options = asked if isinstance(asked, tuple) else (asked,)
    if name == "state":
        options = tuple(map(state_code, options))
    return _plain(value) in {_plain(option) for option in options}


def _within(place: str, asked: str) -> bool:
    """US-CA lies within US; GB is the other name of UK."""
    place, asked = (name.strip().upper().replace("GB", "UK") for name in (place, asked))
    return place == asked or place.startswith(f"{asked}-")


def stage(overdue_days: int) -> str:
    """Name of the stage of delinquency."""
    return next(
        name for name, first, last in STAGES if first <= overdue_days and (last is None or overdue_days <= last)
    )


def _notes(chosen: Sequence[PlanSpec], facts: CallFacts, jurisdiction: str | None) -> tuple[str, ...]:
    assumed = "" if facts.jurisdiction else " (assumed from the language)"
    notes = [chosen[0].title, f"jurisdiction {jurisdiction}{assumed}"]
    if facts.overdue_days is not None:
        notes.append(f"stage {stage(facts.overdue_days)} ({facts.overdue_days} days overdue)")
    asked = {name for layer in chosen for name in layer.when.asked()}
    if facts.debtor_segment:
        used = "" if "debtor_segment" in asked else ": no layer is for it on this call"
        notes.append(f"segment {facts.debtor_segment}{used}")
    if facts.product and "product" in asked:
        notes.append(f"product {facts.product}")
    if wrong := no_state(facts, jurisdiction):
        notes.append(f"{wrong}: rules for one state are not assessed")
    return (*notes, *(f"+ {layer.title}" for layer in chosen[1:]))
