"""Given transcripts: times, order, language, and what they do not claim."""

from __future__ import annotations

import itertools
import json
from pathlib import Path

import pytest

from qa_service.intake.transcript import given_transcript, read_transcript
from qa_service.records import CallFacts, Role, RoleSource, Transcript


def given(*turns: dict[str, object], **facts: object) -> Transcript:
    return given_transcript(list(turns), CallFacts.model_validate(facts), "call.json")


def agent(text: str, **times: object) -> dict[str, object]:
    return {"role": "agent", "text": text, **times}


def customer(text: str, **times: object) -> dict[str, object]:
    return {"role": "customer", "text": text, **times}


def test_an_object_with_facts(tmp_path: Path) -> None:
    path = tmp_path / "C-1.json"
    call = {"call_id": "C-1", "meta": {"agent_id": "A-1"}, "turns": [agent("您好")], "expected": {"clean": True}}
    path.write_text(json.dumps(call, ensure_ascii=False), encoding="utf-8")
    facts, transcript = read_transcript(path)
    assert (facts.call_id, facts.agent_id, facts.extra) == ("C-1", "A-1", {})
    assert transcript.turns[0].text == "您好"


def test_what_it_does_not_claim() -> None:
    found = given(agent("您好", labels=["x"], pii=[]), customer("喂"))
    assert (found.engine.name, found.roles.source, found.roles.confidence) == ("none", RoleSource.METADATA, 1)
    assert (found.coverage.ratio, found.coverage.speech_s, found.language_confidence) == (None, None, None)
    assert all(t.confidence is None and not t.words for t in found.turns)


def test_given_times_are_kept() -> None:
    found = given(agent("您好", start_s=1.5, end_s=2.25), customer("喂", start_s=3, end_s=4))
    assert [(t.start_s, t.end_s, t.channel) for t in found.turns] == [(1.5, 2.25, 0), (3, 4, 1)]
    assert found.duration_s == 4


def test_missing_times_follow_one_another_by_length() -> None:
    found = given(agent("一二三四五六七八九十"), customer("喂"), agent("一二三四五"))
    assert [(t.start_s, t.end_s) for t in found.turns] == [(0, 2.2), (2.2, 2.7), (2.7, 3.8)]
    assert found == given(agent("一二三四五六七八九十"), customer("喂"), agent("一二三四五"))


def test_an_end_alone_never_lies_before_its_start() -> None:
    found = given(agent("一二三四五六七八九十"), customer("喂", end_s=1))
    assert [(t.start_s, t.end_s) for t in found.turns] == [(0, 2.2), (1, 1)]


def test_turns_that_all_have_starts_are_put_in_order() -> None:
    """An export may hold one side after the other; rules go by the order of the call."""
    found = given(agent("one", start_s=0), agent("three", start_s=20), customer("two", start_s=10))
    assert [(t.index, t.text) for t in found.turns] == [(0, "one"), (1, "two"), (2, "three")]


def test_without_times_the_given_order_stays() -> None:
    found = given(agent("one", start_s=5), customer("two"), agent("three", start_s=1))
    assert [t.text for t in found.turns] == ["one", "two", "three"]


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("您好,请问是张先生吗", "zh"),
        ("您好,APP 上的 OK 按钮", "zh"),
        ("good morning, am I speaking with Mr 王", "en"),
        ("Сколько я должен", None),
        ("もしもし、お世話になっております", None),
        ("12345 ...", None),
    ],
)
def test_language_by_script(text: str, language: str | None) -> None:
    assert given(agent(text)).language == language


def test_the_facts_know_the_language_better() -> None:
    assert given(agent("OK"), language="zh").language == "zh"


def test_roles() -> None:
    found = given(agent("a"), customer("b"), {"role": "unknown", "text": "c"})
    assert [t.role for t in found.turns] == [Role.AGENT, Role.CUSTOMER, Role.UNKNOWN]


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("hola habla juan si no paga hoy la vamos a arrestar usted debe dos mil pesos y no me diga que no", None),
        ("guten tag hier ist hans sie schulden uns geld und wenn sie heute nicht zahlen kommen wir zu ihnen", None),
        ("hello is this mary you owe us two thousand dollars and if you can't pay it today tell me what works", "en"),
        ("hola habla juan", "en"),
    ],
)
def test_latin_letters_are_not_english_yet(text: str, language: str | None) -> None:
    assert given({"role": "agent", "text": text + " uno"}).language == language


@pytest.mark.parametrize(
    ("piece", "ends"), [("您好。明天还款，", "。"), ("pay by noon, or call ", " "), ("啊", "啊"), ("好，", "，")]
)
def test_a_turn_of_very_many_words_is_divided_and_nothing_lost(piece: str, ends: str) -> None:
    text = piece * 1500
    sent = [
        {"role": "agent", "text": text, "start_s": 10, "end_s": 110},
        {"role": "customer", "text": "喂", "start_s": 111, "end_s": 112},
    ]
    *parts, last = given_transcript(sent, CallFacts(), "here").turns
    assert "".join(part.text for part in parts) == text
    assert all(len(part.text) <= 4000 and part.role is Role.AGENT for part in parts)
    assert all(part.text.endswith(ends) for part in parts[:-1])
    assert [turn.index for turn in (*parts, last)] == list(range(len(parts) + 1))
    assert (parts[0].start_s, parts[-1].end_s, last.start_s) == (10.0, 110.0, 111.0)
    assert all(a.end_s == b.start_s for a, b in itertools.pairwise(parts))
    assert len(parts) <= 1 + len(text) // 3900
