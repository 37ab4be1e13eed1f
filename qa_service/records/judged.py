"""What the rules found, and the inspection that carries it all."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, JsonValue

from qa_service.records.base import CallStatus, FindingState, Polarity, Record, Severity
from qa_service.records.history import EarlierCall, Mark
from qa_service.records.sound import AudioQuality, Measures
from qa_service.records.speech import Coverage, EngineInfo, Roles, Turn


class Signal(Record):
    """What a classifier made of one turn: ``probability`` of ``label``, calibrated. ``turn`` is its index.

    From ``threshold`` on the classifier tells it, unless enough requirements of the same country are likelier there
    (``outranked``); weaker ones are kept to be looked at and to doubt what words say. ``words`` of the turn carried the
    decision, the weightiest first. ``peak``: what a reading of the turn gave that saw more in it than all together.
    """

    turn: int
    label: str
    probability: float = Field(ge=0, le=1)
    threshold: float = Field(default=0.5, ge=0, le=1)
    words: tuple[str, ...] = ()
    outranked: bool = False
    peak: float | None = Field(default=None, ge=0, le=1)

    @property
    def told(self) -> bool:
        return self.probability >= self.threshold and not self.outranked


class ClassifierInfo(Record):
    """What made the signals: the model, what computed it, and one sha256 over all that it learned.

    ``faults``: labels of what an agent can do wrong that it tells, requirements among them. ``kept_from``: signals that
    are weaker are not kept, so that none at hand means less than this.
    """

    name: str
    runtime: str
    weights_sha256: str
    faults: tuple[str, ...] = ()
    kept_from: float = 0.2


class Finding(Record):
    """A rule's hit with its evidence.

    ``turns`` are indexes into the transcript; ``quote`` is the evidence as heard; ``gates`` names
    the gates it passed; ``deduct`` is in points and counts only while state is ``confirmed``.
    ``veto``: it fails the whole call, or with ``section`` all of its ``dimension``.
    ``earlier`` are the calls before this one that a finding over several calls rests on.
    """

    rule_id: str
    rule_version: int
    pack: str
    title: str
    requirements: tuple[str, ...]
    severity: Severity
    polarity: Polarity
    state: FindingState
    turns: tuple[int, ...]
    start_s: float | None
    end_s: float | None
    quote: str
    message: str
    deduct: float
    dimension: str = "compliance"
    veto: bool | Literal["section"] = False
    gates: tuple[str, ...] = ()
    reason: str = ""
    earlier: tuple[EarlierCall, ...] = ()

    @property
    def quotes_calls(self) -> bool:
        """Whether the quote is a list of earlier calls, which are no words of anybody."""
        return bool(self.earlier) and not self.turns


class NotAssessed(Record):
    """A rule that could not be judged, and why. ``reason`` starts with a stable word, see docs/rules.md."""

    rule_id: str
    requirements: tuple[str, ...]
    reason: str


class Evaluation(Record):
    """What the rules found on one call. ``marks`` bind later calls."""

    findings: tuple[Finding, ...]
    not_assessed: tuple[NotAssessed, ...]
    marks: tuple[Mark, ...] = ()


class PackInfo(Record):
    """A rule pack as used: name, version and hash of the behaviour of all its rules."""

    name: str
    version: str
    behaviour_sha256: str
    rules: int


class Plan(Record):
    """Which packs a call gets and why."""

    name: str
    packs: tuple[str, ...]
    parameters: dict[str, JsonValue] = Field(default_factory=dict)
    notes: tuple[str, ...] = ()


class Score(Record):
    """Points left of ``max`` after deductions; ``veto`` when one finding fails the whole call.

    ``failed``: dimensions that one finding fails; no points are left of those.
    """

    points: float
    max: float
    grade: str
    veto: bool
    by_dimension: dict[str, float]
    failed: tuple[str, ...] = ()


class ErrorInfo(Record):
    code: str
    message: str


class MadeBy(Record):
    """Everything that decided the result, so that it can be made again.

    ``history_packs``: the packs by which the rules over several calls were judged, from the database; empty where that
    was not done.
    """

    service_version: str
    engine: EngineInfo
    plan: str
    plan_notes: tuple[str, ...] = ()
    packs: tuple[PackInfo, ...] = ()
    classifier: ClassifierInfo | None = None
    history_packs: tuple[PackInfo, ...] = ()


class Inspection(Record):
    """One evaluation of one call by one set of pack versions: the JSON contract of ``qa inspect``.

    ``signals`` is None where no classifier looked at the call.
    """

    call_id: str
    status: CallStatus
    error: ErrorInfo | None = None
    language: str | None = None
    duration_s: float | None = None
    coverage: Coverage = Coverage()
    quality: AudioQuality | None = None
    roles: Roles | None = None
    turns: tuple[Turn, ...] = ()
    findings: tuple[Finding, ...] = ()
    not_assessed: tuple[NotAssessed, ...] = ()
    marks: tuple[Mark, ...] = ()
    signals: tuple[Signal, ...] | None = None
    score: Score | None = None
    measures: Measures | None = None
    made_by: MadeBy | None = None
    notes: tuple[str, ...] = ()
