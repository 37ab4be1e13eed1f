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
from qa_service.rules.unsure import Unsure

Lookup = Callable[[str], JsonValue | None]
#: The fact that a call is in the database.
KEPT = "call.kept"
LONGEST_REASON = 300
#: What the database knows of earlier calls: a name and its values to a value, :class:`Unsure`, or None if nothing.
Memory = Callable[[str, tuple[Any, ...]], Any]


@dataclass(frozen=True)
class Unknown:
    """No answer: these facts are missing, or ``wrong`` says, after the stable ``word``, why one is no use."""

    names: tuple[str, ...]
    wrong: str = ""
    word: str = "invalid_fact"

    def reason(self) -> str:
        """The not-assessed reason. What a fact holds may be long; its beginning tells which it is."""
        wrong = self.wrong if len(self.wrong) <= LONGEST_REASON else f"{self.wrong[:LONGEST_REASON]}…"
        return f"{self.word}: {wrong}" if wrong else f"missing_fact: {', '.join(self.names)}"


@dataclass(frozen=True)
class FactsContext:
    """``lookup`` finds a fact by dotted name, ``parameters`` hold the pack's ``$names``; ``memory`` is there where
    earlier calls are known, by a database or by a log that was sent."""

    lookup: Lookup
    parameters: Mapping[str, JsonValue]
    memory: Memory | None = None


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
        try:
            found = context.lookup(self.name)
        except ValueError as wrong:
            return Unknown((), str(wrong))
        return Unknown((self.name,)) if found is None else found


@dataclass(frozen=True)
class Parameter:
    name: str

    def value(self, context: FactsContext) -> Any:
        return context.parameters[self.name]


@dataclass(frozen=True)
class Call:
    """A function of :mod:`fact_functions`, or ``exists``, ``coalesce``, ``any_true``, which may meet unknown facts."""

    name: str
    arguments: tuple[Expression, ...]

    def value(self, context: FactsContext) -> Any:
        if self.name == "exists":
            found = self.arguments[0].value(context)
            # What was sent and is no use is neither there nor missing.
            return found if isinstance(found, Unknown) and found.wrong else not isinstance(found, Unknown)
        if self.name == "any_true":
            return _any_true(self.arguments, context)
        values = [a.value(context) for a in self.arguments]
        if self.name == "coalesce":
            # What was sent and is no use is not missing: nothing else stands for it.
            return next((v for v in values if not isinstance(v, Unknown) or v.wrong), _all_unknown(values))
        if missing := _all_unknown(values) or _no_value(values):
            return missing
        try:
            return FUNCTIONS[self.name].run(*values)
        except ValueError as wrong:
            return Unknown((), str(wrong))
        except OverflowError:  # the first and the last day that there is have no other time zone
            given = ", ".join(_shown(a, v) for a, v in zip(self.arguments, values, strict=True))
            return Unknown((), f"{self.name} of {given} cannot be counted")


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
        if isinstance(left, Unsure) or isinstance(right, Unsure):
            return self._unsure(left, right)
        return self._of(left, right)

    def _of(self, left: Any, right: Any) -> Any:
        if self.sign in ("==", "!="):
            if _kind(left) != _kind(right):
                wrong = f"{_shown(self.left, left)} {self.sign} {_shown(self.right, right)} needs two of a kind"
                return Unknown((), wrong)
            return (comparable(left) == comparable(right)) is (self.sign == "==")
        if not (_is_number(left) and _is_number(right)):
            return Unknown((), f"{_shown(self.left, left)} {self.sign} {_shown(self.right, right)} needs two numbers")
        try:
            return _OPERATORS[self.sign](left, right)
        except ZeroDivisionError:
            return Unknown((), f"{_shown(self.right, right)} is zero")
        except OverflowError:
            return Unknown((), f"{_shown(self.left, left)} {self.sign} {_shown(self.right, right)} is too large")

    def _unsure(self, left: Any, right: Any) -> Any:
        """The answer where it is the same whatever the unsure side is; else not known, for that side's reason."""
        if isinstance(left, Unsure) and isinstance(right, Unsure):
            return _open(left)
        unsure, other = (left, right) if isinstance(left, Unsure) else (right, left)
        if self.sign in ("==", "!="):
            return _open(unsure) if unsure.holds(other) else self.sign == "!="
        ends = [self._of(end, right) if unsure is left else self._of(left, end) for end in (unsure.low, unsure.high)]
        if any(isinstance(end, Unknown) for end in ends):
            return next(end for end in ends if isinstance(end, Unknown))
        if ends[0] == ends[1]:
            return ends[0]
        known = not any(isinstance(end, bool) for end in ends) and self.sign in ("+", "-")
        return Unsure(min(ends), max(ends), unsure.why, unsure.word) if known else _open(unsure)


@dataclass(frozen=True)
class Remembered:
    """``history.NAME`` that the database can answer: a count or a state of the earlier calls.

    ``keys``: names under which the caller's own system may send it; the first that is there counts. Each of the two
    may miss calls that the other knows, and the caller's may know of consent: so the caller's number stands where it is
    as large as what the database holds, and where it is smaller the truth is left open between the two.
    """

    name: str
    arguments: tuple[Expression, ...]
    keys: Callable[..., tuple[str, ...]]

    def value(self, context: FactsContext) -> Any:
        values = [a.value(context) for a in self.arguments]
        if missing := _all_unknown(values):
            return missing
        keys = tuple(f"history.{key}" for key in self.keys(*values))
        try:
            sent = next((found for key in keys if (found := context.lookup(key)) is not None), None)
        except ValueError as wrong:
            return Unknown((), str(wrong))
        own = context.memory(self.name, tuple(values)) if context.memory else None
        if own is None:
            return Unknown((*keys[:1],) or (f"history.{self.name}",)) if sent is None else sent
        if isinstance(own, Unknown):
            return own if sent is None else sent
        return own if sent is None else _together(sent, own)


def _together(sent: Any, own: Any) -> Any:
    """A number that the caller's system sent and what the database holds, as one."""
    low = own.low if isinstance(own, Unsure) else own
    if not (_is_number(sent) and _is_number(low)) or low <= sent:
        return sent
    return Unsure(sent, low, f"the facts say {sent:g}, the calls themselves show {low:g}")


@dataclass(frozen=True)
class Among:
    """``x in [a, b]``."""

    item: Expression
    options: tuple[Any, ...]
    wanted: bool

    def value(self, context: FactsContext) -> Any:
        found = self.item.value(context)
        if isinstance(found, Unknown | Unsure):
            return found if isinstance(found, Unknown) else _open(found)
        if self.options and _kind(found) not in {_kind(option) for option in self.options}:
            return Unknown((), f"{_shown(self.item, found)} in {list(self.options)} needs two of a kind")
        return (comparable(found) in {comparable(o) for o in self.options}) is self.wanted


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
    if isinstance(found, Unsure):
        return _open(found)
    return Unknown((), f"{_shown(expression, found)} is neither true nor false")


def _any_true(parts: tuple[Expression, ...], context: FactsContext) -> bool | Unknown:
    """Whether one of these is known to be true. A fact that nobody gave counts as not true; one that is neither true
    nor false, or left open by earlier calls, leaves the answer open."""
    found = [truth(part, context) for part in parts]
    if any(value is True for value in found):
        return True
    return next((value for value in found if isinstance(value, Unknown) and value.wrong), False)


def parameters_of(expression: Expression) -> frozenset[str]:
    """All ``$names`` the expression uses."""
    if isinstance(expression, Parameter):
        return frozenset({expression.name})
    return frozenset().union(*(parameters_of(child) for child in _children(expression)))


def remembers(expression: Expression) -> bool:
    """Whether the answer may hang on earlier calls."""
    asked = isinstance(expression, Remembered) or expression == Fact(KEPT)
    return asked or any(remembers(child) for child in _children(expression))


def facts_of(expression: Expression) -> frozenset[str]:
    """Names of all facts that the expression asks of the call itself."""
    own = {expression.name} if isinstance(expression, Fact) else set()
    return frozenset(own).union(*(facts_of(child) for child in _children(expression)))


def _children(expression: Expression) -> tuple[Expression, ...]:
    match expression:
        case Call(arguments=parts) | Remembered(arguments=parts) | Junction(parts=parts):
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
    return Unknown(names) if names else unknown[0]


def _open(unsure: Unsure) -> Unknown:
    return Unknown((), unsure.why, unsure.word)


def _no_value(values: Any) -> Unknown | None:
    """A function needs values, not bounds."""
    return next((_open(v) for v in values if isinstance(v, Unsure)), None)


def comparable(value: Any) -> Any:
    """Numbers compare as numbers (3 is 3.0), text without regard to case; true is not 1."""
    if isinstance(value, bool) or value is None:
        return ("bool", value)
    if isinstance(value, int | float):
        return value
    return value.strip().lower() if isinstance(value, str) else repr(value)


def _kind(value: Any) -> str:
    """What a value is compared as: a number sent as text, or a switch as a word, is neither the same nor another."""
    return "number" if _is_number(value) else type(value).__name__


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
