"""Everything that can go wrong, with a stable code a program may rely on.

The tree::

    QAError                 any error this service raises on purpose
    ├── InputError          the caller's file, facts or words are at fault
    │   ├── AudioError      the recording cannot be used
    │   ├── FactsError      call facts, manifest or transcript cannot be read
    │   ├── RuleError       a rule file is wrong; carries file, line, column
    │   └── QueryError      a search query cannot be understood
    ├── NotFoundError       no such call, report or file
    ├── AccessError         not logged in, or not allowed
    └── SetupError          weights, engine, device, database or index missing or broken

Every error holds one :class:`ErrorCode`, a sentence saying what happened and a hint saying
what to do. Codes are documented in docs/errors.md, one heading each (a test holds this).
"""

from __future__ import annotations

from datetime import date
from enum import StrEnum


class ErrorCode(StrEnum):
    """The closed list of error codes. Codes are added, never renamed."""

    # files and audio
    FILE_NOT_FOUND = "file_not_found"
    FILE_UNREADABLE = "file_unreadable"
    FILE_EMPTY = "file_empty"
    FILE_TOO_LARGE = "file_too_large"
    NOT_AUDIO = "not_audio"
    AUDIO_DAMAGED = "audio_damaged"
    AUDIO_TRUNCATED = "audio_truncated"
    AUDIO_TOO_SHORT = "audio_too_short"
    AUDIO_TOO_LONG = "audio_too_long"
    TOO_MANY_CHANNELS = "too_many_channels"
    SAMPLE_RATE_TOO_LOW = "sample_rate_too_low"
    DECODE_LIMIT = "decode_limit"
    NO_SPEECH = "no_speech"
    LOW_COVERAGE = "low_coverage"
    # facts, manifests, transcripts
    FACTS_UNREADABLE = "facts_unreadable"
    FACTS_INVALID = "facts_invalid"
    MANIFEST_UNREADABLE = "manifest_unreadable"
    MANIFEST_LINE_INVALID = "manifest_line_invalid"
    TRANSCRIPT_INVALID = "transcript_invalid"
    DUPLICATE_CALL_ID = "duplicate_call_id"
    # rules and search
    RULE_INVALID = "rule_invalid"
    PACK_NOT_FOUND = "pack_not_found"
    QUERY_INVALID = "query_invalid"
    # lookups and access
    CALL_NOT_FOUND = "call_not_found"
    REPORT_NOT_FOUND = "report_not_found"
    NOT_FOUND = "not_found"
    REQUEST_INVALID = "request_invalid"
    UNAUTHENTICATED = "unauthenticated"
    FORBIDDEN = "forbidden"
    TOO_MANY_ATTEMPTS = "too_many_attempts"
    # the installation
    SETTINGS_INVALID = "settings_invalid"
    MODEL_NOT_FOUND = "model_not_found"
    MODEL_CORRUPT = "model_corrupt"
    ENGINE_MISSING = "engine_missing"
    DEVICE_MISSING = "device_missing"
    LANGUAGE_UNSUPPORTED = "language_unsupported"
    DATABASE_UNAVAILABLE = "database_unavailable"
    INDEX_UNAVAILABLE = "index_unavailable"
    INDEX_INCOMPLETE = "index_incomplete"
    STORAGE_FULL = "storage_full"
    INTERNAL = "internal"


class QAError(Exception):
    """Base of all errors raised on purpose.

    Args:
        code: stable code, see :class:`ErrorCode`.
        message: what happened, one sentence, naming the file or value.
        hint: what to do about it, one sentence.
    """

    def __init__(self, code: ErrorCode, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        ends = self.message.endswith((".", "!", "?", "。", "…"))
        tail = f"{'' if ends else ' —'} {self.hint}" if self.hint else ""
        return f"{self.message}{tail} [{self.code}]"

    def __reduce__(self) -> tuple[object, ...]:
        return (_rebuild, (type(self), self.__dict__.copy()))


def _rebuild(kind: type[QAError], state: dict[str, object]) -> QAError:
    """Errors cross process borders (worker pools) whole, code and hint included."""
    error = kind.__new__(kind)
    Exception.__init__(error, state.get("message"))
    error.__dict__.update(state)
    return error


class InputError(QAError):
    """What the caller gave cannot be used as it is."""


class AudioError(InputError):
    """A recording that cannot be decoded or inspected."""


class FactsError(InputError):
    """Call facts, a manifest line or a transcript that cannot be understood."""


class RuleError(InputError):
    """A rule or pack file with a mistake in it.

    Attributes ``file``, ``line`` and ``column`` are 1-based places, or ``None`` when unknown.
    """

    def __init__(
        self,
        message: str,
        *,
        file: str | None = None,
        line: int | None = None,
        column: int | None = None,
        hint: str = "",
        code: ErrorCode = ErrorCode.RULE_INVALID,
    ) -> None:
        place = ":".join(str(p) for p in (file, line, column) if p is not None)
        super().__init__(code, f"{place}: {message}" if place else message, hint)
        self.file = file
        self.line = line
        self.column = column


class QueryError(InputError):
    """A search query that cannot be understood; ``position`` is the 0-based character."""

    def __init__(self, message: str, *, position: int | None = None, hint: str = "") -> None:
        super().__init__(ErrorCode.QUERY_INVALID, message, hint)
        self.position = position


class NotFoundError(QAError):
    """The thing asked for does not exist."""


class AccessError(QAError):
    """Not logged in, wrong password, or not allowed."""


class SetupError(QAError):
    """The installation lacks something: weights, an engine, the database, the index."""


def check_days(first: date | None, last: date | None) -> None:
    """Two days between which something can lie; None is open.

    Raises:
        InputError: REQUEST_INVALID: the first is after the last, so that nothing would be found and nobody told.
    """
    if first is not None and last is not None and first > last:
        message = f"The first day, {first}, lies after the last, {last}: no call could be found."
        raise InputError(ErrorCode.REQUEST_INVALID, message, "Exchange the two days, or leave one out.")
