"""The worker inside `qa serve`: a thread that inspects what is uploaded, until the service stops."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Literal

from qa_service import logs
from qa_service.errors import ErrorCode, QAError
from qa_service.jobs.worker import CallInspector, work
from qa_service.records import ErrorInfo, Inspection, ProgressEvent, Record
from qa_service.search.protocol import SearchIndex
from qa_service.settings import Settings
from qa_service.store.store import Store

log = logs.get(__name__)

#: Seconds before work is tried again after the installation was found wanting.
PATIENCE_S = 30.0
#: Seconds that stopping waits for the call at hand to be given back.
STOP_S = 10.0


class WorkerState(Record):
    """``off``: this service does not inspect; ``stalled``: it cannot, and ``error`` says why.

    While ``busy``, ``calls`` are heard together: ``call_id`` is the first of them, the seconds are those of all.
    """

    state: Literal["off", "idle", "busy", "stalled"]
    calls: int = 0
    call_id: str | None = None
    done_s: float | None = None
    total_s: float | None = None
    error: ErrorInfo | None = None


class Background:
    """Runs :func:`qa_service.jobs.worker.work` in a thread; what breaks it is logged, shown, and tried again."""

    def __init__(
        self, store: Store, settings: Settings, index: SearchIndex, make_inspector: Callable[[], CallInspector]
    ) -> None:
        self._store = store
        self._settings = settings
        self._index = index
        self._make_inspector = make_inspector
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self._state = WorkerState(state="off")
        self._at_work: dict[str, ProgressEvent] = {}

    def start(self) -> None:
        self._stop.clear()
        self._state = WorkerState(state="idle")
        self._thread = threading.Thread(target=self._run, name="qa-worker", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Ask it to stop and wait a little; a call in the middle of decoding is given back by its lease."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join(STOP_S)
        self._thread = None
        self._state = WorkerState(state="off")

    def state(self) -> WorkerState:
        return self._state

    def _run(self) -> None:
        while not self._stop.is_set():
            try:
                self._work()
            except Exception as wrong:  # the border of the thread: the pages stay up and say what is wrong
                logs.failure(log, "background worker", wrong)
                self._at_work.clear()
                self._state = WorkerState(state="stalled", error=_info(wrong))
                self._stop.wait(PATIENCE_S)

    def _work(self) -> None:
        work(
            self._store,
            self._settings,
            self._make_inspector(),
            index=self._index,
            on_progress=self._progress,
            on_done=self._done,
            stay=True,
            stop=self._stop,
        )

    def _progress(self, event: ProgressEvent) -> None:
        """The latest of each call at work; several take turns."""
        self._at_work[event.call_id] = event
        latest = list(self._at_work.values())
        self._state = WorkerState(
            state="busy",
            calls=len(latest),
            call_id=latest[0].call_id,
            done_s=sum(e.done_s for e in latest),
            total_s=sum(e.total_s for e in latest),
        )

    def _done(self, _result: Inspection) -> None:
        """Results are stored when all that were heard together are through."""
        self._at_work.clear()
        self._state = WorkerState(state="idle")


def _info(wrong: Exception) -> ErrorInfo:
    if isinstance(wrong, QAError):
        return ErrorInfo(code=wrong.code, message=f"{wrong.message} {wrong.hint}".strip())
    return ErrorInfo(code=ErrorCode.INTERNAL, message="The worker broke off; the log says where.")
