"""Read kept calls again, many at a time and from several processes, without writing anything."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, Engine, Select, select

from qa_service.errors import check_days
from qa_service.records import CallEntry, CallState, History, Record
from qa_service.store import contacts, rows
from qa_service.store.columns import aware
from qa_service.store.engine import connect, reading
from qa_service.store.lock import exclusive
from qa_service.store.tables import CallRow, InspectionRow


class Inspected(Record):
    """A call with an inspection: which one it is now (``inspection_id``) and the day of the call."""

    call_id: str
    inspection_id: int
    inspected_at: datetime | None
    day: date


class Replay:
    """Calls that were inspected, in the order they were held. Safe in a process of its own; never writes."""

    def __init__(self, engine: Engine) -> None:
        self._engine = reading(engine)

    def inspected(self, since: date, until: date | None) -> tuple[Inspected, ...]:
        """Calls of these days (both included) whose current inspection judged them, oldest first.

        Raises:
            InputError: REQUEST_INVALID: the first day is after the last.
        """
        check_days(since, until)
        query = (
            select(CallRow.call_id, CallRow.inspection_id, CallRow.inspected_at, CallRow.day)
            .where(CallRow.state == CallState.INSPECTED, *_days(since, until))
            .order_by(CallRow.happened_at, CallRow.call_id)
        )
        with self._engine.connect() as connection:
            return tuple(
                Inspected(
                    call_id=row.call_id,
                    inspection_id=row.inspection_id,
                    inspected_at=aware(row.inspected_at) if row.inspected_at else None,
                    day=row.day,
                )
                for row in connection.execute(query)
            )

    def entries(self, call_ids: Sequence[str]) -> tuple[CallEntry, ...]:
        """These calls with their current inspections and all turns; those that are gone are left out."""
        query: Select[Any] = select(*CallRow.__table__.columns, InspectionRow.result, InspectionRow.turns)
        query = query.join(InspectionRow, InspectionRow.id == CallRow.inspection_id)
        query = query.where(CallRow.call_id.in_(call_ids)).order_by(CallRow.happened_at, CallRow.call_id)
        with self._engine.connect() as connection:
            return tuple(rows.entry(row) for row in connection.execute(query))

    def history(self, call_id: str) -> History | None:
        """The calls before a kept one, as they stand now."""
        with self._engine.connect() as connection:
            return contacts.history_of(connection, call_id)

    def exclusive(self, name: str) -> AbstractContextManager[bool]:
        """A lock between all processes on this database; False when another holds it."""
        return exclusive(self._engine, name)

    def close(self) -> None:
        self._engine.dispose()


def open_replay(url: str) -> Replay:
    """Connect for reading; the schema is taken as it is.

    Raises:
        SetupError: SETTINGS_INVALID where the URL is none.
    """
    return Replay(connect(url))


def _days(since: date, until: date | None) -> Iterator[ColumnElement[bool]]:
    yield CallRow.day >= since
    if until is not None:
        yield CallRow.day <= until
