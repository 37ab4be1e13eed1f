"""What a rule file and a pack file may say, exactly: unknown keys and wrong types are refused.

The models mirror the YAML one to one; names that refer to each other (selections in a condition,
lexicons, parameters) are checked when a rule is compiled. docs/rules.md is the reader's version.
"""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any, Literal, Self

from pydantic import Field, JsonValue, StringConstraints, ValidationError, model_validator
from pydantic_core import InitErrorDetails, PydanticCustomError

from qa_service.records import CalleeRole, CallFacts, MarkKind, Measures, Severity, Signal
from qa_service.rules.operators.around import Around, Between
from qa_service.rules.operators.base import Operator
from qa_service.rules.operators.entity import Entity
from qa_service.rules.operators.extent import HangUp, Hold, Length, Talk
from qa_service.rules.operators.interruption import Interruption
from qa_service.rules.operators.loudness import Loudness
from qa_service.rules.operators.rate import Rate
from qa_service.rules.operators.repeat import Repeat
from qa_service.rules.operators.signal import ModelSignal
from qa_service.rules.operators.silence import Silence
from qa_service.rules.operators.similar import Similar
from qa_service.rules.spec import Amount, Language, Name, NonEmpty, Share, Speaker, Spec, Switch, Terms

#: Words of the condition language, which no selection may be called.
RESERVED = frozenset({"and", "or", "not", "any", "all", "none", "of", "them"})

#: Families of operators other than words, by the key of a selection.
FAMILIES = (
    "silence", "rate", "interruption", "loudness", "talk", "length", "hold", "hangup", "repeat", "similar", "entity",
    "signal", "between",
)  # fmt: skip
RuleId = Annotated[str, StringConstraints(pattern=r"^[A-Z][A-Z0-9]*(-[A-Z0-9]+)+$")]
Direction = Literal["inbound", "outbound"]


class Reference(Spec):
    """A legal or policy source. ``mark`` V1: read in the provision itself; V2: on a secondary page."""

    title: NonEmpty
    article: str = ""
    mark: Literal["V1", "V2", "unverified"] | None = None
    url: str = ""


class AppliesTo(Spec):
    """Which calls a rule is about. ``language`` defaults to the pack's, ``direction`` to both."""

    language: tuple[Language, ...] | None = Field(default=None, min_length=1)
    speaker: Speaker = "agent"
    direction: tuple[Direction, ...] | None = Field(default=None, min_length=1)
    facts: NonEmpty | None = None


class GatesSpec(Spec):
    """Which gates a hit must pass; None: as the rule (in a selection) or the default (in a rule)."""

    quotation: Switch | None = None
    negation: Switch | None = None
    conditional: Switch | None = None


class SelectionSpec(Spec):
    """A named thing to look for and where: words, or exactly one operator of another family.

    A selection of words is present in a window when at least ``at_least`` different terms of ``phrases``,
    ``regex`` and ``lexicon`` are heard there, each of ``all``, and at least ``count`` hits in total.
    Hits that touch a ``not_phrases`` or ``not_regex`` match are dropped.
    """

    speaker: Speaker | None = None
    phrases: Terms | None = None
    all: Terms | None = None
    regex: Terms | None = None
    lexicon: Terms | None = None
    not_phrases: Terms | None = None
    not_regex: Terms | None = None
    at_least: int = Field(default=1, ge=1)
    count: int = Field(default=1, ge=1)
    pinyin: bool | None = None
    phonetic: bool = False
    case: bool = False
    within_first_s: Amount | None = None
    within_last_s: Amount | None = None
    within_first_turns: Amount | None = None
    within_last_turns: Amount | None = None
    within_first_share: Share | None = None
    within_last_share: Share | None = None
    gates: GatesSpec = GatesSpec()
    around: Around | None = None
    silence: Silence | None = None
    rate: Rate | None = None
    interruption: Interruption | None = None
    loudness: Loudness | None = None
    talk: Talk | None = None
    length: Length | None = None
    hold: Hold | None = None
    hangup: HangUp | None = None
    repeat: Repeat | None = None
    similar: Similar | None = None
    entity: Entity | None = None
    signal: ModelSignal | None = None
    between: Between | None = None

    @property
    def operator(self) -> Operator | Between | None:
        """What it looks for where that is not words."""
        return next((found for name in FAMILIES if (found := getattr(self, name)) is not None), None)

    @model_validator(mode="after")
    def _one_thing(self) -> Self:
        families = [name for name in FAMILIES if getattr(self, name) is not None]
        words = bool(self.phrases or self.all or self.regex or self.lexicon)
        if words + len(families) != 1:
            raise ValueError(
                f"a selection needs phrases, all, regex or lexicon, or one of {', '.join(FAMILIES)}; has "
                f"{', '.join(('words', *families) if words else families) or 'none'}"
            )
        others = [n for n in ("not_phrases", "not_regex", "pinyin", "phonetic", "case") if getattr(self, n)]
        if families and others:
            raise ValueError(f"{others[0]} belongs to words, not to {families[0]}")
        if self.case and (self.pinyin or self.phonetic):
            raise ValueError("case asks for words as written, pinyin and phonetic for words by their sound: give one")
        return self


class WithinSpec(Spec):
    """How far apart the selections may lie: exactly one of these; without it, in the same turn."""

    same: Literal["turn"] | None = None
    turns: Amount | None = None
    seconds: Amount | None = None
    near: Amount | None = None
    call: Literal[True] | None = None

    @model_validator(mode="after")
    def _one(self) -> Self:
        if len(self.model_fields_set) != 1:
            raise ValueError("give exactly one of same, turns, seconds, near, call")
        return self


class StepSpec(Spec):
    """One step of a flow: done when ``says`` (a condition; by default the selection of its name) holds in the call.

    It may be left out where ``skip_if`` holds. ``required_if`` (an expression over facts and ``$parameters``): it is
    asked for only where that is true. ``deduct``: points for this step in place of the rule's.
    """

    name: Name
    says: NonEmpty | None = None
    skip_if: NonEmpty | None = None
    required_if: NonEmpty | None = None
    deduct: float | None = Field(default=None, ge=0)


class FlowSpec(Spec):
    """Steps of a call, each a finding where it is missing, or where ``in_order`` is on and it comes too early."""

    steps: Annotated[tuple[StepSpec, ...], Field(min_length=1)]
    in_order: Switch = True


#: Why there is no window to limit or order.
_WINDOWLESS = {
    "absent": "which asks about the whole call",
    "every_turn": "which asks about each turn by itself",
    "flow": "whose steps may be anywhere in the call (in_order asks for their order)",
}


def _misplaced(key: str, message: str, *above: str) -> ValidationError:
    """For validators: a mistake that shows only beside other keys, told at the place of its own."""
    kind = PydanticCustomError("misplaced", "{why}", {"why": message})
    wrong = InitErrorDetails(type=kind, loc=(*above, key), input=key)
    return ValidationError.from_exception_data("rule", [wrong])


class MatchSpec(Spec):
    """What makes a finding: selections with a condition or a flow of steps, a condition over facts, or both.

    ``absent``: where the condition does not hold in the call; ``every_turn``: in each turn in which it does not.
    """

    select: dict[Name, SelectionSpec] = Field(default_factory=dict)
    condition: NonEmpty | None = None
    within: WithinSpec | None = None
    order: Annotated[tuple[Name, ...], Field(min_length=2)] | None = None
    facts: NonEmpty | None = None
    absent: bool = False
    every_turn: bool = False
    flow: FlowSpec | None = None

    @model_validator(mode="after")
    def _something(self) -> Self:
        if not self.select and not self.facts:
            raise ValueError("give select, facts or both")
        if sum((self.absent, self.every_turn, self.flow is not None)) > 1:
            raise ValueError("give at most one of absent, every_turn and flow")
        if self.every_turn and not self.select:
            raise ValueError("every_turn needs select: what each turn should hold")
        if self.flow and self.condition:
            raise ValueError("a flow has its conditions in its steps (says)")
        for whole in ("absent", "every_turn", "flow"):
            unused = [key for key in ("within", "order") if getattr(self, key) and getattr(self, whole)]
            if unused:
                why = _WINDOWLESS[whole]
                raise _misplaced(unused[0], f"{unused[0]} says nothing beside {whole}, {why}: delete it")
        if self.absent and not self.select:
            raise ValueError("absent needs select: what should have been said")
        if wrong := sorted(RESERVED & self.select.keys()):
            raise ValueError(f"{wrong[0]!r} is a word of the condition language; call the selection something else")
        return self


class ScoreSpec(Spec):
    """Points: ``deduct`` for a violation, ``add`` for praise; once a call or (``once: false``, or the steps of a flow)
    per finding up to ``cap``.

    ``veto``: one finding fails the call, or with ``section`` its dimension."""

    deduct: float = Field(default=0.0, ge=0)
    add: float = Field(default=0.0, ge=0)
    once: bool = True
    cap: float | None = Field(default=None, gt=0)
    dimension: NonEmpty = "compliance"
    veto: bool | Literal["section"] = False


class ExampleTurn(Spec):
    """One turn of an example: exactly one of agent, customer, unknown. ``at``: seconds where it starts."""

    agent: NonEmpty | None = None
    customer: NonEmpty | None = None
    unknown: NonEmpty | None = None
    at: float | None = Field(default=None, ge=0)

    @model_validator(mode="after")
    def _one(self) -> Self:
        if sum(t is not None for t in (self.agent, self.customer, self.unknown)) != 1:
            raise ValueError("give exactly one of agent, customer, unknown")
        return self


class ExampleCall(Spec):
    """An earlier call of an example: so many hours before it, to the same debtor, and on the same number unless
    ``same_number`` is false. ``outcome`` ``waiting``: it is kept but not inspected yet."""

    hours_ago: float = Field(gt=0)
    direction: Direction = "outbound"
    callee_role: CalleeRole | None = "debtor"
    outcome: Literal["conversation", "voicemail", "unanswered", "not_connected", "waiting"] = "conversation"
    same_number: bool = True
    place: NonEmpty | None = None
    agreed: bool = False
    marks: tuple[MarkKind, ...] = ()


class ExampleSpec(Spec):
    """A call in miniature and what the rule must make of it.

    ``hit_todo`` and ``clean_todo`` are known gaps: what the rule should say but does not yet.
    ``near_miss`` names a clean example that looks like a violation. ``reason`` is the stable word
    that ``not_assessed`` must start with.
    """

    name: NonEmpty
    expect: Literal["hit", "clean", "not_assessed", "hit_todo", "clean_todo"]
    turns: tuple[ExampleTurn, ...] = ()
    facts: dict[str, JsonValue] = Field(default_factory=dict)
    measures: Measures | None = None
    signals: tuple[Signal, ...] | None = None
    earlier: tuple[ExampleCall, ...] | None = None
    language: Language | None = None
    duration_s: float | None = Field(default=None, gt=0)
    coverage: float | None = Field(default=None, ge=0, le=1)
    evidence: NonEmpty | None = None
    reason: NonEmpty | None = None
    near_miss: bool = False

    @model_validator(mode="after")
    def _sensible(self) -> Self:
        CallFacts.model_validate(self.facts)
        if self.evidence and self.expect not in ("hit", "hit_todo"):
            raise ValueError("evidence belongs to a hit")
        if self.reason and self.expect != "not_assessed":
            raise ValueError("reason belongs to not_assessed")
        if self.near_miss and self.expect not in ("clean", "clean_todo"):
            raise ValueError("a near miss is clean")
        return self


class MeasuredSpec(Spec):
    """How good the rule was when it was measured: shares in [0, 1], the data it was measured on, and when."""

    precision: float = Field(ge=0, le=1)
    recall: float = Field(ge=0, le=1)
    on: NonEmpty
    date: date


class RuleSpec(Spec):
    """One rule file. With ``marks`` it accuses nobody: it notes what was said, for the rules over later calls.

    ``second_opinion`` false: what its words find is not held back where a classifier sees nothing; a person is asked in
    place of what would be confirmed. For kinds of conduct that the classifier never learned, and for threats.
    """

    id: RuleId
    title: NonEmpty
    title_en: str = ""
    version: int = Field(ge=1)
    status: Literal["draft", "test", "stable", "retired"]
    severity: Severity
    requirements: tuple[NonEmpty, ...] = ()
    applies_to: AppliesTo = AppliesTo()
    description: str = ""
    references: tuple[Reference, ...] = ()
    match: MatchSpec
    gates: GatesSpec = GatesSpec()
    score: ScoreSpec = ScoreSpec()
    outcome: Literal["confirmed", "needs_review"] = "confirmed"
    second_opinion: bool = True
    marks: MarkKind | None = None
    message: NonEmpty
    message_en: str = ""
    false_positives: tuple[NonEmpty, ...] = ()
    known_gaps: tuple[NonEmpty, ...] = ()
    review: str = ""
    measured: MeasuredSpec | None = None
    examples: tuple[ExampleSpec, ...] = ()

    @model_validator(mode="after")
    def _score_fits(self) -> Self:
        praise = self.severity is Severity.PRAISE
        if praise and (self.score.deduct or self.score.veto):
            raise ValueError("praise adds points: use score.add, not deduct or veto")
        if not praise and self.score.add:
            raise ValueError("only praise adds points: use score.deduct")
        if self.score.cap is not None and self.score.once and not self.match.flow:
            message = "cap limits points that are counted for each finding: write once: false beside it, or delete cap"
            raise _misplaced("cap", message, "score")
        if self.marks and (self.score.deduct or self.score.veto or praise):
            raise ValueError("a rule that marks a call for later ones neither deducts nor praises")
        return self


class ParameterSpec(Spec):
    """A number or word a deployment may override, and where its default comes from."""

    value: JsonValue
    source: NonEmpty
    mark: Literal["V1", "V2", "unverified"] | None = None
    note: str = ""


class PackSpec(Spec):
    """One pack.yaml. ``pinyin``: of selections that do not say themselves whether they listen to sounds.

    ``lexicons`` are shared lists of terms; lexicons/NAME.yaml (a list) adds to them. ``patterns``: regular expressions
    that several rules share, of which any may match where ``<name>`` stands in a pattern. ``phonetic``: English words
    that every phrase and pattern of the pack also knows by their sound."""

    name: Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9-]*$")]
    version: NonEmpty
    title: NonEmpty
    title_en: str = ""
    description: str = ""
    jurisdiction: NonEmpty | None = None
    languages: Annotated[tuple[Language, ...], Field(min_length=1)]
    parameters: dict[Name, ParameterSpec] = Field(default_factory=dict)
    lexicons: dict[Name, Terms] = Field(default_factory=dict)
    patterns: dict[Name, Terms] = Field(default_factory=dict)
    pinyin: bool = False
    phonetic: tuple[Annotated[str, StringConstraints(pattern=r"^[a-z]{6,}$")], ...] = ()


def plain(spec: Spec) -> dict[str, Any]:
    """The spec as JSON data without what was left at its default."""
    return spec.model_dump(mode="json", exclude_defaults=True)
