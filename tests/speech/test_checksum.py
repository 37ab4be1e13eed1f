"""sha256 with a note beside the file: large files are read once, changed ones are noticed."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from qa_service.errors import ErrorCode, SetupError
from qa_service.speech import checksum
from qa_service.speech.checksum import corrupt, identified, sha256_of, verified
from tests.speech.weight_files import sha256

WHOLE = b"weights"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "model.bin"
    path.write_bytes(WHOLE)
    return path


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """Files that were read whole."""
    seen: list[Path] = []

    def counting(path: Path) -> str:
        seen.append(path)
        return sha256_of(path)

    monkeypatch.setattr(checksum, "sha256_of", counting)
    return seen


def change(file: Path, content: bytes) -> None:
    before = file.stat().st_mtime_ns
    file.write_bytes(content)
    os.utime(file, ns=(before + 10**9, before + 10**9))


def test_the_sha256_of_a_file(file: Path) -> None:
    assert sha256_of(file) == sha256(WHOLE)


def test_a_file_is_read_once_and_again_when_it_was_touched(file: Path, reads: list[Path]) -> None:
    assert [verified(file), verified(file), verified(file, sha256(WHOLE))] == [sha256(WHOLE)] * 3
    assert len(reads) == 1
    change(file, WHOLE)
    assert [verified(file), verified(file)] == [sha256(WHOLE)] * 2
    assert len(reads) == 2


def test_a_file_that_is_not_what_was_wanted_is_corrupt(file: Path) -> None:
    with pytest.raises(SetupError) as raised:
        verified(file, sha256(b"others"))
    assert raised.value.code is ErrorCode.MODEL_CORRUPT
    assert str(file) in raised.value.message
    assert str(file.parent) in raised.value.hint
    assert not file.with_name("model.bin.sha256").exists()


def test_a_file_of_the_cache_must_stay_what_it_was(file: Path) -> None:
    verified(file)
    change(file, b"weighty")
    for _ in range(2):
        with pytest.raises(SetupError) as raised:
            verified(file)
        assert raised.value.code is ErrorCode.MODEL_CORRUPT


def test_a_file_of_ones_own_may_be_replaced(file: Path, reads: list[Path]) -> None:
    identified(file)
    change(file, b"weighty")
    assert [identified(file), identified(file)] == [sha256(b"weighty")] * 2
    assert len(reads) == 2


def test_a_note_that_was_written_by_hand_is_not_believed(file: Path) -> None:
    verified(file)
    note = file.with_name("model.bin.sha256")
    note.write_text(note.read_text().replace(sha256(WHOLE), "0" * 64))
    assert verified(file, sha256(WHOLE)) == sha256(WHOLE)


@pytest.mark.parametrize("old", ["", "\n", sha256(WHOLE), f"{sha256(WHOLE)} 7 1"], ids=["empty", "line", "bare", "old"])
def test_a_note_of_another_form_or_time_is_renewed(file: Path, old: str) -> None:
    note = file.with_name("model.bin.sha256")
    note.write_text(old)
    assert verified(file) == sha256(WHOLE)
    assert note.read_text().split() == [sha256(WHOLE), str(len(WHOLE)), str(file.stat().st_mtime_ns)]


def test_a_folder_that_cannot_be_written_costs_only_time(
    file: Path, reads: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(**_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(checksum.tempfile, "TemporaryDirectory", full)
    assert [verified(file), identified(file)] == [sha256(WHOLE)] * 2
    assert len(reads) == 2
    assert list(file.parent.iterdir()) == [file]


def test_the_hint_names_what_to_delete(tmp_path: Path) -> None:
    assert f"Delete {tmp_path} and" in corrupt(tmp_path / "model.bin").hint
    assert f"Delete {tmp_path / 'openai-whisper-base.pt'} and" in corrupt(tmp_path / "openai-whisper-base.pt").hint
