"""Keep and inspect calls in tests of the store."""

from __future__ import annotations

from sqlalchemy import Connection, text

from qa_service.records import Finding
from qa_service.store.queue import Claim
from qa_service.store.store import Store
from tests.factories import DAY, NOW, facts, inspection, later, recording


def keep(store: Store, call_id: str, number: int = 1, **changes: object) -> None:
    """A call received ``number`` minutes after NOW, with a recording of its own."""
    store.calls.add(
        facts(**changes), call_id=call_id, source=f"{call_id}.mp3", day=DAY, recording=recording(number),
        transcript=None, received_at=later(number), audio_s=60.0,
    )  # fmt: skip


def claimed(store: Store, worker: str = "w", *, minutes: float = 0, lease_s: float = 60) -> Claim:
    found = store.queue.claim(worker, lease_s=lease_s, now=later(minutes))
    assert found
    return found


def inspect(store: Store, *findings: Finding) -> str:
    """Inspect the next call; returns its id."""
    claim = claimed(store)
    assert store.queue.finish(claim, inspection(claim.call_id, findings=findings), NOW)
    return claim.call_id


def without_0003(connection: Connection) -> None:
    """Take the schema back to revision 0002, with the rows it holds."""
    connection.execute(text("DROP INDEX ix_search_outbox_call_id"))
    for column in ("ordered_at", "attempts", "error", "retry_after", "parked"):
        connection.execute(text(f"ALTER TABLE search_outbox DROP COLUMN {column}"))
    connection.execute(text("UPDATE alembic_version SET version_num = '0002'"))
