"""The web application: routes, what guards them, and what they share."""

from __future__ import annotations

import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

from fastapi import Depends, FastAPI
from starlette.middleware import Middleware
from starlette.responses import Response
from starlette.staticfiles import StaticFiles

from qa_service import __version__
from qa_service.errors import ErrorCode, SetupError
from qa_service.jobs.worker import CallInspector
from qa_service.settings import Settings
from qa_service.store.store import open_store
from qa_service.web import errors
from qa_service.web.api import calls, reports, search, system
from qa_service.web.auth import Gate
from qa_service.web.background import Background
from qa_service.web.deps import API, Services, known_parameters
from qa_service.web.guard import Guard, Headers
from qa_service.web.index import Index
from qa_service.web.meaning import Meaning
from qa_service.web.media import Media
from qa_service.web.pages import call as call_page
from qa_service.web.pages import login, reference
from qa_service.web.pages import reports as reports_page
from qa_service.web.pages import search as search_page
from qa_service.web.pages import today as today_page
from qa_service.web.render import STATIC, Renderer
from qa_service.web.rulebook import Rulebook
from qa_service.web.upload import sweep

if TYPE_CHECKING:
    from fastapi.telemetry import TelemetryConfig

NO_TELEMETRY: TelemetryConfig = {"tracing": False, "metrics": False, "logs": False, "auto_configure": False}


class App(FastAPI):
    """An application that is described once, by whoever asks first: two threads that describe it at once fail both."""

    _described = threading.Lock()

    def openapi(self) -> dict[str, Any]:
        with self._described:
            return super().openapi()


def create_app(settings: Settings, *, run_worker: bool = False) -> FastAPI:
    """The service over its own store and index.

    Args:
        run_worker: also inspect what waits, in a thread that lives as long as the application.

    Raises:
        SetupError: the database, the data folder or the rules cannot be used.
    """
    services = open_services(settings)

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        sweep(settings)
        if run_worker:
            services.worker.start()
        yield
        services.worker.stop()
        services.index.close()
        services.store.close()

    app = App(
        title="qa_service", version=__version__, lifespan=lifespan, docs_url=None, redoc_url=None,
        openapi_url=f"{API}/openapi.json", telemetry=NO_TELEMETRY,
        middleware=[Middleware(Headers), Middleware(Guard, gate=services.gate, renderer=services.renderer)],
    )  # fmt: skip
    app.state.services = services
    errors.install(app, services.renderer)
    _add_routes(app)
    return app


def open_services(settings: Settings) -> Services:
    try:
        settings.data_dir.mkdir(parents=True, exist_ok=True)
    except OSError as wrong:
        message = f"The data folder {settings.data_dir} cannot be made: {wrong.strerror}."
        hint = "Set QA_DATA_DIR to a folder that can be written."
        raise SetupError(ErrorCode.SETTINGS_INVALID, message, hint) from None
    store, index = open_store(settings.database), Index(settings)
    return Services(
        settings=settings,
        store=store,
        index=index,
        meaning=Meaning(settings),
        media=Media(settings),
        gate=Gate(settings, store),
        renderer=Renderer(settings),
        worker=Background(store, settings, index, lambda: _inspector(settings)),
        rulebook=Rulebook(settings),
    )


def _inspector(settings: Settings) -> CallInspector:
    from qa_service.inspect.pipeline import Inspector

    return Inspector(settings)


def _add_routes(app: FastAPI) -> None:
    app.include_router(system.router, prefix=API)
    for part in (calls, search, reports):
        app.include_router(part.router, prefix=API, dependencies=[Depends(known_parameters)])
    for page in (login, today_page, search_page, call_page, reports_page, reference):
        app.include_router(page.router)
    app.mount("/static", Static(directory=STATIC), name="static")


class Static(StaticFiles):
    """Styles, scripts and icons: browsers ask each time whether they changed."""

    def file_response(self, *args: object, **kwargs: object) -> Response:
        answer = super().file_response(*args, **kwargs)  # type: ignore[arg-type]
        answer.headers["Cache-Control"] = "no-cache"
        return answer
