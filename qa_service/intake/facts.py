"""Read call facts: JSON from a file, with errors that name the field and what is allowed."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from qa_service.errors import ErrorCode, FactsError
from qa_service.records import CallFacts

#: What belongs to the input's other parts, or to labels, and never to the facts.
NOT_FACTS = frozenset({"turns", "expected", "audio", "file", "labels", "duration_s"})
MOST_BYTES = 50_000_000


def read_facts(path: Path) -> CallFacts:
    """Facts of one call from a JSON file.

    Raises:
        FactsError: FACTS_UNREADABLE (no JSON, not UTF-8, not there) or FACTS_INVALID (a field is wrong).
    """
    return parse_facts(read_json(path, ErrorCode.FACTS_UNREADABLE), str(path))


def sidecar_facts(audio: Path) -> CallFacts | None:
    """Facts in ``NAME.json`` beside ``NAME.mp3``; None where there is no such file."""
    beside = audio.with_suffix(".json")
    return read_facts(beside) if beside != audio and beside.is_file() else None


def parse_facts(value: object, where: str) -> CallFacts:
    """Facts from a decoded JSON value; ``where`` names the file or line in errors."""
    if not isinstance(value, dict):
        raise FactsError(
            ErrorCode.FACTS_INVALID,
            f"{where}: call facts must be an object, not {type(value).__name__}.",
            'Write {"agent_id": "A-1", …}.',
        )
    try:
        return CallFacts.model_validate({k: v for k, v in value.items() if k not in NOT_FACTS})
    except ValidationError as wrong:
        raise FactsError(
            ErrorCode.FACTS_INVALID,
            f"{where}: {_first(wrong)}.",
            "Correct the field; docs/facts.schema.json lists what is allowed.",
        ) from None


def _first(wrong: ValidationError) -> str:
    error = wrong.errors()[0]
    field = ".".join(str(p) for p in error["loc"]) or "facts"
    return f"field {field}: {error['msg']} (got {str(error['input'])[:60]!r})"


def read_json(path: Path, code: ErrorCode) -> Any:
    """JSON of a file. NaN and infinities, which JSON does not know, are refused."""
    return decode_json(read_utf8(path, code), code, str(path))


def read_utf8(path: Path, code: ErrorCode) -> str:
    """Text of a regular UTF-8 file (a byte order mark is taken off)."""
    try:
        if path.exists() and not path.is_file():
            raise FactsError(code, f"{path} is not a regular file.", "Give a JSON file.")
        if path.stat().st_size > MOST_BYTES:
            raise FactsError(code, f"{path} is larger than {MOST_BYTES // 1_000_000} MB.", "Split it.")
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as wrong:
        raise FactsError(code, f"{path} is not UTF-8 (byte {wrong.start}).", "Save it as UTF-8.") from None
    except OSError as wrong:
        raise FactsError(code, f"{path} cannot be read: {wrong.strerror}.", "Check the path.") from None


def decode_json(text: str, code: ErrorCode, where: str) -> Any:
    """Decode JSON; errors name line and column."""
    try:
        return json.loads(text, parse_constant=_refuse, parse_float=_finite)
    except json.JSONDecodeError as wrong:
        message = f"{where} is not JSON: {wrong.msg} (line {wrong.lineno}, column {wrong.colno})."
        raise FactsError(code, message, "Correct the file.") from None
    except (ValueError, RecursionError) as wrong:
        raise FactsError(code, f"{where} is not JSON: {wrong}.", "Correct the file.") from None


def _refuse(name: str) -> object:
    raise ValueError(f"{name} is not a JSON number")


def _finite(digits: str) -> float:
    value = float(digits)
    if not math.isfinite(value):
        raise ValueError(f"{digits} is too large a number")
    return value
