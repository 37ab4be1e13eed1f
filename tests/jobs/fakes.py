"""An inspector that takes a few milliseconds and notes whom it inspected; and real worker processes around it."""

from __future__ import annotations

import hashlib
import multiprocessing
import os
import signal
import time
import wave
from collections import Counter
from collections.abc import Callable, Sequence
from multiprocessing.process import BaseProcess
from pathlib import Path

from qa_service.errors import RuleError, SetupError
from qa_service.inspect.job import AudioJob
from qa_service.jobs.ingest import ingest_file
from qa_service.jobs.worker import work
from qa_service.records import CallFacts, History, Inspection, ProgressEvent, Transcript
from qa_service.search.create import open_index
from qa_service.settings import Settings
from qa_service.store.store import Store, open_store
from tests.factories import DAY, NOW, facts, finding, inspection, transcript

PROCESSES = multiprocessing.get_context("forkserver")
PROCESSES.set_forkserver_preload(["tests.jobs.fakes", "alembic.command"])


class FakeInspector:
    """Finds one thing in every call. ``before`` is called with the call id and may do anything."""

    def __init__(
        self, log: Path | None = None, *, seconds: float = 0.0, before: Callable[[str], None] = lambda _: None
    ) -> None:
        self.log = log
        self.seconds = seconds
        self.before = before
        self.seen: list[str] = []
        self.together: list[list[str]] = []

    def inspect_many(
        self, jobs: Sequence[AudioJob], *, on_progress: Callable[[ProgressEvent], None] | None = None
    ) -> list[Inspection | Exception]:
        """As the real one: all are decoded before the first is transcribed; one broken call breaks alone."""
        self.together.append([job.call_id for job in jobs])
        for job in jobs:
            if on_progress:
                on_progress(ProgressEvent(call_id=job.call_id, stage="decode", done_s=1, total_s=1))
        return [self._attempt(job, on_progress) for job in jobs]

    def _attempt(self, job: AudioJob, on_progress: Callable[[ProgressEvent], None] | None) -> Inspection | Exception:
        try:
            return self.inspect_audio(job.path, job.facts, call_id=job.call_id, on_progress=on_progress)
        except (SetupError, RuleError):
            raise
        except Exception as wrong:
            return wrong

    def inspect_audio(
        self,
        path: Path,
        facts: CallFacts,
        *,
        call_id: str,
        on_progress: Callable[[ProgressEvent], None] | None = None,
    ) -> Inspection:
        assert path.is_file()
        for stage in ("decode", "transcribe", "evaluate"):
            self._note(call_id) if stage == "transcribe" else None
            if on_progress:
                on_progress(ProgressEvent(call_id=call_id, stage=stage, done_s=1, total_s=1))  # type: ignore[arg-type]
        return self._result(call_id)

    def inspect_transcript(self, transcript: Transcript, facts: CallFacts, *, call_id: str) -> Inspection:
        assert transcript.turns
        self._note(call_id)
        return self._result(call_id)

    def judge_by_history(self, inspection: Inspection, facts: CallFacts, history: History) -> Inspection:
        return inspection

    def _note(self, call_id: str) -> None:
        self.seen.append(call_id)
        if self.log:
            with self.log.open("a", encoding="utf-8") as out:
                out.write(f"{call_id} {os.getpid()}\n")
        self.before(call_id)
        time.sleep(self.seconds * (0.5 + int(hashlib.sha256(call_id.encode()).hexdigest()[:2], 16) / 255))

    def _result(self, call_id: str) -> Inspection:
        return inspection(call_id, findings=(finding(),))


def keep_turns(store: Store, count: int) -> list[str]:
    """Calls with given turns; returns their ids."""
    ids = [f"T-{n:03d}" for n in range(count)]
    for call_id in ids:
        store.calls.add(
            facts(), call_id=call_id, source="m.jsonl", day=DAY, recording=None, transcript=transcript("您好", call_id),
            received_at=NOW,
        )  # fmt: skip
    return ids


def keep_audio(store: Store, settings: Settings, folder: Path, count: int) -> list[str]:
    """Recordings of three seconds; returns their call ids in the order in which they wait."""
    for n in range(count):
        kept = ingest_file(
            write_wav(folder / f"{n}.wav", seed=n), store, settings, facts=CallFacts(call_id=f"A-{n:03d}")
        )
        assert kept.outcome == "created"
    return [f"A-{n:03d}" for n in range(count)]


def write_wav(path: Path, seconds: float = 3.0, seed: int = 0) -> Path:
    """A recording of its own for every ``seed``."""
    with wave.open(str(path), "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(8000)
        out.writeframes(bytes((n * (seed + 3) + seed) % 251 for n in range(int(seconds * 16000))))
    return path


def settings_at(folder: Path, **changes: object) -> Settings:
    return Settings(data_dir=folder, _env_file=None, **changes)  # type: ignore[call-arg, arg-type]


def worker_process(
    url: str, folder: Path, log: Path, *, seconds: float, poison: str = "", indexed: bool = False
) -> BaseProcess:
    """A started process that works until nothing waits, and kills itself at the call ``poison``.

    ``indexed``: it writes to the embedded index of the folder, too.
    """
    process = PROCESSES.Process(target=_work, args=(url, folder, log, seconds, poison, indexed))
    process.start()
    return process


def _work(url: str, folder: Path, log: Path, seconds: float, poison: str, indexed: bool) -> None:
    def die(call_id: str) -> None:
        if call_id == poison:
            os.kill(os.getpid(), signal.SIGKILL)

    settings = settings_at(folder, max_crashes=3 if poison else 12, search_vectors="off")
    store, inspector = open_store(url), FakeInspector(log, seconds=seconds, before=die)
    try:
        work(store, settings, inspector, index=open_index(settings) if indexed else None)
    finally:
        store.close()


def noted(log: Path) -> Counter[str]:
    """How often each call was begun."""
    return Counter(call_id for call_id, _ in _lines(log))


def until_begun(log: Path, calls: int, seconds: float = 30.0) -> None:
    """Wait until so many calls were begun in all: on a busy machine a process takes its time to start."""
    end = time.monotonic() + seconds
    while len(_lines(log)) < calls and time.monotonic() < end:
        time.sleep(0.005)


def workers_of(log: Path) -> set[str]:
    """Process ids of those who began a call."""
    return {pid for _, pid in _lines(log)}


def _lines(log: Path) -> list[tuple[str, str]]:
    lines = log.read_text(encoding="utf-8").splitlines() if log.exists() else []
    return [(call_id, pid) for call_id, pid in map(str.split, lines)]
