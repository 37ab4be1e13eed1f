"""Kept calls: add, read, list, count."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date, datetime
from typing import Any

from sqlalchemy import Engine, Select, func, insert, or_, select, update
from sqlalchemy.exc import IntegrityError

from qa_service.errors import ErrorCode, FactsError, NotFoundError
from qa_service.records import (
    CallEntry,
    CallFacts,
    CallState,
    FindingState,
    Inspection,
    Polarity,
    Record,
    Recording,
    Transcript,
)
from qa_service.records.contacts import contact_of
from qa_service.store import contacts, results, rows
from qa_service.store.columns import clean
from qa_service.store.engine import reading
from qa_service.store.filters import CallFilter, conditions
from qa_service.store.tables import CallRow, FindingRow, InspectionRow

__all__ = ["Added", "CallFilter", "CallPage", "CallRepository", "DayCount"]

MOST_ROWS = 2**31 - 1
#: Rows fetched at a time where a whole table is walked through.
BATCH = 1000
#: A call as if it had just come in; earlier inspections stay as history.
WAITING_AGAIN = {
    "state": CallState.WAITING, "attempts": 0, "crashes": 0, "claimed_by": None, "lease_until": None,
    **results.error_columns(None),
}  # fmt: skip
NEWEST_FIRST = (CallRow.happened_at.desc(), CallRow.call_id)
OLDEST_FIRST = (CallRow.happened_at, CallRow.call_id)


class Added(Record):
    """``created`` False: this content was kept before, as ``call_id``."""

    call_id: str
    created: bool


class CallPage(Record):
    """Some of the calls that match, and how many match in all."""

    entries: tuple[CallEntry, ...]
    total: int


class DayCount(Record):
    """Calls of a day, how many of them were inspected, and the confirmed violations of those.

    A call that waits to be inspected again counts with neither: its old result does not stand.
    """

    day: date
    received: int
    inspected: int
    findings: int


class CallRepository:
    """All reading and adding of calls."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._reading = reading(engine)

    def add(
        self,
        facts: CallFacts,
        *,
        call_id: str,
        source: str,
        day: date,
        recording: Recording | None,
        transcript: Transcript | None,
        received_at: datetime,
        audio_s: float | None = None,
    ) -> Added:
        """Keep a call. The same recording again is the same call, whatever it is named now.

        Raises:
            FactsError: DUPLICATE_CALL_ID when the id names another recording or other turns; FACTS_INVALID when
                the id holds control characters or the time is no time.
        """
        values = {
            **rows.identity(facts, call_id, received_at),
            "source": clean(source),
            "day": day,
            **rows.content(recording, transcript),
            "audio_s": audio_s,
            "state": CallState.WAITING,
            "attempts": 0,
            "crashes": 0,
        }
        if found := self._same(values):
            return found
        try:
            with self._engine.begin() as connection:
                connection.execute(insert(CallRow).values(values))
                contacts.add(connection, contact_of(facts, call_id, received_at))
        except IntegrityError:  # another process kept it between our look and our write
            if found := self._same(values):
                return found
            raise
        return Added(call_id=call_id, created=True)

    def correct(self, call_id: str, facts: CallFacts, day: date) -> None:
        """Take other facts for a kept call, which then waits to be inspected again, also where a worker holds it.

        Raises:
            NotFoundError: CALL_NOT_FOUND.
            FactsError: FACTS_INVALID.
        """
        received_at = self.get(call_id).received_at
        values = {**rows.identity(facts, call_id, received_at), "day": day, **WAITING_AGAIN}
        with self._engine.begin() as connection:
            contacts.change(connection, contact_of(facts, call_id, received_at))
            connection.execute(update(CallRow).where(CallRow.call_id == call_id).values(values))

    def find(self, sha256: str) -> str | None:
        """Id of the call that holds this recording, if any."""
        with self._reading.connect() as connection:
            return connection.execute(select(CallRow.call_id).where(CallRow.sha256 == sha256)).scalar()

    def get(self, call_id: str) -> CallEntry:
        """A call with its current inspection.

        Raises:
            NotFoundError: CALL_NOT_FOUND.
        """
        with self._reading.connect() as connection:
            row = connection.execute(_entries().where(CallRow.call_id == clean(call_id))).first()
        if row is None:
            raise NotFoundError(ErrorCode.CALL_NOT_FOUND, f"There is no call {call_id}.", "See `qa status`.")
        return rows.entry(row)

    def page(self, wanted: CallFilter, *, turns: bool = True) -> CallPage:
        """Calls that match, newest first. Without ``turns`` the inspections come without their words: much faster."""
        matching = tuple(conditions(wanted))
        count = select(func.count()).select_from(CallRow).where(*matching)
        some = _entries(turns=turns).where(*matching).order_by(*NEWEST_FIRST)
        some = some.limit(min(max(wanted.limit, 0), MOST_ROWS)).offset(min(max(wanted.offset, 0), MOST_ROWS))
        with self._reading.connect() as connection:
            total = connection.execute(count).scalar_one()
            return CallPage(entries=tuple(map(rows.entry, connection.execute(some))), total=total)

    def on_day(self, day: date, *, turns: bool = True) -> tuple[CallEntry, ...]:
        """All calls of a calendar day, oldest first. Without ``turns`` as in :meth:`page`."""
        query = _entries(turns=turns).where(CallRow.day == day).order_by(*OLDEST_FIRST)
        with self._reading.connect() as connection:
            return tuple(map(rows.entry, connection.execute(query)))

    def days(self) -> tuple[DayCount, ...]:
        """Days that have calls, newest first."""
        inspected = func.count().filter(CallRow.state == CallState.INSPECTED)
        calls = select(CallRow.day, func.count(), inspected).group_by(CallRow.day).order_by(CallRow.day.desc())
        violations = (
            select(CallRow.day, func.count().label("number"))
            .join(FindingRow, FindingRow.inspection_id == CallRow.inspection_id)
            .where(CallRow.state == CallState.INSPECTED)
            .where(FindingRow.polarity == Polarity.VIOLATION, FindingRow.state == FindingState.CONFIRMED)
            .group_by(CallRow.day)
        )
        with self._reading.connect() as connection:
            found: dict[date, int] = {row.day: row.number for row in connection.execute(violations)}
            return tuple(
                DayCount(day=day, received=received, inspected=done, findings=found.get(day, 0))
                for day, received, done in connection.execute(calls)
            )

    def counts(self) -> dict[CallState, int]:
        """How many calls stand where; every state is named."""
        query = select(CallRow.state, func.count()).group_by(CallRow.state)
        with self._reading.connect() as connection:
            found = {CallState(state): number for state, number in connection.execute(query)}
        return {state: found.get(state, 0) for state in CallState}

    def transcript(self, call_id: str) -> Transcript | None:
        """The turns a call was given with; None for recordings."""
        with self._reading.connect() as connection:
            text = connection.execute(select(CallRow.transcript).where(CallRow.call_id == clean(call_id))).scalar()
        return Transcript.model_validate_json(text) if text else None

    def with_sound(self, call_ids: Iterable[str]) -> frozenset[str]:
        """Those of the calls that were given with a recording; the others were given as text."""
        query = select(CallRow.call_id).where(
            CallRow.call_id.in_([clean(i) for i in call_ids]), CallRow.recording.is_not(None)
        )
        with self._reading.connect() as connection:
            return frozenset(connection.execute(query).scalars())

    def all_ids(self, state: CallState | None = None) -> Iterator[str]:
        """Ids of all calls, or those in a state, oldest first; no transaction stays open between batches."""
        last: tuple[datetime, str] | None = None
        query = select(CallRow.happened_at, CallRow.call_id).order_by(*OLDEST_FIRST).limit(BATCH)
        query = query.where(CallRow.state == state) if state else query
        while True:
            with self._reading.connect() as connection:
                found = connection.execute(query.where(rows.after(last)) if last else query).all()
            yield from (row.call_id for row in found)
            if len(found) < BATCH:
                return
            last = (found[-1].happened_at, found[-1].call_id)

    def neighbours(self, call_id: str) -> tuple[str | None, str | None]:
        """Ids of the calls just before and just after a call in time; None where there is none."""
        place = select(CallRow.happened_at, CallRow.call_id)
        with self._reading.connect() as connection:
            own = connection.execute(place.where(CallRow.call_id == clean(call_id))).first()
            if own is None:
                return None, None
            at = (own.happened_at, own.call_id)
            before = place.where(rows.before(at)).order_by(CallRow.happened_at.desc(), CallRow.call_id.desc())
            after = place.where(rows.after(at)).order_by(*OLDEST_FIRST)
            found = [connection.execute(query.limit(1)).first() for query in (before, after)]
        earlier, later = (row.call_id if row else None for row in found)
        return earlier, later

    def inspections(self, call_id: str) -> tuple[Inspection, ...]:
        """Every inspection a call has had, oldest first."""
        mine = InspectionRow.call_id == clean(call_id)
        query = select(InspectionRow.result, InspectionRow.turns).where(mine).order_by(InspectionRow.id)
        with self._reading.connect() as connection:
            return tuple(results.read(row.result, row.turns) for row in connection.execute(query))

    def _same(self, values: dict[str, Any]) -> Added | None:
        """The call that holds this content; an error when the id holds other content. One look sees both."""
        call_id, sha256 = values["call_id"], values["sha256"]
        either = or_(CallRow.call_id == call_id, CallRow.sha256 == sha256) if sha256 else CallRow.call_id == call_id
        query = select(CallRow.call_id, CallRow.sha256, CallRow.transcript).where(either)
        with self._reading.connect() as connection:
            found = connection.execute(query).all()
        for row in found:
            if sha256 and row.sha256 == sha256:
                return Added(call_id=row.call_id, created=False)
        if not found:
            return None
        if found[0].transcript and found[0].transcript == values["transcript"]:
            return Added(call_id=call_id, created=False)
        message = f"Call id {call_id} is kept already, with another recording or other turns."
        raise FactsError(ErrorCode.DUPLICATE_CALL_ID, message, "Give this call an id of its own.")


def _entries(*, turns: bool = True) -> Select[tuple[CallRow]]:
    """Calls with their current inspection, in one query."""
    columns = [InspectionRow.result, *([InspectionRow.turns] if turns else [])]
    query = select(*CallRow.__table__.columns, *columns)
    return query.outerjoin(InspectionRow, InspectionRow.id == CallRow.inspection_id)
