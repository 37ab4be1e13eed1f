"""The same search on an Elasticsearch server, for installations with several machines.

It gets the same tokens as the embedded index, made in Python and only split at spaces by the server, so that both
find the same turns and mark the same places.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from elasticsearch import ApiError, ConflictError, Elasticsearch, NotFoundError, TransportError
from elasticsearch.helpers import BulkIndexError, bulk

from qa_service.errors import ErrorCode, QueryError, SetupError
from qa_service.search.document import TurnDocument
from qa_service.search.protocol import SearchHit, SearchQuery, SearchResults
from qa_service.search.query import understood
from qa_service.search.streams import marked, streams
from qa_service.search.tree import And, Fact, Node, Not, Or, Words, facts_of, wanted
from qa_service.text.tokens import pairs, stem

#: Raised whenever tokens, facts or mapping change: each version has an index of its own, filled by `qa reindex`.
VERSION = 2
INDEX = f"qa-turns-v{VERSION}"
TIMEOUT_S = 10
#: Furthest turn that can be paged to.
WINDOW = 50_000
#: Calls up to which the server counts exactly.
EXACT_CALLS = 40_000

_MADE = {"type": "text", "analyzer": "whitespace", "store": False}
_SHOWN = {"type": "keyword", "index": False, "doc_values": False}
MAPPING: dict[str, Any] = {
    "dynamic": "strict",
    "_meta": {"version": VERSION},
    "properties": {
        "words": _MADE,
        "pairs": _MADE,
        "facts": {"type": "keyword"},
        "call_id": {"type": "keyword"},
        "turn_index": {"type": "integer"},
        "day": {"type": "date", "format": "strict_date"},
        "happened_at": {"type": "date"},
        "started_at": {"type": "date", "index": False},
        "start_s": {"type": "float", "index": False},
        "end_s": {"type": "float", "index": False},
        **dict.fromkeys(("role", "text", "agent_id", "agent_name", "team", "grade", "rule_ids", "severities"), _SHOWN),
    },
}
#: Only the shown fields come back; the streams of tokens are large and not needed again.
SHOWN = [name for name in SearchHit.model_fields if name != "highlights"]
SETTINGS: dict[str, Any] = {"max_result_window": WINDOW}


class ElasticIndex:
    """A SearchIndex on a server; opening it makes the index where there is none."""

    def __init__(self, url: str) -> None:
        """``url`` may hold a user and password.

        Raises:
            SetupError: SETTINGS_INVALID for a URL that is none, INDEX_UNAVAILABLE when the server does not answer.
        """
        try:
            self._server = Elasticsearch(url, request_timeout=TIMEOUT_S, retry_on_timeout=True)
        except ValueError as wrong:
            message = f"QA_ELASTICSEARCH_URL cannot be used: {wrong}."
            raise SetupError(ErrorCode.SETTINGS_INVALID, message, "Write it as https://HOST:9200.") from None
        with _explained():
            self._make()

    def replace(self, call_id: str, documents: Sequence[TurnDocument]) -> None:
        """New documents take the place of old ones by their id; then what is left of the old is taken out."""
        with _explained():
            bulk(self._server, [action(document) for document in documents], refresh=True)
            self._delete(leftovers(call_id, documents), call_id)

    def delete(self, call_id: str) -> None:
        with _explained():
            self._server.indices.refresh(index=INDEX)
            self._delete(leftovers(call_id, ()), call_id)

    def search(self, query: SearchQuery) -> SearchResults:
        tree = understood(query)
        if query.offset + query.limit > WINDOW:
            raise QueryError(f"Only the first {WINDOW} turns can be listed.", hint="Narrow the search, by day say.")
        with _explained():
            found = self._server.search(index=INDEX, **request(query, tree))
        marks = tuple(wanted(tree))
        return SearchResults(
            hits=tuple(_hit(hit["_source"], marks) for hit in found["hits"]["hits"]),
            total=found["hits"]["total"]["value"],
            total_calls=found["aggregations"]["calls"]["value"],
        )

    def size(self) -> int:
        with _explained():
            return int(self._server.count(index=INDEX)["count"])

    def clear(self) -> None:
        with _explained():
            self._server.indices.delete(index=INDEX, ignore_unavailable=True)
            self._make()

    def close(self) -> None:
        self._server.close()

    def _make(self) -> None:
        if not self._server.indices.exists(index=INDEX):
            made = self._server.options(ignore_status=400)  # 400: another process made it at the same time
            made.indices.create(index=INDEX, mappings=MAPPING, settings=SETTINGS)

    def _delete(self, query: Mapping[str, Any], call_id: str) -> None:
        self._server.delete_by_query(index=INDEX, query=query, routing=call_id, conflicts="proceed", refresh=True)


def action(document: TurnDocument) -> dict[str, Any]:
    """A document as one line of a bulk request; all turns of a call live on one shard."""
    plain = document.model_dump(mode="json", exclude={"findings", "call_findings"})
    words, phrases = streams(document.text)
    made = {"words": words, "pairs": phrases, "facts": facts_of(document)}
    named = {"rule_ids": list(document.rule_ids), "severities": [str(s) for s in document.severities]}
    return {
        "_op_type": "index", "_index": INDEX, "_id": _id(document), "routing": document.call_id,
        "_source": {**plain, **named, **made},
    }  # fmt: skip


def leftovers(call_id: str, documents: Sequence[TurnDocument]) -> dict[str, Any]:
    """Turns of the call that are none of these documents."""
    kept = [_id(document) for document in documents]
    found: dict[str, Any] = {"filter": [{"term": {"call_id": call_id}}]}
    return {"bool": {**found, "must_not": [{"ids": {"values": kept}}]} if kept else found}


def request(query: SearchQuery, tree: Node) -> dict[str, Any]:
    """The body of a search: the best first, or the newest where no words are asked for."""
    days = {name: day.isoformat() for name, day in (("gte", query.day_from), ("lte", query.day_to)) if day}
    within = [{"range": {"day": days}}] if days else []
    newest = [{"happened_at": "desc"}, {"call_id": "asc"}, {"turn_index": "asc"}]
    return {
        "query": {"bool": {"must": [clause(tree)], "filter": within}},
        "sort": [{"_score": "desc"}, *newest] if any(wanted(tree)) else newest,
        "from_": query.offset,
        "size": query.limit,
        "track_total_hits": True,
        "source": SHOWN,
        "aggs": {"calls": {"cardinality": {"field": "call_id", "precision_threshold": EXACT_CALLS}}},
    }


def clause(node: Node) -> dict[str, Any]:
    """A query tree in Elasticsearch's words. Facts weigh nothing."""
    match node:
        case Words(tokens=(word,)):
            return {"term": {"words": stem(word)}}
        case Words(tokens=run):
            return {"match_phrase": {"pairs": " ".join(pairs(run))}}
        case Fact(token=token):
            return {"bool": {"filter": [{"term": {"facts": token}}]}}
        case Or(parts=parts):
            return {"bool": {"should": [clause(part) for part in parts], "minimum_should_match": 1}}
        case Not(part=part):
            return {"bool": {"must_not": [clause(part)]}}
        case And(parts=parts):
            there = [clause(part) for part in parts if not isinstance(part, Not)]
            absent = [clause(part.part) for part in parts if isinstance(part, Not)]
            return {"bool": {"must": there, "must_not": absent}}


def _id(document: TurnDocument) -> str:
    return f"{document.turn_index}:{document.call_id}"


def _hit(source: Mapping[str, Any], marks: tuple[tuple[str, ...], ...]) -> SearchHit:
    return SearchHit.model_validate({**source, "highlights": marked(source["text"], marks)})


@contextmanager
def _explained() -> Iterator[None]:
    """The client's errors as one that says what to do."""
    try:
        yield
    except NotFoundError as wrong:
        message = "The search index is not on the server any more."
        raise SetupError(ErrorCode.INDEX_UNAVAILABLE, message, "Run `qa reindex`; nothing is lost.") from wrong
    except (ConflictError, BulkIndexError) as wrong:
        message = f"The search server refused documents ({wrong})."
        raise SetupError(
            ErrorCode.INDEX_UNAVAILABLE, message, "They go on waiting; look at the server's log."
        ) from wrong
    except (ApiError, TransportError) as wrong:
        message = f"The search server at QA_ELASTICSEARCH_URL does not answer as it should ({wrong})."
        hint = "Start it, or empty QA_ELASTICSEARCH_URL for the embedded index and run `qa reindex`."
        raise SetupError(ErrorCode.INDEX_UNAVAILABLE, message, hint) from wrong
