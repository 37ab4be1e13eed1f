"""Tokens of the two small languages in rules: conditions over selections and conditions over facts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import regex

Kind = Literal["word", "number", "text", "sign", "end"]

_TOKEN = regex.compile(
    r"""\s*(?:
      (?P<number>\d+(?:\.\d+)?(?![\w.]))
    | (?P<text>"[^"]*"|'[^']*')
    | (?P<word>\$?[\p{L}\p{N}_*?]+(?:\.[\p{L}\p{N}_]+)*)
    | (?P<sign>==|!=|<=|>=|[<>()\[\],+*/-])
    )""",
    regex.VERBOSE,
)


_WORDS = frozenset({"and", "or", "not", "of", "any", "all", "none"})
#: What others write for the words of these languages.
_MEANT = {
    "&": "and", "&&": "and", "|": "or", "||": "or", "!": "not", "=": "==", "（": "(", "）": ")", "，": ",", "、": ",",
    "且": "and", "并且": "and", "和": "and", "或": "or", "或者": "or", "非": "not", "不": "not",
}  # fmt: skip


def _meant(found: str) -> str:
    """The word or sign for one that is not known here; empty where nobody can say."""
    small = found.lower()
    return small if found != small and small in _WORDS else _MEANT.get(found, "")


class ExpressionError(Exception):
    """A condition that cannot be read: what is wrong at which character (0-based), and the mend."""

    def __init__(self, message: str, position: int, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.position = position
        self.hint = hint


@dataclass(frozen=True)
class Token:
    kind: Kind
    text: str
    position: int


class Tokens:
    """A cursor over the tokens of one expression."""

    def __init__(self, text: str) -> None:
        self._tokens = _tokenise(text)
        self._at = 0

    @property
    def next(self) -> Token:
        return self._tokens[self._at]

    def take(self) -> Token:
        token = self.next
        self._at = min(self._at + 1, len(self._tokens) - 1)
        return token

    def accept(self, *texts: str) -> Token | None:
        """The next token if it is one of these words or signs."""
        token = self.next
        return self.take() if token.kind in ("word", "sign") and token.text in texts else None

    def follows(self, text: str) -> bool:
        """Whether the token after the next one is this."""
        after = self._tokens[min(self._at + 1, len(self._tokens) - 1)]
        return after.kind in ("word", "sign") and after.text == text

    def expect(self, text: str) -> Token:
        token = self.accept(text)
        if token is None:
            raise self.unexpected(f"{text!r} is needed here")
        return token

    def finish(self) -> None:
        if self.next.kind != "end":
            raise self.unexpected("and, or, or the end is needed here")

    def unexpected(self, message: str) -> ExpressionError:
        found = "the end" if self.next.kind == "end" else repr(self.next.text)
        meant = _meant(self.next.text)
        hint = f"Write `{meant}`." if meant else "Correct the condition; see docs/rules.md."
        return ExpressionError(f"{message}, not {found}", self.next.position, hint)


def _tokenise(text: str) -> list[Token]:
    tokens: list[Token] = []
    at = 0
    while text[at:].strip():
        match = _TOKEN.match(text, at)
        if match is None:
            start = at + len(text[at:]) - len(text[at:].lstrip())
            meant = _meant(text[start])
            hint = f"Write `{meant}`." if meant else "Quote words with signs in them."
            raise ExpressionError(f"{text[start]!r} cannot be understood here", start, hint)
        kind: Kind = match.lastgroup
        tokens.append(Token(kind, match.group(kind), match.start(kind)))
        at = match.end()
    return [*tokens, Token("end", "", len(text))]
