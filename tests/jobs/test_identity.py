"""Whether a worker is gone: told at once on its own machine, never guessed elsewhere."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from qa_service.jobs import identity
from qa_service.jobs.identity import is_dead, worker_id


def other_worker(*, end: str) -> tuple[str, subprocess.Popen[str]]:
    code = f"from qa_service.jobs.identity import worker_id; print(worker_id(), flush=True); {end}"
    # A pipe of its own to wait at: where the tests have no standard input, `input()` would end it at once.
    process = subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdout
    return process.stdout.readline().strip(), process


def test_ids_are_unique_also_within_a_process() -> None:
    assert len({worker_id() for _ in range(10)}) == 10


def test_the_living_are_not_dead() -> None:
    assert not is_dead(worker_id())
    worker, process = other_worker(end="input()")
    assert not is_dead(worker)
    process.kill()
    process.wait()


def test_the_dead_are_dead_also_while_nobody_has_noticed() -> None:
    worker, process = other_worker(end="input()")
    process.kill()
    deadline = time.monotonic() + 10
    while not is_dead(worker) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert process.returncode is None, "not waited for yet: a zombie"
    assert is_dead(worker)
    process.wait()
    assert is_dead(worker)


def test_another_process_with_the_same_number_is_not_the_worker() -> None:
    place, pid, started, number = worker_id().split("|")
    assert is_dead("|".join((place, pid, str(int(started) - 1), number)))


@pytest.mark.parametrize("worker", ["elsewhere/x/y|1|1|1", "", "nonsense", "a|b|c|d"])
def test_of_workers_elsewhere_nothing_is_known(worker: str) -> None:
    assert not is_dead(worker)


def test_a_process_that_may_not_be_looked_into_is_alive(monkeypatch: pytest.MonkeyPatch) -> None:
    """Some systems hide the processes of other users under /proc."""
    worker = worker_id()

    def hidden(self: Path, *args: object, **kwargs: object) -> str:
        raise FileNotFoundError

    with monkeypatch.context() as patched:
        patched.setattr(identity, "_place", lambda: worker.split("|")[0])
        patched.setattr(Path, "read_text", hidden)
        assert not is_dead(worker)
        patched.setattr(os, "kill", lambda pid, number: (_ for _ in ()).throw(PermissionError()))
        assert not is_dead(worker)
        patched.setattr(os, "kill", lambda pid, number: (_ for _ in ()).throw(ProcessLookupError()))
        assert is_dead(worker)
