"""A batch without a database: recordings side by side are heard together, each with its own result."""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from pathlib import Path

import pytest

from qa_service.errors import ErrorCode, FactsError, SetupError
from qa_service.inspect import batch
from qa_service.inspect.batch import Item, from_manifest, inspect_items, unique
from qa_service.inspect.job import AudioJob
from qa_service.inspect.pipeline import Inspector
from qa_service.records import CallStatus, Inspection
from qa_service.settings import Settings
from tests.factories import inspection, transcript
from tests.jobs.fakes import write_wav


class Ear(Inspector):
    """Says of every recording that it was heard, and notes which were heard together. ``wrong``: for a call."""

    def __init__(self, settings: Settings, **wrong: Exception) -> None:
        super().__init__(settings)
        self.wrong = wrong
        self.heard: list[list[str]] = []

    def inspect_many(self, jobs: Sequence[AudioJob], **_: object) -> list[Inspection | Exception]:
        self.heard.append([job.call_id for job in jobs])
        if "all" in self.wrong:
            raise self.wrong["all"]
        return [self.wrong.get(job.call_id) or inspection(job.call_id) for job in jobs]

    def inspect_audio(self, path: Path, facts: object, *, call_id: str, **_: object) -> Inspection:
        self.heard.append([call_id])
        return inspection(call_id)


def recordings(folder: Path, *names: str) -> list[Item]:
    """Three seconds each."""
    return [Item(n, audio=write_wav(folder / f"{n}.wav", seed=i)) for i, n in enumerate(names)]


def test_recordings_are_heard_together_and_results_keep_their_order(settings: Settings, tmp_path: Path) -> None:
    items = recordings(tmp_path, "a", "b", "c", "d", "e", "f", "g")
    items.insert(2, Item("text", transcript=transcript("您好", "text")))
    items.insert(4, Item("bad", error=FactsError(ErrorCode.FACTS_INVALID, "wrong")))
    ear = Ear(settings.model_copy(update={"batch_calls": 3}))
    got = list(inspect_items(ear, items, ear.settings))
    assert [g.call_id for g in got] == [i.call_id for i in items]
    assert ear.heard == [["a", "b"], ["c"], ["d", "e", "f"], ["g"]]
    assert [g.call_id for g in got if g.status is CallStatus.FAILED] == ["bad"]


def test_what_is_wrong_with_one_is_its_own_result(settings: Settings, tmp_path: Path) -> None:
    items = recordings(tmp_path, "a", "b", "c", "d")
    ear = Ear(settings.model_copy(update={"max_file_mb": 0.06}), b=FactsError(ErrorCode.FACTS_INVALID, "wrong"))
    write_wav(tmp_path / "c.wav", seconds=9)
    got = list(inspect_items(ear, items, ear.settings))
    assert ear.heard == [["a", "b", "d"]]
    assert {g.call_id: g.error.code if g.error else None for g in got} == {
        "a": None, "b": ErrorCode.FACTS_INVALID, "c": ErrorCode.FILE_TOO_LARGE, "d": None,
    }  # fmt: skip


def test_a_broken_installation_is_told_of_every_call(settings: Settings, tmp_path: Path) -> None:
    ear = Ear(settings, all=SetupError(ErrorCode.MODEL_NOT_FOUND, "no weights"))
    got = list(inspect_items(ear, recordings(tmp_path, "a", "b"), settings))
    assert [g.error.code if g.error else None for g in got] == [ErrorCode.MODEL_NOT_FOUND] * 2


def test_what_nobody_foresaw_is_raised(settings: Settings, tmp_path: Path) -> None:
    with pytest.raises(KeyError):
        list(inspect_items(Ear(settings, b=KeyError("x")), recordings(tmp_path, "a", "b"), settings))


def test_long_recordings_do_not_share_memory(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batch, "MOST_TOGETHER_S", 7.0)
    ear = Ear(settings)
    assert len(list(inspect_items(ear, recordings(tmp_path, "a", "b", "c"), settings))) == 3
    assert ear.heard == [["a", "b"], ["c"]]


def test_files_that_do_not_open_stand_alone(settings: Settings, tmp_path: Path) -> None:
    items = recordings(tmp_path, "a", "b", "c")
    shutil.copy(__file__, tmp_path / "b.wav")
    ear = Ear(settings)
    assert len(list(inspect_items(ear, items, settings))) == 3
    assert ear.heard == [["a"], ["b"], ["c"]]


def test_a_bad_line_takes_no_name_from_a_good_one(tmp_path: Path) -> None:
    turns = [{"role": "agent", "text": "您好"}]
    rows = [
        {"call_id": "A", "turns": turns}, {"call_id": "A", "turns": turns}, {"call_id": "B", "turns": []}, {"x": 1},
        {"call_id": "calls-2", "turns": turns}, {"call_id": "calls-4", "turns": turns},
    ]  # fmt: skip
    path = tmp_path / "calls.jsonl"
    path.write_text("\n".join(json.dumps(row) for row in rows), encoding="utf-8")
    got = [(i.call_id, i.error.code if i.error else None) for i in unique(from_manifest(path))]
    assert got == [
        ("A", None), ("calls-2", ErrorCode.DUPLICATE_CALL_ID), ("B", ErrorCode.TRANSCRIPT_INVALID),
        ("calls-4", ErrorCode.MANIFEST_LINE_INVALID), ("calls-2", None), ("calls-4", None),
    ]  # fmt: skip
