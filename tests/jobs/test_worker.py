"""The worker's loop: what becomes of calls, of broken ones, of stops, and of the lease in between."""

from __future__ import annotations

import os
import shutil
import signal
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from qa_service.errors import AudioError, ErrorCode, RuleError, SetupError
from qa_service.jobs.ingest import ingest_paths
from qa_service.jobs.worker import WorkReport, work
from qa_service.records import CallState, CallStatus, Inspection, ProgressEvent
from qa_service.settings import Settings
from qa_service.store.store import Store, open_store
from tests.factories import inspection, unassessable
from tests.jobs.fakes import FakeInspector, keep_audio, keep_turns, write_wav


@pytest.fixture
def store(settings: Settings) -> Iterator[Store]:
    found = open_store(settings.database)
    yield found
    found.close()


def states(store: Store) -> dict[str, CallState]:
    return {call_id: store.calls.get(call_id).state for call_id in store.calls.all_ids()}


def raising(wrong: BaseException, *, times: int = 1000, only: str = "") -> Callable[[str], None]:
    left = [times]

    def before(call_id: str) -> None:
        if left[0] and only in ("", call_id):
            left[0] -= 1
            raise wrong

    return before


def test_everything_that_waits_is_inspected_and_told(store: Store, settings: Settings, tmp_path: Path) -> None:
    ingest_paths([write_wav(tmp_path / "a.wav")], store, settings)
    keep_turns(store, 2)
    events: list[ProgressEvent] = []
    done: list[Inspection] = []
    report = work(store, settings, FakeInspector(), on_progress=events.append, on_done=done.append)
    assert report == WorkReport(inspected=3)
    assert set(states(store).values()) == {CallState.INSPECTED}
    assert {e.stage for e in events} == {"decode", "transcribe", "evaluate"}
    assert sorted(d.call_id for d in done) == sorted(states(store))
    assert work(store, settings, FakeInspector()) == WorkReport()


def test_a_limit_ends_the_work(store: Store, settings: Settings) -> None:
    keep_turns(store, 3)
    assert work(store, settings, FakeInspector(), limit=2).inspected == 2
    assert store.calls.counts()[CallState.WAITING] == 1


def test_each_outcome_is_counted(store: Store, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    keep_turns(store, 3)
    results = [
        inspection("T-000"),
        unassessable("T-001"),
        inspection("T-002").model_copy(update={"status": CallStatus.FAILED}),
    ]
    monkeypatch.setattr(FakeInspector, "_result", lambda self, call_id: results.pop(0))
    assert work(store, settings, FakeInspector()) == WorkReport(inspected=1, not_assessable=1, failed=1)


def test_what_breaks_unexpectedly_is_tried_again_after_the_others(store: Store, settings: Settings) -> None:
    keep_turns(store, 3)
    inspector = FakeInspector(before=raising(KeyError("138 0013 8000"), times=2, only="T-000"))
    assert work(store, settings, inspector) == WorkReport(inspected=3, retried=2)
    assert inspector.seen == ["T-000", "T-001", "T-002", "T-000", "T-000"]
    assert store.calls.get("T-000").error is None


def test_what_goes_on_breaking_is_given_up_without_its_words(
    store: Store, settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    keep_turns(store, 2)
    inspector = FakeInspector(before=raising(KeyError("138 0013 8000"), only="T-000"))
    done: list[Inspection] = []
    report = work(store, settings, inspector, on_done=done.append)
    assert report == WorkReport(inspected=1, failed=1, retried=settings.max_attempts - 1)
    entry = store.calls.get("T-000")
    assert entry.state is CallState.FAILED
    assert entry.error
    assert entry.error.code == ErrorCode.INTERNAL
    assert "KeyError" in entry.error.message
    assert "138" not in entry.error.message
    assert entry.inspection in done


def test_a_bad_call_is_not_tried_again(store: Store, settings: Settings) -> None:
    keep_turns(store, 1)
    wrong = AudioError(ErrorCode.AUDIO_DAMAGED, "a.mp3 is damaged.", "Export it again.")
    assert work(store, settings, FakeInspector(before=raising(wrong))) == WorkReport(failed=1)
    error = store.calls.get("T-000").error
    assert error
    assert (error.code, error.message) == ("audio_damaged", "a.mp3 is damaged. Export it again.")


def test_a_result_that_cannot_be_kept_fails_its_call_only(
    store: Store, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    keep_turns(store, 2)
    broken = inspection("T-000", duration_s=float("nan"), coverage=None)
    monkeypatch.setattr(
        FakeInspector, "_result", lambda self, call_id: broken if call_id == "T-000" else inspection(call_id)
    )
    report = work(store, settings, FakeInspector())
    assert (report.inspected, report.failed) == (1, 1)
    assert states(store) == {"T-000": CallState.FAILED, "T-001": CallState.INSPECTED}


@pytest.mark.parametrize("wrong", [SetupError(ErrorCode.MODEL_NOT_FOUND, "no weights"), RuleError("bad pack")])
def test_a_broken_installation_stops_the_work_and_the_call_waits(
    store: Store, settings: Settings, wrong: Exception
) -> None:
    keep_turns(store, 2)
    with pytest.raises(type(wrong)):
        work(store, settings, FakeInspector(before=raising(wrong)))
    assert set(states(store).values()) == {CallState.WAITING}
    assert store.calls.get("T-000").attempts == 0


def test_audio_that_vanished_fails_that_call(store: Store, settings: Settings, tmp_path: Path) -> None:
    """The real inspector says so itself; a path out of the store never reaches it."""
    ingest_paths([write_wav(tmp_path / "a.wav")], store, settings)
    (call_id,) = store.calls.all_ids()
    with store.engine.begin() as connection:
        connection.exec_driver_sql('UPDATE calls SET recording = replace(recording, \'"path":"\', \'"path":"../../\')')
    assert work(store, settings, FakeInspector()) == WorkReport(failed=1)
    error = store.calls.get(call_id).error
    assert error
    assert error.code == "file_not_found"


@pytest.mark.parametrize("there", [True, False], ids=["empty", "not there"])
def test_an_audio_folder_that_is_not_mounted_fails_no_call(
    store: Store, settings: Settings, tmp_path: Path, there: bool
) -> None:
    ingest_paths([write_wav(tmp_path / f"{n}.wav", seconds=n) for n in (1, 2, 3)], store, settings)
    away = settings.audio_dir.rename(tmp_path / "away")
    if there:
        settings.audio_dir.mkdir()
    with pytest.raises(SetupError, match="Mount it") as caught:
        work(store, settings, FakeInspector())
    assert caught.value.code == ErrorCode.SETTINGS_INVALID
    assert set(states(store).values()) == {CallState.WAITING}
    shutil.rmtree(settings.audio_dir, ignore_errors=True)
    away.rename(settings.audio_dir)
    assert work(store, settings, FakeInspector()) == WorkReport(inspected=3)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize(("batch_calls", "inspected"), [(1, 1), (3, 0)])
def test_a_signal_gives_the_calls_back(
    store: Store, settings: Settings, tmp_path: Path, number: int, batch_calls: int, inspected: int
) -> None:
    keep_audio(store, settings, tmp_path, 3)
    before = signal.getsignal(number)
    inspector = FakeInspector(before=lambda _: os.kill(os.getpid(), number) if len(inspector.seen) == 2 else None)
    report = work(store, settings.model_copy(update={"batch_calls": batch_calls}), inspector)
    assert report == WorkReport(inspected=inspected, stopped=True)
    assert store.calls.counts()[CallState.WAITING] == 3 - inspected
    assert sum(store.calls.get(c).attempts for c in store.calls.all_ids()) == inspected
    assert signal.getsignal(number) is before
    assert work(store, settings, FakeInspector()).inspected == 3 - inspected


def test_a_second_signal_stops_at_once(store: Store, settings: Settings) -> None:
    keep_turns(store, 1)
    # A shell that starts the tests in the background has them ignore the signal.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)

    def twice(_: str) -> None:
        os.kill(os.getpid(), signal.SIGINT)
        os.kill(os.getpid(), signal.SIGINT)
        time.sleep(1)

    try:
        with pytest.raises(KeyboardInterrupt):
            work(store, settings, FakeInspector(before=twice))
    finally:
        signal.signal(signal.SIGINT, before)
    assert states(store) == {"T-000": CallState.WAITING}
    assert store.calls.get("T-000").attempts == 0


def test_a_worker_that_stays_takes_what_comes_and_ends_when_told(
    store: Store, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("qa_service.jobs.worker.POLL_S", 0.02)
    stop, got = threading.Event(), []
    thread = threading.Thread(
        target=lambda: got.append(work(store, settings, FakeInspector(), stay=True, stop=stop)), daemon=True
    )
    thread.start()
    time.sleep(0.1)
    keep_turns(store, 2)
    deadline = time.monotonic() + 10
    while store.calls.counts()[CallState.INSPECTED] < 2 and time.monotonic() < deadline:
        time.sleep(0.02)
    stop.set()
    thread.join(10)
    assert got == [WorkReport(inspected=2, stopped=True)]


def test_the_lease_is_renewed_during_a_long_call(store: Store, settings: Settings) -> None:
    """Another worker looks in the whole time and finds nothing to take over."""
    keep_turns(store, 1)
    short = settings.model_copy(update={"lease_s": 0.3})
    taken: list[object] = []

    def long(_: str) -> None:
        end = time.monotonic() + 1.2
        while time.monotonic() < end:
            taken.append(store.queue.claim("other", lease_s=60, now=datetime.now(UTC)))
            time.sleep(0.05)

    assert work(store, short, FakeInspector(before=long)) == WorkReport(inspected=1)
    assert len(taken) > 10
    assert set(taken) == {None}


def test_a_result_after_a_lost_lease_is_thrown_away(store: Store, settings: Settings) -> None:
    keep_turns(store, 1)

    def lose(_: str) -> None:
        assert store.queue.claim("other", lease_s=600, now=datetime.now(UTC) + timedelta(hours=1))

    assert work(store, settings, FakeInspector(before=lose)) == WorkReport(lost=1, elsewhere=1)
    assert store.calls.inspections("T-000") == ()


def test_a_call_given_up_is_told_like_any_other(store: Store, settings: Settings) -> None:
    keep_turns(store, 1)
    long_ago = datetime(2026, 1, 1, tzinfo=UTC)
    for n in range(settings.max_crashes):
        store.queue.claim("elsewhere|1|1|1", lease_s=1, now=long_ago + timedelta(minutes=n))
    done: list[Inspection] = []
    assert work(store, settings, FakeInspector(), on_done=done.append) == WorkReport(failed=1)
    assert [d.call_id for d in done] == ["T-000"]
