"""Every route is closed unless it is on the short public list; every answer carries the security headers."""

from __future__ import annotations

import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from fastapi import FastAPI
from fastapi.routing import iter_route_contexts
from fastapi.testclient import TestClient

from qa_service.web.deps import Services
from qa_service.web.guard import PUBLIC
from tests.web.calling import inspected, token_of

OPEN = {("GET", "/api/v1/health"), ("GET", "/login"), ("POST", "/login")}


def addresses(app: FastAPI) -> Iterator[tuple[str, str]]:
    """Every method and path of the application; parameters get a value."""
    for route in iter_route_contexts(app.routes):
        if route.path and route.methods:
            for method in sorted(route.methods):
                yield method, re.sub(r"{[^}]*}", "C-1", route.path)


def test_the_public_list_is_what_it_is_meant_to_be() -> None:
    assert PUBLIC == OPEN


def test_no_route_but_health_and_log_in_opens_without_a_session(
    app: FastAPI, services: Services, anonymous: TestClient
) -> None:
    inspected(services)
    found = list(addresses(app))
    assert len(found) > 15
    for method, path in found:
        if (method, path) in OPEN:
            continue
        answer = anonymous.request(method, path)
        if path.startswith("/api/") or method != "GET":
            assert answer.status_code == 401, (method, path)
        else:
            assert answer.status_code == 303, (method, path)
            assert answer.headers["location"].startswith("/login"), (method, path)
        assert "C-1" not in answer.text


def test_every_page_and_api_route_opens_with_a_session(app: FastAPI, services: Services, client: TestClient) -> None:
    inspected(services)
    for method, path in addresses(app):
        if method == "GET" and "reports/C-1" not in path and not path.endswith(("/audio", "/peaks", "/similar")):
            assert client.get(path).status_code == 200, path


@pytest.mark.parametrize("path", ["/docs", "/redoc", "/openapi.json", "/api/v1/openapi.json", "/nothing", "/metrics"])
def test_the_description_of_the_api_and_unknown_addresses_are_closed_too(anonymous: TestClient, path: str) -> None:
    answer = anonymous.get(path)
    assert answer.status_code in (303, 401)
    assert "paths" not in answer.text


@pytest.mark.parametrize(
    "path", ["/static/../auth.py", "/static/%2e%2e/auth.py", "/static/..%2f..%2fsettings.py", "//api/v1/calls"]
)
def test_the_public_list_cannot_be_bent(anonymous: TestClient, path: str) -> None:
    answer = anonymous.get(path)
    assert answer.status_code in (303, 401, 404)
    assert "import" not in answer.text


def test_a_forged_host_opens_nothing(anonymous: TestClient) -> None:
    answer = anonymous.get("/api/v1/calls", headers={"Host": "qa.test/api/v1/health?"})
    assert answer.status_code == 401


def test_the_log_in_page_comes_back_to_where_one_wanted_to_go(anonymous: TestClient) -> None:
    answer = anonymous.get("/calls/C-1?t=42.1")
    assert answer.headers["location"] == "/login?next=%2Fcalls%2FC-1%3Ft%3D42.1"
    assert 'value="/calls/C-1?t=42.1"' in anonymous.get(answer.headers["location"]).text


@pytest.mark.parametrize("path", ["/login", "/", "/api/v1/health", "/api/v1/calls", "/static/app.js", "/nothing"])
def test_every_answer_carries_the_security_headers(client: TestClient, path: str) -> None:
    headers = client.get(path).headers
    policy = headers["content-security-policy"]
    assert "default-src 'self'" in policy
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["x-frame-options"] == "DENY"
    assert headers["referrer-policy"] == "same-origin"


@pytest.mark.parametrize("path", ["/", "/search", "/search?q=单位", "/calls/C-1", "/reports", "/docs", "/login"])
def test_no_page_has_inline_script_or_style(services: Services, client: TestClient, path: str) -> None:
    inspected(services)
    page = client.get(path).text
    assert not re.search(r"<script(?![^>]*\bsrc=)", page)
    assert not re.search(r"<style|\sstyle=|\son\w+=|javascript:", page)
    assert not re.search(r'(?:src|href)="(?:https?:)?//', page)


def test_what_is_personal_is_not_cached(services: Services, client: TestClient) -> None:
    inspected(services)
    assert client.get("/calls/C-1").headers["cache-control"] == "no-store"
    assert client.get("/static/base.css").headers["cache-control"] == "no-cache"


def test_a_write_by_script_needs_the_token(client: TestClient) -> None:
    files = {"audio": ("x.wav", b"")}
    assert client.post("/api/v1/calls", files=files).status_code == 403
    wrong = client.post("/api/v1/calls", files=files, headers={"X-CSRF-Token": "x"})
    assert wrong.json()["error"]["code"] == "forbidden"
    right = client.post("/api/v1/calls", files=files, headers={"X-CSRF-Token": token_of(client)})
    assert right.json()["error"]["code"] == "file_empty"


@pytest.mark.parametrize(
    "headers",
    [{"Origin": "http://evil.test"}, {"Origin": "http://["}, {"Origin": "null"}, {"Sec-Fetch-Site": "cross-site"}],
)
def test_a_write_from_another_site_is_refused(client: TestClient, headers: dict[str, str]) -> None:
    sent = {**headers, "X-CSRF-Token": token_of(client)}
    assert client.post("/api/v1/calls", files={"audio": ("x.wav", b"")}, headers=sent).status_code == 403


def test_an_unexpected_error_is_told_without_its_words(
    services: Services, client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise ZeroDivisionError("secret detail")

    monkeypatch.setattr(type(services.store.calls), "days", broken)
    for path, kind in (("/reports", "text/html"), ("/api/v1/reports", "application/json")):
        answer = client.get(path)
        assert answer.status_code == 500
        assert answer.headers["content-type"].startswith(kind)
        assert "secret detail" not in answer.text
        assert "default-src" in answer.headers["content-security-policy"]


def test_the_first_requests_may_come_at_once(program: TestClient) -> None:
    """As from a call's page, which asks for sound, words and waveform; the application is described meanwhile."""
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: program.get("/api/v1/calls").status_code, range(8)))
    assert answers == [200] * 8
