"""One call as the rules see it: what was said, what is known, what was measured, and the calls before it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import chain

from pydantic import JsonValue

from qa_service.records import (
    CallFacts,
    ClassifierInfo,
    History,
    Measures,
    Role,
    Signal,
    Transcript,
    Turn,
)
from qa_service.rules.compiled import Pack, Parameters
from qa_service.rules.fact_functions import ZONES
from qa_service.rules.fact_names import NO_NAMES, CaseFacts, FactNames
from qa_service.rules.history_once import Once, once
from qa_service.rules.history_view import HistoryView
from qa_service.rules.memory import Memory
from qa_service.rules.operators.base import Likeness, Scene
from qa_service.rules.operators.disguised import Disguised
from qa_service.rules.operators.fluent import Fluent, fluent
from qa_service.rules.operators.index import Candidates
from qa_service.rules.operators.joins import Join, joins
from qa_service.rules.operators.lines import Line
from qa_service.rules.operators.unmasked import unmasked
from qa_service.rules.sent_calls import sent_history
from qa_service.rules.states import no_state, state_of
from qa_service.rules.zones import indicated, zones_of


@dataclass
class Case:
    """One call as the rules see it. ``excerpt``: a few turns of a call, in which a silent side means nothing.

    ``narrow``: words are looked for only where they can lead to a finding; not all that is held back is known then.
    """

    transcript: Transcript
    facts: CallFacts
    measures: Measures | None
    word_probability_floor: float
    role_floor: float
    excerpt: bool = False
    sound_alike: bool = True
    narrow: bool = False
    signals: tuple[Signal, ...] | None = None
    told_by: ClassifierInfo | None = None
    history: History | None = None
    likeness: Likeness | None = None
    fact_names: FactNames = NO_NAMES
    unread: str = ""
    _candidates: dict[int, Candidates] = field(default_factory=dict, repr=False)
    _disguised: dict[int, Sequence[Disguised]] = field(default_factory=dict, repr=False)
    _scenes: dict[int, Scene] = field(default_factory=dict, repr=False)

    @cached_property
    def turns(self) -> tuple[tuple[int, ...], Sequence[Line]]:
        """Positions of the turns that have words, and their lines."""
        at = tuple(i for i, t in enumerate(self.transcript.turns) if t.text.strip())
        return at, [Line(self.transcript.turns[i].text, self.transcript.turns[i].words) for i in at]

    @cached_property
    def spoken(self) -> Sequence[Turn]:
        """The turns that have words."""
        return [self.transcript.turns[i] for i in self.turns[0]]

    @cached_property
    def joins(self) -> Sequence[Join]:
        """Borders of turns that words may run across."""
        return tuple(joins(self.spoken))

    @cached_property
    def fluent(self) -> Sequence[Fluent]:
        """The turns in which somebody hesitates, without that."""
        return tuple(fluent(self.turns[1]))

    @cached_property
    def unmasked(self) -> Sequence[Fluent]:
        """The turns with words whose letters are hidden, written plainly."""
        return tuple(unmasked(self.turns[1]))

    @cached_property
    def sides(self) -> frozenset[str]:
        """Who says a word."""
        return frozenset(role.value for role in {turn.role for turn in self.spoken})

    @cached_property
    def characters(self) -> int:
        return sum(len(turn.text) for turn in self.spoken)

    def disguised(self, pack: Pack) -> Sequence[Disguised]:
        """The turns in which words of a pack are hidden by signs or letters, with these written out."""
        if id(pack) not in self._disguised:
            self._disguised[id(pack)] = tuple(pack.uncoverer.read(self.turns[1]))
        return self._disguised[id(pack)]

    @property
    def uncovered(self) -> Iterator[Disguised]:
        """The turns in which words of a pack that was judged so far are hidden."""
        return chain.from_iterable(self._disguised.values())

    def candidates(self, pack: Pack) -> Candidates:
        """Where the terms of a pack may be; the call is read once for all its rules."""
        if id(pack) not in self._candidates:
            _, lines = self.turns
            respelt = pack.respeller.read(lines) if self.sound_alike else ()
            readings = (*self.joins, *respelt, *self.fluent, *self.unmasked, *self.disguised(pack))
            self._candidates[id(pack)] = pack.index.scan(lines, readings, sound_alike=self.sound_alike)
        return self._candidates[id(pack)]

    def scene(self, pack: Pack, parameters: Parameters) -> Scene:
        """The call as the operators of a pack see it; the same one for all its rules."""
        scene = self._scenes.get(id(pack))
        if scene is None or scene.parameters is not parameters:
            scene = Scene(
                self.spoken,
                self.turns[1],
                parameters,
                self.transcript.duration_s,
                self.measures,
                self.signals,
                self.sound_alike,
                self.likeness,
                self.unread,
            )
            self._scenes[id(pack)] = scene
        return scene

    def look_up(self, name: str, country: str | None = None) -> JsonValue | None:
        """A fact by dotted name; ``call.…`` and ``measures.…`` are known from the recording.

        ``country``: of the rules that ask, for calls whose jurisdiction was not sent.

        Raises:
            ValueError: the fact is there and is none of those that it can be.
        """
        if name == ZONES:
            return [list(place) for place in indicated(self.facts, country)]
        if name == "state":
            if wrong := no_state(self.facts, country):
                raise ValueError(wrong)
            return state_of(self.facts)
        if name == "debtor_tz" and self.facts.debtor_tz:
            return zones_of(self.facts, country)[0]
        if name.startswith("call."):
            return self._of_call[name.removeprefix("call.")]
        if name.startswith("measures."):
            return self._measured(name.split(".")[1:])
        return self._case_facts.look_up(name)

    @cached_property
    def _case_facts(self) -> CaseFacts:
        return CaseFacts(self.fact_names, self.facts)

    def remember(self, country: str | None) -> Memory | None:
        """What is known of earlier calls, for one rule; None where the call is not kept and none were sent."""
        zones = zones_of(self.facts, country)
        kept, sent = (HistoryView(c, zones, self.role_floor) if c else None for c in (self._kept, self._sent))
        return Memory(kept, sent) if kept or sent else None

    @cached_property
    def _kept(self) -> Once | None:
        return once(self.history) if self.history else None

    @cached_property
    def _sent(self) -> Once | None:
        calls = sent_history(self.facts, self.transcript)
        return once(calls) if calls else None

    @cached_property
    def _of_call(self) -> dict[str, JsonValue]:
        roles = [t.role for t in self.transcript.turns]
        return {
            "duration_s": self.transcript.duration_s,
            "language": self.transcript.language,
            "turns": len(roles),
            "agent_turns": roles.count(Role.AGENT),
            "customer_turns": roles.count(Role.CUSTOMER),
            "kept": self.history is not None,
        }

    def _measured(self, path: Sequence[str]) -> JsonValue | None:
        here: JsonValue = self.measures.model_dump(mode="json") if self.measures else None
        for part in path:
            here = here.get(part) if isinstance(here, dict) else None
        return here
