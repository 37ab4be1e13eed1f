"""The server is killed in the midst of writing: what waits is written again, and nothing is lost or doubled."""

from __future__ import annotations

import threading
import time

import pytest
from elasticsearch import Elasticsearch

from qa_service.errors import SetupError
from qa_service.search.document import CallDocument
from qa_service.search.elastic import ElasticIndex
from qa_service.settings import Settings
from tests.conftest import ElasticNode
from tests.search.elastic.calls import asked, call

pytestmark = pytest.mark.elastic
CALLS, BATCH = 1500, 500
TEXTS = (
    "您好，我是催收一组的周敏",
    "我没有钱",
    "再不还我就打电话给你单位，还有你的通讯录",
    "律师函已经寄到你家了，准备起诉",
)


def worked(index: ElasticIndex, waiting: dict[str, CallDocument]) -> int:
    """Write what waits, batch by batch, as the outbox does: a call goes on waiting until the index has it."""
    failed = 0
    while waiting:
        batch = list(waiting.values())[:BATCH]
        try:
            refused = {one.call_id for one in index.write(batch) if one.passing}
        except SetupError:
            failed += 1
            time.sleep(1)
            continue
        failed += bool(refused)
        for one in batch:
            if one.call_id not in refused:
                del waiting[one.call_id]
    return failed


def test_a_server_killed_in_mid_bulk_loses_no_call_and_doubles_none(
    elastic_settings: Settings, elastic_node: ElasticNode
) -> None:
    made = {f"C-{i}": call(f"C-{i}", *TEXTS[: i % 4 + 1]) for i in range(CALLS)}
    waiting, failed = dict(made), list[int]()
    with Elasticsearch(elastic_node.url) as client, ElasticIndex(elastic_settings) as index:
        index.write([call("old", "催收")])
        work = threading.Thread(target=lambda: failed.append(worked(index, waiting)))
        work.start()
        written = client.options(request_timeout=30)
        while written.count(index=f"{elastic_settings.elasticsearch_prefix}-calls")["count"] < BATCH // 2:
            time.sleep(0.02)
        elastic_node.kill()
        left = len(waiting)
        time.sleep(1)
        elastic_node.start()
        work.join(120)
        assert (work.is_alive(), waiting, failed[0] > 0, 0 < left < CALLS + 1) == (False, {}, True, True)
        state = index.state()
        assert (state.calls, state.turns) == (CALLS + 1, sum(len(one.turns) for one in made.values()) + 1)
        seen: list[str] = []
        page = asked(index, limit=500)
        while seen.extend(hit.call_id for hit in page.calls) or page.next:
            page = asked(index, limit=500, after=page.next)
    assert sorted(seen) == sorted([*made, "old"])
