"""The figures of small days, counted by hand."""

from __future__ import annotations

import random
from datetime import timedelta

import pytest

from qa_service.records import EarlierCall, FindingState, NotAssessed, Severity
from qa_service.report.records import DailyReport
from tests.factories import DAY, NOW
from tests.report.days import (
    BRISK,
    DOUBTED,
    KIND,
    RUDE,
    THREAT,
    call,
    failed,
    ids,
    inspected_with,
    mixed_day,
    refused,
    report_of,
)


@pytest.fixture(scope="module")
def mixed():
    return report_of(mixed_day(), quarantined=(refused(),))


def test_what_was_covered(mixed):
    c = mixed.covered
    assert (c.received.count, c.inspected.part.count, c.inspected.whole.count) == (12, 9, 12)
    assert c.inspected.share == pytest.approx(0.75)
    assert (c.not_assessable.count, c.failed.count, c.waiting.count, c.refused) == (1, 1, 1, 1)
    assert c.speech == pytest.approx(0.99)
    assert c.audio_s == 9 * 12.0


def test_the_inspected_split_into_violating_doubtful_and_nothing(mixed):
    c = mixed.covered
    assert ids(c.violating.part.calls) == ["C-1", "C-2", "C-3"]
    assert ids(c.doubtful.calls) == ["C-4", "C-5"]
    assert ids(c.nothing.calls) == ["C-6", "C-7", "C-8", "C-9"]
    assert c.violating.whole.count == 9
    assert c.violating.share == pytest.approx(3 / 9)


def test_doubtful_findings_are_counted_apart_and_never_as_violations(mixed):
    critical = mixed.severities[0]
    assert (critical.findings.count, critical.calls.part.count) == (2, 1)
    assert ids(critical.unverified.calls) == ["C-4"]
    assert ids(critical.needs_review.calls) == ["C-5"]
    assert ids(critical.doubtful.calls) == ["C-4", "C-5"]
    only = report_of([call(1, DOUBTED), call(2, DOUBTED)])
    assert only.covered.violating.part.count == 0
    assert [r.findings.count for r in only.severities] == [0, 0, 0]
    assert only.requirements[0].findings.count == 0
    assert only.requirements[0].doubtful.count == 2
    assert only.days[-1].shares[Severity.CRITICAL].part == 0


def test_severities(mixed):
    assert [(r.severity, r.findings.count, r.calls.part.count) for r in mixed.severities] == [
        (Severity.CRITICAL, 2, 1), (Severity.MAJOR, 2, 2), (Severity.MINOR, 1, 1)
    ]  # fmt: skip
    assert {r.calls.whole.count for r in mixed.severities} == {9}


def test_moments_stand_in_the_order_in_which_they_are_heard():
    report = report_of([call(1, THREAT.model_copy(update={"start_s": 50.0}), THREAT)])
    assert [m.at_s for m in report.severities[0].findings.calls] == [1.0, 50.0]


def test_a_finding_on_two_requirements_counts_under_both_and_labels_come_along():
    both = THREAT.model_copy(update={"requirements": ("CN-THREAT-01", "CN-X-99")})
    report = report_of([call(1, both), call(2, both, both)])
    rows = {r.id: (r.findings.count, r.calls.count) for r in report.requirements}
    assert rows == {"CN-THREAT-01": (3, 2), "CN-X-99": (3, 2)}
    assert report.severities[0].findings.count == 3
    assert set(report.labels) == {"CN-THREAT-01"}


def test_requirements_stand_gravest_first_and_unconfirmed_ones_last():
    doubted = DOUBTED.model_copy(update={"requirements": ("CN-A",)})
    report = report_of([call(1, RUDE, doubted), call(2, RUDE), call(3, THREAT)])
    assert [r.id for r in report.requirements] == ["CN-THREAT-01", "CN-ABUSE-01", "CN-A"]


def test_agents_with_rates_of_their_own_inspected_calls(mixed):
    rows = {r.label: r for r in mixed.groups["agent"]}
    assert (rows["A-1"].violating.part.count, rows["A-1"].violating.whole.count) == (2, 2)
    assert (rows["A-2"].violating.part.count, rows["A-2"].violating.whole.count) == (1, 4)
    other = rows["A-201"]
    assert (other.received.count, other.inspected.count, other.violating.part.count) == (6, 3, 0)
    assert rows["A-2"].doubtful.count == 2


@pytest.mark.parametrize("dimension", ["team", "agent", "stage", "segment", "kind"])
def test_each_dimension_adds_up_to_the_day(mixed, dimension):
    rows = mixed.groups[dimension]
    assert sum(r.received.count for r in rows) == 12
    assert sum(r.violating.part.count for r in rows) == 3
    assert sum(r.critical.count for r in rows) == 2


def test_a_group_is_called_apart_only_by_its_whole_interval():
    bad = [call(n, RUDE, team="红") for n in range(1, 11)]
    good = [call(n, team="蓝") for n in range(11, 61)]
    few = [call(n, RUDE, team="绿") for n in range(61, 65)]
    standing = {r.label: r.standing for r in report_of([*bad, *good, *few]).groups["team"]}
    assert standing == {"红": "above", "蓝": "below", "绿": "few"}


def test_stages_stand_in_their_order_and_the_unnamed_last():
    entries = [call(n, overdue_days=d) for n, d in enumerate((None, 200, 0, 30, 31, 180), 1)]
    labels = [r.label for r in report_of(entries).groups["stage"]]
    assert labels == ["M0", "M1", "M2–M3", "M3–M6", "M6+", None]


def test_the_band_is_of_the_days_with_inspected_calls():
    def day(back, *violating):
        on = DAY - timedelta(days=back)
        return on, [call(n, *([THREAT] if n in violating else []), day=on) for n in range(1, 11)]

    earlier = dict([day(1, 1, 2), day(2, 3), day(5), day(7, 1, 2, 3), (DAY - timedelta(days=3), [failed(1)])])
    report = report_of([call(n, THREAT) for n in range(1, 5)] + [call(n) for n in range(5, 11)], earlier)
    row = report.severities[0]
    assert row.band
    assert (row.band.low, row.band.high, row.band.days) == (0.0, 0.3, 4)
    assert row.position == "above"
    assert row.yesterday
    assert (row.yesterday.part, row.yesterday.whole) == (2, 10)
    assert row.change == pytest.approx(0.2)
    assert [d.day for d in report.days] == [DAY - timedelta(days=n) for n in range(7, -1, -1)]
    assert [d.inspected for d in report.days] == [10, 0, 10, 0, 0, 10, 10, 10]


def test_two_earlier_days_are_no_band_to_be_judged_by():
    earlier = {DAY - timedelta(days=n): [call(1, day=DAY - timedelta(days=n))] for n in (1, 2)}
    assert report_of([call(1, THREAT)], earlier).severities[0].position == "unknown"


def test_calls_to_hear_stand_gravest_first_confirmed_before_doubtful(mixed):
    notes = mixed.to_hear.notes
    assert [n.call.call_id for n in notes] == ["C-1", "C-5", "C-4", "C-2"]
    first = notes[0].evidence[0]
    assert (first.at_s, first.also_s, first.state) == (1.0, (9.0,), "confirmed")
    assert mixed.to_hear.of.count == 4
    assert "C-3" not in ids(mixed.to_hear.of.calls)


def test_quotes_are_redacted():
    told = THREAT.model_copy(update={"quote": "加我 13812345678", "message": "138"})
    evidence = report_of([call(1, told)]).to_hear.notes[0].evidence[0]
    assert (evidence.quote, evidence.message) == ("加我 ***12345678", "***")


def test_earlier_calls_of_a_finding_are_told_as_they_are():
    """Their ids look like personal numbers."""
    ids = [f"202611171015{n:02d}138" for n in range(8)]
    earlier = tuple(EarlierCall(call_id=i, at=NOW, what="attempt") for i in ids)
    quote = "; ".join(f"{i} 2026-11-17 10:15" for i in ids)
    told = THREAT.model_copy(update={"turns": (), "earlier": earlier, "quote": quote})
    assert report_of([call(1, told)]).to_hear.notes[0].evidence[0].quote == quote


def test_a_quote_stands_in_what_was_said_around_it():
    told = THREAT.model_copy(update={"quote": "加我"})
    (first,), (lost,) = (
        report_of([call(1, f)]).to_hear.notes[0].evidence for f in (told, told.model_copy(update={"turns": (1,)}))
    )
    assert (first.before, first.quote, first.after) == ("您好，", "加我", "***12345678")
    assert (lost.before, lost.quote, lost.after) == ("", "加我", "")


def test_praise_lists_calls_with_nothing_against_them_first(mixed):
    assert [n.call.call_id for n in mixed.praise.notes] == ["C-6", "C-3"]


def test_a_call_to_be_heard_is_no_example():
    grave = [call(1, KIND, THREAT), call(2, KIND, THREAT.model_copy(update={"state": FindingState.NEEDS_REVIEW}))]
    minor = THREAT.model_copy(update={"severity": Severity.MINOR})
    report = report_of([*grave, call(3, KIND, minor), call(4, KIND)])
    assert [n.call.call_id for n in report.praise.notes] == ["C-4", "C-3"]
    assert sorted(ids(report.praise.of.calls)) == ["C-3", "C-4"]


def test_rules_that_could_not_be_judged_by_reason():
    def gap(rule, reason):
        return NotAssessed(rule_id=rule, requirements=("CN-THREAT-01",), reason=reason)

    one = inspected_with(call(1), not_assessed=(gap("R1", "missing_fact: a"), gap("R2", "missing_fact: b")))
    two = inspected_with(call(2), not_assessed=(gap("R1", "missing_fact: c"), gap("R3", "timeout")))
    report = report_of([one, two, call(3)])
    assert [(g.reason, g.times, g.calls.count) for g in report.gaps.reasons] == [
        ("missing_fact", 3, 2),
        ("timeout", 1, 1),
    ]
    assert report.gaps.reasons[0].rules[0].details == ("a", "c")
    assert (report.covered.unjudged.count, len(report.covered.unjudged.calls)) == (4, 2)
    assert (report.covered.nothing.count, report.covered.complete.count) == (3, 1)
    assert set(report.labels) == {"CN-THREAT-01"}


def test_calls_without_a_result_are_listed_with_their_reason(mixed):
    assert {(t.call.call_id, t.state, t.code) for t in mixed.gaps.calls} == {
        ("C-10", "not_assessable", "no_speech"),
        ("C-11", "failed", "audio_damaged"),
    }
    assert [(r.source, r.code) for r in mixed.gaps.refused] == [("notes.docx", "not_audio")]


def test_hours_are_those_of_the_call():
    entries = [call(1, RUDE, started_at="2026-11-17T23:59:00-06:00"), call(2, started_at="2026-11-17T00:00:00+08:00")]
    rows = {r.hour: (r.inspected.count, r.violating.count) for r in report_of(entries).hours if r.inspected.count}
    assert rows == {0: (1, 0), 23: (1, 1)}


def test_every_figure_counts_calls_of_the_day_and_has_a_key_of_its_own(mixed):
    known = {line.call_id for line in mixed.calls}
    keys: dict[str, object] = {}
    for figure in figures(mixed.model_dump()):
        assert {m["call_id"] for m in figure["calls"]} <= known
        assert keys.setdefault(figure["key"], figure) == figure, figure["key"]


def figures(value):
    """All figures in a dumped report."""
    if isinstance(value, dict):
        if value.keys() == {"key", "count", "calls"}:
            yield value
        for part in value.values():
            yield from figures(part)
    elif isinstance(value, list | tuple):
        for part in value:
            yield from figures(part)


def test_the_order_in_which_calls_come_changes_nothing(mixed):
    entries = list(mixed_day())
    random.Random(3).shuffle(entries)
    assert report_of(entries, quarantined=(refused(),)) == mixed


def test_the_record_goes_through_json(mixed):
    assert DailyReport.model_validate_json(mixed.model_dump_json()) == mixed


def test_different_packs_are_no_different_versions_but_two_services_are():
    assert not report_of([call(1), call(2)]).provenance.several
    newer = call(2)
    assert newer.inspection
    assert newer.inspection.made_by
    newer = inspected_with(newer, made_by=newer.inspection.made_by.model_copy(update={"service_version": "1"}))
    assert report_of([call(1), newer]).provenance.several


def test_an_empty_day_divides_by_nothing():
    report = report_of()
    c = report.covered
    assert (c.received.count, c.inspected.share, c.violating.share, c.speech) == (0, None, None, None)
    assert report.hours == ()
    assert report.provenance.as_of is None


def test_a_minor_finding_alone_is_no_reason_to_hear_a_call():
    assert report_of([call(1, BRISK)]).to_hear.of.count == 0
