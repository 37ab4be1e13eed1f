"""The query, documents and mapping that go to Elasticsearch. A live server comes with scripts/elasticsearch."""

from __future__ import annotations

import subprocess
import sys
from datetime import timedelta

import pytest

from qa_service.errors import ErrorCode, SetupError
from qa_service.records import Severity
from qa_service.search.create import open_index
from qa_service.search.elastic import MAPPING, SHOWN, action, clause, leftovers, request
from qa_service.search.protocol import SearchHit, SearchQuery
from qa_service.search.query import understood
from qa_service.search.tree import fact
from qa_service.settings import Settings
from tests.conftest import free_port
from tests.factories import DAY
from tests.search.made import document, proof


def _clause(text: str) -> dict[str, object]:
    return clause(understood(SearchQuery(text=text)))


def test_words_and_phrases() -> None:
    assert _clause("钱") == {"term": {"words": "钱"}}
    assert _clause("Payments") == {"term": {"words": "payment"}}
    assert _clause("通讯录") == {"match_phrase": {"pairs": "通·讯 讯·录"}}


def test_and_or_not_and_fields() -> None:
    got = _clause('(钱 OR "人") -agent:A-201')
    either = {"bool": {"should": [{"term": {"words": "钱"}}, {"term": {"words": "人"}}], "minimum_should_match": 1}}
    agent = {"bool": {"filter": [{"term": {"facts": fact("agent", "A-201")}}]}}
    assert got == {"bool": {"must": [either], "must_not": [agent]}}
    assert _clause("-钱") == {"bool": {"must_not": [{"term": {"words": "钱"}}]}}


def test_a_request_has_days_pages_counts_and_order() -> None:
    query = SearchQuery(text="钱", day_from=DAY, day_to=DAY + timedelta(days=1), limit=5, offset=10)
    body = request(query, understood(query))
    assert body["query"]["bool"]["filter"] == [{"range": {"day": {"gte": "2026-11-17", "lte": "2026-11-18"}}}]
    assert (body["from_"], body["size"], body["track_total_hits"]) == (10, 5, True)
    assert body["sort"][0] == {"_score": "desc"}
    newest = request(SearchQuery(), understood(SearchQuery()))
    assert newest["sort"][0] == {"happened_at": "desc"}
    assert newest["query"]["bool"]["filter"] == []


def test_a_document_has_what_the_mapping_names_and_gives_back_what_a_hit_needs() -> None:
    made = action(document("您的通讯录 Payments", 3, **proof("R-1")))
    source = made["_source"]
    assert set(source) == set(MAPPING["properties"])
    assert set(SHOWN) == set(SearchHit.model_fields) - {"highlights"}
    assert (made["_id"], made["routing"]) == ("3:C-1", "C-1")
    assert source["words"] == "您 的 通 讯 录 payment"
    assert source["pairs"] == "您·的 的·通 通·讯 讯·录 录·payments"
    assert fact("turnrule", "R-1") in source["facts"]
    hit = SearchHit.model_validate({name: source[name] for name in SHOWN})
    assert (hit.rule_ids, hit.severities) == (("R-1",), (Severity.CRITICAL,))


def test_what_is_left_of_an_older_version_of_a_call_goes() -> None:
    assert leftovers("C-1", [document("a", 0), document("b", 1)]) == {
        "bool": {"filter": [{"term": {"call_id": "C-1"}}], "must_not": [{"ids": {"values": ["0:C-1", "1:C-1"]}}]}
    }
    assert leftovers("C-1", ()) == {"bool": {"filter": [{"term": {"call_id": "C-1"}}]}}


def test_a_server_that_is_down_and_a_url_that_is_none_are_told(settings: Settings) -> None:
    away = settings.model_copy(update={"elasticsearch_url": f"http://user:secret@127.0.0.1:{free_port()}"})
    with pytest.raises(SetupError) as down:
        open_index(away)
    assert down.value.code == ErrorCode.INDEX_UNAVAILABLE
    assert "QA_ELASTICSEARCH_URL" in down.value.hint
    assert "secret" not in str(down.value)
    with pytest.raises(SetupError) as none:
        open_index(settings.model_copy(update={"elasticsearch_url": "elastic"}))
    assert none.value.code == ErrorCode.SETTINGS_INVALID


def test_the_embedded_index_does_not_load_the_client() -> None:
    code = "import qa_service.search.create, qa_service.search.embedded, sys; print('elasticsearch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
