"""The connection to the server, and its errors as ones that say what to do."""

from __future__ import annotations

import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar
from urllib.parse import SplitResult, unquote, urlsplit

from elasticsearch import (
    ApiError,
    AuthenticationException,
    AuthorizationException,
    ConnectionTimeout,
    Elasticsearch,
    NotFoundError,
    TransportError,
)

from qa_service.errors import ErrorCode, SetupError
from qa_service.settings import Settings

T = TypeVar("T")
#: Seconds that a search may take.
TIMEOUT_S = 20
#: Statuses of a server that is busy, or just losing or finding a node: the same request may succeed later.
PASSING = frozenset({429, 502, 503, 504})
_EXCHANGED = frozenset({404, 503})
_EXAMPLE = "Write it as https://HOST:9200, several with commas between."


def connect(settings: Settings) -> Elasticsearch:
    """A client for the servers of the settings; nothing is sent yet. It may be used by many threads.

    Raises:
        SetupError: SETTINGS_INVALID for a URL, a log-in or a certificate that cannot be used.
    """
    urls = [_checked(url.strip()) for url in settings.elasticsearch_url.split(",") if url.strip()]
    if not urls:
        raise _wrong("QA_ELASTICSEARCH_URL names no server.", _EXAMPLE)
    hosts = [url._replace(netloc=f"{_host(url)}:{url.port}").geturl() for url in urls]
    try:
        return Elasticsearch(
            hosts, request_timeout=TIMEOUT_S, retry_on_timeout=True, **_login(settings, urls), **_trust(settings, urls)
        )
    except ValueError as wrong:
        raise _wrong(f"The server of QA_ELASTICSEARCH_URL cannot be used: {wrong}.", _EXAMPLE) from None


@contextmanager
def explained() -> Iterator[None]:
    """The client's errors as SetupError; what is told names no password and no key."""
    try:
        yield
    except NotFoundError as wrong:
        raise gone() from wrong
    except (AuthenticationException, AuthorizationException) as wrong:
        message = f"The search server does not let this service do that ({reason(wrong)})."
        hint = "Check QA_ELASTICSEARCH_API_KEY or the user's rights: docs/search.md lists them."
        raise SetupError(ErrorCode.INDEX_UNAVAILABLE, message, hint) from wrong
    except ConnectionTimeout as wrong:
        message = "The search server did not answer in time."
        raise SetupError(ErrorCode.INDEX_UNAVAILABLE, message, "Try again; if it stays so, look at its log.") from wrong
    except (ApiError, TransportError) as wrong:
        message = f"The search server at QA_ELASTICSEARCH_URL does not answer as it should ({reason(wrong)})."
        hint = "Start it, or empty QA_ELASTICSEARCH_URL for the embedded index and run `qa reindex`."
        raise SetupError(ErrorCode.INDEX_UNAVAILABLE, message, hint) from wrong


def settled(ask: Callable[[], T]) -> T:
    """What ``ask`` gives; asked once more where the index was exchanged for a new one in the midst of it."""
    try:
        return ask()
    except ApiError as wrong:
        if wrong.status_code not in _EXCHANGED:
            raise
        return ask()


def gone() -> SetupError:
    """The index was deleted by someone else."""
    message = "The search index is not on the server any more."
    return SetupError(ErrorCode.INDEX_UNAVAILABLE, message, "Run `qa reindex`; nothing is lost.")


def reason(wrong: ApiError | TransportError) -> str:
    """The server's own words, in short."""
    body = getattr(wrong, "body", None)
    error = body.get("error") if isinstance(body, dict) else None
    if not isinstance(error, dict):
        return str(wrong)[:300]
    causes = error.get("root_cause") or [error]
    return "; ".join(dict.fromkeys(f"{cause.get('type')}: {cause.get('reason')}"[:300] for cause in causes[:3]))


def kinds(wrong: ApiError) -> set[str]:
    """The names of all errors in an answer, the causes too."""
    return set(_types(wrong.body))


def _types(body: object) -> Iterator[str]:
    if isinstance(body, dict):
        if isinstance(body.get("type"), str):
            yield body["type"]
        for part in body.values():
            yield from _types(part)
    elif isinstance(body, list):
        for part in body:
            yield from _types(part)


def _checked(url: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        sound = parts.scheme in ("http", "https") and parts.hostname and parts.port
    except ValueError:
        sound = None
    if not sound:  # the URL is not shown: it may hold a password
        raise _wrong("QA_ELASTICSEARCH_URL cannot be used: each URL needs http or https, a host and a port.", _EXAMPLE)
    return parts


def _host(url: SplitResult) -> str:
    host = url.hostname or ""
    return f"[{host}]" if ":" in host else host


def _login(settings: Settings, urls: list[SplitResult]) -> dict[str, Any]:
    key = settings.elasticsearch_api_key.get_secret_value()
    users = {(unquote(url.username), unquote(url.password or "")) for url in urls if url.username}
    if len(users) + bool(key) > 1:
        message = "QA_ELASTICSEARCH_URL and QA_ELASTICSEARCH_API_KEY hold more than one log-in."
        raise _wrong(message, "Keep one: an API key, or the same USER:PASSWORD for all servers.")
    if key:
        return {"api_key": key}
    return {"basic_auth": users.pop()} if users else {}


def _trust(settings: Settings, urls: list[SplitResult]) -> dict[str, Any]:
    file = settings.elasticsearch_ca
    if file is None:
        return {}
    if any(url.scheme != "https" for url in urls):
        raise _wrong("QA_ELASTICSEARCH_CA is set, but a URL of QA_ELASTICSEARCH_URL is not https.", "Use https.")
    if not file.is_file():
        raise _wrong(f"The file {file} of QA_ELASTICSEARCH_CA was not found.", "Name the file of the certificate.")
    try:
        return {"ssl_context": ssl.create_default_context(cafile=file)}
    except OSError as wrong:
        raise _wrong(
            f"The file {file} of QA_ELASTICSEARCH_CA holds no certificate: {wrong}.", "It is a PEM file."
        ) from None


def _wrong(message: str, hint: str) -> SetupError:
    return SetupError(ErrorCode.SETTINGS_INVALID, message, hint)
