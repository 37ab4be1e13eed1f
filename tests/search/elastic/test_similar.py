"""Turns of near meaning on a real node, among turns that fulfil a query."""

from __future__ import annotations

import random

import numpy as np
import pytest

from qa_service.errors import QueryError
from qa_service.records import Role
from qa_service.search.document import DIMENSIONS, CallDocument
from qa_service.search.elastic import ElasticIndex, nearest
from qa_service.search.protocol import EVERYTHING, Access, Facet, SearchQuery
from tests.search.elastic.calls import call, ids, told, vector
from tests.search.made import turn

pytestmark = pytest.mark.elastic


def cosine(left: bytes, right: bytes) -> float:
    a, b = (np.frombuffer(v, dtype=np.int8).astype(float) for v in (left, right))
    return float(a @ b / (np.linalg.norm(a) * np.linalg.norm(b)))


def bent(towards: bytes, share: float, seed: int) -> bytes:
    """A vector between ``towards`` and one like no other."""
    a, b = (np.frombuffer(v, dtype=np.int8).astype(float) for v in (towards, vector(seed)))
    return np.rint(share * a + (1 - share) * b).astype(np.int8).tobytes()


def spoken(call_id: str, *vectors: bytes, **changes: object) -> CallDocument:
    return call(call_id, turns=tuple(turn("钱", i, vector=v) for i, v in enumerate(vectors)), **changes)


def test_the_nearest_turns_come_first_with_their_cosines(elastic_index: ElasticIndex) -> None:
    sought = vector(0)
    near, nearer = bent(sought, 0.6, 1), bent(sought, 0.8, 2)
    elastic_index.write([
        spoken("C-1", near, vector(3), nearer, vector(4)),
        spoken("C-2", vector(5), near, team="二组"),
        spoken("C-3", vector(6)),
        call("C-4", "没有向量"),
    ])  # fmt: skip
    results = elastic_index.similar(sought, SearchQuery(turns=2, facets=(Facet.TEAM,)), EVERYTHING)
    assert ids([results]) == ["C-1", "C-2", "C-3"]
    assert [one.turn_index for one in results.calls[0].turns] == [0, 2]
    assert results.calls[0].relevance == pytest.approx(cosine(sought, nearer))
    assert results.calls[1].relevance == pytest.approx(cosine(sought, near))
    assert (results.total_calls, results.total_turns, results.calls[0].matches, results.next) == (3, 7, 4, None)
    assert [(one.value, one.calls) for one in results.facets[Facet.TEAM]] == [("一组", 2), ("二组", 1)]
    mine = elastic_index.similar(sought, SearchQuery(limit=1), Access(teams=frozenset({"二组"})))
    assert (ids([mine]), mine.total_calls) == (["C-2"], 1)


def test_a_condition_on_the_turn_holds_of_the_turn_that_is_near(elastic_index: ElasticIndex) -> None:
    """The nearest turns of most calls are of the wrong side; the calls behind them must be found all the same."""
    sought, chance = vector(0), random.Random(7)
    calls = []
    for i in range(160):
        agent = bent(sought, chance.uniform(0.0, 0.3) if i % 16 else 0.9, 1000 + i)
        calls.append(spoken(f"C-{i}", agent, bent(sought, 0.95, 5000 + i)))
    elastic_index.write(calls)
    best = sorted(calls, key=lambda one: -cosine(sought, one.turns[0].vector))[:12]
    for query in (SearchQuery(role=Role.AGENT, limit=12), SearchQuery(text="role:agent 钱", limit=12)):
        results = elastic_index.similar(sought, query, EVERYTHING)
        assert ids([results]) == [one.call_id for one in best]
        assert told(results) == {f"{one.call_id}:0" for one in best}
        assert (results.exact, results.total_calls, results.total_turns) == (True, 160, 160)


def test_where_the_graph_was_not_looked_at_to_its_end_it_is_told(
    elastic_index: ElasticIndex, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(nearest, "FIRST", 10)
    monkeypatch.setattr(nearest, "MOST", 40)
    sought = vector(0)
    elastic_index.write([spoken(f"C-{i}", vector(i + 1), bent(sought, 0.95, 500 + i)) for i in range(100)])
    assert not elastic_index.similar(sought, SearchQuery(role=Role.AGENT, limit=5), EVERYTHING).exact
    assert elastic_index.similar(sought, SearchQuery(role=Role.CUSTOMER, limit=5), EVERYTHING).exact


def test_what_cannot_be_sought_is_told(elastic_index: ElasticIndex) -> None:
    for wrong in (b"", bytes(DIMENSIONS), b"\1" * 7):
        with pytest.raises(QueryError, match="384 bytes"):
            elastic_index.similar(wrong, SearchQuery(), EVERYTHING)
    with pytest.raises(QueryError, match="near"):
        elastic_index.similar(vector(1), SearchQuery(text="near(单位 电话, 10s)"), EVERYTHING)
    assert elastic_index.similar(vector(1), SearchQuery(), EVERYTHING).calls == ()
