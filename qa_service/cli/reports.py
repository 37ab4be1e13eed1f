"""Commands over reports: ``qa report daily``."""

from __future__ import annotations

from datetime import datetime

import typer

from qa_service.cli.context import open_data, start

app = typer.Typer(help="Compliance reports.", no_args_is_help=True, rich_markup_mode=None)


@app.callback()
def _group() -> None:
    """Compliance reports."""


@app.command()
def daily(
    date: datetime | None = typer.Option(
        None, "--date", formats=["%Y-%m-%d"], help="The day; default: the last with calls."
    ),
    base_url: str | None = typer.Option(None, help="Address of the web pages, so that the report links to the calls."),
) -> None:
    """Write the report of a day (HTML in Chinese and English, and JSON) and print where it lies."""
    settings = start()
    from qa_service.errors import ErrorCode, NotFoundError
    from qa_service.jobs.reports import write_daily

    store = open_data(settings)
    days = store.calls.days()
    if date is None and not days:
        raise NotFoundError(ErrorCode.REPORT_NOT_FOUND, "There are no calls yet.", "Keep some first: qa ingest PATH")
    day = date.date() if date else days[0].day
    for path in write_daily(store, day, settings, base_url=base_url):
        typer.echo(str(path))
