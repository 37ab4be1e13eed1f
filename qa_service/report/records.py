"""The daily report as a record: every figure computed, every figure with the calls it counts.

Templates only lay out what stands here. Shares lie in [0, 1]; ``None`` where there is nothing to
divide by. ``low`` and ``high`` are a Wilson 95 % interval. *Violating* means: at least one
confirmed violation; *doubtful*: violations that are unverified or need review, counted apart.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Literal

from pydantic import Field

from qa_service.records import CallState, FindingState, Record, Severity

Language = Literal["zh", "en"]
#: What is known of a call. ``nothing``: inspected and without any violation; never said of other calls.
Outcome = Literal["violation", "doubtful", "nothing", "not_assessable", "failed", "waiting"]
Dimension = Literal["team", "agent", "stage", "segment", "kind"]
#: Of a rate beside the day's rate, by its interval; ``few``: too few calls to be judged.
Standing = Literal["above", "below", "same", "few"]
#: Of a day's share beside the band of the days before; ``unknown``: too few days for a band.
Position = Literal["above", "within", "below", "unknown"]


class Moment(Record):
    """A call, and the second that matters where there is one."""

    call_id: str
    at_s: float | None = None


class Figure(Record):
    """A count and the calls (or moments in calls) that it counts. ``key`` is unique in a report."""

    key: str
    count: int
    calls: tuple[Moment, ...] = ()


class Share(Record):
    """``part`` of ``whole``, of a day whose calls stand in that day's own report."""

    part: int
    whole: int
    share: float | None


class Rate(Record):
    """A share whose calls are known, with its interval."""

    part: Figure
    whole: Figure
    share: float | None
    low: float | None
    high: float | None


class Covered(Record):
    """What was looked at and what was not.

    ``received`` splits into inspected, not_assessable, failed and waiting; inspected splits into violating,
    doubtful and nothing; ``complete`` are those of nothing on which every rule could be judged. ``refused``
    files never became calls. ``audio_s``: seconds of recording inspected. ``speech``: transcribed over
    detected speech, in seconds, over the calls in ``heard``. ``unjudged`` counts rules × calls.
    """

    received: Figure
    inspected: Rate
    not_assessable: Figure
    failed: Figure
    waiting: Figure
    refused: int
    violating: Rate
    doubtful: Figure
    nothing: Figure
    complete: Figure
    audio_s: float
    heard: Figure
    speech: float | None
    unjudged: Figure


class Band(Record):
    """Least and greatest daily share over ``days`` earlier days that had inspected calls."""

    low: float
    high: float
    days: int


class SeverityRow(Record):
    """Confirmed violations of a severity; ``calls``: inspected calls that hold one.

    ``doubtful`` are the unverified and those that need review together.
    """

    severity: Severity
    findings: Figure
    calls: Rate
    yesterday: Share | None
    change: float | None
    band: Band | None
    position: Position
    unverified: Figure
    needs_review: Figure
    doubtful: Figure


class DayPoint(Record):
    """A day of the series: calls with a confirmed violation, by severity, of those inspected."""

    day: date
    received: int
    inspected: int
    shares: dict[Severity, Share]


class RequirementLabel(Record):
    """A requirement as shown. ``wording`` says, in each language, how a breach is put, citation and mark included."""

    id: str
    jurisdiction: str
    title: str
    titles: dict[Language, str] = Field(default_factory=dict)
    citations: tuple[str, ...]
    wording: dict[Language, str]

    def titled(self, language: Language) -> str:
        """Its title in the reader's language, where the catalogue has one."""
        return self.titles.get(language, self.title)


class RequirementRow(Record):
    """Findings on one requirement. A finding on two requirements counts under both."""

    id: str
    severity: Severity
    findings: Figure
    calls: Figure
    doubtful: Figure
    unjudged: Figure


class GroupRow(Record):
    """Calls of a team, agent, stage, segment or kind of agent. ``label`` None: the facts do not say."""

    label: str | None
    name: str | None
    received: Figure
    inspected: Figure
    speech: float | None
    violating: Rate
    critical: Figure
    major: Figure
    minor: Figure
    doubtful: Figure
    standing: Standing


class HourRow(Record):
    """Inspected calls that began in an hour of the day, local to the call."""

    hour: int
    inspected: Figure
    violating: Figure


class CallLine(Record):
    """A call in one line. ``confirmed`` counts violations by severity, without zeros."""

    call_id: str
    started_at: datetime | None
    agent_id: str | None
    agent_name: str | None
    team: str | None
    stage: str | None
    segment: str | None
    product: str | None
    kind: str | None
    language: str | None
    duration_s: float | None
    speech: float | None
    outcome: Outcome
    confirmed: dict[Severity, int]
    doubtful: int
    praise: int
    unjudged: int
    points: float | None
    grade: str | None


class Evidence(Record):
    """A rule's findings of one state in a call: what was said first and when; ``also_s``: the other moments.

    ``before`` and ``after`` are what was said around the quote in the same turns, empty where that is not known.
    All of it is redacted and of bounded length. ``title`` and ``message`` are in the language of the call.
    """

    severity: Severity
    state: FindingState
    rule_id: str
    title: str
    titles: dict[Language, str] = Field(default_factory=dict)
    before: str
    quote: str
    after: str
    message: str
    messages: dict[Language, str] = Field(default_factory=dict)
    at_s: float | None
    also_s: tuple[float, ...]
    requirements: tuple[str, ...]
    reason: str

    def titled(self, language: Language) -> str:
        """Its title in the reader's language, where the rule is still the one that found it."""
        return self.titles.get(language, self.title)

    def told(self, language: Language) -> str:
        """Its message, likewise."""
        return self.messages.get(language, self.message)


class CallNote(Record):
    """A call with what to hear in it; ``more``: rules with findings that are not listed here."""

    call: CallLine
    evidence: tuple[Evidence, ...]
    more: int


class Selection(Record):
    """Calls to be heard, gravest first; ``of`` counts all of them, ``notes`` may be cut."""

    notes: tuple[CallNote, ...]
    of: Figure


class RuleGap(Record):
    """A rule that could not be judged on some calls; ``details`` are the reasons in the rule engine's words."""

    rule_id: str
    requirements: tuple[str, ...]
    details: tuple[str, ...]
    calls: Figure


class ReasonGroup(Record):
    """Rules not assessed for one reason; ``times`` counts rules × calls."""

    reason: str
    times: int
    calls: Figure
    rules: tuple[RuleGap, ...]


class TroubleGroup(Record):
    """Calls without a result for one reason."""

    state: CallState
    code: str
    calls: Figure


class Trouble(Record):
    """A call without a result, and why."""

    call: CallLine
    state: CallState
    code: str
    message: str


class Refused(Record):
    """A file that was refused at the door."""

    source: str
    code: str
    message: str
    at: datetime


class Gaps(Record):
    """All that was not judged."""

    reasons: tuple[ReasonGroup, ...]
    groups: tuple[TroubleGroup, ...]
    calls: tuple[Trouble, ...]
    refused: tuple[Refused, ...]


class PackUse(Record):
    name: str
    version: str
    behaviour_sha256: str
    rules: int
    calls: Figure


class EngineUse(Record):
    """A speech engine as used; ``name`` is ``none`` where transcripts were given."""

    name: str
    version: str
    model: str
    weights_sha256: str
    calls: Figure


class Note(Record):
    """Something to know of the data, by a stable word, and the calls it is true of."""

    word: str
    calls: Figure


class Provenance(Record):
    """What made the results. ``several``: the calls of the day were not all judged by the same versions."""

    services: tuple[str, ...]
    several: bool
    packs: tuple[PackUse, ...]
    engines: tuple[EngineUse, ...]
    plans: tuple[Note, ...]
    notes: tuple[Note, ...]
    as_of: datetime | None


class Value(Record):
    """A word of a sentence: a number, a text from the data, or an id whose words the reader's language has.

    ``anchor`` is the key of the figure it leads to; a range goes from ``number`` to ``upper``.
    """

    kind: Literal["count", "share", "range", "text", "day", "severity", "error", "requirement"]
    number: float | None = None
    upper: float | None = None
    text: str = ""
    anchor: str = ""


class Clause(Record):
    """Part of a sentence: a key of the message catalogues and what goes into its places."""

    key: str
    values: dict[str, Value]


class Sentence(Record):
    clauses: tuple[Clause, ...]


class DailyReport(Record):
    """A day as the head of compliance signs it. The form of the JSON file; ``form`` rises when it changes."""

    form: Literal[1] = 1
    day: date
    covered: Covered
    sentences: tuple[Sentence, ...]
    severities: tuple[SeverityRow, ...]
    days: tuple[DayPoint, ...]
    to_hear: Selection
    praise: Selection
    requirements: tuple[RequirementRow, ...]
    labels: dict[str, RequirementLabel]
    groups: dict[Dimension, tuple[GroupRow, ...]]
    hours: tuple[HourRow, ...]
    gaps: Gaps
    provenance: Provenance
    calls: tuple[CallLine, ...]
