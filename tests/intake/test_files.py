"""Accepting files: identity by content, permissions, names that are not UTF-8."""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from qa_service.audio.decode import decode
from qa_service.errors import AudioError, ErrorCode, FactsError
from qa_service.intake.facts import read_facts
from qa_service.intake.files import accept, sha256_of
from qa_service.intake.manifest import read_manifest
from qa_service.settings import Settings

NOBODY = 65534


@contextmanager
def ordinary_user() -> Iterator[None]:
    """Permissions do not hold for root: be somebody else for a while."""
    if os.geteuid():
        yield
        return
    os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(0)


@pytest.fixture
def locked() -> Iterator[Path]:
    """A file that nobody but its owner's superior may read, in a folder that everybody may enter."""
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o755)
        path = Path(name) / "locked.wav"
        path.write_bytes(b"RIFF")
        path.chmod(0)
        yield path


def test_a_file_without_permission(locked: Path, settings: Settings) -> None:
    with ordinary_user():
        for use in (lambda: accept(locked, settings), lambda: decode(locked, settings), lambda: sha256_of(locked)):
            with pytest.raises(AudioError) as raised:
                use()
            assert raised.value.code is ErrorCode.FILE_UNREADABLE
            assert "Permission denied" in raised.value.message
            assert "locked.wav" in raised.value.message
        with pytest.raises(FactsError) as refused:
            read_facts(locked)
        assert refused.value.code is ErrorCode.FACTS_UNREADABLE
        with pytest.raises(FactsError) as refused:
            read_manifest(locked)
        assert refused.value.code is ErrorCode.MANIFEST_UNREADABLE


def test_a_folder_without_permission(locked: Path, settings: Settings) -> None:
    locked.parent.chmod(0)
    try:
        with ordinary_user(), pytest.raises(AudioError) as raised:
            accept(locked, settings)
        assert raised.value.code is ErrorCode.FILE_UNREADABLE
    finally:
        locked.parent.chmod(0o755)


def test_a_recording_is_known_by_its_content(tmp_path: Path, settings: Settings) -> None:
    one, two = tmp_path / "one.wav", tmp_path / "two.mp3"
    for path in (one, two):
        path.write_bytes(b"sound" * 500_000)
    found = accept(one, settings)
    assert found.sha256 == accept(two, settings).sha256 == hashlib.sha256(one.read_bytes()).hexdigest()
    assert (found.path, found.original_name, found.size_bytes) == (str(one), "one.wav", 2_500_000)


def test_a_link_is_followed(tmp_path: Path, settings: Settings) -> None:
    (tmp_path / "real.wav").write_bytes(b"sound")
    (tmp_path / "link.wav").symlink_to("real.wav")
    assert accept(tmp_path / "link.wav", settings).original_name == "link.wav"


def test_a_name_that_is_not_utf8_can_be_stored(tmp_path: Path, settings: Settings) -> None:
    path = tmp_path / os.fsdecode("催收.wav".encode("gbk"))
    path.write_bytes(b"sound")
    found = accept(path, settings)
    assert found.original_name.endswith(".wav")
    found.model_dump_json()


def test_no_descriptor_is_left_open(tmp_path: Path, settings: Settings) -> None:
    (tmp_path / "folder").mkdir()
    os.mkfifo(tmp_path / "pipe")
    before = len(list(Path("/proc/self/fd").iterdir()))
    for name in ("folder", "pipe", "missing"):
        with pytest.raises(AudioError):
            accept(tmp_path / name, settings)
    assert len(list(Path("/proc/self/fd").iterdir())) == before
