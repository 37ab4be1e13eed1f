"""Manifests: one call a line, facts with ``audio`` (a path) or ``turns``. A bad line never stops the rest."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from qa_service.errors import ErrorCode, FactsError, QAError
from qa_service.intake.facts import decode_json, parse_facts, read_utf8
from qa_service.intake.transcript import given_transcript
from qa_service.records import CallFacts, Transcript


@dataclass(frozen=True)
class ManifestLine:
    """A call of a manifest: ``audio`` or ``transcript`` is set (audio wins where both are given)."""

    line_no: int
    facts: CallFacts
    audio: Path | None
    transcript: Transcript | None


@dataclass(frozen=True)
class ManifestProblem:
    """A line that cannot be used, and why. ``call_id`` where it could be read."""

    line_no: int
    error: QAError
    call_id: str | None = None


def read_manifest(path: Path) -> Iterator[ManifestLine | ManifestProblem]:
    """Lines of a JSON-lines file (or items of a JSON array), numbered from 1; blank lines are passed over.

    Raises:
        FactsError: MANIFEST_UNREADABLE when the file as a whole cannot be read.
    """
    text = read_utf8(path, ErrorCode.MANIFEST_UNREADABLE)
    seen: dict[str, int] = {}
    for number, value in _values(text, path):
        yield _line(number, value, path, seen)


def _values(text: str, path: Path) -> Iterator[tuple[int, object]]:
    """(line number, JSON text) of lines, or (item number, value) of an array."""
    if text.lstrip().startswith("["):
        items = decode_json(text, ErrorCode.MANIFEST_UNREADABLE, str(path))
        yield from enumerate(items, 1)
        return
    if not text.strip():
        raise FactsError(ErrorCode.MANIFEST_UNREADABLE, f"{path} is empty.", "Write one JSON object a line.")
    for number, line in enumerate(text.split("\n"), 1):
        if line.strip():
            yield number, line


def _line(number: int, value: object, path: Path, seen: dict[str, int]) -> ManifestLine | ManifestProblem:
    where = f"{path}, line {number}"
    call_id = None
    try:
        if isinstance(value, str):
            value = decode_json(value, ErrorCode.MANIFEST_LINE_INVALID, where)
        facts = parse_facts(value, where)
        call_id = facts.call_id
        _once(facts.call_id, number, where, seen)
        return _content(number, value, facts, path, where)
    except QAError as wrong:
        return ManifestProblem(number, wrong, call_id)


def _once(call_id: str | None, number: int, where: str, seen: dict[str, int]) -> None:
    if call_id is None:
        return
    if call_id in seen:
        message = f"{where}: call id {call_id} stands in line {seen[call_id]} already."
        raise FactsError(ErrorCode.DUPLICATE_CALL_ID, message, "Give each call its own id.")
    seen[call_id] = number


def _content(number: int, value: object, facts: CallFacts, path: Path, where: str) -> ManifestLine:
    fields = value if isinstance(value, dict) else {}
    audio = fields.get("audio") or fields.get("file")
    if isinstance(audio, str):
        return ManifestLine(number, facts, _beside(path, audio), None)
    if audio is not None:
        message = f"{where}: `audio` must be a path, not {type(audio).__name__}."
        raise FactsError(ErrorCode.MANIFEST_LINE_INVALID, message, "Write the path of the recording.")
    if "turns" not in fields:
        hint = "Give `audio` (a path) or `turns`."
        raise FactsError(ErrorCode.MANIFEST_LINE_INVALID, f"{where}: neither `audio` nor `turns`.", hint)
    return ManifestLine(number, facts, None, given_transcript(fields["turns"], facts, where))


def _beside(manifest: Path, audio: str) -> Path:
    """Relative paths start at the manifest's folder."""
    return Path(audio) if Path(audio).is_absolute() else manifest.parent / audio
