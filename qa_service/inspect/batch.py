"""What a batch holds before any of it is heard: recordings, given transcripts, and what was refused."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from qa_service.errors import ErrorCode, FactsError, QAError
from qa_service.inspect.job import MOST_TOGETHER_S, AudioJob
from qa_service.inspect.pipeline import Inspector, OnProgress
from qa_service.intake.facts import sidecar_facts
from qa_service.intake.files import accept, is_json, shown, without_sidecars
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

    A file whose name ends in ``.json`` is a transcript, unless it stands beside a recording that is named too and holds
    that one's facts. The call id is the facts' own, else the file's stem.
    """
    for path in paths if as_transcript else without_sidecars(paths):
        try:
            yield _from_transcript(path, facts) if as_transcript or is_json(path) else _from_audio(path, facts)
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


def from_manifest(path: Path, common: CallFacts | None = None) -> Iterator[Item]:
    """Items of a manifest; a bad line is an item with its error, the rest goes on. ``common`` as there."""
    for line in read_manifest(path, common):
        fallback = f"{_named(path)}-{line.line_no}"
        if isinstance(line, ManifestProblem):
            named = None if line.error.code is ErrorCode.DUPLICATE_CALL_ID else line.call_id
            yield Item(call_id=named or fallback, error=line.error)
        else:
            yield Item(line.facts.call_id or fallback, line.facts, line.audio, line.transcript)


def unique(items: Iterable[Item]) -> Iterator[Item]:
    """Refuse a call id that the batch has already used: two results under one name would be lost."""
    seen: set[str] = set()
    for item in items:
        if item.error is not None:  # it was refused: whoever comes later under this name is its only call
            yield item
        elif item.call_id in seen:
            message = f"Call id {item.call_id} is used twice in this batch."
            yield Item(item.call_id, error=FactsError(ErrorCode.DUPLICATE_CALL_ID, message, "Give each its own id."))
        else:
            seen.add(item.call_id)
            yield item


def inspect_items(
    inspector: Inspector, items: Iterable[Item], settings: Settings, on_progress: OnProgress | None = None
) -> Iterator[Inspection]:
    """Inspect a batch; results in the order of the items. Recordings that stand side by side are heard together."""
    for group in _groups(items, settings.batch_calls):
        if len(group) == 1:
            yield inspect_item(inspector, group[0], settings, on_progress)
        else:
            yield from _together(inspector, group, settings, on_progress)


def _groups(items: Iterable[Item], most: int) -> Iterator[list[Item]]:
    """Up to ``most`` recordings, an hour of sound in all; what is no recording stands alone."""
    from qa_service.audio.decode import probe_duration

    group: list[Item] = []
    total = 0.0
    for item in items:
        sounds = item.error is None and item.transcript is None and item.audio is not None
        length = (probe_duration(item.audio) if sounds and item.audio and most > 1 else None) or 0.0
        if group and (not length or len(group) == most or total + length > MOST_TOGETHER_S):
            yield group
            group, total = [], 0.0
        group.append(item)
        total += length
        if not length:  # bad, silent about its length, or text
            yield group
            group, total = [], 0.0
    if group:
        yield group


def _together(
    inspector: Inspector, items: list[Item], settings: Settings, on_progress: OnProgress | None
) -> list[Inspection]:
    refused: dict[str, Inspection | Exception] = {}
    jobs = []
    for item in items:
        assert item.audio is not None
        try:
            accept(item.audio, settings)
            jobs.append(AudioJob(item.audio, item.facts, item.call_id))
        except QAError as wrong:
            refused[item.call_id] = wrong
    try:
        heard = inspector.inspect_many(jobs, on_progress=on_progress)
        outcomes = {**refused, **{job.call_id: found for job, found in zip(jobs, heard, strict=True)}}
    except QAError as wrong:
        outcomes = {**refused, **{job.call_id: wrong for job in jobs}}
    return [_result(item.call_id, outcomes[item.call_id]) for item in items]


def _result(call_id: str, outcome: Inspection | Exception) -> Inspection:
    """Whatever is wrong with a call is its result; what nobody foresaw is raised."""
    if isinstance(outcome, Inspection):
        return outcome
    if not isinstance(outcome, QAError):
        raise outcome
    error = ErrorInfo(code=outcome.code, message=str(outcome))
    return Inspection(call_id=call_id, status=CallStatus.FAILED, error=error)


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
        return _result(item.call_id, wrong)
