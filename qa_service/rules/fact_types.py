"""What the facts of a call may hold, so that a condition that can never mean anything is refused at load.

Known are the fields of :class:`CallFacts`, ``call.…``, values as written and what functions give. What stands under
``account.``, ``history.``, ``extra.`` and ``measures.``, and parameters, may hold anything.
"""

from __future__ import annotations

import difflib
import types
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Annotated, Any, Literal, Union, get_args, get_origin
from zoneinfo import available_timezones

from pydantic import AwareDatetime

from qa_service.records import CallFacts
from qa_service.rules.fact_functions import FUNCTIONS
from qa_service.rules.facts import Among, Binary, Call, Expression, Fact, Junction, Not
from qa_service.rules.facts import Literal as Written
from qa_service.rules.lexer import ExpressionError
from qa_service.rules.zones import zone

_COMPARED = ("==", "!=", "<", "<=", ">", ">=")
#: What the engine knows of every call, by kind. ``call.kept``: it is in the database, which can be asked of others.
CALL_FACTS = {"call.duration_s": "number", "call.turns": "number", "call.agent_turns": "number",
              "call.customer_turns": "number", "call.kept": "switch", "call.language": "text"}  # fmt: skip
#: What is asked of facts that may be missing, and is no function over their values.
_ASKED = ("exists", "any_true")
_SHOWN = {"number": "a number", "text": "a text", "switch": "true or false", "time": "a time stamp"}


@dataclass(frozen=True)
class Kind:
    """``name``: number, text, switch or time. ``options``: the only values, empty where it may be any."""

    name: str
    options: tuple[str, ...] = ()


def kind_of(expression: Expression) -> Kind | None:
    """What the value of an expression is; None where it may be anything."""
    match expression:
        case Written(content=content):
            return _kind_of_value(content)
        case Fact(name=name) if name in CALL_FACTS:
            return Kind(CALL_FACTS[name])
        case Fact(name=name):
            return _fields().get(name)
        case Call(name=name) if name in FUNCTIONS:
            return Kind(FUNCTIONS[name].gives)
        case Call(name=name) if name in _ASKED:
            return Kind("switch")
        case Call(arguments=parts):  # coalesce
            return _one_of(parts)
        case Binary(sign=sign):
            return Kind("switch" if sign in _COMPARED else "number")
        case Among() | Not() | Junction():
            return Kind("switch")
    return None


def _one_of(parts: tuple[Expression, ...]) -> Kind | None:
    """What any of these may be: of one kind, and of certain values where each of them is."""
    kinds = [kind_of(part) for part in parts]
    first = kinds[0]
    if first is None or any(kind is None or kind.name != first.name for kind in kinds):
        return None
    options = [
        (part.content.lower(),) if isinstance(part, Written) and isinstance(part.content, str) else kind.options
        for part, kind in zip(parts, kinds, strict=True)
        if kind
    ]
    return Kind(first.name, tuple(o for some in options for o in some) if all(options) else ())


def check_two(sign: str, left: Expression, right: Expression, position: int) -> None:
    """Two sides of a comparison or sum fit each other; ``position`` is that of the right one.

    Raises:
        ExpressionError: it can never be true, or never be told.
    """
    kinds = [kind_of(left), kind_of(right)]
    if sign in ("==", "!="):
        for side, other, kind in ((left, right, kinds[1]), (right, left, kinds[0])):
            if isinstance(other, Fact | Call) and isinstance(side, Written):
                check_value(other, kind, side.content, position)
        if kinds[0] and kinds[1] and _base(kinds[0]) != _base(kinds[1]):
            raise _differ(left, kinds[0], kinds[1], position)
        return
    for side, kind in zip((left, right), kinds, strict=True):
        if kind and kind.name != "number":
            hint = "Compare time stamps with days_between." if kind.name == "time" else "Compare with == or `in`."
            raise ExpressionError(f"{sign} needs two numbers, and {_name(side)} is {_SHOWN[kind.name]}", position, hint)


def check_value(fact: Expression, kind: Kind | None, value: Any, position: int) -> None:
    """A value as written is one that the fact can have.

    Raises:
        ExpressionError: it never is that.
    """
    if kind is None:
        return
    written = _kind_of_value(value)
    if written and _base(written) != _base(kind):
        raise _differ(fact, kind, written, position)
    if kind.options and isinstance(value, str) and value.strip().lower() not in kind.options:
        close = difflib.get_close_matches(value.strip().lower(), kind.options, 1)
        hint = f"Did you mean {close[0]}? " if close else ""
        message = f"{_name(fact)} is never {value!r}"
        raise ExpressionError(message, position, f"{hint}It is one of {', '.join(kind.options)}.")


def check_switch(expression: Expression, position: int) -> None:
    """What stands beside and, or and not, or alone, is true or false.

    Raises:
        ExpressionError: it is a number or a text.
    """
    kind = kind_of(expression)
    if kind and kind.name != "switch":
        message = f"{_name(expression)} is {_SHOWN[kind.name]}, neither true nor false"
        raise ExpressionError(message, position, "Compare it, or ask exists(…).")


def check_arguments(name: str, written: int, arguments: tuple[Expression, ...], positions: list[int]) -> None:
    """The arguments of a function are what it takes; the last ``written`` of them stand at ``positions``.

    Raises:
        ExpressionError: one is something else.
    """
    if name == "any_true":
        for argument, position in zip(arguments, positions, strict=True):
            check_switch(argument, position)
    function = FUNCTIONS.get(name)
    takes = function.takes[len(arguments) - written :] if function else ()
    for wanted, argument, position in zip(takes, arguments[len(arguments) - written :], positions, strict=False):
        kind = kind_of(argument)
        if wanted == "zone":
            _check_zone(name, argument, kind, position)
        elif wanted == "time" and not _may_be_time(argument, kind):
            raise ExpressionError(f"{name} needs a time stamp, not {_name(argument)}", position, "Write started_at.")
        elif wanted == "number" and kind and kind.name != "number":
            raise ExpressionError(f"{name} needs a number, not {_name(argument)}", position, "See docs/rules.md.")


def _may_be_time(argument: Expression, kind: Kind | None) -> bool:
    if isinstance(argument, Written) and isinstance(argument.content, str):
        try:
            datetime.fromisoformat(argument.content)
        except ValueError:
            return False
        return True
    return kind is None or kind.name == "time"


def _check_zone(name: str, argument: Expression, kind: Kind | None, position: int) -> None:
    if kind and kind.name != "text":
        message = f"{name} needs a time zone, not {_name(argument)}"
        raise ExpressionError(message, position, f'Write {name}(started_at, debtor_tz), or a zone: "Asia/Shanghai".')
    if isinstance(argument, Written):
        try:
            zone(str(argument.content))
        except ValueError as wrong:
            close = difflib.get_close_matches(str(argument.content), sorted(available_timezones()), 1)
            hint = f'Did you mean "{close[0]}"?' if close else 'Write a name like "Asia/Shanghai".'
            raise ExpressionError(str(wrong), position, hint) from None


def _differ(left: Expression, one: Kind, other: Kind, position: int) -> ExpressionError:
    message = f"{_name(left)} is {_SHOWN[one.name]} and is compared with {_SHOWN[other.name]}"
    return ExpressionError(message, position, "Compare what can be the same.")


def _base(kind: Kind) -> str:
    """A time stamp comes as text."""
    return "text" if kind.name == "time" else kind.name


def _name(expression: Expression) -> str:
    if isinstance(expression, Written):
        return repr(expression.content)
    return str(getattr(expression, "name", "")) or "what stands here"


def _kind_of_value(value: Any) -> Kind | None:
    if isinstance(value, bool):
        return Kind("switch")
    return Kind("number" if isinstance(value, int | float) else "text")


@lru_cache(maxsize=1)
def _fields() -> dict[str, Kind]:
    kinds = {name: _of_annotation(field.annotation) for name, field in CallFacts.model_fields.items()}
    return {name: kind for name, kind in kinds.items() if kind}


def _of_annotation(annotation: Any) -> Kind | None:
    origin = get_origin(annotation)
    if origin is Annotated:
        return _of_annotation(get_args(annotation)[0])
    if origin in (Union, types.UnionType):
        parts = [part for part in get_args(annotation) if part is not type(None)]
        return _of_annotation(parts[0]) if len(parts) == 1 else None
    if origin is Literal:
        return Kind("text", get_args(annotation))
    names: dict[Any, str] = {bool: "switch", int: "number", float: "number", str: "text", AwareDatetime: "time"}
    return Kind(names[annotation]) if annotation in names else None
