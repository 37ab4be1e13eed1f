"""Both indexes find what the definitions say, and the same: over one corpus, 120 queries and more."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import pytest

from qa_service.errors import QueryError
from qa_service.search.near import LOOKED_AT
from qa_service.search.protocol import (
    EVERYTHING,
    MOST_CALLS,
    Access,
    Facet,
    Order,
    SearchIndex,
    SearchQuery,
    SearchResults,
)
from qa_service.search.query import understood
from tests.search.contract.corpus import corpus
from tests.search.contract.queries import QUERIES
from tests.search.oracle import expected, facet

TEAM = Access(teams=frozenset({"3组", "催收一组"}))
OWN = Access(agents=frozenset({"A-003", "A-201", "A-100"}))


@pytest.fixture(scope="module")
def index(filled_index: SearchIndex) -> SearchIndex:
    return filled_index


def every_page(index: SearchIndex, query: SearchQuery, access: Access, size: int) -> Iterator[SearchResults]:
    asked = query.model_copy(update={"limit": size})
    while True:
        page = index.search(asked, access)
        yield page
        if page.next is None:
            return
        asked = asked.model_copy(update={"after": page.next})


@pytest.mark.parametrize("query", QUERIES, ids=[q.text or f"filters-{at}" for at, q in enumerate(QUERIES)])
def test_finds_what_the_definitions_say(index: SearchIndex, query: SearchQuery) -> None:
    found = index.search(query.model_copy(update={"limit": MOST_CALLS, "turns": 50}), EVERYTHING)
    wanted = expected(query, EVERYTHING, corpus())
    if not found.exact:
        assert len(wanted.turns) > LOOKED_AT
        return
    assert {call.call_id: {turn.turn_index for turn in call.turns} for call in found.calls} == wanted.turns
    assert (found.total_calls, found.total_turns) == (len(wanted.turns), wanted.total_turns)
    assert all(call.matches == len(wanted.turns[call.call_id]) for call in found.calls)
    assert found.next is None


@pytest.mark.parametrize("access", [TEAM, OWN, Access(teams=frozenset()), Access(teams=TEAM.teams, agents=OWN.agents)])
@pytest.mark.parametrize("text", ["", "还", "near(单位 电话)", "pinyin:老赖", "severity:critical", "NOT 钱"])
def test_nothing_outside_the_access_is_found_counted_or_paged_to(index: SearchIndex, text: str, access: Access) -> None:
    query = SearchQuery(text=text, facets=tuple(Facet))
    wanted = expected(query, access, corpus())
    pages = list(every_page(index, query, access, 7))
    assert {call.call_id for page in pages for call in page.calls} == set(wanted.turns)
    assert pages[0].total_calls == len(wanted.turns)
    allowed = [call for call in corpus() if access.allows(call)]
    for name, counts in pages[0].facets.items():
        assert {count.value for count in counts} <= set(facet(name, allowed))


@pytest.mark.parametrize("text", ["", "还", "severity:critical", "征信 OR 利息", "near(单位 电话)"])
def test_facets_count_the_calls_that_match(index: SearchIndex, text: str) -> None:
    found = index.search(SearchQuery(text=text, facets=tuple(Facet)), EVERYTHING)
    wanted_calls = expected(SearchQuery(text=text), EVERYTHING, corpus()).turns
    matching = [call for call in corpus() if call.call_id in wanted_calls]
    for name in Facet:
        counted = {count.value: count.calls for count in found.facets[name]}
        wanted = facet(name, matching)
        assert counted.items() <= wanted.items()
        assert sorted(counted.values(), reverse=True)[:10] == sorted(wanted.values(), reverse=True)[:10]
    assert [c.value for c in found.facets[Facet.DAY]] == sorted(c.value for c in found.facets[Facet.DAY])


@pytest.mark.parametrize("text", ["还", "", "征信 OR 利息", "near(工资 还)"])
def test_pages_hold_each_call_once_in_the_order_of_one_long_page(index: SearchIndex, text: str) -> None:
    query = SearchQuery(text=text)
    whole = index.search(query.model_copy(update={"limit": MOST_CALLS}), EVERYTHING)
    pages = list(every_page(index, query, EVERYTHING, 9))
    assert [c.call_id for page in pages for c in page.calls] == [c.call_id for c in whole.calls]
    assert all(page.total_calls == whole.total_calls for page in pages)


def test_the_newest_come_first_where_nothing_is_ranked_or_it_is_asked_for(index: SearchIndex) -> None:
    by_id = {call.call_id: call for call in corpus()}
    for query in (SearchQuery(limit=MOST_CALLS), SearchQuery(text="还", order=Order.NEWEST, limit=MOST_CALLS)):
        found = [by_id[call.call_id] for call in index.search(query, EVERYTHING).calls]
        assert found == sorted(found, key=lambda c: (-c.happened_at.timestamp(), c.call_id))


def test_the_best_come_first(index: SearchIndex) -> None:
    found = index.search(SearchQuery(text="律师函 OR 起诉 OR 征信", limit=MOST_CALLS), EVERYTHING).calls
    relevance = [call.relevance for call in found]
    assert relevance == sorted(relevance, reverse=True)
    assert relevance[0] > relevance[-1] > 0


def test_marks_are_where_the_words_stand_and_the_moment_is_within_the_turn(index: SearchIndex) -> None:
    for call in index.search(SearchQuery(text="单位 OR payment OR pinyin:老赖", limit=MOST_CALLS), EVERYTHING).calls:
        for turn in call.turns:
            assert turn.highlights, turn.text
            assert turn.start_s <= turn.at_s <= turn.end_s
            starts = list(itertools.chain.from_iterable(turn.highlights))
            assert starts == sorted(starts)
            assert starts[-1] <= len(turn.text)


@pytest.mark.parametrize("cursor", ["x", "e30=", "eyJhIjogMX0=", "💥", "=" * 40])
def test_a_cursor_that_is_none_is_refused(index: SearchIndex, cursor: str) -> None:
    with pytest.raises(QueryError):
        index.search(SearchQuery(text="还", after=cursor), EVERYTHING)


def test_every_two_characters_of_a_turn_find_it(index: SearchIndex) -> None:
    """Each two-character word is findable, whatever a dictionary thinks of it."""
    for call in corpus()[:12]:
        turn = max(call.turns, key=lambda t: len(t.text))
        for pair in list(dict.fromkeys(itertools.pairwise(turn.text)))[:25]:
            text = "".join(pair)
            if all("\u4e00" <= char <= "\u9fff" for char in text):
                query = SearchQuery(text=f'"{text}" call:{call.call_id}', turns=50)
                assert understood(query)
                hits = [t.turn_index for c in index.search(query, EVERYTHING).calls for t in c.turns]
                assert turn.index in hits, text
