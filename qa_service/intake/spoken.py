"""A conversation written down by hand: lines like ``agent: …`` and ``客户:…``."""

from __future__ import annotations

import re

from qa_service.errors import ErrorCode, FactsError
from qa_service.intake.transcript import given_transcript
from qa_service.records import CallFacts, Transcript

#: Who speaks, as people write it, with the role it means.
SPEAKERS = {
    "agent": "agent", "a": "agent", "collector": "agent", "坐席": "agent", "座席": "agent", "客服": "agent",
    "催收员": "agent", "customer": "customer", "c": "customer", "debtor": "customer", "客户": "customer",
    "债务人": "customer", "unknown": "unknown", "未知": "unknown",
}  # fmt: skip
_LINE = re.compile(rf"\s*({'|'.join(sorted(SPEAKERS, key=len, reverse=True))})\s*[:：]\s*(.*)", re.IGNORECASE)


def is_dialogue(text: str) -> bool:
    """Whether the first line that is not empty names a speaker."""
    first = next((line for line in text.splitlines() if line.strip()), "")
    return _LINE.fullmatch(first) is not None


def read_dialogue(text: str, facts: CallFacts, where: str) -> Transcript:
    """Turns of a conversation; a line without a speaker goes on with the turn before. Times are made up.

    Raises:
        FactsError: TRANSCRIPT_INVALID where no line names a speaker first, or a turn has no words.
    """
    turns: list[dict[str, str]] = []
    for number, line in enumerate(text.splitlines(), 1):
        if match := _LINE.fullmatch(line):
            turns.append({"role": SPEAKERS[match.group(1).lower()], "text": match.group(2).strip()})
        elif line.strip() and not turns:
            raise _invalid(where, f"line {number} does not say who speaks")
        elif line.strip():
            turns[-1]["text"] = f"{turns[-1]['text']} {line.strip()}".strip()
    empty = next((i for i, turn in enumerate(turns, 1) if not turn["text"]), None)
    if empty:
        raise _invalid(where, f"turn {empty} has no words")
    return given_transcript(turns, facts, where)


def _invalid(where: str, what: str) -> FactsError:
    hint = "Begin each turn with agent: or customer: (坐席: or 客户:)."
    return FactsError(ErrorCode.TRANSCRIPT_INVALID, f"{where}: {what}.", hint)
