"""What is written can be found, a call as a whole or not at all, and what is refused is told one by one."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

import pytest
from elasticsearch import Elasticsearch

from qa_service.errors import ErrorCode, SetupError
from qa_service.search.elastic import ElasticIndex, bulk
from qa_service.search.protocol import Facet
from qa_service.settings import Settings
from tests.factories import DAY, NOW
from tests.search.elastic.calls import RUDE, THREAT, asked, call, found, vector
from tests.search.elastic.proxy import Answer, proxied
from tests.search.made import turn

pytestmark = pytest.mark.elastic


def test_a_call_is_found_with_all_that_was_written_of_it(elastic_index: ElasticIndex) -> None:
    spoken = (turn("您好"), turn("律师函已经寄到你家了", 1, findings=(THREAT, RUDE), vector=vector(1)))
    known = {"agent_name": "周敏", "product": "信用卡", "stage": "M2", "started_at": NOW, "findings": (THREAT, RUDE)}
    written = call("C-1", turns=spoken, **known)
    assert elastic_index.write([written]) == ()
    (hit,) = asked(elastic_index, "律师函").calls
    shown = hit.model_dump(exclude={"turns", "matches", "relevance"})
    assert shown == {name: getattr(written, name) for name in shown}
    assert (hit.matches, hit.relevance > 0) == (1, True)
    (one,) = hit.turns
    assert (one.turn_index, one.start_s, one.end_s, one.role, one.text) == (1, 4.0, 7.0, "customer", spoken[1].text)
    assert (one.rule_ids, one.severities) == (("CN-COLL-003", "CN-COLL-007"), ("critical", "minor"))
    assert (one.highlights, one.at_s) == (((0, 3),), 4.0)
    assert elastic_index.vector("C-1", 1) == vector(1)
    assert elastic_index.vector("C-1", 0) is elastic_index.vector("C-2", 0) is None


def test_a_call_that_is_written_again_takes_the_place_of_the_old(elastic_index: ElasticIndex) -> None:
    elastic_index.write([call("C-1", "律师函", "起诉", "投诉"), call("C-2", "律师函")])
    elastic_index.write([call("C-1", "您好")])
    assert found(elastic_index) == {"C-1:0", "C-2:0"}
    assert found(elastic_index, "律师函") == {"C-2:0"}
    state = elastic_index.state()
    assert (state.calls, state.turns, state.vectors, state.building) == (2, 2, 0, False)
    assert (state.backend, state.version.split(".")[0] in {"8", "9"}) == ("elasticsearch", True)


def test_deleted_calls_are_gone_and_one_that_is_not_there_is_no_trouble(elastic_index: ElasticIndex) -> None:
    elastic_index.write([call("C-1", "好"), call("C-2", "好")])
    elastic_index.delete(["C-1", "C-9"])
    assert found(elastic_index) == {"C-2:0"}


def test_calls_of_earlier_days_go_all_of_them(elastic_index: ElasticIndex, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("qa_service.search.elastic.index._BATCH", 3)
    elastic_index.write([call(f"C-{i}", "好", days=i % 3) for i in range(12)])
    assert elastic_index.delete_before(DAY + timedelta(days=2)) == 8
    assert found(elastic_index) == {f"C-{i}:0" for i in (2, 5, 8, 11)}
    assert elastic_index.delete_before(DAY) == 0


def test_one_bad_call_holds_up_no_other(elastic_index: ElasticIndex) -> None:
    bad = call("C-2", turns=(turn("起诉", vector=b"\1\2\3"),))
    (refused,) = elastic_index.write([call("C-1", "起诉"), bad, call("C-3", "起诉")])
    assert (refused.call_id, refused.passing) == ("C-2", False)
    assert "dimensions" in refused.reason
    assert found(elastic_index, "起诉") == {"C-1:0", "C-3:0"}


def test_calls_of_any_name_and_length(elastic_index: ElasticIndex) -> None:
    names = ["通" * 200, "a/b?c#d e%", "_x", "C" * 200]
    long = call("L", *["多"] * 10_100)
    assert elastic_index.write([*(call(name, "钱") for name in names), long]) == ()
    assert sorted(hit.call_id for hit in asked(elastic_index, "钱").calls) == sorted(names)
    assert asked(elastic_index, "多").total_turns == 10_100
    elastic_index.delete(names)
    assert elastic_index.state().calls == 1


def test_a_vector_without_a_direction_is_none(elastic_index: ElasticIndex) -> None:
    silent = call("C-1", turns=(turn("嗯", vector=bytes(384)),))
    assert elastic_index.write([silent]) == ()
    assert (elastic_index.vector("C-1", 0), elastic_index.state().vectors) == (None, 0)


def test_a_busy_server_is_asked_again_and_then_the_call_waits(
    elastic_settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bulk, "BACKOFF_S", 0.01)
    with proxied(elastic_settings.elasticsearch_url, tmp_path) as proxy:
        secured = {"elasticsearch_url": proxy.url, "elasticsearch_ca": proxy.certificate}
        with ElasticIndex(elastic_settings.model_copy(update=secured)) as index:
            proxy.instead = _busy(times=2)
            assert index.write([call("C-1", "好"), call("C-2", "好")]) == ()
            proxy.instead = _busy(times=100)
            refused = index.write([call("C-3", "好")])
            assert [(one.call_id, one.passing) for one in refused] == [("C-3", True)]
            assert "queue is full" in refused[0].reason
            proxy.instead = lambda method, path, body: (503, b"") if "_bulk" in path else None
            assert [one.passing for one in index.write([call("C-3", "好")])] == [True]
            proxy.instead = lambda method, path, body: None
            assert found(index) == {"C-1:0", "C-2:0"}


def _busy(times: int):
    """The server takes nothing of so many bulk requests."""
    left = iter(range(times))

    def instead(method: str, path: str, body: bytes) -> Answer | None:
        if "_bulk" not in path or next(left, None) is None:
            return None
        lines = [json.loads(line) for line in body.splitlines()[::2]]
        error = {"type": "es_rejected_execution_exception", "reason": "the queue is full"}
        items = [{"index": {"_id": line["index"]["_id"], "status": 429, "error": error}} for line in lines]
        return 200, json.dumps({"errors": True, "items": items}).encode()

    return instead


def test_a_server_that_does_not_answer_in_time_leaves_the_calls_waiting(
    elastic_settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bulk, "TIMEOUT_S", 0.3)
    with proxied(elastic_settings.elasticsearch_url, tmp_path) as proxy:
        secured = {"elasticsearch_url": proxy.url, "elasticsearch_ca": proxy.certificate}
        with ElasticIndex(elastic_settings.model_copy(update=secured)) as index:
            index.state()
            proxy.pause_s = 0.6
            refused = index.write([call("C-1", "好"), call("C-2", "好")])
            assert [(one.call_id, one.passing) for one in refused] == [("C-1", True), ("C-2", True)]


def test_an_index_made_where_there_was_none_is_unfilled_until_the_rest_is_ordered(elastic_index: ElasticIndex) -> None:
    assert elastic_index.state().unfilled
    elastic_index.ordered()
    assert not elastic_index.state().unfilled
    new = elastic_index.rebuild()
    new.swap()
    assert not elastic_index.state().unfilled


def test_an_index_that_someone_deleted_is_told_and_not_made_by_the_server(
    elastic_index: ElasticIndex, elastic_settings: Settings
) -> None:
    elastic_index.write([call("C-1", "好")])
    with Elasticsearch(elastic_settings.elasticsearch_url) as client:
        prefix = elastic_settings.elasticsearch_prefix
        client.indices.delete(index=list(client.indices.get(index=f"{prefix}*")))
        for broken in (lambda: elastic_index.write([call("C-1", "好")]), lambda: found(elastic_index)):
            with pytest.raises(SetupError, match="not on the server") as wrong:
                broken()
            assert (wrong.value.code, "qa reindex" in wrong.value.hint) == (ErrorCode.INDEX_UNAVAILABLE, True)
        assert not client.indices.get(index=f"{prefix}*")
        elastic_index.clear()
        assert elastic_index.write([call("C-1", "好")]) == ()
        assert found(elastic_index) == {"C-1:0"}


def test_clear_takes_everything_out_also_what_the_server_made_by_itself(elastic_settings: Settings) -> None:
    prefix = elastic_settings.elasticsearch_prefix
    with Elasticsearch(elastic_settings.elasticsearch_url) as client, ElasticIndex(elastic_settings) as index:
        client.index(index=f"{prefix}-calls", document={"made": "by mistake"})
        client.indices.create(index=f"{prefix}-calls-v1-000007")
        index.clear()
        assert index.write([call("C-1", "好")]) == ()
        index.rebuild()
        index.clear()
        assert (index.state().calls, index.state().building) == (0, False)
        assert list(client.indices.get(index=f"{prefix}*")) == [f"{prefix}-calls-v4-000009"]


def test_the_settings_of_a_new_index(elastic_settings: Settings) -> None:
    changes = {"elasticsearch_shards": 2, "elasticsearch_replicas": 0}
    with ElasticIndex(elastic_settings.model_copy(update=changes)) as index:
        index.write([call(f"C-{i}", "起诉", team=f"T{i % 2}") for i in range(20)])
        results = asked(index, "起诉", facets=(Facet.TEAM,))
        assert (results.total_calls, len({hit.relevance for hit in results.calls})) == (20, 1)
        assert [count.calls for count in results.facets[Facet.TEAM]] == [10, 10]
    with Elasticsearch(elastic_settings.elasticsearch_url) as client:
        (made,) = client.indices.get_settings(index=f"{elastic_settings.elasticsearch_prefix}-calls").values()
    assert (made["settings"]["index"]["number_of_shards"], made["settings"]["index"]["number_of_replicas"]) == (
        "2",
        "0",
    )
