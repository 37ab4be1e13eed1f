"""Indexes for the tests of the search, each test with its own."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from elasticsearch import Elasticsearch

from qa_service.search.elastic import ElasticIndex
from qa_service.settings import Settings


@contextmanager
def elastic_prefix(url: str) -> Iterator[Settings]:
    """Settings of a real node, under a prefix of its own; what was made under it is gone afterwards."""
    prefix = f"t{uuid.uuid4().hex[:12]}"
    yield Settings(elasticsearch_url=url, elasticsearch_prefix=prefix, elasticsearch_refresh="true", _env_file=None)  # type: ignore[call-arg]
    with Elasticsearch(url) as client:
        if names := list(client.indices.get(index=f"{prefix}*", features=["aliases"])):
            client.indices.delete(index=names)
        client.options(ignore_status=404).indices.delete_index_template(name=f"{prefix}*")


@pytest.fixture
def elastic_settings(elastic_url: str) -> Iterator[Settings]:
    with elastic_prefix(elastic_url) as found:
        yield found


@pytest.fixture
def elastic_index(elastic_settings: Settings) -> Iterator[ElasticIndex]:
    """An empty index on a real node."""
    with ElasticIndex(elastic_settings) as index:
        yield index
