"""Records to columns and back."""

from __future__ import annotations

import unicodedata
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, tuple_

from qa_service.errors import ErrorCode, FactsError
from qa_service.records import CallEntry, CallFacts, CallState, ErrorInfo, Recording, Transcript
from qa_service.store import results
from qa_service.store.columns import aware, clean, naive_utc
from qa_service.store.tables import CallRow

#: Characters of a fact that its filter column keeps: an index of PostgreSQL takes no longer ones.
FILTER_CHARS = 200
#: Of a call: with room for what is reckoned from it (days before and after, another time zone).
YEARS = (1900, 9000)


def identity(facts: CallFacts, call_id: str, received_at: datetime) -> dict[str, Any]:
    """Columns of who, when and what.

    Raises:
        FactsError: FACTS_INVALID.
    """
    if not call_id or any(unicodedata.category(letter) == "Cc" for letter in call_id):
        message = f"Call id {call_id!r} is empty or holds control characters."
        raise FactsError(ErrorCode.FACTS_INVALID, message, "Give the call a printable id.")
    filters = {"agent_id": facts.agent_id, "team": facts.team, "product": facts.product}
    return {
        "call_id": call_id,
        "facts": facts.model_copy(update={"call_id": call_id}).model_dump_json(exclude_defaults=True),
        "happened_at": _moment(facts.started_at or received_at),
        "received_at": naive_utc(received_at),
        **{name: clean(value)[:FILTER_CHARS] if value else None for name, value in filters.items()},
    }


def content(recording: Recording | None, transcript: Transcript | None) -> dict[str, Any]:
    """Columns of what is to be inspected."""
    return {
        "sha256": recording.sha256 if recording else None,
        "recording": recording.model_dump_json() if recording else None,
        "transcript": transcript.model_dump_json() if transcript else None,
    }


def entry(row: Row[Any]) -> CallEntry:
    """A call from its row; its inspection has no turns where the query did not ask for them."""
    return CallEntry(
        call_id=row.call_id,
        facts=CallFacts.model_validate_json(row.facts),
        state=CallState(row.state),
        day=row.day,
        source=row.source,
        received_at=aware(row.received_at),
        inspected_at=aware(row.inspected_at) if row.inspected_at else None,
        attempts=row.attempts,
        error=ErrorInfo(code=row.error_code, message=row.error_message or "") if row.error_code else None,
        recording=Recording.model_validate_json(row.recording) if row.recording else None,
        inspection=results.read(row.result, getattr(row, "turns", None)) if row.result else None,
    )


def after(last: tuple[datetime, str]) -> ColumnElement[bool]:
    """Calls that come after one, by (happened_at, call_id)."""
    return tuple_(CallRow.happened_at, CallRow.call_id) > tuple_(*last)


def before(first: tuple[datetime, str]) -> ColumnElement[bool]:
    """Calls that come before one, by (happened_at, call_id)."""
    return tuple_(CallRow.happened_at, CallRow.call_id) < tuple_(*first)


def _moment(started_at: datetime) -> datetime:
    if not YEARS[0] <= started_at.year <= YEARS[1]:
        message = f"started_at {started_at.isoformat()} lies outside the years that can be kept."
        raise FactsError(ErrorCode.FACTS_INVALID, message, "Correct it, or leave it out.")
    return naive_utc(started_at)
