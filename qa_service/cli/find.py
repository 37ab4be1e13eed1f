"""Commands that find: search, reindex."""

from __future__ import annotations

from datetime import datetime

import typer

from qa_service.cli import screen
from qa_service.cli.context import open_data, start
from qa_service.records import Role, Severity

DATE = ["%Y-%m-%d"]


def add_to(app: typer.Typer) -> None:
    """Register the commands."""
    app.command()(search)
    app.command()(reindex)


def search(
    words: list[str] = typer.Argument(..., metavar="WORDS", help='Words, "phrases", AND OR NOT, agent:A-201, rule:…'),
    agent: str | None = typer.Option(None, help="Only this agent id."),
    rule: str | None = typer.Option(None, help="Only calls with a finding of this rule."),
    severity: Severity | None = typer.Option(None, help="Only calls with a finding this grave."),
    role: Role | None = typer.Option(None, help="Only turns of this side."),
    since: datetime | None = typer.Option(None, "--from", formats=DATE, help="First day, YYYY-MM-DD."),
    until: datetime | None = typer.Option(None, "--to", formats=DATE, help="Last day, YYYY-MM-DD."),
    limit: int = typer.Option(20, min=1, max=500),
    as_json: bool = typer.Option(False, "--json", help="Print the results as JSON."),
) -> None:
    """Search what was said. Results are turns, with the moment to listen to."""
    settings = start()
    from qa_service.search.create import open_index
    from qa_service.search.protocol import SearchQuery

    query = SearchQuery(
        text=" ".join(words), agent_id=agent, rule_id=rule, severity=severity, role=role, limit=limit,
        day_from=since.date() if since else None, day_to=until.date() if until else None,
    )  # fmt: skip
    results = open_index(settings).search(query)
    if as_json:
        typer.echo(results.model_dump_json())
        return
    paper = screen.console()
    for hit in results.hits:
        marks = " ".join(screen.MARK[Severity(s)] for s in hit.severities)
        paper.print(
            f"{hit.call_id}  {hit.day}  {screen.clock(hit.start_s)}  {hit.agent_id or '–'}  {hit.role}  {marks}",
            markup=False,
        )
        paper.print(f"    {_marked(hit.text, hit.highlights)}", markup=False)
    typer.echo(f"{results.total} turns in {results.total_calls} calls.")


def _marked(text: str, spans: tuple[tuple[int, int], ...]) -> str:
    """Text with the hits in brackets, so that they are seen without colour too."""
    out, last = [], 0
    for start_, end in spans:
        out += [text[last:start_], "[", text[start_:end], "]"]
        last = end
    return "".join([*out, text[last:]])


def reindex() -> None:
    """Build the search index again from the database."""
    settings = start()
    from qa_service.jobs.indexing import reindex as run
    from qa_service.search.create import open_index

    done = run(open_data(settings), open_index(settings))
    typer.echo(f"{done} calls indexed.")
