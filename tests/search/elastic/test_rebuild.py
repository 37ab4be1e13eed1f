"""A new index beside the old one: filled, left, gone on with, and put in its place while all goes on."""

from __future__ import annotations

import threading
import time
from datetime import timedelta

import pytest
from elasticsearch import Elasticsearch

from qa_service.errors import ErrorCode, SetupError
from qa_service.search.elastic import ElasticIndex, mapping, rebuild
from qa_service.settings import Settings
from tests.factories import DAY
from tests.search.elastic.calls import asked, call, found
from tests.search.made import turn

pytestmark = pytest.mark.elastic


def test_a_build_goes_on_where_it_was_left_and_takes_the_place_of_the_old_index(
    elastic_settings: Settings, elastic_index: ElasticIndex
) -> None:
    elastic_index.write([call("C-1", "好"), call("C-2", "起诉"), call("gone", "起诉")])
    elastic_index.rebuild().write([call("C-1", "起诉")])
    with ElasticIndex(elastic_settings) as another:
        build = another.rebuild()
        assert build.holds(["C-1", "C-2", "C-9"]) == {"C-1"}
        bad = call("C-3", turns=(turn("起诉", vector=b"\1"),))
        assert [(one.call_id, one.passing) for one in build.write([call("C-2", "起诉", "好"), bad])] == [("C-3", False)]
        assert build.size() == (2, 3)
        assert found(another, "起诉") == {"C-2:0", "gone:0"}
        assert another.state().building
        build.swap()
    assert found(elastic_index, "起诉") == {"C-1:0", "C-2:0"}
    assert not elastic_index.state().building
    with Elasticsearch(elastic_settings.elasticsearch_url) as client:
        prefix = elastic_settings.elasticsearch_prefix
        ((name, one),) = client.indices.get(index=f"{prefix}*").items()
    assert (name, list(one["aliases"])) == (f"{prefix}-calls-v4-000002", [f"{prefix}-calls"])
    assert one["settings"]["index"]["refresh_interval"] == "1s"


def test_meanwhile_both_indexes_get_what_is_written_and_lose_what_is_deleted(elastic_index: ElasticIndex) -> None:
    elastic_index.write([call("C-1", "好"), call("old", "好", days=-9), call("C-3", "好")])
    build = elastic_index.rebuild()
    build.write([call("C-1", "好"), call("old", "好", days=-9), call("older", "好", days=-9), call("C-3", "好")])
    elastic_index.write([call("C-1", "起诉"), call("C-2", "起诉")])
    assert elastic_index.delete_before(DAY - timedelta(days=1)) == 1
    elastic_index.delete(["C-3"])
    assert found(elastic_index) == {"C-1:0", "C-2:0"}
    assert build.holds(["C-1", "C-2", "C-3", "old", "older"]) == {"C-1", "C-2"}
    bad = call("C-4", turns=(turn("起诉", vector=b"\1"),))
    assert [one.call_id for one in elastic_index.write([bad])] == ["C-4"]
    build.swap()
    assert found(elastic_index, "起诉") == {"C-1:0", "C-2:0"}


def test_a_server_that_merges_nothing_for_want_of_room_does_not_hold_a_build_up(
    elastic_settings: Settings, elastic_index: ElasticIndex, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rebuild, "MERGE_S", 0.5)
    interval, room = "indices.merge.disk.check_interval", "indices.merge.disk.watermark.high"
    with Elasticsearch(elastic_settings.elasticsearch_url) as client:
        client.cluster.put_settings(transient={interval: "1s", room: "0%"})
        try:
            build = elastic_index.rebuild()
            for number in range(4):
                build.write([call(f"C-{number}", "起诉")])
                build.size()  # a segment each
            time.sleep(1.5)  # until the server has looked at its disk
            build.swap()
            assert segments(client, elastic_settings) == 4  # the server has merged nothing
        finally:  # before it stops looking, it must have seen that there is room again
            client.cluster.put_settings(transient={room: "1b"})
            for _ in range(100):
                if segments(client, elastic_settings) == 1:
                    break
                time.sleep(0.1)
            client.cluster.put_settings(transient={interval: None, room: None})
    assert found(elastic_index, "起诉") == {f"C-{number}:0" for number in range(4)}


def segments(client: Elasticsearch, settings: Settings) -> int:
    shards = client.indices.segments(index=f"{settings.elasticsearch_prefix}*")["indices"].values()
    return sum(one["num_search_segments"] for index in shards for shard in index["shards"].values() for one in shard)


def test_a_build_that_is_given_up_leaves_the_old_index_alone(elastic_index: ElasticIndex) -> None:
    elastic_index.write([call("C-1", "好")])
    build = elastic_index.rebuild()
    build.write([call("C-2", "好")])
    build.drop()
    assert (elastic_index.state().building, found(elastic_index)) == (False, {"C-1:0"})
    assert elastic_index.write([call("C-3", "好")]) == ()
    with pytest.raises(SetupError) as wrong:
        build.write([call("C-4", "好")])
    assert wrong.value.code == ErrorCode.INDEX_UNAVAILABLE
    assert elastic_index.rebuild().size() == (0, 0)


def test_searches_and_writes_go_on_through_the_swap(elastic_settings: Settings, elastic_index: ElasticIndex) -> None:
    """Nothing is missed in between, and each call that was written meanwhile is in the new index."""
    kept = [call(f"C-{i}", "起诉") for i in range(30)]
    elastic_index.write(kept)
    stop, trouble, written = threading.Event(), [], []

    def search() -> None:
        with ElasticIndex(elastic_settings) as mine:
            while not stop.is_set():
                calls = {hit.call_id for hit in asked(mine, "起诉").calls}
                if not calls >= {one.call_id for one in kept}:
                    trouble.append(f"a search found {len(calls)}")

    def write() -> None:
        with ElasticIndex(elastic_settings) as mine:
            while not stop.is_set():
                new = call(f"N-{len(written)}", "投诉")
                written.append(new.call_id)  # as everywhere: the database holds it before the index is told
                trouble.extend(mine.write([new]))

    def guarded(work) -> None:
        try:
            work()
        except Exception as wrong:
            trouble.append(wrong)

    threads = [threading.Thread(target=guarded, args=[work]) for work in (search, write)]
    for thread in threads:
        thread.start()
    with ElasticIndex(elastic_settings) as mine:
        for _ in range(3):
            build = mine.rebuild()
            before = list(written)  # what the database holds by now; later calls come from the writer
            build.write([*kept, *(call(name, "投诉") for name in before)])
            build.swap()
    stop.set()
    for thread in threads:
        thread.join(60)
    assert (trouble, len(written) > 3) == ([], True)
    assert elastic_index.state().calls == len(kept) + len(written)


def test_an_index_of_another_version_is_built_again(
    elastic_settings: Settings, elastic_index: ElasticIndex, monkeypatch: pytest.MonkeyPatch
) -> None:
    elastic_index.write([call("C-1", "好"), call("C-2", "好")])
    elastic_index.rebuild().write([call("C-1", "好")])
    monkeypatch.setattr(mapping, "VERSION", mapping.VERSION + 1)
    with ElasticIndex(elastic_settings) as newer:
        for refused in (newer.state, lambda: newer.write([call("C-3", "好")]), lambda: found(newer)):
            with pytest.raises(SetupError, match="another version") as wrong:
                refused()
            assert "qa reindex" in wrong.value.hint
        newer.delete(["C-2"])
        assert found(elastic_index) == {"C-1:0"}
        build = newer.rebuild()
        assert build.holds(["C-1"]) == frozenset()
        assert build.write([call("C-1", "起诉")]) == ()
        build.swap()
        assert found(newer, "起诉") == {"C-1:0"}
    with Elasticsearch(elastic_settings.elasticsearch_url) as client:
        (name,) = client.indices.get(index=f"{elastic_settings.elasticsearch_prefix}*")
    assert name.endswith(f"-calls-v{mapping.VERSION}-000002")
