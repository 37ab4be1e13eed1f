"""The smaller repositories: quarantine, the search outbox, accounts and secrets."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Connection, Engine, delete, func, insert, select
from sqlalchemy.dialects import postgresql, sqlite

from qa_service.records import ErrorInfo, QuarantineEntry
from qa_service.store.columns import aware, clean, naive_utc
from qa_service.store.engine import reading
from qa_service.store.queue import CHUNK
from qa_service.store.tables import AccountRow, Base, CallRow, OutboxRow, QuarantineRow, SecretRow


class OutboxEntry(NamedTuple):
    """An order to write a call's search documents; ``number`` grows and is never used again."""

    number: int
    call_id: str


class _Repository:
    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._reading = reading(engine)


class Quarantine(_Repository):
    """Files and lines that were refused, with their reason."""

    def add(self, source: str, error: ErrorInfo, at: datetime, sha256: str | None = None) -> None:
        """Note a refusal; the same source with the same reason is noted once, at its latest time."""
        row = {
            "source": clean(source),
            "source_hash": _hash(source),
            "error_code": error.code,
            "error_message": clean(error.message),
            "at": naive_utc(at),
            "sha256": sha256,
        }
        with self._engine.begin() as connection:
            _upsert(connection, QuarantineRow, row, keys=("source_hash", "error_code"))

    def list(self) -> tuple[QuarantineEntry, ...]:
        """Everything refused, newest first."""
        query = select(QuarantineRow.__table__).order_by(QuarantineRow.at.desc(), QuarantineRow.id.desc())
        with self._reading.connect() as connection:
            return tuple(
                QuarantineEntry(
                    source=r.source,
                    error=ErrorInfo(code=r.error_code, message=r.error_message),
                    at=aware(r.at),
                    sha256=r.sha256,
                )
                for r in connection.execute(query)
            )

    def clear(self, source: str) -> None:
        """Forget a refusal: the source has been accepted since."""
        mine = QuarantineRow.source_hash == _hash(source)
        with self._reading.connect() as connection:
            if connection.execute(select(QuarantineRow.id).where(mine)).first() is None:
                return
        with self._engine.begin() as connection:
            connection.execute(delete(QuarantineRow).where(mine))


class Outbox(_Repository):
    """Calls whose search documents are not written yet, in the order they were inspected."""

    def pending(self, limit: int = 100, *, after: int = 0) -> tuple[OutboxEntry, ...]:
        """The oldest entries with numbers above ``after``. A call may stand there more than once."""
        query = select(OutboxRow.id, OutboxRow.call_id).where(OutboxRow.id > after)
        with self._reading.connect() as connection:
            rows = connection.execute(query.order_by(OutboxRow.id).limit(limit))
            return tuple(OutboxEntry(row.id, row.call_id) for row in rows)

    def done(self, entries: Sequence[OutboxEntry]) -> None:
        """Strike these entries; what was added for the same calls since they were read stays."""
        numbers = [entry.number for entry in entries]
        with self._engine.begin() as connection:
            for at in range(0, len(numbers), CHUNK):
                connection.execute(delete(OutboxRow).where(OutboxRow.id.in_(numbers[at : at + CHUNK])))

    def size(self) -> int:
        """Calls that wait for the index."""
        with self._reading.connect() as connection:
            return int(connection.execute(select(func.count(OutboxRow.call_id.distinct()))).scalar_one())

    def enqueue_all(self) -> int:
        """Order every inspected call again, for a rebuild of the index; returns how many."""
        inspected = select(CallRow.call_id).where(CallRow.inspection_id.is_not(None))
        every = inspected.order_by(CallRow.happened_at, CallRow.call_id)
        with self._engine.begin() as connection:
            connection.execute(delete(OutboxRow))
            connection.execute(insert(OutboxRow).from_select(["call_id"], every))
            return connection.execute(select(func.count()).select_from(OutboxRow)).scalar_one()


class Accounts(_Repository):
    """Local log-ins and the secrets that are made once."""

    def password_hash(self, user: str) -> str | None:
        """The hash that was set; None for an unknown user."""
        with self._reading.connect() as connection:
            return connection.execute(select(AccountRow.password_hash).where(AccountRow.user == clean(user))).scalar()

    def set_password_hash(self, user: str, password_hash: str) -> None:
        with self._engine.begin() as connection:
            _upsert(connection, AccountRow, {"user": clean(user), "password_hash": password_hash}, keys=("user",))

    def secret(self, name: str) -> str:
        """A random secret, made at the first asking and the same ever after, whoever asks."""
        query = select(SecretRow.value).where(SecretRow.name == name)
        with self._reading.connect() as connection:
            if found := connection.execute(query).scalar():
                return found
        with self._engine.begin() as connection:
            new = _insert(connection, SecretRow).values(name=name, value=secrets.token_urlsafe(48))
            connection.execute(new.on_conflict_do_nothing(index_elements=["name"]))
            return connection.execute(query).scalar_one()


def _hash(source: str) -> str:
    return hashlib.sha256(clean(source).encode()).hexdigest()


def _insert(connection: Connection, table: type[Base]) -> Any:
    """INSERT that knows ON CONFLICT; both databases do, each under its own name in SQLAlchemy."""
    return (sqlite if connection.dialect.name == "sqlite" else postgresql).insert(table)


def _upsert(connection: Connection, table: type[Base], row: dict[str, Any], *, keys: tuple[str, ...]) -> None:
    changed = {name: value for name, value in row.items() if name not in keys}
    connection.execute(
        _insert(connection, table).values(row).on_conflict_do_update(index_elements=list(keys), set_=changed)
    )
