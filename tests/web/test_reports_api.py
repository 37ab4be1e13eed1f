"""Daily reports over the API, and its description."""

from __future__ import annotations

import json
import re

import pytest
from fastapi.testclient import TestClient

from qa_service.report.records import DailyReport
from qa_service.web.api.reports import report_policy
from qa_service.web.deps import Services
from tests.web.calling import inspected, keep

DAY = "2026-11-17"


def test_days_with_calls_are_listed(program: TestClient, services: Services) -> None:
    assert program.get("/api/v1/reports").json() == {"total": 0, "days": []}
    inspected(services)
    keep(services, "C-2")
    answer = program.get("/api/v1/reports").json()
    assert answer == {"total": 1, "days": [{"day": DAY, "received": 2, "inspected": 1, "findings": 1, "refused": 0}]}


def test_a_days_report_as_json_is_the_record(program: TestClient, services: Services) -> None:
    inspected(services)
    report = DailyReport.model_validate_json(program.get(f"/api/v1/reports/{DAY}").text)
    assert str(report.day) == DAY
    assert report.covered.received.count == 1


@pytest.mark.parametrize("language", ["zh", "en"])
def test_a_days_report_as_a_page_may_use_its_own_styles_and_nothing_else(
    program: TestClient, services: Services, language: str
) -> None:
    inspected(services)
    answer = program.get(f"/api/v1/reports/{DAY}", params={"format": "html", "language": language})
    policy = answer.headers["content-security-policy"]
    assert policy == report_policy(answer.text)
    assert policy.count("'sha256-") == len(re.findall("<style", answer.text)) == 1
    assert "script-src" not in policy
    assert "default-src 'none'" in policy
    assert "<script" not in answer.text
    assert 'href="/calls/C-1' in answer.text


def test_a_report_that_is_forwarded_links_to_nothing_outside_itself(program: TestClient, services: Services) -> None:
    inspected(services)
    answer = program.get(f"/api/v1/reports/{DAY}", params={"format": "html", "download": "1"})
    assert answer.headers["content-disposition"] == f'attachment; filename="report-{DAY}.html"'
    assert 'href="/' not in answer.text
    as_json = program.get(f"/api/v1/reports/{DAY}", params={"download": "1"})
    assert as_json.headers["content-disposition"].endswith('.json"')
    assert json.loads(as_json.text)


def test_the_page_of_a_report_is_in_the_readers_language(client: TestClient, services: Services) -> None:
    inspected(services)
    for language, tag in (("zh", "zh-Hans"), ("en", "en")):
        assert f'lang="{tag}"' in client.get(f"/reports/{DAY}", headers={"Accept-Language": language}).text[:200]


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("2020-01-01", 404, "report_not_found"),
        ("tomorrow", 400, "request_invalid"),
        ("2026-02-30", 400, "request_invalid"),
        (DAY + "?format=pdf", 400, "request_invalid"),
        (DAY + "?format=html&language=fr", 400, "request_invalid"),
    ],
)
def test_a_report_that_cannot_be_had(
    program: TestClient, services: Services, path: str, status: int, code: str
) -> None:
    inspected(services)
    answer = program.get(f"/api/v1/reports/{path}")
    assert (answer.status_code, answer.json()["error"]["code"]) == (status, code)


def test_the_description_of_the_api_names_every_operation(program: TestClient) -> None:
    described = program.get("/api/v1/openapi.json").json()
    assert set(described["paths"]) == {
        "/api/v1/health", "/api/v1/status", "/api/v1/calls", "/api/v1/calls/{call_id}", "/api/v1/calls/{call_id}/facts",
        "/api/v1/calls/{call_id}/audio", "/api/v1/calls/{call_id}/peaks", "/api/v1/search", "/api/v1/search/similar",
        "/api/v1/search/written", "/api/v1/search/conditions", "/api/v1/search/status", "/api/v1/reports",
        "/api/v1/reports/{day}",
    }  # fmt: skip
    assert "multipart/form-data" in described["paths"]["/api/v1/calls"]["post"]["requestBody"]["content"]
