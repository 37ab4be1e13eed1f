"""Which turns a query tree holds of."""

from __future__ import annotations

import sqlite3
from functools import lru_cache, partial

import numpy as np

from qa_service.search.embedded.columns import Bools, Columns, Ints, listed, masked
from qa_service.search.embedded.match import allowed, condition, expression, of_calls, of_turns, words_near
from qa_service.search.protocol import Access
from qa_service.search.tree import EVERY, And, Fact, Node, Not, Or


class Finder:
    """Looks up turns within one transaction; only those of calls that the asker may see are ever found."""

    def __init__(self, connection: sqlite3.Connection, columns: Columns, access: Access) -> None:
        self.columns = columns
        self._connection = connection
        self._access = allowed(access)
        self._nearby = lru_cache(maxsize=None)(partial(words_near, connection))
        self._found: dict[str, Ints] = {}
        self._counted: dict[str, int] = {}

    def turns(self, node: Node) -> Bools:
        """The turns for which the node holds, as a mask over all positions."""
        if of_calls(node):
            return self._spread(self._calls(node, bounded=True))
        found = self._turns(node)
        if self._access is not None and found.any():
            found &= self._spread(self._calls(Fact(EVERY), bounded=True))
        return found

    def lookup(self, expression: str) -> Ints:
        """The positions of turns by an FTS5 expression, whoever may see them."""
        if expression not in self._found:
            keys = listed(self._connection, "rowid", "spoken WHERE spoken MATCH ?", (expression,))
            self._found[expression] = self.columns.positions(keys)
        return self._found[expression]

    def count(self, expression: str) -> int:
        """How many turns of the whole index it holds of."""
        if expression in self._found:
            return len(self._found[expression])
        if expression not in self._counted:
            find = "SELECT count(*) FROM spoken WHERE spoken MATCH ?"
            (self._counted[expression],) = self._connection.execute(find, (expression,)).fetchone()
        return self._counted[expression]

    def expression(self, node: Node) -> str:
        return expression(node, self._nearby)

    def _calls(self, node: Node, *, bounded: bool = False) -> Bools:
        """The calls for which a node of calls alone holds, by their places; ``bounded``: those that may be seen."""
        parts = [condition(node), *([self._access] if bounded and self._access else [])]
        size = len(self.columns.numbers)
        if parts == [condition(Fact(EVERY))]:
            return np.ones(size, np.bool_)
        sql, values = " AND ".join(part for part, _ in parts), [value for _, values in parts for value in values]
        return masked(self.columns.calls_at(listed(self._connection, "number", f"calls WHERE {sql}", values)), size)

    def _spread(self, calls: Bools) -> Bools:
        """All turns of these calls."""
        return np.repeat(calls, self.columns.turns)

    def _turns(self, node: Node) -> Bools:
        """Of all turns, whoever may see them."""
        if of_calls(node):
            return self._spread(self._calls(node))
        match node:
            case Or(parts=parts):  # one by one, for ranking asks for each
                found = self._turns(parts[0])
                for part in parts[1:]:
                    found = found | self._turns(part)
                return found
            case And() if not of_turns(node):
                return self._all_of(node)
            case Not(part=part):
                return ~self._turns(part)
        return masked(self.lookup(self.expression(node)), len(self.columns.lengths))

    def _all_of(self, node: And) -> Bools:
        """What FTS5 can find comes first: where it finds nothing, the rest need not be looked for."""
        together = driver(node)
        parts = [part for part in node.parts if together is None or not in_driver(part)]
        found = np.ones(len(self.columns.lengths), np.bool_) if together is None else self._turns(together)
        for part in parts:
            if not found.any():
                break
            found = found & self._turns(part)
        return found


def driver(node: Node) -> And | None:
    """The parts that FTS5 finds together by itself; every turn that matches has them."""
    if not isinstance(node, And) or not any(map(of_turns, node.parts)):
        return None
    return And(tuple(part for part in node.parts if in_driver(part)))


def in_driver(part: Node) -> bool:
    return of_turns(part.part if isinstance(part, Not) else part)
