"""What routes share: one object with the open store, index, media and templates, handed to them by FastAPI."""

from __future__ import annotations

from dataclasses import dataclass
from difflib import get_close_matches
from typing import Annotated, cast
from urllib.parse import parse_qs

from fastapi import Depends, Request

from qa_service.errors import AccessError, ErrorCode, QAError
from qa_service.records import CallEntry
from qa_service.settings import Settings
from qa_service.store.store import Store
from qa_service.web.auth import Gate, Identity
from qa_service.web.background import Background
from qa_service.web.index import Index
from qa_service.web.meaning import Meaning
from qa_service.web.media import Media
from qa_service.web.render import Renderer
from qa_service.web.rulebook import Rulebook

API = "/api/v1"
MOST_FORM_BYTES = 16_384


@dataclass(frozen=True)
class Services:
    """Everything a request may need; made once by ``create_app``."""

    settings: Settings
    store: Store
    index: Index
    meaning: Meaning
    media: Media
    gate: Gate
    renderer: Renderer
    worker: Background
    rulebook: Rulebook


def services_of(request: Request) -> Services:
    return cast(Services, request.app.state.services)


def identity_of(request: Request) -> Identity:
    """Who asks. The guard has put it here; a route that is reached without one is a mistake and refuses."""
    found = getattr(request.state, "identity", None)
    if not isinstance(found, Identity):
        raise AccessError(ErrorCode.UNAUTHENTICATED, "This needs a log-in.", "Log in and try again.")
    return found


Services_ = Annotated[Services, Depends(services_of)]
Identity_ = Annotated[Identity, Depends(identity_of)]


def call_of(call_id: str, services: Services_) -> CallEntry:
    """The call that the address names; raises NotFoundError CALL_NOT_FOUND."""
    return services.store.calls.get(call_id)


Call_ = Annotated[CallEntry, Depends(call_of)]


def known_parameters(request: Request) -> None:
    """Every parameter of the address is one that the operation has: a filter with a slip in its name filters nothing.

    Raises:
        QAError: REQUEST_INVALID.
    """
    operation = request.app.openapi()["paths"][f"{API}{request.scope['route'].path_format}"][request.method.lower()]
    known = {parameter["name"] for parameter in operation.get("parameters", ()) if parameter["in"] == "query"}
    unknown = [name for name in request.query_params if name not in known]
    if unknown:
        near = get_close_matches(unknown[0], known, n=1)
        hint = f"Did you mean {near[0]}?" if near else "See docs/api.md for what is allowed."
        raise QAError(ErrorCode.REQUEST_INVALID, f"{unknown[0][:40]}: there is no such parameter.", hint)


async def form_of(request: Request) -> dict[str, str]:
    """Fields of a small urlencoded form. Read by hand: the framework's reader takes forms of any size."""
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > MOST_FORM_BYTES:
            raise QAError(ErrorCode.REQUEST_INVALID, "The form is too long.", "Open the page again.")
    try:
        fields = parse_qs(body.decode("utf-8", "replace"), max_num_fields=20)
    except ValueError:
        raise QAError(ErrorCode.REQUEST_INVALID, "The form has too many fields.", "Open the page again.") from None
    return {name: values[0] for name, values in fields.items()}


Form_ = Annotated[dict[str, str], Depends(form_of)]


def require_token(form: Form_, identity: Identity_, services: Services_) -> None:
    """Forms of the pages carry the token of their session in the field ``token``."""
    if identity.by == "session" and not services.gate.token_holds(identity.session, form.get("token", "")):
        raise AccessError(ErrorCode.FORBIDDEN, "The form is not of this session.", "Open the page again.")
