"""The report of a day: its calls read from the store, the record built, the files written."""

from __future__ import annotations

import errno
import os
import tempfile
from collections import Counter
from collections.abc import Iterator
from datetime import date
from pathlib import Path

from qa_service.errors import ErrorCode, SetupError
from qa_service.jobs.ingest import zone
from qa_service.records import QuarantineEntry, Record, Turn
from qa_service.report.build import build_daily, label_of
from qa_service.report.calls import Source
from qa_service.report.records import DailyReport, RequirementLabel
from qa_service.report.render import render_daily
from qa_service.report.trend import earlier_days
from qa_service.report.words import LANGUAGES
from qa_service.rules.catalogue import load_catalogue
from qa_service.rules.wordings import Wordings
from qa_service.settings import Settings, bundled
from qa_service.store.store import Store
from qa_service.text.redact import redact

#: Of a file that a web server or another account may have to read.
FILE_MODE = 0o640


class ReportDay(Record):
    """A day that has a report: calls received, how many were inspected, their confirmed violations, files refused."""

    day: date
    received: int = 0
    inspected: int = 0
    findings: int = 0
    refused: int = 0


def report_days(store: Store, settings: Settings) -> tuple[ReportDay, ...]:
    """Days with calls or with refused files, newest first: a day on which every file was refused has a report too.

    Raises:
        SetupError: SETTINGS_INVALID for a time zone that does not exist.
    """
    here = zone(settings.timezone)
    refused = Counter(q.at.astimezone(here).date() for q in store.quarantine.list())
    counts = {c.day: c.model_dump() for c in store.calls.days()}
    days = sorted({*counts, *refused}, reverse=True)
    return tuple(ReportDay.model_validate({"day": d, **counts.get(d, {}), "refused": refused[d]}) for d in days)


def daily_report(store: Store, day: date, settings: Settings) -> DailyReport:
    """The report of a day as the store holds it now.

    Raises:
        SetupError: DATABASE_UNAVAILABLE, or SETTINGS_INVALID for a time zone or folder that does not exist.
        RuleError: the catalogue of requirements is missing or broken.
    """
    catalogue = load_catalogue(bundled("rules", settings.rules_dir))

    def label(requirement_id: str) -> RequirementLabel | None:
        found = catalogue.get(requirement_id)
        return label_of(found) if found else None

    return build_daily(
        day,
        store.calls.on_day(day, turns=False),
        {d: store.calls.on_day(d, turns=False) for d in earlier_days(day)},
        refused_on(store, day, settings),
        requirement=label,
        zone=zone(settings.timezone),
        source=Source(
            redact=lambda text: redact(text).text,
            turns=lambda call_id: _turns(store, call_id),
            worded=Wordings(bundled("rules", settings.rules_dir)).of,
        ),
    )


def write_daily(store: Store, day: date, settings: Settings, *, base_url: str | None = None) -> tuple[Path, ...]:
    """Write the report (HTML in every language, and JSON) under the reports folder; returns the paths.

    Each file is replaced whole or not at all; none is touched before all are made.

    Args:
        store: where the calls are kept.
        day: the calendar day.
        settings: name the folders.
        base_url: address of the web pages; None keeps all links inside each file.

    Raises:
        QAError: as :func:`daily_report` and :func:`~qa_service.report.render.render_daily`.
        SetupError: STORAGE_FULL or SETTINGS_INVALID where the folder cannot be written.
    """
    report = daily_report(store, day, settings)
    files = dict(_files(report, settings, base_url))
    for path, text in files.items():
        _write(path, text)
    return tuple(files)


def _files(report: DailyReport, settings: Settings, base_url: str | None) -> Iterator[tuple[Path, str]]:
    folder, name = settings.report_output_dir, f"daily-{report.day}"
    templates = bundled("reports", settings.reports_dir)
    for language in LANGUAGES:
        page = render_daily(report, language=language, base_url=base_url, templates=templates)
        yield folder / f"{name}.{language}.html", page
    yield folder / f"{name}.json", report.model_dump_json(indent=2) + "\n"


def _turns(store: Store, call_id: str) -> tuple[Turn, ...]:
    found = store.calls.get(call_id).inspection
    return found.turns if found else ()


def refused_on(store: Store, day: date, settings: Settings) -> tuple[QuarantineEntry, ...]:
    """Files refused on a day, newest first. They carry no day of their own: that on which they were refused counts."""
    return store.quarantine.on_day(day, zone(settings.timezone))


def _write(path: Path, text: str) -> None:
    half: Path | None = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(
            "w", encoding="utf-8", newline="\n", dir=path.parent, prefix=".incoming-", delete=False
        ) as stream:
            half = Path(stream.name)
            stream.write(text)
            stream.flush()
            os.fsync(stream.fileno())
        half.chmod(FILE_MODE)
        half.replace(path)
    except OSError as wrong:
        raise _unwritable(wrong, path) from None
    finally:
        if half is not None:
            half.unlink(missing_ok=True)


def _unwritable(wrong: OSError, path: Path) -> SetupError:
    if wrong.errno in (errno.ENOSPC, errno.EDQUOT):
        return SetupError(ErrorCode.STORAGE_FULL, f"No space left for {path}.", "Free some space and run it again.")
    message = f"The report cannot be written ({path}: {wrong.strerror})."
    return SetupError(ErrorCode.SETTINGS_INVALID, message, "Set QA_DATA_DIR to a folder that can be written.")
