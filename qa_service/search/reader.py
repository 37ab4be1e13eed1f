"""Lucene's tree turned into ours."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from luqum import tree as lucene

from qa_service.errors import QueryError
from qa_service.search import said
from qa_service.search.fields import BY_NAME, QUOTE_IT, Field, Kind, compared, named, short
from qa_service.search.findings import Finding, alternatives, one_finding
from qa_service.search.grammar import DEEPEST, Parsed
from qa_service.search.tree import And, Node, Not, Or, Scope
from qa_service.text.tokens import tokens

_BESIDE = (lucene.AndOperation, lucene.UnknownOperation)
_TILDE = str.maketrans("～", "~")


def beside(item: lucene.Item | None, *, grouped: bool = True) -> Iterator[lucene.Item]:
    """What stands side by side and must all hold; ``grouped``: also what stands so in brackets."""
    if isinstance(item, _BESIDE):
        for child in item.children:
            yield from beside(child, grouped=grouped)
    elif grouped and isinstance(item, lucene.BaseGroup):
        yield from beside(item.expr)
    elif item is not None:
        yield item


def has_words(item: lucene.Item) -> bool:
    """Whether anything is looked for in what was said: not only facts, not only what must be absent."""
    match item:
        case lucene.Not() | lucene.Prohibit() | lucene.Range() | lucene.OpenRange():
            return False
        case lucene.SearchField():
            field = BY_NAME.get(item.name.lower())
            return field is not None and field.kind is Kind.SOUND
        case lucene.Term():
            return bool(tokens(item.value))
    return any(has_words(child) for child in item.children)


class Reader:
    """Makes nodes of what was read. Parts without a word to look for give None and fall away."""

    def __init__(self, read: Parsed, scope: Scope) -> None:
        """``scope`` says what fields of findings are of: the call, or the turns that prove them."""
        self._read = read
        self._scope = scope

    def all_of(self, items: Sequence[lucene.Item], *, findings: Sequence[Finding] = (), depth: int = 0) -> list[Node]:
        """What the items ask for, side by side; ``findings`` are asked for beside them."""
        nodes: list[Node | None] = []
        asked: list[tuple[Finding, ...]] = [(finding,) for finding in findings]
        for item in items:
            found = alternatives(item, self._read)
            if found:
                asked.append(found)
            else:
                nodes.append(self.node(item, depth))
        if asked:
            nodes.append(one_finding(asked, self._scope))
        return [node for node in nodes if node is not None]

    def node(self, item: lucene.Item, depth: int = 0, field: Field | None = None) -> Node | None:
        """The item as one node.

        Raises:
            QueryError: it cannot be understood.
        """
        if depth > 4 * DEEPEST:
            message = "The search text is too deeply nested."
            raise QueryError(message, position=item.pos, hint="Search in several steps.")
        match item:
            case lucene.SearchField():
                if field:
                    message = f"The field {short(item.name)} stands inside another."
                    raise QueryError(message, position=item.pos, hint="Put a space before it.")
                return self.node(item.expr, depth + 1, named(item.name, item.pos))
            case lucene.Not() | lucene.Prohibit():
                part = self.node(item.a, depth + 1, field)
                return None if part is None else part.part if isinstance(part, Not) else Not(part)
            case lucene.OrOperation():
                return joined(Or, [self.node(child, depth + 1, field) for child in item.children])
            case lucene.AndOperation() | lucene.UnknownOperation() if field:
                return joined(And, [self.node(child, depth + 1, field) for child in item.children])
            case lucene.AndOperation() | lucene.UnknownOperation():
                return joined(And, self.all_of(tuple(beside(item)), depth=depth + 1))
            case lucene.BaseGroup():
                return self.node(item.expr, depth + 1, field)
        return self._of_field(item, field) if field else self._words(item)

    def _words(self, item: lucene.Item) -> Node | None:
        match item:
            case lucene.Term():
                return said.words(self._read.value(item))
            case lucene.BaseApprox():
                return said.like(self._read.value(item.term), self._edits(item), item.pos)
        raise QueryError(f"{short(str(item))} cannot be searched for.", position=item.pos, hint=QUOTE_IT)

    def _of_field(self, item: lucene.Item, field: Field) -> Node:
        match item:
            case lucene.Term() if field.kind is Kind.FINDING:
                return one_finding([({field.name: field.value(self._read.exact(item), item.pos)},)], self._scope)
            case lucene.Term() if field.kind is Kind.MEASURE:
                value = self._read.exact(item)
                return compared(field, value, value, item.pos)
            case lucene.Term() if field.kind is Kind.SOUND:
                return said.sounding(self._read.exact(item), item.pos, near=False)
            case lucene.BaseApprox() if field.kind is Kind.SOUND and not self._edits(item):
                return said.sounding(self._read.value(item.term), item.pos, near=True)
            case lucene.Term():
                return field.fact(self._read.exact(item), item.pos)
            case lucene.Range() | lucene.OpenRange() if field.kind is Kind.MEASURE:
                return self._compared(item, field)
        message = f"{short(str(item))} cannot stand behind {field.name}:."
        raise QueryError(message, position=item.pos, hint=f'Write {field.name}:… or {field.name}:"…".')

    def _compared(self, item: lucene.Range | lucene.OpenRange, field: Field) -> Node:
        if isinstance(item, lucene.Range):
            low, high = (None if end.value == "*" else str(end.value) for end in (item.low, item.high))
            ends = {"low_included": item.include_low, "high_included": item.include_high}
            return compared(field, low, high, item.pos, **ends)
        included = self._read.included(item)
        if isinstance(item, lucene.From):
            return compared(field, self._read.value(item.a), None, item.pos, low_included=included)
        return compared(field, None, self._read.value(item.a), item.pos, high_included=included)

    def _edits(self, item: lucene.BaseApprox) -> str:
        """The number behind a ~ as typed, empty without one."""
        return self._read.typed[item.pos : item.pos + item.size].rstrip().translate(_TILDE).rpartition("~")[2]


def joined(kind: type[And] | type[Or], parts: Sequence[Node | None]) -> Node | None:
    """The parts as one; None without any."""
    kept = tuple(part for part in parts if part is not None)
    return kind(kept) if len(kept) > 1 else next(iter(kept), None)
