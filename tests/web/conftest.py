"""The application over an empty store, and clients that are logged in or not."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from pydantic import SecretStr

from qa_service.settings import Settings
from qa_service.web.app import create_app
from qa_service.web.deps import Services
from tests.web.calling import BASIC, PASSWORD, log_in, services_of


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
