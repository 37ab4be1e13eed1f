"""The report as one HTML file that needs nothing else: no script, no font, no style or picture from elsewhere."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from urllib.parse import quote, urlsplit

from jinja2 import Environment, FileSystemLoader, StrictUndefined, TemplateError
from markupsafe import Markup

from qa_service.errors import ErrorCode, InputError, SetupError
from qa_service.report import charts, prose, trend_chart, words
from qa_service.report.records import DailyReport, Moment

STYLE = "daily.css"
TEMPLATE = "daily.html"
#: The longest table of groups on the page; longer ones stand whole in the annex.
MOST_ROWS = charts.MOST_BARS
#: Calls to hear on the page; the others stand in the annex.
FIRST_HEARD = 8
#: Lists of more calls are not printed: the register names each call, and paper has no links.
MOST_ON_PAPER = 100


#: Dimensions that are drawn too.
CHARTED = ("team", "agent")


@dataclass(frozen=True)
class Links:
    """Where calls and days are found: on the web pages below ``base``, else in the annex of this file."""

    base: str | None
    numbers: dict[str, int]

    def call(self, moment: Moment) -> str:
        """Address of a call, at its second where there is one."""
        if self.base is None:
            return f"#call-{self.numbers[moment.call_id]}"
        second = "" if moment.at_s is None else f"?t={moment.at_s:.1f}"
        return f"{self.base}/calls/{quote(moment.call_id, safe='')}{second}"

    def day(self, at: object) -> str | None:
        """Address of another day's report."""
        return None if self.base is None else f"{self.base}/reports/{at}"


def render_daily(report: DailyReport, *, language: str, base_url: str | None, templates: Path) -> str:
    """The page of a report.

    Args:
        report: the record.
        language: ``zh`` or ``en``.
        base_url: address of the web pages (``""``: this host's root); None keeps all links inside the page.
        templates: folder with the templates, the style and the words.

    Raises:
        InputError: LANGUAGE_UNSUPPORTED, or REQUEST_INVALID for a base_url that is no web address.
        SetupError: a template, the style or the words are missing or broken.
    """
    t = words.words(templates, language)
    links = Links(_checked(base_url), {c.call_id: i for i, c in enumerate(report.calls, 1)})
    style = style_of(templates)
    try:
        page = _environment(templates).get_template(TEMPLATE)
        return page.render(
            report=report, t=t, links=links, style=style, style_hash=style_hash(style), **_drawn(report, t)
        )
    except (TemplateError, KeyError) as wrong:
        message = f"The report's templates in {templates} do not fit this version: {type(wrong).__name__}: {wrong}."
        raise SetupError(ErrorCode.SETTINGS_INVALID, message, "Restore them, or unset QA_REPORTS_DIR.") from wrong


def style_of(templates: Path) -> Markup:
    """The style sheet of the page."""
    try:
        return Markup((templates / STYLE).read_text(encoding="utf-8"))  # noqa: S704 (a file that ships)
    except OSError as missing:
        message = f"The report's style sheet cannot be read: {missing}."
        raise SetupError(ErrorCode.SETTINGS_INVALID, message, "Restore it, or unset QA_REPORTS_DIR.") from missing


def style_hash(style: str) -> str:
    """The source expression that lets a Content-Security-Policy pass this style and no other."""
    digest = hashlib.sha256(style.encode("utf-8")).digest()
    return f"'sha256-{base64.b64encode(digest).decode('ascii')}'"


def _checked(base_url: str | None) -> str | None:
    if not base_url:
        return base_url
    parts = urlsplit(base_url)
    if (parts.scheme in ("http", "https") and parts.netloc) or (base_url.startswith("/") and not parts.netloc):
        return base_url.rstrip("/")
    message = f"{base_url!r} is not the address of the web pages."
    raise InputError(ErrorCode.REQUEST_INVALID, message, "Write one like https://qa.example.com.")


@lru_cache(maxsize=4)
def _environment(templates: Path) -> Environment:
    found = Environment(
        loader=FileSystemLoader(templates),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    found.filters.update(
        percent=words.percent, points=words.points, number=words.number, clock=words.clock, hours=words.hours,
        moment=words.moment, stamp=words.stamp, script=words.tag, cited=words.cited, named=words.named,
        mark=charts.severity_mark,
    )  # fmt: skip
    found.globals.update(
        Moment=Moment,
        most_rows=MOST_ROWS,
        first_heard=FIRST_HEARD,
        most_on_paper=MOST_ON_PAPER,
        tags=words.TAGS,
        group_name=charts.group_name,
    )
    return found


def _drawn(report: DailyReport, t: words.Words) -> dict[str, object]:
    """Sentences and charts of this page, by the name under which the templates place them."""
    day = report.covered.violating
    drawn = {d: rows for d, rows in report.groups.items() if d in CHARTED and charts.comparable(rows)}
    return {
        "sentences": [prose.written(s, report, t) for s in report.sentences],
        "trend": trend_chart.trend(report, t),
        "by_requirement": charts.requirements(report.requirements, report, t),
        "by_group": {d: charts.groups(d, rows, day, t) for d, rows in drawn.items()},
        "by_hour": charts.hours(report.hours, t),
    }
