"""Conditions over call facts: ``account.lawsuit_filed != true``, ``hour >= $quiet_from``.

Three-valued: a comparison with a fact that nobody gave is neither true nor false but unknown, and names
the fact; ``false and unknown`` is still false. Nothing is evaluated as Python.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from pydantic import JsonValue

from qa_service.rules.fact_functions import FUNCTIONS

Lookup = Callable[[str], JsonValue | None]


@dataclass(frozen=True)
class Unknown:
    """No answer: these facts are missing, or ``wrong`` says why one is no use."""

    names: tuple[str, ...]
    wrong: str = ""

    def reason(self) -> str:
        """The not-assessed reason."""
        return f"invalid_fact: {self.wrong}" if self.wrong else f"missing_fact: {', '.join(self.names)}"


@dataclass(frozen=True)
class FactsContext:
    """``lookup`` finds a fact by dotted name, ``parameters`` hold the pack's ``$names``."""

    lookup: Lookup
    parameters: Mapping[str, JsonValue]


class Expression(Protocol):
    def value(self, context: FactsContext) -> Any:
        """A JSON value or :class:`Unknown`."""


@dataclass(frozen=True)
class Literal:
    content: Any

    def value(self, context: FactsContext) -> Any:  # noqa: ARG002
        return self.content


@dataclass(frozen=True)
class Fact:
    name: str

    def value(self, context: FactsContext) -> Any:
        found = context.lookup(self.name)
        return Unknown((self.name,)) if found is None else found


@dataclass(frozen=True)
class Parameter:
    name: str

    def value(self, context: FactsContext) -> Any:
        return context.parameters[self.name]


@dataclass(frozen=True)
class Call:
    """A function of :mod:`fact_functions`, or ``exists`` or ``coalesce``, which alone may meet unknown facts."""

    name: str
    arguments: tuple[Expression, ...]

    def value(self, context: FactsContext) -> Any:
        if self.name == "exists":
            return not isinstance(self.arguments[0].value(context), Unknown)
        values = [a.value(context) for a in self.arguments]
        if self.name == "coalesce":
            return next((v for v in values if not isinstance(v, Unknown)), _all_unknown(values))
        if missing := _all_unknown(values):
            return missing
        try:
            return FUNCTIONS[self.name].run(*values)
        except ValueError as wrong:
            return Unknown((), str(wrong))


@dataclass(frozen=True)
class Binary:
    """Arithmetic or comparison of two values."""

    sign: str
    left: Expression
    right: Expression

    def value(self, context: FactsContext) -> Any:
        left, right = self.left.value(context), self.right.value(context)
        if missing := _all_unknown((left, right)):
            return missing
        if self.sign in ("==", "!="):
            return (_plain(left) == _plain(right)) is (self.sign == "==")
        if not (_is_number(left) and _is_number(right)):
            return Unknown((), f"{_shown(self.left, left)} {self.sign} {_shown(self.right, right)} needs two numbers")
        try:
            return _OPERATORS[self.sign](left, right)
        except ZeroDivisionError:
            return Unknown((), f"{_shown(self.right, right)} is zero")


@dataclass(frozen=True)
class Among:
    """``x in [a, b]``."""

    item: Expression
    options: tuple[Any, ...]
    wanted: bool

    def value(self, context: FactsContext) -> Any:
        found = self.item.value(context)
        if isinstance(found, Unknown):
            return found
        return (_plain(found) in {_plain(o) for o in self.options}) is self.wanted


@dataclass(frozen=True)
class Not:
    part: Expression

    def value(self, context: FactsContext) -> Any:
        found = truth(self.part, context)
        return found if isinstance(found, Unknown) else not found


@dataclass(frozen=True)
class Junction:
    """``and`` (``decisive`` False) or ``or`` (True): one decisive part decides whatever is unknown."""

    parts: tuple[Expression, ...]
    decisive: bool

    def value(self, context: FactsContext) -> Any:
        values = [truth(p, context) for p in self.parts]
        if any(v is self.decisive for v in values):
            return self.decisive
        return _all_unknown(values) or (not self.decisive)


def truth(expression: Expression, context: FactsContext) -> bool | Unknown:
    """The expression as yes, no or unknown; a value that is neither is an invalid fact."""
    found = expression.value(context)
    if isinstance(found, bool | Unknown):
        return found
    return Unknown((), f"{_shown(expression, found)} is neither true nor false")


def parameters_of(expression: Expression) -> frozenset[str]:
    """All ``$names`` the expression uses."""
    if isinstance(expression, Parameter):
        return frozenset({expression.name})
    return frozenset().union(*(parameters_of(child) for child in _children(expression)))


def _children(expression: Expression) -> tuple[Expression, ...]:
    match expression:
        case Call(arguments=parts) | Junction(parts=parts):
            return parts
        case Binary(left=left, right=right):
            return (left, right)
        case Among(item=part) | Not(part=part):
            return (part,)
    return ()


def _all_unknown(values: Any) -> Unknown | None:
    """What is unknown among these values, as one; None when nothing is."""
    unknown = [v for v in values if isinstance(v, Unknown)]
    if not unknown:
        return None
    names = tuple(dict.fromkeys(name for u in unknown for name in u.names))
    return Unknown(names, "" if names else next((u.wrong for u in unknown), ""))


def _plain(value: Any) -> Any:
    """Numbers compare as numbers, text without regard to case; true is not 1."""
    if isinstance(value, bool) or value is None:
        return ("bool", value)
    if isinstance(value, int | float):
        return float(value)
    return value.strip().lower() if isinstance(value, str) else repr(value)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _shown(expression: Expression, value: Any) -> str:
    name = getattr(expression, "name", "")
    return f"{name} ({value!r})" if name else repr(value)


_OPERATORS: dict[str, Callable[[Any, Any], Any]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
}
