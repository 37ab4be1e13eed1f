"""Errors on the wire: the status that goes with each code, as JSON for programs and as a page for people."""

from __future__ import annotations

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import HTMLResponse, JSONResponse, Response

from qa_service import logs
from qa_service.errors import ErrorCode, NotFoundError, QAError, QueryError
from qa_service.web.auth import TooManyAttemptsError
from qa_service.web.render import Renderer, view_of

log = logs.get(__name__)

API = "/api/"
#: HTTP status of each code. 422: the request was understood and its content cannot be used.
STATUS: dict[ErrorCode, int] = {
    ErrorCode.FILE_NOT_FOUND: 404,
    ErrorCode.FILE_UNREADABLE: 422,
    ErrorCode.FILE_EMPTY: 422,
    ErrorCode.FILE_TOO_LARGE: 413,
    ErrorCode.NOT_AUDIO: 415,
    ErrorCode.AUDIO_DAMAGED: 422,
    ErrorCode.AUDIO_TRUNCATED: 422,
    ErrorCode.AUDIO_TOO_SHORT: 422,
    ErrorCode.AUDIO_TOO_LONG: 422,
    ErrorCode.TOO_MANY_CHANNELS: 422,
    ErrorCode.SAMPLE_RATE_TOO_LOW: 422,
    ErrorCode.DECODE_LIMIT: 422,
    ErrorCode.NO_SPEECH: 422,
    ErrorCode.LOW_COVERAGE: 422,
    ErrorCode.FACTS_UNREADABLE: 422,
    ErrorCode.FACTS_INVALID: 422,
    ErrorCode.MANIFEST_UNREADABLE: 422,
    ErrorCode.MANIFEST_LINE_INVALID: 422,
    ErrorCode.TRANSCRIPT_INVALID: 422,
    ErrorCode.DUPLICATE_CALL_ID: 409,
    ErrorCode.RULE_INVALID: 500,
    ErrorCode.PACK_NOT_FOUND: 500,
    ErrorCode.QUERY_INVALID: 400,
    ErrorCode.CALL_NOT_FOUND: 404,
    ErrorCode.REPORT_NOT_FOUND: 404,
    ErrorCode.NOT_FOUND: 404,
    ErrorCode.REQUEST_INVALID: 400,
    ErrorCode.UNAUTHENTICATED: 401,
    ErrorCode.FORBIDDEN: 403,
    ErrorCode.TOO_MANY_ATTEMPTS: 429,
    ErrorCode.SETTINGS_INVALID: 500,
    ErrorCode.MODEL_NOT_FOUND: 503,
    ErrorCode.MODEL_CORRUPT: 503,
    ErrorCode.ENGINE_MISSING: 503,
    ErrorCode.DEVICE_MISSING: 503,
    ErrorCode.LANGUAGE_UNSUPPORTED: 422,
    ErrorCode.DATABASE_UNAVAILABLE: 503,
    ErrorCode.INDEX_UNAVAILABLE: 503,
    ErrorCode.INDEX_INCOMPLETE: 503,
    ErrorCode.STORAGE_FULL: 507,
    ErrorCode.INTERNAL: 500,
}


def response_of(request: Request, error: QAError, renderer: Renderer, status: int | None = None) -> Response:
    """The answer to a request that went wrong: JSON under /api/, a page elsewhere."""
    status = status or STATUS[error.code]
    headers = _headers(request, error)
    if request.scope["path"].startswith(API):
        body: dict[str, object] = {"code": error.code, "message": error.message, "hint": error.hint}
        if isinstance(error, QueryError):
            body["position"] = error.position
        return JSONResponse({"error": body}, status_code=status, headers=headers)
    page = renderer.page("error.html", view_of(request, renderer.default_language), {"error": error})
    return HTMLResponse(page, status_code=status, headers=headers)


def _headers(request: Request, error: QAError) -> dict[str, str]:
    """Browsers' own scripts get no Basic challenge: it would open the browser's log-in box over the page."""
    if error.code == ErrorCode.UNAUTHENTICATED and "sec-fetch-mode" not in request.headers:
        return {"WWW-Authenticate": 'Basic realm="qa_service", charset="UTF-8"'}
    if isinstance(error, TooManyAttemptsError):
        return {"Retry-After": str(error.retry_after_s)}
    return {}


def translated(error: Exception) -> QAError:
    """What the framework and the code below raise, in the closed list of codes; unexpected errors are logged."""
    if isinstance(error, QAError):
        return error
    if isinstance(error, RequestValidationError):
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"][1:]) or str(first["loc"][0])
        return QAError(ErrorCode.REQUEST_INVALID, f"{where}: {first['msg']}.", "See docs/api.md for what is allowed.")
    if isinstance(error, HTTPException) and error.status_code == 404:
        return NotFoundError(ErrorCode.NOT_FOUND, "There is nothing at this address.", "Check the address.")
    if isinstance(error, HTTPException) and error.status_code < 500:
        return QAError(ErrorCode.REQUEST_INVALID, f"{error.detail}.", "See docs/api.md for what is allowed.")
    logs.failure(log, "request", error)
    return QAError(ErrorCode.INTERNAL, "Something went wrong on the server.", "Its log has the details.")


def install(app: FastAPI, renderer: Renderer) -> None:
    """Answer errors raised in routes; what is raised before them is answered by the guard."""

    def answer(request: Request, error: Exception) -> Response:
        status = error.status_code if isinstance(error, HTTPException) else None
        return response_of(request, translated(error), renderer, status)

    for kind in (QAError, RequestValidationError, HTTPException):
        app.add_exception_handler(kind, answer)
