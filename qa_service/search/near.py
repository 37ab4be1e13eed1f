"""near() and before(): which calls have their parts near enough, found the same way over any index.

An index gives the candidates: calls that have each part somewhere, with the turns that have it. Whether these stand
near enough is reckoned here, from the places of the words in the turns.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import accumulate
from typing import Protocol

from qa_service.errors import QueryError
from qa_service.records import Record, Role, Severity
from qa_service.search.protocol import Access, CallHit, Facet, FacetCount, SearchQuery, SearchResults, TurnHit
from qa_service.search.streams import at_s, marks
from qa_service.search.tree import Near, Node, Understood
from qa_service.search.within import Match, Place, apart, in_order
from qa_service.text.tokens import joined as as_one

#: Candidates that one answer looks at before it stops with a full page, so that totals are exact where they are few.
LOOKED_AT = 50
#: Candidates that one answer looks at, its page full or not.
MOST_LOOKED_AT = 2000
#: Candidates that are asked for at a time.
CHUNK = 50


class PartTurn(Record):
    """A turn that has a part; its text says where. The findings are those that the turn proves."""

    turn_index: int
    start_s: float
    end_s: float
    role: Role
    text: str
    rule_ids: tuple[str, ...] = ()
    severities: tuple[Severity, ...] = ()


class Candidate(Record):
    """A call that has every part. ``parts`` are the turns of each, in the order of speech.

    ``call`` comes without turns. ``cursor`` lets the next page of candidates begin behind this one.
    """

    call: CallHit
    parts: tuple[tuple[PartTurn, ...], ...]
    facets: Mapping[Facet, tuple[str, ...]]
    cursor: str


class NearSource(Protocol):
    """What an index does for near()."""

    def candidates(
        self,
        asked: Understood,
        parts: Sequence[Node],
        query: SearchQuery,
        access: Access,
        *,
        after: str | None,
        count: int,
    ) -> tuple[Sequence[Candidate], int]:
        """The next calls, newest first, in which for each part a turn matches it and ``asked.node``; how many.

        Calls in which the nears of ``asked`` cannot hold may be left out. The filters of the query and the access hold
        of each. ``after`` is the cursor of the candidate before; fewer than ``count`` are the last.
        """


def joined(source: NearSource, asked: Understood, query: SearchQuery, access: Access) -> SearchResults:
    """The calls in which every near holds, newest first, with the turns that take part.

    Looks at candidates until the page is full and LOOKED_AT are seen, and at no more than MOST_LOOKED_AT; where some
    are left, ``exact`` is False, and a page may be short though ``next`` goes on.

    Raises:
        QueryError: ``query.after`` is no page.
    """
    page = _Page(query)
    parts = tuple(dict.fromkeys(part for near in asked.nears for part in near.parts))
    for candidate in _candidates(source, parts, asked, query, access, page.cursor):
        turns = dict(zip(parts, candidate.parts, strict=True))
        matches = [_match(near, turns) for near in asked.nears]
        page.look(candidate, [match for match in matches if match] if all(matches) else ())
        if page.done():
            break
    else:
        page.ended = True
    return page.results(_facets_before(source, asked, query, access))


def _facets_before(source: NearSource, asked: Understood, query: SearchQuery, access: Access) -> SearchResults | None:
    """Facets are of all pages: a later one asks for them from the beginning again."""
    if not (query.after and query.facets):
        return None
    return joined(source, asked, query.model_copy(update={"after": None, "limit": 1}), access)


def _candidates(
    source: NearSource, parts: Sequence[Node], asked: Understood, query: SearchQuery, access: Access, after: str | None
) -> Iterator[Candidate]:
    plain = query.model_copy(update={"after": None})
    while True:
        found, _ = source.candidates(asked, parts, plain, access, after=after, count=CHUNK)
        yield from found
        if len(found) < CHUNK:
            return
        after = found[-1].cursor


def _places(part: Node, turns: Iterable[PartTurn]) -> list[Place]:
    """Where the part is said. A turn in which none of its words can be marked has it at its beginning."""
    found = []
    for turn in turns:
        for start, end in marks(turn.text, part) or ((0, 0),):
            moment = at_s(turn.start_s, turn.end_s, turn.text, ((start, end),))
            found.append(Place(moment, turn.turn_index, start, end))
    return found


def _match(near: Near, turns: Mapping[Node, Sequence[PartTurn]]) -> Match | None:
    """A part that is asked for twice must be said twice."""
    needed = Counter(near.parts)
    close = {part: turns[part] for part in needed}
    if near.seconds is not None:
        close = _close(close, near.seconds)
    places = {part: _places(part, said) for part, said in close.items()}
    if near.ordered:
        return in_order([places[part] for part in near.parts], near.seconds)
    return apart([places[part] for part in needed], list(needed.values()), near.seconds)


def _close(turns: Mapping[Node, Sequence[PartTurn]], seconds: float) -> dict[Node, Sequence[PartTurn]]:
    """Turns that are near enough to a turn of each other part; only in these need the words be looked for."""
    times = [_Times(said) for said in turns.values()]
    reach = seconds + 1.0  # more than rounding
    return {
        part: [turn for turn in said if all(t.meet(turn.start_s - reach, turn.end_s + reach) for t in times)]
        for part, said in turns.items()
    }


class _Times:
    """When some turns are spoken."""

    def __init__(self, turns: Sequence[PartTurn]) -> None:
        ordered = sorted((turn.start_s, turn.end_s) for turn in turns)
        self._starts = [start for start, _ in ordered]
        self._ends = list(accumulate((end for _, end in ordered), max))

    def meet(self, low: float, high: float) -> bool:
        """Whether one of them is spoken between the two moments, at least in part."""
        begun = bisect_right(self._starts, high)
        return begun > 0 and self._ends[begun - 1] >= low


class _Page:
    """One page of results as it fills, and what is counted on the way."""

    def __init__(self, query: SearchQuery) -> None:
        self._query = query
        self._calls: list[CallHit] = []
        self._facets: dict[Facet, Counter[str]] = {facet: Counter() for facet in query.facets}
        self._total_calls, self._total_turns, self.cursor = _position(query.after)
        self._looked = 0
        self._next = self._last = query.after
        self.ended = False

    def done(self) -> bool:
        """Whether no more candidates are to be looked at."""
        full = len(self._calls) == self._query.limit
        return self._looked >= (LOOKED_AT if full else MOST_LOOKED_AT)

    def look(self, candidate: Candidate, matches: Sequence[Match]) -> None:
        """Count the candidate where all its nears hold, and list it where there is room."""
        self._looked += 1
        places = {place for match in matches for place in match.places}
        turns = _turns(candidate, places)
        if places:
            self._total_calls += 1
            self._total_turns += len(turns)
            for facet, counts in self._facets.items():
                counts.update(candidate.facets.get(facet, ()))
        self._last = f"{self._total_calls}:{self._total_turns}:{candidate.cursor}"
        if places and len(self._calls) < self._query.limit:
            shown = _shown(turns, matches, self._query.turns)
            self._calls.append(candidate.call.model_copy(update={"turns": shown, "matches": len(turns)}))
            self._next = self._last

    def results(self, first: SearchResults | None) -> SearchResults:
        """``first`` is the first page, for the facets of a later one."""
        full = len(self._calls) == self._query.limit
        before = _position(self._next)[0]
        more = not self.ended or (full and self._total_calls > before)
        facets = {
            facet: tuple(FacetCount(value=value, calls=calls) for value, calls in _ranked(facet, counts))
            for facet, counts in self._facets.items()
        }
        return SearchResults(
            calls=tuple(self._calls),
            total_calls=self._total_calls,
            total_turns=self._total_turns,
            exact=self.ended and (first is None or first.exact),
            facets=first.facets if first else facets,
            next=(self._next if full else self._last) if more else None,
        )


def _position(after: str | None) -> tuple[int, int, str | None]:
    """Calls and turns counted on the pages before, and the cursor of the last candidate seen there."""
    if after is None:
        return 0, 0, None
    calls, _, rest = after.partition(":")
    turns, _, cursor = rest.partition(":")
    if not (calls.isdecimal() and turns.isdecimal() and len(calls + turns) < 20 and cursor):
        raise QueryError("The page that was asked for is none of these results.", hint="Begin with the first page.")
    return int(calls), int(turns), cursor


def _turns(candidate: Candidate, places: Iterable[Place]) -> tuple[TurnHit, ...]:
    """The turns that take part, in the order of speech."""
    spoken: dict[int, list[tuple[int, int]]] = {}
    for place in places:
        spoken.setdefault(place.turn_index, []).append((place.start, place.end))
    turns = {turn.turn_index: turn for part in candidate.parts for turn in part if turn.turn_index in spoken}
    return tuple(_hit(turns[index], spoken[index]) for index in sorted(turns))


def _hit(turn: PartTurn, places: Iterable[tuple[int, int]]) -> TurnHit:
    highlights = as_one(place for place in places if place[0] < place[1])
    return TurnHit(
        turn_index=turn.turn_index,
        start_s=turn.start_s,
        end_s=turn.end_s,
        at_s=at_s(turn.start_s, turn.end_s, turn.text, highlights),
        role=turn.role,
        text=turn.text,
        highlights=highlights,
        rule_ids=turn.rule_ids,
        severities=turn.severities,
    )


def _shown(turns: Sequence[TurnHit], matches: Sequence[Match], most: int) -> tuple[TurnHit, ...]:
    """As many as may be shown: those of the shortest windows first, that one may see how it holds."""
    tightest = [place.turn_index for match in matches for place in match.tightest]
    chosen = set(list(dict.fromkeys([*tightest, *(turn.turn_index for turn in turns)]))[:most])
    return tuple(turn for turn in turns if turn.turn_index in chosen)


def _ranked(facet: Facet, counts: Counter[str]) -> list[tuple[str, int]]:
    """The most frequent first; days in order."""
    return sorted(counts.items(), key=lambda item: (0 if facet is Facet.DAY else -item[1], item[0]))
