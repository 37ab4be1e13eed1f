"""Calls kept and inspected in the store of an application under test."""

from __future__ import annotations

import base64
from pathlib import Path

from fastapi import FastAPI
from fastapi.testclient import TestClient

from qa_service.intake.files import accept
from qa_service.intake.storage import AudioStore
from qa_service.jobs.indexing import sync_index
from qa_service.records import CallFacts, Finding, Inspection
from qa_service.web.deps import Services
from tests.conftest import SAMPLES
from tests.factories import DAY, NOW, facts, finding, inspection, later, transcript

PASSWORD = "a right horse"
SAMPLE = SAMPLES / "calls" / "D-ZH-003.mp3"
BASIC = {"Authorization": "Basic " + base64.b64encode(f"admin:{PASSWORD}".encode()).decode()}
#: Strings that would do harm on a page if they were not escaped.
HARM = "\"><script>alert(1)</script><img src=x onerror=alert(2)>'{{7*7}}"


def services_of(app: FastAPI) -> Services:
    found: Services = app.state.services
    return found


def keep(services: Services, call_id: str, audio: Path | None = None, known: CallFacts | None = None) -> None:
    """Keep a call with a recording (copied into the audio store) or, without one, with turns."""
    recording = None
    if audio is not None:
        taken = accept(audio, services.settings)
        stored = AudioStore(services.settings.audio_dir).put(audio, taken.sha256)
        recording = taken.model_copy(update={"path": stored})
    services.store.calls.add(
        known or facts(),
        call_id=call_id,
        source=f"{call_id}.mp3",
        day=known.started_at.date() if known and known.started_at else DAY,
        recording=recording,
        transcript=None if recording else transcript("您好", call_id),
        received_at=NOW,
        audio_s=60.0,
    )


def inspect(services: Services, result: Inspection, *, index: bool = True) -> None:
    """Give the call that waits its result, and write its search document unless it shall wait."""
    claim = services.store.queue.claim("test", lease_s=60, now=later(1))
    assert claim is not None
    assert claim.call_id == result.call_id
    assert services.store.queue.finish(claim, result, NOW)
    if index:
        sync_index(services.store, services.index)


def inspected(
    services: Services, call_id: str = "C-1", audio: Path | None = None, *findings: Finding, **changes: object
) -> None:
    """A call that is kept and inspected; by default with one critical finding."""
    keep(services, call_id, audio)
    inspect(services, inspection(call_id, findings=findings or (finding(),), **changes))


def log_in(client: TestClient, password: str = PASSWORD) -> None:
    """Fill in the form as a browser does."""
    page = client.get("/login").text
    token = page.split('name="token" value="')[1].split('"')[0]
    client.post("/login", data={"token": token, "next": "/", "user": "admin", "password": password})


def token_of(client: TestClient) -> str:
    """The token that the pages of this session carry in their forms."""
    return client.get("/reports").text.split('name="token" value="')[1].split('"')[0]
