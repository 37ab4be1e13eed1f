"""Opening databases: migrations, several processes at once, and databases that cannot be used."""

from __future__ import annotations

import multiprocessing
import re
from pathlib import Path

import pytest
from sqlalchemy import inspect, text

from qa_service.errors import ErrorCode, SetupError
from qa_service.store.migrate import revisions
from qa_service.store.store import Store, open_store
from tests.store.keeping import keep


def _open(url: str, start: object) -> None:
    start.wait()  # type: ignore[attr-defined]
    open_store(url).close()


def test_many_processes_may_open_a_new_database_at_once(database_url: str) -> None:
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["qa_service.store.store", "alembic.command"])
    start = context.Barrier(6)
    workers = [context.Process(target=_open, args=(database_url, start)) for _ in range(6)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(60)
    assert [w.exitcode for w in workers] == [0] * 6


@pytest.mark.parametrize(
    ("url", "code"),
    [
        ("nonsense", ErrorCode.SETTINGS_INVALID),
        ("", ErrorCode.SETTINGS_INVALID),
        ("oracle://x/y", ErrorCode.SETTINGS_INVALID),
        ("mysql+pymysql://x/y", ErrorCode.SETTINGS_INVALID),
        ("sqlite://", ErrorCode.SETTINGS_INVALID),
        ("sqlite:///:memory:", ErrorCode.SETTINGS_INVALID),
        ("sqlite:////proc/nowhere/qa.sqlite3", ErrorCode.DATABASE_UNAVAILABLE),
        ("sqlite:////dev/null/qa.sqlite3", ErrorCode.DATABASE_UNAVAILABLE),
        ("postgresql://qa:geheim@127.0.0.1:1/none", ErrorCode.DATABASE_UNAVAILABLE),
        ("postgres://qa:geheim@127.0.0.1:1/none", ErrorCode.DATABASE_UNAVAILABLE),
    ],
)
def test_a_database_that_cannot_be_used_is_explained(url: str, code: ErrorCode) -> None:
    with pytest.raises(SetupError) as wrong:
        open_store(url)
    assert wrong.value.code == code
    assert wrong.value.hint
    assert "geheim" not in str(wrong.value)


def test_a_folder_a_text_file_and_a_read_only_file_are_no_database(tmp_path: Path) -> None:
    (tmp_path / "text.sqlite3").write_text("hello " * 1000, encoding="utf-8")
    (tmp_path / "folder").mkdir()
    open_store(f"sqlite:///{tmp_path / 'ro.sqlite3'}").close()
    with pytest.raises(SetupError, match=r"text\.sqlite3"):
        open_store(f"sqlite:///{tmp_path / 'text.sqlite3'}")
    with pytest.raises(SetupError, match="folder"):
        open_store(f"sqlite:///{tmp_path / 'folder'}")
    read_only = open_store(f"sqlite:///file:{tmp_path / 'ro.sqlite3'}?mode=ro&uri=true")
    with pytest.raises(SetupError, match="readonly") as wrong:
        keep(read_only, "C-1")
    assert wrong.value.code == ErrorCode.DATABASE_UNAVAILABLE


def test_the_folder_of_a_new_database_is_made(tmp_path: Path) -> None:
    open_store(f"sqlite:///{tmp_path / 'a' / '100%' / 'qa.sqlite3'}").close()
    assert (tmp_path / "a" / "100%" / "qa.sqlite3").is_file()


def test_a_damaged_database_is_explained(store: Store) -> None:
    if store.engine.dialect.name == "sqlite":
        store.engine.dispose()
        Path(str(store.engine.url.database)).write_bytes(b"damaged" * 1000)
    else:
        with store.engine.connect() as connection:
            connection.execute(text("DROP TABLE findings, inspections, calls CASCADE"))
            connection.commit()
    with pytest.raises(SetupError) as wrong:
        store.calls.counts()
    assert wrong.value.code == ErrorCode.DATABASE_UNAVAILABLE


def _fill(store: Store) -> None:
    for n in range(1000):
        keep(store, f"C-{n}", n)


def test_a_full_disk_says_so(tmp_path: Path) -> None:
    store = open_store(f"sqlite:///{tmp_path / 'qa.sqlite3'}")
    with store.engine.connect() as connection:
        pages = connection.execute(text("PRAGMA page_count")).scalar_one()
        connection.execute(text(f"PRAGMA max_page_count={pages}"))
    with pytest.raises(SetupError) as wrong:
        _fill(store)
    assert wrong.value.code == ErrorCode.STORAGE_FULL


def test_sqlite_is_durable_and_holds_references(tmp_path: Path) -> None:
    store = open_store(f"sqlite:///{tmp_path / 'qa.sqlite3'}")
    with store.engine.connect() as connection:
        found = [
            connection.execute(text(f"PRAGMA {p}")).scalar() for p in ("journal_mode", "synchronous", "foreign_keys")
        ]
    assert found == ["wal", 2, 1]


def test_a_schema_of_a_newer_version_is_left_alone(store: Store) -> None:
    with store.engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(SetupError, match="9999") as wrong:
        open_store(store.engine.url.render_as_string(hide_password=False))
    assert wrong.value.code == ErrorCode.DATABASE_UNAVAILABLE


def test_migrations_match_the_tables(store: Store) -> None:
    from alembic.autogenerate import compare_metadata
    from alembic.migration import MigrationContext

    from qa_service.store.tables import Base

    with store.engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), Base.metadata) == []
        assert {i["name"] for i in inspect(connection).get_indexes("calls")} >= {"ix_calls_state_attempts_received_at"}


def test_revisions_are_numbered_and_follow_one_another() -> None:
    from qa_service.store import migrate

    before = None
    for number, name in enumerate(revisions(), 1):
        assert name == f"{number:04d}"
        (path,) = migrate.MIGRATIONS.glob(f"versions/{name}_*.py")
        source = path.read_text(encoding="utf-8")
        assert re.findall(r"^(?:down_)?revision = (.+)$", source, re.M) == [
            f'"{name}"',
            f'"{before}"' if before else "None",
        ]
        before = name


def test_a_second_opening_does_not_wait_for_a_writer(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'qa.sqlite3'}"
    store = open_store(url)
    with store.engine.begin() as connection:
        connection.execute(text("DELETE FROM quarantine"))
        again = open_store(url)
        assert not any(again.calls.counts().values())
