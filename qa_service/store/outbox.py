"""Calls whose search documents are not written yet, and what the index would not take."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from sqlalchemy import ColumnElement, Connection, Engine, and_, delete, func, insert, literal, or_, select, update

from qa_service.records import Record
from qa_service.store.columns import aware, clean, naive_utc, now_utc
from qa_service.store.engine import reading
from qa_service.store.queue import CHUNK
from qa_service.store.tables import CallRow, OutboxRow

#: Seconds until a refused call is tried again; doubled each time, up to the second number.
BACKOFF_S, LONGEST_S = 30.0, 3600.0
#: A call that was refused this often is parked: after some fourteen hours.
MOST_ATTEMPTS = 20
#: Characters of a reason that are kept.
REASON_CHARS = 500
MOST_LISTED = 200
WAITING = OutboxRow.parked.is_(False)


class OutboxEntry(NamedTuple):
    """An order to write a call's search document; ``number`` grows and is never used again."""

    number: int
    call_id: str


class Parked(Record):
    """A call that the index did not take, and will not be offered again by itself."""

    call_id: str
    reason: str
    attempts: int
    ordered_at: datetime | None = None


class Lag(Record):
    """How far behind the index is: calls that wait, since when the longest does, and calls that are parked."""

    calls: int
    waiting_since: datetime | None = None
    parked: int = 0


class Outbox:
    """Orders to write search documents, in the order in which the calls were inspected.

    A call may stand there more than once: what is written is always its inspection of that moment, so a later order
    stands for all earlier ones of the call.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._reading = reading(engine)

    def pending(self, limit: int | None = 100, *, now: datetime | None, after: int = 0) -> tuple[OutboxEntry, ...]:
        """The oldest entries with numbers above ``after``, without those parked or to be tried again only later.

        With ``now`` None those of later are among them.
        """
        due = or_(OutboxRow.retry_after.is_(None), OutboxRow.retry_after <= naive_utc(now)) if now else WAITING
        return self._entries(and_(WAITING, due, OutboxRow.id > after), limit)

    def all(self) -> tuple[OutboxEntry, ...]:
        """Every entry, parked or not, in order."""
        return self._entries(OutboxRow.id > 0, None)

    def done(self, entries: Sequence[OutboxEntry]) -> None:
        """Strike these entries and all older ones of their calls; what was ordered since they were read stays."""
        newest = _newest(entries)
        with self._engine.begin() as connection:
            for chunk in _chunks(sorted(newest)):
                _strike(connection, chunk, newest, including=True)

    def failed(self, entries: Sequence[OutboxEntry], reason: str, *, passing: bool, now: datetime) -> None:
        """The index did not take these calls. What may pass is tried again later, ever less often; else it is parked.

        Each call keeps its newest entry alone: the older ones asked for the same.
        """
        newest = _newest(entries)
        with self._engine.begin() as connection:
            for chunk in _chunks(sorted(newest)):
                _strike(connection, chunk, newest, including=False)
                numbers = [newest[call_id] for call_id in chunk]
                query = select(OutboxRow.id, OutboxRow.attempts).where(OutboxRow.id.in_(numbers)).with_for_update()
                for row in connection.execute(query).all():
                    values = _troubled(row.attempts + 1, reason, passing=passing, now=now)
                    connection.execute(update(OutboxRow).where(OutboxRow.id == row.id).values(values))

    def order(self, call_ids: Sequence[str]) -> tuple[OutboxEntry, ...]:
        """Order these calls, behind all others."""
        if not call_ids:
            return ()
        with self._engine.begin() as connection:
            new = insert(OutboxRow).returning(OutboxRow.id, OutboxRow.call_id)
            rows = connection.execute(new, [{"call_id": clean(call_id)} for call_id in call_ids])
            return tuple(sorted(OutboxEntry(row.id, row.call_id) for row in rows))

    def order_everything(self) -> int:
        """Order every inspected call that is not ordered, oldest first; returns how many."""
        known = select(OutboxRow.call_id)
        calls = select(CallRow.call_id).where(CallRow.inspection_id.is_not(None), CallRow.call_id.not_in(known))
        oldest_first = calls.order_by(CallRow.happened_at, CallRow.call_id)
        with self._engine.begin() as connection:
            since = literal(now_utc(), type_=OutboxRow.ordered_at.type)
            rows = oldest_first.add_columns(since, literal(0), literal(False))
            columns = ["call_id", "ordered_at", "attempts", "parked"]
            return int(connection.execute(insert(OutboxRow).from_select(columns, rows)).rowcount)

    def parked(self, limit: int = MOST_LISTED) -> tuple[Parked, ...]:
        """Calls that the index did not take, the longest parked first."""
        query = select(OutboxRow.__table__).where(OutboxRow.parked).order_by(OutboxRow.id).limit(limit)
        with self._reading.connect() as connection:
            return tuple(
                Parked(
                    call_id=row.call_id,
                    reason=row.error or "",
                    attempts=row.attempts,
                    ordered_at=aware(row.ordered_at) if row.ordered_at else None,
                )
                for row in connection.execute(query)
            )

    def retry_parked(self) -> int:
        """Let every parked call, and every one that waits to be tried again, be tried now; returns how many."""
        troubled = or_(OutboxRow.parked, OutboxRow.retry_after.is_not(None))
        again = {"parked": False, "attempts": 0, "retry_after": None}
        with self._engine.begin() as connection:
            return int(connection.execute(update(OutboxRow).where(troubled).values(again)).rowcount)

    def lag(self) -> Lag:
        """How far behind the index is."""
        calls = OutboxRow.call_id.distinct()
        waiting = select(func.count(calls), func.min(OutboxRow.ordered_at)).where(WAITING)
        parked = select(func.count(calls)).where(OutboxRow.parked)
        with self._reading.connect() as connection:
            number, since = connection.execute(waiting).one()
            aside = connection.execute(parked).scalar_one()
        return Lag(calls=number, waiting_since=aware(since) if since else None, parked=aside)

    def _entries(self, wanted: ColumnElement[bool], limit: int | None) -> tuple[OutboxEntry, ...]:
        query = select(OutboxRow.id, OutboxRow.call_id).where(wanted).order_by(OutboxRow.id).limit(limit)
        with self._reading.connect() as connection:
            return tuple(OutboxEntry(row.id, row.call_id) for row in connection.execute(query))


def _newest(entries: Sequence[OutboxEntry]) -> dict[str, int]:
    """The newest number of each call."""
    return {entry.call_id: entry.number for entry in sorted(entries)}


def _chunks(call_ids: Sequence[str]) -> list[Sequence[str]]:
    return [call_ids[at : at + CHUNK] for at in range(0, len(call_ids), CHUNK)]


def _strike(connection: Connection, call_ids: Sequence[str], newest: dict[str, int], *, including: bool) -> None:
    """Delete what these calls ordered before their newest number, or that too."""
    query = select(OutboxRow.id, OutboxRow.call_id).where(OutboxRow.call_id.in_(call_ids))
    gone = [
        row.id
        for row in connection.execute(query)
        if row.id < newest[row.call_id] or (including and row.id == newest[row.call_id])
    ]
    for at in range(0, len(gone), CHUNK):
        connection.execute(delete(OutboxRow).where(OutboxRow.id.in_(gone[at : at + CHUNK])))


def _troubled(attempts: int, reason: str, *, passing: bool, now: datetime) -> dict[str, object]:
    parked = not passing or attempts >= MOST_ATTEMPTS
    wait_s = min(BACKOFF_S * 2 ** (attempts - 1), LONGEST_S)
    return {
        "attempts": attempts,
        "error": clean(reason)[:REASON_CHARS],
        "parked": parked,
        "retry_after": None if parked else naive_utc(now + timedelta(seconds=wait_s)),
    }
