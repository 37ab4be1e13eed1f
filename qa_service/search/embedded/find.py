"""Which turns a query tree holds of."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from functools import cached_property, lru_cache, partial

import numpy as np

from qa_service.search.embedded.keys import (
    NONE,
    Ints,
    both,
    call_of,
    either,
    keys_of,
    listed,
    within,
    without,
)
from qa_service.search.embedded.match import Condition, allowed, condition, expression, of_calls, of_turns, words_near
from qa_service.search.protocol import Access
from qa_service.search.tree import EVERY, And, Fact, Node, Not, Or

_EVERY = Fact(EVERY)


class Finder:
    """Looks up turns within one transaction; only those of calls that the asker may see are ever found."""

    def __init__(self, connection: sqlite3.Connection, access: Access) -> None:
        self._connection = connection
        self._access = allowed(access)
        self._nearby = lru_cache(maxsize=None)(partial(words_near, connection))
        self._counts: dict[str, int] = {}

    def turns(self, node: Node) -> Ints:
        """The keys of the turns for which the node holds."""
        of_call, of_turn = split(node)
        if of_turn is None:
            return self._every(of_call)
        found = self._found(of_turn)
        if of_call == _EVERY and self._access is None:
            return found
        return found[within(call_of(found), self.calls(of_call))] if len(found) else found

    def calls(self, node: Node) -> Ints:
        """The numbers of the calls for which a node of calls alone holds."""
        return listed(self._connection, "number", *self._where(node))

    def lookup(self, expression: str) -> Ints:
        """The keys of turns by an FTS5 expression, whoever may see them."""
        found = listed(self._connection, "rowid", "spoken WHERE spoken MATCH ?", (expression,))
        self._counts[expression] = len(found)
        return found

    def count(self, expression: str) -> int:
        """How many turns of the whole index it holds of."""
        if expression not in self._counts:
            find = "SELECT count(*) FROM spoken WHERE spoken MATCH ?"
            (self._counts[expression],) = self._connection.execute(find, (expression,)).fetchone()
        return self._counts[expression]

    def expression(self, node: Node) -> str:
        return expression(node, self._nearby)

    def _where(self, node: Node) -> tuple[str, tuple[object, ...]]:
        parts: list[Condition] = [condition(node), *([self._access] if self._access else [])]
        sql = " AND ".join(part for part, _ in parts)
        return f"calls WHERE {sql}", tuple(value for _, values in parts for value in values)

    def _found(self, node: Node) -> Ints:
        """Of all turns, whoever may see them."""
        if of_turns(node):
            return self.lookup(self.expression(node))
        if of_calls(node):
            calls = listed(self._connection, "number", *_calls_where(node))
            return self._all[within(call_of(self._all), calls)]
        match node:
            case And(parts=parts):
                return self._all_of(parts)
            case Or(parts=parts):
                found = NONE
                for part in _grouped(Or, parts):
                    found = either(found, self._found(part))
                return found
            case Not(part=part):
                return without(self._all, self._found(part))
        raise ValueError(f"{node} cannot be looked for.")

    def _all_of(self, parts: Sequence[Node]) -> Ints:
        """What FTS5 can find comes first, for it narrows most; what must be absent is taken from the rest."""
        grouped = _grouped(And, parts)
        there = [part for part in grouped if not isinstance(part, Not)]
        there.sort(key=of_turns, reverse=True)
        found = self._found(there[0]) if there else self._all
        for part in there[1:]:
            found = both(found, self._found(part)) if len(found) else found
        for absent in grouped:
            if isinstance(absent, Not) and len(found):
                found = without(found, self._found(absent.part))
        return found

    @cached_property
    def _all(self) -> Ints:
        return self._every(_EVERY)

    def _every(self, node: Node) -> Ints:
        """All turns of the calls for which the node holds."""
        source, values = self._where(node)
        rows = self._connection.execute(f"SELECT number, turns FROM {source} ORDER BY number", values).fetchall()  # noqa: S608
        numbers, turns = np.array(rows, np.int64).reshape(-1, 2).T
        return keys_of(numbers, turns)


def split(node: Node) -> tuple[Node, Node | None]:
    """What a tree asks of the call, and what of the turn beside that (None: nothing)."""
    if of_calls(node):
        return node, None
    if not isinstance(node, And):
        return _EVERY, node
    of_call = tuple(part for part in node.parts if of_calls(part))
    of_turn = tuple(part for part in node.parts if not of_calls(part))
    return And(of_call) if of_call else _EVERY, of_turn[0] if len(of_turn) == 1 else And(of_turn)


def _calls_where(node: Node) -> Condition:
    sql, values = condition(node)
    return f"calls WHERE {sql}", values


def _grouped(kind: type[And] | type[Or], parts: Sequence[Node]) -> list[Node]:
    """Parts with those that FTS5 can find together as one, and so those of calls."""
    for test in (of_turns, of_calls):
        kept = [part for part in parts if test(part)]
        if kind is And and kept and test is of_turns:
            kept += [part for part in parts if isinstance(part, Not) and of_turns(part.part)]
        if len(kept) > 1:
            parts = [kind(tuple(kept)), *(part for part in parts if part not in kept)]
    return list(parts)
