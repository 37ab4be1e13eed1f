"""The index that the settings name."""

from __future__ import annotations

from qa_service.search.protocol import SearchIndex
from qa_service.settings import Settings


def open_index(settings: Settings) -> SearchIndex:
    """Elasticsearch where ``QA_ELASTICSEARCH_URL`` is set, else the embedded index in the data folder.

    Raises:
        SetupError: SETTINGS_INVALID when the settings of the server cannot be used.
    """
    if settings.elasticsearch_url:
        from qa_service.search.elastic import ElasticIndex

        return ElasticIndex(settings)
    from qa_service.search.embedded import EmbeddedIndex

    return EmbeddedIndex(settings.index_path)
