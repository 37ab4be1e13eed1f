"""Each index, filled once with the corpus of the contract."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from qa_service.search.create import open_index
from qa_service.search.protocol import SearchIndex
from qa_service.settings import Settings
from tests.search.conftest import elastic_prefix
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
    with elastic_prefix(request.getfixturevalue("elastic_url")) as settings, open_index(settings) as index:
        yield _filled(index)


def _filled(index: SearchIndex) -> SearchIndex:
    for start in range(0, len(corpus()), BATCH):
        assert index.write(corpus()[start : start + BATCH]) == ()
    return index
