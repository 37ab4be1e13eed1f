"""A regular expression as a tree, coarse: enough to see its repetitions and to write text that keeps them busy."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

import regex

#: Repetitions that may go round at least this often are worth attacking.
MANY = 10
_FLAGS = regex.VERSION1 | regex.IGNORECASE | regex.DOTALL
_ESCAPE = regex.compile(r"\\(?:[pPN]\{[^}]*\}|x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|g<[^>]*>|[0-9]{1,2}|.)", regex.DOTALL)
_QUANTIFIER = regex.compile(r"(?:[*+?]|\{(\d*),(\d*)\}|\{(\d+)\})([?+])?")
_OPEN = regex.compile(r"\((?:\?(?:[:>|]|<?([=!])|P?<[^>=!]*>|[a-zA-Z0-9-]+:))?")
_ALONE = regex.compile(r"\(\?(?:#[^)]*|P=\w+|[a-zA-Z0-9-]+)\)")
_BACK = regex.compile(r"\\(?:[1-9][0-9]?|g<.*)")
_NOTHING = frozenset({"\\b", "\\B", "\\A", "\\Z", "\\z", "\\G", "\\K", "^", "$"})
#: Tried in turn for what an atom may match.
_CANDIDATES = "啊a1 \n不_'x"


@dataclass(frozen=True)
class Atom:
    """One character; ``sample`` is one that it matches, empty where none was found or it takes up no room."""

    sample: str


@dataclass(frozen=True)
class Row:
    parts: tuple[Node, ...]


@dataclass(frozen=True)
class Choice:
    options: tuple[Node, ...]


@dataclass(frozen=True)
class Look:
    """A look ahead or behind: takes up no room, but works on the text all the same."""

    body: Node


@dataclass(frozen=True)
class Repeat:
    """``most`` None: without end. ``firm``: possessive, so it never goes back."""

    body: Node
    least: int
    most: int | None
    firm: bool

    @property
    def many(self) -> bool:
        return not self.firm and (self.most is None or self.most >= MANY)


Node = Atom | Row | Choice | Look | Repeat


def parse(pattern: str) -> Node:
    """The tree of a pattern that compiles; what is not understood stands as an atom without a sample."""
    return _Parser(pattern).choice()


def sample(node: Node) -> str:
    """A short text that the node should match (look-arounds are passed over)."""
    if isinstance(node, Atom):
        return node.sample
    if isinstance(node, Row):
        return "".join(map(sample, node.parts))
    if isinstance(node, Choice):
        return sample(node.options[0])
    return sample(node.body) * node.least if isinstance(node, Repeat) else ""


def repetitions(node: Node, before: str = "") -> Iterator[tuple[str, Repeat]]:
    """Repetitions that may go round many times, each with a text that leads up to it."""
    if isinstance(node, Row):
        for part in node.parts:
            yield from repetitions(part, before)
            before += sample(part)
    elif isinstance(node, Choice):
        for option in node.options:
            yield from repetitions(option, before)
    elif isinstance(node, Look):
        yield from repetitions(node.body, before)
    elif isinstance(node, Repeat):
        if node.many:
            yield before, node
        yield from repetitions(node.body, before)


def rounds(repeat: Repeat) -> list[str]:
    """Texts for one round of a repetition: the shortest, and each way its body can go with inner ones gone through."""
    return list(dict.fromkeys(text for text in (sample(repeat.body), *_ways(repeat.body)) if text))


def nested(repeat: Repeat) -> bool:
    """Whether a round can be nothing but another endless repetition: ``(a+)+``, ``(\\w*,?)*``."""
    return repeat.many and _only_repeats(repeat.body)


def _only_repeats(node: Node) -> bool:
    if isinstance(node, Choice):
        return any(map(_only_repeats, node.options))
    if isinstance(node, Row):
        return any(
            _only_repeats(part) and all(map(_nullable, (*node.parts[:i], *node.parts[i + 1 :])))
            for i, part in enumerate(node.parts)
        )
    return isinstance(node, Repeat) and (node.many or _only_repeats(node.body))


def _nullable(node: Node) -> bool:
    if isinstance(node, Row):
        return all(map(_nullable, node.parts))
    if isinstance(node, Choice):
        return any(map(_nullable, node.options))
    if isinstance(node, Repeat):
        return node.least == 0 or _nullable(node.body)
    return isinstance(node, Look) or (isinstance(node, Atom) and not node.sample)


def _ways(node: Node) -> list[str]:
    if isinstance(node, Choice):
        return [way for option in node.options for way in _ways(option)]
    if isinstance(node, Repeat):
        return [way * max(1, node.least) for way in _ways(node.body)]
    if isinstance(node, Row):
        choices = [i for i, part in enumerate(node.parts) if isinstance(part, Choice | Repeat)]
        plain = [_once(part) for part in node.parts]
        found = ["".join(plain)]
        for i in choices:
            found += ["".join((*plain[:i], way, *plain[i + 1 :])) for way in _ways(node.parts[i])]
        return found
    return [_once(node)]


def _once(node: Node) -> str:
    if isinstance(node, Repeat):
        return _once(node.body) * max(1, node.least)
    if isinstance(node, Row):
        return "".join(map(_once, node.parts))
    return _once(node.options[0]) if isinstance(node, Choice) else sample(node)


class _Parser:
    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0

    def choice(self) -> Node:
        options = [self._sequence()]
        while self._here() == "|":
            self.at += 1
            options.append(self._sequence())
        return options[0] if len(options) == 1 else Choice(tuple(options))

    def _sequence(self) -> Node:
        parts: list[Node] = []
        while self._here() not in ("", "|", ")"):
            parts.append(self._quantified(self._one()))
        return parts[0] if len(parts) == 1 else Row(tuple(parts))

    def _quantified(self, node: Node) -> Node:
        while match := _QUANTIFIER.match(self.text, self.at):
            self.at = match.end()
            least, most = _bounds(match)
            node = Repeat(node, least, most, firm=match.group(4) == "+")
        return node

    def _one(self) -> Node:
        if match := _ALONE.match(self.text, self.at):
            self.at = match.end()
            return Atom("")
        if match := _OPEN.match(self.text, self.at):
            self.at = match.end()
            inside = self.choice()
            self.at += 1
            return Look(inside) if match.group(1) else inside
        return Atom(_matched_by(self._atom()))

    def _atom(self) -> str:
        start = self.at
        if match := _ESCAPE.match(self.text, start):
            self.at = match.end()
        elif self._here() == "[":
            self.at = _end_of_set(self.text, start)
        else:
            self.at += 1
        return self.text[start : self.at]

    def _here(self) -> str:
        return self.text[self.at : self.at + 1]


def _bounds(match: regex.Match[str]) -> tuple[int, int | None]:
    sign = match.group()[0]
    if sign != "{":
        return {"*": (0, None), "+": (1, None), "?": (0, 1)}[sign]
    if match.group(3):
        return int(match.group(3)), int(match.group(3))
    return int(match.group(1) or 0), int(match.group(2)) if match.group(2) else None


def _end_of_set(text: str, start: int) -> int:
    """Behind the bracket that closes the set; sets may hold sets."""
    depth, at = 0, start
    while at < len(text):
        if text[at] == "\\":
            at += 1
        elif text[at] == "[":
            depth += 1
            at += text.startswith("[^", at)
            at += text.startswith("]", at + 1)  # a bracket in first place stands for itself
        elif text[at] == "]":
            depth -= 1
        at += 1
        if depth == 0:
            return at
    return len(text)


@cache
def _matched_by(atom: str) -> str:
    if atom in _NOTHING or _BACK.fullmatch(atom):
        return ""
    if len(atom) == 1 and atom != ".":
        return atom
    try:
        compiled = regex.compile(atom, _FLAGS)
    except regex.error:
        return ""
    return next((char for char in atom[1:] + _CANDIDATES if compiled.fullmatch(char)), "")
