"""The records that stages hand to one another: frozen, typed, serialisable to JSON.

A stage takes records and returns new ones; nothing is edited in place. Times are seconds from
the start of the recording, loudness is dBFS, rates are per minute, probabilities lie in [0, 1].
The JSON contract of ``qa inspect`` is :class:`Inspection`; docs/inspection.schema.json is
generated from it.
"""

from __future__ import annotations

from qa_service.records.base import CallState, CallStatus, FindingState, Polarity, Record, Role, RoleSource, Severity
from qa_service.records.facts import CalleeRole, CallFacts, Text
from qa_service.records.history import Contact, EarlierCall, HeardCall, History, Mark, MarkKind
from qa_service.records.judged import (
    ClassifierInfo,
    ErrorInfo,
    Evaluation,
    Finding,
    Inspection,
    MadeBy,
    NotAssessed,
    PackInfo,
    Plan,
    Score,
    Signal,
)
from qa_service.records.kept import CallEntry, ProgressEvent, QuarantineEntry
from qa_service.records.sound import (
    AudioQuality,
    ChannelQuality,
    Hold,
    Interruption,
    Measures,
    QualityIssue,
    SpeakerMeasures,
    TurnMeasures,
)
from qa_service.records.speech import (
    ChannelLanguage,
    Correction,
    Coverage,
    EngineInfo,
    Recording,
    Roles,
    SpokenNumber,
    Transcript,
    Turn,
    Word,
)

__all__ = [
    "AudioQuality",
    "CallEntry",
    "CallFacts",
    "CallState",
    "CallStatus",
    "CalleeRole",
    "ChannelLanguage",
    "ChannelQuality",
    "ClassifierInfo",
    "Contact",
    "Correction",
    "Coverage",
    "EarlierCall",
    "EngineInfo",
    "ErrorInfo",
    "Evaluation",
    "Finding",
    "FindingState",
    "HeardCall",
    "History",
    "Hold",
    "Inspection",
    "Interruption",
    "MadeBy",
    "Mark",
    "MarkKind",
    "Measures",
    "NotAssessed",
    "PackInfo",
    "Plan",
    "Polarity",
    "ProgressEvent",
    "QualityIssue",
    "QuarantineEntry",
    "Record",
    "Recording",
    "Role",
    "RoleSource",
    "Roles",
    "Score",
    "Severity",
    "Signal",
    "SpeakerMeasures",
    "SpokenNumber",
    "Text",
    "Transcript",
    "Turn",
    "TurnMeasures",
    "Word",
]
