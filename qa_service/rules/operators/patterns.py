"""Regular expressions of rules: read at load, compiled when first needed, and what a text must hold for a match.

Compiling 1,200 patterns takes seconds and a call needs few of them, so a pattern is only parsed at load. Python's own
parser (``re._parser``) does that and gives the literals of which one must stand in every match. A pattern that only
the ``regex`` module understands is compiled at once and has no such literals.
"""

from __future__ import annotations

import re._constants as op
import re._parser as parser
from collections.abc import Sequence
from functools import cached_property, lru_cache
from itertools import product
from typing import Any

import regex

from qa_service.rules.operators.alternations import with_shared_starts

FLAGS = regex.VERSION1 | regex.IGNORECASE
#: Sets of literals that are larger say too little to be worth keeping.
_MOST_LITERALS = 600
#: How many literals two neighbouring sets may become when they are put together.
_MOST_PRODUCTS = 32
#: Sets of one pattern that are looked for, the most telling first.
_MOST_SETS = 3
#: Alternatives of one pattern that are told apart.
_MOST_ALTERNATIVES = 48
_FEW = 12
#: Set operations, nested sets and fuzzy counts: ``re`` reads them otherwise than ``regex``, without an error.
_OTHERWISE = regex.compile(r"\[[^\]]*(?:\[|--|&&|\|\||~~)|(?<!\\)\{(?!\d*,?\d*\})")
#: Letters with case, but for a to z.
_CASED = regex.compile(
    r"[A-Z]|[[^\x00-\x7f]&&[\p{Cased}\p{Changes_When_Casefolded}\p{Changes_When_Casemapped}]]", regex.VERSION1
)
#: A group that may be referred to, and a reference.
_GROUP = regex.compile(r"(?<!\\)\((?!\?)|\(\?P?<(?![=!])")
_BACK = regex.compile(r"\\([1-9])")
#: Recursion, of the whole pattern or of a group.
CALLS_ITSELF = regex.compile(r"(?<!\\)(?:\\\\)*(?P<call>\(\?(?:R|[+-]?[0-9]+|&\w+|P>\w+)\))")
#: How often something may be repeated; and how often in all, where a repetition stands inside another: the engine lays
#: every round that must be out in memory.
MOST_ROUNDS, MOST_ROUNDS_NESTED = 1000, 10_000
_REPEATED = regex.compile(
    r"(?s)(?P<whole>\\.|\[\^?\]?(?:\\.|[^\]\\])*\]|[^(){])|(?P<opens>\()|(?P<closes>\))"
    r"|\{(?:(?P<least>\d+)?(?P<to>,))?(?P<most>\d+)?\}|\{"
)

Literals = frozenset[str]
Sets = tuple[Literals, ...]


def too_often(written: str) -> tuple[int, str] | None:
    """The first count of a repetition that asks for more rounds than any turn has, and where it stands."""
    groups, last = [1], 1
    for found in _REPEATED.finditer(written):
        least, most = found["least"], found["most"]
        if found["opens"]:
            groups.append(1)
        elif found["closes"]:
            last = groups.pop() if len(groups) > 1 else 1
            groups[-1] = max(groups[-1], last)
        elif least or most:
            for name in ("least", "most"):
                if found[name] and _number(found[name]) > MOST_ROUNDS:
                    return found.start(name), found[name]
            rounds = last * (_number(least or "0") if found["to"] else _number(most))
            if rounds > MOST_ROUNDS_NESTED:
                return found.start(), f"{rounds:,}"
            groups[-1] = max(groups[-1], rounds)
        if not found["closes"]:
            last = 1
    return None


def _number(digits: str) -> int:
    """One that is far too long is only known to be too many."""
    return int(digits) if len(digits) <= len(str(MOST_ROUNDS)) else MOST_ROUNDS + 1


class Pattern:
    """One pattern, case ignored.

    ``required``: alternatives; for one of them a literal of each of its sets must stand in a plain text
    (:func:`~qa_service.rules.stream.is_plain`) that matches. None where nothing is known.
    ``empty``: it matches the empty text, and so everywhere.
    """

    def __init__(self, written: str) -> None:
        """Raises regex.error where it does not compile."""
        self.written = written
        self._tree = _parsed(written)
        self._caseless = self._tree is not None
        unsure = self._tree is None or self._tree.getwidth()[0] == 0
        self.empty = unsure and self.whole.fullmatch("") is not None

    def on(self, *, plain: bool) -> regex.Pattern[str]:
        """The pattern to use on a text; on a plain one the quicker one of the two, which match the same there."""
        return self.quick if plain and self._caseless else self.whole

    @cached_property
    def required(self) -> tuple[Sets, ...] | None:
        tree, self._tree = self._tree, None
        return None if tree is None else _required(tree.data)

    @cached_property
    def whole(self) -> regex.Pattern[str]:
        return regex.compile(self.written, FLAGS, cache_pattern=False)

    @cached_property
    def quick(self) -> regex.Pattern[str]:
        return regex.compile(with_shared_starts(self.written), regex.VERSION1, cache_pattern=False)


@lru_cache(maxsize=16384)
def pattern_of(written: str) -> Pattern:
    """The same pattern is read once in a process. Raises regex.error where it does not compile."""
    return Pattern(written)


def any_of(patterns: Sequence[str]) -> Pattern:
    """One alternation; each part keeps its own groups, so that back references count from its start."""
    branches: list[str] = []
    groups = 0
    for written in patterns:
        branches.append(f"(?:{_shifted(written, groups)})")
        groups += regex.compile(written, FLAGS).groups if _GROUP.search(written) else 0
    return pattern_of("|".join(branches))


def _shifted(written: str, groups: int) -> str:
    """Back references ``\\1`` moved by the groups of the patterns before."""
    return str(_BACK.sub(lambda found: f"\\{int(found.group(1)) + groups}", written))


def _parsed(written: str) -> Any:
    """The pattern as ``re`` parses it, where that means the same to ``regex`` and case plays no part in it."""
    if _OTHERWISE.search(written):
        return None
    try:
        tree = parser.parse(written)
    except (parser.error, OverflowError, RecursionError):
        return None
    return tree if tree.state.flags == op.SRE_FLAG_UNICODE and _is_caseless(tree) else None


def _is_caseless(items: Any) -> bool:
    return all(_caseless_item(code, argument) for code, argument in items.data)


@lru_cache(maxsize=16384)
def _without_case(code: int) -> bool:
    return _CASED.search(chr(code)) is None


def _caseless_item(code: Any, argument: Any) -> bool:
    if code in (op.LITERAL, op.NOT_LITERAL):
        return _without_case(argument)
    if code is op.RANGE:
        first, last = map(chr, argument)
        return any(a <= first and last <= b for a, b in (("a", "z"), ("0", "9"), ("\u3400", "\u9fff")))
    if code is op.IN:
        return all(_caseless_item(*item) for item in argument)
    if code is op.BRANCH:
        return all(map(_is_caseless, argument[1]))
    if code is op.SUBPATTERN:
        return not argument[1] and not argument[2] and _is_caseless(argument[3])
    if code in (op.ANY, op.AT, op.CATEGORY, op.NEGATE, op.GROUPREF):
        return True
    if code in (op.MAX_REPEAT, op.MIN_REPEAT, op.POSSESSIVE_REPEAT):
        return _is_caseless(argument[2])
    if code is op.ATOMIC_GROUP:
        return _is_caseless(argument)
    return code in (op.ASSERT, op.ASSERT_NOT) and _is_caseless(argument[1])


def _required(items: Sequence[Any]) -> tuple[Sets, ...] | None:
    """For each alternative the sets that it needs; None where one of them needs nothing."""
    found = [_needed(alternative) for alternative in _alternatives(items, _MOST_ALTERNATIVES)]
    return None if any(not sets for sets in found) else tuple(dict.fromkeys(found))


def _needed(items: Sequence[Any]) -> Sets:
    exact, sets = _sequence(items)
    found = [*sets, *([exact] if exact else [])]
    return tuple(sorted((s for s in set(map(_shortest, found)) if _tells(s)), key=_worth)[:_MOST_SETS])


def _alternatives(items: Sequence[Any], most: int) -> list[Sequence[Any]]:
    """An expression as those of which one must match: its first alternation that is no list of words taken apart."""
    for i, (code, argument) in enumerate(items):
        if code is op.SUBPATTERN and not argument[1] and not argument[2]:
            return _alternatives([*items[:i], *argument[3].data, *items[i + 1 :]], most)
        if code is op.BRANCH and 1 < len(argument[1]) <= most and _sequence([(code, argument)])[0] is None:
            share = most // len(argument[1])
            return [
                whole
                for branch in argument[1]
                for whole in _alternatives([*items[:i], *branch.data, *items[i + 1 :]], max(1, share))
            ]
    return [items]


def _worth(literals: Literals) -> tuple[int, int, list[str]]:
    return -min(map(len, literals)), len(literals), sorted(literals)


def _tells(literals: Literals | None) -> bool:
    return bool(literals) and "" not in (literals or ()) and len(literals or ()) <= _MOST_LITERALS


def _shortest(literals: Literals) -> Literals:
    """Without those that hold another one: where they are, the other one is."""
    kept: list[str] = []
    for literal in sorted(literals, key=len):
        if not any(k in literal for k in kept):
            kept.append(literal)
    return frozenset(kept)


#: All texts an expression can match (None: too many, or not known), and sets of which each match holds one literal.
_Known = tuple[Literals | None, list[Literals]]
_EMPTY: Literals = frozenset({""})


def _sequence(items: Sequence[Any]) -> _Known:
    running: Literals = _EMPTY
    sets: list[Literals] = []
    whole = True
    for code, argument in items:
        if code is op.LITERAL:
            char = chr(argument)
            running = frozenset([a + char for a in running])
            continue
        exact, inside = _item(code, argument)
        if exact is not None and len(exact) * len(running) <= _MOST_PRODUCTS:
            running = frozenset([a + b for a, b in product(running, exact)])
            continue
        whole = False
        if _tells(running):
            sets.append(running)
        sets += inside
        running = exact if exact is not None else _EMPTY
    if whole:
        return running, []
    if _tells(running):
        sets.append(running)
    return None, sets


def _item(code: Any, argument: Any) -> _Known:
    if code in (op.AT, op.ASSERT, op.ASSERT_NOT):
        return _EMPTY, []
    if code is op.IN:
        return _set(argument), []
    if code is op.BRANCH:
        return _branch(argument[1])
    if code is op.SUBPATTERN:
        return _sequence(argument[3].data)
    if code is op.ATOMIC_GROUP:
        return _sequence(argument.data)
    if code in (op.MAX_REPEAT, op.MIN_REPEAT, op.POSSESSIVE_REPEAT):
        return _repeat(*argument)
    return None, []


def _set(items: Sequence[Any]) -> Literals | None:
    chars: set[str] = set()
    for code, argument in items:
        if code is op.LITERAL:
            chars.add(chr(argument))
        elif code is op.RANGE and argument[1] - argument[0] < _FEW:
            chars |= {chr(c) for c in range(argument[0], argument[1] + 1)}
        else:
            return None
    return frozenset(chars)


def _branch(branches: Sequence[Any]) -> _Known:
    known = [_sequence(branch.data) for branch in branches]
    exacts = [exact for exact, _ in known]
    if all(exact is not None for exact in exacts):
        whole = frozenset[str]().union(*(e for e in exacts if e is not None))
        return (whole, []) if len(whole) <= _MOST_LITERALS else (None, [])
    best = [_best(exact, sets) for exact, sets in known]
    if any(b is None for b in best):
        return None, []
    return None, [_shortest(frozenset[str]().union(*(b for b in best if b is not None)))]


def _best(exact: Literals | None, sets: Sequence[Literals]) -> Literals | None:
    telling = [s for s in (*sets, *([exact] if exact is not None else [])) if _tells(s)]
    return min(telling, key=_worth, default=None)


def _repeat(least: int, most: int, inside: Any) -> _Known:
    exact, sets = _sequence(inside.data)
    if least == 0:
        return (exact | _EMPTY, []) if most == 1 and exact is not None else (None, [])
    if least == most == 1:
        return exact, sets
    return None, [*sets, *([exact] if exact is not None and _tells(exact) else [])]
