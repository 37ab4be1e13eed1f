"""The local worker: claim a few calls, inspect them, store the results, tell the index; until nothing waits.

Recordings that were never tried are heard together, so that their turns share batches; everything else goes alone.

It may be killed at any moment: a call is stored whole or not at all, and what a dead worker held
is free again for the next one.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from qa_service import logs
from qa_service.errors import ErrorCode, InputError, RuleError, SetupError
from qa_service.inspect.job import MOST_TOGETHER_S, AudioJob
from qa_service.intake.storage import AudioStore
from qa_service.jobs.followups import follow, follow_call
from qa_service.jobs.heartbeat import heartbeat
from qa_service.jobs.identity import is_dead, worker_id
from qa_service.jobs.indexer import Indexer
from qa_service.jobs.signals import stop_on_signals
from qa_service.jobs.trouble import error_info
from qa_service.records import (
    CallEntry,
    CallFacts,
    CallState,
    CallStatus,
    History,
    Inspection,
    ProgressEvent,
    Record,
    Transcript,
)
from qa_service.settings import Settings
from qa_service.store.queue import Claim
from qa_service.store.store import Store

if TYPE_CHECKING:
    from qa_service.search.protocol import SearchIndex

log = logs.get(__name__)

OnProgress = Callable[[ProgressEvent], None]
OnDone = Callable[[Inspection], None]
Clock = Callable[[], datetime]
#: Seconds between looks at an empty queue, for a worker that stays.
POLL_S = 2.0
#: Calls judged again by their history between two batches of calls that wait.
FOLLOWED_BESIDE = 50
#: Stages worth breaking off when asked to stop; the others are through in a moment.
LONG_STAGES = ("decode", "transcribe")


class CallInspector(Protocol):
    """What the worker needs of an inspector."""

    def inspect_audio(
        self, path: Path, facts: CallFacts, *, call_id: str, on_progress: OnProgress | None = None
    ) -> Inspection: ...

    def inspect_many(
        self, jobs: Sequence[AudioJob], *, on_progress: OnProgress | None = None
    ) -> list[Inspection | Exception]:
        """Inspect recordings together, whose events may come in any order.

        Returns:
            In the order of ``jobs``, each result or what broke that call alone.

        Raises:
            SetupError, RuleError: the installation is at fault; nothing is kept.
            BaseException: what ``on_progress`` raised, as it is, from the thread that called.
        """
        ...

    def inspect_transcript(self, transcript: Transcript, facts: CallFacts, *, call_id: str) -> Inspection: ...

    def judge_by_history(self, inspection: Inspection, facts: CallFacts, history: History) -> Inspection:
        """The inspection with its rules over several calls judged by the calls before it; all else as it was."""
        ...


class WorkReport(Record):
    """What one run of a worker did.

    ``retried`` counts attempts that broke and were put back, ``lost`` results thrown away because the lease had
    run out, ``elsewhere`` the calls that other workers still hold; ``stopped`` when it was asked to stop.
    """

    inspected: int = 0
    not_assessable: int = 0
    failed: int = 0
    retried: int = 0
    lost: int = 0
    elsewhere: int = 0
    stopped: bool = False


class _Stopped(BaseException):
    """Raised out of calls in the middle of their inspection, so that they are given back."""


def work(
    store: Store,
    settings: Settings,
    inspector: CallInspector,
    *,
    index: SearchIndex | None = None,
    on_progress: OnProgress | None = None,
    on_done: OnDone | None = None,
    limit: int | None = None,
    stay: bool = False,
    stop: threading.Event | None = None,
    clock: Clock = lambda: datetime.now(UTC),
) -> WorkReport:
    """Inspect what waits, until nothing does.

    SIGINT, SIGTERM (in the main thread) or ``stop`` end it soon: the calls at hand are given back at their next
    progress event, or finished if that comes first.

    Args:
        index: brought up to date after each batch; its failure never stops the work.
        on_progress: gets the inspector's own events.
        on_done: gets each call's result once it is stored.
        limit: end after this many calls.
        stay: do not end when nothing waits; look again every few seconds.

    Raises:
        SetupError: database, weights, engine or packs are not usable; the calls at hand wait again.
        RuleError: a rule pack is wrong; likewise.
    """
    stop = stop or threading.Event()
    worker = _Worker(store, settings, inspector, stop, clock, on_progress, on_done)
    indexer = Indexer(store, settings, index)
    with stop_on_signals(stop):
        while not stop.is_set() and (limit is None or worker.through < limit):
            worked = worker.step(limit)
            if worker.follow(everything=not worked) or worked:
                indexer.sync()
            elif not stay:
                break
            else:
                indexer.sync()
                stop.wait(POLL_S)
    indexer.finish(soon=stop.is_set())
    return worker.report(stopped=stop.is_set())


class _Worker:
    """One worker: a name in the queue and counts of what became of its calls."""

    def __init__(
        self,
        store: Store,
        settings: Settings,
        inspector: CallInspector,
        stop: threading.Event,
        clock: Clock,
        on_progress: OnProgress | None,
        on_done: OnDone | None,
    ) -> None:
        self.name = worker_id()
        self._store = store
        self._settings = settings
        self._inspector = inspector
        self._audio = AudioStore(settings.audio_dir)
        self._stop = stop
        self._clock = clock
        self._on_progress = on_progress
        self._on_done = on_done
        self._counts: Counter[str] = Counter()
        self._broken: set[str] = set()

    @property
    def through(self) -> int:
        """Calls that have a result."""
        return sum(self._counts[status] for status in CallStatus)

    def step(self, limit: int | None = None) -> bool:
        """Work on what is claimed together, so that no more than ``limit`` are through; False when none was free."""
        self._recover()
        claims = self._claim(limit)
        if not claims:
            return False
        try:
            self._settle(claims)
        except _Stopped:
            self._store.queue.release(self.name)
        except BaseException:
            self._store.queue.release(self.name)
            raise
        return True

    def follow(self, *, everything: bool) -> int:
        """Judge calls again whose history has changed: all of them, or as many as hold up no call that waits."""
        most = None if everything else FOLLOWED_BESIDE
        return follow(self._store, self._inspector, most=most, stop=self._stop, broken=self._broken)

    def _claim(self, limit: int | None) -> list[Claim]:
        now = self._clock()
        first = self._store.queue.claim(self.name, lease_s=self._settings.lease_s, now=now)
        if first is None:
            return []
        more = (
            min(self._settings.batch_calls, self._settings.batch_calls if limit is None else limit - self.through) - 1
        )
        if more < 1 or self._settings.max_crashes == 1:  # where one crash condemns, nobody shares another's
            return [first]
        beside = self._store.queue.claim_beside(first, most=more, most_audio_s=MOST_TOGETHER_S, now=now)
        return [first, *beside]

    def report(self, *, stopped: bool) -> WorkReport:
        held = self._store.calls.counts()[CallState.WORKING]
        return WorkReport(**self._counts, elsewhere=held, stopped=stopped)

    def _recover(self) -> None:
        """Take back what dead workers held; calls that killed too many are given up."""
        most = self._settings.max_crashes
        found = self._store.queue.recover(self._clock(), is_dead=is_dead, max_attempts=most)
        if found.freed:
            log.warning("%d calls of workers that died wait again", found.freed)
        for result in found.given_up:
            log.error("call %s: given up after its worker died %d times [%s]", result.call_id, most, ErrorCode.INTERNAL)
            self._through(result)

    def _settle(self, claims: Sequence[Claim]) -> None:
        """Inspect and store. A call that breaks is put back, or given up when trying again is no use."""
        with heartbeat(self._store.queue, claims, self._clock):
            outcomes = self._outcomes([self._store.calls.get(claim.call_id) for claim in claims])
        for claim, outcome in zip(claims, outcomes, strict=True):
            self._keep(claim, outcome)

    def _keep(self, claim: Claim, outcome: Inspection | Exception) -> None:
        try:
            if isinstance(outcome, Exception):
                raise outcome
            kept = self._store.queue.finish(claim, outcome, self._clock())
            outcome = (follow_call(self._store, self._inspector, claim.call_id) if kept else None) or outcome
        except (SetupError, RuleError):
            raise  # the installation is at fault, not this call: every other would fare the same
        except Exception as wrong:  # one call must not end the work on the others
            logs.failure(log, f"call {claim.call_id}, attempt {claim.attempt}", wrong)
            self._break(claim, wrong)
        else:
            self._count(claim, kept, outcome)

    def _outcomes(self, entries: Sequence[CallEntry]) -> list[Inspection | Exception]:
        """Results in order, of a single call or of several heard together; if that breaks, of each by itself."""
        if len(entries) > 1:
            try:
                jobs = [AudioJob(self._path(e), e.facts, e.call_id) for e in entries]
                found = self._inspector.inspect_many(jobs, on_progress=self._progress)
                return [outcome for outcome, _ in zip(found, jobs, strict=True)]
            except (SetupError, RuleError):
                raise
            except Exception as wrong:
                logs.failure(log, f"{len(entries)} calls together; now each by itself", wrong)
        return [self._alone(entry) for entry in entries]

    def _alone(self, entry: CallEntry) -> Inspection | Exception:
        try:
            return self._inspect(entry)
        except (SetupError, RuleError):
            raise
        except Exception as wrong:  # judged where the result would be kept
            return wrong

    def _break(self, claim: Claim, wrong: Exception) -> None:
        error, now = error_info(wrong), self._clock()
        if isinstance(wrong, InputError) or claim.attempt >= self._settings.max_attempts:
            kept = self._store.queue.fail(claim, error, now, retry=False)
            self._count(claim, kept, Inspection(call_id=claim.call_id, status=CallStatus.FAILED, error=error))
        else:
            kept = self._store.queue.fail(claim, error, now, retry=True)
            self._counts["retried" if kept else "lost"] += 1

    def _inspect(self, entry: CallEntry) -> Inspection:
        transcript = self._store.calls.transcript(entry.call_id)
        if transcript is not None:
            return self._inspector.inspect_transcript(transcript, entry.facts, call_id=entry.call_id)
        path = self._path(entry)
        return self._inspector.inspect_audio(path, entry.facts, call_id=entry.call_id, on_progress=self._progress)

    def _path(self, entry: CallEntry) -> Path:
        if entry.recording is None:
            message = f"Call {entry.call_id} has neither a recording nor turns."
            raise InputError(ErrorCode.FILE_NOT_FOUND, message, "Ingest it again.")
        path = self._audio.path(entry.recording.path)
        try:
            path.stat()
        except OSError as wrong:
            self._audio.check()  # a folder that is not mounted is no fault of its thousands of calls
            message = f"The recording of call {entry.call_id} ({path}) cannot be reached: {wrong.strerror}."
            hint = "Ingest the same recording again: that puts it back."
            raise InputError(ErrorCode.FILE_NOT_FOUND, message, hint) from None
        return path

    def _progress(self, event: ProgressEvent) -> None:
        if self._stop.is_set() and event.stage in LONG_STAGES:
            raise _Stopped
        if self._on_progress:
            self._on_progress(event)

    def _count(self, claim: Claim, kept: bool, result: Inspection) -> None:
        if kept:
            self._through(result)
        else:
            log.warning("call %s: another worker has taken it over; this result is thrown away", claim.call_id)
            self._counts["lost"] += 1

    def _through(self, result: Inspection) -> None:
        self._counts[result.status.value] += 1
        if self._on_done:
            self._on_done(result)
