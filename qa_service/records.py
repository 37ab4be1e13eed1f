"""The records that stages hand to one another: frozen, typed, serialisable to JSON.

A stage takes records and returns new ones; nothing is edited in place. Times are seconds from
the start of the recording, loudness is dBFS, rates are per minute, probabilities lie in [0, 1].
The JSON contract of ``qa inspect`` is :class:`Inspection`; docs/inspection.schema.json is
generated from it.
"""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum
from typing import Annotated, Any, Literal

from pydantic import AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field, JsonValue, model_validator


class Record(BaseModel):
    """Base of all records: frozen, unknown fields refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", ser_json_inf_nan="null")


class Role(StrEnum):
    """Who speaks."""

    AGENT = "agent"
    CUSTOMER = "customer"
    UNKNOWN = "unknown"


class Severity(StrEnum):
    """How grave a finding is. ``praise`` goes with polarity praise."""

    CRITICAL = "critical"
    MAJOR = "major"
    MINOR = "minor"
    PRAISE = "praise"


class Polarity(StrEnum):
    VIOLATION = "violation"
    PRAISE = "praise"


class FindingState(StrEnum):
    """``unverified``: the words or audio are doubtful; ``needs_review``: a person must decide."""

    CONFIRMED = "confirmed"
    UNVERIFIED = "unverified"
    NEEDS_REVIEW = "needs_review"


class CallStatus(StrEnum):
    """Outcome of an inspection."""

    INSPECTED = "inspected"
    NOT_ASSESSABLE = "not_assessable"
    FAILED = "failed"


class CallState(StrEnum):
    """Where a kept call stands in the database: waiting → working → one outcome."""

    WAITING = "waiting"
    WORKING = "working"
    INSPECTED = "inspected"
    NOT_ASSESSABLE = "not_assessable"
    FAILED = "failed"


class RoleSource(StrEnum):
    CHANNEL = "channel"
    DIARISATION = "diarisation"
    METADATA = "metadata"


def _text(value: object) -> object:
    """Exports write ids as numbers; 201 and "201" are the same agent."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return value
    return str(value)


Text = Annotated[str, BeforeValidator(_text)]

CalleeRole = Literal[
    "debtor", "spouse", "guarantor", "co_borrower", "authorised_third_party", "contact", "unrelated", "voicemail"
]


class CallFacts(Record):
    """What the caller's own systems know of a call. Every field is optional.

    Unknown fields are kept under ``extra``; a nested ``meta`` object is flattened. ``channels``
    says which channel carries the agent: ``agent_left`` (also ``stereo``), ``agent_right`` or
    ``mono``. ``account`` and ``history`` are free-form objects whose fields rules may ask for.
    """

    call_id: Text | None = Field(default=None, min_length=1, max_length=200)
    started_at: AwareDatetime | None = None
    direction: Literal["inbound", "outbound"] | None = None
    agent_id: Text | None = None
    agent_name: Text | None = None
    team: Text | None = None
    debtor_ref: Text | None = None
    phone: Text | None = None
    callee_role: CalleeRole | None = None
    product: Text | None = None
    overdue_days: int | None = Field(default=None, ge=0)
    debtor_segment: Text | None = None
    agent_type: Literal["human", "robot"] | None = None
    disposition: Text | None = None
    first_party: bool | None = None
    jurisdiction: Text | None = None
    state: Text | None = None
    debtor_tz: Text | None = None
    language: Literal["zh", "en"] | None = None
    channels: Literal["agent_left", "agent_right", "mono"] | None = None
    account: dict[str, JsonValue] = Field(default_factory=dict)
    history: dict[str, JsonValue] = Field(default_factory=dict)
    extra: dict[str, JsonValue] = Field(default_factory=dict)

    @model_validator(mode="before")
    @classmethod
    def _gather(cls, value: Any) -> Any:
        """Flatten ``meta``, translate ``channels``, move unknown fields under ``extra``."""
        if not isinstance(value, dict):
            return value
        flat = {k: v for k, v in value.items() if k != "meta"}
        meta = value.get("meta")
        if isinstance(meta, dict):
            flat = {**meta, **flat}
        if "channels" in flat:
            flat["channels"] = _channels(flat["channels"])
        extra = flat.pop("extra", None) or {}
        if not isinstance(extra, dict):
            raise ValueError("extra must be an object")
        extra = dict(extra)
        known = {k: v for k, v in flat.items() if k in cls.model_fields}
        extra.update({k: v for k, v in flat.items() if k not in cls.model_fields})
        return {**known, "extra": extra}

    def get(self, path: str) -> JsonValue | None:
        """A fact by dotted name (``account.lawsuit_filed``), looked up in ``extra`` too; None when missing."""
        here: Any = {**self.extra, **self.model_dump(mode="json", exclude={"extra"}, exclude_none=True)}
        for part in path.split("."):
            if not isinstance(here, dict) or part not in here:
                return None
            here = here[part]
        return here  # type: ignore[no-any-return]


def _channels(value: object) -> object:
    """Accept the ways exports say it: "stereo", 0, 1, {"agent": 1}, "right"."""
    if isinstance(value, dict):
        value = value.get("agent")
    if isinstance(value, str):
        value = value.strip().lower()
    names: dict[object, str] = {
        "stereo": "agent_left", "left": "agent_left", "agent_left": "agent_left", 0: "agent_left", "0": "agent_left",
        "right": "agent_right", "agent_right": "agent_right", 1: "agent_right", "1": "agent_right", "mono": "mono",
    }  # fmt: skip
    return names.get(value, value) if isinstance(value, str | int) else value


class Recording(Record):
    """An accepted audio file. ``path`` is relative to the audio store for kept files, else as given."""

    sha256: str
    path: str
    original_name: str
    size_bytes: int


class Word(Record):
    """One recognised word (a character or short run in Chinese)."""

    text: str
    start_s: float
    end_s: float
    probability: float


class Turn(Record):
    """One speaker's stretch of speech on one channel. ``flags`` say why the words are doubted (empty: trusted).

    Flags: low_confidence, repetition, no_speech_energy, stock_phrase, not_transcribed.
    """

    index: int
    role: Role
    channel: int = 0
    start_s: float
    end_s: float
    text: str
    confidence: float | None = None
    words: tuple[Word, ...] = ()
    flags: tuple[str, ...] = ()


class Coverage(Record):
    """Seconds of detected speech and how much of it words cover. None where no audio was heard."""

    speech_s: float | None = None
    transcribed_s: float | None = None
    ratio: float | None = None


class Roles(Record):
    source: RoleSource
    confidence: float


class EngineInfo(Record):
    """What made a transcript. ``name`` is ``none`` for transcripts that were given."""

    name: str
    version: str = ""
    model: str = ""
    weights_sha256: str = ""
    options: dict[str, JsonValue] = Field(default_factory=dict)


class Transcript(Record):
    """Who said what, when; and how much of the speech that is."""

    language: str | None
    language_confidence: float | None = None
    duration_s: float
    turns: tuple[Turn, ...]
    coverage: Coverage
    roles: Roles
    engine: EngineInfo


class SpeakerMeasures(Record):
    """Of one side: seconds spoken, share of all speech, mean level, characters or words a minute."""

    speech_s: float
    talk_ratio: float
    loudness_dbfs: float | None = None
    peak_dbfs: float | None = None
    rate_per_min: float | None = None
    rate_unit: Literal["characters", "words"] | None = None


class Measures(Record):
    """Acoustic numbers of a call. ``speakers`` is keyed by role; silences are between speech of anyone."""

    duration_s: float
    speakers: dict[str, SpeakerMeasures] = Field(default_factory=dict)
    longest_silence_s: float | None = None
    longest_silence_start_s: float | None = None
    silence_ratio: float | None = None
    overlap_s: float | None = None


class Finding(Record):
    """A rule's hit with its evidence.

    ``turns`` are indexes into the transcript; ``quote`` is the evidence as heard; ``gates`` names
    the gates it passed; ``deduct`` is in points and counts only while state is ``confirmed``.
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
    veto: bool = False
    gates: tuple[str, ...] = ()
    reason: str = ""


class NotAssessed(Record):
    """A rule that could not be judged, and why. ``reason`` starts with a stable word, see docs/rules.md."""

    rule_id: str
    requirements: tuple[str, ...]
    reason: str


class Evaluation(Record):
    """What the rules found on one call."""

    findings: tuple[Finding, ...]
    not_assessed: tuple[NotAssessed, ...]


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
    """Points left of ``max`` after deductions; ``veto`` when one finding fails the whole call."""

    points: float
    max: float
    grade: str
    veto: bool
    by_dimension: dict[str, float]


class ErrorInfo(Record):
    code: str
    message: str


class MadeBy(Record):
    """Everything that decided the result, so that it can be made again."""

    service_version: str
    engine: EngineInfo
    plan: str
    plan_notes: tuple[str, ...] = ()
    packs: tuple[PackInfo, ...] = ()


class Inspection(Record):
    """One evaluation of one call by one set of pack versions: the JSON contract of ``qa inspect``."""

    call_id: str
    status: CallStatus
    error: ErrorInfo | None = None
    language: str | None = None
    duration_s: float | None = None
    coverage: Coverage = Coverage()
    roles: Roles | None = None
    turns: tuple[Turn, ...] = ()
    findings: tuple[Finding, ...] = ()
    not_assessed: tuple[NotAssessed, ...] = ()
    score: Score | None = None
    measures: Measures | None = None
    made_by: MadeBy | None = None
    notes: tuple[str, ...] = ()


class CallEntry(Record):
    """A kept call: facts, where it stands, and its current inspection (None until there is one).

    ``day`` is the calendar day of the call in its own offset (the day received where no time is
    known). ``received_at`` and ``inspected_at`` are UTC. ``source`` is the file or manifest it came from.
    """

    call_id: str
    facts: CallFacts
    state: CallState
    day: date
    source: str
    received_at: datetime
    inspected_at: datetime | None = None
    attempts: int = 0
    error: ErrorInfo | None = None
    recording: Recording | None = None
    inspection: Inspection | None = None


class QuarantineEntry(Record):
    """A thing that was refused at the door, with its reason; nothing is lost."""

    source: str
    error: ErrorInfo
    at: datetime
    sha256: str | None = None


class ProgressEvent(Record):
    """Progress of one call: ``done`` of ``total`` seconds of audio in a named stage."""

    call_id: str
    stage: Literal["decode", "transcribe", "evaluate", "done"]
    done_s: float
    total_s: float
