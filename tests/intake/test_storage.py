"""The audio store: content-addressed, whole or not at all, inside its folder."""

from __future__ import annotations

import errno
import hashlib
import os
import shutil
from pathlib import Path
from typing import IO

import pytest

from qa_service.errors import AudioError, ErrorCode, SetupError
from qa_service.intake import storage as storage_module
from qa_service.intake.storage import AudioStore

CONTENT = b"sound" * 1000
SHA256 = hashlib.sha256(CONTENT).hexdigest()


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "Call 1.MP3"
    path.write_bytes(CONTENT)
    return path


@pytest.fixture
def store(tmp_path: Path) -> AudioStore:
    return AudioStore(tmp_path / "audio")


def files(store: AudioStore) -> list[Path]:
    return [p for p in store.root.rglob("*") if p.is_file()]


def test_put_and_path(store: AudioStore, source: Path) -> None:
    relative = store.put(source, SHA256)
    assert relative == f"{SHA256[:2]}/{SHA256[2:]}.mp3"
    assert store.path(relative).read_bytes() == CONTENT
    assert source.exists()


def test_the_same_content_is_kept_once_under_any_name(store: AudioStore, source: Path, tmp_path: Path) -> None:
    first = store.put(source, SHA256)
    other = shutil.copy(source, tmp_path / "other.wav")
    assert store.put(source, SHA256) == store.put(Path(other), SHA256) == first
    assert len(files(store)) == 1


def test_odd_suffixes_are_left_off(store: AudioStore, source: Path) -> None:
    odd = source.rename(source.with_name("call.re:c ord"))
    assert store.put(odd, SHA256) == f"{SHA256[:2]}/{SHA256[2:]}"


def test_a_vanished_source(store: AudioStore, tmp_path: Path) -> None:
    with pytest.raises(AudioError) as raised:
        store.put(tmp_path / "gone.wav", SHA256)
    assert raised.value.code is ErrorCode.FILE_NOT_FOUND
    assert "gone.wav" in raised.value.message


def test_a_source_that_changed_since_it_was_accepted(store: AudioStore, source: Path) -> None:
    source.write_bytes(CONTENT + b"more")
    with pytest.raises(AudioError) as raised:
        store.put(source, SHA256)
    assert raised.value.code is ErrorCode.FILE_UNREADABLE
    assert files(store) == []


class Full:
    """A file on a disk that runs full halfway."""

    def __init__(self, number: int) -> None:
        self.number = number

    def __call__(self, content: IO[bytes], half: IO[bytes], source: Path) -> str:
        half.write(content.read(2000))
        raise OSError(self.number, os.strerror(self.number))


@pytest.mark.parametrize(
    ("number", "code"),
    [
        (errno.ENOSPC, ErrorCode.STORAGE_FULL),
        (errno.EDQUOT, ErrorCode.STORAGE_FULL),
        (errno.EROFS, ErrorCode.SETTINGS_INVALID),
    ],
)
def test_a_full_or_locked_disk_leaves_nothing_behind(
    number: int, code: ErrorCode, store: AudioStore, source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(storage_module, "_copy", Full(number))
        with pytest.raises(SetupError) as raised:
            store.put(source, SHA256)
    assert raised.value.code is code
    assert raised.value.hint
    assert files(store) == []
    store.put(source, SHA256)
    assert len(files(store)) == 1


def test_a_root_that_is_a_file(source: Path) -> None:
    with pytest.raises(SetupError) as raised:
        AudioStore(source).put(source, SHA256)
    assert raised.value.code is ErrorCode.SETTINGS_INVALID


@pytest.mark.parametrize("relative", ["../secret", "/etc/passwd", "ab/../../secret", "", ".", "\0"])
def test_paths_that_leave_the_store_are_refused(relative: str, store: AudioStore) -> None:
    with pytest.raises(AudioError) as raised:
        store.path(relative)
    assert raised.value.code is ErrorCode.FILE_NOT_FOUND


def test_a_link_that_leaves_the_store_is_refused(store: AudioStore, source: Path) -> None:
    store.root.mkdir()
    (store.root / "out.mp3").symlink_to(source)
    with pytest.raises(AudioError):
        store.path("out.mp3")
