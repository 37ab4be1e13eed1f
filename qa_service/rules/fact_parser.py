"""Parser of facts conditions; see docs/rules.md for the language.

Grammar, loosest first: ``or``, ``and``, ``not``, comparison (``== != < <= > >=``, ``in [..]``,
``not in [..]``), ``+ -``, ``* /``, ``-x``; literals, ``$parameters``, functions, dotted facts, parentheses.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable
from typing import Any

from qa_service.records import CallFacts
from qa_service.rules.condition import MAX_DEPTH
from qa_service.rules.fact_functions import FUNCTIONS
from qa_service.rules.fact_types import CALL_FACTS, check_arguments, check_switch, check_two, check_value, kind_of
from qa_service.rules.facts import (
    Among,
    Binary,
    Call,
    Expression,
    Fact,
    Junction,
    Literal,
    Not,
    Parameter,
    Remembered,
)
from qa_service.rules.history_names import MARK_KINDS, NAMES, ROOT, alone
from qa_service.rules.lexer import ExpressionError, Token, Tokens

_OPEN = frozenset({"account", "history", "extra", "measures"})
_FIELDS = frozenset(CallFacts.model_fields) - _OPEN
_CONSTANTS: dict[str, Any] = {"true": True, "false": False}
_SPECIAL = ("exists", "coalesce", "any_true")
_COMPARISONS = ("==", "!=", "<", "<=", ">", ">=")


def parse_facts(text: str, parameters: Iterable[str] = ()) -> Expression:
    """Parse a facts condition in which these ``$parameters`` may stand.

    Raises:
        ExpressionError: with the character where it goes wrong.
    """
    parser = _Parser(text, frozenset(parameters))
    start = parser.tokens.next.position
    expression = parser.disjunction(0)
    parser.tokens.finish()
    check_switch(expression, start)
    return expression


class _Parser:
    def __init__(self, text: str, parameters: frozenset[str]) -> None:
        self.tokens = Tokens(text)
        self.parameters = parameters

    def disjunction(self, depth: int) -> Expression:
        return self._junction("or", True, self.conjunction, depth)

    def conjunction(self, depth: int) -> Expression:
        return self._junction("and", False, self.negation, depth)

    def _junction(self, word: str, decisive: bool, part: Callable[[int], Expression], depth: int) -> Expression:
        starts = [self.tokens.next.position]
        parts = [part(depth)]
        while self.tokens.accept(word):
            starts.append(self.tokens.next.position)
            parts.append(part(depth))
        if len(parts) == 1:
            return parts[0]
        for start, found in zip(starts, parts, strict=True):
            check_switch(found, start)
        return Junction(tuple(parts), decisive)

    def negation(self, depth: int) -> Expression:
        if depth > MAX_DEPTH:
            position = self.tokens.next.position
            raise ExpressionError("this condition is nested too deeply", position, "Write it more simply.")
        if self.tokens.accept("not"):
            start = self.tokens.next.position
            denied = self.negation(depth + 1)
            check_switch(denied, start)
            return Not(denied)
        return self.comparison(depth)

    def comparison(self, depth: int) -> Expression:
        left = self.sum(depth)
        if sign := self.tokens.accept(*_COMPARISONS):
            return self._two(sign, left, lambda: self._right(depth, sign))
        if self.tokens.next.text == "not" and self.tokens.follows("in"):
            self.tokens.take()
            self.tokens.take()
            return Among(left, self.options(left), wanted=False)
        if self.tokens.accept("in"):
            return Among(left, self.options(left), wanted=True)
        return left

    def _two(self, sign: Token, left: Expression, part: Callable[[], Expression]) -> Expression:
        start = self.tokens.next.position
        right = part()
        check_two(sign.text, left, right, start)
        return Binary(sign.text, left, right)

    def _right(self, depth: int, sign: Token) -> Expression:
        """After ``==`` and ``!=`` a word that is no fact is a text: ``direction == outbound``."""
        token = self.tokens.next
        if sign.text in ("==", "!=") and token.kind == "word" and not self._means_something(token.text):
            self.tokens.take()
            return Literal(token.text)
        return self.sum(depth)

    def _means_something(self, word: str) -> bool:
        named = word in _CONSTANTS or word in FUNCTIONS or word in _SPECIAL
        return named or word.startswith("$") or "." in word or word in _FIELDS or word in ("and", "or", "not", "in")

    def options(self, item: Expression) -> tuple[Any, ...]:
        """A list of values that ``item`` may have."""
        kind = kind_of(item)
        found: list[Any] = []
        self.tokens.expect("[")
        while not found or self.tokens.accept(","):
            start = self.tokens.next.position
            found.append(self._option())
            check_value(item, kind, found[-1], start)
        self.tokens.expect("]")
        return tuple(found)

    def _option(self) -> Any:
        token = self.tokens.next
        if token.kind == "word" and token.text.startswith("$"):
            raise ExpressionError("a parameter cannot stand in a list", token.position, "Compare with == instead.")
        if token.kind not in ("word", "text", "number"):
            raise self.tokens.unexpected("a value is needed here")
        self.tokens.take()
        return _CONSTANTS.get(token.text, token.text) if token.kind == "word" else _literal(token)

    def sum(self, depth: int) -> Expression:
        left = self.product(depth)
        while sign := self.tokens.accept("+", "-"):
            left = self._two(sign, left, lambda: self.product(depth))
        return left

    def product(self, depth: int) -> Expression:
        left = self.atom(depth)
        while sign := self.tokens.accept("*", "/"):
            left = self._two(sign, left, lambda: self.atom(depth))
        return left

    def atom(self, depth: int) -> Expression:
        token = self.tokens.next
        if depth > MAX_DEPTH:
            raise ExpressionError("this condition is nested too deeply", token.position, "Write it more simply.")
        if self.tokens.accept("("):
            inside = self.disjunction(depth + 1)
            self.tokens.expect(")")
            return inside
        if self.tokens.accept("-"):
            return self._two(token, Literal(0), lambda: self.atom(depth + 1))
        if token.kind in ("number", "text"):
            return Literal(_literal(self.tokens.take()))
        if token.kind == "word":
            return self._word(self.tokens.take(), depth)
        raise self.tokens.unexpected("a fact or a value is needed here")

    def _word(self, token: Token, depth: int) -> Expression:
        if token.text in _CONSTANTS:
            return Literal(_CONSTANTS[token.text])
        if token.text.startswith("$"):
            return self._parameter(token)
        if token.text in FUNCTIONS or token.text in _SPECIAL:
            return self._call(token, depth)
        if token.text.startswith(ROOT):
            return self._remembered(token, depth)
        return Fact(_known(token))

    def _remembered(self, token: Token, depth: int) -> Expression:
        """A fact over several calls, with or without brackets; another ``history.…`` is the caller's alone."""
        name = token.text.removeprefix(ROOT)
        if self.tokens.next.text != "(":
            if name in NAMES and NAMES[name].takes and alone(name) is None:
                raise ExpressionError(f"{token.text} needs a value", token.position, f"Write {token.text}(…).")
            meant = alone(name)
            if meant is None:
                return Fact(_known(token))
            return Remembered(meant[0], tuple(map(Literal, meant[1])), lambda *_values: (name,))
        if name not in NAMES:
            close = difflib.get_close_matches(name, NAMES, 1)
            hint = f"Did you mean {ROOT}{close[0]}?" if close else "See docs/history.md."
            raise ExpressionError(f"{token.text} takes no values", token.position, hint)
        call = self._call(token, depth)
        assert isinstance(call, Call)
        _check_values(token, NAMES[name].takes, call.arguments)
        return Remembered(name, call.arguments, NAMES[name].keys)

    def _parameter(self, token: Token) -> Expression:
        name = token.text[1:]
        if name not in self.parameters:
            hint = f"Parameters of this pack: {', '.join(sorted(self.parameters)) or 'none'}."
            raise ExpressionError(f"no parameter is called {name!r}", token.position, hint)
        return Parameter(name)

    def _call(self, token: Token, depth: int) -> Expression:
        arguments: list[Expression] = []
        starts: list[int] = []
        if self.tokens.accept("("):
            while not self.tokens.accept(")"):
                if arguments:
                    self.tokens.expect(",")
                starts.append(self.tokens.next.position)
                arguments.append(self.sum(depth + 1))
        whole = _completed(token, arguments)
        check_arguments(token.text, len(arguments), whole, starts)
        return Call(token.text, whole)


def _completed(token: Token, arguments: list[Expression]) -> tuple[Expression, ...]:
    """The arguments with implied facts filled in: ``local_hour`` is ``local_hour(started_at, debtor_tz)``."""
    if token.text.startswith(ROOT):
        return tuple(arguments)
    if token.text in _SPECIAL:
        wrong = not arguments or (token.text == "exists" and not (len(arguments) == 1 and _is_fact(arguments[0])))
        if wrong:
            raise ExpressionError(f"{token.text} needs a fact", token.position, f"Write {token.text}(fact).")
        return tuple(arguments)
    function = FUNCTIONS[token.text]
    missing = function.arity - len(arguments)
    if missing < 0 or (missing and len(function.implied) < missing):
        raise ExpressionError(f"{token.text} takes {function.arity} values", token.position, "See docs/rules.md.")
    return (*(Fact(name) for name in function.implied[:missing]), *arguments)


def _check_values(token: Token, takes: str, values: tuple[Expression, ...]) -> None:
    if len(values) != bool(takes):
        raise ExpressionError(
            f"{token.text} takes {'one value' if takes else 'no value'}", token.position, "See docs/history.md."
        )
    kind = kind_of(values[0]) if takes else None
    if takes == "number" and kind and kind.name != "number":
        raise ExpressionError(f"{token.text} needs a number", token.position, f"Write {token.text}(7), say.")
    if takes == "mark" and not (isinstance(values[0], Literal) and values[0].content in MARK_KINDS):
        raise ExpressionError(f"{token.text} needs a kind of mark", token.position, f"One of {', '.join(MARK_KINDS)}.")


def _is_fact(expression: Expression) -> bool:
    return isinstance(expression, Fact | Remembered)


def _known(token: Token) -> str:
    """The fact's name, if such a fact can exist: a misspelt fact would be missing on every call."""
    root = token.text.split(".", 1)[0]
    fits = token.text in CALL_FACTS or (root in _OPEN and "." in token.text) or token.text in _FIELDS
    if fits:
        return token.text
    close = difflib.get_close_matches(token.text, [*sorted(_FIELDS), *CALL_FACTS, *FUNCTIONS], 1)
    hint = (
        f"Did you mean {close[0]}?" if close else f"Facts of a case are written with their place: account.{token.text}."
    )
    raise ExpressionError(f"no fact is called {token.text!r}", token.position, hint)


def _literal(token: Token) -> Any:
    return token.text[1:-1] if token.kind == "text" else float(token.text)
