"""From a path to an open container: regular files only, recordings only, and nothing else is opened by it.

The content decides, not the name: the decoder never learns the name. It gets a list of the formats that
hold recordings, so that playlists and scripts which name other files are refused before they are read.
"""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path
from typing import IO, TYPE_CHECKING

from qa_service.audio.declared import goes_on_behind_data
from qa_service.errors import AudioError, ErrorCode

if TYPE_CHECKING:
    from av.container import InputContainer

#: ffmpeg's names of the containers that hold recordings and can be told by their content.
FORMATS = (
    "wav,w64,mp3,ogg,flac,mov,matroska,amr,amrnb,amrwb,gsm,aac,loas,ac3,eac3,asf,aiff,au,caf,avi,mpegts,mpeg,flv,"
    "wv,ape,tta,tak,voc,ircam,nistsphere,qcp,dss,ilbc,lc3,rm,sox,xwma,mmf,oma,nut"
)
#: No protocol may be opened: the file itself is handed over open, and a recording needs no other.
PROTOCOLS = "none"
#: (offset, bytes) that begin a recording. With one of them, what cannot be opened is damaged, not foreign.
SIGNATURES = (
    (8, b"WAVE"), (0, b"OggS"), (0, b"fLaC"), (0, b"ID3"), (4, b"ftyp"), (0, b"#!AMR"), (0, b"\x1aE\xdf\xa3"),
    (0, b"caff"), (0, b".snd"), (8, b"AIFF"), (8, b"AIFC"), (0, b"\x30\x26\xb2\x75\x8e\x66\xcf\x11"),
)  # fmt: skip


def shown(path: Path) -> str:
    """The path as text that can be printed and stored: names that are not UTF-8 get replacement characters."""
    return str(path).encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def open_source(path: Path) -> IO[bytes]:
    """Open a regular file that is not empty. Pipes and devices are told without waiting for them.

    Raises:
        AudioError: FILE_NOT_FOUND, FILE_UNREADABLE or FILE_EMPTY.
    """
    try:
        source = open(path, "rb", opener=_without_waiting)  # noqa: SIM115 - the caller closes it
    except (FileNotFoundError, NotADirectoryError):
        raise AudioError(ErrorCode.FILE_NOT_FOUND, f"{shown(path)} is not there.", "Check the path.") from None
    except IsADirectoryError:
        raise _not_regular(path) from None
    except (OSError, ValueError) as wrong:
        raise unreadable(path, wrong) from None
    found = os.fstat(source.fileno())
    if not stat.S_ISREG(found.st_mode):
        source.close()
        raise _not_regular(path)
    if not found.st_size:
        source.close()
        raise AudioError(ErrorCode.FILE_EMPTY, f"{shown(path)} is empty.", "Export the recording again.")
    return source


def _without_waiting(path: str, flags: int) -> int:
    """Opening a pipe would wait for its writer."""
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0))


def unreadable(path: Path, wrong: Exception) -> AudioError:
    reason = (wrong.strerror if isinstance(wrong, OSError) else None) or str(wrong)
    message = f"{shown(path)} cannot be read: {reason}."
    return AudioError(ErrorCode.FILE_UNREADABLE, message, "Check the path, its permissions and the disk.")


def _not_regular(path: Path) -> AudioError:
    return AudioError(ErrorCode.FILE_UNREADABLE, f"{shown(path)} is not a regular file.", "Give a recording.")


def open_container(source: IO[bytes], path: Path) -> InputContainer:
    """Find out what the file is and open it.

    Raises:
        AudioError: NOT_AUDIO, or AUDIO_DAMAGED when it begins like a recording and then makes no sense.
    """
    import av

    options = {"format_whitelist": FORMATS, "protocol_whitelist": PROTOCOLS}
    if _head(source)[8:12] == b"WAVE" and goes_on_behind_data(source):
        options["ignore_length"] = "1"
    try:
        return av.open(_Nameless(source), mode="r", options=options, metadata_errors="ignore")
    except (av.FFmpegError, ValueError, OverflowError):
        raise (_damaged(path) if _begins_like_audio(source) else _not_audio(path)) from None
    except OSError as wrong:
        raise unreadable(path, wrong) from None


class _Nameless:
    """An open file without its name: ffmpeg would take the ending of the name as a hint."""

    def __init__(self, source: IO[bytes]) -> None:
        self._source = source
        self.read, self.tell = source.read, source.tell

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Damaged headers lead to places before the file's start; the decoder wants a negative number for that."""
        try:
            return self._source.seek(offset, whence)
        except OSError as wrong:
            if wrong.errno == errno.EINVAL:
                return -errno.EINVAL
            raise


def _begins_like_audio(source: IO[bytes]) -> bool:
    head = _head(source)
    return any(head[at : at + len(mark)] == mark for at, mark in SIGNATURES)


def _not_audio(path: Path) -> AudioError:
    message = f"{shown(path)} is not audio that can be decoded."
    return AudioError(ErrorCode.NOT_AUDIO, message, "Export it as wav, mp3, ogg, m4a, amr, gsm or flac.")


def _damaged(path: Path) -> AudioError:
    message = f"{shown(path)} begins like a recording but cannot be opened: it is damaged or cut."
    return AudioError(ErrorCode.AUDIO_DAMAGED, message, "Export the recording again.")


def _head(source: IO[bytes]) -> bytes:
    source.seek(0)
    head = source.read(16)
    source.seek(0)
    return head
