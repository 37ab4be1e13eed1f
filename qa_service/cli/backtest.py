"""``qa rules backtest``: what a changed pack would find in the calls that are kept."""

from __future__ import annotations

import os
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import typer
from rich.text import Text

from qa_service.cli import OK, SOME_FAILED, screen
from qa_service.cli.context import open_data, start
from qa_service.cli.counting import counted
from qa_service.cli.output import check_target, some, write_text
from qa_service.errors import check_days
from qa_service.settings import bundled

if TYPE_CHECKING:
    from qa_service.report.backtest import BacktestReport, Difference

DATE = ["%Y-%m-%d"]
SIGN = {"gained": "+", "lost": "−", "changed": "~"}


def add_to(app: typer.Typer) -> None:
    """Register the command."""
    app.command("backtest")(backtest)


def backtest(
    pack: str = typer.Argument(..., help="The pack to judge by, as it is now."),
    since: datetime = typer.Option(..., "--since", formats=DATE, help="First day of the calls, YYYY-MM-DD."),
    until: datetime | None = typer.Option(None, "--until", formats=DATE, help="Last day; default: up to now."),
    sample: int = typer.Option(5, "--sample", min=0, help="Findings gained and lost that are shown of each rule."),
    calls: int | None = typer.Option(None, "--calls", min=1, help="At most so many calls, drawn evenly."),
    jobs: int = typer.Option(0, "--jobs", min=0, help="Processes; 0: one for each core."),
    html: Path | None = typer.Option(None, "--html", help="Write a page that needs nothing else."),
    json: str | None = typer.Option(None, "--json", metavar="FILE", help="Write the result as JSON; - is stdout."),
    language: str | None = typer.Option(None, "--language", help="Of the page: zh or en; default QA_UI_LANGUAGE."),
    restart: bool = typer.Option(False, "--restart", help="Begin anew instead of going on with a run that was cut."),
    rules: Path | None = typer.Option(None, "--rules", help="Folder of packs; default: as for qa work."),
) -> None:
    """Judge kept calls again by a pack, without sound, and show what is gained and lost. Nothing stored changes."""
    settings = start()
    check_days(since.date(), until.date() if until else None)
    from qa_service.inspect.backtest import Options
    from qa_service.inspect.backtest import backtest as run

    if rules:
        settings = settings.model_copy(update={"rules_dir": rules})
    for target in filter(None, (html, Path(json) if json and json != "-" else None)):
        check_target(target)
    open_data(settings).close()
    options = Options(
        pack=pack, since=since.date(), until=until.date() if until else None, calls=calls, sample=sample,
        jobs=jobs or os.cpu_count() or 1, restart=restart,
    )  # fmt: skip
    with counted("judged again", "call") as on_progress:
        report = run(settings, options, on_progress=on_progress)
    if html:
        from qa_service.report.backtest import render_backtest

        templates = bundled("reports", settings.reports_dir)
        write_text(html, render_backtest(report, language=language or settings.ui_language, templates=templates))
    if json == "-":
        typer.echo(report.model_dump_json())
    elif json:
        write_text(Path(json), report.model_dump_json() + "\n")
    if json != "-":
        _print(report)
    for call_id, error in report.failed.items():
        typer.echo(f"{call_id} could not be judged again: an unexpected {error}; the log says where.", err=True)
    raise typer.Exit(SOME_FAILED if report.failed else OK)


def _print(report: BacktestReport) -> None:
    paper = screen.console()
    moved = [rule for rule in report.rules if rule.moved]
    typer.echo(
        f"{report.calls} of {some(report.kept, 'inspected call')} judged again by {report.pack.name}; {report.touched} "
        f"{'differs' if report.touched == 1 else 'differ'}: {some(report.total('gained'), 'finding')} gained, "
        f"{report.total('lost')} lost, "
        f"{report.total('changed')} changed."
    )
    if not moved:
        return
    table = screen.plain_table()
    table.add_column("rule", width=22, overflow="fold")
    table.add_column("title", ratio=1, overflow="fold")
    for name in ("stored", "now", "gained", "lost", "changed", "not assessed"):
        table.add_column(name, justify="right", width=max(6, len(name)))
    for rule in moved:
        missing = f"{rule.not_assessed_before} → {rule.not_assessed_after}"
        numbers = (rule.before, rule.after, rule.gained, rule.lost, rule.changed)
        table.add_row(Text(rule.rule_id), Text(rule.title), *map(str, numbers), missing)
    paper.print(table)
    for rule in moved:
        for difference in rule.samples:
            paper.print(_line(difference), markup=False)


def _line(one: Difference) -> str:
    quote = f"  “{one.quote}”" if one.quote else ""
    why = f"  ({one.reason})" if one.reason else ""
    states = f"  {one.was} → {one.is_now}" if one.kind == "changed" else ""
    return f"{SIGN[one.kind]} {one.rule_id}  {one.call_id}  {screen.clock(one.start_s)}{states}{quote}{why}"
