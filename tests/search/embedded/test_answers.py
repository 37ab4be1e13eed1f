"""How results come: in which order, counted how, page by page, and nearest in meaning first."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from qa_service.errors import QueryError
from qa_service.records import FindingState, Severity
from qa_service.search.document import DIMENSIONS
from qa_service.search.embedded import EmbeddedIndex
from qa_service.search.protocol import EVERYTHING, Access, Facet, FacetCount, Order, SearchQuery, SearchResults
from tests.factories import DAY
from tests.search.made import call, dated, document, found, mark, proof, turn


def test_the_best_call_comes_first_by_its_best_turn_then_the_newest(index: EmbeddedIndex) -> None:
    long = "你说的那个单位的事情我们以后再说吧好不好"
    index.write([
        call(long, "单位", long, call_id="C-1"),
        call("单位", call_id="C-2", **dated(1)),
        call(long, call_id="C-3", **dated(2)),
        call("单位", call_id="C-0", **dated(1)),
    ])  # fmt: skip
    assert found(index, "单位") == ["C-0:0", "C-2:0", "C-1:0", "C-1:1", "C-1:2", "C-3:0"]
    assert found(index, "单位", order=Order.NEWEST) == ["C-3:0", "C-0:0", "C-2:0", "C-1:0", "C-1:1", "C-1:2"]
    assert found(index, "单位", turns=1) == ["C-0:0", "C-2:0", "C-1:1", "C-3:0"]


def test_rare_words_and_repeated_words_weigh_more_and_facts_nothing(index: EmbeddedIndex) -> None:
    index.write([call("还钱好吗", call_id=f"C-{n}") for n in range(5)])
    index.write([
        call("坐牢好吗", call_id="rare"), call("还钱还钱", call_id="twice"), call("还钱坐牢", call_id="both"),
    ])  # fmt: skip
    results = index.search(SearchQuery(text="还钱 OR 坐牢 OR agent:A-201"), EVERYTHING)
    assert [hit.call_id for hit in results.calls] == ["both", "rare", "twice", *(f"C-{n}" for n in range(5))]
    plain, narrowed = (index.search(SearchQuery(text=t), EVERYTHING) for t in ("还钱", "还钱 agent:A-201 score:>1"))
    assert [c.relevance for c in plain.calls] == [c.relevance for c in narrowed.calls]


def test_relevance_is_bm25_as_lucene_reckons_it(index: EmbeddedIndex) -> None:
    index.write([call("单位", "你的单位单位", "没有", call_id="C-1")])
    (hit,) = index.search(SearchQuery(text="单位", turns=50), EVERYTHING).calls
    average, rarity = (2 + 6 + 2) / 3, np.log(1 + (3 - 2 + 0.5) / (2 + 0.5))
    once = rarity * 1 / (1 + 1.2 * (0.25 + 0.75 * 2 / average))
    twice = rarity * 2 / (2 + 1.2 * (0.25 + 0.75 * 6 / average))
    assert hit.relevance == pytest.approx(max(once, twice))


def test_without_words_the_newest_call_comes_first_with_its_first_turns(index: EmbeddedIndex) -> None:
    index.write([call(*"一二三四", call_id="C-1"), call("五", call_id="C-2", **dated(1)), call(call_id="C-3")])
    results = index.search(SearchQuery(turns=3), EVERYTHING)
    assert [(hit.call_id, hit.matches, [t.text for t in hit.turns]) for hit in results.calls] == [
        ("C-2", 1, ["五"]),
        ("C-1", 4, ["一", "二", "三"]),
    ]
    assert (results.total_calls, results.total_turns, results.exact, results.next) == (2, 5, True, None)


def test_a_hit_says_what_is_known_of_its_call_and_turn(index: EmbeddedIndex) -> None:
    about: dict[str, Any] = {"product": "车贷", "stage": "M1", "language": "zh", "duration_s": 61.5}
    said = turn("请马上还钱，还", 2, **proof(mark("R-1", Severity.MAJOR)))
    index.write([document(said, findings=(mark("R-2", Severity.MINOR), mark("R-1", Severity.MAJOR)), **about)])
    (hit,) = index.search(SearchQuery(text="还"), EVERYTHING).calls
    shown = hit.model_dump(exclude={"turns", "relevance"}, exclude_none=True)
    assert shown == about | {
        "call_id": "C-1", "day": DAY, "agent_id": "A-201", "agent_name": "周敏", "team": "一组", "grade": "A",
        "score": 95.0, "rule_ids": ("R-2", "R-1"), "severities": (Severity.MAJOR, Severity.MINOR), "matches": 1,
    }  # fmt: skip
    assert hit.turns[0].model_dump() == {
        "turn_index": 2, "start_s": 8.0, "end_s": 11.0, "at_s": pytest.approx(8 + 3 * 3 / 7), "role": "agent",
        "text": "请马上还钱，还", "highlights": ((3, 4), (6, 7)), "rule_ids": ("R-1",), "severities": ("major",),
    }  # fmt: skip


def test_facets_count_calls_the_most_frequent_first_and_days_in_order(index: EmbeddedIndex) -> None:
    marks = (mark("R-1", Severity.CRITICAL, FindingState.CONFIRMED, "Q-1", "Q-2"), mark("R-1", Severity.MINOR))
    index.write([
        call("还钱", "还钱", call_id="C-1", findings=marks, **dated(1)),
        call("还钱", call_id="C-2", team="二组", findings=marks[:1], agent_id=None, **dated(1)),
        call("还钱", call_id="C-3", team="二组"),
        call("不还", call_id="C-4", team="三组"),
    ])  # fmt: skip
    facets = index.search(SearchQuery(text="还钱", limit=1, facets=tuple(Facet)), EVERYTHING).facets
    counted = {facet.value: [(count.value, count.calls) for count in counts] for facet, counts in facets.items()}
    assert counted == {
        "agent": [("A-201", 2)], "team": [("二组", 2), ("一组", 1)], "rule": [("R-1", 2)],
        "requirement": [("Q-1", 2), ("Q-2", 2)], "severity": [("critical", 2), ("minor", 1)],
        "state": [("confirmed", 2)], "product": [], "stage": [], "grade": [("A", 3)], "language": [],
        "day": [(DAY.isoformat(), 1), (dated(1)["day"].isoformat(), 2)],
    }  # fmt: skip


def pages(index: EmbeddedIndex, query: SearchQuery) -> list[SearchResults]:
    got = [index.search(query, EVERYTHING)]
    while got[-1].next:
        got.append(index.search(query.model_copy(update={"after": got[-1].next}), EVERYTHING))
    return got


@pytest.mark.parametrize("text", ["还钱", "", "near(还钱 没有)"])
@pytest.mark.parametrize("order", Order)
def test_pages_show_each_call_once_in_the_order_of_one_long_page(index: EmbeddedIndex, text: str, order: Order) -> None:
    said = ("还钱", "还钱啊", "还钱")
    index.write([call(said[n % 3], "没有", call_id=f"C-{n:02}", **dated(n % 4)) for n in range(23)])
    query = SearchQuery(text=text, order=order, facets=(Facet.TEAM,), limit=5)
    got = pages(index, query)
    seen = [hit.call_id for page in got for hit in page.calls]
    (whole,) = pages(index, query.model_copy(update={"limit": 100}))
    assert len(got) == 5
    assert seen == [hit.call_id for hit in whole.calls]
    assert len(set(seen)) == 23
    assert {(page.total_calls, page.facets[Facet.TEAM]) for page in got} == {
        (23, (FacetCount(value="一组", calls=23),))
    }


def test_what_is_written_between_pages_shows_nothing_twice(index: EmbeddedIndex) -> None:
    index.write([call("还钱" * (1 + n % 3), "别的", call_id=f"C-{n:02}") for n in range(20)])
    query = SearchQuery(text="还钱", limit=6)
    seen = []
    for n in range(10):
        results = index.search(query, EVERYTHING)
        seen += [hit.call_id for hit in results.calls]
        if results.next is None:
            break
        query = query.model_copy(update={"after": results.next})
        index.write([call("还钱", "还", call_id=f"D-{n}", **dated(5)), call("没有关系的事", call_id=f"E-{n}")])
        index.delete([seen[-1]])
    assert sorted(hit for hit in seen if hit.startswith("C")) == [f"C-{n:02}" for n in range(20)]
    assert len(set(seen)) == len(seen)


def test_a_page_of_another_search_or_another_asker_is_refused(index: EmbeddedIndex) -> None:
    index.write([call("还钱", call_id=f"C-{n}") for n in range(3)])
    after = index.search(SearchQuery(text="还钱", limit=1), EVERYTHING).next
    assert after
    for text, wrong in (("还", after), ("还钱", after[:-2]), ("还钱", "?"), ("还钱", "W10="), ("还钱", "MQ==")):
        with pytest.raises(QueryError):
            index.search(SearchQuery(text=text, after=wrong), EVERYTHING)
    with pytest.raises(QueryError):
        index.search(SearchQuery(text="还钱", after=after), Access(teams=frozenset({"一组"})))
    with pytest.raises(QueryError):
        index.search(SearchQuery(text="near(还 钱)", after=f"1:1:{after}"), EVERYTHING)


def vector(seed: int) -> bytes:
    return np.random.default_rng(seed).integers(-127, 128, DIMENSIONS, np.int8).tobytes()


def cosine(one: bytes, other: bytes) -> float:
    a, b = (np.frombuffer(v, np.int8).astype(float) for v in (one, other))
    return float(a @ b / np.linalg.norm(a) / np.linalg.norm(b))


def test_similar_finds_the_nearest_turns_among_those_that_match(index: EmbeddedIndex) -> None:
    asked = vector(0)
    index.write([
        document(
            turn("还钱", 0, vector=vector(3 * n)), turn("还钱", 1), turn("别的", 2, vector=vector(3 * n + 1)),
            call_id=f"C-{n:03}",
        )
        for n in range(1, 701)
    ])  # fmt: skip
    near = {f"C-{n:03}:{i}": cosine(asked, vector(3 * n + i // 2)) for n in range(1, 701) for i in (0, 2)}

    def best(kept: list[str]) -> list[str]:
        return [hit[:5] for hit in sorted(kept, key=near.__getitem__, reverse=True)][:3]

    results = index.similar(asked, SearchQuery(text="还钱", limit=3), EVERYTHING)
    assert [hit.call_id for hit in results.calls] == best([hit for hit in near if hit.endswith("0")])
    assert [hit.relevance for hit in results.calls] == pytest.approx([near[f"{h.call_id}:0"] for h in results.calls])
    assert {(hit.matches, len(hit.turns), hit.turns[0].turn_index) for hit in results.calls} == {(1, 1, 0)}
    assert results.next is None
    few = index.similar(asked, SearchQuery(text="call:C-003 OR call:C-004", facets=(Facet.TEAM,)), EVERYTHING)
    assert {hit.call_id: len(hit.turns) for hit in few.calls} == {"C-003": 2, "C-004": 2}
    assert few.facets[Facet.TEAM] == (FacetCount(value="一组", calls=2),)


def test_similar_knows_what_was_written_and_deleted_since(index: EmbeddedIndex) -> None:
    def nearest(asked: bytes) -> list[tuple[str, float]]:
        hits = index.similar(asked, SearchQuery(), EVERYTHING).calls
        return [(hit.call_id, round(hit.relevance, 6)) for hit in hits]

    for n in range(4):
        index.write([document(turn("一", vector=vector(n)), call_id=f"C-{n}")])
        assert nearest(vector(n))[0] == (f"C-{n}", 1.0)
    index.write([document(turn("一", vector=vector(9)), call_id="C-0")])
    assert nearest(vector(9))[0] == ("C-0", 1.0)
    index.delete(["C-1", "C-2"])
    assert sorted(name for name, _ in nearest(vector(1))) == ["C-0", "C-3"]
    index.clear()
    assert nearest(vector(1)) == []


def test_a_vector_is_given_back_as_it_was_written(index: EmbeddedIndex) -> None:
    index.write([document(turn("一", 0), turn("二", 5, vector=vector(5)), turn("三", 7, vector=bytes(DIMENSIONS)))])
    assert index.vector("C-1", 5) == vector(5)
    assert [index.vector("C-1", 0), index.vector("C-1", 1), index.vector("C-2", 5)] == [None, None, None]
    (hit,) = index.similar(vector(5), SearchQuery(), EVERYTHING).calls
    assert (hit.matches, hit.relevance) == (2, pytest.approx(1.0))
    for wrong in (b"", bytes(DIMENSIONS), vector(5)[:-1]):
        with pytest.raises(QueryError):
            index.similar(wrong, SearchQuery(), EVERYTHING)
