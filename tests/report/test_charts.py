"""Charts: axes from zero, labels that fit, shapes for what colours say."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from datetime import timedelta

import pytest

from qa_service.report import charts, svg, trend_chart
from qa_service.report.words import words
from qa_service.settings import bundled
from tests.factories import DAY
from tests.report.days import RUDE, THREAT, call, mixed_day, report_of

T = words(bundled("reports"), "en")
SVG = "{http://www.w3.org/2000/svg}"


def texts(drawn):
    return ["".join(e.itertext()) for e in ET.fromstring(drawn).iter(f"{SVG}text")]


@pytest.fixture(scope="module")
def drawn():
    earlier = {DAY - timedelta(days=n): [call(n, THREAT, day=DAY - timedelta(days=n))] for n in (1, 2, 3)}
    report = report_of(mixed_day(), earlier)
    return {
        "days": trend_chart.trend(report, T),
        "requirements": charts.requirements(report.requirements, report, T),
        "agent": charts.groups("agent", report.groups["agent"], report.covered.violating, T),
        "hours": charts.hours(report.hours, T),
    }


@pytest.mark.parametrize("name", ["days", "requirements", "agent", "hours"])
def test_a_chart_is_a_whole_svg_with_a_title_and_a_description(drawn, name):
    root = ET.fromstring(drawn[name])
    title, description = root.findtext(f"{SVG}title"), root.findtext(f"{SVG}desc")
    assert title
    assert description
    assert root.get("role") == "img"
    assert "style=" not in drawn[name]


@pytest.mark.parametrize(
    ("name", "zero"), [("days", "0\u00a0%"), ("requirements", "0"), ("agent", "0\u00a0%"), ("hours", "0")]
)
def test_axes_start_at_zero(drawn, name, zero):
    assert zero in texts(drawn[name])


def test_the_days_own_figure_stands_over_each_panel(drawn):
    assert {"1 of 9 (11\u00a0%)", "2 of 9 (22\u00a0%)"} <= set(texts(drawn["days"]))


def test_what_is_not_confirmed_is_hatched_and_said(drawn):
    assert "2 (+2 not confirmed)" in texts(drawn["requirements"])
    assert "chart-requirements-hatch" in drawn["requirements"]


def test_one_group_is_not_drawn():
    assert not charts.comparable(report_of([call(1, RUDE)]).groups["team"])
    assert charts.comparable(report_of([call(1, team="a"), call(2, team="b")]).groups["team"])


def test_names_from_the_data_cannot_become_markup():
    report = report_of([call(1, RUDE, team="<script>"), call(2, team="&amp;")])
    found = charts.groups("team", report.groups["team"], report.covered.violating, T)
    assert "<script>" not in found
    assert {"<script>", "&amp;"} <= set(texts(found))


@pytest.mark.parametrize("largest", [0, 1, 5, 6, 17, 99, 100, 2000, 123_456])
def test_ticks_are_few_round_and_reach_the_largest(largest):
    ticks = svg.steps(largest)
    assert ticks[0] == 0
    assert ticks[-1] >= largest
    assert len(ticks) <= 8


def test_a_long_name_is_cut_to_its_place():
    assert svg.fit("短", 100) == "短"
    cut = svg.fit("很长的团队名称" * 5, 100)
    assert cut.endswith("…")
    assert svg.width_of(cut) <= 100
