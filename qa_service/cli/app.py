"""Assembles the commands. Each command imports what it needs when it runs, so that ``--help`` is quick."""

from __future__ import annotations

import typer

from qa_service.cli import calls, find, index, kept, reports, rules, system

WELCOME = """qa: quality inspection of collections calls (催收语音智能质检)

What to do next:
  qa doctor                      what is installed, and what is missing
  qa inspect CALL.mp3            inspect one recording now, keep nothing
  qa ingest FOLDER && qa work    keep recordings and inspect what waits
  qa status                      where everything stands
  qa report daily --date DATE    write the report of a day
  qa serve                       open the web pages

Every command explains itself with --help.
"""

app = typer.Typer(no_args_is_help=False, add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)


@app.callback(invoke_without_command=True)
def welcome(
    context: typer.Context, version: bool = typer.Option(False, "--version", help="Print the version.")
) -> None:
    """Quality inspection of collections calls: transcribe, judge by cited rules, search, report."""
    if version:
        from qa_service import __version__

        typer.echo(__version__)
        raise typer.Exit
    if context.invoked_subcommand is None:
        typer.echo(WELCOME)


calls.add_to(app)
kept.add_to(app)
find.add_to(app)
index.add_to(app)
system.add_to(app)
app.add_typer(reports.app, name="report")
app.add_typer(rules.app, name="rules")
app.add_typer(system.models, name="models")
