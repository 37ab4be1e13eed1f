"""Each index, filled once with the corpus of the contract."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from qa_service.search.create import open_index
from qa_service.search.protocol import SearchIndex
from qa_service.settings import Settings
from tests.search.contract.corpus import corpus

BATCH = 50


@pytest.fixture(scope="session", params=["embedded", pytest.param("elastic", marks=pytest.mark.elastic)])
def filled_index(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[SearchIndex]:
    """The whole corpus in an index; on a server under a prefix of its own, which goes afterwards."""
    folder = tmp_path_factory.mktemp("contract")
    if request.param == "embedded":
        with open_index(Settings(data_dir=folder, _env_file=None)) as index:  # type: ignore[call-arg]
            yield _filled(index)
        return
    yield from _on_a_server(request.getfixturevalue("elastic_url"), folder)


def _on_a_server(url: str, folder: Path) -> Iterator[SearchIndex]:
    from elasticsearch import Elasticsearch

    prefix = f"t{uuid.uuid4().hex[:12]}"
    asked = {"elasticsearch_url": url, "elasticsearch_prefix": prefix, "elasticsearch_refresh": "true"}
    with open_index(Settings(data_dir=folder, _env_file=None).model_copy(update=asked)) as index:  # type: ignore[call-arg]
        yield _filled(index)
    with Elasticsearch(url) as server:
        for name in server.indices.get(index=f"{prefix}*", features=["aliases"]):
            server.indices.delete(index=name)
        server.options(ignore_status=404).indices.delete_index_template(name=f"{prefix}*")


def _filled(index: SearchIndex) -> SearchIndex:
    for start in range(0, len(corpus()), BATCH):
        assert index.write(corpus()[start : start + BATCH]) == ()
    return index
