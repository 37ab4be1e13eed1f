"""The store: one object that holds the repositories."""

from __future__ import annotations

from contextlib import AbstractContextManager
from dataclasses import dataclass

from sqlalchemy import Engine

from qa_service.store.calls import CallRepository
from qa_service.store.corpus import Corpus
from qa_service.store.engine import connect
from qa_service.store.followups import FollowUps
from qa_service.store.ledger import Accounts, Quarantine
from qa_service.store.lock import exclusive
from qa_service.store.migrate import migrate
from qa_service.store.outbox import Outbox
from qa_service.store.queue import Queue


@dataclass(frozen=True)
class Store:
    """Repositories over one database. Safe to share between threads; not across a fork."""

    engine: Engine
    calls: CallRepository
    queue: Queue
    quarantine: Quarantine
    outbox: Outbox
    accounts: Accounts
    followups: FollowUps
    corpus: Corpus

    def exclusive(self, name: str, *, wait_s: float = 0.0) -> AbstractContextManager[bool]:
        """A lock between all processes on this database; False when another holds it after ``wait_s``."""
        return exclusive(self.engine, name, wait_s=wait_s)

    def close(self) -> None:
        self.engine.dispose()


def open_store(url: str) -> Store:
    """Connect and bring the schema up to date.

    Raises:
        SetupError: DATABASE_UNAVAILABLE or SETTINGS_INVALID.
    """
    engine = connect(url)
    try:
        migrate(engine)
    except BaseException:
        engine.dispose()
        raise
    return Store(
        engine,
        CallRepository(engine),
        Queue(engine),
        Quarantine(engine),
        Outbox(engine),
        Accounts(engine),
        FollowUps(engine),
        Corpus(engine),
    )
