"""What a batch holds before any of it is heard: recordings, given transcripts, and what was refused."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from qa_service.errors import ErrorCode, FactsError, QAError
from qa_service.inspect.pipeline import Inspector, OnProgress
from qa_service.intake.facts import sidecar_facts
from qa_service.intake.files import accept, shown
from qa_service.intake.manifest import ManifestProblem, read_manifest
from qa_service.intake.transcript import read_transcript
from qa_service.records import CallFacts, CallStatus, ErrorInfo, Inspection, Transcript
from qa_service.settings import Settings


@dataclass(frozen=True)
class Item:
    """One call of a batch: exactly one of ``audio``, ``transcript`` and ``error`` is set."""

    call_id: str
    facts: CallFacts = field(default_factory=CallFacts)
    audio: Path | None = None
    transcript: Transcript | None = None
    error: QAError | None = None


def from_files(paths: Iterable[Path], *, facts: CallFacts | None, as_transcript: bool) -> Iterator[Item]:
    """Items of files named on the command line. ``facts`` goes for all; else the sidecar ``NAME.json``.

    The call id is the facts' own, else the file's stem.
    """
    for path in paths:
        try:
            yield _from_transcript(path, facts) if as_transcript else _from_audio(path, facts)
        except QAError as wrong:
            yield Item(call_id=_named(path), error=wrong)


def _from_audio(path: Path, facts: CallFacts | None) -> Item:
    known = facts or sidecar_facts(path) or CallFacts()
    return Item(call_id=known.call_id or _named(path), facts=known, audio=path)


def _from_transcript(path: Path, facts: CallFacts | None) -> Item:
    own, transcript = read_transcript(path)
    known = facts or own
    return Item(call_id=known.call_id or own.call_id or _named(path), facts=known, transcript=transcript)


def _named(path: Path) -> str:
    """The file's stem as a call id: text that can be printed and stored, whatever bytes the name holds."""
    return shown(Path(path.stem or path)).replace("\0", "\ufffd")


def from_manifest(path: Path) -> Iterator[Item]:
    """Items of a manifest; a bad line is an item with its error, the rest goes on."""
    for line in read_manifest(path):
        fallback = f"{_named(path)}-{line.line_no}"
        if isinstance(line, ManifestProblem):
            yield Item(call_id=fallback, error=line.error)
        else:
            yield Item(line.facts.call_id or fallback, line.facts, line.audio, line.transcript)


def unique(items: Iterable[Item]) -> Iterator[Item]:
    """Refuse a call id that the batch has already used: two results under one name would be lost."""
    seen: set[str] = set()
    for item in items:
        if item.call_id in seen and item.error is None:
            message = f"Call id {item.call_id} is used twice in this batch."
            yield Item(item.call_id, error=FactsError(ErrorCode.DUPLICATE_CALL_ID, message, "Give each its own id."))
        else:
            seen.add(item.call_id)
            yield item


def inspect_item(
    inspector: Inspector, item: Item, settings: Settings, on_progress: OnProgress | None = None
) -> Inspection:
    """Inspect one item; whatever is wrong with it becomes a result with status ``failed``."""
    try:
        if item.error:
            raise item.error
        if item.transcript is not None:
            return inspector.inspect_transcript(item.transcript, item.facts, call_id=item.call_id)
        if item.audio is None:
            raise FactsError(
                ErrorCode.MANIFEST_LINE_INVALID, f"{item.call_id} has neither audio nor turns.", "Add one."
            )
        accept(item.audio, settings)
        return inspector.inspect_audio(item.audio, item.facts, call_id=item.call_id, on_progress=on_progress)
    except QAError as wrong:
        error = ErrorInfo(code=wrong.code, message=str(wrong))
        return Inspection(call_id=item.call_id, status=CallStatus.FAILED, error=error)
