"""Calls whose rules over several calls must be judged again, because a call before them was inspected."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from sqlalchemy import Connection, Engine, delete, insert, select, update

from qa_service.records import CallFacts, CallState, Finding, History, Inspection
from qa_service.store import contacts, results
from qa_service.store.columns import clean
from qa_service.store.engine import reading
from qa_service.store.queue import CHUNK
from qa_service.store.tables import CallRow, FindingRow, FollowUpRow, InspectionRow, OutboxRow

SETTLED = (CallState.INSPECTED, CallState.NOT_ASSESSABLE)

#: Judges an inspection again by its call's history. Pure: the same in, the same out.
Judge = Callable[[Inspection, CallFacts, History], Inspection]


class FollowUp(NamedTuple):
    """One order; ``number`` grows and is never used again."""

    number: int
    call_id: str


class FollowUps:
    """The queue of orders. It is written in the transactions that inspect calls (:func:`contacts.hear`).

    An order is struck in the transaction that follows it, which holds the call: so no order is lost that was given
    while an older one was being followed, and following one twice changes nothing.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._reading = reading(engine)

    def pending(self, limit: int = 100, *, after: int = 0) -> tuple[FollowUp, ...]:
        """The oldest orders with numbers above ``after``. A call may stand there more than once."""
        query = select(FollowUpRow.id, FollowUpRow.call_id).where(FollowUpRow.id > after)
        with self._reading.connect() as connection:
            rows = connection.execute(query.order_by(FollowUpRow.id).limit(limit))
            return tuple(FollowUp(row.id, row.call_id) for row in rows)

    def of_call(self, call_id: str) -> tuple[FollowUp, ...]:
        """Orders for one call."""
        query = select(FollowUpRow.id, FollowUpRow.call_id).where(FollowUpRow.call_id == clean(call_id))
        with self._reading.connect() as connection:
            return tuple(FollowUp(row.id, row.call_id) for row in connection.execute(query))

    def history(self, call_id: str) -> History | None:
        """The calls before a kept one, as they stand now."""
        with self._reading.connect() as connection:
            return contacts.history_of(connection, clean(call_id))

    def settle(self, call_id: str, orders: Sequence[FollowUp], judge: Judge) -> Inspection | None:
        """Follow the orders of one call, all at once; returns its inspection if that changed.

        A call that waits or is being inspected is left alone: the end of that gives an order of its own.
        """
        with self._engine.begin() as connection:
            changed = _judged(connection, call_id, judge)
            numbers = [order.number for order in orders]
            for at in range(0, len(numbers), CHUNK):
                connection.execute(delete(FollowUpRow).where(FollowUpRow.id.in_(numbers[at : at + CHUNK])))
        return changed


def _judged(connection: Connection, call_id: str, judge: Judge) -> Inspection | None:
    held = select(CallRow.facts, CallRow.inspection_id).where(CallRow.call_id == call_id, CallRow.state.in_(SETTLED))
    call = connection.execute(held.with_for_update()).first()
    if call is None or call.inspection_id is None:
        return None
    kept = select(InspectionRow.result, InspectionRow.turns).where(InspectionRow.id == call.inspection_id)
    row = connection.execute(kept).one()
    history = contacts.history_of(connection, call_id)
    if history is None:
        return None
    before = results.read(row.result, row.turns)
    after = judge(before, CallFacts.model_validate_json(call.facts), history)
    if after == before:
        return None
    _amend(connection, call_id, call.inspection_id, before, after)
    return after


def _amend(connection: Connection, call_id: str, number: int, before: Inspection, after: Inspection) -> None:
    """Change what changed: rows of findings that stay keep their numbers, whoever points at them."""
    values = results.amended(after)
    connection.execute(update(InspectionRow).where(InspectionRow.id == number).values(values))
    gone, new = _difference(before.findings, after.findings)
    if gone:
        stale = FindingRow.rule_id.in_({clean(f.rule_id) for f in gone})
        connection.execute(delete(FindingRow).where(FindingRow.inspection_id == number, stale))
    if new:
        connection.execute(insert(FindingRow), [results.finding_row(number, f) for f in new])
    connection.execute(insert(OutboxRow).values(call_id=call_id))


def _difference(before: Sequence[Finding], after: Sequence[Finding]) -> tuple[list[Finding], list[Finding]]:
    """Findings of rules that now say something else: those that go and those that come."""
    rules = {f.rule_id for f in (*before, *after)}
    changed = {r for r in rules if [f for f in before if f.rule_id == r] != [f for f in after if f.rule_id == r]}
    return [f for f in before if f.rule_id in changed], [f for f in after if f.rule_id in changed]
