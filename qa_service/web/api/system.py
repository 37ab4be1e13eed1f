"""Health (open to all) and status (of everything, behind log-in)."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Literal

from fastapi import APIRouter
from starlette.responses import JSONResponse, Response

from qa_service import logs
from qa_service.errors import QAError
from qa_service.jobs.overview import Overview, overview
from qa_service.records import Record
from qa_service.speech.weights import available
from qa_service.web.background import WorkerState
from qa_service.web.deps import Services, Services_

router = APIRouter(tags=["system"])
log = logs.get(__name__)

Word = Literal["ok", "down"]


class Health(Record):
    """``degraded``: the service answers, but the index is down or the weights are missing."""

    status: Literal["ok", "degraded", "down"]
    database: Word
    index: Word
    weights: Word


class Status(Overview):
    """Where all calls stand, and what the background worker of this service does."""

    worker: WorkerState


@router.get("/health", response_model=Health)
def health(services: Services_) -> Response:
    """For probes. 503 when the database cannot be reached. No log-in, no details."""
    database = _state("database", lambda: services.store.calls.counts())
    index = _state("index", lambda: services.index.state())
    weights: Word = "ok" if has_weights(services) else "down"
    rest = "ok" if index == weights == "ok" else "degraded"
    found = Health(status="down" if database == "down" else rest, database=database, index=index, weights=weights)
    return JSONResponse(found.model_dump(), status_code=503 if database == "down" else 200)


def _state(name: str, look: Callable[[], object]) -> Word:
    try:
        look()
    except QAError as wrong:
        logs.failure(log, f"health of the {name}", wrong)
        return "down"
    return "ok"


def has_weights(services: Services) -> bool:
    """Whether the weights that settings name lie here; they are not loaded for that."""
    settings = services.settings
    try:
        here = any(m.name == settings.model and m.state != "to fetch" for m in available(settings))
    except QAError:
        return False
    return here or Path(settings.model).exists()


@router.get("/status")
def status(services: Services_) -> Status:
    """Calls by state, those in trouble with their reason, refused files, and how far behind the index is."""
    return Status(**dict(overview(services.store)), worker=services.worker.state())
