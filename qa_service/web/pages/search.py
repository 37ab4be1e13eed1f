"""Search: which call, which second?"""

from __future__ import annotations

from urllib.parse import urlencode

from fastapi import APIRouter, Request
from starlette.responses import HTMLResponse

from qa_service import logs
from qa_service.errors import QAError
from qa_service.search.protocol import SearchResults
from qa_service.web.deps import Services, Services_
from qa_service.web.errors import STATUS
from qa_service.web.filters import SearchAsked, SearchAsked_

router = APIRouter()
log = logs.get(__name__)


@router.get("/search", include_in_schema=False)
def search(request: Request, asked: SearchAsked_, services: Services_) -> HTMLResponse:
    results, error = _found(asked, services)
    return services.renderer.answer(
        request,
        "search.html",
        "search",
        {
            "asked": asked,
            "results": results,
            "error": error,
            "rules": services.rulebook.rules,
            "csv_query": urlencode([*_asked_again(request), ("limit", "500"), ("format", "csv")]),
        },
        status=STATUS[error.code] if error else 200,
    )


def _found(asked: SearchAsked, services: Services) -> tuple[SearchResults | None, QAError | None]:
    """Results; or what was wrong with the query or the index, to be said beside the box."""
    if not asked.asks:
        return None, None
    try:
        return services.index.search(asked.query()), None
    except QAError as wrong:
        logs.failure(log, "search", wrong)
        return None, wrong


def _asked_again(request: Request) -> list[tuple[str, str]]:
    dropped = ("limit", "offset", "format", "lang")
    return [(k, v) for k, v in request.query_params.multi_items() if v and k not in dropped]
