"""Keep calls: from files and folders, or from a manifest. What cannot be kept is listed with its reason."""

from __future__ import annotations

import hashlib
import os
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import Field

from qa_service import logs
from qa_service.errors import AudioError, ErrorCode, FactsError, InputError, QAError, SetupError
from qa_service.intake.facts import sidecar_facts
from qa_service.intake.files import AUDIO_SUFFIXES, accept, is_json, shown, unreadable, without_sidecars
from qa_service.intake.manifest import ManifestLine, ManifestProblem, read_manifest
from qa_service.intake.storage import AudioStore
from qa_service.intake.transcript import read_transcript
from qa_service.jobs.trouble import error_info
from qa_service.records import CallFacts, CallState, ErrorInfo, Record, Recording
from qa_service.settings import Settings
from qa_service.store.calls import Added
from qa_service.store.store import Store

log = logs.get(__name__)

#: Hex digits of the sha256 that name a call without an id of its own.
ID_DIGITS = 12
#: Ends of names that stand beside recordings, and are none.
NO_RECORDINGS = frozenset({".json", ".jsonl"})


class IngestItem(Record):
    """What became of one file or line. ``duplicate``: the same recording is kept already, as ``call_id``.

    ``restored``: what was kept of it had been lost, and is back. ``facts`` of a duplicate: those given now ``differ``
    from those kept, which stay, or were ``corrected``; None where they are the same, or none were given.
    """

    source: str
    call_id: str | None = None
    outcome: Literal["created", "duplicate", "refused"]
    restored: bool = False
    facts: Literal["differ", "corrected"] | None = None
    error: ErrorInfo | None = None


class IngestReport(Record):
    """``passed_over``: files in folders that are no recordings by their names, counted by the ends of these."""

    items: tuple[IngestItem, ...]
    passed_over: dict[str, int] = Field(default_factory=dict)


OnItem = Callable[[IngestItem], None]
Clock = Callable[[], datetime]


def _utc_now() -> datetime:
    return datetime.now(UTC)


def ingest_paths(
    paths: Sequence[Path],
    store: Store,
    settings: Settings,
    *,
    facts: CallFacts | None = None,
    correct: bool = False,
    on_item: OnItem | None = None,
    clock: Clock = _utc_now,
) -> IngestReport:
    """Keep recordings; folders, also linked ones, are searched for audio files, hidden ones left out. A file named
    ``….json`` is a transcript, unless it holds the facts of a recording that is named too.

    Args:
        facts: go for all files; else each file's own ``NAME.json`` beside it, where there is one.
        correct: take the facts also for calls that are kept with others; they are inspected again.
        on_item: called after each file.

    Raises:
        SetupError: the database or the audio folder cannot be used, or the disk is full; what was kept stays.
    """
    door = _Door(store, settings, clock, correct=correct)
    passed: Counter[str] = Counter()
    kept = (
        door.refuse(shown(found), problem) if problem else door.file(found, facts)
        for found, problem in _recordings(without_sidecars(paths), passed)
    )
    return _report(kept, on_item).model_copy(update={"passed_over": dict(passed.most_common())})


def ingest_file(
    path: Path, store: Store, settings: Settings, *, facts: CallFacts | None = None, source: str | None = None
) -> IngestItem:
    """Keep one recording; ``source`` is the name to list it under, where the path means nothing (an upload)."""
    return _Door(store, settings, _utc_now).recording(path, facts, source=source)


def ingest_transcript(
    path: Path, store: Store, settings: Settings, *, facts: CallFacts | None = None, source: str
) -> IngestItem:
    """Keep one transcript, listed as ``source``. ``facts`` count in place of those that stand in it."""
    return _Door(store, settings, _utc_now).transcript(path, facts, source)


def ingest_manifest(
    path: Path,
    store: Store,
    settings: Settings,
    *,
    facts: CallFacts | None = None,
    correct: bool = False,
    on_item: OnItem | None = None,
    clock: Clock = _utc_now,
) -> IngestReport:
    """Keep the calls of a manifest; a bad line is listed, the rest goes on. ``correct`` as in :func:`ingest_paths`.

    ``facts`` go for each call whose line does not say otherwise.

    Raises:
        FactsError: MANIFEST_UNREADABLE.
        SetupError: as :func:`ingest_paths`.
    """
    door = _Door(store, settings, clock, correct=correct)
    return _report((door.line(line, shown(path)) for line in read_manifest(path, facts)), on_item)


def _report(items: Iterable[IngestItem], on_item: OnItem | None) -> IngestReport:
    kept = []
    for item in items:
        kept.append(item)
        if on_item:
            on_item(item)
    return IngestReport(items=tuple(kept))


class _Door:
    """Takes calls in one by one; whatever is wrong with one of them is noted and stops no other."""

    def __init__(self, store: Store, settings: Settings, clock: Clock, *, correct: bool = False) -> None:
        self._correct = correct
        self._store = store
        self._settings = settings
        self._clock = clock
        self._audio = AudioStore(settings.audio_dir)
        self._zone = zone(settings.timezone)

    def file(self, path: Path, facts: CallFacts | None) -> IngestItem:
        """Keep a recording, or the transcript that a JSON file holds."""
        return self.transcript(path, facts, shown(path)) if is_json(path) else self.recording(path, facts)

    def transcript(self, path: Path, facts: CallFacts | None, source: str) -> IngestItem:
        """Keep a call that a JSON file holds as text."""
        try:
            own, transcript = read_transcript(path)
        except InputError as wrong:
            return self.refuse(source, wrong, call_id=facts.call_id if facts else None)
        known = facts or own
        known = known.model_copy(update={"call_id": known.call_id or own.call_id})
        return self._turns(ManifestLine(1, known, None, transcript), source)

    def recording(self, path: Path, facts: CallFacts | None, *, source: str | None = None) -> IngestItem:
        """Keep an audio file that at least opens; how it sounds shows when it is inspected."""
        name = source or shown(path)
        known_id = facts.call_id if facts else None
        try:
            recording = accept(path, self._settings)
        except QAError as wrong:
            return self.refuse(name, wrong, call_id=known_id)
        item = self._attempt(
            name, lambda: self._keep(path, recording, facts, name), call_id=known_id, sha256=recording.sha256
        )
        if item.outcome != "duplicate":
            return item
        try:
            return self._told_again(self._restored(item, path), facts or sidecar_facts(path))
        except InputError as wrong:
            return self.refuse(item.source, wrong, call_id=item.call_id)

    def _restored(self, item: IngestItem, path: Path) -> IngestItem:
        """Put the recording back where it has been lost; a call that failed for it waits again."""
        entry = self._store.calls.get(item.call_id or "")
        if entry.recording is None or not self._audio.restore(path, entry.recording):
            return item
        if entry.state is CallState.FAILED:
            self._store.queue.requeue([entry.call_id])
        return item.model_copy(update={"restored": True})

    def _told_again(self, item: IngestItem, facts: CallFacts | None) -> IngestItem:
        """Facts that are given again for a kept call and are others: said, or taken where that was asked for."""
        if facts is None or item.call_id is None:
            return item
        entry = self._store.calls.get(item.call_id)
        if facts.model_copy(update={"call_id": item.call_id}) == entry.facts:
            return item
        if not self._correct:
            return item.model_copy(update={"facts": "differ"})
        self._store.calls.correct(item.call_id, facts, self._day(facts, entry.received_at))
        return item.model_copy(update={"facts": "corrected"})

    def line(self, line: ManifestLine | ManifestProblem, manifest: str) -> IngestItem:
        """Keep a call of a manifest."""
        name = f"{manifest}, line {line.line_no}"
        if isinstance(line, ManifestProblem):
            return self.refuse(name, line.error, call_id=line.call_id)
        if line.audio is not None:
            return self.recording(line.audio, line.facts)
        return self._turns(line, name)

    def _turns(self, line: ManifestLine, source: str) -> IngestItem:
        item = self._attempt(source, lambda: self._keep_turns(line, source), call_id=line.facts.call_id)
        return self._told_again(item, line.facts) if item.outcome == "duplicate" else item

    def refuse(
        self, source: str, wrong: Exception, *, call_id: str | None = None, sha256: str | None = None
    ) -> IngestItem:
        """Note a refusal in quarantine."""
        logs.failure(log, "refused" if str(wrong).startswith(source) else f"refused {source}", wrong)
        error = error_info(wrong)
        self._store.quarantine.add(source, error, self._clock(), sha256)
        return IngestItem(source=source, call_id=call_id, outcome="refused", error=error)

    def _attempt(
        self, source: str, keep: Callable[[], Added], *, call_id: str | None, sha256: str | None = None
    ) -> IngestItem:
        try:
            added = keep()
        except SetupError:
            raise
        except Exception as wrong:  # one file or line must not stop the others
            return self.refuse(source, wrong, call_id=call_id, sha256=sha256)
        self._store.quarantine.clear(source)
        outcome: Literal["created", "duplicate"] = "created" if added.created else "duplicate"
        return IngestItem(source=source, call_id=added.call_id, outcome=outcome)

    def _keep(self, path: Path, recording: Recording, facts: CallFacts | None, source: str) -> Added:
        from qa_service.audio.decode import probe, probe_duration

        if kept := self._store.calls.find(recording.sha256):
            return Added(call_id=kept, created=False)
        known = facts or sidecar_facts(path) or CallFacts()
        probe(path, self._settings)
        relative = self._audio.put(path, recording.sha256)
        now = self._clock()
        return self._store.calls.add(
            known,
            call_id=known.call_id or _made_id(recording.sha256),
            source=source,
            day=self._day(known, now),
            recording=recording.model_copy(update={"path": relative}),
            transcript=None,
            received_at=now,
            audio_s=probe_duration(path),
        )

    def _keep_turns(self, line: ManifestLine, source: str) -> Added:
        if line.transcript is None:
            raise FactsError(ErrorCode.MANIFEST_LINE_INVALID, f"{source} holds no call.", "Give `audio` or `turns`.")
        now = self._clock()
        content = line.facts.model_dump_json() + line.transcript.model_dump_json()
        return self._store.calls.add(
            line.facts,
            call_id=line.facts.call_id or _made_id(hashlib.sha256(content.encode()).hexdigest()),
            source=source,
            day=self._day(line.facts, now),
            recording=None,
            transcript=line.transcript,
            received_at=now,
        )

    def _day(self, facts: CallFacts, now: datetime) -> date:
        """The call's calendar day in its own offset; the day it came in where no time is known."""
        return (facts.started_at or now.astimezone(self._zone)).date()


def _recordings(paths: Iterable[Path], passed: Counter[str]) -> Iterator[tuple[Path, QAError | None]]:
    """Files to keep, folders opened up; a folder that gives nothing stands there with its reason."""
    for path in paths:
        if not path.is_dir():
            yield path, None
            continue
        found = 0
        for item in _in_folder(path, passed):
            found += 1
            yield item
        if not found:
            message = f"{shown(path)} holds no recordings."
            yield (
                path,
                AudioError(
                    ErrorCode.FILE_NOT_FOUND,
                    message,
                    "Name a folder of audio files; transcripts are named one by one (*.json).",
                ),
            )


def _in_folder(folder: Path, passed: Counter[str]) -> Iterator[tuple[Path, QAError | None]]:
    """Links to folders are followed, each folder once. Files that are passed over are counted in ``passed``."""
    closed: list[OSError] = []
    been: set[tuple[int, int]] = set()
    for place, folders, names in os.walk(folder, onerror=closed.append, followlinks=True):
        try:
            here = Path(place).stat()
        except OSError as gone:
            closed.append(gone)
            continue
        if (here.st_dev, here.st_ino) in been:
            folders.clear()
            continue
        been.add((here.st_dev, here.st_ino))
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for path in (Path(place, name) for name in sorted(names) if not name.startswith(".")):
            end = path.suffix.lower()
            if end in AUDIO_SUFFIXES:
                yield path, None
            elif end not in NO_RECORDINGS:
                passed[end] += 1
    for wrong in closed:
        yield Path(wrong.filename), unreadable(Path(wrong.filename), wrong, AudioError)


def _made_id(sha256: str) -> str:
    return f"c-{sha256[:ID_DIGITS]}"


def zone(name: str) -> ZoneInfo:
    """The time zone of a setting.

    Raises:
        SetupError: SETTINGS_INVALID.
    """
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        hint = "Use a name such as Asia/Shanghai or Europe/London."
        raise SetupError(ErrorCode.SETTINGS_INVALID, f"QA_TIMEZONE: there is no time zone {name!r}.", hint) from None
