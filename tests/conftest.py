"""Shared fixtures: settings over an empty folder, a private PostgreSQL, stores on both databases."""

from __future__ import annotations

import json
import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from qa_service.settings import Settings
from qa_service.store.store import Store, open_store
from tests import workers

if TYPE_CHECKING:
    from xdist.scheduler import LoadScopeScheduling

workers.share_cores(os.environ)  # before anything counts them

ROOT = Path(__file__).resolve().parent.parent
SAMPLES = ROOT / "samples"


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    return workers.workers()


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> LoadScopeScheduling:
    return workers.scheduler(config, log)


@pytest.fixture
def scripts(monkeypatch: pytest.MonkeyPatch) -> None:
    """The modules under scripts/ can be imported."""
    monkeypatch.syspath_prepend(str(ROOT / "scripts"))


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Settings over an empty data folder; nothing of the environment."""
    return Settings(data_dir=tmp_path / "data", _env_file=None)  # type: ignore[call-arg]


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def _postgres_bin() -> Path:
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    which = shutil.which("initdb")
    if not found and not which:
        pytest.fail("PostgreSQL's initdb was not found: run scripts/system-packages (apt-get install postgresql)")
    return found[-1].parent if found else Path(which or "").parent


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """A private PostgreSQL cluster on a free port, gone afterwards."""
    home = Path(tempfile.mkdtemp(prefix="qa-pg-"))
    tools, port = _postgres_bin(), free_port()
    as_user: dict[str, object] = {}
    if os.geteuid() == 0:  # the server refuses to run as root
        owner = pwd.getpwnam("postgres")
        os.chown(home, owner.pw_uid, owner.pw_gid)
        as_user = {"user": owner.pw_uid, "group": owner.pw_gid, "extra_groups": []}
    data, log = home / "data", home / "log"

    def run(*command: str) -> None:
        subprocess.run(command, check=True, capture_output=True, cwd=home, env={"LC_ALL": "C.UTF-8"}, **as_user)  # type: ignore[call-overload]

    run(str(tools / "initdb"), "-D", str(data), "-U", "qa", "--auth=trust", "-E", "UTF8")
    options = f"-p {port} -k {home} -c listen_addresses=127.0.0.1 -c fsync=off -c max_connections=60"
    run(str(tools / "pg_ctl"), "-D", str(data), "-l", str(log), "-w", "-o", options, "start")
    try:
        yield f"postgresql://qa@127.0.0.1:{port}"
    finally:
        run(str(tools / "pg_ctl"), "-D", str(data), "-m", "immediate", "-w", "stop")
        shutil.rmtree(home, ignore_errors=True)


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """An empty database on SQLite and on PostgreSQL."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'qa.sqlite3'}"
        return
    import psycopg

    server = request.getfixturevalue("postgres_url")
    name = f"t{uuid.uuid4().hex}"
    with psycopg.connect(f"{server}/postgres", autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}"')
    yield f"{server}/{name}"


@pytest.fixture
def store(database_url: str) -> Iterator[Store]:
    found = open_store(database_url)
    yield found
    found.close()


@dataclass(frozen=True)
class ElasticNode:
    """A real node of this test session. Its jars stay for the next one, its data goes."""

    home: Path
    data: Path
    port: int
    version: str

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def pid(self) -> int:
        (note,) = self.data.glob("*/node-1/pid.json")
        return int(json.loads(note.read_text("utf-8"))["pid"])

    def start(self) -> None:
        self.run("start", "--port", str(self.port), "--version", self.version)

    def kill(self) -> None:
        """As a machine that loses its power."""
        os.kill(self.pid, signal.SIGKILL)

    def stop(self) -> None:
        self.run("stop")

    def run(self, *command: str) -> str:
        script = [sys.executable, str(ROOT / "scripts/elasticsearch"), *command]
        done = subprocess.run(
            [*script, "--home", str(self.home), "--data", str(self.data)], capture_output=True, text=True, check=False
        )
        if done.returncode:
            pytest.fail(
                f"scripts/elasticsearch {command[0]}: {done.stderr.strip()} (scripts/system-packages installs it)"
            )
        return done.stdout


@pytest.fixture(scope="session")
def elastic_node() -> Iterator[ElasticNode]:
    """Started once; version 8.19.0, or QA_TEST_ELASTICSEARCH."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "qa-service/elasticsearch"
    data = Path(tempfile.mkdtemp(prefix="qa-es-"))
    node = ElasticNode(cache, data, free_port(), os.environ.get("QA_TEST_ELASTICSEARCH", "8.19.0"))
    try:
        node.start()
        yield node
    finally:
        node.stop()
        shutil.rmtree(data, ignore_errors=True)


@pytest.fixture(scope="session")
def elastic_url(elastic_node: ElasticNode) -> str:
    """URL of a real node; tests that ask for it are marked ``elastic``."""
    return elastic_node.url
