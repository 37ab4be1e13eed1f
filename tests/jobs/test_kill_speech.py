"""kill -9 while real recordings are transcribed: the real command, real weights, random moments."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from sqlalchemy import text

from qa_service.store.store import Store, open_store
from tests.conftest import SAMPLES

KILLS = 6
CALLS = ("D-ZH-003", "D-EN-002", "D-ZH-015")


def qa(data: Path, *arguments: str) -> subprocess.Popen[str]:
    """The command as a user runs it, started."""
    environment = {**os.environ, "QA_DATA_DIR": str(data), "QA_BEAM_SIZE": "1"}
    command = [sys.executable, "-c", "from qa_service.cli import main; main()", *arguments]
    return subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def manifest(folder: Path) -> Path:
    lines = (SAMPLES / "calls.jsonl").read_text(encoding="utf-8").splitlines()
    calls = [c for c in map(json.loads, lines) if c["call_id"] in CALLS]
    out = folder / "calls.jsonl"
    out.write_text("\n".join(json.dumps({**c, "audio": str(SAMPLES / c["audio"])}) for c in calls), encoding="utf-8")
    return out


def begun(store: Store, process: subprocess.Popen[str]) -> bool:
    """Whether the process has taken a call, within a minute."""
    end = time.monotonic() + 60
    asked = text("SELECT count(*) FROM calls WHERE state = 'working' AND claimed_by LIKE :worker")
    while process.poll() is None and time.monotonic() < end:
        with store.engine.connect() as connection:
            if connection.execute(asked, {"worker": f"%|{process.pid}|%"}).scalar():
                return True
        time.sleep(0.02)
    return False


@pytest.mark.speech
@pytest.mark.timeout(300)
def test_killed_while_transcribing_every_call_is_inspected_exactly_once(tmp_path: Path) -> None:
    data = tmp_path / "data"
    out, _ = qa(data, "ingest", "--manifest", str(manifest(tmp_path))).communicate(timeout=60)
    assert f"{len(CALLS)} calls kept" in out
    moments = random.Random(20261125)
    killed = 0
    store = open_store(f"sqlite:///{data / 'qa.sqlite3'}")
    for _ in range(KILLS):
        process = qa(data, "work")
        at_work = begun(store, process)
        time.sleep(moments.uniform(0.0, 3.0))
        process.kill()
        process.communicate()
        killed += at_work and process.returncode == -signal.SIGKILL
    last = qa(data, "work")
    out, _ = last.communicate(timeout=200)
    assert killed > KILLS // 2, "the kills must fall into the work"
    assert last.returncode == 0, out
    with store.engine.connect() as connection:
        found = connection.execute(text("SELECT call_id, count(*) FROM inspections GROUP BY call_id")).all()
        states = set(connection.execute(text("SELECT state FROM calls")).scalars())
    store.close()
    assert sorted(map(tuple, found)) == [(call_id, 1) for call_id in sorted(CALLS)]
    assert states <= {"inspected", "not_assessable"}
