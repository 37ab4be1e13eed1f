"""Log-in: the form, its token, sessions, HTTP Basic, and how often one may guess."""

from __future__ import annotations

import base64

import pytest
from fastapi.testclient import TestClient
from pydantic import SecretStr

from qa_service.settings import Settings
from qa_service.web.app import create_app
from qa_service.web.auth import MOST_FAILURES, SESSION_COOKIE, WINDOW_S, Attempts, TooManyAttemptsError
from qa_service.web.pages.login import local
from tests.web.calling import PASSWORD, services_of, token_of


def form(client: TestClient, **changes: str) -> dict[str, str]:
    token = client.get("/login").text.split('name="token" value="')[1].split('"')[0]
    return {"token": token, "next": "/search?q=x", "user": "admin", "password": PASSWORD, **changes}


def basic(user: str, password: str) -> dict[str, str]:
    return {"Authorization": "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()}


def test_the_form_logs_in_and_leads_on(anonymous: TestClient) -> None:
    answer = anonymous.post("/login", data=form(anonymous))
    assert (answer.status_code, answer.headers["location"]) == (303, "/search?q=x")
    assert anonymous.get("/").status_code == 200


def test_the_session_cookie_is_out_of_reach_of_scripts_and_other_sites(anonymous: TestClient) -> None:
    cookies = anonymous.post("/login", data=form(anonymous)).headers.get_list("set-cookie")
    session = next(c for c in cookies if c.startswith(SESSION_COOKIE)).lower()
    assert "httponly" in session
    assert "samesite=lax" in session


def test_behind_https_cookies_are_secure(web_settings: Settings) -> None:
    app = create_app(web_settings.model_copy(update={"cookie_secure": True}))
    with TestClient(app, base_url="https://qa.test", follow_redirects=False) as client:
        cookies = client.post("/login", data=form(client)).headers.get_list("set-cookie")
    assert all("secure" in c.lower() for c in cookies if not c.startswith("qa_form="))


@pytest.mark.parametrize(("changes", "status"), [({"password": "wrong"}, 401), ({"user": "root"}, 401)])
def test_a_wrong_name_or_password_is_told_without_saying_which(
    anonymous: TestClient, changes: dict[str, str], status: int
) -> None:
    answer = anonymous.post("/login", data=form(anonymous, **changes), headers={"Accept-Language": "en"})
    assert answer.status_code == status
    assert "The name or the password is wrong" in answer.text
    assert anonymous.get("/").status_code == 303


def test_the_form_without_its_token_is_refused(anonymous: TestClient) -> None:
    data = form(anonymous)
    assert anonymous.post("/login", data={**data, "token": "0" * 64}).status_code == 403
    anonymous.cookies.clear()
    assert anonymous.post("/login", data=data).status_code == 403


def test_a_form_sent_by_another_site_is_refused(anonymous: TestClient) -> None:
    headers = {"Origin": "http://evil.test"}
    assert anonymous.post("/login", data=form(anonymous), headers=headers).status_code == 403


@pytest.mark.parametrize("body", [b"x" * 20_000, b"&".join(b"a%d=1" % n for n in range(30))])
def test_a_form_of_any_size_is_not_read(anonymous: TestClient, body: bytes) -> None:
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    assert anonymous.post("/login", content=body, headers=headers).status_code == 400


def test_guessing_is_slowed_down_and_says_for_how_long(anonymous: TestClient) -> None:
    for _ in range(MOST_FAILURES):
        assert anonymous.post("/login", data=form(anonymous, password="no")).status_code == 401
    answer = anonymous.post("/login", data=form(anonymous), headers={"Accept-Language": "en"})
    assert answer.status_code == 429
    assert 0 < int(answer.headers["retry-after"]) <= WINDOW_S
    assert "Try again in" in answer.text


def test_guessing_over_basic_counts_too(anonymous: TestClient) -> None:
    for _ in range(MOST_FAILURES):
        assert anonymous.get("/api/v1/calls", headers=basic("admin", "no")).status_code == 401
    answer = anonymous.get("/api/v1/calls", headers=basic("admin", PASSWORD))
    assert answer.status_code == 429
    assert answer.json()["error"]["code"] == "too_many_attempts"


def test_attempts_are_forgotten_after_the_window() -> None:
    now = [0.0]
    attempts = Attempts(lambda: now[0])
    for _ in range(MOST_FAILURES):
        attempts.failed("a")
    attempts.check("b")
    with pytest.raises(TooManyAttemptsError):
        attempts.check("a")
    now[0] = WINDOW_S + 1
    attempts.check("a")


def test_log_out_ends_the_session_itself(client: TestClient) -> None:
    old = client.cookies[SESSION_COOKIE]
    assert client.post("/logout", data={"token": token_of(client)}).headers["location"] == "/login"
    client.cookies.set(SESSION_COOKIE, old)
    assert client.get("/").status_code == 303


def test_log_out_needs_the_token_of_the_session(client: TestClient) -> None:
    assert client.post("/logout", data={"token": "x"}).status_code == 403
    assert client.get("/").status_code == 200


@pytest.mark.parametrize("cookie", ["", "nonsense", "a.b.c", "W10.aaaa.bbbb"])
def test_a_forged_cookie_is_nobody(anonymous: TestClient, cookie: str) -> None:
    anonymous.cookies.set(SESSION_COOKIE, cookie)
    assert anonymous.get("/").headers["location"] == "/login"


def test_a_session_ends_when_its_time_is_over(web_settings: Settings) -> None:
    short = create_app(web_settings.model_copy(update={"session_hours": -1.0}))
    value = services_of(short).gate.log_in("admin", PASSWORD, "here")
    with TestClient(short, follow_redirects=False, cookies={SESSION_COOKIE: value}) as client:
        assert client.get("/").status_code == 303


def test_a_session_ends_when_the_password_changes(web_settings: Settings, client: TestClient) -> None:
    cookie = client.cookies[SESSION_COOKIE]
    changed = create_app(web_settings.model_copy(update={"admin_password": SecretStr("another")}))
    with TestClient(changed, follow_redirects=False, cookies={SESSION_COOKIE: cookie}) as later:
        assert later.get("/").status_code == 303


def test_a_session_outlives_a_restart(web_settings: Settings, client: TestClient) -> None:
    cookie = client.cookies[SESSION_COOKIE]
    with TestClient(create_app(web_settings), follow_redirects=False, cookies={SESSION_COOKIE: cookie}) as later:
        assert later.get("/").status_code == 200


def test_without_a_password_one_is_made_and_printed_once(
    settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    app = create_app(settings)
    printed = capsys.readouterr().err
    assert "Administrator: admin" in printed
    password = printed.split("password: ")[1].split()[0]
    with TestClient(app) as client:
        assert client.get("/api/v1/calls", headers=basic("admin", password)).status_code == 200
    create_app(settings)
    assert "password" not in capsys.readouterr().err


def test_the_password_is_kept_as_an_argon2_hash(web_settings: Settings, client: TestClient) -> None:
    kept = client.app.state.services.store.accounts.password_hash("admin")  # type: ignore[attr-defined]
    assert kept.startswith("$argon2id$")
    assert PASSWORD not in kept


@pytest.mark.parametrize("value", ["Basic", "Basic !!!", "Basic " + base64.b64encode(b"\xff\xfe").decode()])
def test_broken_basic_credentials_are_wrong_ones(anonymous: TestClient, value: str) -> None:
    answer = anonymous.get("/api/v1/calls", headers={"Authorization": value})
    assert answer.status_code == 401


def test_a_browsers_own_script_gets_no_basic_challenge(anonymous: TestClient) -> None:
    assert "www-authenticate" in anonymous.get("/api/v1/calls").headers
    assert "www-authenticate" not in anonymous.get("/api/v1/calls", headers={"Sec-Fetch-Mode": "cors"}).headers


@pytest.mark.parametrize(
    ("address", "safe"),
    [
        ("/calls/C-1?t=4", "/calls/C-1?t=4"),
        ("//evil.test/", "/"),
        ("/\\evil.test", "/"),
        ("https://evil.test", "/"),
        ("javascript:alert(1)", "/"),
        ("/a\nb", "/"),
        ("//[", "/"),
        ("/\\[", "/"),
        ("/calls/[x]?t=4", "/calls/[x]?t=4"),
        ("", "/"),
    ],
)
def test_log_in_never_leads_to_another_site(address: str, safe: str) -> None:
    assert local(address) == safe
