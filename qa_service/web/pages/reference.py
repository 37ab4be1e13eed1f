"""The API at a glance, from its own description; the full one is /api/v1/openapi.json."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import HTMLResponse

from qa_service.web.deps import Services_

router = APIRouter()


@dataclass(frozen=True)
class Operation:
    """One thing that the API does. ``parameters``: (name, where, description)."""

    method: str
    path: str
    summary: str
    parameters: tuple[tuple[str, str, str], ...]


@router.get("/docs", include_in_schema=False)
def reference(request: Request, services: Services_) -> HTMLResponse:
    operations = list(_operations(request.app.openapi()))
    return services.renderer.answer(request, "reference.html", "docs", {"operations": operations})


def _operations(description: dict[str, Any]) -> Iterator[Operation]:
    for path, methods in description["paths"].items():
        for method, found in methods.items():
            parameters = tuple(
                (p["name"], p["in"], p.get("description") or p["schema"].get("description", ""))
                for p in found.get("parameters", ())
            )
            yield Operation(method.upper(), path, found.get("description", ""), parameters)
