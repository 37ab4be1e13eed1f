"""Calls as later calls see them: one narrow row for each, found by debtor or by number in the order of time.

The row is a projection of the call's facts (written when the call is kept) and of its current inspection (written
with it); nothing in it is told that the two do not hold. Debtor and number stand in it as hashes.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, and_, insert, or_, select, update

from qa_service.records import CallState, Contact, HeardCall, History, Inspection, Role
from qa_service.store.columns import aware, naive_utc
from qa_service.store.tables import CallRow, ContactRow, FollowUpRow

#: How far back the calls of a debtor are read; marks are found however old they are.
DAYS = 92
#: A call without a time is placed by when it was received, up to this long after it took place.
UNTIMED = timedelta(days=1)


def heard_of(inspection: Inspection) -> HeardCall:
    """What an inspection says of a call to the calls after it; words stay where they are."""
    spoken = sum(turn.role is Role.CUSTOMER and bool(turn.text.strip()) for turn in inspection.turns)
    return HeardCall(
        status=inspection.status,
        error=inspection.error.code if inspection.error else None,
        customer_turns=spoken,
        role_confidence=inspection.roles.confidence if inspection.roles else 0.0,
        duration_s=inspection.duration_s,
        marks=tuple(mark.model_copy(update={"quote": ""}) for mark in inspection.marks),
    )


def values_of(contact: Contact) -> dict[str, Any]:
    """Columns of a contact that nobody has heard yet."""
    return {
        "call_id": contact.call_id,
        "debtor_key": contact.debtor,
        "number_key": contact.number,
        "happened_at": naive_utc(contact.at),
        "marked": False,
        "contact": contact.model_dump_json(exclude_defaults=True),
        "heard": None,
    }


def add(connection: Connection, contact: Contact) -> None:
    """Note a call that is kept, in the transaction that keeps it."""
    connection.execute(insert(ContactRow).values(values_of(contact)))


def hear(connection: Connection, call_id: str, inspection: Inspection) -> None:
    """Note what an inspection found, and order the rules over several calls for this call and those after it."""
    heard = heard_of(inspection)
    values = {"heard": heard.model_dump_json(exclude_defaults=True), "marked": bool(heard.marks)}
    connection.execute(update(ContactRow).where(ContactRow.call_id == call_id).values(values))
    connection.execute(insert(FollowUpRow).values(call_id=call_id))
    _order_later(connection, call_id)


def change(connection: Connection, contact: Contact) -> None:
    """Other facts of a call that is kept; the calls after it are ordered as it was linked before.

    What its inspection said stays until it is inspected again, which orders the calls after it as it is linked then.
    """
    _order_later(connection, contact.call_id)
    values = {name: value for name, value in values_of(contact).items() if name not in ("marked", "heard")}
    connection.execute(update(ContactRow).where(ContactRow.call_id == contact.call_id).values(values))


def _order_later(connection: Connection, call_id: str) -> None:
    """Order the rules over several calls for the calls after this one."""
    keys = connection.execute(_keys(call_id)).first()
    if keys is None or (keys.debtor_key is None and keys.number_key is None):
        return
    timed = Contact.model_validate_json(keys.contact).timed
    since = keys.happened_at if timed else keys.happened_at - UNTIMED
    later = and_(ContactRow.happened_at >= since, _linked(keys))
    settled = CallRow.state.in_((CallState.INSPECTED, CallState.NOT_ASSESSABLE, CallState.WORKING))
    ids = select(ContactRow.call_id).join(CallRow, CallRow.call_id == ContactRow.call_id)
    after = ids.where(later, settled, ContactRow.call_id != call_id).order_by(ContactRow.happened_at)
    connection.execute(insert(FollowUpRow).from_select(["call_id"], after))


def history_of(connection: Connection, call_id: str) -> History | None:
    """The calls before a kept one; none of them where neither its debtor nor its number is known."""
    row = connection.execute(_rows().where(ContactRow.call_id == call_id)).first()
    if row is None:
        return None
    this = _contact(row)
    since, until = row.happened_at - timedelta(days=DAYS + 1), row.happened_at + UNTIMED
    linked = [key for key in _each_key(row) if key is not None]
    near = [_rows().where(key, ContactRow.happened_at.between(since, until)) for key in linked]
    old = [_rows().where(key, ContactRow.marked, ContactRow.happened_at < since) for key in linked]
    return History(this=this, days=DAYS, earlier=_before(connection, near, this), marked=_before(connection, old, this))


def _before(connection: Connection, queries: list[Any], this: Contact) -> tuple[Contact, ...]:
    """What the queries find, each call once, oldest first, without those that surely came later."""
    found = {row.call_id: row for query in queries for row in connection.execute(query)}
    calls = [_contact(row) for row in found.values() if row.call_id != this.call_id]
    earlier = [c for c in calls if not (c.timed and this.timed) or (c.at, c.call_id) < (this.at, this.call_id)]
    return tuple(sorted(earlier, key=lambda c: (c.at, c.call_id)))


def _rows() -> Any:
    return select(*ContactRow.__table__.columns)


def _keys(call_id: str) -> Any:
    columns = (ContactRow.debtor_key, ContactRow.number_key, ContactRow.happened_at, ContactRow.contact)
    return select(*columns).where(ContactRow.call_id == call_id)


def _each_key(row: Row[Any]) -> tuple[ColumnElement[bool] | None, ColumnElement[bool] | None]:
    """Conditions that each use an index of their own."""
    debtor = None if row.debtor_key is None else ContactRow.debtor_key == row.debtor_key
    number = None if row.number_key is None else ContactRow.number_key == row.number_key
    return debtor, number


def _linked(row: Row[Any]) -> ColumnElement[bool]:
    return or_(*(key for key in _each_key(row) if key is not None))


def _contact(row: Row[Any]) -> Contact:
    contact = Contact.model_validate_json(row.contact)
    heard = HeardCall.model_validate_json(row.heard) if row.heard else None
    return contact.model_copy(update={"heard": heard, "at": aware(row.happened_at)})
