"""Many documents in one request, each with an answer of its own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from elasticsearch import AuthenticationException, AuthorizationException, ConnectionTimeout, Elasticsearch
from elasticsearch.helpers import streaming_bulk

from qa_service.errors import ErrorCode, SetupError
from qa_service.search.elastic.client import PASSING, gone
from qa_service.search.protocol import Refused

#: Seconds that one request may take.
TIMEOUT_S = 60
#: Documents and bytes of one request.
CHUNK, CHUNK_BYTES = 200, 10 * 2**20
#: A busy server is asked again after 0.5, 1 and 2 seconds.
RETRIES, BACKOFF_S = 3, 0.5
_NO_ANSWER = 408
#: A full disk, or an index that is being moved: nothing that the document could help.
_BLOCKED = "cluster_block_exception"
_FORBIDDEN = {401, 403}


@dataclass(frozen=True, slots=True)
class Failure:
    """What the server did not do with one document. ``status`` is that of HTTP."""

    key: str
    status: int
    kind: str
    why: str

    @property
    def passing(self) -> bool:
        return self.status in PASSING or self.status == _NO_ANSWER or self.status >= 500 or self.kind == _BLOCKED

    @property
    def index_missing(self) -> bool:
        return self.status == 404 and self.kind == "index_not_found_exception"


def send(client: Elasticsearch, actions: Sequence[Mapping[str, Any]], *, refresh: str) -> list[Failure]:
    """Carry out the actions; what failed, after the retries. ``refresh`` is true, false or wait_for.

    Raises:
        elasticsearch.ApiError, elasticsearch.TransportError: the server cannot be reached, or refuses the log-in.
    """
    waiting = [action["_id"] for action in actions]
    failed: list[Failure] = []
    try:
        for ok, told in _sent(client, actions, refresh):
            (answer,) = told.values()
            waiting.remove(answer["_id"])
            if not ok:
                failed.append(_failure(answer))
    except ConnectionTimeout:
        failed += (Failure(key, _NO_ANSWER, "timeout", f"no answer within {TIMEOUT_S} s") for key in waiting)
    return failed


def refused(failures: Sequence[Failure], call_ids: Mapping[str, str]) -> tuple[Refused, ...]:
    """Failures as the index tells them, each call once; ``call_ids`` are by the document's identity.

    Raises:
        SetupError: the index itself is missing, or may not be written to.
    """
    found: dict[str, Refused] = {}
    for failure in failures:
        if failure.index_missing:
            raise gone()
        if failure.status in _FORBIDDEN and not failure.passing:
            message = f"The search server does not let this service write ({failure.why})."
            hint = "Check QA_ELASTICSEARCH_API_KEY or the user's rights: docs/search.md lists them."
            raise SetupError(ErrorCode.INDEX_UNAVAILABLE, message, hint)
        call_id = call_ids[failure.key]
        if call_id not in found or not failure.passing:
            found[call_id] = Refused(call_id=call_id, reason=failure.why, passing=failure.passing)
    return tuple(found.values())


def _sent(
    client: Elasticsearch, actions: Sequence[Mapping[str, Any]], refresh: str
) -> Iterator[tuple[bool, dict[str, Any]]]:
    """Aliases are required, for a server makes an index of its own kind for any other name that it does not know."""
    return iter(
        streaming_bulk(
            client.options(request_timeout=TIMEOUT_S, max_retries=2, retry_on_status=(), retry_on_timeout=False),
            (dict(action) for action in actions),
            chunk_size=CHUNK,
            max_chunk_bytes=CHUNK_BYTES,
            raise_on_error=False,
            raise_on_exception=False,
            max_retries=RETRIES,
            initial_backoff=BACKOFF_S,
            retry_on_status=sorted(PASSING),
            refresh=refresh,
            require_alias=True,
        )
    )


def _failure(answer: Mapping[str, Any]) -> Failure:
    whole = answer.get("exception")
    if isinstance(whole, AuthenticationException | AuthorizationException):
        raise whole
    error = answer.get("error", "")
    if isinstance(error, Mapping):
        cause = error.get("caused_by") or {}
        why = " ".join(str(part["reason"]) for part in (error, cause) if part.get("reason"))
        return Failure(answer["_id"], answer["status"], str(error.get("type")), why[:500])
    return Failure(answer["_id"], answer["status"], "", str(error or answer.get("result"))[:500])
