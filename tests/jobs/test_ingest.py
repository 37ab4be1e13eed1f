"""Taking calls in: files, folders and manifests; again, at once, and with bad ones among them."""

from __future__ import annotations

import json
import shutil
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from qa_service.errors import ErrorCode, FactsError, SetupError
from qa_service.intake.storage import AudioStore
from qa_service.jobs.ingest import IngestReport, ingest_file, ingest_manifest, ingest_paths
from qa_service.jobs.worker import work
from qa_service.records import CallFacts, CallState
from qa_service.settings import Settings
from qa_service.store.calls import CallFilter
from qa_service.store.store import Store, open_store
from tests.jobs.fakes import PROCESSES, FakeInspector, settings_at, write_wav

#: 23:30 in London on the 16th is the 17th in Shanghai.
LATE = datetime(2026, 11, 16, 23, 30, tzinfo=UTC)


@pytest.fixture
def store(settings: Settings) -> Iterator[Store]:
    found = open_store(settings.database)
    yield found
    found.close()


def outcomes(report: IngestReport) -> list[tuple[str, str | None]]:
    """(file name, outcome or error code) of each item."""
    return [(Path(i.source).name, i.error.code if i.error else i.outcome) for i in report.items]


def manifest(folder: Path, *lines: object) -> Path:
    path = folder / "calls.jsonl"
    path.write_text("".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines), encoding="utf-8")
    return path


def test_a_file_is_kept_with_its_facts(store: Store, settings: Settings, tmp_path: Path) -> None:
    path = write_wav(tmp_path / "来电 1.wav")
    facts = CallFacts.model_validate({"call_id": "C-1", "started_at": "2026-11-17T00:10:00+08:00", "agent_id": 201})
    (item,) = ingest_paths([path], store, settings, facts=facts).items
    assert (item.call_id, item.outcome, item.error) == ("C-1", "created", None)
    entry = store.calls.get("C-1")
    assert (entry.day, entry.state, entry.source) == (date(2026, 11, 17), CallState.WAITING, str(path))
    assert entry.facts.agent_id == "201"
    assert entry.recording
    assert entry.recording.original_name == "来电 1.wav"
    assert AudioStore(settings.audio_dir).path(entry.recording.path).read_bytes() == path.read_bytes()
    assert store.queue.waiting().audio_s == pytest.approx(3.0)


def test_without_facts_id_and_day_are_made(store: Store, settings: Settings, tmp_path: Path) -> None:
    report = ingest_paths([write_wav(tmp_path / "a.wav")], store, settings, clock=lambda: LATE)
    (call_id,) = store.calls.all_ids()
    entry = store.calls.get(call_id)
    assert entry.recording
    assert call_id == report.items[0].call_id == "c-" + entry.recording.sha256[:12]
    assert entry.day == date(2026, 11, 17)
    assert entry.received_at == LATE


def test_the_same_file_twice_is_one_call_and_says_so(store: Store, settings: Settings, tmp_path: Path) -> None:
    first = write_wav(tmp_path / "a.wav")
    second = Path(shutil.copy(first, tmp_path / "b.wav"))
    kept = ingest_paths([first, first, second], store, settings)
    again = ingest_paths([second], store, settings, facts=CallFacts(call_id="C-other"))
    assert [i.outcome for i in kept.items + again.items] == ["created", "duplicate", "duplicate", "duplicate"]
    assert len({i.call_id for i in kept.items + again.items}) == 1
    assert len(list(store.calls.all_ids())) == 1
    assert len([p for p in settings.audio_dir.rglob("*") if p.is_file()]) == 1


@pytest.mark.parametrize("lost", [True, False], ids=["gone", "cut short"])
def test_a_recording_that_was_lost_is_put_back_and_its_call_waits_again(
    store: Store, settings: Settings, tmp_path: Path, lost: bool
) -> None:
    path = write_wav(tmp_path / "a.wav")
    (item,) = ingest_paths([path], store, settings).items
    ingest_paths([write_wav(tmp_path / "b.wav", seconds=2)], store, settings)
    assert item.call_id
    kept = settings.audio_dir / store.calls.get(item.call_id).recording.path  # type: ignore[union-attr]
    kept.unlink() if lost else kept.write_bytes(kept.read_bytes()[:100])
    work(store, settings, FakeInspector(), limit=2)
    again = path.rename(tmp_path / "under another name.ogg")
    (put_back,) = ingest_paths([again], store, settings).items
    assert (put_back.call_id, put_back.outcome, put_back.restored) == (item.call_id, "duplicate", True)
    assert kept.read_bytes() == again.read_bytes()
    if lost:
        assert store.calls.get(item.call_id).state is CallState.WAITING
        assert work(store, settings, FakeInspector()).inspected == 1
    (whole,) = ingest_paths([again], store, settings).items
    assert not whole.restored


def test_folders_are_searched_sidecars_read_and_bad_files_listed(
    store: Store, settings: Settings, tmp_path: Path
) -> None:
    inner = tmp_path / "in" / "deep"
    inner.mkdir(parents=True)
    write_wav(inner / "good.wav", seed=1)
    (inner / "good.json").write_text('{"call_id": "C-good", "turns": [], "labels": 1}', encoding="utf-8")
    write_wav(inner / "badfacts.WAV", seed=2)
    (inner / "badfacts.json").write_text('{"overdue_days": -1}', encoding="utf-8")
    (inner / "empty.mp3").touch()
    (inner / "text.mp3").write_text("this is no sound " * 100, encoding="utf-8")
    (inner / "notes.txt").write_text("passed over", encoding="utf-8")
    (inner / "._good.wav").write_bytes(b"\0\5\x16\7 left by another system")
    (tmp_path / "in" / ".trash").mkdir()
    write_wav(tmp_path / "in" / ".trash" / "old.wav", seed=3)
    report = ingest_paths([tmp_path / "in", tmp_path / "gone.mp3"], store, settings, clock=lambda: LATE)
    assert outcomes(report) == [
        ("badfacts.WAV", "facts_invalid"),
        ("empty.mp3", "file_empty"),
        ("good.wav", "created"),
        ("text.mp3", "not_audio"),
        ("gone.mp3", "file_not_found"),
    ]
    assert list(store.calls.all_ids()) == ["C-good"]
    listed = {Path(q.source).name: q for q in store.quarantine.list()}
    assert {name: q.error.code for name, q in listed.items()} == {
        name: code for name, code in outcomes(report) if code != "created"
    }
    assert listed["text.mp3"].sha256
    assert listed["text.mp3"].at == LATE
    assert "text.mp3" in listed["text.mp3"].error.message


def test_linked_folders_are_followed_once_and_other_files_are_counted(
    store: Store, settings: Settings, tmp_path: Path
) -> None:
    folder, elsewhere = tmp_path / "in", tmp_path / "elsewhere"
    for place in (folder, elsewhere):
        place.mkdir()
    write_wav(elsewhere / "linked.wav", seed=1)
    write_wav(folder / "a.wav", seed=2)
    (folder / "day").symlink_to(elsewhere)
    (folder / "again").symlink_to(elsewhere)
    (elsewhere / "loop").symlink_to(folder)
    for name in ("a.json", "b.raw", "c.RAW", "d", ".hidden"):
        (folder / name).write_text("{}")
    report = ingest_paths([folder], store, settings)
    assert outcomes(report) == [("a.wav", "created"), ("linked.wav", "created")]
    assert report.passed_over == {".raw": 2, "": 1}


def test_other_facts_of_a_kept_call_are_told_and_taken_where_asked_for(
    store: Store, settings: Settings, tmp_path: Path
) -> None:
    path, first, other = write_wav(tmp_path / "a.wav"), CallFacts(agent_id="A-1"), CallFacts(agent_id="A-2", team="T")
    (item,) = ingest_paths([path], store, settings, facts=first).items
    assert item.call_id
    work(store, settings, FakeInspector())
    assert [ingest_paths([path], store, settings, facts=f).items[0].facts for f in (None, first, other)] == [
        None, None, "differ",
    ]  # fmt: skip
    assert store.calls.get(item.call_id).facts.agent_id == "A-1"
    again = other.model_copy(update={"started_at": LATE})
    assert ingest_paths([path], store, settings, facts=again, correct=True).items[0].facts == "corrected"
    entry = store.calls.get(item.call_id)
    assert (entry.facts.agent_id, entry.facts.team, entry.day, entry.state) == (
        "A-2", "T", date(2026, 11, 16), CallState.WAITING,
    )  # fmt: skip
    assert [e.call_id for e in store.calls.page(CallFilter(agent_id="A-2")).entries] == [item.call_id]
    assert entry.inspection  # as it was, until the next one


def test_other_facts_of_given_turns_too(store: Store, settings: Settings, tmp_path: Path) -> None:
    line = {"call_id": "T-1", "turns": [{"role": "agent", "text": "你好"}]}
    ingest_manifest(manifest(tmp_path, {**line, "agent_id": "A-1"}), store, settings)
    path = manifest(tmp_path, {**line, "agent_id": "A-2"})
    assert ingest_manifest(path, store, settings).items[0].facts == "differ"
    assert ingest_manifest(path, store, settings, correct=True).items[0].facts == "corrected"
    assert store.calls.get("T-1").facts.agent_id == "A-2"
    assert ingest_manifest(path, store, settings, correct=True).items[0].facts is None


def test_a_refused_file_is_forgotten_once_it_is_mended(store: Store, settings: Settings, tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    path.touch()
    ingest_paths([path], store, settings)
    assert len(store.quarantine.list()) == 1
    ingest_paths([write_wav(path)], store, settings)
    assert store.quarantine.list() == ()


def test_a_folder_without_recordings_says_so(store: Store, settings: Settings, tmp_path: Path) -> None:
    (tmp_path / "none").mkdir()
    assert outcomes(ingest_paths([tmp_path / "none"], store, settings)) == [("none", "file_not_found")]


def test_an_id_taken_by_another_recording_is_refused(store: Store, settings: Settings, tmp_path: Path) -> None:
    paths = [write_wav(tmp_path / f"{n}.wav", seed=n) for n in range(2)]
    report = ingest_paths(paths, store, settings, facts=CallFacts(call_id="C-1"))
    assert outcomes(report) == [("0.wav", "created"), ("1.wav", "duplicate_call_id")]


def test_an_upload_is_listed_under_its_own_name(store: Store, settings: Settings, tmp_path: Path) -> None:
    (tmp_path / "x.mp3").write_text("no sound", encoding="utf-8")
    assert ingest_file(tmp_path / "x.mp3", store, settings, source="upload of x.mp3").outcome == "refused"
    assert [q.source for q in store.quarantine.list()] == ["upload of x.mp3"]
    item = ingest_file(write_wav(tmp_path / "y.wav"), store, settings, source="upload of y.wav")
    assert item.call_id
    assert store.calls.get(item.call_id).source == "upload of y.wav"


def test_a_manifest_is_kept_line_by_line(store: Store, settings: Settings, tmp_path: Path) -> None:
    write_wav(tmp_path / "a.wav")
    turns = [{"role": "agent", "text": "您好"}]
    path = manifest(
        tmp_path,
        {"call_id": "C-1", "audio": "a.wav", "started_at": "2026-11-16T23:59:00-05:00"},
        {"call_id": "C-2", "turns": turns},
        {"call_id": "C-2", "turns": turns},
        {"call_id": "C-3"},
        {"turns": turns, "agent_id": "A-1"},
        {"turns": turns, "agent_id": "A-2"},
        {"audio": "gone.wav", "call_id": "C-4"},
        {"turns": turns, "call_id": "C-5", "started_at": "0001-01-01T00:00:00+08:00"},
    )
    seen: list[str] = []
    first = ingest_manifest(path, store, settings, on_item=lambda item: seen.append(item.outcome))
    codes = [code for _, code in outcomes(first)]
    assert codes == [
        "created", "created", "duplicate_call_id", "manifest_line_invalid", "created", "created", "file_not_found",
        "facts_invalid",
    ]  # fmt: skip
    assert seen == [i.outcome for i in first.items]
    assert [i.call_id for i in first.items if i.error] == ["C-2", "C-3", "C-4", "C-5"]
    assert store.calls.get("C-1").day == date(2026, 11, 16)
    given = store.calls.transcript("C-2")
    assert given
    assert given.turns[0].text == "您好"
    assert store.calls.get("C-2").source == f"{path}, line 2"
    assert len(store.quarantine.list()) == 4
    again = ingest_manifest(path, store, settings)
    assert [code for _, code in outcomes(again)] == [c.replace("created", "duplicate") for c in codes]
    assert len(store.quarantine.list()) == 4
    assert len(list(store.calls.all_ids())) == 4


def test_a_manifest_that_cannot_be_read_is_an_error(store: Store, settings: Settings, tmp_path: Path) -> None:
    with pytest.raises(FactsError) as wrong:
        ingest_manifest(tmp_path / "none.jsonl", store, settings)
    assert wrong.value.code == ErrorCode.MANIFEST_UNREADABLE


def test_an_unknown_time_zone_is_explained(store: Store, settings: Settings, tmp_path: Path) -> None:
    for name in ("Mars/Olympus", "", "../etc"):
        with pytest.raises(SetupError, match="QA_TIMEZONE"):
            ingest_paths([tmp_path], store, settings.model_copy(update={"timezone": name}))


def test_an_audio_folder_that_cannot_be_written_stops_everything(
    store: Store, settings: Settings, tmp_path: Path
) -> None:
    settings.audio_dir.write_text("a file where the folder should be", encoding="utf-8")
    with pytest.raises(SetupError):
        ingest_paths([write_wav(tmp_path / "a.wav")], store, settings)
    assert store.quarantine.list() == ()


def test_what_breaks_unexpectedly_is_refused_and_the_rest_goes_on(
    store: Store, settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put = AudioStore.put

    def broken(self: AudioStore, source: Path, sha256: str) -> str:
        if source.name == "0.wav":
            raise RuntimeError("secret words")
        return put(self, source, sha256)

    monkeypatch.setattr(AudioStore, "put", broken)
    paths = [write_wav(tmp_path / f"{n}.wav", seed=n) for n in range(2)]
    assert outcomes(ingest_paths(paths, store, settings)) == [("0.wav", "internal"), ("1.wav", "created")]
    assert "secret" not in store.quarantine.list()[0].error.message


def _ingest(url: str, data: Path, folder: Path, start: object, answers: object) -> None:
    store = open_store(url)
    start.wait()  # type: ignore[attr-defined]
    report = ingest_paths([folder], store, settings_at(data))
    answers.put([i.outcome for i in report.items])  # type: ignore[attr-defined]
    store.close()


def test_two_processes_may_take_the_same_folder_in(store: Store, database_url: str, tmp_path: Path) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    for n in range(12):
        write_wav(folder / f"{n}.wav", seed=n)
    start, answers = PROCESSES.Barrier(3), PROCESSES.Queue()
    workers = [
        PROCESSES.Process(target=_ingest, args=(database_url, tmp_path / "data", folder, start, answers))
        for _ in range(3)
    ]
    for worker in workers:
        worker.start()
    got = [answers.get(timeout=60) for _ in workers]
    for worker in workers:
        worker.join(60)
    assert [w.exitcode for w in workers] == [0, 0, 0]
    assert Counter(o for outcome in got for o in outcome) == {"created": 12, "duplicate": 24}
