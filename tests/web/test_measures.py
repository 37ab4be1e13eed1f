"""Measures on the page of a call: side by side, with moments to hear, and in words at the turns."""

from __future__ import annotations

import re

import pytest
from fastapi.testclient import TestClient

from qa_service.records import Hold, Interruption, Measures, Role, SpeakerMeasures, TurnMeasures
from qa_service.web.deps import Services
from qa_service.web.render import signed
from tests.web.calling import inspected
from tests.web.test_pages import EN, ZH, plain, text_of

SIDES = {
    "agent": SpeakerMeasures(
        speech_s=75, talk_ratio=0.75, loudness_dbfs=-22.5, rate_per_min=301.4, rate_unit="characters", pitch_hz=128.4,
        pitch_range_st=9.5, longest_turn_s=8.25, interruptions=1, raised_voice=1,
    ),
    "customer": SpeakerMeasures(speech_s=25, talk_ratio=0.25),
}  # fmt: skip
MEASURES = Measures(
    duration_s=150.0,
    speakers=SIDES,
    longest_silence_s=12.04,
    longest_silence_start_s=61.5,
    silence_ratio=0.4,
    overlap_s=1.5,
    turns=(
        TurnMeasures(turn=0, interrupts=True, overlap_s=1.5),
        TurnMeasures(turn=1, silence_before_s=12.04, silence_kept_by=Role.CUSTOMER),
        TurnMeasures(turn=2, raised_voice=True, loudness_step_db=8.1, pitch_step_st=2.5, silence_before_s=4.9),
    ),
    interruptions=(Interruption(start_s=16.0, overlap_s=1.5, by=Role.AGENT, turn=0, interrupted_turn=1),),
    holds=(Hold(start_s=61.5, end_s=73.54, kind="music"),),
)


def page_of(client: TestClient, services: Services, headers: dict[str, str]) -> str:
    inspected(services, "C-1", None, measures=MEASURES)
    return client.get("/calls/C-1", headers=headers).text


def test_both_sides_stand_beside_each_other(client: TestClient, services: Services) -> None:
    words = plain(page_of(client, services, EN))
    for row in (
        "Measures Agent Customer",
        "Share of talk 75 % 01:15 25 % 00:25",
        "Speech rate 301 chars/min –",
        "Loudness −22.5 dBFS –",
        "Pitch 128 Hz range 9.5 semitones –",
        "Longest turn 8.2 s –",
        "Cuts in 1 00:16 0",
        "Raised voice 1 00:08 0",
        "Longest silence 12.0 s 01:01 kept by Customer",
        "Nobody speaks music 12 s 01:01",
        "Silence 40 % of 02:30",
        "Both speak 1.5 s",
    ):
        assert row in words, row


def test_moments_can_be_heard_and_have_names(client: TestClient, services: Services) -> None:
    page = page_of(client, services, EN)
    for seconds, name in (("16.0", "00:16"), ("61.5", "01:01"), ("8.0", "00:08")):
        assert re.search(rf'<button [^>]*data-seek="{seconds}" aria-label="Play from {name}"', page)


@pytest.mark.parametrize(
    ("headers", "words"),
    [
        (EN, ("cuts in", "after 12.0 s of silence kept by Customer", "raised voice")),
        (ZH, ("打断", "静默 12.0 秒后 客户未开口", "提高嗓门")),
    ],
)
def test_turns_are_marked_in_words(
    client: TestClient, services: Services, headers: dict[str, str], words: tuple[str, ...]
) -> None:
    page = page_of(client, services, headers)
    marks = re.findall(r'<span class="heard"[^>]*>([^<]+)</span>', page)
    assert sorted(marks) == sorted(words)


def test_marks_tell_their_numbers(client: TestClient, services: Services) -> None:
    page = page_of(client, services, EN)
    assert "both speak for 1.5 s" in page
    assert "+8.1 dB and +2.5 semitones against this speaker&#39;s other turns" in page


def test_a_call_without_sound_has_no_measures(client: TestClient, services: Services) -> None:
    inspected(services)
    assert "Share of talk" not in text_of(client, "/calls/C-1")


def test_measures_of_an_inspection_made_before_turns_were_measured(client: TestClient, services: Services) -> None:
    inspected(services, "C-1", None, measures=Measures(duration_s=10, longest_silence_s=3.0))
    assert "Longest silence 3.0 s" in text_of(client, "/calls/C-1")


def test_signs() -> None:
    assert [signed(v) for v in (None, 1.25, -3.0, 0.0)] == ["–", "+1.2", "−3.0", "+0.0"]
