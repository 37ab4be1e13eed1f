"""Which calls to list."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from sqlalchemy import ColumnElement, select

from qa_service.errors import check_days
from qa_service.records import CallState, Severity
from qa_service.store.columns import clean
from qa_service.store.rows import FILTER_CHARS
from qa_service.store.tables import CallRow, FindingRow


@dataclass(frozen=True)
class CallFilter:
    """What to list. ``severity`` and ``rule_id`` ask for one finding with both, in the current inspection."""

    day_from: date | None = None
    day_to: date | None = None
    agent_id: str | None = None
    team: str | None = None
    product: str | None = None
    state: CallState | None = None
    severity: Severity | None = None
    rule_id: str | None = None
    limit: int = 50
    offset: int = 0


def conditions(wanted: CallFilter) -> Iterator[ColumnElement[bool]]:
    """SQL for a filter; fields that are None or empty do not count.

    Raises:
        InputError: REQUEST_INVALID: the first day is after the last.
    """
    check_days(wanted.day_from, wanted.day_to)
    if wanted.day_from:
        yield CallRow.day >= wanted.day_from
    if wanted.day_to:
        yield CallRow.day <= wanted.day_to
    for column, value in (
        (CallRow.agent_id, wanted.agent_id),
        (CallRow.team, wanted.team),
        (CallRow.product, wanted.product),
        (CallRow.state, wanted.state),
    ):
        if value:
            yield column == clean(value)[:FILTER_CHARS]
    if wanted.severity or wanted.rule_id:
        yield _has_finding(wanted)


def _has_finding(wanted: CallFilter) -> ColumnElement[bool]:
    query = select(FindingRow.inspection_id)
    if wanted.severity:
        query = query.where(FindingRow.severity == wanted.severity)
    if wanted.rule_id:
        query = query.where(FindingRow.rule_id == clean(wanted.rule_id))
    return CallRow.inspection_id.in_(query)
