"""Daily reports: the days that have one, and the report of one of them."""

from __future__ import annotations

import base64
import hashlib
import re
from datetime import date
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Query
from starlette.responses import HTMLResponse, Response

from qa_service.errors import ErrorCode, NotFoundError, QAError
from qa_service.jobs.reports import ReportDay, daily_report, report_days
from qa_service.records import Record
from qa_service.report.records import DailyReport
from qa_service.report.render import render_daily
from qa_service.settings import bundled
from qa_service.web.deps import Services, Services_
from qa_service.web.language import Language

router = APIRouter(prefix="/reports", tags=["reports"])

_STYLE = re.compile(r"<style[^>]*>(.*?)</style>", re.S)


class ReportList(Record):
    """Days that have calls or refused files, newest first."""

    total: int
    days: tuple[ReportDay, ...]


def day_of_calls(day: str, services: Services_) -> date:
    """A day that has calls or refused files.

    Raises:
        QAError: REQUEST_INVALID for what is no date; NotFoundError REPORT_NOT_FOUND for a day without either.
    """
    try:
        wanted = date.fromisoformat(day)
    except ValueError:
        raise QAError(ErrorCode.REQUEST_INVALID, f"{day[:40]!r} is no date.", "Write YYYY-MM-DD.") from None
    if not any(d.day == wanted for d in report_days(services.store, services.settings)):
        message = f"There are no calls and no refused files on {wanted}."
        raise NotFoundError(ErrorCode.REPORT_NOT_FOUND, message, "See /api/v1/reports.")
    return wanted


DayOfCalls = Annotated[date, Depends(day_of_calls)]


@router.get("")
def list_reports(
    services: Services_,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
    offset: Annotated[int, Query(ge=0, le=1_000_000)] = 0,
) -> ReportList:
    """Days that have calls or refused files, newest first; each has a report."""
    days = report_days(services.store, services.settings)
    return ReportList(total=len(days), days=days[offset : offset + limit])


@router.get("/{day}", response_model=DailyReport)
def read_report(
    day: DayOfCalls,
    services: Services_,
    form: Annotated[Literal["json", "html"], Query(alias="format")] = "json",
    language: Annotated[Language | None, Query(description="of the HTML form")] = None,
    download: Annotated[bool, Query(description="as a file")] = False,
) -> Response:
    """The report of a day, made now from the database. `format=html` gives the page that is forwarded."""
    if form == "html":
        answer = html_report(services, day, language or services.settings.ui_language, forwarded=download)
    else:
        text = daily_report(services.store, day, services.settings).model_dump_json()
        answer = Response(text, media_type="application/json")
    if download:
        answer.headers["Content-Disposition"] = f'attachment; filename="report-{day}.{form}"'
    return answer


def html_report(services: Services, day: date, language: Language, *, forwarded: bool = False) -> Response:
    """The report as a page. It carries its own styles, which the policy allows by their hash and nothing else."""
    settings = services.settings
    report = daily_report(services.store, day, settings)
    base = None if forwarded else ""
    page = render_daily(report, language=language, base_url=base, templates=bundled("reports", settings.reports_dir))
    return HTMLResponse(page, headers={"Content-Security-Policy": report_policy(page)})


def report_policy(page: str) -> str:
    hashes = [base64.b64encode(hashlib.sha256(s.encode()).digest()).decode() for s in _STYLE.findall(page)]
    styles = " ".join(f"'sha256-{h}'" for h in hashes) or "'none'"
    return (
        f"default-src 'none'; style-src {styles}; img-src data:; base-uri 'none'; form-action 'none'; "
        "frame-ancestors 'none'"
    )
