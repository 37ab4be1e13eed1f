"""The pages: what they show, in both languages, and that nothing of the data gets through unescaped."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from html import unescape

import pytest
from fastapi.testclient import TestClient

from qa_service.inspect.score import score
from qa_service.records import (
    Correction,
    EarlierCall,
    ErrorInfo,
    FindingState,
    NotAssessed,
    Polarity,
    Role,
    Severity,
    SpokenNumber,
    Turn,
    Word,
)
from qa_service.web.deps import Services
from qa_service.web.pages import today
from qa_service.web.pages.today import Share, Tile
from qa_service.web.render import clock, marked, percent, segment
from tests.factories import NOW, facts, finding, inspection, turns, unassessable
from tests.web.calling import HARM, SAMPLE, inspect, inspected, keep

ZH, EN = {"Accept-Language": "zh"}, {"Accept-Language": "en"}
DAY = "2026-11-17"


def text_of(client: TestClient, path: str, headers: dict[str, str] = EN) -> str:
    answer = client.get(path, headers=headers)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    return plain(answer.text)


def plain(page: str) -> str:
    """Words of a page without its marks, spaces folded."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page))


@pytest.mark.parametrize("path", ["/", "/search", "/reports", "/docs", "/calls/C-1", f"/?day={DAY}"])
@pytest.mark.parametrize(("headers", "lang"), [(ZH, "zh-Hans"), (EN, "en")])
def test_every_page_is_there_in_both_languages(
    client: TestClient, services: Services, path: str, headers: dict[str, str], lang: str
) -> None:
    inspected(services)
    answer = client.get(path, headers=headers)
    assert answer.status_code == 200
    assert f'<html lang="{lang}">' in answer.text
    assert "{{" not in answer.text
    assert "None" not in plain(answer.text)


def test_a_language_once_chosen_stays(client: TestClient) -> None:
    assert '<html lang="en">' in client.get("/reports?lang=en", headers=ZH).text
    assert '<html lang="en">' in client.get("/search", headers=ZH).text
    assert 'href="/search?q=x&amp;lang=zh"' in client.get("/search?q=x").text


def test_an_empty_service_says_what_to_do(client: TestClient) -> None:
    assert "qa ingest" in text_of(client, "/")
    assert "There are no calls yet" in text_of(client, "/reports")
    assert "What can be searched" in text_of(client, "/search")


def test_today_leads_with_coverage_and_what_to_hear(client: TestClient, services: Services) -> None:
    inspected(services, "C-1", SAMPLE)
    keep(services, "C-2")
    page = text_of(client, "/")
    assert "50 % 1 of 2 calls inspected" in page
    assert "waiting 1" in page
    assert page.index("Coverage") < page.index("Critical findings to hear now") < page.index("Calls of the day")
    assert "打电话给你单位" in page
    assert "1 of 1 call (100 %)" in page
    assert 'href="/calls/C-1?t=1.0&amp;play=1"' in client.get("/").text


def test_today_shows_what_was_not_inspected_and_why(client: TestClient, services: Services) -> None:
    keep(services, "C-1")
    inspect(services, unassessable("C-1"))
    services.store.quarantine.add("upload: x.mp3", ErrorInfo(code="not_audio", message="x.mp3 is no audio."), NOW)
    page = text_of(client, f"/?day={DAY}")
    assert "not assessable No speech No speech." in page
    assert "upload: x.mp3 refused Not audio x.mp3 is no audio." in page
    assert "0 % 0 of 1 call inspected" in page


def test_a_clean_call_with_unjudged_rules_is_not_called_clean(client: TestClient, services: Services) -> None:
    keep(services, "C-1")
    inspect(services, inspection("C-1"))
    assert "no findings, 1 rule not assessed" in text_of(client, "/")
    page = text_of(client, "/calls/C-1")
    assert "No findings. 1 rule could not be assessed, see below." in page


def test_doubtful_findings_are_counted_apart(client: TestClient, services: Services) -> None:
    inspected(services, "C-1", None, finding(state=FindingState.UNVERIFIED))
    page = text_of(client, "/")
    assert "0 of 1 call (0 %)" in page
    assert "1 more finding unverified or to review" in page


def test_the_day_before_is_compared_with(client: TestClient, services: Services) -> None:
    keep(services, "C-0", known=facts(started_at="2026-11-16T09:00:00+08:00"))
    inspect(services, inspection("C-0"))
    inspected(services, "C-1")
    page = text_of(client, "/")
    assert "day before 0 of 1 (0 %) ↑ 100 points" in page
    assert 'href="/?day=2026-11-16"' in client.get("/").text


def test_the_change_is_that_of_the_shares_and_not_of_what_is_shown_of_them() -> None:
    tile = Tile(Severity.CRITICAL, Share(13, 290), Share(1, 37), 0)
    assert tile.points == 2
    assert Tile(Severity.CRITICAL, Share(0, 0), Share(3, 4), 0).points is None


def test_a_call_that_waits_to_be_inspected_again_is_not_judged_by_its_old_result(
    client: TestClient, services: Services
) -> None:
    keep(services, "C-0", known=facts(started_at="2026-11-16T09:00:00+08:00"))
    inspect(services, inspection("C-0", findings=(finding(),)))
    inspected(services, "C-1")
    services.store.queue.requeue(["C-1"])
    page = text_of(client, f"/?day={DAY}")
    assert "Critical findings to hear now 0" in page
    assert "No call of this day is inspected, so nothing is known of it." in page
    assert "– of 0 calls (–) day before 1 of 1 (100 %) Major" in page
    assert "of the speech transcribed" not in page
    assert "信用卡 00:12 – – waiting" in page
    assert "1 0 of 1 (0 %) 0 – 中文" in text_of(client, "/reports")
    assert client.get("/api/v1/reports").json()["days"][0]["findings"] == 0


def test_a_day_on_which_every_file_was_refused_is_shown_and_has_a_report(
    client: TestClient, services: Services
) -> None:
    inspected(services)
    for number in range(25):
        error = ErrorInfo(code="not_audio", message="That is no audio.")
        services.store.quarantine.add(f"{number}.docx", error, datetime(2026, 11, 18, 16, 30, tzinfo=UTC))
    page = text_of(client, "/?day=2026-11-19")
    assert "25 files came in and were refused." in page
    assert "Not inspected, and why 25" in page
    assert "The last 20 refused files are listed" in page
    assert 'href="/?day=2026-11-19"' in client.get(f"/?day={DAY}").text
    assert "2026-11-19 Thu 0 0 of 0 (–) 0 25" in text_of(client, "/reports")
    assert "25.docx" not in text_of(client, "/reports/2026-11-19")
    assert "24.docx" in text_of(client, "/reports/2026-11-19")
    assert client.get("/reports/2026-11-18").status_code == 404
    assert f"The latest report {DAY}" in text_of(client, "/reports")
    services.store.quarantine.add("new.docx", ErrorInfo(code="not_audio", message="No audio."), datetime.now(UTC))
    page = text_of(client, "/")
    assert f"This is the latest day with calls: {DAY}. 1 file came in and was refused." in page


def test_sheets_of_a_day_hold_all_of_its_calls(
    client: TestClient, services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(today, "MOST_CALLS", 2)
    for number in range(3):
        keep(services, f"C-{number}", known=facts(started_at=f"2026-11-17T09:0{number}:00+08:00"))
    page = client.get(f"/?day={DAY}", headers=EN)
    sheets = re.findall(r'class="csv" href="([^"]+)">([^<]+)<', page.text)
    assert [words for _, words in sheets] == ["CSV 1–2", "CSV 3–3"]
    rows = [line for address, _ in sheets for line in client.get(unescape(address)).text.splitlines()[1:]]
    assert sorted(row.split(",")[0] for row in rows) == ["C-0", "C-1", "C-2"]


@pytest.mark.parametrize("day", ["2026-02-30", "x", "17.11.2026"])
def test_a_day_that_is_none_is_an_error_page(client: TestClient, day: str) -> None:
    answer = client.get(f"/?day={day}", headers=EN)
    assert answer.status_code == 400
    assert "The request is wrong" in plain(answer.text)


@pytest.mark.parametrize("day", ["0001-01-01", "9999-12-31"])
def test_the_first_and_the_last_of_all_days_break_nothing(client: TestClient, services: Services, day: str) -> None:
    inspected(services)
    assert "No calls on this day" in text_of(client, f"/?day={day}")


HEAD = (
    "2026-11-17 09:30 +08:00", "Agent A-201 周敏", "一组", "M2–M3 信用卡", "70 points A", "Critical 1", "coverage 99 %",
    "CN-THIRD-03", "CN-COLL-003 v1", "−30 points", "1 rule not assessed", "CN-COLL-020",
)  # fmt: skip


def test_a_call_shows_its_head_transcript_findings_and_what_was_not_judged(
    client: TestClient, services: Services
) -> None:
    inspected(services, "C-1", SAMPLE)
    page = client.get("/calls/C-1", headers=EN).text
    words = plain(page)
    for part in HEAD:
        assert part in words, part
    assert '<mark class="hit hit-critical" data-finding="0">打电话给你单位</mark>' in page
    assert 'src="/api/v1/calls/C-1/audio"' in page
    assert 'data-start="4.0"' in page


def test_word_times_and_doubtful_words_are_marked(client: TestClient, services: Services) -> None:
    words = tuple(
        Word(text=c, start_s=n, end_s=n + 1, probability=0.2 if c == "你" else 0.9) for n, c in enumerate("打给你")
    )
    turn = Turn(index=0, role=Role.AGENT, start_s=0, end_s=3, text="打给你", words=words, flags=("low_confidence",))
    inspected(services, "C-1", None, finding(quote="给你"), turns=(turn,))
    page = client.get("/calls/C-1", headers=EN).text
    assert '<mark class="hit hit-critical" data-finding="0"><span data-s="1.0">给</span>' in page
    assert '<span class="doubt" title="recognised with 20 % probability" data-s="2.0">你</span>' in page
    assert "unclear" in page


def test_corrected_terms_and_spoken_numbers_say_what_was_heard_and_the_digits(
    client: TestClient, services: Services
) -> None:
    words = (
        Word(text="欠款", start_s=0, end_s=1, probability=0.2),
        Word(text="一万", start_s=1, end_s=2, probability=0.9),
        Word(text="二", start_s=2, end_s=3, probability=0.9),
    )
    turn = Turn(
        index=0, role=Role.AGENT, start_s=0, end_s=3, text="欠款一万二<b>", words=words,
        corrections=(Correction(start=0, end=2, heard="<i>千款"), Correction(start=7, end=99, heard="outside")),
        numbers=(SpokenNumber(start=2, end=5, digits="12000"),),
    )  # fmt: skip
    inspected(services, "C-1", None, turns=(turn,))
    page = client.get("/calls/C-1", headers=EN).text
    heard = (
        'class="doubt mended" title="heard as “&lt;i&gt;千款” · recognised with 20 % probability" data-s="0.0">欠款<'
    )
    assert heard in page
    assert '<span class="number" title="digits 12000" data-s="1.0">一万</span>' in page
    assert '<span class="number" title="digits 12000" data-s="2.0">二</span>' in page
    assert "&lt;b&gt;</p>" in page
    assert "outside" not in page


def test_what_a_search_asked_for_is_marked_in_its_call(client: TestClient, services: Services) -> None:
    inspected(services, "C-1", None, turns=turns("再不还我就打电话给你单位", "别打电话"))
    page = client.get("/calls/C-1?q=near(电话 别, 10s) role:agent", headers=EN).text
    assert page.count('class="sought"') == 3
    assert '<span class="sought">别</span>' in page
    assert "sought" not in client.get("/calls/C-1?q=-电话").text
    assert "sought" not in client.get('/calls/C-1?q="电话').text


def test_reasons_are_said_in_the_readers_words(client: TestClient, services: Services) -> None:
    inspected(services, "C-1", None, finding(reason="doubtful_words: turn 0", deduct=-5.0))
    page = text_of(client, "/calls/C-1")
    assert "Why: the words are not sure: turn 0" in page
    inspected(services, "C-2", None, finding(reason="doubtful_words: low_confidence, turn 3"))
    assert "识别不确定: 听不清, turn 3" in text_of(client, "/calls/C-2", ZH)
    assert "a fact is missing: x" in page
    assert "+5 points" in page
    assert "缺少通话信息: x" in text_of(client, "/calls/C-1", ZH)


def test_a_fault_that_two_rules_tell_is_deducted_once_and_the_page_says_so(
    client: TestClient, services: Services
) -> None:
    both = (finding(), finding(rule_id="CN-COLL-004", deduct=10.0))
    inspected(services, "C-1", None, *both, score=score(both))
    page = text_of(client, "/calls/C-1")
    assert "−30 points" in page
    assert "−10 points, not taken off again: deducted with CN-COLL-003" in page
    assert "扣 10 分，不重复扣：已随 CN-COLL-003 扣分" in text_of(client, "/calls/C-1", ZH)
    before = score(both).model_copy(update={"points": 60.0})
    inspected(services, "C-2", None, *both, score=before)  # inspected when both were deducted
    assert "not taken off again" not in text_of(client, "/calls/C-2")


def test_a_finding_over_several_calls_leads_to_each_of_them(client: TestClient, services: Services) -> None:
    at = NOW.replace(hour=1)
    earlier = (
        EarlierCall(call_id="C-0/a", at=at, what="conversation"),
        EarlierCall(call_id="C-9", at=at, what="attorney", start_s=67.2),
        EarlierCall(call_id="calls[3]", at=at, what="attempt", sent=True),
    )
    over = finding(rule_id="OVER-1", turns=(), quote="C-0/a 2026-11-17 01:00", earlier=earlier)
    inspected(services, "C-1", None, over)
    page = client.get("/calls/C-1", headers=EN).text
    assert re.findall(r'href="(/calls/C-[^"1]*)">C-', page) == ["/calls/C-0%2Fa", "/calls/C-9?t=67.2"]
    assert "<blockquote" not in page
    assert "Earlier calls: C-0/a" in plain(page)
    assert re.search(r"calls\[3\] 2026-11-17 [\d:+ ]+ \(sent with the facts of this call\)", plain(page))
    assert 'href="/calls/calls' not in page


def test_states_and_severities_are_seen_by_word_and_shape(client: TestClient, services: Services) -> None:
    found = [
        finding(severity=s, state=st, polarity=Polarity.PRAISE if s == Severity.PRAISE else Polarity.VIOLATION)
        for s in Severity
        for st in FindingState
    ]
    inspected(services, "C-1", SAMPLE, *found)
    page = client.get("/calls/C-1", headers=EN).text
    for severity in Severity:
        assert f"icons.svg#{severity}" in page
    for state in ("confirmed", "unverified", "needs review"):
        assert state in plain(page)


def test_a_call_that_waits_asks_again_by_itself(client: TestClient, services: Services) -> None:
    keep(services, "C-1", SAMPLE)
    page = client.get("/calls/C-1", headers=EN).text
    assert 'data-wait="/api/v1/calls/C-1"' in page
    assert "waiting" in page


def test_a_call_that_could_not_be_judged_shows_no_count_of_findings(client: TestClient, services: Services) -> None:
    keep(services, "C-1")
    inspect(services, unassessable("C-1"))
    page = text_of(client, "/calls/C-1")
    assert "not assessable: No speech" in page
    assert "Findings –" in page
    assert "No findings" not in page


def test_a_call_given_as_text_has_no_player(client: TestClient, services: Services) -> None:
    inspected(services)
    page = client.get("/calls/C-1", headers=EN).text
    assert "<audio" not in page
    assert "given as text" in page


def test_neighbours_in_time_are_one_click_away(client: TestClient, services: Services) -> None:
    for n in range(3):
        keep(services, f"C-{n}", known=facts(started_at=f"2026-11-17T0{n}:00:00+08:00"))
    page = client.get("/calls/C-1").text
    assert 'rel="prev" href="/calls/C-0"' in page
    assert 'rel="next" href="/calls/C-2"' in page


@pytest.mark.parametrize("path", ["/calls/nothing", "/calls/a%2Fb", "/reports/2020-01-01", "/nothing"])
def test_what_is_not_there_is_a_page_that_says_so(client: TestClient, path: str) -> None:
    answer = client.get(path, headers=EN)
    assert answer.status_code == 404
    assert "Back to Today" in answer.text


def test_the_latest_report_is_one_click_away(client: TestClient, services: Services) -> None:
    inspected(services)
    page = client.get("/reports", headers=EN).text
    assert f'class="button primary" href="/reports/{DAY}"' in page
    assert "1 of 1 call inspected · Violations 1" in plain(page)


def test_nothing_of_the_data_gets_through_unescaped(client: TestClient, services: Services) -> None:
    harmful = facts(agent_id=HARM, agent_name=HARM, team=HARM, product=HARM, debtor_segment=HARM, extra={HARM: HARM})
    keep(services, HARM, SAMPLE, harmful)
    found = finding(
        rule_id=HARM, title=HARM, requirements=(HARM,), quote=HARM, message=HARM, reason=HARM, gates=(HARM,), pack=HARM
    )
    unjudged = (NotAssessed(rule_id=HARM, requirements=(HARM,), reason=HARM),)
    inspect(
        services,
        inspection(HARM, findings=(found,), turns=turns(f"单位 {HARM}", HARM), not_assessed=unjudged, notes=(HARM,)),
    )
    services.store.quarantine.add(HARM, ErrorInfo(code=HARM, message=HARM), NOW)
    keep(services, "C-2", known=facts(agent_id=HARM))
    inspect(services, unassessable("C-2").model_copy(update={"error": ErrorInfo(code=HARM, message=HARM)}))
    for path in ("/", f"/?day={DAY}", "/search?q=单位", f"/search?q={segment(HARM)}&agent={segment(HARM)}",
                 f"/calls/{segment(HARM)}", "/calls/C-2", f"/reports/{DAY}?language=zh", f"/reports/{DAY}?language=en",
                 f"/calls/{segment(HARM)}x", f"/?day={segment(HARM)}", f"/{segment(HARM)}",
                 f"/search?lang=en&x={segment(HARM)}", f"/search?like={segment(HARM)}%230", "/reports"):  # fmt: skip
        page = client.get(path).text
        assert "<script>alert" not in page, path
        assert "<img src=x" not in page, path
        assert "<svg/onload" not in page, path
        assert "49" not in re.findall(r"'(\d+)", page), path


def test_the_log_in_page_escapes_what_it_is_given(anonymous: TestClient) -> None:
    page = anonymous.get("/login", params={"next": f"/{HARM}", "lang": HARM}).text
    assert "<script>alert" not in page


def test_no_ride_of_the_host_header(client: TestClient) -> None:
    assert "evil" not in client.get("/", headers={"Host": "evil.test"}).text


@pytest.mark.parametrize(
    ("part", "whole", "shown"),
    [(0, 3, "0 %"), (3, 3, "100 %"), (1, 3, "33 %"), (999, 1000, "99.9 %"), (1, 1000, "0.1 %"),
     (9999, 10000, "> 99.9 %"), (1, 100000, "< 0.1 %"), (1, 0, "–"), (None, 1, "–"),
     (0.995, 1, "99.5 %"), (0.99, 1, "99 %")],
)  # fmt: skip
def test_per_cents_are_exact_where_it_matters(part: float | None, whole: float, shown: str) -> None:
    assert percent(part, whole) == shown


@pytest.mark.parametrize(
    ("seconds", "shown"), [(None, "–"), (0, "00:00"), (42.9, "00:42"), (195, "03:15"), (3600, "1:00:00")]
)
def test_times_in_a_call(seconds: float | None, shown: str) -> None:
    assert clock(seconds) == shown


def test_marks_stand_only_where_they_fit() -> None:
    assert marked("a<b>c", ((1, 4),)) == "a<mark>&lt;b&gt;</mark>c"
    assert marked("abc", ((0, 2), (1, 3), (2, 9))) == "<mark>ab</mark>c"


def test_points_of_what_is_not_confirmed_are_not_told_as_taken_off(client: TestClient, services: Services) -> None:
    doubted = finding().model_copy(update={"state": FindingState.NEEDS_REVIEW, "reason": "rule"})
    inspected(services, "C-1", None, doubted)
    page = plain(client.get("/calls/C-1", headers=EN).text)
    assert "−30 points if confirmed, not counted yet" in page


def test_a_requirement_is_titled_in_the_reader_s_language(client: TestClient, services: Services) -> None:
    inspected(services, "C-1", None, finding(requirements=("CN-THREAT-01",)))
    assert "Violence, threats, intimidation" in client.get("/calls/C-1", headers=EN).text
    assert "暴力、威胁、恐吓" in client.get("/calls/C-1", headers=ZH).text
