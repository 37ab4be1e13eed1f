"""Where kept audio lies: content-addressed, ``ab/cdef….mp3``, written atomically, never twice."""

from __future__ import annotations

import errno
import hashlib
import os
import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from qa_service.errors import AudioError, ErrorCode, SetupError
from qa_service.intake.files import CHUNK_BYTES, open_regular, shown, unreadable
from qa_service.records import Recording

_SUFFIX = re.compile(r"\.[a-z0-9]{1,8}")


class AudioStore:
    """A folder of recordings named by their sha256."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def put(self, source: Path, sha256: str) -> str:
        """Copy a file in; returns its path relative to the root. The same content is stored once.

        Raises:
            SetupError: STORAGE_FULL when the disk is full, SETTINGS_INVALID when the folder cannot be written.
            AudioError: the source vanished, cannot be read, or is no longer what ``sha256`` says.
        """
        kept = self._kept(sha256)
        if kept is not None:
            return kept
        suffix = source.suffix.lower()
        relative = f"{sha256[:2]}/{sha256[2:]}{suffix if _SUFFIX.fullmatch(suffix) else ''}"
        self._copy_in(source, sha256, relative)
        return relative

    def restore(self, source: Path, recording: Recording) -> bool:
        """Put a kept recording back where it has been lost or cut short; False where it is whole.

        Raises:
            As :meth:`put`.
        """
        try:
            if self.path(recording.path).stat().st_size == recording.size_bytes:
                return False
        except OSError:  # the folder itself is looked at when it is written
            pass
        self._copy_in(source, recording.sha256, recording.path)
        return True

    def check(self) -> None:
        """Where a recording is missing: see that the folder is there at all.

        Raises:
            SetupError: SETTINGS_INVALID when it is not there, cannot be read, or holds nothing.
        """
        try:
            with os.scandir(self.root) as found:
                if any(found):
                    return
            why = "is empty"
        except OSError as wrong:
            why = f"cannot be read ({wrong.strerror})"
        message = f"The audio folder {self.root} {why}, though recordings are kept in it."
        raise SetupError(
            ErrorCode.SETTINGS_INVALID, message, "Mount it, or correct QA_DATA_DIR; the calls go on waiting."
        )

    def _copy_in(self, source: Path, sha256: str, relative: str) -> None:
        with open_regular(source, AudioError) as content, self._incoming(self.root / relative) as half:
            if _copy(content, half, source) != sha256:
                message = f"{shown(source)} changed while it was being kept."
                raise AudioError(ErrorCode.FILE_UNREADABLE, message, "Try again when its writer has finished.")

    def _kept(self, sha256: str) -> str | None:
        """The same content may have come under another suffix."""
        found = sorted((self.root / sha256[:2]).glob(f"{sha256[2:]}*"))
        return found[0].relative_to(self.root).as_posix() if found else None

    @contextmanager
    def _incoming(self, target: Path) -> Iterator[IO[bytes]]:
        """A file that takes its name when it is whole and on the disk; nothing is left of it otherwise."""
        half: Path | None = None
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            with tempfile.NamedTemporaryFile(dir=target.parent, prefix=".incoming-", delete=False) as stream:
                half = Path(stream.name)
                yield stream
                stream.flush()
                os.fsync(stream.fileno())
            half.replace(target)
        except OSError as wrong:
            raise _unwritable(wrong, target) from None
        finally:
            if half is not None:
                half.unlink(missing_ok=True)

    def path(self, relative: str) -> Path:
        """Absolute path of a stored file.

        Raises:
            AudioError: FILE_NOT_FOUND where ``relative`` leads out of the store.
        """
        root = self.root.resolve()
        found = (root / relative.replace("\0", "")).resolve()
        if found == root or not found.is_relative_to(root):
            message = f"{shown(Path(relative))} is not in the audio store."
            raise AudioError(ErrorCode.FILE_NOT_FOUND, message, "Check the database.")
        return found


def _copy(content: IO[bytes], half: IO[bytes], source: Path) -> str:
    """Copy and return the sha256 of what was copied. Errors of the source are told from those of the target."""
    digest = hashlib.sha256()
    while True:
        try:
            chunk = content.read(CHUNK_BYTES)
        except OSError as wrong:
            raise unreadable(source, wrong, AudioError) from None
        if not chunk:
            return digest.hexdigest()
        digest.update(chunk)
        half.write(chunk)


def _unwritable(wrong: OSError, target: Path) -> SetupError:
    if wrong.errno in (errno.ENOSPC, errno.EDQUOT):
        return SetupError(ErrorCode.STORAGE_FULL, f"No space left for {target}.", "Free some space and run it again.")
    message = f"The audio folder cannot be written ({target}: {wrong.strerror})."
    return SetupError(ErrorCode.SETTINGS_INVALID, message, "Set QA_DATA_DIR to a folder that can be written.")
