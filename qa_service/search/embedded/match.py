"""Parts of a query tree in the words of SQLite: of a turn as an FTS5 expression, of a call as a condition."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterator

from qa_service.search.embedded.tokens import NEVER, tokens_of
from qa_service.search.protocol import Access
from qa_service.search.tree import EVERY, And, Fact, Fuzzy, Measure, Node, Not, Or, Range, Sounds, Words
from qa_service.text.distance import alignment

_COLUMNS = {Measure.SCORE: "score", Measure.DURATION: "duration_s", Measure.DAY: "day"}
#: The words that are near enough to a misspelt one.
Nearby = Callable[[Fuzzy], tuple[str, ...]]
#: A condition on the table of calls, and the values of its question marks.
Condition = tuple[str, tuple[object, ...]]


def of_calls(node: Node) -> bool:
    """Whether it is the same for all turns of a call."""
    match node:
        case Fact(of_turn=of_turn):
            return not of_turn
        case Range():
            return True
        case And(parts=parts) | Or(parts=parts):
            return all(map(of_calls, parts))
        case Not(part=part):
            return of_calls(part)
        case Words() | Fuzzy() | Sounds():
            return False


def of_turns(node: Node) -> bool:
    """Whether FTS5 can find it by itself; it has no "not this" but only "that and not this"."""
    match node:
        case Words() | Fuzzy() | Sounds():
            return True
        case Fact(of_turn=of_turn):
            return of_turn
        case Or(parts=parts):
            return all(map(of_turns, parts))
        case And(parts=parts):
            there = [part for part in parts if not isinstance(part, Not)]
            absent = [part.part for part in parts if isinstance(part, Not)]
            return bool(there) and all(map(of_turns, [*there, *absent]))
        case Not() | Range():
            return False


def expression(node: Node, nearby: Nearby) -> str:
    """A node :func:`of_turns` as an FTS5 expression."""
    match node:
        case Words() | Sounds() | Fact():
            begun = isinstance(node, Words) and node.prefix
            return f"{_quoted(' '.join(tokens_of(node)))}{' *' if begun else ''}"
        case Fuzzy():
            return f"({' OR '.join(map(_quoted, nearby(node) or (NEVER,)))})"
        case Or(parts=parts):
            return f"({' OR '.join(expression(part, nearby) for part in parts)})"
        case And(parts=parts):
            there = " AND ".join(expression(part, nearby) for part in parts if not isinstance(part, Not))
            absent = " OR ".join(expression(part.part, nearby) for part in parts if isinstance(part, Not))
            return f"(({there}) NOT ({absent}))" if absent else f"({there})"
        case Not() | Range():
            raise ValueError("FTS5 cannot find this by itself.")


def condition(node: Node) -> Condition:
    """A node :func:`of_calls` as a condition; never NULL, so that NOT can stand before it."""
    match node:
        case Fact(token=token):
            if token == EVERY:
                return "1", ()
            facts = "SELECT facts.number FROM facts JOIN fact_names ON id = fact WHERE token = ?"
            return f"calls.number IN ({facts})", (token,)
        case Range():
            return _range(node)
        case And(parts=parts):
            return _joined(" AND ", map(condition, parts))
        case Or(parts=parts):
            return _joined(" OR ", map(condition, parts))
        case Not(part=part):
            inner, values = condition(part)
            return f"NOT {inner}", values
        case Words() | Fuzzy() | Sounds():
            raise ValueError("The words of a turn are no condition on its call.")


def allowed(access: Access) -> Condition | None:
    """What the asker may see; None without a bound."""
    bounds = [
        (f"coalesce(calls.{column} IN (SELECT value FROM json_each(?)), 0)", (json.dumps(sorted(values)),))  # noqa: S608
        for column, values in (("team", access.teams), ("agent_id", access.agents))
        if values is not None
    ]
    return _joined(" AND ", iter(bounds)) if bounds else None


def words_near(connection: sqlite3.Connection, fuzzy: Fuzzy) -> tuple[str, ...]:
    """All words of the index that differ in no more letters."""
    wanted, most, size = fuzzy.token, fuzzy.edits, len(fuzzy.token)
    find = "SELECT token FROM vocabulary WHERE letters BETWEEN ? AND ?"
    known = [token for (token,) in connection.execute(find, (size - most, size + most))]
    return tuple(t for t in known if alignment(t, wanted, most) <= most)


def _range(node: Range) -> Condition:
    column = _COLUMNS[node.measure]
    parts: list[Condition] = [(f"calls.{column} IS NOT NULL", ())]
    for sign, included, end in ((">", node.low_included, node.low), ("<", node.high_included, node.high)):
        if end is not None:
            parts.append((f"calls.{column} {sign}{'=' if included else ''} ?", (end,)))
    return _joined(" AND ", iter(parts))


def _joined(by: str, parts: Iterator[Condition]) -> Condition:
    found = list(parts)
    return f"({by.join(sql for sql, _ in found)})", tuple(value for _, values in found for value in values)


def _quoted(text: str) -> str:
    return '"' + text.replace('"', '""') + '"'
