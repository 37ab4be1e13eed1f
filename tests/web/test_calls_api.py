"""Calls over the API: list, read, facts, sound with ranges, waveform."""

from __future__ import annotations

import csv
import io
import json
import wave
from pathlib import Path

import jsonschema
import pytest
from fastapi.testclient import TestClient

from qa_service.errors import ErrorCode, QAError, SetupError
from qa_service.records import CallState, ErrorInfo, FindingState, Severity
from qa_service.web.deps import Services
from qa_service.web.render import segment
from qa_service.web.sheet import cell
from tests.conftest import ROOT, SAMPLES
from tests.factories import NOW, facts, finding, inspection, unassessable
from tests.web.calling import HARM, SAMPLE, inspect, inspected, keep

URL = "/api/v1/calls"


def code_of(answer: object) -> str:
    return str(answer.json()["error"]["code"])  # type: ignore[attr-defined]


def test_a_call_reads_as_the_inspection_that_is_published(program: TestClient, services: Services) -> None:
    inspected(services)
    answer = program.get(f"{URL}/C-1")
    assert answer.status_code == 200
    assert answer.headers["x-call-state"] == "inspected"
    schema = json.loads((ROOT / "docs/inspection.schema.json").read_text(encoding="utf-8"))
    jsonschema.validate(answer.json(), schema)
    assert answer.json() == json.loads(inspection("C-1", findings=(finding(),)).model_dump_json())


def test_a_call_that_waits_says_so_and_when_to_ask_again(program: TestClient, services: Services) -> None:
    keep(services, "C-1")
    answer = program.get(f"{URL}/C-1")
    assert (answer.status_code, answer.json()) == (202, {"call_id": "C-1", "state": "waiting"})
    assert int(answer.headers["retry-after"]) > 0


def test_a_call_that_was_given_up_reads_as_failed_with_its_reason(program: TestClient, services: Services) -> None:
    keep(services, "C-1")
    claim = services.store.queue.claim("w", lease_s=60, now=NOW)
    assert claim
    services.store.queue.fail(claim, ErrorInfo(code="audio_damaged", message="Cut."), NOW, retry=False)
    answer = program.get(f"{URL}/C-1").json()
    assert (answer["status"], answer["error"]["code"]) == ("failed", "audio_damaged")


def test_a_call_that_could_not_be_judged_says_why(program: TestClient, services: Services) -> None:
    keep(services, "C-1")
    inspect(services, unassessable("C-1"))
    answer = program.get(f"{URL}/C-1").json()
    assert (answer["status"], answer["error"]["code"]) == ("not_assessable", "no_speech")


@pytest.mark.parametrize("call_id", ["nothing", "a/b/c", "%00", "..%2f..%2fetc", "x" * 3000, "%ff", "'; DROP"])
@pytest.mark.parametrize("part", ["", "/facts", "/audio", "/peaks"])
def test_a_call_that_is_not_there_is_not_found(program: TestClient, call_id: str, part: str) -> None:
    answer = program.get(f"{URL}/{call_id}{part}")
    assert (answer.status_code, code_of(answer)) == (404, "call_not_found")


@pytest.mark.parametrize("call_id", ["通话 1", "a/b", "a?b#c%d", HARM, "audio"])
def test_any_id_is_found_by_its_address(program: TestClient, services: Services, call_id: str) -> None:
    inspected(services, call_id, SAMPLE)
    address = f"{URL}/{segment(call_id)}"
    assert program.get(address).json()["call_id"] == call_id
    assert program.get(f"{address}/facts").json()["agent_id"] == "A-201"
    assert program.get(f"{address}/peaks").status_code == 200


def test_calls_are_listed_newest_first_with_what_was_found(program: TestClient, services: Services) -> None:
    for n in range(3):
        keep(services, f"C-{n}", known=facts(started_at=f"2026-11-17T0{n}:00:00+08:00"))
    answer = program.get(URL, params={"limit": 2}).json()
    assert (answer["total"], answer["limit"], answer["offset"]) == (3, 2, 0)
    assert [c["call_id"] for c in answer["calls"]] == ["C-2", "C-1"]
    assert program.get(URL, params={"limit": 2, "offset": 2}).json()["calls"][0]["call_id"] == "C-0"


def test_a_line_counts_findings_by_severity_and_those_confirmed(program: TestClient, services: Services) -> None:
    doubtful = finding(state=FindingState.UNVERIFIED, severity=Severity.MAJOR)
    inspected(services, "C-1", None, finding(), finding(), doubtful)
    line = program.get(URL).json()["calls"][0]
    assert line["findings"] == {"critical": 2, "major": 1}
    assert line["confirmed"] == {"critical": 2}
    assert (line["not_assessed"], line["grade"], line["coverage"]) == (1, "A", 0.99)


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("agent=A-201", 1),
        ("agent=A-999", 0),
        ("agent=", 1),
        ("severity=critical", 1),
        ("severity=minor", 0),
        ("rule=CN-COLL-003", 1),
        ("state=inspected", 1),
        ("state=waiting", 0),
        ("from=2026-11-17&to=2026-11-17", 1),
        ("from=2026-11-18", 0),
        ("team=一组", 1),
        ("product=信用卡", 1),
    ],
)
def test_lists_are_filtered(program: TestClient, services: Services, query: str, found: int) -> None:
    inspected(services)
    assert program.get(f"{URL}?{query}").json()["total"] == found


@pytest.mark.parametrize(
    "query",
    ["limit=0", "limit=501", "limit=x", "offset=-1", "severity=grave", "state=lost", "from=17.11.2026", "format=xml",
     "from=2026-02-30", "limit=99999999999999999999", "agent=" + "x" * 300],
)  # fmt: skip
def test_a_wrong_parameter_is_named(program: TestClient, query: str) -> None:
    answer = program.get(f"{URL}?{query}")
    assert (answer.status_code, code_of(answer)) == (400, "request_invalid")
    assert query.split("=")[0] in answer.json()["error"]["message"]


@pytest.mark.parametrize(
    ("address", "hint"),
    [
        ("/api/v1/calls?severety=critical", "Did you mean severity?"),
        ("/api/v1/calls/C-1?forma=csv", "See docs/api.md for what is allowed."),
        ("/api/v1/calls/C-1/audio?formt=wav", "Did you mean format?"),
        ("/api/v1/search?q=x&agnet=A-1", "Did you mean agent?"),
        ("/api/v1/reports/2026-11-17?lang=en", "Did you mean language?"),
    ],
)
def test_a_slip_in_a_parameters_name_is_told(program: TestClient, services: Services, address: str, hint: str) -> None:
    keep(services, "C-1", SAMPLE)
    answer = program.get(address)
    assert (answer.status_code, code_of(answer)) == (400, "request_invalid")
    assert "there is no such parameter" in answer.json()["error"]["message"]
    assert answer.json()["error"]["hint"] == hint


def test_a_list_for_a_spreadsheet_holds_no_formula(program: TestClient, services: Services) -> None:
    keep(services, "C-1", known=facts(agent_name='=HYPERLINK("http://evil.test")', team="+1"))
    answer = program.get(URL, params={"format": "csv"})
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert "attachment" in answer.headers["content-disposition"]
    row = next(csv.DictReader(io.StringIO(answer.text.removeprefix("\ufeff"))))
    assert row["agent_name"].startswith("'=")
    assert row["team"] == "'+1"
    assert row["call_id"] == "C-1"


@pytest.mark.parametrize("text", ["＝1+1", "＋1", "－1", "＠SUM(1)", "\n=1", "\t=1"])
def test_wide_letters_begin_formulas_too(text: str) -> None:
    assert cell(text) == f"'{text}"
    assert cell(-1.5) == "-1.5"


def test_facts_are_given_back(program: TestClient, services: Services) -> None:
    keep(services, "C-1", known=facts(account={"amount": 3}, dialler="x"))
    answer = program.get(f"{URL}/C-1/facts").json()
    assert (answer["account"], answer["extra"]) == ({"amount": 3}, {"dialler": "x"})


def test_the_recording_comes_back_byte_for_byte(program: TestClient, services: Services) -> None:
    keep(services, "C-1", SAMPLE)
    answer = program.get(f"{URL}/C-1/audio")
    assert answer.status_code == 200
    assert answer.content == SAMPLE.read_bytes()
    assert answer.headers["content-type"] == "audio/mpeg"
    assert answer.headers["accept-ranges"] == "bytes"


@pytest.mark.parametrize(
    ("asked", "first", "last"),
    [("bytes=0-99", 0, 100), ("bytes=100-", 100, None), ("bytes=-50", -50, None), ("bytes=500-999999999", 500, None)],
)
def test_a_part_of_the_recording(
    program: TestClient, services: Services, asked: str, first: int, last: int | None
) -> None:
    keep(services, "C-1", SAMPLE)
    whole = SAMPLE.read_bytes()
    answer = program.get(f"{URL}/C-1/audio", headers={"Range": asked})
    assert answer.status_code == 206
    assert answer.content == whole[first:last]
    assert answer.headers["content-range"].endswith(f"/{len(whole)}")


@pytest.mark.parametrize("asked", ["bytes=999999999-", "bytes=999999998-999999999"])
def test_a_part_that_is_not_there_cannot_be_had(program: TestClient, services: Services, asked: str) -> None:
    keep(services, "C-1", SAMPLE)
    answer = program.get(f"{URL}/C-1/audio", headers={"Range": asked})
    assert answer.status_code == 416
    assert answer.headers["content-range"] == f"bytes */{SAMPLE.stat().st_size}"


@pytest.mark.parametrize("asked", ["bytes=x-y", "lines=1-2", "bytes=5-2", "bytes=", "nonsense"])
def test_a_range_that_makes_no_sense_breaks_nothing(program: TestClient, services: Services, asked: str) -> None:
    keep(services, "C-1", SAMPLE)
    assert program.get(f"{URL}/C-1/audio", headers={"Range": asked}).status_code in (200, 400, 416)


def test_a_copy_that_every_browser_plays(program: TestClient, services: Services) -> None:
    keep(services, "C-1", SAMPLE)
    answer = program.get(f"{URL}/C-1/audio", params={"format": "wav"})
    assert answer.headers["content-type"] == "audio/wav"
    with wave.open(io.BytesIO(answer.content)) as sound:
        assert (sound.getnchannels(), sound.getsampwidth()) == (2, 2)
        assert sound.getnframes() / sound.getframerate() > 10
    part = program.get(f"{URL}/C-1/audio", params={"format": "wav"}, headers={"Range": "bytes=0-43"})
    assert (part.status_code, part.content[:4]) == (206, b"RIFF")


@pytest.mark.parametrize("name", ["D-ZH-003.mp3", "D-ZH-004.wav", "D-ZH-009.ogg", "D-ZH-011.mp3"])
def test_the_waveform_of_each_channel(program: TestClient, services: Services, name: str) -> None:
    keep(services, "C-1", SAMPLES / "calls" / name)
    answer = program.get(f"{URL}/C-1/peaks").json()
    assert 1 <= len(answer["channels"]) <= 2
    for channel in answer["channels"]:
        assert 100 < len(channel) <= 801
        assert all(0 <= p <= 1 for p in channel)
        assert max(channel) > 0.05
    assert program.get(f"{URL}/C-1/peaks").json() == answer


@pytest.mark.parametrize("part", ["audio", "peaks", "audio?format=wav"])
def test_a_call_given_as_text_has_no_sound(program: TestClient, services: Services, part: str) -> None:
    keep(services, "C-1")
    answer = program.get(f"{URL}/C-1/{part}")
    assert (answer.status_code, code_of(answer)) == (404, "file_not_found")


@pytest.mark.parametrize("part", ["audio", "peaks", "audio?format=wav"])
def test_a_recording_that_vanished_is_told(program: TestClient, services: Services, part: str) -> None:
    keep(services, "C-1", SAMPLE)
    services.media.original(services.store.calls.get("C-1")).unlink()
    answer = program.get(f"{URL}/C-1/{part}")
    assert (answer.status_code, code_of(answer)) == (404, "file_not_found")


@pytest.mark.parametrize("part", ["peaks", "audio?format=wav"])
def test_a_recording_that_went_bad_is_told(program: TestClient, services: Services, part: str) -> None:
    keep(services, "C-1", SAMPLE)
    services.media.original(services.store.calls.get("C-1")).write_bytes(b"not audio any more")
    answer = program.get(f"{URL}/C-1/{part}")
    assert (answer.status_code, code_of(answer)) == (415, "not_audio")
    assert list((services.settings.data_dir / "derived").glob(".making-*")) == []


def test_health_is_open_and_tells_no_details(anonymous: TestClient, services: Services) -> None:
    answer = anonymous.get("/api/v1/health")
    assert answer.status_code == 200
    assert set(answer.json()) == {"status", "database", "index", "weights"}
    assert answer.json()["database"] == "ok"


def test_health_says_when_the_database_is_gone(
    anonymous: TestClient, services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    def gone(*_: object) -> None:
        raise SetupError(ErrorCode.DATABASE_UNAVAILABLE, "secret address is down.")

    monkeypatch.setattr(type(services.store.calls), "counts", gone)
    answer = anonymous.get("/api/v1/health")
    assert (answer.status_code, answer.json()["status"], answer.json()["database"]) == (503, "down", "down")
    assert "secret" not in answer.text


def test_status_says_where_all_calls_stand(program: TestClient, services: Services) -> None:
    keep(services, "C-1")
    answer = program.get("/api/v1/status").json()
    assert answer["calls"][CallState.WAITING] == 1
    assert answer["worker"]["state"] == "off"


@pytest.mark.parametrize(("method", "path"), [("DELETE", f"{URL}/C-1"), ("PUT", URL), ("POST", "/api/v1/health")])
def test_what_a_route_does_not_do_is_refused(program: TestClient, method: str, path: str) -> None:
    answer = program.request(method, path)
    assert (answer.status_code, code_of(answer)) == (405, "request_invalid")


def test_an_address_that_is_not_there(program: TestClient) -> None:
    answer = program.get("/api/v1/nothing")
    assert (answer.status_code, code_of(answer)) == (404, "not_found")


def test_a_recording_outside_the_store_cannot_be_reached(services: Services, tmp_path: Path) -> None:
    entry = services.store.calls
    keep(services, "C-1", SAMPLE)
    found = entry.get("C-1")
    assert found.recording
    leading_out = found.model_copy(update={"recording": found.recording.model_copy(update={"path": "../qa.sqlite3"})})
    with pytest.raises(QAError):
        services.media.original(leading_out)
