"""The worker inside the service: what is uploaded is inspected and found; what breaks it is said."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from qa_service.errors import ErrorCode, SetupError
from qa_service.jobs.worker import CallInspector
from qa_service.records import CallStatus, Inspection, ProgressEvent
from qa_service.settings import Settings
from qa_service.web import app as web_app
from qa_service.web.app import create_app
from qa_service.web.background import WorkerState
from tests.jobs.fakes import FakeInspector
from tests.web.calling import BASIC, SAMPLE

URL = "/api/v1/calls"


def until(holds: Callable[[], bool]) -> None:
    end = time.monotonic() + 20
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.05)


def app_with(make: Callable[[Settings], CallInspector], settings: Settings, monkeypatch: pytest.MonkeyPatch) -> FastAPI:
    """The application with its worker, whose inspector needs no weights."""
    monkeypatch.setattr(web_app, "_inspector", make)
    return create_app(settings, run_worker=True)


def test_an_upload_is_inspected_and_found_without_further_doing(
    web_settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = app_with(lambda _: FakeInspector(), web_settings, monkeypatch)
    with TestClient(app, headers=BASIC) as client:
        call_id = client.post(URL, files={"audio": ("a.mp3", SAMPLE.read_bytes())}).json()["call_id"]
        until(lambda: client.get(f"{URL}/{call_id}").status_code == 200)
        until(lambda: client.get("/api/v1/search", params={"q": "单位"}).json()["total_calls"] == 1)
        assert client.get("/api/v1/status").json()["worker"]["state"] in ("idle", "busy")
    assert app.state.services.worker.state().state == "off"


def test_a_worker_that_cannot_work_says_why_and_the_pages_stay(
    web_settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    def missing(_: Settings) -> CallInspector:
        raise SetupError(ErrorCode.MODEL_NOT_FOUND, "The weights are not here.", "Fetch them.")

    with TestClient(app_with(missing, web_settings, monkeypatch), headers=BASIC) as client:
        until(lambda: client.get("/api/v1/status").json()["worker"]["state"] == "stalled")
        worker = client.get("/api/v1/status").json()["worker"]
        assert worker["error"] == {"code": "model_not_found", "message": "The weights are not here. Fetch them."}
        assert client.get("/").status_code == 200


def test_several_calls_heard_together_are_told_as_one_work(web_settings: Settings) -> None:
    def event(call_id: str, done_s: float, total_s: float) -> ProgressEvent:
        return ProgressEvent(call_id=call_id, stage="transcribe", done_s=done_s, total_s=total_s)

    worker = create_app(web_settings, run_worker=False).state.services.worker
    for step in (event("a", 10, 60), event("b", 0, 30), event("a", 30, 60)):
        worker._progress(step)
    assert worker.state() == WorkerState(state="busy", calls=2, call_id="a", done_s=30, total_s=90)
    worker._done(Inspection(call_id="a", status=CallStatus.FAILED))
    assert worker.state() == WorkerState(state="idle")
