"""What the classifier told of kept calls, written for reviewers to decide on and for training to learn from."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path

from qa_service.records import CallEntry, Record, Turn
from qa_service.store.replay import Replay
from qa_service.text.redact import redact

CHUNK = 50


class LabelRow(Record):
    """One label of one turn, without personal numbers. A reviewer writes ``right`` or ``wrong`` into ``verdict``."""

    id: str
    speaker: str
    text: str
    before: tuple[str, str] | None
    after: tuple[str, str] | None
    label: str
    probability: float
    verdict: str = ""


def export_labels(replay: Replay, since: date, until: date | None, file: Path) -> int:
    """Write a line of JSON for each label that was told on calls of these days; how many lines there are."""
    calls = [c.call_id for c in replay.inspected(since, until)]
    count = 0
    with file.open("w", encoding="utf-8") as out:
        for at in range(0, len(calls), CHUNK):
            for entry in replay.entries(calls[at : at + CHUNK]):
                for row in rows_of(entry):
                    out.write(row.model_dump_json() + "\n")
                    count += 1
    return count


def rows_of(entry: CallEntry) -> Iterator[LabelRow]:
    """The labels told of one call."""
    found = entry.inspection
    if found is None or not found.signals:
        return
    places = {turn.index: at for at, turn in enumerate(found.turns)}
    for signal in found.signals:
        at = places.get(signal.turn)
        if at is None or not signal.told:
            continue
        turn = found.turns[at]
        yield LabelRow(
            id=f"{entry.call_id}:{turn.index}",
            speaker=turn.role,
            text=redact(turn.text).text,
            before=_said(found.turns, at - 1),
            after=_said(found.turns, at + 1),
            label=signal.label,
            probability=signal.probability,
        )


def _said(turns: tuple[Turn, ...], at: int) -> tuple[str, str] | None:
    return (turns[at].role, redact(turns[at].text).text) if 0 <= at < len(turns) else None
