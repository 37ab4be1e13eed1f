"""Counting: which calls and findings count, and the interval of a share."""

from __future__ import annotations

import pytest

from qa_service.records import CallState, Coverage, Severity
from qa_service.report.figures import confirmed, doubtful, in_order, outcome, plain, speech_share, violations, wilson
from tests.report.days import BRISK, DOUBTED, KIND, THREAT, call, failed, heard, inspected_with, not_assessable, waiting


@pytest.mark.parametrize(
    ("entry", "expected"),
    [
        (call(1, THREAT), "violation"),
        (call(1, DOUBTED), "doubtful"),
        (call(1, THREAT, DOUBTED), "violation"),
        (call(1), "nothing"),
        (call(1, KIND), "nothing"),
        (not_assessable(1), "not_assessable"),
        (failed(1), "failed"),
        (waiting(1, THREAT), "waiting"),
        (call(1, THREAT).model_copy(update={"state": CallState.WORKING}), "waiting"),
        (call(1).model_copy(update={"inspection": None}), "waiting"),
    ],
)
def test_what_is_known_of_a_call(entry, expected):
    assert outcome(entry) == expected


def test_findings_of_a_result_that_does_not_stand_do_not_count():
    assert violations(waiting(1, THREAT)) == ()
    assert confirmed(waiting(1, THREAT)) == ()


def test_praise_is_no_violation_and_doubt_is_no_confirmation():
    entry = call(1, THREAT, DOUBTED, BRISK, KIND)
    assert confirmed(entry) == (THREAT, BRISK)
    assert confirmed(entry, Severity.CRITICAL) == (THREAT,)
    assert doubtful(entry) == (DOUBTED,)


@pytest.mark.parametrize(("part", "whole"), [(1, 10), (5, 32), (3, 9), (1999, 2000)])
def test_the_interval_ends_where_the_share_would_be_1_96_deviations_away(part, whole):
    share, ends = part / whole, wilson(part, whole)
    for end in ends:
        assert end is not None
        assert abs(share - end) / (end * (1 - end) / whole) ** 0.5 == pytest.approx(1.959964, abs=1e-6)
    assert ends[0] < share < ends[1]


def test_of_none_and_of_all_the_interval_touches_the_end_exactly():
    z2 = 1.959964**2
    assert wilson(0, 20) == (0.0, pytest.approx(z2 / (20 + z2), abs=1e-6))
    assert wilson(3, 3) == (pytest.approx(3 / (3 + z2), abs=1e-6), 1.0)


def test_of_nothing_there_is_no_interval():
    assert wilson(0, 0) == (None, None)


def test_speech_is_summed_in_seconds_over_the_calls_where_it_is_known():
    given = inspected_with(call(3), coverage=Coverage())
    share, known = speech_share([heard(call(1), 90.0, 90.0), heard(call(2), 10.0, 5.0), given])
    assert share == pytest.approx(0.95)
    assert [e.call_id for e in known] == ["C-1", "C-2"]
    assert speech_share([]) == (None, ())


def test_calls_stand_by_time_then_by_id():
    early = call(5, started_at="2026-11-17T08:00:00+08:00")
    same = [call(7, started_at="2026-11-17T09:00:00+08:00"), call(6, started_at="2026-11-17T01:00:00Z")]
    assert [e.call_id for e in in_order([*same, early])] == ["C-5", "C-6", "C-7"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("  a\n b\t", "a b"),
        ("evil\u202egnp.exe\u0000", "evilgnp.exe"),
        ("𠮷野家👨\u200d👩", "𠮷野家👨\u200d👩"),
        ("长" * 300, "长" * 199 + "…"),
    ],
)
def test_text_for_one_line(text, expected):
    assert plain(text) == expected
