"""sha256 of weights files, and a note of it beside the file.

``FILE.sha256`` holds the sha256, size and time of change of FILE, so that 3 GB are read for their sha256 only
when the file is new or was touched.
"""

from __future__ import annotations

import hashlib
import tempfile
from pathlib import Path

from qa_service.errors import ErrorCode, SetupError


def sha256_of(file: Path) -> str:
    with file.open("rb") as source:
        return hashlib.file_digest(source, "sha256").hexdigest()


def verified(file: Path, wanted: str | None = None) -> str:
    """The sha256 of a file of the cache. Without ``wanted`` the first one found is what later ones must be.

    Raises:
        SetupError: MODEL_CORRUPT when it is neither ``wanted`` nor what was noted before.
    """
    noted, when = _noted(file)
    wanted = wanted or noted
    if noted and noted == wanted and when == _stamp(file):
        return noted
    found = sha256_of(file)
    if wanted and found != wanted:
        raise corrupt(file)
    _note(file, found)
    return found


def identified(file: Path) -> str:
    """The sha256 of a file that its owner may replace at any time."""
    noted, when = _noted(file)
    if noted and when == _stamp(file):
        return noted
    found = sha256_of(file)
    _note(file, found)
    return found


def corrupt(file: Path) -> SetupError:
    hint = f"Delete {file if file.suffix == '.pt' else file.parent} and run again: it is made or fetched anew."
    return SetupError(ErrorCode.MODEL_CORRUPT, f"{file} does not have the expected sha256.", hint)


def _stamp(file: Path) -> str:
    seen = file.stat()
    return f"{seen.st_size} {seen.st_mtime_ns}"


def _beside(file: Path) -> Path:
    return file.with_name(f"{file.name}.sha256")


def _noted(file: Path) -> tuple[str, str]:
    """The sha256 noted and the stamp of the file then; both empty without a note."""
    note = _beside(file)
    sha256, _, when = note.read_text(encoding="ascii").strip().partition(" ") if note.is_file() else ("", "", "")
    return sha256, when


def _note(file: Path, sha256: str) -> None:
    """Where the folder cannot be written no note is kept, and the file is read again next time."""
    note = _beside(file)
    try:
        with tempfile.TemporaryDirectory(dir=note.parent, prefix=".note-") as half:
            (Path(half) / note.name).write_text(f"{sha256} {_stamp(file)}\n", encoding="ascii")
            (Path(half) / note.name).replace(note)
    except OSError:
        return
