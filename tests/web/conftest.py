"""The application over an empty store, and clients that are logged in or not."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from pydantic import SecretStr

from qa_service.settings import Settings
from qa_service.web.app import create_app
from qa_service.web.deps import Services
from tests.web.calling import BASIC, PASSWORD, log_in, services_of

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page


@pytest.fixture
def web_settings(settings: Settings) -> Settings:
    return settings.model_copy(update={"admin_password": SecretStr(PASSWORD)})


@pytest.fixture
def app(web_settings: Settings) -> FastAPI:
    return create_app(web_settings)


@pytest.fixture
def services(app: FastAPI) -> Services:
    return services_of(app)


@pytest.fixture
def anonymous(app: FastAPI) -> Iterator[TestClient]:
    """Nobody; redirects are seen, errors in the service are answers."""
    with TestClient(app, base_url="http://qa.test", follow_redirects=False, raise_server_exceptions=False) as client:
        yield client


@pytest.fixture
def client(anonymous: TestClient) -> TestClient:
    """The administrator in a browser."""
    log_in(anonymous)
    return anonymous


@pytest.fixture
def program(anonymous: TestClient) -> TestClient:
    """The administrator's program, with HTTP Basic."""
    anonymous.headers.update(BASIC)
    return anonymous


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    from tests.web.serving import browsing

    with browsing() as found:
        yield found


@pytest.fixture
def page(browser: Browser, address: str) -> Iterator[Page]:
    """A page of the service at ``address`` (of the test's own module), logged in, in English.

    Anything that a page complains of, or asks of another host, fails the test.
    """
    from tests.web.serving import log_in

    complaints: list[str] = []
    context = browser.new_context(locale="en", viewport={"width": 1280, "height": 800})
    found = context.new_page()
    found.set_default_timeout(60_000)
    found.on("console", lambda m: complaints.append(m.text) if m.type in ("error", "warning") else None)
    found.on("pageerror", lambda e: complaints.append(str(e)))
    found.on("request", lambda r: None if r.url.startswith(address) else complaints.append(r.url))
    log_in(found, address)
    yield found
    context.close()
    assert complaints == []
