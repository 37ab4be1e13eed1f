"""Search: turns that were said."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Query
from starlette.responses import Response

from qa_service.search.protocol import SearchResults
from qa_service.web.deps import Services_
from qa_service.web.filters import SearchAsked_
from qa_service.web.sheet import csv_answer

router = APIRouter(tags=["search"])

CSV_COLUMNS = (
    "call_id", "day", "agent_id", "agent_name", "team", "turn_index", "start_s", "end_s", "role", "text", "rule_ids",
    "severities", "grade",
)  # fmt: skip


@router.get("/search", response_model=SearchResults)
def search(
    asked: SearchAsked_, services: Services_, form: Annotated[Literal["json", "csv"], Query(alias="format")] = "json"
) -> Response | SearchResults:
    """Turns that match, with the places of the hits in their text (redacted). `format=csv` for a spreadsheet."""
    results = services.index.search(asked.query())
    if form == "csv":
        return csv_answer("search", CSV_COLUMNS, (_row(hit.model_dump(mode="json")) for hit in results.hits))
    return results


def _row(hit: dict[str, object]) -> dict[str, object]:
    return {k: " ".join(map(str, v)) if isinstance(v, list | tuple) else v for k, v in hit.items()}
