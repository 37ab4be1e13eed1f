"""The way to the server: TLS, log-in, several servers, and errors that say what to do."""

from __future__ import annotations

import base64
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import SecretStr

from qa_service.errors import ErrorCode, SetupError
from qa_service.search.create import open_index
from qa_service.search.elastic import ElasticIndex
from qa_service.settings import Settings
from tests.conftest import free_port
from tests.search.elastic.calls import call, found
from tests.search.elastic.proxy import Proxy, proxied


@pytest.fixture
def proxy(elastic_url: str, tmp_path: Path) -> Iterator[Proxy]:
    with proxied(elastic_url, tmp_path) as made:
        yield made


def secured(settings: Settings, proxy: Proxy, **more: object) -> Settings:
    found = {"elasticsearch_url": proxy.url, "elasticsearch_ca": proxy.certificate, **more}
    return settings.model_copy(update=found)


@pytest.mark.elastic
def test_an_api_key_goes_over_tls_with_each_request(elastic_settings: Settings, proxy: Proxy) -> None:
    with ElasticIndex(secured(elastic_settings, proxy, elasticsearch_api_key=SecretStr("bXk6a2V5"))) as index:
        assert index.write([call("C-1", "律师函已经寄出")]) == ()
        assert found(index, "律师函") == {"C-1:0"}
    assert set(proxy.logins) == {"ApiKey bXk6a2V5"}


@pytest.mark.elastic
def test_a_user_and_password_may_hold_any_sign(elastic_settings: Settings, proxy: Proxy) -> None:
    url = proxy.url.replace("https://", "https://qa%40lender:p%2Fw%3A%25@")
    with ElasticIndex(secured(elastic_settings, proxy, elasticsearch_url=url)) as index:
        assert index.state().calls == 0
    assert set(proxy.logins) == {"Basic " + base64.b64encode(b"qa@lender:p/w:%").decode()}


@pytest.mark.elastic
def test_a_certificate_that_nobody_vouches_for_is_refused(elastic_settings: Settings, proxy: Proxy) -> None:
    index = ElasticIndex(secured(elastic_settings, proxy, elasticsearch_ca=None))
    with pytest.raises(SetupError, match=r"(?i)certificate") as wrong:
        index.state()
    assert wrong.value.code == ErrorCode.INDEX_UNAVAILABLE
    assert proxy.logins == []


@pytest.mark.elastic
def test_a_server_that_refuses_the_log_in_is_told_without_the_key(elastic_settings: Settings, proxy: Proxy) -> None:
    body = b'{"error":{"type":"security_exception","reason":"unable to authenticate"},"status":401}'
    proxy.instead = lambda method, path, _: (401, body)
    index = ElasticIndex(secured(elastic_settings, proxy, elasticsearch_api_key=SecretStr("c2VjcmV0")))
    with pytest.raises(SetupError, match="unable to authenticate") as wrong:
        index.write([call("C-1", "好")])
    assert "QA_ELASTICSEARCH_API_KEY" in wrong.value.hint
    assert "c2VjcmV0" not in str(wrong.value)


@pytest.mark.elastic
def test_of_several_servers_one_may_be_down(elastic_settings: Settings, elastic_url: str) -> None:
    both = f"http://127.0.0.1:{free_port()}, {elastic_url}"
    with ElasticIndex(elastic_settings.model_copy(update={"elasticsearch_url": both})) as index:
        for i in range(4):
            assert index.write([call(f"C-{i}", "好")]) == ()
        assert index.state().calls == 4


def test_a_server_that_is_not_there_is_told_at_first_use(settings: Settings) -> None:
    index = open_index(settings.model_copy(update={"elasticsearch_url": f"http://127.0.0.1:{free_port()}"}))
    with pytest.raises(SetupError) as none:
        index.state()
    assert none.value.code == ErrorCode.INDEX_UNAVAILABLE
    assert "QA_ELASTICSEARCH_URL" in str(none.value)


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"elasticsearch_url": "elastic"}, "http or https, a host and a port"),
        ({"elasticsearch_url": "https://elastic"}, "http or https, a host and a port"),
        ({"elasticsearch_url": "https://u:secret@elastic:port"}, "http or https, a host and a port"),
        ({"elasticsearch_url": "https://a:1@es1:9200,https://b:2@es2:9200"}, "more than one log-in"),
        (
            {"elasticsearch_url": "https://a:1@es1:9200", "elasticsearch_api_key": SecretStr("k")},
            "more than one log-in",
        ),
        ({"elasticsearch_url": "http://es1:9200", "elasticsearch_ca": Path(__file__)}, "is not https"),
        ({"elasticsearch_url": "https://es1:9200", "elasticsearch_ca": Path("gone.pem")}, "gone.pem"),
        ({"elasticsearch_url": "https://es1:9200", "elasticsearch_ca": Path(__file__)}, "holds no certificate"),
    ],
)
def test_settings_that_cannot_work_are_named(settings: Settings, changes: dict[str, object], told: str) -> None:
    with pytest.raises(SetupError, match=told) as wrong:
        open_index(settings.model_copy(update=changes))
    assert wrong.value.code == ErrorCode.SETTINGS_INVALID
    assert "secret" not in str(wrong.value)


def test_the_embedded_index_does_not_load_the_client() -> None:
    code = "import qa_service.search.create, qa_service.search.query, sys; print('elasticsearch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
