"""What every request passes: log-in unless it is on the short public list, and no writes from other sites.

This stands before the routes, so that a route added later is closed unless it is named here.
"""

from __future__ import annotations

from urllib.parse import quote, urlsplit

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from qa_service.errors import AccessError, ErrorCode, QAError
from qa_service.web.auth import Gate, Identity
from qa_service.web.errors import API, response_of, translated
from qa_service.web.render import Renderer

#: All that is open without log-in.
PUBLIC = frozenset({("GET", "/api/v1/health"), ("GET", "/login"), ("POST", "/login")})
STATIC = "/static/"
SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
TOKEN_HEADER = "x-csrf-token"  # noqa: S105

HEADERS = {
    "Content-Security-Policy": "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; "
    "object-src 'none'",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
    "Cache-Control": "no-store",
}


class Headers:
    """Security headers on every answer; what an answer sets itself stays."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                present = {name.lower() for name, _ in message["headers"]}
                more = [(k.lower().encode(), v.encode()) for k, v in HEADERS.items()]
                message["headers"] = [*message["headers"], *(h for h in more if h[0] not in present)]
            await send(message)

        await self._app(scope, receive, with_headers)


class Guard:
    """Lets through who may pass; turns every error into an answer."""

    def __init__(self, app: ASGIApp, gate: Gate, renderer: Renderer) -> None:
        self._app = app
        self._gate = gate
        self._renderer = renderer

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
        elif scope["type"] == "http":
            await self._guarded(scope, receive, send)

    async def _guarded(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        started = False

        async def watched(message: Message) -> None:
            nonlocal started
            started = started or message["type"] == "http.response.start"
            await send(message)

        try:
            answer = await run_in_threadpool(self._turned_away, request)
            await (answer or self._app)(scope, receive, watched)
        except Exception as wrong:  # the border of one request: logged there, and the service goes on
            error = translated(wrong)
            if started:
                raise
            await response_of(request, error, self._renderer)(scope, receive, send)

    def _turned_away(self, request: Request) -> Response | None:
        """The answer to who may not pass; None lets the request through."""
        if is_public(request.method, request.scope["path"]):
            self._check_origin(request)
            return None
        identity = self._gate.identify(request)
        if identity is None:
            return self._ask_to_log_in(request)
        request.state.identity = identity
        request.state.token = self._gate.token(identity.session)
        if request.method not in SAFE and identity.by == "session":
            self._check_origin(request)
            self._check_token(request, identity)
        return None

    def _ask_to_log_in(self, request: Request) -> Response:
        path = request.scope["path"]
        if path.startswith(API) or request.method != "GET":
            hint = "Log in, or send the administrator's name and password as HTTP Basic."
            error = AccessError(ErrorCode.UNAUTHENTICATED, "This needs a log-in.", hint)
            return response_of(request, error, self._renderer)
        query = request.scope["query_string"].decode("latin-1")
        wanted = f"{path}?{query}" if query else path
        after = f"?next={quote(wanted, safe='')}" if wanted != "/" else ""
        return RedirectResponse(f"/login{after}", status_code=303)

    def _check_origin(self, request: Request) -> None:
        """A write must come from our own pages, or from a program that no site can steer."""
        if request.method in SAFE:
            return
        site = request.headers.get("sec-fetch-site", "same-origin")
        origin = request.headers.get("origin")
        own = origin is None or _host_of(origin) == request.headers.get("host")
        if site not in ("same-origin", "none") or not own:
            raise _foreign("This write comes from another site.")

    def _check_token(self, request: Request, identity: Identity) -> None:
        """Scripts send the token as a header. Forms carry it in a field, which their own route checks."""
        if not request.scope["path"].startswith(API):
            return
        if not self._gate.token_holds(identity.session, request.headers.get(TOKEN_HEADER, "")):
            raise _foreign("This write has no token of its session.")


def is_public(method: str, path: str) -> bool:
    """``path`` is the one that routes see; the address in ``request.url`` can be bent by the Host header."""
    return (method, path) in PUBLIC or (method in SAFE and path.startswith(STATIC))


def _host_of(origin: str) -> str | None:
    """None where the origin is no address: then it is nobody's."""
    try:
        return urlsplit(origin).netloc
    except ValueError:
        return None


def _foreign(message: str) -> QAError:
    return AccessError(ErrorCode.FORBIDDEN, message, "Open the page again and repeat; programs use HTTP Basic.")
