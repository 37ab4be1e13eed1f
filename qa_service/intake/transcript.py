"""Given transcripts: turns as text, from a file or a manifest line."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

from qa_service.errors import ErrorCode, FactsError
from qa_service.intake.facts import json_kind, parse_facts
from qa_service.intake.files import shown
from qa_service.intake.json_text import read_json
from qa_service.intake.speakers import roles_of, told_speakers
from qa_service.intake.turn_fields import PlainTurn, TurnsError, elsewhere, plain_turn, turns_in, words_of
from qa_service.intake.turn_times import estimated_s, times_of
from qa_service.records import CallFacts, Coverage, EngineInfo, Role, Roles, RoleSource, Transcript, Turn

MOST_TURNS = 100_000
#: Characters of one turn: many minutes without a word of the other side. What is in one piece is divided; rules read
#: turns of one side that follow one another on from each other.
MOST_CHARACTERS = 4_000
_ENDS = ("。！？!?；;\n", "，,、 \t")
#: Words that every fourth word of English talk is, and hardly one of its neighbours'. Fewer words say nothing.
ENGLISH = frozenset({
    "the", "and", "you", "your", "are", "is", "to", "it", "that", "this", "my", "have", "what", "with", "not", "but",
    "they", "would", "there", "yes", "it's", "i'm", "don't",
})  # fmt: skip
ENGLISH_SHARE, ENOUGH_WORDS = 0.08, 20
_WORDS = re.compile(r"[a-z']+")


@dataclass(frozen=True)
class _GivenTurn:
    role: Role
    text: str
    start_s: float | None
    end_s: float | None


def read_transcript(path: Path) -> tuple[CallFacts, Transcript]:
    """A JSON object with facts and ``turns`` (or what others call them), or a bare list of turns.

    Raises:
        FactsError: TRANSCRIPT_INVALID, or FACTS_INVALID where a fact is wrong.
    """
    return transcript_of(read_json(path, ErrorCode.TRANSCRIPT_INVALID), shown(path))


def transcript_of(value: object, where: str) -> tuple[CallFacts, Transcript]:
    """As :func:`read_transcript`, of a decoded JSON value; ``where`` names it in errors."""
    if isinstance(value, list):
        return CallFacts(), given_transcript(value, CallFacts(), where)
    if not isinstance(value, dict):
        raise _invalid(where, f"a transcript is an object or a list of turns, not {json_kind(value)}")
    facts = parse_facts(value, where)
    return facts, sent_transcript(value, facts, where)


def sent_transcript(sent: Mapping[str, Any], facts: CallFacts, where: str) -> Transcript:
    """Of the turns that stand in what was sent, under whichever name.

    Raises:
        FactsError: TRANSCRIPT_INVALID; so too where there are none.
    """
    try:
        turns, told = turns_in(sent), told_speakers(sent)
    except TurnsError as wrong:
        raise _invalid(where, str(wrong)) from None
    if turns is None:
        raise _invalid(where, f"`turns` must be a list with at least one turn{elsewhere(sent)}")
    return given_transcript(turns, facts, where, told)


def given_transcript(
    turns: object, facts: CallFacts, where: str, told: Mapping[str, Role] = MappingProxyType({})
) -> Transcript:
    """A Transcript of given turns, in the order of their starts where all have one, else as given.

    Missing times are made up, evenly by characters. Without ``language`` in the facts the script that most letters
    belong to decides: Han is zh, Latin is en, any other is None. Of twenty words or more, Latin ones are en only where
    English words are among them. ``told``: the roles of the labels that turns have for their speakers.

    Raises:
        FactsError: TRANSCRIPT_INVALID.
    """
    rows = _rows(turns, facts, told, where)
    language = facts.language or _language("".join(row.text for row in rows))
    if all(row.start_s is not None for row in rows):
        rows.sort(key=lambda row: row.start_s or 0.0)
    placed = [
        part.model_copy(update={"index": index})
        for index, part in enumerate(part for turn in _placed(rows, language or "en") for part in _divided(turn))
    ]
    return Transcript(
        language=language,
        duration_s=max((t.end_s for t in placed), default=0.0),
        turns=tuple(placed),
        coverage=Coverage(),
        roles=Roles(source=RoleSource.METADATA, confidence=1.0),
        engine=EngineInfo(name="none"),
    )


def _rows(turns: object, facts: CallFacts, told: Mapping[str, Role], where: str) -> list[_GivenTurn]:
    if not isinstance(turns, list) or not turns:
        raise _invalid(where, "`turns` must be a list with at least one turn")
    if len(turns) > MOST_TURNS:
        raise _invalid(where, f"more than {MOST_TURNS} turns")
    plain = [_plain(turn, number, where) for number, turn in enumerate(turns, 1)]
    try:
        roles = roles_of(plain, told, facts.channels)
        times = times_of(plain, facts)
    except TurnsError as wrong:
        raise _invalid(where, str(wrong)) from None
    for number, (start, end) in enumerate(times, 1):
        if start is not None and end is not None and end < start:
            raise _invalid(where, f"turn {number}: its end {end:g} lies before its start {start:g}")
    return [
        _GivenTurn(role, words_of(turn) or "", start, end)
        for turn, role, (start, end) in zip(plain, roles, times, strict=True)
    ]


def _plain(turn: object, number: int, where: str) -> PlainTurn:
    if not isinstance(turn, Mapping):
        raise _invalid(where, f"turn {number} is {json_kind(turn)}, not an object")
    plain = plain_turn(turn)
    if words_of(plain) is None:
        raise _invalid(where, f"turn {number} has no `text`")
    return plain


def _invalid(where: str, what: str) -> FactsError:
    hint = "Each turn is an object with role (agent, customer, unknown), text and, if known, start_s and end_s."
    return FactsError(ErrorCode.TRANSCRIPT_INVALID, f"{where}: {what}.", hint)


def _language(text: str) -> str | None:
    """By script. A word of Latin letters weighs as much as one Han character."""
    weights: Counter[str | None] = Counter()
    for word in text.split():
        scripts = Counter(_script(c) for c in word if c.isalpha())
        weights["en"] += bool(scripts.pop("en", 0))
        weights.update(scripts)
    found = weights.most_common(1)
    language = found[0][0] if found and found[0][1] else None
    return None if language == "en" and _other_than_english(text) else language


def _other_than_english(text: str) -> bool:
    words = _WORDS.findall(text.lower().replace("’", "'"))
    return len(words) >= ENOUGH_WORDS and sum(word in ENGLISH for word in words) < ENGLISH_SHARE * len(words)


def _script(letter: str) -> str | None:
    if "\u4e00" <= letter <= "\u9fff" or "\u3400" <= letter <= "\u4dbf":
        return "zh"
    return "en" if unicodedata.name(letter, "").startswith(("LATIN", "FULLWIDTH LATIN")) else None


def _placed(rows: list[_GivenTurn], language: str) -> list[Turn]:
    """Turns with times: a turn without a start begins where the one before ends."""
    now, placed = 0.0, []
    for index, row in enumerate(rows):
        start = row.start_s if row.start_s is not None else now
        start = min(start, row.end_s) if row.end_s is not None else start
        end = row.end_s if row.end_s is not None else round(start + estimated_s(row.text, language), 3)
        channel = 1 if row.role is Role.CUSTOMER else 0
        placed.append(Turn(index=index, role=row.role, channel=channel, start_s=start, end_s=end, text=row.text))
        now = max(now, end)
    return placed


def _divided(turn: Turn) -> Iterator[Turn]:
    """A turn in parts of at most :data:`MOST_CHARACTERS`, its time shared out by their length."""
    if len(turn.text) <= MOST_CHARACTERS:
        yield turn
        return
    a_character_s, at = (turn.end_s - turn.start_s) / len(turn.text), 0
    while at < len(turn.text):
        end = at + _length(turn.text[at : at + MOST_CHARACTERS + 1])
        times = {
            side: round(turn.start_s + a_character_s * place, 3) for side, place in (("start_s", at), ("end_s", end))
        }
        yield turn.model_copy(update={"text": turn.text[at:end], **times})
        at = end


def _length(text: str) -> int:
    """Characters up to the last end of a sentence, or pause, of the longest part that may be; all of a shorter text."""
    if len(text) <= MOST_CHARACTERS:
        return len(text)
    lasts = (max(text.rfind(mark, MOST_CHARACTERS // 2, MOST_CHARACTERS) for mark in marks) + 1 for marks in _ENDS)
    return next(filter(None, lasts), MOST_CHARACTERS)
