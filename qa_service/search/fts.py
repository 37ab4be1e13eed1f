"""A query tree as an expression of SQLite's FTS5, over the columns ``words``, ``pairs`` and ``facts``."""

from __future__ import annotations

from qa_service.search.tree import EVERY, And, Fact, Node, Not, Or, Words
from qa_service.text.tokens import pairs, stem


def expression(node: Node) -> str:
    """The expression. Tokens hold letters, digits and the joint only, so that nothing needs escaping."""
    match node:
        case Words(tokens=(word,)):
            return f'words : "{stem(word)}"'
        case Words(tokens=run):
            return f'pairs : "{" ".join(pairs(run))}"'
        case Fact(token=token):
            return f'facts : "{token}"'
        case Or(parts=parts):
            return f"({' OR '.join(map(expression, parts))})"
        case Not(part=part):
            return f'(facts : "{EVERY}" NOT {expression(part)})'
        case And(parts=parts):
            return _all_of(parts)


def _all_of(parts: tuple[Node, ...]) -> str:
    """FTS5 has no NOT of its own but only "this NOT that": what must be absent is taken from what must be there."""
    there = [expression(part) for part in parts if not isinstance(part, Not)]
    absent = [expression(part.part) for part in parts if isinstance(part, Not)]
    found = " AND ".join(there) if there else f'facts : "{EVERY}"'
    return f"(({found}) NOT ({' OR '.join(absent)}))" if absent else f"({found})"
