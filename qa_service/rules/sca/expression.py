"""``a&&!b``, ``(1||2)&&3``: the logic between operators of a condition and between conditions of a rule."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from dataclasses import dataclass

_TOKEN = re.compile(r"\s*(&&|\|\||[!()]|[\w.-]+)")
_MOST_DEPTH = 20


class ExpressionError(ValueError):
    """An expression that cannot be read."""


@dataclass(frozen=True)
class Name:
    name: str


@dataclass(frozen=True)
class Not:
    part: Expression


@dataclass(frozen=True)
class Joined:
    """``sign``: and, or."""

    sign: str
    parts: tuple[Expression, ...]


Expression = Name | Not | Joined


def parse(text: str) -> Expression:
    """Read an expression; ``&&`` binds closer than ``||``.

    Raises:
        ExpressionError: what is wrong, in words.
    """
    parser = _Parser(text)
    found = parser.either(0)
    if parser.here:
        raise ExpressionError(f"{parser.here!r} is not expected in {text!r}")
    return found


def names(expression: Expression, negated: bool = False) -> list[tuple[str, bool]]:
    """Each name with whether it stands inside a negation, in order, each pair once."""
    if isinstance(expression, Name):
        return [(expression.name, negated)]
    if isinstance(expression, Not):
        return names(expression.part, not negated)
    return list(dict.fromkeys(pair for part in expression.parts for pair in names(part, negated)))


def written(expression: Expression, name: Callable[[str], str]) -> str:
    """In the words of our conditions; ``name`` gives the selection that stands for a name."""
    if isinstance(expression, Name):
        return name(expression.name)
    if isinstance(expression, Not):
        return f"not {_inside(expression.part, name)}"
    return f" {expression.sign} ".join(_inside(part, name) for part in expression.parts)


def _inside(part: Expression, name: Callable[[str], str]) -> str:
    text = written(part, name)
    return f"({text})" if isinstance(part, Joined) else text


def holds_on_nothing(expression: Expression) -> bool:
    """Whether it is fulfilled where nothing of what it names is there."""
    if isinstance(expression, Name):
        return False
    if isinstance(expression, Not):
        return not holds_on_nothing(expression.part)
    return (any if expression.sign == "or" else all)(map(holds_on_nothing, expression.parts))


def left_out(expression: Expression, there: Collection[str], denied: bool = False) -> list[tuple[str, bool]]:
    """Parts of which no name is ``there``, as they are written, each with whether more is found without it: what was
    asked for as well, or was an exception. What stays behind an ``or`` finds less."""
    if isinstance(expression, Not):
        return left_out(expression.part, there, not denied)
    if isinstance(expression, Name):
        return []
    found = []
    for part in expression.parts:
        if there and not {name for name, _ in names(part)} & set(there):
            found.append((written(part, str), (expression.sign == "and") is not denied))
        else:
            found += left_out(part, there, denied)
    return found


def said_part(expression: Expression) -> Expression | None:
    """Of an expression what asks for something to be there; None: nothing.

    A condition is looked for about what was said, so a branch of denials alone (``!1`` of ``!1||2``) never holds.
    """
    return _said(_inward(expression, False))


def _said(expression: Expression) -> Expression | None:
    if not holds_on_nothing(expression):
        return expression
    if not isinstance(expression, Joined):
        return None
    said = [_said(part) for part in expression.parts]
    kept = [part for part in said if part is not None]
    if kept and expression.sign == "and":  # a denial beside something that is said clears it
        kept = [part or whole for part, whole in zip(said, expression.parts, strict=True)]
    return None if not kept else kept[0] if len(kept) == 1 else Joined(expression.sign, tuple(kept))


def _inward(expression: Expression, denied: bool) -> Expression:
    """The same with denials of single names only."""
    if isinstance(expression, Name):
        return Not(expression) if denied else expression
    if isinstance(expression, Not):
        return _inward(expression.part, not denied)
    sign = {"and": "or", "or": "and"}[expression.sign] if denied else expression.sign
    return Joined(sign, tuple(_inward(part, denied) for part in expression.parts))


class _Parser:
    def __init__(self, text: str) -> None:
        self.text = text
        self.tokens = self._split(text)
        self.at = 0

    @property
    def here(self) -> str:
        return self.tokens[self.at] if self.at < len(self.tokens) else ""

    def either(self, depth: int) -> Expression:
        return self._joined("||", "or", lambda: self._both(depth))

    def _both(self, depth: int) -> Expression:
        return self._joined("&&", "and", lambda: self._one(depth))

    def _joined(self, sign: str, word: str, part: Callable[[], Expression]) -> Expression:
        parts = [part()]
        while self.here == sign:
            self.at += 1
            parts.append(part())
        return parts[0] if len(parts) == 1 else Joined(word, tuple(parts))

    def _one(self, depth: int) -> Expression:
        here = self.here
        self.at += 1
        if depth > _MOST_DEPTH:
            raise ExpressionError(f"{self.text!r} is nested too deeply")
        if here == "!":
            return Not(self._one(depth + 1))
        if here == "(":
            inside = self.either(depth + 1)
            if self.here != ")":
                raise ExpressionError(f"a ) is missing in {self.text!r}")
            self.at += 1
            return inside
        if not re.match(r"[\w.-]", here):
            raise ExpressionError(f"{here or 'the end'!r} is not expected in {self.text!r}")
        return Name(here)

    @staticmethod
    def _split(text: str) -> list[str]:
        tokens, at = [], 0
        while text[at:].strip():
            match = _TOKEN.match(text, at)
            if match is None:
                raise ExpressionError(f"{text[at:].strip()[0]!r} cannot be read in {text!r}")
            tokens.append(match.group(1))
            at = match.end()
        return tokens
