"""The three sentences: which clauses a day gets, and that they say the figures."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest

from qa_service.report.prose import written
from qa_service.report.words import LANGUAGES, words
from qa_service.settings import bundled
from tests.factories import DAY
from tests.report.days import (
    BRISK,
    DOUBTED,
    RUDE,
    THREAT,
    call,
    failed,
    mixed_day,
    not_assessable,
    refused,
    report_of,
    waiting,
)


def clauses(report):
    return [[c.key for c in s.clauses] for s in report.sentences]


def said(report, language):
    """The sentences without markup, with plain spaces."""
    t = words(bundled("reports"), language)
    return [re.sub(r"<[^>]+>", "", written(s, report, t)).replace("\u00a0", " ") for s in report.sentences]


def teams():
    return report_of([call(n, RUDE, team="红") for n in range(1, 11)] + [call(n, team="蓝") for n in range(11, 61)])


def with_days_before(*entries):
    before = {DAY - timedelta(days=n): [call(m, day=DAY - timedelta(days=n)) for m in range(9)] for n in (1, 2, 3)}
    return report_of(entries, before)


@pytest.mark.parametrize(
    ("report", "expected"),
    [
        (report_of(), [["no_calls"], ["nothing_known"], ["no_days"]]),
        (report_of(quarantined=(refused(),)), [["no_calls", "refused"], ["nothing_known"], ["no_days"]]),
        (with_days_before(), [["no_calls"], ["nothing_known"], ["last_day"]]),
        (report_of([failed(1), not_assessable(2), waiting(3)]),
         [["inspected", "not_assessable", "failed", "waiting"], ["nothing_known"], ["trouble", "waiting_hint"]]),
        (report_of([call(1)]),
         [["inspected", "speech"], ["no_critical", "no_band", "no_yesterday"], ["nothing_found"]]),
        (report_of([call(1, DOUBTED)]),
         [["inspected", "speech"], ["no_critical", "no_band", "no_yesterday", "critical_doubtful"],
          ["none_confirmed", "only_doubtful"]]),
        (with_days_before(call(1, THREAT)),
         [["inspected", "speech"], ["critical", "band_above", "yesterday"], ["most", "none_apart"]]),
        (with_days_before(call(1, BRISK)),
         [["inspected", "speech"], ["no_critical", "band_within", "yesterday"], ["uncited", "none_apart"]]),
        (teams(), [["inspected", "speech"], ["no_critical", "no_band", "no_yesterday"], ["most", "team_above"]]),
    ],
)  # fmt: skip
def test_a_day_gets_the_clauses_that_it_needs(report, expected):
    assert clauses(report) == expected


def test_a_mixed_day_in_english():
    assert said(report_of(mixed_day()), "en") == [
        "9 of 12 calls received were inspected (75 %); 1 could not be assessed; 1 failed; 1 is still waiting; "
        "99 % of the speech in the inspected calls was transcribed.",
        "1 of the 9 inspected calls holds a confirmed critical violation (11 %, 95 % interval 2–43 %); too few of the "
        "7 days before had calls for a comparison; no calls were inspected the day before; 2 more critical findings "
        "are not confirmed and not counted.",
        "Most frequent among the critical violations is CN-THREAT-01 暴力、威胁、恐吓, found 2 times in 1 of 9 calls; "
        "no team or agent stands clearly above the day.",
    ]


def test_a_mixed_day_in_chinese():
    assert said(report_of(mixed_day()), "zh")[1] == (
        "已质检的 9 通中有 1 通存在已确认的严重违规（11 %，95 % 区间 2–43 %）；前 7 日有数据的日数太少，不作区间比较；"
        "前一日没有已质检的通话；另有 2 处严重发现尚未确认，未计入。"
    )


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_team_that_stands_apart_is_named_with_its_interval(language):
    last = said(teams(), language)[2]
    assert "红" in last
    assert "72–100 %" in last


def test_findings_without_a_requirement_are_still_violations():
    last = said(report_of([call(1, BRISK), call(2)]), "en")[2]
    assert last.startswith("1 of 2 inspected calls holds a confirmed violation (50 %")
