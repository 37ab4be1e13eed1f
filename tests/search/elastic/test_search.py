"""Searches on a real node: what is found, in which order, how it is counted, and page after page."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator

import pytest
from elasticsearch import Elasticsearch

from qa_service.errors import QueryError
from qa_service.search.elastic import ElasticIndex
from qa_service.search.elastic.pages import place
from qa_service.search.protocol import EVERYTHING, Access, Facet, Order, SearchQuery
from tests.search.conftest import elastic_prefix
from tests.search.elastic.calls import RUDE, THREAT, asked, call, found, ids
from tests.search.made import turn

pytestmark = pytest.mark.elastic

CORPUS = (
    call("C-1", "您好，我是催收一组的周敏", "我没有钱", "再不还我就打电话给你单位，还有你的通讯录", days=0),
    call("C-2", "律师函已经寄到你家了，准备起诉", "起訴就起訴，我沒有錢", days=1, team="二组", score=55.0),
    call("C-3", "We will garnish your wages if the payments stop", "I already made a payment", days=2, language="en"),
    call("C-4", "你这个老赖", "请说话客气，我欠款一万二", days=3, team=None, score=None, duration_s=None),
    call(
        "C-5", days=4, findings=(THREAT, RUDE), agent_id="A-7",
        turns=(turn("我们会上门找你"), turn("你敢", 1), turn("走着瞧", 2, findings=(THREAT,))),
    ),
)  # fmt: skip


@pytest.fixture(scope="module")
def index(elastic_url: str) -> Iterator[ElasticIndex]:
    """The corpus, for tests that only read."""
    with elastic_prefix(elastic_url) as settings, ElasticIndex(settings) as made:
        assert made.write(CORPUS) == ()
        yield made


@pytest.mark.parametrize(
    ("text", "turns"),
    [
        ("钱", "C-1:1 C-2:1"),
        ("通讯录", "C-1:2"),
        ("单位 通讯录", "C-1:2"),
        ("起诉", "C-2:0 C-2:1"),
        ("起诉 -律师函", "C-2:1"),
        ("律师函 OR 老赖", "C-2:0 C-4:0"),
        ('"call my"', ""),
        ("payments", "C-3:0 C-3:1"),
        ("garn*", "C-3:0"),
        ('"will garn"*', "C-3:0"),
        ("garnihs~", "C-3:0"),
        ("paymetns~2", "C-3:0 C-3:1"),
        ("pinyin:老来", "C-4:0"),
        ("pinyin:laolai", "C-4:0"),
        ("12000", "C-4:1"),
        ("role:customer 钱", "C-1:1 C-2:1"),
        ("role:agent 钱", ""),
        ("team:二组 钱", "C-2:1"),
        ("team:二组 OR 老赖", "C-2:0 C-2:1 C-4:0"),
        ("(team:二组 OR 钱) -律师函", "C-1:1 C-2:1"),
        ("钱 -team:二组", "C-1:1"),
        ("-team:一组 -钱", "C-2:0 C-4:0 C-4:1"),
        ("score:<60", "C-2:0 C-2:1"),
        ("duration:>=120 钱", "C-1:1 C-2:1"),
        ("date:2026-11-20", "C-4:0 C-4:1"),
        ("rule:CN-COLL-003", "C-5:2"),
        ("requirement:CN-THREAT-01 severity:critical", "C-5:2"),
        ("rule:CN-COLL-003 上门", "C-5:0"),
        ("severity:minor 上门", "C-5:0"),
        ("rule:CN-COLL-007 severity:critical", ""),
    ],
)
def test_the_query_language_finds(index: ElasticIndex, text: str, turns: str) -> None:
    results = asked(index, text, turns=50)
    assert sorted(f"{hit.call_id}:{one.turn_index}" for hit in results.calls for one in hit.turns) == turns.split()
    assert (results.total_calls, results.total_turns) == (len(results.calls), len(turns.split()))
    assert (results.exact, results.next) == (True, None)


def test_the_best_call_comes_first_by_its_best_turn_and_its_best_turns_come_along(elastic_index: ElasticIndex) -> None:
    elastic_index.write([
        call("C-1", "起诉 起诉 起诉", "好", "起诉", "起诉以后我们还会继续给你打电话的", days=0),
        call("C-2", *["这件事情我们公司会考虑是不是要起诉"] * 5, days=9),
        call("C-3", "起诉", days=1),
    ])  # fmt: skip
    results = asked(elastic_index, "起诉", turns=2)
    assert [(hit.call_id, hit.matches) for hit in results.calls] == [("C-1", 3), ("C-3", 1), ("C-2", 5)]
    assert [one.turn_index for one in results.calls[0].turns] == [0, 2]
    assert results.total_turns == 9
    newest = asked(elastic_index, "起诉", turns=2, order=Order.NEWEST)
    assert [hit.call_id for hit in newest.calls] == ["C-2", "C-3", "C-1"]
    assert [one.turn_index for one in newest.calls[2].turns] == [0, 2]


def test_facts_weigh_nothing_and_words_weigh_also_where_the_call_alone_is_enough(elastic_index: ElasticIndex) -> None:
    elastic_index.write(
        [call("C-1", "好", "您好", "起诉"), call("C-2", "起诉", days=1, team="二组"), call("C-3", "钱")]
    )
    plain = {hit.call_id: hit.relevance for hit in asked(elastic_index, "起诉").calls}
    narrowed = {hit.call_id: hit.relevance for hit in asked(elastic_index, "起诉 agent:A-201 role:agent").calls}
    either = asked(elastic_index, "起诉 OR team:一组", turns=1)
    assert narrowed == plain
    assert [(hit.call_id, hit.turns[0].turn_index, hit.matches) for hit in either.calls] == [
        ("C-2", 0, 1),
        ("C-1", 2, 3),
        ("C-3", 0, 1),
    ]
    assert {hit.call_id: hit.relevance for hit in either.calls} == {**plain, "C-3": 0.0}


def test_without_words_the_newest_calls_come_with_their_first_turns(index: ElasticIndex) -> None:
    results = asked(index, limit=2, turns=2)
    assert [(hit.call_id, [one.turn_index for one in hit.turns], hit.matches) for hit in results.calls] == [
        ("C-5", [0, 1], 3),
        ("C-4", [0, 1], 2),
    ]
    assert (results.total_calls, results.total_turns, results.calls[0].relevance) == (5, 12, 0.0)


def test_the_asker_sees_no_other_calls_and_no_other_counts(index: ElasticIndex) -> None:
    mine = Access(teams=frozenset({"一组"}), agents=frozenset({"A-201"}))
    results = asked(index, access=mine, facets=tuple(Facet))
    assert (ids([results]), results.total_turns) == (["C-3", "C-1"], 5)
    assert [count.value for count in results.facets[Facet.AGENT]] == ["A-201"]
    assert results.facets[Facet.RULE] == ()
    assert found(index, "钱", Access(teams=frozenset({"二组"}))) == {"C-2:1"}
    assert found(index, access=Access(teams=frozenset())) == set()
    assert found(index, "team:二组 OR 钱", mine) == {"C-1:1"}


def test_facets_count_calls_the_most_frequent_first_and_days_in_order(index: ElasticIndex) -> None:
    facets = asked(index, facets=tuple(Facet)).facets
    counted = {facet.value: [(one.value, one.calls) for one in counts] for facet, counts in facets.items()}
    assert counted["team"] == [("一组", 3), ("二组", 1)]
    assert counted["agent"] == [("A-201", 4), ("A-7", 1)]
    assert counted["language"] == [("zh", 4), ("en", 1)]
    assert counted["rule"] == [("CN-COLL-003", 1), ("CN-COLL-007", 1)]
    assert (counted["requirement"], counted["severity"]) == ([("CN-THREAT-01", 1)], [("critical", 1), ("minor", 1)])
    assert counted["day"] == [(f"2026-11-{day}", 1) for day in range(17, 22)]
    assert (counted["product"], counted["grade"]) == ([], [("A", 5)])
    narrowed = asked(index, "钱 OR 起诉", facets=(Facet.TEAM,)).facets
    assert [(one.value, one.calls) for one in narrowed[Facet.TEAM]] == [("一组", 1), ("二组", 1)]


@pytest.mark.parametrize("text", ["", "起诉"])
def test_pages_hold_still_while_calls_come_and_go(elastic_index: ElasticIndex, text: str) -> None:
    elastic_index.write([call(f"C-{i:02}", "起诉", days=i % 4) for i in range(23)])
    before = asked(elastic_index, text)
    pages = [asked(elastic_index, text, limit=5)]
    while pages[-1].next:
        elastic_index.write([call(f"N-{len(pages)}", "起诉", days=9), call("C-22", "投诉")])
        elastic_index.delete([f"C-{len(pages):02}"])
        pages.append(asked(elastic_index, text, limit=5, after=pages[-1].next, facets=(Facet.DAY,)))
    assert ids(pages) == ids([before])
    assert {(page.total_calls, page.total_turns) for page in pages} == {(23, 23)}


def test_a_page_of_another_search_or_of_another_asker_or_of_yesterday_is_refused(
    index: ElasticIndex, elastic_url: str
) -> None:
    query = SearchQuery(limit=1)
    cursor = str(index.search(query, EVERYTHING).next)

    def page(after: str, access: Access = EVERYTHING, **changes: object) -> list[str]:
        return ids([index.search(query.model_copy(update={"after": after, **changes}), access)])

    assert page(cursor, limit=2, turns=1) == ["C-4", "C-3"]
    told = json.loads(base64.urlsafe_b64decode(cursor))
    torn = base64.urlsafe_b64encode(json.dumps([told[0], "xxxx", *told[2:]]).encode()).decode()
    refused = [(after, EVERYTHING, {}) for after in ("", "5", "bm8=", "语", cursor[:-8], torn)]
    refused += [(cursor, EVERYTHING, {"text": "钱"}), (cursor, Access(teams=frozenset({"一组"})), {})]
    for after, access, changes in refused:
        with pytest.raises(QueryError, match="page of results"):
            page(after, access, **changes)
    with Elasticsearch(elastic_url) as client:  # as the server does by itself when nobody asks for long
        client.close_point_in_time(id=place(cursor, query, EVERYTHING).pit)
    with pytest.raises(QueryError, match="page of results") as wrong:
        page(cursor)
    assert wrong.value.hint == "Search again from the first page."


def test_near_parts_are_found_with_all_their_turns_page_by_page(elastic_index: ElasticIndex) -> None:
    elastic_index.write([
        CORPUS[1],
        call("C-6", "我没有钱", "起诉", "钱钱", days=5),
        call("C-7", "起诉", *["嗯"] * 8, "钱", days=6, team="二组"),
        *(call(f"N-{i:03}", "钱", "嗯", "嗯", "嗯", "嗯", "起诉", days=-1) for i in range(60)),
    ])  # fmt: skip
    assert found(elastic_index, "near(钱 起诉, 5s)") == {"C-2:0", "C-2:1", "C-6:0", "C-6:1", "C-6:2"}
    assert found(elastic_index, "before(起诉 钱, 5s) team:二组") == {"C-2:0", "C-2:1"}
    assert found(elastic_index, "near(钱 起诉)", Access(teams=frozenset({"二组"}))) == {
        "C-2:0",
        "C-2:1",
        "C-7:0",
        "C-7:9",
    }
    assert found(elastic_index, "near(钱 起诉, 5s) role:customer") == {"C-2:1"}
    assert found(elastic_index, "near(钱 起诉, 5s) -role:agent team:二组") == {"C-2:1"}
    far = asked(elastic_index, "near(钱 起诉, 30s)", facets=(Facet.TEAM, Facet.RULE))
    assert (far.total_calls, far.exact, far.facets[Facet.RULE]) == (62, True, ())
    assert [(one.value, one.calls) for one in far.facets[Facet.TEAM]] == [("一组", 61), ("二组", 1)]
    pages = [asked(elastic_index, "near(钱 起诉, 30s)", limit=50)]
    while pages[-1].next:
        elastic_index.write([call("C-9", "钱", "起诉", days=9)])
        pages.append(asked(elastic_index, "near(钱 起诉, 30s)", limit=50, after=pages[-1].next))
    assert (ids(pages)[:3], len(ids(pages))) == (["C-6", "C-2", "N-000"], 62)


def test_a_search_that_no_server_could_answer_is_the_querys_fault(index: ElasticIndex) -> None:
    many = " OR ".join(f"(team:t{i} 钱{i})" for i in range(40))
    with pytest.raises(QueryError, match="too many ways"):
        asked(index, many)
