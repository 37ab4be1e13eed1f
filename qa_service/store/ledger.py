"""The smaller repositories: quarantine, accounts and secrets."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Sequence
from datetime import date, datetime, time, timedelta, tzinfo
from typing import Any

from sqlalchemy import ColumnElement, Connection, Engine, and_, delete, func, select, true
from sqlalchemy.dialects import postgresql, sqlite

from qa_service.records import ErrorInfo, QuarantineEntry
from qa_service.store.columns import aware, clean, naive_utc
from qa_service.store.engine import reading
from qa_service.store.tables import AccountRow, Base, QuarantineRow, SecretRow


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

    def count(self) -> int:
        with self._reading.connect() as connection:
            return connection.execute(select(func.count()).select_from(QuarantineRow)).scalar_one()

    def list(self, limit: int | None = None) -> tuple[QuarantineEntry, ...]:
        """What was refused, newest first."""
        return self._entries(true(), limit)

    def on_day(self, day: date, zone: tzinfo, limit: int | None = None) -> tuple[QuarantineEntry, ...]:
        """What was refused on a calendar day of this time zone, newest first."""
        try:
            begin = datetime.combine(day, time(), zone)
            since, until = naive_utc(begin), naive_utc(begin + timedelta(days=1))
        except OverflowError:  # the first or last day that there is
            return ()
        return self._entries(and_(QuarantineRow.at >= since, QuarantineRow.at < until), limit)

    def _entries(self, wanted: ColumnElement[bool], limit: int | None) -> tuple[QuarantineEntry, ...]:
        newest_first = (QuarantineRow.at.desc(), QuarantineRow.id.desc())
        query = select(QuarantineRow.__table__).where(wanted).order_by(*newest_first).limit(limit)
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

    def dismiss(self, sources: Sequence[str], *, before: datetime | None = None) -> int:
        """Forget refusals that nobody will mend: of these sources, and all from before a moment; how many."""
        with self._engine.begin() as connection:
            gone = [QuarantineRow.source_hash == _hash(source) for source in sources]
            gone += [] if before is None else [QuarantineRow.at < naive_utc(before)]
            return sum(int(connection.execute(delete(QuarantineRow).where(one)).rowcount) for one in gone)

    def clear(self, source: str) -> None:
        """Forget a refusal: the source has been accepted since."""
        mine = QuarantineRow.source_hash == _hash(source)
        with self._reading.connect() as connection:
            if connection.execute(select(QuarantineRow.id).where(mine)).first() is None:
                return
        with self._engine.begin() as connection:
            connection.execute(delete(QuarantineRow).where(mine))


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
