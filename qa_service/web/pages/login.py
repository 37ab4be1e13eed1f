"""Log in and out."""

from __future__ import annotations

import secrets

from fastapi import APIRouter, Depends, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import RedirectResponse, Response

from qa_service.errors import AccessError, ErrorCode
from qa_service.web.auth import SESSION_COOKIE
from qa_service.web.deps import Form_, Identity_, Services, Services_, require_token
from qa_service.web.errors import STATUS

router = APIRouter()

#: Names the form that was shown to this browser, so that no other site can log it in.
FORM_COOKIE = "qa_form"
FORM_S = 3600


@router.get("/login", include_in_schema=False)
def form(request: Request, services: Services_, next: str = "/") -> Response:
    return _form(request, services, next)


@router.post("/login", include_in_schema=False)
async def log_in(request: Request, form: Form_, services: Services_) -> Response:
    after = local(form.get("next", "/"))
    user = form.get("user", "")
    address = request.client.host if request.client else ""
    try:
        _check_form(request, form, services)
        value = await run_in_threadpool(services.gate.log_in, user, form.get("password", ""), address)
    except AccessError as wrong:
        return _form(request, services, after, user=user, error=wrong)
    answer = RedirectResponse(after, status_code=303)
    settings = services.settings
    answer.set_cookie(
        SESSION_COOKIE, value, max_age=int(settings.session_hours * 3600), httponly=True, samesite="lax",
        secure=settings.cookie_secure,
    )  # fmt: skip
    answer.delete_cookie(FORM_COOKIE)
    return answer


@router.post("/logout", include_in_schema=False, dependencies=[Depends(require_token)])
def log_out(identity: Identity_, services: Services_) -> Response:
    services.gate.log_out(identity)
    answer = RedirectResponse("/login", status_code=303)
    answer.delete_cookie(SESSION_COOKIE)
    return answer


def _form(
    request: Request, services: Services, after: str, *, user: str = "", error: AccessError | None = None
) -> Response:
    named = request.cookies.get(FORM_COOKIE) or secrets.token_urlsafe(18)
    answer = services.renderer.answer(
        request,
        "login.html",
        "login",
        {"error": error, "user": user, "next": local(after), "token": services.gate.token(f"form {named}")},
        status=STATUS[error.code] if error else 200,
    )
    if error is not None and (wait := getattr(error, "retry_after_s", None)):
        answer.headers["Retry-After"] = str(wait)
    answer.set_cookie(
        FORM_COOKIE, named, max_age=FORM_S, httponly=True, samesite="lax", secure=services.settings.cookie_secure
    )
    return answer


def _check_form(request: Request, form: dict[str, str], services: Services) -> None:
    named = request.cookies.get(FORM_COOKIE, "")
    if not named or not services.gate.token_holds(f"form {named}", form.get("token", "")):
        raise AccessError(ErrorCode.FORBIDDEN, "The form is too old or not ours.", "Fill it in again.")


def local(address: str) -> str:
    """Where to go after log-in: a path of this service, never another site."""
    plain = address.startswith("/") and not address.startswith("//") and address.isprintable()
    return address if plain and "\\" not in address else "/"
