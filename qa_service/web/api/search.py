"""Search: calls by what was said in them."""

from __future__ import annotations

from typing import Annotated, Literal
from urllib.parse import urlencode

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from qa_service.errors import ErrorCode, QAError
from qa_service.records import Record
from qa_service.search.protocol import CallHit, SearchResults, TurnHit
from qa_service.web.access import Access_
from qa_service.web.conditions import Conditions_, Form, read
from qa_service.web.deps import Services_
from qa_service.web.filters import SearchAsked_, SimilarAsked_, Words
from qa_service.web.searching import SearchStatus, find, find_like, find_like_text, source_of, status_of
from qa_service.web.sheet import csv_answer

router = APIRouter(tags=["search"], prefix="/search")

_OF_CALL = (
    "call_id", "day", "started_at", "agent_id", "agent_name", "team", "product", "stage", "grade", "score", "matches",
)  # fmt: skip
_OF_TURN = ("turn_index", "start_s", "end_s", "at_s", "role", "text", "rule_ids", "severities")
CSV_COLUMNS = (*_OF_CALL, *_OF_TURN)
Format = Annotated[Literal["json", "csv"], Query(alias="format")]


class Written(Record):
    """A text of the query language."""

    text: str


@router.get("", response_model=SearchResults)
def search(
    request: Request, asked: SearchAsked_, services: Services_, access: Access_, form: Format = "json"
) -> Response | SearchResults:
    """Calls with their best matching turns, and the places of the hits in the redacted text.

    `after` is `next` of the page before. `format=csv`: one row for each turn; the header `Link` names the next page.
    """
    return _answer(request, find(asked, services, access).results, form)


@router.get("/similar", response_model=SearchResults)
def similar(
    request: Request, asked: SimilarAsked_, services: Services_, access: Access_, form: Format = "json"
) -> Response | SearchResults:
    """Calls with the turns that say much the same as a turn (`call`, `turn`) or a `text`, the nearest first.

    `relevance` is the cosine of the meanings. 404: the turn is not there, or has no vector of its meaning.
    """
    if asked.text:
        return _answer(request, find_like_text(asked.text, asked, asked.q, services, access), form)
    if asked.call is None or asked.turn is None:
        raise QAError(ErrorCode.REQUEST_INVALID, "Nothing to compare with.", "Send `call` and `turn`, or `text`.")
    source = source_of(asked.call, asked.turn, services, access)
    return _answer(request, find_like(source, asked, asked.q, services, access), form)


@router.get("/written")
def written(conditions: Conditions_, rest: Words = "") -> Written:
    """Conditions written in the query language, behind the `rest` of a text that they do not say; all must hold."""
    return Written(text=conditions.written(rest))


@router.get("/conditions")
def conditions(q: Words = "") -> Form:
    """A text of the query language as the conditions that say it (the parameters of `written`), and the rest of it."""
    return read(q)


@router.get("/status")
def status(services: Services_, access: Access_) -> SearchStatus:
    """How far the index is behind what was inspected, and what it holds."""
    return status_of(services, access)


def _answer(request: Request, results: SearchResults, form: Literal["json", "csv"]) -> Response | SearchResults:
    if form == "json":
        return results
    answer = csv_answer("search", CSV_COLUMNS, (_row(call, turn) for call in results.calls for turn in call.turns))
    if results.next:
        kept = [(k, v) for k, v in request.query_params.multi_items() if k != "after"]
        answer.headers["Link"] = f'<{request.scope["path"]}?{urlencode([*kept, ("after", results.next)])}>; rel="next"'
    return answer


def _row(call: CallHit, turn: TurnHit) -> dict[str, object]:
    flat = call.model_dump(mode="json", include=set(_OF_CALL)) | turn.model_dump(mode="json", include=set(_OF_TURN))
    return {k: " ".join(map(str, v)) if isinstance(v, list) else v for k, v in flat.items()}
