"""The same search on an Elasticsearch server, for installations with several machines."""

from qa_service.search.elastic.index import ElasticIndex

__all__ = ["ElasticIndex"]
