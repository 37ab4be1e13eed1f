"""A tree parted into what the call must be and what the turn must have.

On the server a call's facts belong to its document and the words to the turns nested in it, and one clause cannot ask
for both. So the tree becomes *cells*: each has a condition on the call and one on the turn, and no call is in two of
them. With this, hits, matching turns and counts of each cell are simply put together.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import TypeAlias

from qa_service.errors import QueryError
from qa_service.search.tree import EVERY, And, Fact, Fuzzy, Node, Not, Or, Range, Sounds, Words

#: Most cells of a query; each costs a clause, and a count.
MOST = 32
#: What words are asked for with.
Leaf: TypeAlias = Words | Fuzzy | Sounds
#: What is true of each turn, and of none.
ALWAYS: Node = And(())
NEVER: Node = Or(())


@dataclass(frozen=True, slots=True)
class Cell:
    """Turns for which ``turn`` holds, in calls for which ``call`` holds."""

    call: Node
    turn: Node


def cells(node: Node) -> tuple[Cell, ...]:
    """The cells of a tree; none where it cannot hold.

    Raises:
        QueryError: it mixes facts of the call and words of the turn in more than :data:`MOST` ways.
    """
    found = tuple(islice(_split(simplified(node), ()), MOST + 1))
    if len(found) > MOST:
        message = "The search mixes fields of the call and words in too many ways for the search server."
        raise QueryError(message, hint="Search in several steps, or put the fields outside the brackets.")
    return found


def looked_for(node: Node) -> tuple[Leaf, ...]:
    """The words of a tree that a turn may have, each once; not those that it must not have."""
    match node:
        case Words() | Fuzzy() | Sounds():
            return (node,)
        case And(parts=parts) | Or(parts=parts):
            return tuple(dict.fromkeys(word for part in parts for word in looked_for(part)))
    return ()


def simplified(node: Node) -> Node:
    """The same without what is always or never true; facts of the call that stand side by side are one part."""
    match node:
        case Fact(token=token) if token == EVERY:
            return ALWAYS
        case Not(part=part):
            return _negated(simplified(part))
        case And(parts=parts):
            return _joined(And, parts)
        case Or(parts=parts):
            return _joined(Or, parts)
    return node


def _split(node: Node, known: tuple[Node, ...]) -> Iterator[Cell]:
    """Ask whether the first condition on the call holds, and go on with what is left in either case."""
    if node == NEVER:
        return
    of_call = _of_call(node)
    if of_call is None:
        yield Cell(known[0] if len(known) == 1 else And(known), node)
        return
    yield from _split(_told(node, of_call, ALWAYS), (*known, of_call))
    yield from _split(_told(node, of_call, NEVER), (*known, _negated(of_call)))


def _of_call(node: Node) -> Node | None:
    """A largest part of the tree that is of the call alone; what must hold in any case before what may."""
    if _kinds(node) == {"call"}:
        return node
    match node:
        case Not(part=part):
            return _of_call(part)
        case And(parts=parts) | Or(parts=parts):
            whole = [part for part in parts if _kinds(part) == {"call"}]
            found = (_of_call(part) for part in (*whole, *parts))
            return next((part for part in found if part is not None), None)
    return None


def _kinds(node: Node) -> set[str]:
    match node:
        case Fact(of_turn=False) | Range():
            return {"call"}
        case Not(part=part):
            return _kinds(part)
        case And(parts=parts) | Or(parts=parts):
            return {kind for part in parts for kind in _kinds(part)}
    return {"turn"}


def _told(node: Node, asked: Node, answer: Node) -> Node:
    """The tree where ``asked`` is known to be always or never true."""
    if node == asked:
        return answer
    match node:
        case Not(part=part):
            return _negated(_told(part, asked, answer))
        case And(parts=parts):
            return _joined(And, [_told(part, asked, answer) for part in parts])
        case Or(parts=parts):
            return _joined(Or, [_told(part, asked, answer) for part in parts])
    return node


def _negated(node: Node) -> Node:
    if node in (ALWAYS, NEVER):
        return NEVER if node == ALWAYS else ALWAYS
    return node.part if isinstance(node, Not) else Not(node)


def _joined(kind: type[And] | type[Or], parts: Sequence[Node]) -> Node:
    neutral, decisive = (ALWAYS, NEVER) if kind is And else (NEVER, ALWAYS)
    flat: list[Node] = []
    for part in map(simplified, parts):
        flat += part.parts if isinstance(part, kind) else [part]
    kept = [part for part in dict.fromkeys(flat) if part != neutral]
    if decisive in kept:
        return decisive
    of_call = [part for part in kept if _kinds(part) == {"call"}]
    if len(of_call) > 1 and len(of_call) < len(kept):
        rest = [part for part in kept if part not in of_call]
        return kind((kind(tuple(of_call)), *rest))
    return kept[0] if len(kept) == 1 else kind(tuple(kept))
