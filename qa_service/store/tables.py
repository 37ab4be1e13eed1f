"""The tables. Records are kept as JSON text, byte for byte as they were made, beside the columns that filters need."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import BigInteger, ForeignKey, Index, Integer, MetaData, String, Text, UniqueConstraint, false
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from qa_service.store.columns import now_utc

NAMES = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}
#: SQLite gives only INTEGER keys numbers of their own; PostgreSQL should count further.
BigKey = BigInteger().with_variant(Integer, "sqlite")


class Base(DeclarativeBase):
    metadata = MetaData(naming_convention=NAMES)


class CallRow(Base):
    """A kept call, where it stands, and who works on it. Times are UTC without zone.

    ``happened_at`` is when the call began, or when it was received where that is not known. ``attempts`` counts
    claims, ``crashes`` those whose worker died or fell silent. ``audio_s`` is the length by the file's header.
    """

    __tablename__ = "calls"
    __table_args__ = (
        Index(None, "state", "attempts", "received_at"),
        Index(None, "day", "state"),
        Index(None, "happened_at", "call_id"),
        Index(None, "agent_id", "happened_at"),
        Index(None, "team", "happened_at"),
        Index(None, "product", "happened_at"),
    )

    call_id: Mapped[str] = mapped_column(Text, primary_key=True)
    facts: Mapped[str] = mapped_column(Text)
    source: Mapped[str] = mapped_column(Text)
    day: Mapped[date]
    happened_at: Mapped[datetime]
    received_at: Mapped[datetime]
    inspected_at: Mapped[datetime | None]
    agent_id: Mapped[str | None] = mapped_column(Text)
    team: Mapped[str | None] = mapped_column(Text)
    product: Mapped[str | None] = mapped_column(Text)
    sha256: Mapped[str | None] = mapped_column(String(64), unique=True)
    recording: Mapped[str | None] = mapped_column(Text)
    transcript: Mapped[str | None] = mapped_column(Text)
    audio_s: Mapped[float | None]
    state: Mapped[str] = mapped_column(String(20))
    attempts: Mapped[int]
    crashes: Mapped[int]
    claimed_by: Mapped[str | None] = mapped_column(Text)
    lease_until: Mapped[datetime | None]
    error_code: Mapped[str | None] = mapped_column(String(50))
    error_message: Mapped[str | None] = mapped_column(Text)
    inspection_id: Mapped[int | None] = mapped_column(BigKey, unique=True)


class InspectionRow(Base):
    """One evaluation of one call. Earlier ones are kept; the call points at the current one.

    ``turns`` is the JSON list of turns and ``result`` the JSON object of everything else, so that lists and
    reports over many calls need not read every word that was said.
    """

    __tablename__ = "inspections"

    id: Mapped[int] = mapped_column(BigKey, primary_key=True, autoincrement=True)
    call_id: Mapped[str] = mapped_column(ForeignKey("calls.call_id", ondelete="CASCADE"), index=True)
    created_at: Mapped[datetime]
    status: Mapped[str] = mapped_column(String(20))
    points: Mapped[float | None]
    grade: Mapped[str | None] = mapped_column(Text)
    result: Mapped[str] = mapped_column(Text)
    turns: Mapped[str] = mapped_column(Text)


class FindingRow(Base):
    """A finding's searchable columns; the finding itself stands in the inspection's result."""

    __tablename__ = "findings"
    __table_args__ = (
        Index(None, "rule_id", "severity", "inspection_id"),
        Index(None, "severity", "inspection_id"),
    )

    id: Mapped[int] = mapped_column(BigKey, primary_key=True, autoincrement=True)
    inspection_id: Mapped[int] = mapped_column(ForeignKey("inspections.id", ondelete="CASCADE"), index=True)
    rule_id: Mapped[str] = mapped_column(Text)
    severity: Mapped[str] = mapped_column(String(20))
    polarity: Mapped[str] = mapped_column(String(20))
    state: Mapped[str] = mapped_column(String(20))


class OutboxRow(Base):
    """Calls whose search documents must be written, in order. A number is never used twice.

    ``error`` is why the index did not take it, ``attempts`` how often; it is tried again after ``retry_after``, or not
    by itself where it is ``parked``.
    """

    __tablename__ = "search_outbox"
    __table_args__ = (Index(None, "call_id"), {"sqlite_autoincrement": True})

    id: Mapped[int] = mapped_column(BigKey, primary_key=True, autoincrement=True)
    call_id: Mapped[str] = mapped_column(Text)
    ordered_at: Mapped[datetime | None] = mapped_column(default=now_utc)
    attempts: Mapped[int] = mapped_column(default=0, server_default="0")
    error: Mapped[str | None] = mapped_column(Text)
    retry_after: Mapped[datetime | None]
    parked: Mapped[bool] = mapped_column(default=False, server_default=false())


class ContactRow(Base):
    """A call as later calls see it, found by debtor or by number (hashes of both), in the order of time.

    ``contact`` is the JSON of what its facts say, ``heard`` of what its current inspection does; ``marked`` when
    something was said in it that binds later calls.
    """

    __tablename__ = "contacts"
    __table_args__ = (
        Index(None, "debtor_key", "happened_at"),
        Index(None, "number_key", "happened_at"),
    )

    call_id: Mapped[str] = mapped_column(ForeignKey("calls.call_id", ondelete="CASCADE"), primary_key=True)
    debtor_key: Mapped[str | None] = mapped_column(String(64))
    number_key: Mapped[str | None] = mapped_column(String(64))
    happened_at: Mapped[datetime]
    marked: Mapped[bool]
    contact: Mapped[str] = mapped_column(Text)
    heard: Mapped[str | None] = mapped_column(Text)


class FollowUpRow(Base):
    """Calls whose rules over several calls must be judged again. A number is never used twice."""

    __tablename__ = "follow_ups"
    __table_args__ = ({"sqlite_autoincrement": True},)

    id: Mapped[int] = mapped_column(BigKey, primary_key=True, autoincrement=True)
    call_id: Mapped[str] = mapped_column(Text, index=True)


class QuarantineRow(Base):
    """What was refused at the door, and why. ``source_hash`` is the sha256 of the source's name."""

    __tablename__ = "quarantine"
    __table_args__ = (UniqueConstraint("source_hash", "error_code"),)

    id: Mapped[int] = mapped_column(BigKey, primary_key=True, autoincrement=True)
    source: Mapped[str] = mapped_column(Text)
    source_hash: Mapped[str] = mapped_column(String(64))
    error_code: Mapped[str] = mapped_column(String(50))
    error_message: Mapped[str] = mapped_column(Text)
    at: Mapped[datetime]
    sha256: Mapped[str | None] = mapped_column(String(64))


class AccountRow(Base):
    """A local log-in: the Argon2 hash of its password."""

    __tablename__ = "accounts"

    user: Mapped[str] = mapped_column(Text, primary_key=True)
    password_hash: Mapped[str] = mapped_column(Text)


class SecretRow(Base):
    """Secrets made once, such as the key that signs sessions."""

    __tablename__ = "secrets"

    name: Mapped[str] = mapped_column(Text, primary_key=True)
    value: Mapped[str] = mapped_column(Text)
