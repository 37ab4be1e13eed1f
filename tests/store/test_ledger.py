"""Quarantine, accounts, secrets and locks; on SQLite and on PostgreSQL alike."""

from __future__ import annotations

import threading
from datetime import date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from qa_service.errors import ErrorCode, SetupError
from qa_service.records import ErrorInfo
from qa_service.store.store import Store, open_store
from tests.factories import DAY, NOW, later


def test_quarantine_notes_once_and_forgets_when_accepted(store: Store) -> None:
    for minutes in (0, 5):
        store.quarantine.add("bad.mp3", ErrorInfo(code="not_audio", message="no"), later(minutes), "ab" * 32)
    store.quarantine.add("bad.mp3", ErrorInfo(code="file_empty", message="no"), NOW)
    store.quarantine.add("other\udcff\0.mp3", ErrorInfo(code="file_empty", message="\0no"), later(9))
    assert [(q.source, q.error.code, q.at) for q in store.quarantine.list()] == [
        ("other?.mp3", "file_empty", later(9)),
        ("bad.mp3", "not_audio", later(5)),
        ("bad.mp3", "file_empty", NOW),
    ]
    store.quarantine.clear("bad.mp3")
    store.quarantine.clear("never.mp3")
    assert [q.source for q in store.quarantine.list()] == ["other?.mp3"]


def test_quarantine_is_listed_in_part_by_day_and_dismissed(store: Store) -> None:
    shanghai = ZoneInfo("Asia/Shanghai")
    begin = datetime(2026, 11, 17, tzinfo=shanghai)
    for name, at in (("a", begin - timedelta(seconds=1)), ("b", begin), ("c", begin + timedelta(hours=24))):
        store.quarantine.add(name, ErrorInfo(code="not_audio", message="no"), at)
    assert store.quarantine.count() == 3
    assert [q.source for q in store.quarantine.list(2)] == ["c", "b"]
    assert [q.source for q in store.quarantine.on_day(DAY, shanghai)] == ["b"]
    assert store.quarantine.on_day(DAY, shanghai, 0) == ()
    assert store.quarantine.on_day(date.max, shanghai) == store.quarantine.on_day(date.min, shanghai) == ()
    assert store.quarantine.dismiss(["c", "never"]) == 1
    assert store.quarantine.dismiss([], before=begin) == 1
    assert [q.source for q in store.quarantine.list()] == ["b"]


def test_accounts_and_secrets(store: Store) -> None:
    assert store.accounts.password_hash("admin") is None
    assert store.accounts.password_hash("ad\0\udcff") is None
    store.accounts.set_password_hash("admin", "h1")
    store.accounts.set_password_hash("admin", "h2")
    assert store.accounts.password_hash("admin") == "h2"
    assert store.accounts.secret("session") == store.accounts.secret("session") != store.accounts.secret("other")
    assert len(store.accounts.secret("session")) >= 43


def test_a_secret_asked_for_at_once_is_one(store: Store) -> None:
    start, got = threading.Barrier(8), []

    def ask() -> None:
        start.wait()
        got.append(store.accounts.secret("session"))

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(got) == 8
    assert len(set(got)) == 1


def test_a_lock_is_held_by_one(store: Store) -> None:
    with store.exclusive("search") as first, store.exclusive("search") as second, store.exclusive("other") as third:
        assert (first, second, third) == (True, False, True)
    with store.exclusive("search") as again:
        assert again


def test_a_lock_is_waited_for(store: Store) -> None:
    held, release, got = threading.Event(), threading.Event(), []

    def hold() -> None:
        with store.exclusive("search"):
            held.set()
            release.wait(10)

    thread = threading.Thread(target=hold)
    thread.start()
    held.wait(10)
    threading.Timer(0.3, release.set).start()
    with store.exclusive("search", wait_s=10) as found:
        got.append(found)
    thread.join()
    assert got == [True]


def test_a_lock_ends_with_its_block_also_when_that_breaks(store: Store) -> None:
    try:
        with store.exclusive("search"):
            raise KeyError
    except KeyError:
        pass
    with store.exclusive("search") as again:
        assert again


def test_a_lock_that_nobody_could_hold_says_so_instead_of_naming_another_process(tmp_path: Path) -> None:
    store = open_store(f"sqlite:///{tmp_path / 'qa.sqlite3'}")
    (tmp_path / "qa.sqlite3-search.lock").mkdir()
    with pytest.raises(SetupError, match="lock file") as caught, store.exclusive("search"):
        pass
    assert caught.value.code == ErrorCode.DATABASE_UNAVAILABLE
    store.close()
