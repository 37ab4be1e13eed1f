"""Where kept audio lies: content-addressed, ``ab/cdef….mp3``, written atomically, never twice."""

from __future__ import annotations

import errno
import os
import shutil
import tempfile
from pathlib import Path

from qa_service.errors import AudioError, ErrorCode, SetupError


class AudioStore:
    """A folder of recordings named by their sha256."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def put(self, source: Path, sha256: str) -> str:
        """Copy a file in; returns its path relative to the root. The same content is stored once.

        Raises:
            SetupError: STORAGE_FULL when the disk is full.
            AudioError: the source vanished or cannot be read.
        """
        relative = f"{sha256[:2]}/{sha256[2:]}{source.suffix.lower()[:8]}"
        target = self.root / relative
        if target.exists() and target.stat().st_size == source.stat().st_size:
            return relative
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            _copy_whole(source, target)
        except OSError as wrong:
            raise _explained(wrong, source, target) from None
        return relative

    def path(self, relative: str) -> Path:
        """Absolute path of a stored file; a path that leaves the root is refused."""
        root = self.root.resolve()
        found = (root / relative).resolve()
        if not found.is_relative_to(root):
            raise AudioError(ErrorCode.FILE_NOT_FOUND, f"{relative} is not in the audio store.", "Check the database.")
        return found


def _copy_whole(source: Path, target: Path) -> None:
    """A reader never sees half a file: copy beside it, flush to disk, rename."""
    with tempfile.NamedTemporaryFile(dir=target.parent, prefix=".incoming-", delete=False) as half:
        try:
            with source.open("rb") as whole:
                shutil.copyfileobj(whole, half)
            half.flush()
            os.fsync(half.fileno())
            Path(half.name).replace(target)
        except BaseException:
            Path(half.name).unlink(missing_ok=True)
            raise


def _explained(wrong: OSError, source: Path, target: Path) -> AudioError | SetupError:
    if wrong.errno in (errno.ENOSPC, errno.EDQUOT):
        return SetupError(ErrorCode.STORAGE_FULL, f"No space left for {target}.", "Free some space and run it again.")
    if wrong.errno == errno.ENOENT:
        return AudioError(ErrorCode.FILE_NOT_FOUND, f"{source} has vanished.", "Check who moves the files.")
    return AudioError(ErrorCode.FILE_UNREADABLE, f"{source}: {wrong.strerror}.", "Check permissions.")
