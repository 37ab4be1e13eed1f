"""All inspected calls, as the search index should hold them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import JSON, ColumnElement, Engine, Select, cast, func, select

from qa_service.records import CallEntry
from qa_service.store import rows
from qa_service.store.engine import reading
from qa_service.store.queue import CHUNK
from qa_service.store.tables import CallRow, InspectionRow, OutboxRow

INSPECTED = CallRow.inspection_id.is_not(None)


class Size(NamedTuple):
    """Calls in which something was said, and their turns."""

    calls: int
    turns: int


class Census(NamedTuple):
    """The size of everything, and how many entries the outbox had at that same moment."""

    size: Size
    ordered: int


class Corpus:
    """Reads inspected calls in one order that never changes, however many are added meanwhile."""

    def __init__(self, engine: Engine) -> None:
        self._reading = reading(engine)

    def calls(self) -> int:
        """Inspected calls, also those in which nothing was said."""
        with self._reading.connect() as connection:
            return connection.execute(select(func.count()).select_from(CallRow).where(INSPECTED)).scalar_one()

    def batches(self, size: int) -> Iterator[tuple[str, ...]]:
        """Ids of all inspected calls, oldest first, ``size`` at a time; no transaction stays open between them."""
        order = (CallRow.happened_at, CallRow.call_id)
        query = select(*order).where(INSPECTED).order_by(*order).limit(size)
        last: tuple[datetime, str] | None = None
        while True:
            with self._reading.connect() as connection:
                found = connection.execute(query.where(rows.after(last)) if last else query).all()
            if found:
                yield tuple(row.call_id for row in found)
            if len(found) < size:
                return
            last = (found[-1].happened_at, found[-1].call_id)

    def entries(self, call_ids: Sequence[str]) -> dict[str, CallEntry]:
        """These calls with their current inspections, by id; those that have none, or are gone, are left out."""
        query: Select[Any] = select(*CallRow.__table__.columns, InspectionRow.result, InspectionRow.turns)
        query = query.join(InspectionRow, InspectionRow.id == CallRow.inspection_id)
        found: dict[str, CallEntry] = {}
        with self._reading.connect() as connection:
            for at in range(0, len(call_ids), CHUNK):
                chosen = query.where(CallRow.call_id.in_(call_ids[at : at + CHUNK]))
                found |= {row.call_id: rows.entry(row) for row in connection.execute(chosen)}
        return {call_id: found[call_id] for call_id in call_ids if call_id in found}

    def census(self) -> Census:
        """Counts everything in one statement, so that all of it is of one moment on every database."""
        ordered = select(func.count()).select_from(OutboxRow).scalar_subquery()
        query = select(*self._sums(), ordered.label("ordered"))
        with self._reading.connect() as connection:
            calls, turns, entries = connection.execute(query).one()
        return Census(Size(calls, turns), entries)

    def size_of(self, call_ids: Sequence[str]) -> Size:
        """The size of these calls alone."""
        calls, turns = 0, 0
        with self._reading.connect() as connection:
            for at in range(0, len(call_ids), CHUNK):
                chosen = CallRow.call_id.in_(call_ids[at : at + CHUNK])
                some_calls, some_turns = connection.execute(select(*self._sums(chosen))).one()
                calls, turns = calls + some_calls, turns + some_turns
        return Size(calls, turns)

    def _sums(self, *conditions: ColumnElement[bool]) -> tuple[ColumnElement[int], ColumnElement[int]]:
        turns: Any = InspectionRow.turns if self._reading.dialect.name == "sqlite" else cast(InspectionRow.turns, JSON)
        said = (
            select(func.json_array_length(turns).label("turns"))
            .join(CallRow, CallRow.inspection_id == InspectionRow.id)
            .where(*conditions)
            .subquery()
        )
        return func.count().filter(said.c.turns > 0), func.coalesce(func.sum(said.c.turns), 0)
