"""Read call facts: JSON from a file, with errors that name the field and what is allowed."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from qa_service.errors import ErrorCode, FactsError
from qa_service.intake.files import shown
from qa_service.intake.json_text import read_json
from qa_service.intake.turn_fields import holds_turns
from qa_service.records import CallFacts
from qa_service.records.fact_words import plain_name

#: What belongs to the input's other parts, or to labels, and never to the facts.
NOT_FACTS = frozenset({"speakers", "expected", "audio", "file", "labels", "duration_s"})
#: Fields whose values may be personal: an error names the field and keeps the value to itself.
PRIVATE = frozenset({"phone", "debtor_ref", "agent_name", "account", "history", "extra"})
MOST_ERRORS = 3
#: Of the way to a field that is told.
MOST_PARTS = 6


def read_facts(path: Path) -> CallFacts:
    """Facts of one call from a JSON file.

    Raises:
        FactsError: FACTS_UNREADABLE (no JSON, not UTF-8, not there) or FACTS_INVALID (a field is wrong).
    """
    return parse_facts(read_json(path, ErrorCode.FACTS_UNREADABLE), shown(path))


def sidecar_facts(audio: Path) -> CallFacts | None:
    """Facts in ``NAME.json`` beside ``NAME.mp3``; None where there is no such file.

    Turns and labels that stand in it are passed over. Raises what :func:`read_facts` raises.
    """
    try:
        beside = audio.with_suffix(".json")
        there = beside != audio and beside.is_file()
    except (OSError, ValueError):  # a place that cannot be looked at: the recording itself is refused for it
        return None
    return read_facts(beside) if there else None


def fields_sent(facts: CallFacts) -> Iterator[tuple[str, str]]:
    """Of each field of the call that was sent: its name and its value; of a personal one only that it was."""
    for name, value in facts.model_dump(mode="json", exclude={"account", "history", "extra"}).items():
        if value is not None:
            yield name, "sent" if name in PRIVATE else json.dumps(value, ensure_ascii=False)


def parse_facts(value: object, where: str, common: CallFacts | None = None) -> CallFacts:
    """Facts from a decoded JSON value; ``where`` names the file or line in errors.

    ``common``: what goes for each of many calls where its own facts are silent; its ``clock_tz`` also for their times,
    its ``direction`` for which of their numbers is the customer's.

    Raises:
        FactsError: FACTS_INVALID.
    """
    if not isinstance(value, dict):
        message = f"{where}: call facts must be an object, not {json_kind(value)}."
        raise FactsError(ErrorCode.FACTS_INVALID, message, 'Write {"agent_id": "A-1", …}.')
    try:
        sent = _only_facts(value)
        if common is None:
            return CallFacts.model_validate(sent)
        return _filled(_own(sent, common), common)
    except ValidationError as wrong:
        hint = "Correct the field; docs/facts.schema.json lists what is allowed."
        raise FactsError(ErrorCode.FACTS_INVALID, f"{where}: {_explained(wrong)}.", hint) from None
    except RecursionError:
        raise FactsError(ErrorCode.FACTS_INVALID, f"{where} is nested too deeply.", "Correct the file.") from None


def _own(sent: Mapping[str, Any], common: CallFacts) -> CallFacts:
    """The facts that were sent. What its times and numbers mean hangs on the zone and the direction: where none of its
    own is told, on the common ones."""
    clock = {"clock_tz": common.clock_tz} if common.clock_tz and not _tells(sent, "clock_tz") else {}
    own = CallFacts.model_validate({**sent, **clock})
    if own.direction is None and common.direction is not None:  # a field of another name may have told it
        own = CallFacts.model_validate({**sent, **clock, "direction": common.direction})
    return own


def _tells(sent: Mapping[str, Any], field: str) -> bool:
    meta = sent.get("meta")
    flat = (*sent.items(), *(meta.items() if isinstance(meta, dict) else ()))
    return any(plain_name(str(key)) == plain_name(field) and value not in (None, "") for key, value in flat)


def _filled(own: CallFacts, common: CallFacts) -> CallFacts:
    """``own`` facts, and those of ``common`` where it has none; of the free-form ones (``account`` …) fact by fact."""
    fields = {name: (getattr(own, name), getattr(common, name)) for name in CallFacts.model_fields}
    return own.model_copy(
        update={n: {**c, **o} if isinstance(o, dict) else o if o is not None else c for n, (o, c) in fields.items()}
    )


def _only_facts(value: Mapping[str, Any]) -> dict[str, Any]:
    """Without turns and labels, also where they stand inside ``meta`` or ``extra``."""
    return {
        key: _only_facts(item) if key in ("meta", "extra") and isinstance(item, dict) else item
        for key, item in value.items()
        if key not in NOT_FACTS and not holds_turns(str(key), item)
    }


def json_kind(value: object) -> str:
    """What JSON calls a value, for messages."""
    kinds = {list: "a list", dict: "an object", str: "a text", bool: "true or false", type(None): "null"}
    return kinds.get(type(value), "a number")


def _explained(wrong: ValidationError) -> str:
    errors = wrong.errors()
    more = f"; and {len(errors) - MOST_ERRORS} more" if len(errors) > MOST_ERRORS else ""
    return "; ".join(_one(dict(error)) for error in errors[:MOST_ERRORS]) + more


def _one(error: dict[str, Any]) -> str:
    field = ".".join(str(part) for part in error["loc"][:MOST_PARTS])
    field += "…" if len(error["loc"]) > MOST_PARTS else ""
    message = str(error["msg"]).removeprefix("Value error, ")
    if error["type"] == "timezone_aware":
        message += ", as 2026-11-30T09:00:00+08:00 has; clock_tz may name the zone of such times (Asia/Shanghai)"
    if not field:
        return message
    if error["loc"][0] in PRIVATE or isinstance(error["input"], dict | list):
        return f"field {field}: {message} (got {json_kind(error['input'])})"
    return f"field {field}: {message} (got {str(error['input'])[:60]!r})"
