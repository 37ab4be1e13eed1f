"""near() and before(): reckoned from the places of the words, a page at a time, over any source of candidates."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise, product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qa_service.errors import QueryError
from qa_service.search import near
from qa_service.search.document import CallDocument, TurnDocument
from qa_service.search.near import LOOKED_AT, Candidate, PartTurn, joined
from qa_service.search.protocol import EVERYTHING, Access, CallHit, Facet, SearchQuery, SearchResults
from qa_service.search.query import understood
from qa_service.search.streams import marks
from qa_service.search.tree import And, Node, Or, Understood
from qa_service.search.within import Match, Place, apart, in_order
from tests.search.made import call, document, mark, proof, turn


class Calls:
    """The candidates among some calls, in the order in which they are given."""

    def __init__(self, *calls: CallDocument) -> None:
        self._calls = calls
        self._found: dict[Sequence[Node], list[Candidate]] = {}
        self.asked_for = 0

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
        assert query.after is None
        if parts not in self._found:
            made = (self._candidate(number, parts) for number in range(len(self._calls)))
            self._found[parts] = [candidate for candidate in made if candidate]
        found = self._found[parts]
        left = [one for one in found if after is None or int(one.cursor) > int(after)]
        self.asked_for += len(left[:count])
        return left[:count], len(found)

    def _candidate(self, number: int, parts: Sequence[Node]) -> Candidate | None:
        made = self._calls[number]
        turns = tuple(tuple(_part(t) for t in made.turns if _holds(part, t.text)) for part in parts)
        if not all(turns):
            return None
        hit = CallHit(call_id=made.call_id, day=made.day, turns=(), matches=0)
        facets: Mapping[Facet, tuple[str, ...]] = {Facet.TEAM: (made.team or "",), Facet.DAY: (str(made.day),)}
        return Candidate(call=hit, parts=turns, facets=facets, cursor=str(number))


def _holds(part: Node, text: str) -> bool:
    match part:
        case And(parts=parts):
            return all(_holds(each, text) for each in parts)
        case Or(parts=parts):
            return any(_holds(each, text) for each in parts)
    return bool(marks(text, part))


def _part(said: TurnDocument) -> PartTurn:
    names = tuple(found.rule_id for found in said.findings)
    return PartTurn(
        turn_index=said.index, start_s=said.start_s, end_s=said.end_s, role=said.role, text=said.text, rule_ids=names
    )


def search(source: Calls, text: str, **asked: object) -> SearchResults:
    query = SearchQuery.model_validate({"text": text, **asked})
    return joined(source, understood(query), query, EVERYTHING)


def turns_of(source: Calls, text: str) -> list[int]:
    """The turns of the only call that take part."""
    return [said.turn_index for hit in search(source, text, turns=50).calls for said in hit.turns]


TALK = Calls(call("告诉你单位", "你敢", "打单位电话", "别打电话", "好", "知道了电话", "单位"))  # every 4 s, 3 s long


@pytest.mark.parametrize(
    ("text", "turns"),
    [
        ("near(单位 电话, 1s)", []),
        ("near(单位 电话, 2s)", [2]),
        ("near(单位 电话, 3s)", [2, 5, 6]),
        ("near(单位 电话, 7s)", [2, 3, 5, 6]),
        ("near(单位 电话, 8s)", [0, 2, 3, 5, 6]),
        ("near(单位 电话)", [0, 2, 3, 5, 6]),
        ("before(单位 电话, 8s)", [0, 2, 3]),
        ("before(电话 单位, 3s)", [5, 6]),
        ("before(电话 单位)", [2, 3, 5, 6]),
        ("before(好 电话 单位, 8s)", [4, 5, 6]),
        ("before(单位 好 你敢)", []),
        ("near(单位 恐龙)", []),
        ("near(单位 单位, 9s)", [0, 2]),
        ("near(你敢 你敢)", []),
        ("before(单位 单位 单位)", [0, 2, 6]),
        ("near(你敢 好) 单位", [0, 1, 2, 4, 6]),
        ("near(你敢 好, 2s) 单位", []),
        ("near(你敢 单位, 3s) before(电话 知道了, 30s)", [0, 1, 2, 3, 5]),
        ("near(pinyin:danwei 你敢, 3s)", [0, 1]),
        ("near((单位 OR 好) 知道了, 5s)", [4, 5, 6]),
        ("near((打 电话) 好, 9s)", [2, 3, 4]),
    ],
)
def test_which_turns_take_part(text: str, turns: list[int]) -> None:
    assert turns_of(TALK, text) == turns


def test_ten_seconds_are_ten_seconds_and_moments_are_within_the_turn() -> None:
    apart_by = [turn("单位", 0, start_s=0.1, end_s=2), turn("好电话", 1, start_s=9.1, end_s=12.1)]
    assert turns_of(Calls(document(*apart_by)), "near(单位 电话, 10s)") == [0, 1]
    assert turns_of(Calls(document(*apart_by)), "near(单位 电话, 9.9s)") == []


def test_who_spoke_first_counts_where_two_speak_at_once() -> None:
    both = [turn("说到单位", 0, start_s=0, end_s=4), turn("电话", 1, start_s=1, end_s=2)]
    assert turns_of(Calls(document(*both)), "before(电话 单位, 2s)") == [0, 1]
    assert turns_of(Calls(document(*both)), "before(单位 电话)") == []


@settings(max_examples=150, deadline=None)
@given(
    st.lists(st.tuples(st.sampled_from(["单位", "电话", "好"]), st.integers(0, 60), st.integers(1, 30)), max_size=8),
    st.integers(1, 12),
)
def test_turns_that_overlap_or_are_long_are_all_looked_at(said: list[tuple[str, int, int]], seconds: int) -> None:
    """Words at the end of long turns, spoken over other turns."""
    turns = [
        turn(f"好{word}", index, start_s=start, end_s=start + length)
        for index, (word, start, length) in enumerate(sorted(said, key=lambda each: each[1]))
    ]
    spoken = {word: [t for t in turns if t.text.endswith(word)] for word in ("单位", "电话")}
    close = [
        {one.index, other.index}
        for one in spoken["单位"]
        for other in spoken["电话"]
        if abs(_said_at(one) - _said_at(other)) <= seconds + 1e-6
    ]
    assert turns_of(Calls(document(*turns)), f"near(单位 电话, {seconds}s)") == sorted(set().union(*close))


def _said_at(said: TurnDocument) -> float:
    """A third into the turn, behind its first character."""
    return said.start_s + (said.end_s - said.start_s) / 3


def test_a_hit_shows_the_moment_the_marks_and_what_the_turn_proves() -> None:
    said = document(turn("告诉你单位", 0, **proof(mark("R-1"))), turn("打电话 电话", 1), call_id="C-9")
    hit = search(Calls(said), "near(单位 电话)").calls[0]
    assert (hit.call_id, hit.matches, hit.relevance) == ("C-9", 2, 0.0)
    first, second = hit.turns
    assert (first.highlights, second.highlights, first.rule_ids) == (((3, 5),), ((1, 3), (4, 6)), ("R-1",))
    assert (first.at_s, second.at_s) == (pytest.approx(1.8), pytest.approx(4.5))


def test_the_turns_of_the_shortest_window_are_shown_where_not_all_can_be() -> None:
    talk = Calls(call("单位", "好", "单位", "好", "好", "单位", "电话", "好", "电话"))
    hit = search(talk, "near(单位 电话)", turns=2).calls[0]
    assert ([said.turn_index for said in hit.turns], hit.matches) == ([5, 6], 5)
    hit = search(talk, "before(单位 电话)", turns=3).calls[0]
    assert ([said.turn_index for said in hit.turns], hit.matches) == ([0, 5, 6], 5)


def many(count: int) -> Calls:
    """Of each three calls the first has both words near."""
    texts = (("单位电话",), ("单位", *["好"] * 9, "电话"), ("单位",))
    return Calls(*(call(*texts[n % 3], call_id=f"C-{n}", team=f"{n % 2}组") for n in range(count)))


@pytest.mark.parametrize("size", [1, 3, 7, 24, 50])
def test_pages_give_each_call_once_and_all_tell_the_same_totals_and_facets(size: int) -> None:
    source = many(70)
    given_out: list[str] = []
    after: str | None = None
    while True:
        page = search(source, "near(单位 电话, 9s)", limit=size, after=after, facets=[Facet.TEAM, Facet.DAY])
        given_out += [hit.call_id for hit in page.calls]
        assert (page.total_calls, page.total_turns, page.exact) == (24, 24, True)
        assert [(c.value, c.calls) for c in page.facets[Facet.TEAM]] == [("0组", 12), ("1组", 12)]
        assert [c.calls for c in page.facets[Facet.DAY]] == [24]
        after = page.next
        if after is None:
            break
        assert len(page.calls) == size
    assert given_out == [f"C-{n}" for n in range(0, 70, 3)]


def test_where_very_many_calls_could_match_the_totals_are_at_least_so_many() -> None:
    source = many(1500)
    first = search(source, "near(单位 电话, 9s)", limit=5, facets=[Facet.TEAM])
    assert not first.exact
    assert source.asked_for <= LOOKED_AT + near.CHUNK
    assert 5 < first.total_calls <= LOOKED_AT
    assert sum(count.calls for count in first.facets[Facet.TEAM]) == first.total_calls
    second = search(source, "near(单位 电话, 9s)", limit=5, after=first.next)
    assert [hit.call_id for hit in second.calls] == ["C-15", "C-18", "C-21", "C-24", "C-27"]
    assert second.total_calls > first.total_calls


def test_a_search_that_finds_little_among_very_many_goes_on_from_page_to_page(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(near, "MOST_LOOKED_AT", 40)
    source = Calls(
        *(call("单位", *["好"] * 9, "电话", call_id=f"C-{n}") for n in range(90)), call("单位电话", call_id="C-X")
    )
    pages = [search(source, "near(单位 电话, 9s)")]
    while pages[-1].next:
        pages.append(search(source, "near(单位 电话, 9s)", after=pages[-1].next))
    assert [[hit.call_id for hit in page.calls] for page in pages] == [[], [], ["C-X"]]
    assert [page.exact for page in pages] == [False, False, True]


@pytest.mark.parametrize("after", ["", "x", "1", "1:2", "1:2:", "a:b:c", "-1:2:3", f"{'9' * 30}:1:3"])
def test_a_page_that_is_none_is_refused(after: str) -> None:
    with pytest.raises(QueryError):
        search(many(3), "near(单位 电话)", after=after)


PLACES = st.lists(
    st.builds(lambda at, turn_index, start: Place(at / 2, turn_index, start, start + 1), *[st.integers(0, 6)] * 3),
    max_size=5,
    unique=True,
)


@settings(max_examples=500, deadline=None)
@given(st.lists(PLACES, min_size=1, max_size=3), st.none() | st.integers(1, 3), st.booleans())
def test_as_every_choice_of_places_would_tell(parts: list[list[Place]], seconds: int | None, ordered: bool) -> None:
    choices = [
        chosen
        for chosen in product(*parts)
        if seconds is None or _span(chosen) <= seconds
        if not ordered or all(one[:3] < other[:3] for one, other in pairwise(chosen))
    ]
    found = in_order(parts, seconds) if ordered else apart(parts, [1] * len(parts), seconds)
    assert (found.places if found else set()) == {place for chosen in choices for place in chosen}
    if found:
        assert _span(found.tightest) == min(map(_span, choices))
        assert sorted(found.tightest) in [sorted(chosen) for chosen in choices]


def _span(places: Sequence[Place]) -> float:
    moments = [place.at_s for place in places]
    return max(moments) - min(moments)


@settings(max_examples=200, deadline=None)
@given(PLACES, PLACES, st.integers(1, 3))
def test_a_part_asked_for_twice_is_said_twice(twice: list[Place], once: list[Place], seconds: int) -> None:
    choices = [chosen for chosen in product(twice, twice, once) if chosen[0] != chosen[1] and _span(chosen) <= seconds]
    found = apart([twice, once], [2, 1], seconds)
    assert (found.places if found else set()) == {place for chosen in choices for place in chosen}


def test_very_many_places_are_reckoned_at_once() -> None:
    """Each part is said ten thousand times: any way that tries pairs would take minutes."""
    parts = [[Place(float(n), 0, n, n + 1) for n in range(k, 30_000, 3)] for k in range(3)]
    for found in (apart(parts, [1, 1, 1], 2), in_order(parts, 2)):
        assert isinstance(found, Match)
        assert len(found.places) == 30_000
