"""Upload: what is kept, what is refused, and what the sender is told."""

from __future__ import annotations

import json
import os
import time

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from qa_service.errors import ErrorCode, SetupError
from qa_service.settings import Settings
from qa_service.web import upload
from qa_service.web.app import create_app
from qa_service.web.deps import Services
from tests.audio.sounds import tones, wav_bytes
from tests.conftest import SAMPLES
from tests.web.calling import BASIC, SAMPLE

URL = "/api/v1/calls"
FACTS = {"call_id": "UP-1", "agent_id": "A-7", "started_at": "2026-11-17T14:03:00+08:00", "language": "zh"}
FORM = "multipart/form-data; boundary=B"


def send(
    client: TestClient, content: bytes, name: str = "call.mp3", facts: object = None
) -> tuple[int, dict[str, object]]:
    data = {} if facts is None else {"facts": facts if isinstance(facts, str) else json.dumps(facts)}
    answer = client.post(URL, files={"audio": (name, content)}, data=data)
    return answer.status_code, answer.json()


def error_of(answer: dict[str, object]) -> dict[str, str]:
    found = answer["error"]
    assert isinstance(found, dict)
    assert found["message"]
    return found


def part(name: str, body: str, extra: str = "") -> str:
    return f'--B\r\nContent-Disposition: form-data; name="{name}"{extra}\r\n\r\n{body}\r\n'


def test_a_call_is_kept_with_its_facts_and_waits(program: TestClient, services: Services) -> None:
    status, answer = send(program, SAMPLE.read_bytes(), "录音 一.mp3", FACTS)
    assert (status, answer) == (201, {"call_id": "UP-1", "created": True, "state": "waiting"})
    kept = services.store.calls.get("UP-1")
    assert kept.facts.agent_id == "A-7"
    assert kept.recording is not None
    assert kept.recording.original_name == "录音 一.mp3"
    assert kept.source == "upload: 录音 一.mp3"
    assert str(kept.day) == "2026-11-17"


def test_the_answer_says_where_the_call_is(program: TestClient) -> None:
    answer = program.post(URL, files={"audio": ("a.mp3", SAMPLE.read_bytes())}, data={"facts": json.dumps(FACTS)})
    assert answer.headers["location"] == f"{URL}/UP-1"
    assert program.get(answer.headers["location"]).status_code == 202


def test_an_id_that_no_address_may_hold_is_escaped_in_the_location(program: TestClient) -> None:
    facts = {"call_id": "通话/1 ?#%"}
    answer = program.post(URL, files={"audio": ("a.mp3", SAMPLE.read_bytes())}, data={"facts": json.dumps(facts)})
    assert answer.status_code == 201
    assert program.get(answer.headers["location"]).json() == {"call_id": "通话/1 ?#%", "state": "waiting"}


def test_without_facts_the_content_names_the_call(program: TestClient) -> None:
    status, answer = send(program, SAMPLE.read_bytes())
    assert status == 201
    assert str(answer["call_id"]).startswith("c-")


def test_the_same_recording_again_is_the_call_that_is_there(program: TestClient) -> None:
    send(program, SAMPLE.read_bytes(), facts=FACTS)
    status, answer = send(program, SAMPLE.read_bytes(), "other.mp3", {"call_id": "UP-2"})
    assert (status, answer["call_id"], answer["created"]) == (200, "UP-1", False)
    assert program.get(URL).json()["total"] == 1


def test_an_id_for_another_recording_is_a_conflict(program: TestClient) -> None:
    send(program, SAMPLE.read_bytes(), facts=FACTS)
    status, answer = send(program, (SAMPLES / "calls/D-ZH-008.mp3").read_bytes(), facts=FACTS)
    assert (status, error_of(answer)["code"]) == (409, "duplicate_call_id")


def test_every_sample_is_taken(program: TestClient) -> None:
    for path in sorted((SAMPLES / "calls").iterdir()):
        assert send(program, path.read_bytes(), path.name)[0] == 201, path.name


BAD_AUDIO = {
    "empty": (b"", 422, "file_empty"),
    "text": ("您好，这不是录音".encode(), 415, "not_audio"),
    "a page": (b"<!doctype html><script>alert(1)</script>", 415, "not_audio"),
    "a picture": (b"\x89PNG\r\n\x1a\n" + bytes(500), 415, "not_audio"),
    "zeros": (bytes(5000), 415, "not_audio"),
    "a head of wav and nothing else": (b"RIFF\x24\x00\x00\x00WAVEfmt ", 422, "audio_damaged"),
    "a name of an archive": (b"PK\x03\x04" + bytes(200), 415, "not_audio"),
}


@pytest.mark.parametrize(("content", "status", "code"), BAD_AUDIO.values(), ids=BAD_AUDIO.keys())
def test_what_is_no_recording_is_refused_and_listed(
    program: TestClient, services: Services, content: bytes, status: int, code: str
) -> None:
    got, answer = send(program, content, "bad.mp3")
    assert (got, error_of(answer)["code"]) == (status, code)
    assert [q.source for q in services.store.quarantine.list()] == ["upload: bad.mp3"]
    assert program.get(URL).json()["total"] == 0


def test_a_recording_of_seven_channels_is_refused(program: TestClient) -> None:
    tone = tones(3.0, *range(300, 1000, 100))
    status, answer = send(program, wav_bytes(tone), "seven.wav")
    assert (status, error_of(answer)["code"]) == (422, "too_many_channels")


BAD_FACTS = {
    "no json": ("{", "facts_unreadable"),
    "not utf-8": ("\udcff", "facts_unreadable"),
    "a list": ("[]", "facts_invalid"),
    "a number": ("7", "facts_invalid"),
    "a time without a zone": ('{"started_at": "2026-11-17T14:03:00"}', "facts_invalid"),
    "a time that is none": ('{"started_at": "yesterday"}', "facts_invalid"),
    "a direction that is none": ('{"direction": "sideways"}', "facts_invalid"),
    "overdue before it was due": ('{"overdue_days": -3}', "facts_invalid"),
    "an id without letters": ('{"call_id": ""}', "facts_invalid"),
    "an id too long": (json.dumps({"call_id": "x" * 201}), "facts_invalid"),
    "account that is no object": ('{"account": 3}', "facts_invalid"),
    "nested without end": ("[" * 100_000, "facts_unreadable"),
    "longer than a megabyte": (json.dumps({"note": "x" * 1_000_001}), "facts_unreadable"),
}


@pytest.mark.parametrize(("facts", "code"), BAD_FACTS.values(), ids=BAD_FACTS.keys())
def test_facts_that_cannot_be_used_are_refused(program: TestClient, facts: str, code: str) -> None:
    body = part("audio", "x", '; filename="a.mp3"') + part("facts", facts) + "--B--\r\n"
    sent = body.encode("utf-8", "surrogateescape")
    answer = program.post(URL, content=sent, headers={"Content-Type": FORM})
    assert answer.status_code == 422
    found = error_of(answer.json())
    assert found["code"] == code
    assert found["hint"]
    assert program.get(URL).json()["total"] == 0


BAD_FORMS = {
    "json": ("{}", "application/json"),
    "urlencoded": ("audio=x", "application/x-www-form-urlencoded"),
    "no type": ("x", ""),
    "no boundary": ("x", "multipart/form-data"),
    "a boundary too long": ("x", "multipart/form-data; boundary=" + "b" * 500),
    "empty": ("", FORM),
    "not the boundary": ("--A\r\n\r\n\r\n--A--\r\n", FORM),
    "cut short": (part("audio", "x", '; filename="a.mp3"')[:-4], FORM),
    "no end": (part("audio", "x", '; filename="a.mp3"'), FORM),
    "no audio": (part("facts", "{}") + "--B--\r\n", FORM),
    "two recordings": (part("audio", "x") + part("audio", "y") + "--B--\r\n", FORM),
    "an unknown field": (part("fact", "{}") + "--B--\r\n", FORM),
    "a field without a name": ("--B\r\nX: y\r\n\r\nz\r\n--B--\r\n", FORM),
    "headers without end": ("--B\r\n" + "X: y\r\n" * 5000, FORM),
}


@pytest.mark.parametrize(("body", "kind"), BAD_FORMS.values(), ids=BAD_FORMS.keys())
def test_what_is_no_such_form_is_told_what_to_send(program: TestClient, body: str, kind: str) -> None:
    answer = program.post(URL, content=body.encode(), headers={"Content-Type": kind})
    assert answer.status_code == 400
    found = error_of(answer.json())
    assert found["code"] == "request_invalid"
    assert "multipart/form-data" in found["hint"]


def test_an_id_with_control_characters_is_refused(program: TestClient) -> None:
    status, answer = send(program, SAMPLE.read_bytes(), facts={"call_id": "a\nb"})
    assert (status, error_of(answer)["code"]) == (422, "facts_invalid")


@pytest.fixture
def small(web_settings: Settings) -> FastAPI:
    return create_app(web_settings.model_copy(update={"max_file_mb": 0.01}))


@pytest.mark.parametrize("size", [10_001, 60_000, 3_000_000])
def test_a_file_over_the_limit_is_refused_whether_its_size_is_declared_or_not(small: FastAPI, size: int) -> None:
    with TestClient(small, headers=BASIC) as client:
        status, answer = send(client, bytes(size))
        assert (status, error_of(answer)["code"]) == (413, "file_too_large")
        body = part("audio", "x" * size, '; filename="a.mp3"').encode()
        parts = (body[at : at + 5000] for at in range(0, len(body), 5000))
        undeclared = client.post(URL, content=parts, headers={"Content-Type": FORM})
        assert undeclared.status_code == 413


def test_nothing_is_left_of_an_upload(program: TestClient, web_settings: Settings) -> None:
    send(program, SAMPLE.read_bytes())
    send(program, b"no")
    program.post(URL, content=part("audio", "x" * 100), headers={"Content-Type": FORM})
    assert list((web_settings.data_dir / "incoming").iterdir()) == []


def test_what_a_killed_service_left_is_swept_at_the_next_start(web_settings: Settings) -> None:
    place = web_settings.data_dir / "incoming"
    old, new = place / "old", place / "new"
    for folder in (old, new):
        folder.mkdir(parents=True)
        (folder / "half.mp3").write_bytes(b"x")
    day_before = time.time() - 2 * 24 * 3600
    os.utime(old, (day_before, day_before))
    upload.sweep(web_settings)
    assert [p.name for p in place.iterdir()] == ["new"]


def test_a_data_folder_that_is_a_file_is_told_at_the_start(settings: Settings) -> None:
    settings.data_dir.write_text("x")
    with pytest.raises(SetupError) as told:
        create_app(settings)
    assert told.value.code == ErrorCode.SETTINGS_INVALID


def test_a_place_that_cannot_be_written_is_told(program: TestClient, web_settings: Settings) -> None:
    (web_settings.data_dir / "incoming").write_text("a file where the folder should be")
    status, answer = send(program, b"x")
    assert (status, error_of(answer)["code"]) == (500, "settings_invalid")


def test_nobody_is_told_where_the_file_lay(program: TestClient, services: Services, web_settings: Settings) -> None:
    for content in (b"", b"no audio"):
        message = error_of(send(program, content, "call.mp3")[1])["message"]
        listed = services.store.quarantine.list()[0].error.message
        assert message == listed
        assert message.startswith("call.mp3 ")
        assert str(web_settings.data_dir) not in message


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("a.mp3", "a.mp3"),
        ("../../etc/passwd", "passwd"),
        ("C:\\calls\\一.wav", "一.wav"),
        ("\0\n", "recording"),
        ("..", "recording"),
        (".hidden.mp3", "hidden.mp3"),
        ("<script>.mp3", "script.mp3"),
        ("", "recording"),
        ("x" * 400 + ".mp3", "x" * 120 + ".mp3"),
    ],
)
def test_file_names_are_made_harmless(given: str, kept: str) -> None:
    assert upload.safe_name(given) == kept


CALL = {"callRef": "T-1", "agentId": "A-7", "utterances": [{"speaker": "AGENT", "text": "您好", "startMs": 1200}]}


def test_a_transcript_is_kept_with_its_facts(program: TestClient, services: Services) -> None:
    content = json.dumps(CALL).encode()
    for status, created in ((201, True), (200, False)):
        answer = program.post(URL, files={"transcript": ("call.json", content)})
        assert (answer.status_code, answer.json()["call_id"], answer.json()["created"]) == (status, "T-1", created)
    kept = services.store.calls.get("T-1")
    assert (kept.facts.agent_id, kept.recording, kept.source) == ("A-7", None, "upload: call.json")
    answer = program.post(URL, files={"transcript": ("b.json", content)}, data={"facts": '{"call_id": "T-2"}'})
    assert answer.json()["call_id"] == "T-2"
    assert services.store.calls.get("T-2").facts.agent_id is None


def test_a_transcript_that_cannot_be_read_says_why(program: TestClient, web_settings: Settings) -> None:
    answer = program.post(URL, files={"transcript": ("call.json", b'{"utterances": [{"speaker": "0", "text": "x"}]}')})
    error = error_of(answer.json())
    assert (answer.status_code, error["code"]) == (422, "transcript_invalid")
    assert "send `speakers`" in error["message"]
    assert str(web_settings.data_dir) not in answer.text + program.get("/api/v1/status").text
    answer = program.post(URL, files={"audio": ("call.json", json.dumps(CALL).encode())})
    assert error_of(answer.json())["hint"] == "A transcript is sent as `transcript`."


def test_a_form_holds_one_call(program: TestClient) -> None:
    sent = {"audio": ("a.mp3", SAMPLE.read_bytes()), "transcript": ("call.json", json.dumps(CALL).encode())}
    answer = program.post(URL, files=sent)
    assert (answer.status_code, error_of(answer.json())["code"]) == (400, "request_invalid")
