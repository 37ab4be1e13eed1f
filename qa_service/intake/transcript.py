"""Given transcripts: turns as text, from a file or a manifest line."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from qa_service.errors import ErrorCode, FactsError
from qa_service.intake.facts import parse_facts, read_json
from qa_service.records import CallFacts, Coverage, EngineInfo, Role, Roles, RoleSource, Transcript, Turn

#: Seconds a character (Mandarin) or letter is taken to last where a turn has no times.
SECONDS_A_CHARACTER = {"zh": 0.22, "en": 0.065}
MOST_TURNS = 100_000


class _GivenTurn(BaseModel):
    """A turn as written: other keys (labels, style, …) are passed over."""

    model_config = ConfigDict(extra="ignore")

    role: Role
    text: str
    start_s: float | None = Field(default=None, ge=0)
    end_s: float | None = Field(default=None, ge=0)


def read_transcript(path: Path) -> tuple[CallFacts, Transcript]:
    """A JSON object with facts and ``turns``, or a bare list of turns.

    Raises:
        FactsError: FACTS_UNREADABLE, FACTS_INVALID or TRANSCRIPT_INVALID.
    """
    value = read_json(path, ErrorCode.TRANSCRIPT_INVALID)
    if isinstance(value, list):
        return CallFacts(), given_transcript(value, CallFacts(), str(path))
    facts = parse_facts(value, str(path))
    return facts, given_transcript(value.get("turns"), facts, str(path))


def given_transcript(turns: object, facts: CallFacts, where: str) -> Transcript:
    """A Transcript of given turns. Missing times are made up evenly by characters, in order.

    The language is the facts' own, else Mandarin where any Han character occurs.
    """
    rows = _rows(turns, where)
    language = facts.language or _language(rows)
    placed = _placed(rows, language or "en")
    return Transcript(
        language=language,
        duration_s=max((t.end_s for t in placed), default=0.0),
        turns=tuple(placed),
        coverage=Coverage(),
        roles=Roles(source=RoleSource.METADATA, confidence=1.0),
        engine=EngineInfo(name="none"),
    )


def _rows(turns: object, where: str) -> list[_GivenTurn]:
    if not isinstance(turns, list) or not turns:
        raise _invalid(where, "`turns` must be a list with at least one turn")
    if len(turns) > MOST_TURNS:
        raise _invalid(where, f"more than {MOST_TURNS} turns")
    return [_row(turn, i, where) for i, turn in enumerate(turns)]


def _row(turn: Any, index: int, where: str) -> _GivenTurn:
    try:
        return _GivenTurn.model_validate(turn)
    except ValidationError as wrong:
        first = wrong.errors()[0]
        field = ".".join(str(p) for p in first["loc"])
        raise _invalid(where, f"turn {index}{f', field {field}' if field else ''}: {first['msg']}") from None


def _invalid(where: str, what: str) -> FactsError:
    hint = "Each turn is an object with role (agent, customer, unknown), text and, if known, start_s and end_s."
    return FactsError(ErrorCode.TRANSCRIPT_INVALID, f"{where}: {what}.", hint)


def _language(rows: list[_GivenTurn]) -> str | None:
    text = "".join(r.text for r in rows)
    if any("\u4e00" <= c <= "\u9fff" for c in text):
        return "zh"
    return "en" if any(c.isalpha() for c in text) else None


def _placed(rows: list[_GivenTurn], language: str) -> list[Turn]:
    now, placed = 0.0, []
    for index, row in enumerate(rows):
        start = row.start_s if row.start_s is not None else now
        length = max(0.5, len(row.text) * SECONDS_A_CHARACTER.get(language, 0.1))
        end = max(start, row.end_s) if row.end_s is not None else round(start + length, 3)
        channel = 1 if row.role is Role.CUSTOMER else 0
        placed.append(Turn(index=index, role=row.role, channel=channel, start_s=start, end_s=end, text=row.text))
        now = max(now, end)
    return placed
