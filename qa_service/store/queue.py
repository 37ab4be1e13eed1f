"""The queue of calls that wait: claims with leases, so that a killed worker loses nothing and nothing is done twice."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Connection, Engine, and_, case, func, or_, select, update

from qa_service.errors import ErrorCode
from qa_service.records import CallState, CallStatus, ErrorInfo, Inspection
from qa_service.store import results
from qa_service.store.columns import clean, naive_utc
from qa_service.store.engine import reading
from qa_service.store.tables import CallRow

#: Ids in one statement: SQLite takes at most 999 variables in old versions.
CHUNK = 500
WORKING = CallRow.state == CallState.WORKING
WAITING = CallRow.state == CallState.WAITING
#: A call that nobody holds any more.
FREED = {"state": CallState.WAITING, "claimed_by": None, "lease_until": None}


@dataclass(frozen=True)
class Claim:
    """A worker's hold on one call; ``attempt`` counts from 1."""

    call_id: str
    worker: str
    attempt: int
    lease_s: float


@dataclass(frozen=True)
class Waiting:
    """What is not through yet: calls, and seconds of their audio where known."""

    calls: int
    audio_s: float


@dataclass(frozen=True)
class Recovered:
    """Calls taken from workers that are gone: how many wait again, and the results of those given up."""

    freed: int = 0
    given_up: tuple[Inspection, ...] = ()


class Queue:
    """Claim, renew, finish, fail. Every change of a claim is one transaction."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._reading = reading(engine)

    def waiting(self) -> Waiting:
        """Calls that wait or are being worked on."""
        query = select(func.count(), func.coalesce(func.sum(CallRow.audio_s), 0.0)).where(or_(WAITING, WORKING))
        with self._reading.connect() as connection:
            calls, seconds = connection.execute(query).one()
        return Waiting(calls, float(seconds or 0.0))

    def claim(self, worker: str, *, lease_s: float, now: datetime) -> Claim | None:
        """Take the next call, or one whose lease ran out; None when there is none.

        Calls that were tried less often go first, then those received first: a call that kills its
        workers holds up no other.
        """
        order = (CallRow.attempts, CallRow.received_at, CallRow.call_id)
        free = select(CallRow.call_id).where(or_(WAITING, _expired(now)))
        first = free.order_by(*order).limit(1).with_for_update(skip_locked=True)
        with self._engine.begin() as connection:
            call_id = connection.execute(first).scalar()
            if call_id is None:
                return None
            taken = update(CallRow).where(CallRow.call_id == call_id).values(_taken(worker, lease_s, now))
            attempt = connection.execute(taken.returning(CallRow.attempts)).scalar_one()
        return Claim(call_id, worker, attempt, lease_s)

    def claim_beside(self, first: Claim, *, most: int, most_audio_s: float, now: datetime) -> tuple[Claim, ...]:
        """Up to ``most`` calls more for the worker of ``first``, to be heard together with it.

        Only recordings of known length that were never tried, as ``first`` must be, and ``most_audio_s`` seconds in
        all: a call that broke once, or whose worker died, goes alone, so that it takes no other with it again.
        """
        fresh = and_(CallRow.recording.is_not(None), CallRow.audio_s.is_not(None))
        own = select(CallRow.audio_s).where(_held(first), CallRow.attempts == 1, fresh)
        waiting = select(CallRow.call_id, CallRow.audio_s).where(WAITING, CallRow.attempts == 0, fresh)
        order = (CallRow.received_at, CallRow.call_id)
        with self._engine.begin() as connection:
            total = connection.execute(own).scalar()
            if total is None:
                return ()
            rows = connection.execute(waiting.order_by(*order).limit(most).with_for_update(skip_locked=True)).all()
            taken = _within(most_audio_s - total, [(row.call_id, row.audio_s) for row in rows])
            for call_id in taken:
                mine = update(CallRow).where(CallRow.call_id == call_id)
                connection.execute(mine.values(_taken(first.worker, first.lease_s, now)))
        return tuple(Claim(call_id, first.worker, 1, first.lease_s) for call_id in taken)

    def renew(self, claim: Claim, now: datetime) -> bool:
        """Hold on for another lease; False when the claim was lost."""
        values = {"lease_until": naive_utc(now + timedelta(seconds=claim.lease_s))}
        with self._engine.begin() as connection:
            return bool(connection.execute(update(CallRow).where(_held(claim)).values(values)).rowcount)

    def finish(self, claim: Claim, inspection: Inspection, now: datetime) -> bool:
        """Make this the current inspection, in one transaction; False, and nothing written, if the claim was lost."""
        with self._engine.begin() as connection:
            if not _lock_held(connection, claim):
                return False
            results.write(connection, claim.call_id, inspection, now)
        return True

    def fail(self, claim: Claim, error: ErrorInfo, now: datetime, *, retry: bool) -> bool:
        """Put a call back to be tried again, or give it up with its reason; False if the claim was lost."""
        if not retry:
            return self.finish(claim, _failed(claim.call_id, error), now)
        again = update(CallRow).where(_held(claim)).values({**FREED, **results.error_columns(error)})
        with self._engine.begin() as connection:
            return bool(connection.execute(again).rowcount)

    def release(self, worker: str) -> int:
        """Give back what a worker holds, untouched (it was asked to stop); the attempt does not count."""
        mine = update(CallRow).where(WORKING, CallRow.claimed_by == clean(worker))
        with self._engine.begin() as connection:
            return int(connection.execute(mine.values({**FREED, "attempts": CallRow.attempts - 1})).rowcount)

    def recover(self, now: datetime, *, is_dead: Callable[[str], bool], max_attempts: int) -> Recovered:
        """Free the calls of workers that ``is_dead`` knows to be gone, at once, and those whose lease ran out.

        A call whose workers died ``max_attempts`` times is given up as failed.
        """
        poison = and_(WAITING, CallRow.crashes >= max_attempts)
        held = select(CallRow.claimed_by).where(WORKING).distinct()
        urgent = select(CallRow.call_id).where(or_(_expired(now), poison)).limit(1)
        with self._reading.connect() as connection:
            gone = [worker for worker in connection.execute(held).scalars() if worker and is_dead(worker)]
            if not gone and connection.execute(urgent).first() is None:
                return Recovered()
        lost = and_(WORKING, or_(CallRow.claimed_by.in_(gone), CallRow.lease_until < naive_utc(now)))
        with self._engine.begin() as connection:
            crashed = update(CallRow).where(lost).values({**FREED, "crashes": CallRow.crashes + 1})
            freed = int(connection.execute(crashed).rowcount)
            given_up = _give_up(connection, poison, now)
        return Recovered(freed - len(given_up), given_up)

    def requeue(self, call_ids: Sequence[str]) -> int:
        """Put calls that are through back in the queue; earlier inspections stay as history."""
        values = {"state": CallState.WAITING, "attempts": 0, "crashes": 0, **results.error_columns(None)}
        done, ids = 0, [clean(call_id) for call_id in call_ids]
        with self._engine.begin() as connection:
            for at in range(0, len(ids), CHUNK):
                these = CallRow.call_id.in_(ids[at : at + CHUNK])
                again = update(CallRow).where(these, CallRow.state != CallState.WORKING).values(values)
                done += int(connection.execute(again).rowcount)
        return done


def _within(seconds: float, calls: Sequence[tuple[str, float]]) -> list[str]:
    """The first calls whose audio together lasts no longer than ``seconds``."""
    taken = []
    for call_id, audio_s in calls:
        seconds -= audio_s
        if seconds < 0:
            break
        taken.append(call_id)
    return taken


def _expired(now: datetime) -> ColumnElement[bool]:
    return and_(WORKING, CallRow.lease_until < naive_utc(now))


def _taken(worker: str, lease_s: float, now: datetime) -> dict[str, object]:
    return {
        "state": CallState.WORKING,
        "claimed_by": clean(worker),
        "attempts": CallRow.attempts + 1,
        "crashes": CallRow.crashes + case((WORKING, 1), else_=0),
        "lease_until": naive_utc(now + timedelta(seconds=lease_s)),
    }


def _held(claim: Claim) -> ColumnElement[bool]:
    mine = and_(WORKING, CallRow.claimed_by == clean(claim.worker), CallRow.attempts == claim.attempt)
    return and_(CallRow.call_id == claim.call_id, mine)


def _lock_held(connection: Connection, claim: Claim) -> bool:
    return connection.execute(select(CallRow.call_id).where(_held(claim)).with_for_update()).first() is not None


def _failed(call_id: str, error: ErrorInfo) -> Inspection:
    return Inspection(call_id=call_id, status=CallStatus.FAILED, error=error)


def _give_up(connection: Connection, poison: ColumnElement[bool], now: datetime) -> tuple[Inspection, ...]:
    query = select(CallRow.call_id, CallRow.crashes).where(poison).order_by(CallRow.call_id)
    found = connection.execute(query.with_for_update(skip_locked=True)).all()
    given_up = tuple(_failed(row.call_id, _poison_error(row.call_id, row.crashes)) for row in found)
    for result in given_up:
        results.write(connection, result.call_id, result, now)
    return given_up


def _poison_error(call_id: str, crashes: int) -> ErrorInfo:
    return ErrorInfo(
        code=ErrorCode.INTERNAL,
        message=f"The worker died {crashes} times on call {call_id} (killed, out of memory or crashed). "
        f"Look into the recording, then try again: qa reinspect {call_id}",
    )
