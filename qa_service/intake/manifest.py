"""Manifests: one call a line, facts with ``audio`` (a path) or ``turns``; or a table (CSV) of recordings and facts.

A bad line never stops the rest.
"""

from __future__ import annotations

import codecs
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import IO, Any

from qa_service.errors import ErrorCode, FactsError, QAError
from qa_service.intake.facts import json_kind, parse_facts
from qa_service.intake.files import open_regular, shown
from qa_service.intake.json_text import MOST_BYTES, SAVE_AS_UTF8, decode_json, decode_utf8, read_json
from qa_service.intake.table import MOST_LINES, Head, head_of, is_table, told_mark
from qa_service.intake.transcript import sent_transcript
from qa_service.intake.turn_fields import elsewhere, holds_turns
from qa_service.records import CallFacts, Transcript

HEAD_BYTES = 65536
UNREADABLE = ErrorCode.MANIFEST_UNREADABLE
INVALID = ErrorCode.MANIFEST_LINE_INVALID
ONE_A_LINE = "Write one JSON object a line, or a JSON array of objects."
OF_A_TABLE = "The first line of a table names its columns, one of them `audio`; then come the rows."


@dataclass(frozen=True)
class ManifestLine:
    """A call of a manifest: exactly one of ``audio`` and ``transcript`` is set (audio wins where both are given)."""

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


#: A line or item as found: its number, where it stands (for errors), its bytes or its JSON value or what is wrong.
Found = tuple[int, str, Any]


def read_manifest(path: Path, common: CallFacts | None = None) -> Iterator[ManifestLine | ManifestProblem]:
    """Lines of a JSON-lines file (or items of a JSON array, or rows of a table), numbered from 1; blank lines are
    passed over.

    Lines are read as they are asked for, so that a manifest may be larger than memory. Relative audio paths start
    at the manifest's folder; whether the file is there shows when it is accepted. ``common``: facts that go for each
    call that does not say otherwise.

    Raises:
        FactsError: MANIFEST_UNREADABLE, at once, when the file as a whole cannot be read; FACTS_INVALID, where
            ``common`` names a call, which can be one alone.
    """
    if common is not None and common.call_id is not None:
        message = f"The facts for all calls of {shown(path)} name one call, {common.call_id}."
        raise FactsError(ErrorCode.FACTS_INVALID, message, "Leave call_id out of them.")
    first = _first_line(path)
    if first.startswith(b"["):
        return _lines(_items(path), path, common)
    _check_utf8(first, path)
    found = _each_line(path)
    return _lines(_rows(found, path) if is_table(path, first) else found, path, common)


def _first_line(path: Path) -> bytes:
    """The beginning of the first line that is not blank, without byte order mark."""
    with _opened(path) as source:
        head = source.read(HEAD_BYTES)
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) or b"\0" in head:
        raise FactsError(UNREADABLE, f"{shown(path)} is not UTF-8 text.", SAVE_AS_UTF8)
    text = head.removeprefix(codecs.BOM_UTF8).lstrip()
    if not text:
        raise FactsError(UNREADABLE, f"{shown(path)} is empty.", ONE_A_LINE)
    return text.partition(b"\n")[0]


def _check_utf8(first: bytes, path: Path) -> None:
    """Told by the first line; a later line with other bytes is that line's problem. The line may be cut short."""
    try:
        codecs.getincrementaldecoder("utf-8")().decode(first, final=False)
    except UnicodeDecodeError as wrong:
        message = f"{shown(path)} is not UTF-8 (byte {wrong.start + 1} of its first line)."
        raise FactsError(UNREADABLE, message, SAVE_AS_UTF8) from None


def _opened(path: Path) -> IO[bytes]:
    try:
        return open_regular(path, FactsError)
    except FactsError as wrong:
        raise FactsError(UNREADABLE, wrong.message, wrong.hint) from None


def _items(path: Path) -> list[Found]:
    items = read_json(path, UNREADABLE)
    if not items:
        raise FactsError(UNREADABLE, f"{shown(path)} holds no calls.", ONE_A_LINE)
    return [(number, f"{shown(path)}, item {number}", item) for number, item in enumerate(items, 1)]


def _each_line(path: Path) -> Iterator[Found]:
    with _opened(path) as source:
        number = 0
        while raw := source.readline(MOST_BYTES + 1):
            number += 1
            where = f"{shown(path)}, line {number}"
            if len(raw) > MOST_BYTES:
                _skip_line(source, raw)
                yield number, where, _too_long(where)
            elif raw.removeprefix(codecs.BOM_UTF8).strip():
                yield number, where, raw


def _rows(lines: Iterator[Found], path: Path) -> Iterator[Found]:
    """Rows of a table as JSON would have them: fields by their names.

    Raises:
        FactsError: MANIFEST_UNREADABLE, at once, where its head is no use.
    """
    head = _head(lines)
    if not head.names_audio:
        named = ", ".join(filter(None, head.names))[:200]
        raise FactsError(UNREADABLE, f"{shown(path)} is a table without a column `audio` ({named}).", OF_A_TABLE)
    found = (each for each in _each_row(lines, head) if each[2])
    first = next(found, None)
    if first is None:
        raise FactsError(UNREADABLE, f"{shown(path)} holds no calls.", OF_A_TABLE)
    return chain((first,), found)


def _head(lines: Iterator[Found]) -> Head:
    mark = ""
    for _, where, first in lines:
        if isinstance(first, QAError):
            raise FactsError(UNREADABLE, first.message, OF_A_TABLE)
        try:
            line = decode_utf8(first, UNREADABLE, where)
            told, mark = mark, told_mark(line)
            if not mark:
                return head_of(line, told)
        except ValueError as wrong:
            raise FactsError(UNREADABLE, f"{where} {wrong}.", OF_A_TABLE) from None
    raise FactsError(UNREADABLE, "The table has no line with the names of its columns.", OF_A_TABLE)


def _each_row(lines: Iterator[Found], head: Head) -> Iterator[Found]:
    """A row whose quote is open goes on in the next lines, and has the number of its first; where that gives no row,
    the first line is bad, and the others are looked at anew."""
    waiting: deque[Found] = deque()
    while (found := waiting.popleft() if waiting else next(lines, None)) is not None:
        number, where, raw = found
        row = _row(head, raw, where)
        if isinstance(row, QAError) and isinstance(raw, bytes) and _is_open(head, raw):
            taken = _taken(raw, waiting, lines, head)
            whole = _row(head, b"".join((raw, *(more for _, _, more in taken))), where)
            if isinstance(whole, QAError):
                waiting.extendleft(reversed(taken))
            else:
                row = whole
        yield number, where, row


def _taken(raw: bytes, waiting: deque[Found], lines: Iterator[Found], head: Head) -> list[Found]:
    """The next lines up to that which closes the quote, at most so many as a cell may have."""
    taken: list[Found] = []
    while len(taken) < MOST_LINES and len(raw) <= MOST_BYTES and _is_open(head, raw):
        found = waiting.popleft() if waiting else next(lines, None)
        if found is None:
            break
        if not isinstance(found[2], bytes):
            waiting.appendleft(found)
            break
        taken.append(found)
        raw += found[2]
    return taken


def _is_open(head: Head, raw: bytes) -> bool:
    return head.is_open(raw.decode("utf-8", "replace"))


def _row(head: Head, row: Any, where: str) -> Any:
    if not isinstance(row, bytes):
        return row
    try:
        return head.sent(decode_utf8(row, INVALID, where))
    except QAError as wrong:
        return wrong
    except ValueError as wrong:
        return FactsError(INVALID, f"{where} {wrong}.", OF_A_TABLE)


def _skip_line(source: IO[bytes], raw: bytes) -> None:
    while raw and not raw.endswith(b"\n"):
        raw = source.readline(MOST_BYTES)


def _too_long(where: str) -> FactsError:
    return FactsError(INVALID, f"{where} is longer than {MOST_BYTES // 1_000_000} MB.", "Split the call.")


def _lines(found: Iterable[Found], path: Path, common: CallFacts | None) -> Iterator[ManifestLine | ManifestProblem]:
    seen: dict[str, int] = {}
    for number, where, value in found:
        call_id = None
        try:
            fields = _value(value, where)
            facts = parse_facts(fields, where, common)
            call_id = facts.call_id
            _refuse_second(call_id, where, seen)
            line = _content(number, fields, facts, path, where)
        except QAError as wrong:
            yield ManifestProblem(number, wrong, call_id)
            continue
        if call_id is not None:
            seen[call_id] = number
        yield line


def _value(value: Any, where: str) -> Any:
    if isinstance(value, QAError):
        raise value
    if isinstance(value, bytes):
        value = decode_json(decode_utf8(value, INVALID, where).strip(), INVALID, where)
    if not isinstance(value, dict):
        raise FactsError(INVALID, f"{where} must be an object, not {json_kind(value)}.", ONE_A_LINE)
    return value


def _refuse_second(call_id: str | None, where: str, seen: dict[str, int]) -> None:
    if call_id in seen:
        message = f"{where}: call id {call_id} stands in line {seen[call_id]} already."
        raise FactsError(ErrorCode.DUPLICATE_CALL_ID, message, "Give each call its own id.")


def _content(number: int, fields: dict[str, Any], facts: CallFacts, path: Path, where: str) -> ManifestLine:
    audio = fields.get("audio") or fields.get("file")
    if isinstance(audio, str):
        return ManifestLine(number, facts, path.parent / audio, None)
    if audio is not None:
        message = f"{where}: `audio` must be a path, not {json_kind(audio)}."
        raise FactsError(INVALID, message, "Write the path of the recording.")
    if not any(holds_turns(name, value) for name, value in fields.items()):
        message = f"{where}: neither `audio` nor `turns`{elsewhere(fields)}."
        raise FactsError(INVALID, message, "Give `audio` (a path) or `turns`.")
    return ManifestLine(number, facts, None, sent_transcript(fields, facts, where))
