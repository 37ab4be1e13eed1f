"""Accept a file as a recording: it is there, it can be read, it is not too large, and this is its sha256."""

from __future__ import annotations

import hashlib
from pathlib import Path

from qa_service.errors import AudioError, ErrorCode
from qa_service.records import Recording
from qa_service.settings import Settings

#: Names that a folder may be searched for. The content decides when a file is named by hand.
AUDIO_SUFFIXES = frozenset(
    [
        ".wav",
        ".mp3",
        ".ogg",
        ".oga",
        ".opus",
        ".m4a",
        ".mp4",
        ".aac",
        ".amr",
        ".awb",
        ".gsm",
        ".flac",
        ".wma",
        ".webm",
        ".mka",
        ".au",
        ".aif",
        ".aiff",
        ".vox",
        ".3gp",
    ]
)


def accept(path: Path, settings: Settings) -> Recording:
    """Check a file and identify it by its content.

    Raises:
        AudioError: FILE_NOT_FOUND, FILE_UNREADABLE, FILE_EMPTY or FILE_TOO_LARGE.
    """
    size = regular_size(path)
    if size == 0:
        raise AudioError(ErrorCode.FILE_EMPTY, f"{path} is empty.", "Export the recording again.")
    if size > settings.max_file_mb * 1e6:
        message = f"{path} has {size / 1e6:.0f} MB; at most {settings.max_file_mb:g} are taken."
        raise AudioError(ErrorCode.FILE_TOO_LARGE, message, "Split it, or raise QA_MAX_FILE_MB.")
    return Recording(sha256=sha256_of(path), path=str(path), original_name=path.name, size_bytes=size)


def regular_size(path: Path) -> int:
    """Bytes of a regular file; folders, pipes and devices are refused before anything reads them."""
    try:
        found = path.stat()
    except (FileNotFoundError, NotADirectoryError):
        raise AudioError(ErrorCode.FILE_NOT_FOUND, f"{path} is not there.", "Check the path.") from None
    except (OSError, ValueError) as wrong:
        raise AudioError(ErrorCode.FILE_UNREADABLE, f"{path} cannot be read: {wrong}.", "Check the path.") from None
    if not path.is_file():
        raise AudioError(ErrorCode.FILE_UNREADABLE, f"{path} is not a regular file.", "Give a recording.")
    return found.st_size


def sha256_of(path: Path) -> str:
    """Hex sha256 of a file's content."""
    try:
        with path.open("rb") as source:
            return hashlib.file_digest(source, "sha256").hexdigest()
    except FileNotFoundError:
        raise AudioError(ErrorCode.FILE_NOT_FOUND, f"{path} has vanished.", "Check who moves the files.") from None
    except OSError as wrong:
        message = f"{path} cannot be read: {wrong.strerror}."
        raise AudioError(ErrorCode.FILE_UNREADABLE, message, "Check its permissions.") from None
