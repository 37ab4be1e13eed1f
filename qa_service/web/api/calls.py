"""Calls: upload, list, read, hear."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import quote

from fastapi import APIRouter, Query, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import FileResponse, JSONResponse, Response

from qa_service.errors import ErrorCode, FactsError, QAError
from qa_service.intake.facts import parse_facts
from qa_service.intake.files import is_json
from qa_service.intake.json_text import decode_json, decode_utf8
from qa_service.jobs.ingest import IngestItem, ingest_file, ingest_transcript
from qa_service.records import CallEntry, CallFacts, CallState, CallStatus, ErrorInfo, Inspection, Record
from qa_service.web.deps import Call_, Services, Services_
from qa_service.web.filters import CallsAsked_
from qa_service.web.media import Waveform, kind_of
from qa_service.web.sheet import csv_answer
from qa_service.web.summary import SEVERITIES, CallSummary, summarise
from qa_service.web.upload import Upload, received

router = APIRouter(prefix="/calls", tags=["calls"])

CSV_COLUMNS = (
    "call_id", "state", "day", "started_at", "agent_id", "agent_name", "team", "product", "language", "duration_s",
    "coverage", "points", "grade", "veto", *SEVERITIES, "not_assessed", "error",
)  # fmt: skip
#: Seconds after which it makes sense to ask again for a call that waits.
RETRY_AFTER_S = "5"


class Received(Record):
    """Answer to an upload. ``created`` False: the same recording was kept before, as ``call_id``."""

    call_id: str
    created: bool
    state: CallState


class Pending(Record):
    """A call that has no inspection yet."""

    call_id: str
    state: CallState


class CallList(Record):
    """A page of calls, newest first, and how many match in all."""

    total: int
    limit: int
    offset: int
    calls: tuple[CallSummary, ...]


UPLOAD_FORM: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "oneOf": [{"required": ["audio"]}, {"required": ["transcript"]}],
                    "properties": {
                        "audio": {"type": "string", "format": "binary"},
                        "transcript": {
                            "type": "string",
                            "format": "binary",
                            "description": "a call as JSON, with turns",
                        },
                        "facts": {"type": "string", "description": "call facts, a JSON object"},
                    },
                }
            }
        },
    }
}


@router.post("", status_code=201, response_model=Received, responses={200: {"model": Received}},
             openapi_extra=UPLOAD_FORM)  # fmt: skip
async def upload(request: Request, services: Services_) -> Response:
    """Keep a recording or a transcript with its facts, to be inspected. 201: kept; 200: it was kept before."""
    async with received(request, services.settings) as arrived:
        kept = await run_in_threadpool(_keep, arrived, services)
    headers = {"Location": f"/api/v1/calls/{quote(kept.call_id, safe='')}"}
    return JSONResponse(kept.model_dump(mode="json"), status_code=201 if kept.created else 200, headers=headers)


def _keep(arrived: Upload, services: Services) -> Received:
    path = arrived.audio or arrived.transcript
    if path is None:
        hint = "Send multipart/form-data with `audio` or `transcript` (a file) and, if known, `facts` (a JSON object)."
        raise QAError(ErrorCode.REQUEST_INVALID, "The form has no `audio` and no `transcript`.", hint)
    source = f"upload: {path.name}"
    if arrived.audio:
        item = ingest_file(path, services.store, services.settings, facts=_facts(arrived.facts), source=source)
    else:
        facts = _facts(arrived.facts) if arrived.facts else None
        item = ingest_transcript(path, services.store, services.settings, facts=facts, source=source)
    if item.outcome == "refused" or item.call_id is None:
        raise _refusal(item, path, services)
    state = services.store.calls.get(item.call_id).state
    return Received(call_id=item.call_id, created=item.outcome == "created", state=state)


def _facts(sent: bytes | None) -> CallFacts:
    if not sent or not sent.strip():
        return CallFacts()
    try:
        text = decode_utf8(sent, ErrorCode.FACTS_UNREADABLE, "facts")
        value = decode_json(text, ErrorCode.FACTS_UNREADABLE, "facts")
    except FactsError:
        hint = 'Send an object like {"agent_id": "A-1", "started_at": "2026-11-17T14:03:00+08:00"}.'
        raise FactsError(ErrorCode.FACTS_UNREADABLE, "facts: this is no JSON in UTF-8.", hint) from None
    return parse_facts(value, "facts")


def _refusal(item: IngestItem, arrived: Path, services: Services) -> QAError:
    """The caller knows the file by its name; where it lay here is nobody's business, in the list of refusals too."""
    error = item.error or ErrorInfo(code=ErrorCode.INTERNAL, message="The recording was refused.")
    told = ErrorInfo(code=error.code, message=error.message.replace(str(arrived), arrived.name))
    services.store.quarantine.add(item.source, told, datetime.now(UTC))
    text = told.code == ErrorCode.NOT_AUDIO and is_json(arrived)
    return QAError(ErrorCode(told.code), told.message, "A transcript is sent as `transcript`." if text else "")


@router.get("", response_model=CallList)
def list_calls(
    asked: CallsAsked_, services: Services_, form: Annotated[Literal["json", "csv"], Query(alias="format")] = "json"
) -> Response | CallList:
    """Kept calls, newest first. `format=csv` gives the same lines for a spreadsheet."""
    page = services.store.calls.page(asked.filter())
    calls = tuple(map(summarise, page.entries))
    if form == "csv":
        return csv_answer("calls", CSV_COLUMNS, map(_row, calls))
    return CallList(total=page.total, limit=asked.limit, offset=asked.offset, calls=calls)


def _row(call: CallSummary) -> dict[str, object]:
    flat = call.model_dump(mode="json")
    return {**flat, **{s: call.findings.get(s, 0) for s in SEVERITIES}, "error": call.error.code if call.error else ""}


@router.get("/{call_id:path}/facts")
def read_facts(call: Call_) -> CallFacts:
    """What the caller's own systems said of the call."""
    return call.facts


@router.get("/{call_id:path}/audio", response_class=FileResponse)
def read_audio(
    call: Call_, services: Services_, form: Annotated[Literal["original", "wav"], Query(alias="format")] = "original"
) -> FileResponse:
    """The recording, with range requests; `format=wav` gives a PCM copy for players that cannot decode it."""
    if form == "wav":
        return FileResponse(services.media.pcm(call), media_type="audio/wav")
    path = services.media.original(call)
    return FileResponse(path, media_type=kind_of(path).media_type)


@router.get("/{call_id:path}/peaks")
def read_peaks(call: Call_, services: Services_) -> Waveform:
    """The waveform of each channel, for drawing."""
    return services.media.waveform(call)


@router.get("/{call_id:path}", response_model=Inspection, responses={202: {"model": Pending}})
def read_call(call: Call_) -> Response:
    """The inspection of a call (docs/inspection.schema.json). 202 with its state while there is none yet."""
    headers = {"X-Call-State": call.state}
    found = inspection_of(call)
    if found is None:
        pending = Pending(call_id=call.call_id, state=call.state).model_dump(mode="json")
        return JSONResponse(pending, status_code=202, headers={**headers, "Retry-After": RETRY_AFTER_S})
    return Response(found.model_dump_json(), media_type="application/json", headers=headers)


def inspection_of(call: CallEntry) -> Inspection | None:
    """The current inspection; for a call that was given up without one, the reason in its place."""
    if call.inspection is None and call.state == CallState.FAILED:
        return Inspection(call_id=call.call_id, status=CallStatus.FAILED, error=call.error)
    return call.inspection
