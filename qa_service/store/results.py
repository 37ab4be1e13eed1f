"""How an inspection is written and read back: one row for the result, its findings in rows of their own."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, insert, update

from qa_service.records import CallState, CallStatus, ErrorInfo, Finding, Inspection
from qa_service.store import contacts
from qa_service.store.columns import clean, naive_utc
from qa_service.store.tables import CallRow, FindingRow, InspectionRow, OutboxRow

STATES = {
    CallStatus.INSPECTED: CallState.INSPECTED,
    CallStatus.NOT_ASSESSABLE: CallState.NOT_ASSESSABLE,
    CallStatus.FAILED: CallState.FAILED,
}


def write(connection: Connection, call_id: str, inspection: Inspection, now: datetime) -> None:
    """Make this the current inspection of a call: result, findings, state, search order, and what later calls see.

    The caller holds the call and its transaction.
    """
    row = _row(call_id, inspection, now)
    number = connection.execute(insert(InspectionRow).values(row).returning(InspectionRow.id)).scalar_one()
    if inspection.findings:
        connection.execute(insert(FindingRow), [finding_row(number, f) for f in inspection.findings])
    connection.execute(insert(OutboxRow).values(call_id=call_id))
    outcome = {
        "state": STATES[inspection.status],
        "inspected_at": naive_utc(now),
        "inspection_id": number,
        "claimed_by": None,
        "lease_until": None,
        **error_columns(inspection.error),
    }
    connection.execute(update(CallRow).where(CallRow.call_id == call_id).values(outcome))
    contacts.hear(connection, call_id, inspection)


def amended(inspection: Inspection) -> dict[str, Any]:
    """Columns of an inspection whose turns stay as they are."""
    text, turns = _texts(inspection)
    read(text, turns)
    return {**_points(inspection), "result": text}


def read(result: str, turns: str | None) -> Inspection:
    """The inspection as it was written; without its turns where ``turns`` is None."""
    whole = result if turns is None else f'{result.removesuffix("}")},"turns":{turns}}}'
    return Inspection.model_validate_json(whole)


def error_columns(error: ErrorInfo | None) -> dict[str, str | None]:
    return {"error_code": error.code if error else None, "error_message": clean(error.message) if error else None}


def _row(call_id: str, inspection: Inspection, now: datetime) -> dict[str, Any]:
    """Columns of the result. Read back once, so that what cannot be read is refused now and not in a list later."""
    text, turns = _texts(inspection)
    read(text, turns)
    return {
        "call_id": call_id,
        "created_at": naive_utc(now),
        "status": inspection.status,
        **_points(inspection),
        "result": text,
        "turns": turns,
    }


def _points(inspection: Inspection) -> dict[str, Any]:
    found = inspection.score
    return {"points": found.points if found else None, "grade": found.grade if found else None}


def _texts(inspection: Inspection) -> tuple[str, str]:
    only_turns = inspection.model_dump_json(include={"turns"})
    turns = only_turns.removeprefix('{"turns":').removesuffix("}")
    return inspection.model_dump_json(exclude={"turns"}), turns


def finding_row(inspection_id: int, finding: Finding) -> dict[str, object]:
    """Searchable columns of a finding."""
    return {
        "inspection_id": inspection_id,
        "rule_id": clean(finding.rule_id),
        "severity": finding.severity,
        "polarity": finding.polarity,
        "state": finding.state,
    }
