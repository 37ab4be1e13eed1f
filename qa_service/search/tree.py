"""A query as it is understood, before it is put in the words of one index or the other."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeAlias

from qa_service.search.document import TurnDocument
from qa_service.text.normalise import normalise

#: Longest value of a fact that is told from another.
VALUE_CHARS = 200
#: A fact that every document has.
EVERY = "every"


@dataclass(frozen=True, slots=True)
class Words:
    """Tokens that follow one another."""

    tokens: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Fact:
    """A token of a fact, made by :func:`fact`."""

    token: str


@dataclass(frozen=True, slots=True)
class And:
    parts: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Or:
    parts: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Not:
    part: Node


Node: TypeAlias = Words | Fact | And | Or | Not


def fact(name: str, value: str) -> str:
    """A fact as one token of ASCII letters and digits; case, width and script of the value do not count."""
    return f"{name}z{normalise(value.strip()[:VALUE_CHARS]).text.encode('utf-8', 'ignore').hex()}"


def facts_of(document: TurnDocument) -> list[str]:
    """All that a document can be filtered by."""
    plain = {"agent": document.agent_id, "team": document.team, "role": document.role, "call": document.call_id}
    found = [EVERY, *(fact(name, value) for name, value in plain.items() if value)]
    for scope, findings in (("turn", document.findings), ("call", document.call_findings)):
        for rule, severity in findings:
            found += [fact(f"{scope}rule", rule), fact(f"{scope}severity", severity)]
            found.append(fact(f"{scope}finding", f"{rule} {severity}"))
    return list(dict.fromkeys(found))


def wanted(node: Node) -> Iterator[tuple[str, ...]]:
    """Runs of tokens that make a turn match, and so are marked in it; not those that must be absent."""
    match node:
        case Words(tokens=run):
            yield run
        case And(parts=parts) | Or(parts=parts):
            for part in parts:
                yield from wanted(part)
        case Fact() | Not():
            return
