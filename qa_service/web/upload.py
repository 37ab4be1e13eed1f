"""Read an upload: a multipart form whose file goes to disk as it comes, counted, and never whole into memory."""

from __future__ import annotations

import errno
import shutil
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request

from qa_service.errors import AudioError, ErrorCode, QAError, SetupError
from qa_service.settings import Settings

AUDIO, TRANSCRIPT, FACTS = "audio", "transcript", "facts"
MOST_FACTS_BYTES = 1_000_000
#: What a form may hold beside its file.
FORM_BYTES = MOST_FACTS_BYTES + 64_000
LONGEST_NAME = 120
#: Hours after which what a killed service left behind is swept away.
STALE_HOURS = 24.0


@dataclass
class Upload:
    """What came: the recording or the transcript on disk (named as the caller named it), and the facts as sent."""

    folder: Path
    audio: Path | None = None
    transcript: Path | None = None
    facts: bytes | None = None


@asynccontextmanager
async def received(request: Request, settings: Settings) -> AsyncIterator[Upload]:
    """The upload of a request, in a folder of its own that is gone afterwards.

    Raises:
        QAError: REQUEST_INVALID, FILE_TOO_LARGE or STORAGE_FULL.
    """
    folder = await run_in_threadpool(_folder, settings)
    try:
        yield await _read(request, folder, settings)
    finally:
        await run_in_threadpool(shutil.rmtree, folder, ignore_errors=True)


def sweep(settings: Settings) -> None:
    """Remove uploads that a killed service left half read."""
    for left in _place(settings).glob("*"):
        with suppress(OSError):
            if left.stat().st_mtime < time.time() - STALE_HOURS * 3600:
                shutil.rmtree(left)


def _place(settings: Settings) -> Path:
    return settings.data_dir / "incoming"


def _folder(settings: Settings) -> Path:
    try:
        _place(settings).mkdir(parents=True, exist_ok=True)
        return Path(tempfile.mkdtemp(dir=_place(settings)))
    except OSError as wrong:
        raise _unwritable(wrong) from None


async def _read(request: Request, folder: Path, settings: Settings) -> Upload:
    most = int(settings.max_file_mb * 1e6) + FORM_BYTES
    declared = request.headers.get("content-length", "")
    if declared.isdecimal() and int(declared) > most:
        raise _too_large(settings)
    parts = _Parts(Upload(folder), settings)
    parser = _parser(request, parts)
    try:
        async for chunk in request.stream():
            await run_in_threadpool(parser.write, chunk)
        parser.finalize()
    except FormParserError:
        raise _not_a_form("The form is cut short or broken.") from None
    except ClientDisconnect:
        raise _not_a_form("The sender went away.") from None
    except OSError as wrong:
        raise _unwritable(wrong) from None
    finally:
        parts.close()
    if not parts.ended:
        raise _not_a_form("The form is cut short.")
    return parts.upload


def _parser(request: Request, parts: _Parts) -> MultipartParser:
    kind, options = parse_options_header(request.headers.get("content-type"))
    if kind != b"multipart/form-data" or not options.get(b"boundary"):
        raise _not_a_form("The body is not multipart/form-data.")
    try:
        return MultipartParser(
            options[b"boundary"],
            {
                "on_part_begin": parts.begin,
                "on_header_field": parts.header_field,
                "on_header_value": parts.header_value,
                "on_header_end": parts.header_end,
                "on_headers_finished": parts.headers_finished,
                "on_part_data": parts.data,
                "on_part_end": parts.end,
                "on_end": parts.form_end,
            },
        )
    except FormParserError as wrong:
        raise _not_a_form(f"{wrong}.") from None


@dataclass
class _Parts:
    """Receives the pieces that the parser finds."""

    upload: Upload
    settings: Settings
    ended: bool = False
    _headers: dict[bytes, bytes] = field(default_factory=dict)
    _field: bytes = b""
    _value: bytes = b""
    _name: str = ""
    _file: IO[bytes] | None = None
    _size: int = 0

    def begin(self) -> None:
        self._headers, self._size, self._name = {}, 0, ""

    def header_field(self, data: bytes, start: int, end: int) -> None:
        self._field += data[start:end]

    def header_value(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]

    def header_end(self) -> None:
        self._headers[self._field.lower()] = self._value
        self._field = self._value = b""

    def headers_finished(self) -> None:
        _, options = parse_options_header(self._headers.get(b"content-disposition"))
        self._name = options.get(b"name", b"").decode("utf-8", "replace")
        if self._name in (AUDIO, TRANSCRIPT) and not (self.upload.audio or self.upload.transcript):
            named = safe_name(options.get(b"filename", b"").decode("utf-8", "replace"))
            path = self.upload.folder / named
            if self._name == AUDIO:
                self.upload.audio = path
            else:
                self.upload.transcript = path
            self._file = path.open("wb")
        elif self._name == FACTS and self.upload.facts is None:
            self.upload.facts = b""
        else:
            raise _not_a_form(f"The form has a field {self._name[:40]!r} too many.")

    def data(self, data: bytes, start: int, end: int) -> None:
        self._size += end - start
        if self._file is not None:
            if self._size > self.settings.max_file_mb * 1e6:
                raise _too_large(self.settings)
            self._file.write(data[start:end])
        elif self._size > MOST_FACTS_BYTES:
            raise QAError(ErrorCode.FACTS_UNREADABLE, "The facts are longer than 1 MB.", "Send the call's facts only.")
        else:
            self.upload.facts = (self.upload.facts or b"") + data[start:end]

    def end(self) -> None:
        self.close()

    def form_end(self) -> None:
        self.ended = True

    def close(self) -> None:
        if self._file is not None:
            self._file.close()
        self._file = None


def safe_name(given: str) -> str:
    """The caller's file name without folders, control characters or a leading dot; short; never empty."""
    last = given.replace("\\", "/").rpartition("/")[2]
    printable = "".join(c for c in last if c.isprintable() and c not in '<>:"|?*').strip(" .")
    stem, dot, suffix = printable.rpartition(".")
    if not dot:
        return printable[:LONGEST_NAME] or "recording"
    return f"{stem[:LONGEST_NAME]}.{suffix[:10]}"


def _not_a_form(message: str) -> QAError:
    hint = (
        f"Send multipart/form-data with `{AUDIO}` or `{TRANSCRIPT}` (a file) and, if known, `{FACTS}` (a JSON object)."
    )
    return QAError(ErrorCode.REQUEST_INVALID, message, hint)


def _too_large(settings: Settings) -> QAError:
    message = f"The file is larger than {settings.max_file_mb:g} MB."
    return AudioError(ErrorCode.FILE_TOO_LARGE, message, "Split it, or raise QA_MAX_FILE_MB.")


def _unwritable(wrong: OSError) -> SetupError:
    if wrong.errno in (errno.ENOSPC, errno.EDQUOT):
        return SetupError(ErrorCode.STORAGE_FULL, "No space left for the upload.", "Free some space and send it again.")
    message = f"The upload cannot be written: {wrong.strerror}."
    return SetupError(ErrorCode.SETTINGS_INVALID, message, "Set QA_DATA_DIR to a folder that can be written.")
