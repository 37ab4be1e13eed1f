"""Accept a file as a recording: it is there, it can be read, it is not too large, and this is its sha256."""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import IO

from qa_service.errors import AudioError, ErrorCode, InputError
from qa_service.records import Recording
from qa_service.settings import Settings

#: Names that a folder is searched for. The content decides, whatever the name is.
AUDIO_SUFFIXES = frozenset([
    ".wav", ".mp3", ".ogg", ".oga", ".opus", ".spx", ".m4a", ".m4b", ".mp4", ".mov", ".mkv", ".mka", ".webm", ".aac",
    ".amr", ".awb", ".gsm", ".flac", ".wma", ".asf", ".au", ".aif", ".aiff", ".caf", ".vox", ".3gp", ".3ga",
])  # fmt: skip
CHUNK_BYTES = 1 << 20


def is_json(path: Path) -> bool:
    """Whether a file that is named calls itself JSON: a transcript, or the facts of a recording beside it."""
    return path.suffix.lower() == ".json"


def without_sidecars(paths: Iterable[Path]) -> Iterator[Path]:
    """The files that are named, but not those that hold the facts of a recording that is named too."""
    named = list(paths)
    heard = {path.with_suffix("") for path in named if path.name and not is_json(path)}
    return (path for path in named if not (is_json(path) and path.with_suffix("") in heard))


def accept(path: Path, settings: Settings) -> Recording:
    """Check a file and identify it by its content.

    Raises:
        AudioError: FILE_NOT_FOUND, FILE_UNREADABLE, FILE_EMPTY or FILE_TOO_LARGE.
    """
    with open_regular(path, AudioError) as source:
        size = os.fstat(source.fileno()).st_size
        if size == 0:
            raise AudioError(ErrorCode.FILE_EMPTY, f"{shown(path)} is empty.", "Export the recording again.")
        if size > settings.max_file_mb * 1e6:
            message = f"{shown(path)} has {size / 1e6:.1f} MB; at most {settings.max_file_mb:g} are taken."
            raise AudioError(ErrorCode.FILE_TOO_LARGE, message, "Split it, or raise QA_MAX_FILE_MB.")
        sha256 = _sha256(source, path)
    return Recording(sha256=sha256, path=shown(path), original_name=shown(Path(path.name)), size_bytes=size)


def sha256_of(path: Path) -> str:
    """Hex sha256 of a file's content.

    Raises:
        AudioError: FILE_NOT_FOUND or FILE_UNREADABLE.
    """
    with open_regular(path, AudioError) as source:
        return _sha256(source, path)


def open_regular(path: Path, kind: type[InputError]) -> IO[bytes]:
    """Open a regular file for reading. Pipes and devices are told without waiting for them.

    Raises:
        kind: FILE_NOT_FOUND or FILE_UNREADABLE.
    """
    try:
        source = open(path, "rb", opener=_without_waiting)  # noqa: SIM115 - the caller closes it
    except (FileNotFoundError, NotADirectoryError):
        raise kind(ErrorCode.FILE_NOT_FOUND, f"{shown(path)} is not there.", "Check the path.") from None
    except IsADirectoryError:
        raise _not_regular(path, kind) from None
    except (OSError, ValueError) as wrong:
        raise unreadable(path, wrong, kind) from None
    if not stat.S_ISREG(os.fstat(source.fileno()).st_mode):
        source.close()
        raise _not_regular(path, kind)
    return source


def _without_waiting(path: str, flags: int) -> int:
    """Opening a pipe would wait for its writer."""
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0))


def shown(path: Path) -> str:
    """The path as text that can be printed and stored: names that are not UTF-8 get replacement characters."""
    return str(path).encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def unreadable(path: Path, wrong: Exception, kind: type[InputError]) -> InputError:
    """FILE_UNREADABLE with the system's own reason."""
    reason = (wrong.strerror if isinstance(wrong, OSError) else None) or str(wrong)
    message = f"{shown(path)} cannot be read: {reason}."
    return kind(ErrorCode.FILE_UNREADABLE, message, "Check the path, its permissions and the disk.")


def _not_regular(path: Path, kind: type[InputError]) -> InputError:
    return kind(ErrorCode.FILE_UNREADABLE, f"{shown(path)} is not a regular file.", "Give a file, not a folder.")


def _sha256(source: IO[bytes], path: Path) -> str:
    digest = hashlib.sha256()
    try:
        while chunk := source.read(CHUNK_BYTES):
            digest.update(chunk)
    except OSError as wrong:
        raise unreadable(path, wrong, AudioError) from None
    return digest.hexdigest()
