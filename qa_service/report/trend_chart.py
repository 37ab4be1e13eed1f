"""The chart of severities by day, with the band of the seven days before."""

from __future__ import annotations

from collections.abc import Sequence

from markupsafe import Markup

from qa_service.records import Severity
from qa_service.report import svg
from qa_service.report.records import DailyReport, DayPoint, SeverityRow
from qa_service.report.words import NONE, Words, number, percent

NAME = "chart-days"
PANEL, GAP, LEFT = 290, 25, 40
TOP, HEIGHT = 62, 110
BASE = TOP + HEIGHT
STEP = (PANEL - LEFT - 4) / 8


def trend(report: DailyReport, t: Words) -> Markup:
    """One panel a severity, on one scale: the share of inspected calls with a confirmed violation, day by day."""
    shares = [s.share or 0.0 for d in report.days for s in d.shares.values()]
    top = svg.top_of_share(max(shares, default=0.0))
    body = [
        part for i, row in enumerate(report.severities) for part in _panel(row, report.days, top, i * (PANEL + GAP), t)
    ]
    body.append(svg.text(svg.WIDTH, BASE + 52, t("chart.days.x"), "s", "end"))
    return svg.chart(NAME, BASE + 58, t("chart.days"), t("chart.days.desc"), body)


def _panel(row: SeverityRow, days: Sequence[DayPoint], top: float, x: float, t: Words) -> list[Markup]:
    left, right, scale = x + LEFT, x + PANEL, HEIGHT / top
    ticks = [0.0, top / 2, top]
    return [
        svg.shape(row.severity, x + 6, 8),
        svg.text(x + 17, 13, t(f"severity.{row.severity}"), "t strong"),
        svg.text(right, 13, t.share_of(row.calls), "t strong", "end"),
        svg.text(x, 31, _band_words(row, t), "s"),
        svg.text(x, 49, t("chart.days.y"), "s"),
        *(svg.across(left, right, BASE - s * scale, "grid" if s else "axis") for s in ticks),
        *(svg.text(left - 6, BASE - s * scale + 4, percent(s), "s", "end") for s in ticks),
        *_band(row, left, scale),
        *_points(row.severity, days, left, scale),
        *_days(days, left),
    ]


def _band_words(row: SeverityRow, t: Words) -> Markup:
    if not row.band:
        return t("chart.days.no_band")
    return t("chart.days.band", band=t.interval(row.band.low, row.band.high), n=row.band.days)


def _band(row: SeverityRow, left: float, scale: float) -> list[Markup]:
    """From the least to the greatest earlier day; where they are one, a line."""
    if not row.band:
        return []
    high, low = BASE - row.band.high * scale, BASE - row.band.low * scale
    return [svg.hatched(NAME, left, high, 7 * STEP, max(low - high, 1.5), "band")]


def _points(severity: Severity, days: Sequence[DayPoint], left: float, scale: float) -> list[Markup]:
    """Days without inspected calls break the line."""
    places = [
        (left + (i + 0.5) * STEP, BASE - s.share * scale) if (s := d.shares[severity]).share is not None else None
        for i, d in enumerate(days)
    ]
    joined = "".join(
        f"{'L' if i and places[i - 1] else 'M'}{svg.num(p[0])} {svg.num(p[1])}" for i, p in enumerate(places) if p
    )
    line = [svg.path(joined, "line")] if joined else []
    dots = [svg.dot(p[0], p[1], 2.8, "day") for p in places[:-1] if p]
    today = [svg.shape(severity, p[0], p[1], 12) for p in places[-1:] if p]
    return [*line, *dots, *today]


def _days(days: Sequence[DayPoint], left: float) -> list[Markup]:
    """Day of the month (the first and the last with their month) over the number of inspected calls."""
    parts = []
    for i, point in enumerate(days):
        x, last = left + (i + 0.5) * STEP, i in (0, len(days) - 1)
        written = f"{point.day:%m-%d}" if last else f"{point.day:%d}"
        kind = "s strong" if i == len(days) - 1 else "s"
        parts.append(svg.text(x, BASE + 16, written, kind, "middle"))
        parts.append(svg.text(x, BASE + 32, number(point.inspected) if point.received else NONE, kind, "middle"))
    return parts
