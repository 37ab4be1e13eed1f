"""Reports: what do I sign and forward?"""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request
from starlette.responses import HTMLResponse, Response

from qa_service.jobs.reports import report_days
from qa_service.web.api.reports import DayOfCalls, html_report
from qa_service.web.deps import Services_
from qa_service.web.language import Language, choose

router = APIRouter()

DAYS_A_PAGE = 60


@router.get("/reports", include_in_schema=False)
def reports(
    request: Request, services: Services_, offset: Annotated[int, Query(ge=0, le=1_000_000)] = 0
) -> HTMLResponse:
    days = report_days(services.store, services.settings)
    return services.renderer.answer(
        request,
        "reports.html",
        "reports",
        {
            "days": days[offset : offset + DAYS_A_PAGE],
            "total": len(days),
            "limit": DAYS_A_PAGE,
            "offset": offset,
        },
    )


@router.get("/reports/{day}", include_in_schema=False)
def report(request: Request, day: DayOfCalls, services: Services_, language: Language | None = None) -> Response:
    """A day's report as it is forwarded: a page of its own, without our rail."""
    return html_report(services, day, language or choose(request, services.renderer.default_language))
