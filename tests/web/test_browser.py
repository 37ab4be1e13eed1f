"""From a search word to the playing turn, in a real browser before a real service."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi import FastAPI
from playwright.sync_api import Page, expect

from qa_service.records import Severity
from qa_service.web.deps import Services
from tests.audio.sounds import encode, tones
from tests.conftest import SAMPLES
from tests.factories import finding, turns
from tests.web.calling import inspected, keep
from tests.web.serving import serving, spoken

pytestmark = pytest.mark.browser

THREAT = finding(turns=(10,), start_s=29.49, end_s=34.36, quote="你住的那个小区我们兄弟熟得很", rule_id="CN-COLL-007")
ABUSE = finding(turns=(8,), start_s=24.71, end_s=27.44, quote="窝囊废", severity=Severity.MAJOR, deduct=10.0)
AUDIO = "document.getElementById('audio')"
STATE = f"[{AUDIO}.currentTime, {AUDIO}.paused, {AUDIO}.readyState, {AUDIO}.error?.message ?? '']"


@pytest.fixture
def address(app: FastAPI, services: Services) -> Iterator[str]:
    """A service with one inspected call, whose turns are where they are said."""
    inspected(services, "D-ZH-003", SAMPLES / "calls/D-ZH-003.mp3", THREAT, ABUSE, turns=spoken("D-ZH-003"))
    with serving(app) as found:
        yield found


def until(page: Page, condition: str, seconds: float = 15.0) -> None:
    """Wait until a condition holds. Asked from outside: the pages' policy forbids scripts made from strings."""
    end = time.monotonic() + seconds
    while not page.evaluate(condition):
        assert time.monotonic() < end, f"{condition} at {page.url}, {page.evaluate(STATE)}"
        page.wait_for_timeout(50)


def now(page: Page) -> float:
    return float(page.evaluate(f"{AUDIO}.currentTime"))


def wait_until_it_plays(page: Page, start: float) -> None:
    """Wait until the sound moves on by itself, a little after ``start``."""
    until(page, f"!{AUDIO}.paused && {AUDIO}.currentTime > {start} + 0.3")
    before = now(page)
    assert before < start + 4
    until(page, f"{AUDIO}.currentTime > {before} + 0.3")


def test_from_a_search_word_to_the_playing_turn(page: Page, address: str) -> None:
    page.keyboard.press("/")
    page.wait_for_url(f"{address}/search")
    page.keyboard.type("小区")
    page.keyboard.press("Enter")
    expect(page.locator(".hits mark")).to_have_text("小区")
    page.click(".hits a.play")
    page.wait_for_url("**/calls/D-ZH-003?t=3*")
    at = float(page.url.split("t=")[1].split("&")[0])
    assert THREAT.start_s < at < THREAT.end_s
    wait_until_it_plays(page, at - 0.1)
    turn = page.locator("#turn-10")
    expect(turn).to_have_attribute("aria-current", "true")
    expect(turn).to_be_in_viewport()
    expect(turn.locator("mark")).to_have_text("你住的那个小区我们兄弟熟得很")
    expect(turn.locator(".sought")).to_have_text(["小", "区"])
    expect(page.locator("#toggle")).to_be_visible()
    assert "play=1" not in page.url
    assert float(page.evaluate(f"{AUDIO}.duration")) == pytest.approx(44.1, abs=0.3)


def test_a_click_on_a_turn_plays_it_and_space_stops_it(page: Page, address: str) -> None:
    page.goto(f"{address}/calls/D-ZH-003")
    page.click("#turn-6 .turn-time")
    wait_until_it_plays(page, 16.0)
    expect(page.locator("#player")).to_have_class("player playing")
    page.keyboard.press(" ")
    until(page, f"{AUDIO}.paused")
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    wait_until_it_plays(page, 22.4)


def test_a_shared_moment_opens_there_without_starting_the_sound(page: Page, address: str) -> None:
    page.goto(f"{address}/calls/D-ZH-003?t=24.71")
    until(page, f"Math.abs({AUDIO}.currentTime - 24.71) < 0.1")
    assert page.evaluate(f"{AUDIO}.paused")
    expect(page.locator("#now")).to_have_text("00:24")
    expect(page.locator("#turn-8")).to_have_attribute("aria-current", "true")


def test_the_waveform_and_its_marks_lead_to_the_moment(page: Page, address: str) -> None:
    page.goto(f"{address}/calls/D-ZH-003")
    expect(page.locator(".lane svg")).to_have_count(2)
    expect(page.locator(".mark-button")).to_have_count(2)
    page.locator(".mark-button.sev-critical").click()
    wait_until_it_plays(page, 29.4)
    expect(page.locator(".finding.shown")).to_contain_text("CN-COLL-007")
    box = page.locator(".lane svg").first.bounding_box()
    assert box
    page.mouse.click(box["x"] + box["width"] / 2, box["y"] + 10)
    until(page, f"Math.abs({AUDIO}.currentTime - 22) < 2")
    page.click("[data-speed='2.0']")
    assert page.evaluate(f"{AUDIO}.playbackRate") == 2


@pytest.mark.parametrize(
    ("container", "codec", "rate"), [("wav", "pcm_mulaw", 8000), ("ogg", "libopus", 48000), ("flac", "flac", 16000)]
)
def test_what_call_centres_record_is_heard_too(
    page: Page, address: str, services: Services, tmp_path: Path, container: str, codec: str, rate: int
) -> None:
    path = encode(
        tmp_path / f"tone.{container}", tones(12.0, 440, 660, rate=rate), container=container, codec=codec, rate=rate
    )
    keep(services, "TONE", path)
    page.goto(f"{address}/calls/TONE?t=5&play=1")
    until(page, f"{AUDIO}.readyState > 0")
    if page.evaluate(f"{AUDIO}.paused"):
        page.click("#toggle")
    wait_until_it_plays(page, 5.0)


def test_a_moment_of_a_call_without_sound_is_shown_in_its_transcript(
    page: Page, address: str, services: Services
) -> None:
    inspected(services, "TEXT", None, finding(turns=(60,), start_s=240.0), turns=turns(*["您好"] * 80))
    page.goto(f"{address}/calls/TEXT?t=200.5")
    expect(page.locator("[aria-current=true].turn")).to_have_id("turn-50")
    expect(page.locator("#turn-50")).to_be_in_viewport()
    page.click(".finding .time-link")
    expect(page.locator("#turn-60")).to_have_attribute("aria-current", "true")
    expect(page.locator("#turn-60")).to_be_in_viewport()


def test_every_page_opens_without_complaint_in_both_languages(page: Page, address: str) -> None:
    for language in ("zh", "en"):
        for path in ("/", "/search?q=小区", "/calls/D-ZH-003", "/reports", "/reports/2026-11-17", "/docs"):
            page.goto(f"{address}{path}{'&' if '?' in path else '?'}lang={language}")
            expect(page.locator("h1").first).to_be_visible()
            wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
            assert wide <= 0, path


def test_help_opens_by_key_and_log_out_leaves(page: Page, address: str) -> None:
    page.keyboard.press("?")
    expect(page.locator("dialog")).to_be_visible()
    page.keyboard.press("Escape")
    page.click("form[action='/logout'] button")
    page.wait_for_url(f"{address}/login")
    page.goto(f"{address}/reports")
    expect(page.locator("input[name=password]")).to_be_visible()
