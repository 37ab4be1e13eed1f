"""Back test: kept calls judged again by a pack of rules as it is now, without sound, against what is stored.

The calls are judged in several processes. What is done is written down call by call under the data folder, so that a
run that was killed goes on where it was; a run that is through leaves nothing there. Stored results are only read.
"""

from __future__ import annotations

import hashlib
import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, Future, ProcessPoolExecutor
from concurrent.futures import wait as wait_for
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import date
from itertools import islice
from multiprocessing.connection import wait
from pathlib import Path

from qa_service import __version__, logs
from qa_service.errors import ErrorCode, InputError, QAError, SetupError
from qa_service.inspect.pipeline import Inspector
from qa_service.inspect.progress import Progress
from qa_service.inspect.replayed import Replayed, replay
from qa_service.inspect.summary import Summary
from qa_service.report.backtest import BacktestReport
from qa_service.settings import Settings, bundled
from qa_service.store.replay import Inspected, Replay, open_replay

log = logs.get(__name__)

#: Calls that a process takes at a time; the progress file grows by as many lines.
CHUNK = 16
#: Chunks that wait for each process: enough that none is idle, and no result waits in memory for long.
AHEAD = 4
OnProgress = Callable[[int, int], None]


@dataclass(frozen=True)
class Options:
    """What to judge again.

    Args:
        pack: name of the pack.
        since, until: days of the calls, both included; ``until`` None: up to now.
        calls: at most so many calls, drawn evenly over the days (the same ones each time); None: all.
        sample: differences that are kept of each rule, to be shown.
        jobs: processes; 1 stays in this one.
        restart: forget what an earlier run had done.
    """

    pack: str
    since: date
    until: date | None = None
    calls: int | None = None
    sample: int = 5
    jobs: int = 1
    restart: bool = False


def backtest(settings: Settings, options: Options, *, on_progress: OnProgress | None = None) -> BacktestReport:
    """Run, or go on with, a back test.

    Args:
        on_progress: called with (calls done, calls in all) as the work goes on.

    Raises:
        RuleError: ``pack_not_found``, or a pack that cannot be loaded.
        SetupError: the database, the data folder or the classifier cannot be used.
        InputError: REQUEST_INVALID where a back test is running already.
        QAError: INTERNAL where one of its processes was killed.
    """
    inspector = Inspector(settings)
    inspector.pack(options.pack)
    with closing(open_replay(settings.database)) as kept, kept.exclusive("backtest") as held:
        if not held:
            hint = "Wait for it, or stop it; what it has done is kept."
            raise InputError(ErrorCode.REQUEST_INVALID, "A back test is running already.", hint)
        found = kept.inspected(options.since, options.until)
        chosen = _drawn(found, options.calls)
        path = settings.data_dir / "backtest" / f"{options.pack}-{_key(inspector, options)}.jsonl"
        with _opened(path, restart=options.restart) as progress:
            summary = _run(settings, options, inspector, chosen, progress, on_progress or (lambda _done, _all: None))
            progress.finish()
    return summary.report(
        inspector.pack(options.pack), [call.call_id for call in chosen], since=options.since, until=options.until,
        kept=len(found), service_version=__version__,
    )  # fmt: skip


def _run(
    settings: Settings,
    options: Options,
    inspector: Inspector,
    chosen: Sequence[Inspected],
    progress: Progress,
    on_progress: OnProgress,
) -> Summary:
    """Results of all calls, those of an earlier run taken over; a call inspected anew since then is judged anew.

    So is one that failed: its cause may have been mended. No result is held longer than it takes to count it.
    """
    left = {call.call_id: call for call in chosen}
    summary = Summary(options.sample)
    for result in progress.done():
        call = left.get(result.call_id)
        if call is not None and call.inspection_id == result.inspection_id and not result.error:
            summary.add([result])
            del left[result.call_id]
    done = len(chosen) - len(left)
    on_progress(done, len(chosen))
    for results in _judged(settings, options, inspector, list(left.values())):
        progress.add(results)
        summary.add(results)
        done += len(results)
        on_progress(done, len(chosen))
    return summary


def _opened(path: Path, *, restart: bool) -> Progress:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        return Progress(path, restart=restart)
    except OSError as wrong:
        message = f"The progress of the back test cannot be written: {path}: {wrong.strerror}."
        raise SetupError(ErrorCode.SETTINGS_INVALID, message, "Set QA_DATA_DIR to a folder for writing.") from None


def _drawn(found: Sequence[Inspected], most: int | None) -> list[Inspected]:
    """At most ``most`` calls by the hash of their ids: the same each time, and spread over the days."""
    if most is None or len(found) <= most:
        return list(found)
    taken = {c.call_id for c in sorted(found, key=lambda c: hashlib.sha256(c.call_id.encode()).digest())[:most]}
    return [call for call in found if call.call_id in taken]


def _key(inspector: Inspector, options: Options) -> str:
    """Of everything that decides the result, so that no run goes on from another's progress.

    Every pack counts: what another pack of the plan finds on the same words may stand in place of this one's.
    """
    settings, classifier = inspector.settings, inspector.classifier
    root = bundled("rules", settings.rules_dir)
    digest = hashlib.sha256(
        repr((
            __version__, options.pack, options.since, options.until, settings.database, settings.word_probability_floor,
            settings.role_floor, settings.coverage_floor, settings.default_jurisdiction_zh,
            settings.default_jurisdiction_en, settings.sound_alike, settings.second_opinion,
            settings.classifier_characters, classifier and classifier.info,
        )).encode()
    )  # fmt: skip
    for path in sorted(root.rglob("*.yaml")):
        digest.update(f"\0{path.relative_to(root)}\0".encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


def _judged(
    settings: Settings, options: Options, inspector: Inspector, calls: Sequence[Inspected]
) -> Iterator[list[Replayed]]:
    """Results in chunks, as they come."""
    chunks = [calls[i : i + CHUNK] for i in range(0, len(calls), CHUNK)]
    jobs = min(options.jobs, len(chunks))
    if jobs <= 1:
        with closing(open_replay(settings.database)) as kept:
            yield from (_judge(inspector, kept, options.pack, chunk) for chunk in chunks)
        return
    pool = ProcessPoolExecutor(
        jobs, mp_context=multiprocessing.get_context("spawn"), initializer=_begin, initargs=(settings, options.pack)
    )
    ahead = iter(chunks)
    waiting: set[Future[list[Replayed]]] = set()
    try:
        while True:
            with _interrupts_ignored():  # to submit may begin a process
                waiting |= {pool.submit(_work, chunk) for chunk in islice(ahead, jobs * AHEAD - len(waiting))}
            if not waiting:
                return
            done, waiting = wait_for(waiting, return_when=FIRST_COMPLETED)
            yield from (future.result() for future in done)
    except BrokenExecutor:
        message = "A process of the back test was killed, maybe because memory ran out."
        hint = "Run it again, with fewer --jobs: it goes on where it was."
        raise QAError(ErrorCode.INTERNAL, message, hint) from None
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


@contextmanager
def _interrupts_ignored() -> Iterator[None]:
    """For processes begun here: Ctrl-C reaches them too, and would end them with a traceback each while they load."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _judge(inspector: Inspector, kept: Replay, pack: str, calls: Sequence[Inspected]) -> list[Replayed]:
    results = ((_replayed(inspector, kept, pack, call.call_id), call) for call in calls)
    return [result.model_copy(update={"inspection_id": call.inspection_id}) for result, call in results]


def _replayed(inspector: Inspector, kept: Replay, pack: str, call_id: str) -> Replayed:
    """One call. What nobody foresaw of it, such as a stored result that cannot be read, is its result."""
    try:
        (entry,) = kept.entries([call_id]) or (None,)
        return replay(inspector, pack, entry, kept.history) if entry else Replayed(call_id=call_id, judged=False)
    except QAError:  # the database, the rules: the same for all calls
        raise
    except Exception as wrong:
        logs.failure(log, f"{call_id} cannot be judged again", wrong)
        return Replayed(call_id=call_id, judged=False, error=type(wrong).__name__)


@dataclass(frozen=True)
class _Here:
    """What a process keeps between chunks."""

    inspector: Inspector
    kept: Replay
    pack: str


_here: list[_Here] = []


def _begin(settings: Settings, pack: str) -> None:
    """Load the pack once for a process; end with the parent, however that ends."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        threading.Thread(target=lambda: (wait([parent.sentinel]), os._exit(1)), daemon=True).start()
    inspector = Inspector(settings)
    inspector.pack(pack)
    _here.append(_Here(inspector, open_replay(settings.database), pack))
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # ready: an interrupt ends it at once, and its parent says so


def _work(calls: Sequence[Inspected]) -> list[Replayed]:
    (here,) = _here
    return _judge(here.inspector, here.kept, here.pack, calls)
