"""The charts of the day as inline SVG.

Counts start at zero, axes have units, labels stand on the marks, and all of it is readable in black and white.
"""

from __future__ import annotations

from collections.abc import Sequence

from markupsafe import Markup

from qa_service.records import Severity
from qa_service.report import svg
from qa_service.report.records import DailyReport, GroupRow, HourRow, Rate, RequirementRow
from qa_service.report.words import PER_CENT, Words, number, percent

MOST_BARS = 15
ROW = 26

HOUR_TOP, HOUR_HEIGHT, HOUR_LEFT = 34, 110, 34
BAR_LEFT, BAR_END = 400, 770
TRACK_LEFT, TRACK_END = 250, 700


def requirements(rows: Sequence[RequirementRow], report: DailyReport, t: Words) -> Markup:
    """Findings by requirement: confirmed solid, those not confirmed hatched beside them."""
    shown = rows[:MOST_BARS]
    ticks = svg.steps(max((r.findings.count + r.doubtful.count for r in shown), default=0))
    scale = (BAR_END - BAR_LEFT) / ticks[-1]
    bottom = len(shown) * ROW + 8
    body = [
        *(svg.down(BAR_LEFT + n * scale, 4, bottom, "grid" if n else "axis") for n in ticks),
        *(svg.text(BAR_LEFT + n * scale, bottom + 15, number(n), "s", "middle") for n in ticks),
        svg.text(BAR_END, bottom + 32, t("chart.requirements.x"), "s", "end"),
    ]
    for i, row in enumerate(shown):
        body.extend(_requirement(row, report, t, 8 + i * ROW, scale))
    told = t("chart.requirements.desc", n=len(shown), of=len(rows))
    return svg.chart("chart-requirements", bottom + 38, t("chart.requirements"), told, body)


def _requirement(row: RequirementRow, report: DailyReport, t: Words, y: float, scale: float) -> list[Markup]:
    label = report.labels.get(row.id)
    words = svg.fit(f"{row.id}  {label.titled(t.language) if label else ''}", BAR_LEFT - 32)
    sure, unsure = row.findings.count * scale, row.doubtful.count * scale
    said = t("chart.requirements.label" if row.doubtful.count else "chart.requirements.sure",
             n=row.findings.count, doubtful=row.doubtful.count)  # fmt: skip
    parts = [
        svg.shape(row.severity, 8, y + 9),
        svg.text(20, y + 13.5, words),
        svg.rect(BAR_LEFT, y + 2, sure, 14, f"fill-{row.severity}"),
    ]
    if unsure:
        parts.append(svg.hatched("chart-requirements", BAR_LEFT + sure, y + 2.5, unsure, 13, "outline"))
    return [*parts, svg.text(BAR_LEFT + sure + unsure + 6, y + 13.5, said, "t halo")]


def comparable(rows: Sequence[GroupRow]) -> bool:
    """A chart of one group says no more than its row."""
    return sum(r.violating.whole.count > 0 for r in rows) > 1


def groups(name: str, rows: Sequence[GroupRow], day: Rate, t: Words) -> Markup:
    """Share of inspected calls with a confirmed violation: bar, interval, and the day's own share as a line."""
    shown = [r for r in rows if r.violating.whole.count][:MOST_BARS]
    top = svg.top_of_share(max((r.violating.high or 0.0 for r in shown), default=0.0))
    scale, bottom = (TRACK_END - TRACK_LEFT) / top, 24 + len(shown) * ROW + 2
    ticks = [top * n / 4 for n in range(5)]
    body = [
        *(svg.down(TRACK_LEFT + s * scale, 24, bottom, "grid" if s else "axis") for s in ticks),
        *(svg.text(TRACK_LEFT + s * scale, bottom + 15, _tick(s), "s", "middle") for s in ticks),
        svg.text(TRACK_END, bottom + 32, t("chart.groups.x"), "s", "end"),
    ]
    for i, row in enumerate(shown):
        body.extend(_group(row, t, 26 + i * ROW, scale))
    if day.share is not None and day.share <= top:
        x = TRACK_LEFT + day.share * scale
        words = t("chart.groups.day", share=percent(day.share))
        body += [svg.down(x, 18, bottom, "reference"), svg.text(x, 13, words, "s", "middle")]
    told = t("chart.groups.desc", n=len(shown), of=len(rows))
    return svg.chart(f"chart-{name}", bottom + 38, t(f"chart.{name}"), told, body)


def _group(row: GroupRow, t: Words, y: float, scale: float) -> list[Markup]:
    found, middle = row.violating, y + 10
    share, low, high = (TRACK_LEFT + (v or 0.0) * scale for v in (found.share, found.low, found.high))
    words = svg.fit(group_name(row, t), TRACK_LEFT - 12)
    standing = f" · {t('standing.' + row.standing)}" if row.standing in ("above", "below") else ""
    return [
        svg.text(TRACK_LEFT - 8, y + 14, words, "t", "end"),
        svg.rect(TRACK_LEFT, y + 3, share - TRACK_LEFT, 14, "bar"),
        svg.across(low, high, middle, "whisker"),
        svg.down(low, middle - 4, middle + 4, "whisker"),
        svg.down(high, middle - 4, middle + 4, "whisker"),
        svg.dot(share, middle, 3, "point"),
        svg.text(TRACK_END + 10, y + 14, f"{t.share_of(found).unescape()}{standing}", "t strong" if standing else "t"),
    ]


def group_name(row: GroupRow, t: Words) -> str:
    """A group as named in tables and charts."""
    if row.label is None:
        return t("not_stated").unescape()
    known = t.known(f"group.{row.label}", row.label).unescape()
    return f"{known} {row.name}" if row.name else known


def hours(rows: Sequence[HourRow], t: Words) -> Markup:
    """Inspected calls by the hour they began (outline), those with a confirmed violation filled."""
    ticks = svg.steps(max((r.inspected.count for r in rows), default=0), 4)
    scale, base = HOUR_HEIGHT / ticks[-1], HOUR_TOP + HOUR_HEIGHT
    slot = (svg.WIDTH - HOUR_LEFT) / 24
    body = [
        svg.text(0, 13, t("chart.hours.y"), "s"),
        *(svg.across(HOUR_LEFT, svg.WIDTH, base - n * scale, "grid" if n else "axis") for n in ticks),
        *(svg.text(HOUR_LEFT - 6, base - n * scale + 4, number(n), "s", "end") for n in ticks),
        svg.text(svg.WIDTH, base + 34, t("chart.hours.x"), "s", "end"),
    ]
    for row in rows:
        body.extend(_hour(row, t, HOUR_LEFT + row.hour * slot, slot, base, scale))
    return svg.chart("chart-hours", base + 40, t("chart.hours"), t("chart.hours.desc"), body)


def _hour(row: HourRow, t: Words, x: float, slot: float, base: float, scale: float) -> list[Markup]:
    parts = [svg.text(x + slot / 2, base + 15, f"{row.hour:02d}", "s", "middle")]
    if not row.inspected.count:
        return parts
    tall, dark, width = row.inspected.count * scale, row.violating.count * scale, slot - 10
    said = t("chart.hours.label", part=row.violating.count, whole=row.inspected.count)
    return [
        *parts,
        svg.rect(x + 5, base - tall, width, tall, "outline empty"),
        svg.rect(x + 5, base - dark, width, dark, "fill-ink"),
        svg.text(x + slot / 2, base - tall - 5, said, "s", "middle"),
    ]


def _tick(share: float) -> str:
    """Ends of round axes divide into halves of per cents."""
    return f"{100 * share:g}{PER_CENT}"


def severity_mark(severity: Severity) -> Markup:
    """The shape of a severity for running text."""
    return Markup('<svg class="mark" viewBox="0 0 16 16" aria-hidden="true"><path d="{}"/></svg>').format(
        svg.SHAPES[severity]
    )
