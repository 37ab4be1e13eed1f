"""JSON from files that others wrote: UTF-8, finite numbers, text that can be stored; errors name the place."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

from qa_service.errors import ErrorCode, FactsError
from qa_service.intake.files import open_regular, shown

MOST_BYTES = 50_000_000
REPLACEMENT = "\N{REPLACEMENT CHARACTER}"
SAVE_AS_UTF8 = "Save it as UTF-8, not as GBK or UTF-16."


def read_json(path: Path, code: ErrorCode) -> Any:
    """JSON of a file. A byte order mark is taken off; NaN and infinities, which JSON does not know, are refused.

    Raises:
        FactsError: with ``code``; the message names the file and the place in it.
    """
    return decode_json(decode_utf8(read_bytes(path, code), code, shown(path)), code, shown(path))


def read_bytes(path: Path, code: ErrorCode, most: int = MOST_BYTES) -> bytes:
    """Content of a regular file of at most ``most`` bytes; every failure carries ``code``."""
    try:
        with open_regular(path, FactsError) as source:
            content = source.read(most + 1)
    except FactsError as wrong:
        raise FactsError(code, wrong.message, wrong.hint) from None
    except OSError as wrong:
        raise FactsError(code, f"{shown(path)} cannot be read: {wrong.strerror}.", "Check the disk.") from None
    if len(content) > most:
        raise FactsError(code, f"{shown(path)} is larger than {most // 1_000_000} MB.", "Split it.")
    return content


def decode_utf8(content: bytes, code: ErrorCode, where: str) -> str:
    """Text of UTF-8 bytes."""
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as wrong:
        raise FactsError(code, f"{where} is not UTF-8 (byte {wrong.start + 1}).", SAVE_AS_UTF8) from None


def decode_json(text: str, code: ErrorCode, where: str) -> Any:
    """A JSON value; errors name line and column."""
    try:
        value = json.loads(text, parse_constant=_refuse, parse_float=_finite, parse_int=_whole)
        return _storable(value) if "\\u" in text else value
    except json.JSONDecodeError as wrong:
        message = f"{where} is not JSON: {wrong.msg} (line {wrong.lineno}, column {wrong.colno})."
        raise FactsError(code, message, "Correct the file.") from None
    except RecursionError:
        raise FactsError(code, f"{where} is nested too deeply.", "Correct the file.") from None
    except ValueError as wrong:
        raise FactsError(code, f"{where} is not JSON: {wrong}.", "Correct the file.") from None


def _refuse(name: str) -> object:
    raise ValueError(f"{name} is not a JSON number")


def _finite(digits: str) -> float:
    value = float(digits)
    if not math.isfinite(value):
        raise ValueError(f"{digits[:20]} is too large a number")
    return value


def _whole(digits: str) -> int:
    """As long as a float at most, so that it can be compared and counted with."""
    _finite(digits)
    return int(digits)


def _storable(value: Any) -> Any:
    """Escapes can write what no file and no database takes: half a surrogate pair, NUL. They are replaced."""
    if isinstance(value, str):
        whole = value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
        return whole.replace("\0", REPLACEMENT)
    if isinstance(value, list):
        return [_storable(item) for item in value]
    if isinstance(value, dict):
        return {_storable(key): _storable(item) for key, item in value.items()}
    return value
