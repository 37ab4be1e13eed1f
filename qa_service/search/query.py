"""The query language: words, "phrases", AND OR NOT, -word, brackets, field:value. Grammar by luqum (Lucene's).

Whatever is typed is either understood or refused with a QueryError that names the place; signs that the language
has no use for are taken as the spaces between words.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Sequence

from luqum import tree as lucene
from luqum.exceptions import ParseError
from luqum.thread import parse as lucene_parse

from qa_service.errors import QueryError
from qa_service.records import Role, Severity
from qa_service.search.protocol import SearchQuery
from qa_service.search.streams import runs
from qa_service.search.tree import (
    EVERY,
    And,
    Fact,
    Measure,
    Node,
    Not,
    Or,
    Range,
    Scope,
    Understood,
    Words,
    fact,
    finding_fact,
)
from qa_service.text.tokens import tokens

LONGEST = 1000
DEEPEST = 12
#: Full-width signs that a Chinese keyboard writes, sign for sign.
_SIGNS = str.maketrans("“”„「」『』＂（）：－—　﹣", '""""""""():--' + " -")
_NAMES = {
    "agent": "agent", "坐席": "agent", "工号": "agent", "rule": "rule", "规则": "rule", "severity": "severity",
    "严重程度": "severity", "team": "team", "班组": "team", "role": "role", "说话人": "role", "call": "call",
    "通话": "call",
}  # fmt: skip
_FIELDS = "agent:, rule:, severity:, team:, role:, call:"
_SEVERITIES = {
    **{s.value: s.value for s in Severity},
    "严重": "critical",
    "较重": "major",
    "轻微": "minor",
    "表扬": "praise",
}
_ROLES = {**{r.value: r.value for r in Role}, "坐席": "agent", "客户": "customer", "未知": "unknown"}
_QUOTE_IT = 'To look for the sign or word itself, put it in quotes: "…".'
_FIELD = re.compile(r'(?<![^\s(:"-])([^\W\d_]+):(?=\s*[\w"(-])')
#: Marks on letters and invisible characters, of Unicode; they are part of a word.
_ATTACHED = frozenset({"Mn", "Mc", "Me", "Cf"})
_PLACE = re.compile(r"at position (\d+)!$")


def understood(query: SearchQuery) -> Understood:
    """The text and all filters of a query, the days too. Whose calls may be seen (Access) is left to the index.

    Raises:
        QueryError: the text cannot be understood.
    """
    parsed = _parsed(query.text)
    ranked = parsed is not None and _has_words(parsed)
    scope: Scope = "call" if ranked else "turn"
    parts = [_Reader(scope).node(parsed, 0)] if parsed is not None else []
    if query.text.strip() and not any(parts):
        raise QueryError(f"There is no word to look for in {_short(query.text)}.", position=0, hint="Type a word.")
    kept = [part for part in (*parts, *_filters(query, scope)) if part is not None]
    if not kept:
        return Understood(Fact(EVERY))
    return Understood(kept[0] if len(kept) == 1 else And(tuple(kept)), ranked=ranked)


def _filters(query: SearchQuery, scope: Scope) -> list[Node]:
    plain = [("agent", query.agent_id), ("team", query.team), ("product", query.product), ("role", query.role)]
    found: list[Node] = [Fact(fact(name, value), name == "role") for name, value in plain if value and value.strip()]
    asked = {
        "rule": query.rule_id, "requirement": query.requirement, "severity": query.severity, "state": query.state,
    }  # fmt: skip
    kept = {name: value.strip() for name, value in asked.items() if value and value.strip()}
    if kept:
        found.append(Fact(finding_fact(scope, **kept), scope == "turn"))
    if query.day_from or query.day_to:
        low, high = (day.isoformat() if day else None for day in (query.day_from, query.day_to))
        found.append(Range(Measure.DAY, low, high))
    return found


def _parsed(text: str) -> lucene.Item | None:
    """Lucene's tree, None for a text without anything but signs."""
    if len(text) > LONGEST:
        message = f"The search text has {len(text)} characters, more than {LONGEST}."
        raise QueryError(message, position=LONGEST, hint="Search for a shorter passage of it.")
    clean = _prepared(text)
    if not clean.strip():
        return None
    try:
        return lucene_parse(clean)
    except ParseError as wrong:
        found = _PLACE.search(str(wrong))
        place = int(found.group(1)) if found else len(clean)
        raise _misread(text, place) from None


def _misread(text: str, place: int) -> QueryError:
    where = f"at {_short(text[place:])}" if text[place:].strip() else "at the end"
    message = f"The search text cannot be understood {where}: a word is missing before or after AND, OR, NOT or ( )."
    return QueryError(message, position=place, hint=_QUOTE_IT)


def _short(text: str) -> str:
    text = text.strip()
    return f"“{text[:20]}…”" if len(text) > 20 else f"“{text}”"


def _prepared(text: str) -> str:
    """The text, sign for sign as long, with only such signs as the grammar knows in such places as it allows."""
    text = text.translate(_SIGNS)
    _check_names(text)
    colons = {found.end() - 1 for found in _FIELD.finditer(text) if found.group(1).lower() in _NAMES}
    out: list[str] = []
    opened: list[int] = []
    quote: int | None = None
    for at, char in enumerate(text):
        if char == '"':
            quote = at if quote is None else None
        elif quote is not None:
            char = " " if char == "\\" else char
        elif char == "(":
            opened.append(at)
        elif char == ")":
            if not opened:
                raise QueryError("A ) closes what no ( opened.", position=at, hint=f"Take it out. {_QUOTE_IT}")
            opened.pop()
        elif not _kept(text, at, colons):
            char = " "
        out.append(char)
        _check_depth(opened)
    if quote is not None:
        raise QueryError('A " is never closed.', position=quote, hint='Write the phrase between two quotes: "…".')
    if opened:
        raise QueryError("A ( is never closed.", position=opened[-1], hint=f"Add a ). {_QUOTE_IT}")
    return "".join(out)


def _check_depth(opened: Sequence[int]) -> None:
    if len(opened) > DEEPEST:
        message = f"More than {DEEPEST} brackets stand in one another."
        raise QueryError(message, position=opened[-1], hint="Search in several steps.")


def _check_names(text: str) -> None:
    """A name before a colon that is none of ours is a mistake where it is Latin letters, plain text elsewhere."""
    plain = re.sub(r'"[^"]*"', lambda quoted: " " * len(quoted.group()), text)
    for found in _FIELD.finditer(plain):
        name = found.group(1)
        unknown = name.isascii() and name.lower() not in _NAMES
        if unknown and not plain[found.end()].isspace():
            raise _no_field(name, found.start())


def _named(name: str) -> str:
    if name.lower() not in _NAMES:
        raise _no_field(name, None)
    return _NAMES[name.lower()]


def _no_field(name: str, position: int | None) -> QueryError:
    hint = f"Fields are {_FIELDS}. {_QUOTE_IT}"
    return QueryError(f"There is no field {_short(name)}.", position=position, hint=hint)


def _kept(text: str, at: int, colons: set[int]) -> bool:
    """Whether the sign outside quotes means something to the grammar where it stands."""
    char, before, after = text[at], text[at - 1 : at] if at else "", text[at + 1 : at + 2]
    if char.isspace() or char.isalnum() or char in "_.#@%" or unicodedata.category(char) in _ATTACHED:
        return True
    if char == "-":
        return bool(re.match(r'[\w"(]', after)) and (not before or bool(re.match(r"[\w\s(:]", before)))
    if char == ":":
        return at in colons
    return char in "'’,·" and before.isalnum() and after.isalnum()


def _has_words(item: lucene.Item) -> bool:
    """Whether anything is looked for in what was said: not only facts, not only what must be absent."""
    if isinstance(item, lucene.SearchField | lucene.Not | lucene.Prohibit):
        return False
    if isinstance(item, lucene.Term):
        return bool(tokens(item.value))
    return any(_has_words(child) for child in item.children)


class _Reader:
    """Turns Lucene's tree into ours. Parts without a word to look for give None and fall away."""

    def __init__(self, scope: Scope) -> None:
        self._scope = scope

    def node(self, item: lucene.Item, depth: int, field: str = "") -> Node | None:
        if depth > 4 * DEEPEST:
            raise QueryError("The search text is too deeply nested.", hint="Search in several steps.")

        def below(child: lucene.Item) -> Node | None:
            return self.node(child, depth + 1, field)

        match item:
            case lucene.Phrase():
                return self._leaf(item.value[1:-1], field)
            case lucene.Word():
                return self._leaf(item.value, field)
            case lucene.SearchField():
                if field:
                    raise QueryError(
                        f"The field {_short(item.name)} stands inside another.", hint="Put a space before it."
                    )
                return self.node(item.expr, depth + 1, _named(item.name))
            case lucene.BaseGroup():
                return below(item.expr)
            case lucene.Not() | lucene.Prohibit():
                part = below(item.a)
                return None if part is None else part.part if isinstance(part, Not) else Not(part)
            case lucene.OrOperation():
                return _joined(Or, [below(child) for child in item.children])
            case lucene.AndOperation() | lucene.UnknownOperation():
                return _joined(And, [below(child) for child in item.children])
        raise QueryError(f"{_short(str(item))} cannot be searched for.", hint=_QUOTE_IT)

    def _leaf(self, text: str, field: str) -> Node | None:
        if field:
            return self._fact(field, text)
        return _joined(Or, [Words(run) for run in runs(text)])

    def _fact(self, field: str, value: str) -> Fact:
        if field == "role":
            return Fact(fact(field, _one_of(value, _ROLES, "role")), True)
        if field == "severity":
            value = _one_of(value, _SEVERITIES, "severity")
        if field in ("rule", "severity"):
            return Fact(finding_fact(self._scope, **{field: value.strip()}), self._scope == "turn")
        return Fact(fact(field, value))


def _one_of(value: str, known: dict[str, str], field: str) -> str:
    found = known.get(value.strip().lower())
    if found is None:
        raise QueryError(f"{field} cannot be {_short(value)}.", hint=f"Use one of {', '.join(known)}.")
    return found


def _joined(kind: Callable[[tuple[Node, ...]], Node], parts: Sequence[Node | None]) -> Node | None:
    kept = tuple(part for part in parts if part is not None)
    return kind(kept) if len(kept) > 1 else next(iter(kept), None)
