"""Turns as other systems export them: where they stand, who speaks, when."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from qa_service.errors import ErrorCode, FactsError
from qa_service.intake.facts import parse_facts
from qa_service.intake.manifest import ManifestProblem, read_manifest
from qa_service.intake.transcript import transcript_of
from qa_service.records import Transcript

A = "Good afternoon, am I speaking with Mr Doyle of Baker Street?"
C = "Yes, speaking. Who is this and what is it about?"


def read(sent: Any) -> Transcript:
    return transcript_of(sent, "call.json")[1]


def told(transcript: Transcript) -> list[tuple[str, float, float]]:
    return [(turn.role.value, turn.start_s, turn.end_s) for turn in transcript.turns]


def refused(sent: Any) -> str:
    with pytest.raises(FactsError) as caught:
        read(sent)
    assert caught.value.code is ErrorCode.TRANSCRIPT_INVALID
    return caught.value.message


def roles(*labels: Any, **more: Any) -> list[str]:
    return [t.role.value for t in read({"turns": [{"speaker": one, "text": "x"} for one in labels], **more}).turns]


def channels(*numbers: Any, **more: Any) -> dict[str, Any]:
    return {"turns": [{"channel_id": one, "text": "x"} for one in numbers], **more}


EXPORTS: dict[str, dict[str, Any]] = {
    "phrases in transcripts, internal and external": {"transcripts": [{"phrases": [
        {"text": A, "participantPurpose": "internal", "startTimeMs": 1794924181200, "words": [{"word": "Good"}],
         "offset": {"milliseconds": 1200}, "duration": {"milliseconds": 3800}},
        {"text": C, "participantPurpose": "external",
         "offset": {"milliseconds": 6000}, "duration": {"milliseconds": 3000}},
    ]}]},
    "content by participant, offsets in milliseconds": {"Transcript": [
        {"Content": A, "ParticipantId": "AGENT", "BeginOffsetMillis": 1200, "EndOffsetMillis": 5000, "Items": []},
        {"Content": C, "ParticipantId": "CUSTOMER", "BeginOffsetMillis": 6000, "EndOffsetMillis": 9000},
    ]},
    "participants by their ids": {
        "participants": [{"id": "p-1", "role": "Agent"}, {"id": "p-2", "role": "Customer"}],
        "segments": [
            {"text": A, "participantId": "p-1", "startMs": 1200, "endMs": 5000},
            {"text": C, "participantId": "p-2", "startMs": 6000, "endMs": 9000},
        ],
    },
    "sentences by channels counted from one, seconds": {"speakers": {"1": "agent", "2": "customer"}, "sentences": [
        {"transcript": A, "media_channel": 1, "start_time": "1.2", "end_time": "5.0"},
        {"transcript": C, "media_channel": 2, "start_time": "6.0", "end_time": "9.0"},
    ]},
    "a clock": {"Transcript": [
        {"Speaker": "Agent (Karen)", "Text": A, "Start": "00:00:01.200", "End": "00:00:05,000"},
        {"Speaker": "Customer", "Text": C, "Start": "00:00:06.000", "End": "00:00:09.000"},
    ]},
    "a clock of the day": {"turns": [
        {"role": "agent", "text": A, "start": "14:03:01", "end": "14:03:05"},
        {"role": "customer", "text": C, "start": "14:03:06", "end": "14:03:09"},
    ]},
    "words as text, milliseconds": {"asrResult": [
        {"role": "客服", "words": A, "begin": 1200, "end": 5000, "beginTime": "2026-11-17 14:03:01"},
        {"role": "客户", "words": C, "begin": 6000, "end": 9000, "beginTime": "2026-11-17 14:03:06"},
    ]},
    "channels by the call's facts": {"channels": "agent_right", "utterances": [
        {"channel_id": 1, "text": A, "begin_time": 1200, "end_time": 5000, "words": [{"text": "Good"}]},
        {"channel_id": 0, "text": C, "begin_time": 6000, "end_time": 9000},
    ]},
    "a robot and a user, moments": {"started_at": "2026-11-17T14:03:00+08:00", "dialogue": [
        {"speaker": "robot", "content": A, "time": "2026-11-17 14:03:01.200", "duration": "3.8s"},
        {"speaker": "user", "content": C, "time": "2026-11-17 14:03:06", "duration": "3000ms"},
    ]},
    "epochs": {"started_at": 1794924180000, "messages": [
        {"sender": "agent", "message": A, "timestamp": 1794924181200, "end_time": 1794924185000},
        {"sender": "client", "message": C, "timestamp": 1794924186000, "end_time": 1794924189000},
    ]},
    "speakers the other way round": {"speakers": {"agent": ["S1"], "customer": "S2"}, "对话": [
        {"说话人": "S1", "内容": A, "开始时间": 1200, "结束时间": 5000},
        {"说话人": "S2", "内容": C, "开始时间": 6000, "结束时间": 9000},
    ]},
}  # fmt: skip


@pytest.mark.parametrize("name", EXPORTS)
def test_an_export(name: str) -> None:
    found = read(EXPORTS[name])
    given = [("agent", 1.2, 5.0), ("customer", 6.0, 9.0)]
    assert told(found) == ([("agent", 0, 4), ("customer", 5, 8)] if name == "a clock of the day" else given)
    assert [turn.text for turn in found.turns] == [A, C]


def test_turns_under_another_name_are_no_facts(tmp_path: Path) -> None:
    for sent in EXPORTS.values():
        kept = parse_facts(sent, "here").extra
        assert not {"transcripts", "Transcript", "sentences", "asrResult", "utterances", "speakers", "对话"} & set(kept)
    assert parse_facts({"messages": "3", "transcript": []}, "here").extra == {"messages": "3", "transcript": []}
    path = tmp_path / "calls.jsonl"
    path.write_text("\n".join(json.dumps(sent) for sent in EXPORTS.values()), encoding="utf-8")
    assert not any(isinstance(line, ManifestProblem) for line in read_manifest(path))


def test_turns_that_stand_elsewhere_are_told(tmp_path: Path) -> None:
    sent = {"call_id": "C-1", "data": {"results": [{"utterances": [{"speaker": "A", "text": "x"}]}]}}
    assert "`data.results.0.utterances` looks like it: send that list as `turns`" in refused(sent)
    path = tmp_path / "calls.jsonl"
    path.write_text(json.dumps(sent), encoding="utf-8")
    (line,) = read_manifest(path)
    assert isinstance(line, ManifestProblem)
    assert line.error.code is ErrorCode.MANIFEST_LINE_INVALID
    assert "data.results.0.utterances" in str(line.error)


def test_of_two_lists_of_turns_nobody_knows_which() -> None:
    one = [{"role": "agent", "text": "x"}]
    assert "`sentences` and `utterances`; send that of the call as `turns`" in refused(
        {"sentences": one, "utterances": one}
    )
    assert len(read({"sentences": one, "turns": [*one, *one]}).turns) == 2


@pytest.mark.parametrize(
    ("labels", "found"),
    [
        (("AGENT", "Customer"), ["agent", "customer"]),
        (("坐席1", "客户"), ["agent", "customer"]),
        (("坐席(8001)", "系统", "用户"), ["agent", "unknown", "customer"]),
        (("agent", "system", "user"), ["agent", "unknown", "customer"]),
        (("user", "customer"), ["agent", "customer"]),
        (("Agent", "Caller"), ["agent", "customer"]),
        (("bot", "client"), ["agent", "customer"]),
    ],
)
def test_words_for_speakers(labels: tuple[str, ...], found: list[str]) -> None:
    assert roles(*labels) == found


@pytest.mark.parametrize(
    "labels",
    [("0", "1"), ("A", "B"), ("SPEAKER_00", "agent"), ("caller", "callee"), ("user", "agent", "customer"), ("",)],
)
def test_labels_that_nobody_explains(labels: tuple[str, ...]) -> None:
    assert "send `speakers`" in refused({"turns": [{"speaker": one, "text": "x"} for one in labels]})


def test_labels_that_the_call_explains() -> None:
    speakers = {"SPEAKER_00": "坐席", "1": "customer"}
    assert roles("SPEAKER_00", 1, 1.0, speakers=speakers) == ["agent", "customer", "customer"]
    assert roles("customer", "x", speakers={"customer": "agent", "x": "customer"}) == ["agent", "customer"]
    assert "neither agent nor customer" in refused(
        {"turns": [{"role": "agent", "text": "x"}], "speakers": {"0": "boss"}}
    )
    assert "who is who" in refused({"turns": [{"role": "agent", "text": "x"}], "speakers": "agent first"})


def test_channels_are_roles_only_where_the_call_says_so_and_both_are_there() -> None:
    assert [turn.role.value for turn in read(channels(0, 1, channels="agent_left")).turns] == ["agent", "customer"]
    assert [turn.role.value for turn in read(channels("R", "L", channels="agent_right")).turns] == ["agent", "customer"]
    assert "or `channels`" in refused(channels(0, 1))
    for sent in (channels(0, 0, channels="agent_left"), channels(1, 2, channels="agent_left")):
        assert "send `speakers`" in refused(sent)


def test_two_fields_that_contradict_each_other() -> None:
    assert "role says agent and speaker says customer" in refused(
        [{"role": "agent", "speaker": "customer", "text": "x"}]
    )
    assert read([{"role": "unknown", "speaker": "customer", "text": "x"}]).turns[0].role.value == "customer"


@pytest.mark.parametrize(
    ("turn", "told"),
    [
        ({"text": "x"}, "turn 1 does not say who speaks"),
        ({"role": "agent"}, "turn 1 has no `text`"),
        ({"role": "agent", "text": "x", "start_time": "soon"}, "turn 1, field start_time: 'soon' is no time"),
        ({"role": "agent", "text": "x", "start_time": -1}, "turn 1, field start_time"),
        ({"role": "agent", "text": "x", "start": "14:03"}, "of the day, or minutes and seconds"),
        ({"role": "agent", "text": "good morning", "start": 0, "end": 60}, "seconds or milliseconds"),
        ({"role": "agent", "text": "x", "start_s": "9" * 400}, "turn 1, field start_s"),
        ({"role": "agent", "text": "x", "start": "9" * 400 + ":00:00"}, "turn 1, field start"),
        ({"role": "agent", "text": "x", "start": {"frames": 3}}, "an object is no time"),
        ({"role": "agent", "text": "x", "start_s": 3, "end_ms": 2000}, "turn 1: its end 2 lies before its start 3"),
        ("hello", "turn 1 is a text, not an object"),
    ],
)
def test_what_cannot_be_read_is_named(turn: Any, told: str) -> None:
    assert told in refused([turn])


def test_bare_numbers_without_ends_go_by_the_gaps() -> None:
    lines = [{"role": "agent", "text": A}, {"role": "customer", "text": C}, {"role": "agent", "text": A}]
    for unit in (1, 1000):
        found = read([{**line, "start": (1.5 + 6 * n) * unit} for n, line in enumerate(lines)])
        assert [turn.start_s for turn in found.turns] == [1.5, 7.5, 13.5]


def test_moments_of_another_clock_begin_at_the_first_turn() -> None:
    """A log in local time beside a start in UTC says how turns lie to each other, and not more."""
    turns = [
        {"role": "agent", "text": A, "time": "2026-11-17 22:03:05"},
        {"role": "customer", "text": C, "time": "2026-11-17 22:03:11"},
    ]
    assert [turn.start_s for turn in read({"started_at": "2026-11-17T14:03:00Z", "turns": turns}).turns] == [0, 6]
    own = {"started_at": "2026-11-17T14:03:00Z", "clock_tz": "Asia/Shanghai", "turns": turns}
    assert [turn.start_s for turn in read(own).turns] == [5, 11]
