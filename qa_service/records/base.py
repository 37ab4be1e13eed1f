"""What every record is built on, and the closed lists of words that records use."""

from __future__ import annotations

from enum import StrEnum

from pydantic import BaseModel, ConfigDict


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
    """What the roles rest on: the declared channel, separated voices, the call facts, or the words themselves."""

    CHANNEL = "channel"
    DIARISATION = "diarisation"
    METADATA = "metadata"
    CONTENT = "content"
