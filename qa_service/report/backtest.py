"""The report of a back test: what a pack of rules would find in kept calls, against what was found."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Literal

from jinja2 import Environment, FileSystemLoader, StrictUndefined, TemplateError
from pydantic import Field

from qa_service.errors import ErrorCode, SetupError
from qa_service.records import FindingState, PackInfo, Record, Severity
from qa_service.report import words

TEMPLATE = "backtest.html"
Kind = Literal["gained", "lost", "changed"]


class Difference(Record):
    """One finding that came, went, or changed its state. The quote is redacted.

    ``was`` and ``is_now`` are its states, None on the side where it is not found; ``reason``: why it is not certain
    now, or why its rule could not be judged now.
    """

    kind: Kind
    rule_id: str
    call_id: str
    day: date
    start_s: float | None
    quote: str
    was: FindingState | None
    is_now: FindingState | None
    reason: str = ""


class RuleDifference(Record):
    """Of one rule: findings then and now, calls in which it could not be judged then and now, and samples."""

    rule_id: str
    title: str
    title_en: str
    severity: Severity | None
    status: str
    before: int
    after: int
    gained: int
    lost: int
    changed: int
    not_assessed_before: int
    not_assessed_after: int
    samples: tuple[Difference, ...] = ()

    @property
    def moved(self) -> bool:
        """Whether anything is different from what is stored."""
        return bool(self.gained or self.lost or self.changed or self.not_assessed_before != self.not_assessed_after)


class BacktestReport(Record):
    """A whole back test.

    ``calls`` were judged again out of ``kept`` inspected calls of the days; the others belong to other packs or were
    not drawn. ``touched``: calls in which some finding differs. ``judged_by``: how many of the calls were judged, when
    they were stored, by which behaviour of this pack (empty: not by this pack). ``failed``: calls that an unexpected
    error kept from being judged again, with its kind.
    """

    pack: PackInfo
    since: date
    until: date | None
    kept: int
    calls: int
    touched: int
    failed: dict[str, str] = Field(default_factory=dict)
    judged_by: dict[str, int]
    rules: tuple[RuleDifference, ...]
    service_version: str

    def total(self, kind: Kind) -> int:
        return sum(getattr(rule, kind) for rule in self.rules)


def render_backtest(report: BacktestReport, *, language: str, templates: Path) -> str:
    """The report as one HTML file that needs nothing else.

    Raises:
        InputError: LANGUAGE_UNSUPPORTED.
        SetupError: the template or the words are missing or broken.
    """
    t = words.words(templates, language)
    environment = Environment(
        loader=FileSystemLoader(templates), autoescape=True, undefined=StrictUndefined, trim_blocks=True,
        lstrip_blocks=True,
    )  # fmt: skip
    environment.filters.update(number=words.number, clock=words.clock, script=words.tag, named=words.named)
    try:
        return environment.get_template(TEMPLATE).render(report=report, t=t, kinds=("gained", "lost", "changed"))
    except (TemplateError, KeyError) as wrong:
        message = f"The template {TEMPLATE} in {templates} does not fit this version: {type(wrong).__name__}: {wrong}."
        raise SetupError(ErrorCode.SETTINGS_INVALID, message, "Restore it, or unset QA_REPORTS_DIR.") from wrong
