"""A query as it is understood, before it is put in the words of one index or the other.

A node holds of a *turn*: its own words and the facts of its call. Only Near is of a whole call, and only stands at the
top (``Understood.nears``), so that both indexes answer it the same way (near.py).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from itertools import combinations
from typing import Literal, TypeAlias

from qa_service.search.document import CallDocument, FindingMark, TurnDocument
from qa_service.text.normalise import normalise

#: Longest value of a fact that is told from another.
VALUE_CHARS = 200
#: A fact that every turn has.
EVERY = "every"
Scope = Literal["turn", "call"]
_DASHES = str.maketrans(dict.fromkeys("‐‑‒–—−﹣－", "-"))


@dataclass(frozen=True, slots=True)
class Words:
    """Tokens that follow one another in a turn; with ``prefix`` the last one may go on (garnish* finds garnishee)."""

    tokens: tuple[str, ...]
    prefix: bool = False


@dataclass(frozen=True, slots=True)
class Fuzzy:
    """One token that differs in at most ``edits`` letters (optimal string alignment: neighbours may change places)."""

    token: str
    edits: int


@dataclass(frozen=True, slots=True)
class Sounds:
    """Syllables that follow one another, tones aside. ``near``: sounds that speakers merge (zh/z, n/l …) are one."""

    syllables: tuple[str, ...]
    near: bool = False


@dataclass(frozen=True, slots=True)
class Fact:
    """A fact of the call, or of the turn where ``of_turn``: a token made by :func:`fact`."""

    token: str
    of_turn: bool = False


class Measure(StrEnum):
    """Facts of a call that have an order."""

    SCORE = "score"
    DURATION = "duration_s"
    DAY = "day"


@dataclass(frozen=True, slots=True)
class Range:
    """A measure of the call from ``low`` to ``high`` (None is open), ends included or not. Days are ISO texts."""

    measure: Measure
    low: float | str | None = None
    high: float | str | None = None
    low_included: bool = True
    high_included: bool = True


@dataclass(frozen=True, slots=True)
class And:
    parts: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Or:
    parts: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Not:
    """The turn is none of these."""

    part: Node


Node: TypeAlias = Words | Fuzzy | Sounds | Fact | Range | And | Or | Not


@dataclass(frozen=True, slots=True)
class Near:
    """Each part is said in the call, all within ``seconds`` of one another (None: anywhere), ``ordered`` or not."""

    parts: tuple[Node, ...]
    seconds: float | None = None
    ordered: bool = False


@dataclass(frozen=True, slots=True)
class Understood:
    """A whole query. Without ``nears``: turns for which ``node`` holds, and their calls.

    With ``nears``: calls in which every near holds; ``node`` then holds facts, ranges and what must be absent (words
    beside a near() have become a near of their own), and is true of each turn that takes part. ``ranked``: the best
    come first, for words were asked for; never with nears. Facts that only narrow (filters, fields) weigh nothing.
    """

    node: Node
    nears: tuple[Near, ...] = ()
    ranked: bool = False


def fact(name: str, value: str) -> str:
    """A fact as one token of ASCII letters and digits.

    Case, width and script of the value do not count, nor which dash is in it, nor a plus sign at its end, so that the
    stages M2–M3 and M6+ can be typed.
    """
    plain = normalise(value.strip()[:VALUE_CHARS]).text.translate(_DASHES).rstrip("+")
    return f"{name}z{plain.encode('utf-8', 'ignore').hex()}"


def finding_fact(scope: Scope, **asked: str) -> str:
    """The token of "a finding with all of this": any of rule, requirement, severity and state."""
    parts = sorted(asked.items())
    return fact(f"{scope}{''.join(name for name, _ in parts)}", " ".join(value for _, value in parts))


def facts_of_call(call: CallDocument) -> list[str]:
    """All facts that a call can be filtered by, those of its findings among them."""
    plain = {
        "agent": call.agent_id, "agenttype": call.agent_type, "team": call.team, "call": call.call_id,
        "product": call.product, "stage": call.stage, "segment": call.segment, "jurisdiction": call.jurisdiction,
        "language": call.language, "status": call.status, "grade": call.grade,
    }  # fmt: skip
    found = [EVERY, *(fact(name, value) for name, value in plain.items() if value)]
    return list(dict.fromkeys([*found, *_of_findings("call", call.findings)]))


def facts_of_turn(turn: TurnDocument) -> list[str]:
    """Facts of the turn itself."""
    return list(dict.fromkeys([fact("role", turn.role), *_of_findings("turn", turn.findings)]))


def _of_findings(scope: Scope, findings: Iterable[FindingMark]) -> Iterable[str]:
    """Every way to ask for each finding: by one, two, three or all of its properties."""
    for mark in findings:
        for requirement in mark.requirements or ("",):
            known = {"rule": mark.rule_id, "severity": mark.severity, "state": mark.state, "requirement": requirement}
            names = [name for name, value in known.items() if value]
            for size in range(1, len(names) + 1):
                for chosen in combinations(names, size):
                    yield finding_fact(scope, **{name: known[name] for name in chosen})
