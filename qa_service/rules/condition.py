"""Conditions over named selections: ``relatives and tell and not filter_*``, ``2 of threat_*``.

Grammar, loosest first: ``or``, ``and``, ``not``; parentheses; ``any of``, ``all of``, ``none of``, ``N of``
with a name, a pattern (``x_*``), ``them`` (all that are no filter) or ``(a, b, c)``. A pattern on its own
means any of it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import lru_cache

from qa_service.rules.lexer import ExpressionError, Tokens

FILTER = "filter_"
MAX_DEPTH = 20

#: (selection, inside a negation) → whether it is present.
Present = Callable[[str, bool], bool]


@dataclass(frozen=True)
class AtLeast:
    """At least ``need`` of these selections are present."""

    names: tuple[str, ...]
    need: int

    def holds(self, present: Present, negated: bool = False) -> bool:
        return sum(present(name, negated) for name in self.names) >= self.need


@dataclass(frozen=True)
class Not:
    part: Condition

    def holds(self, present: Present, negated: bool = False) -> bool:
        return not self.part.holds(present, not negated)


@dataclass(frozen=True)
class And:
    parts: tuple[Condition, ...]

    def holds(self, present: Present, negated: bool = False) -> bool:
        return all(p.holds(present, negated) for p in self.parts)


@dataclass(frozen=True)
class Or:
    parts: tuple[Condition, ...]

    def holds(self, present: Present, negated: bool = False) -> bool:
        return any(p.holds(present, negated) for p in self.parts)


Condition = AtLeast | Not | And | Or


def parse_condition(text: str, names: Iterable[str]) -> Condition:
    """Parse a condition over these selections.

    Raises:
        ExpressionError: with the character where it goes wrong.
    """
    parser = _Parser(text, tuple(names))
    condition = parser.disjunction(0)
    parser.tokens.finish()
    return condition


def default_condition(names: Iterable[str]) -> Condition:
    """All selections, and no filter."""
    wanted = tuple(n for n in names if not n.startswith(FILTER))
    filters = tuple(n for n in names if n.startswith(FILTER))
    needed = AtLeast(wanted, len(wanted))
    return And((needed, Not(AtLeast(filters, 1)))) if filters else needed


@lru_cache(maxsize=4096)
def mentioned(condition: Condition, negated: bool = False) -> tuple[frozenset[str], frozenset[str]]:
    """Selections that must be present somewhere in it, and those that must be absent."""
    if isinstance(condition, AtLeast):
        names = frozenset(condition.names)
        return (frozenset(), names) if negated else (names, frozenset())
    if isinstance(condition, Not):
        return mentioned(condition.part, not negated)
    pairs = [mentioned(p, negated) for p in condition.parts]
    return frozenset().union(*(p[0] for p in pairs)), frozenset().union(*(p[1] for p in pairs))


def supporting(condition: Condition, present: Present) -> frozenset[str]:
    """Selections whose presence a part of it that holds rests on; of a choice, those of its parts that hold."""
    if isinstance(condition, Not) or not condition.holds(present):
        return frozenset()
    if isinstance(condition, AtLeast):
        return frozenset(name for name in condition.names if present(name, False))
    return frozenset().union(*(supporting(part, present) for part in condition.parts))


class _Parser:
    def __init__(self, text: str, names: tuple[str, ...]) -> None:
        self.tokens = Tokens(text)
        self.names = names

    def disjunction(self, depth: int) -> Condition:
        parts = [self.conjunction(depth)]
        while self.tokens.accept("or"):
            parts.append(self.conjunction(depth))
        return parts[0] if len(parts) == 1 else Or(tuple(parts))

    def conjunction(self, depth: int) -> Condition:
        parts = [self.negation(depth)]
        while self.tokens.accept("and"):
            parts.append(self.negation(depth))
        return parts[0] if len(parts) == 1 else And(tuple(parts))

    def negation(self, depth: int) -> Condition:
        token = self.tokens.next
        if depth > MAX_DEPTH:
            raise ExpressionError("this condition is nested too deeply", token.position, "Write it more simply.")
        if self.tokens.accept("not"):
            return Not(self.negation(depth + 1))
        if self.tokens.accept("("):
            inside = self.disjunction(depth + 1)
            self.tokens.expect(")")
            return inside
        return self.quantified()

    def quantified(self) -> Condition:
        token = self.tokens.next
        counted = token.kind == "number" or token.text in ("any", "all", "none")
        if counted and self.tokens.follows("of"):
            self.tokens.take()
            self.tokens.take()
            names = self.targets()
            if token.text == "none":
                return Not(AtLeast(names, 1))
            return AtLeast(names, self._need(token.text, names, token.position))
        return AtLeast(self.matching(), 1)

    def _need(self, text: str, names: tuple[str, ...], position: int) -> int:
        need = {"any": 1, "all": len(names)}.get(text) or (int(text) if text.isdigit() else 0)
        if not 1 <= need <= len(names):
            raise ExpressionError(f"{text} of {len(names)} selections can never be", position, "Correct the number.")
        return need

    def targets(self) -> tuple[str, ...]:
        if not self.tokens.accept("("):
            return self.matching()
        names = [*self.matching()]
        while self.tokens.accept(","):
            names += self.matching()
        self.tokens.expect(")")
        return tuple(dict.fromkeys(names))

    def matching(self) -> tuple[str, ...]:
        """Selections that the next word names."""
        token = self.tokens.next
        if token.kind != "word" or token.text in ("and", "or", "not", "of"):
            raise self.tokens.unexpected("a selection is needed here")
        self.tokens.take()
        if token.text == "them":
            return tuple(n for n in self.names if not n.startswith(FILTER))
        found = tuple(n for n in self.names if fnmatchcase(n, token.text))
        if not found:
            known = ", ".join(self.names) or "none"
            raise ExpressionError(
                f"no selection is called {token.text!r}", token.position, f"Selections of this rule: {known}."
            )
        return found
