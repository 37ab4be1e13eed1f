"""What a query must find, reckoned turn by turn from the definitions of the language; no index, no haste."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import pairwise, product

from qa_service.records import Role
from qa_service.search.document import CallDocument, TurnDocument
from qa_service.search.protocol import Access, Facet, SearchQuery
from qa_service.search.query import understood
from qa_service.search.streams import Streams, at_s, marks, streams
from qa_service.search.tree import (
    And,
    Fact,
    Fuzzy,
    Measure,
    Near,
    Node,
    Not,
    Or,
    Range,
    Sounds,
    Words,
    facts_of_call,
    facts_of_turn,
    finding_fact,
)
from qa_service.text.tokens import pairs, stem

#: Facts by call, which is asked about again and again: an id must stand for one call in a whole test session.
_FACTS: dict[str, frozenset[str]] = {}


@dataclass(frozen=True)
class Expected:
    """Turns that match, by call."""

    turns: dict[str, set[int]]

    @property
    def total_turns(self) -> int:
        return sum(map(len, self.turns.values()))


def expected(query: SearchQuery, access: Access, corpus: Sequence[CallDocument]) -> Expected:
    """By call the turns that match; for near() the calls alone count, their turns are those that take part."""
    asked = understood(query)
    found: dict[str, set[int]] = {}
    for call in corpus:
        if not (access.allows(call) and _filtered(query, call)):
            continue
        turns = [turn for turn in call.turns if holds(asked.node, turn, call) and _of_turn(query, turn)]
        if asked.nears:
            turns = _near_turns(asked.nears, turns, call)
        if turns:
            found[call.call_id] = {turn.index for turn in turns}
    return Expected(found)


def holds(node: Node, turn: TurnDocument, call: CallDocument) -> bool:
    """Whether a node holds of a turn."""
    said = _said(turn.text)
    match node:
        case And(parts=parts):
            return all(holds(part, turn, call) for part in parts)
        case Or(parts=parts):
            return any(holds(part, turn, call) for part in parts)
        case Not(part=part):
            return not holds(part, turn, call)
        case Fact(token=token, of_turn=of_turn):
            return token in (facts_of_turn(turn) if of_turn else _facts(call))
        case Range():
            return _in_range(node, call)
        case Words(tokens=(word,), prefix=False):
            return stem(word) in said.words.split()
        case Words(tokens=(word,)):
            return any(token.startswith(word) for token in said.words.split())
        case Words(tokens=run, prefix=prefix):
            return _follow(list(pairs(run)), said.pairs.split(), prefix=prefix)
        case Fuzzy(token=token, edits=edits):
            return any(osa(token, other) <= edits for other in said.words.split())
        case Sounds(syllables=syllables, near=near):
            return _follow(list(syllables), (said.likes if near else said.sounds).split())
    raise AssertionError(node)


def _facts(call: CallDocument) -> frozenset[str]:
    if call.call_id not in _FACTS:
        _FACTS[call.call_id] = frozenset(facts_of_call(call))
    return _FACTS[call.call_id]


@cache
def _said(text: str) -> Streams:
    return streams(text)


@cache
def osa(one: str, other: str) -> int:
    """Edits of letters where neighbours may change places once (optimal string alignment)."""
    before: list[int] = []
    last = list(range(len(other) + 1))
    for i, a in enumerate(one, 1):
        row = [i]
        for j, b in enumerate(other, 1):
            best = min(last[j] + 1, row[-1] + 1, last[j - 1] + (a != b))
            if i > 1 and j > 1 and a == other[j - 2] and one[i - 2] == b:
                best = min(best, before[j - 2] + 1)
            row.append(best)
        before, last = last, row
    return last[-1]


def facet(name: Facet, calls: Iterable[CallDocument]) -> dict[str, int]:
    """Calls by value."""
    counts: dict[str, int] = {}
    for call in calls:
        for value in set(_values(name, call)):
            counts[value] = counts.get(value, 0) + 1
    return counts


def _values(name: Facet, call: CallDocument) -> Iterator[str]:
    plain = {
        Facet.AGENT: call.agent_id, Facet.TEAM: call.team, Facet.PRODUCT: call.product, Facet.STAGE: call.stage,
        Facet.GRADE: call.grade, Facet.LANGUAGE: call.language, Facet.DAY: call.day.isoformat(),
    }  # fmt: skip
    if name in plain:
        yield from (value for value in (plain[name],) if value)
    for mark in call.findings:
        of_finding = {Facet.RULE: mark.rule_id, Facet.SEVERITY: mark.severity.value, Facet.STATE: mark.state.value}
        yield from (value for key, value in of_finding.items() if key is name)
        yield from mark.requirements if name is Facet.REQUIREMENT else ()


def _filtered(query: SearchQuery, call: CallDocument) -> bool:
    """The filters that are no part of the tree: the days."""
    return not (query.day_from and call.day < query.day_from) and not (query.day_to and call.day > query.day_to)


def _of_turn(query: SearchQuery, turn: TurnDocument) -> bool:
    return query.role in (None, turn.role, Role(turn.role))


def _in_range(wanted: Range, call: CallDocument) -> bool:
    value = {Measure.SCORE: call.score, Measure.DURATION: call.duration_s, Measure.DAY: call.day.isoformat()}
    here = value[wanted.measure]
    if here is None:
        return False
    above = wanted.low is None or here > wanted.low or (wanted.low_included and here == wanted.low)  # type: ignore[operator]
    below = wanted.high is None or here < wanted.high or (wanted.high_included and here == wanted.high)  # type: ignore[operator]
    return above and below


def _follow(wanted: Sequence[str], said: Sequence[str], *, prefix: bool = False) -> bool:
    size = len(wanted)
    if size > 1 and wanted[0] not in said:  # most often; the rest is slow
        return False
    return any(
        list(said[i : i + size - 1]) == list(wanted[:-1])
        and (said[i + size - 1].startswith(wanted[-1]) if prefix else said[i + size - 1] == wanted[-1])
        for i in range(len(said) - size + 1)
    )


def _near_turns(nears: Iterable[Near], turns: Sequence[TurnDocument], call: CallDocument) -> list[TurnDocument]:
    taking: dict[int, TurnDocument] = {}
    for near in nears:
        here = [turn for combination in _combinations(near, turns, call) for turn in combination]
        if not here:
            return []
        taking |= {turn.index: turn for turn in here}
    return list(taking.values())


def _combinations(near: Near, turns: Sequence[TurnDocument], call: CallDocument) -> Iterator[tuple[TurnDocument, ...]]:
    """Every choice of one place for each part that stands near enough, each place once, and in order if asked."""
    places = [
        [(at, turn.index, turn) for turn in turns if holds(part, turn, call) for at in _moments(part, turn)]
        for part in near.parts
    ]
    for chosen in product(*places):
        said = [place[:2] for place in chosen]
        times = [at for at, _ in said]
        close = near.seconds is None or max(times) - min(times) <= near.seconds
        each_once = len(set(zip(near.parts, said, strict=True))) == len(said)
        rising = all(a < b for a, b in pairwise(said))
        if close and (rising if near.ordered else each_once):
            yield tuple(turn for _, _, turn in chosen)


def _moments(part: Node, turn: TurnDocument) -> list[float]:
    """When the part is said: each of its places, the start of the turn where it has none."""
    spans = marks(turn.text, part)
    return [at_s(turn.start_s, turn.end_s, turn.text, (span,)) for span in spans] or [turn.start_s]


__all__ = ["Expected", "expected", "facet", "finding_fact", "holds", "osa"]
