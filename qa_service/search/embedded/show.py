"""What a page shows of calls and their turns."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from qa_service.search.embedded.columns import Ints, json_of
from qa_service.search.near import PartTurn
from qa_service.search.protocol import CallHit, TurnHit
from qa_service.search.streams import at_s, marks
from qa_service.search.tree import Node

_TURN = ("turn_index", "start_s", "end_s", "role", "text", "rule_ids", "severities")


def call_hits(
    connection: sqlite3.Connection,
    numbers: Sequence[int],
    turns: Iterable[Ints],
    told: Iterable[Mapping[str, object]],
    node: Node,
) -> list[CallHit]:
    """Calls with the turns of these keys. ``told`` are matches and relevance; ``node`` says what is marked."""
    chosen = list(turns)
    rows = _rows(connection, np.concatenate(chosen) if chosen else np.empty(0, np.int64))
    known = shown(connection, numbers)
    return [
        CallHit(**known[number], **more, turns=tuple(_hit(rows[key], node) for key in keys.tolist()))
        for number, keys, more in zip(numbers, chosen, told, strict=True)
    ]


def shown(connection: sqlite3.Connection, numbers: Sequence[int]) -> dict[int, dict[str, Any]]:
    """The fields of a CallHit that are of the call itself."""
    find = "SELECT number, shown FROM kept WHERE number IN (SELECT value FROM json_each(?))"
    return {number: json.loads(text) for number, text in connection.execute(find, (json.dumps(list(numbers)),))}


def part_turns(connection: sqlite3.Connection, keys: Ints) -> dict[int, PartTurn]:
    """Turns as parts of a near(), by their keys."""
    return {key: PartTurn(**row) for key, row in _rows(connection, keys).items()}


def _rows(connection: sqlite3.Connection, keys: Ints) -> dict[int, dict[str, Any]]:
    find = f"SELECT key, {', '.join(_TURN)} FROM turns WHERE key IN (SELECT value FROM json_each(?))"  # noqa: S608
    found = {key: dict(zip(_TURN, row, strict=True)) for key, *row in connection.execute(find, (json_of(keys),))}
    for row in found.values():
        row["rule_ids"], row["severities"] = _texts(row["rule_ids"]), _texts(row["severities"])
    return found


def _texts(listed: str) -> tuple[str, ...]:
    return () if listed == "[]" else tuple(json.loads(listed))


def _hit(row: Mapping[str, Any], node: Node) -> TurnHit:
    start, end, text = row["start_s"], row["end_s"], row["text"]
    marked = marks(text, node)
    return TurnHit(**row, at_s=at_s(start, end, text, marked), highlights=marked)
