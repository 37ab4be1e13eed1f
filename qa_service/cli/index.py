"""Commands over the search index: reindex, and `qa index` status, retry, prune."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING

import typer

from qa_service.cli import OK, SOME_FAILED
from qa_service.cli.context import open_data, start
from qa_service.cli.counting import CallsBar
from qa_service.cli.output import held, some

if TYPE_CHECKING:
    from qa_service.jobs.overview import IndexReport
    from qa_service.search.protocol import Embedder
    from qa_service.settings import Settings

DATE = ["%Y-%m-%d"]
app = typer.Typer(
    help="The search index: how it is, what it did not take, what it should forget.",
    no_args_is_help=True,
    rich_markup_mode=None,
)


def add_to(main: typer.Typer) -> None:
    """Register the commands."""
    main.command()(reindex)
    main.add_typer(app, name="index")


def reindex(
    fresh: bool = typer.Option(False, "--fresh", help="Throw an unfinished new index away and start over."),
    most_refused: int | None = typer.Option(
        None, "--most-refused", min=0, help="Take the new index although it refused up to so many calls."
    ),
) -> None:
    """Build the search index again beside the old one, which answers until the new one is complete.

    Its calls and turns are counted and compared with the database before it is put in place. Broken off, it goes on
    where it was; workers may run meanwhile.
    """
    settings = start()
    from qa_service.jobs.reindex import reindex as run
    from qa_service.search.create import open_index

    store = open_data(settings)
    with open_index(settings) as index, CallsBar(store.corpus.calls()).running() as bar:
        done = run(
            store, index, _embedder(settings), fresh=fresh, most_refused=most_refused, on_progress=bar.on_progress
        )
    resumed = f" There from the run before: {some(done.resumed, 'call')}." if done.resumed else ""
    indexed = f"{some(done.calls, 'call')} with {some(done.turns, 'turn')} indexed"
    typer.echo(f"{indexed}: counted, as many as the database has.{resumed}")
    if done.refused:
        typer.echo(f"{some(done.refused, 'more call')} refused: qa index status says why.")
    raise typer.Exit(SOME_FAILED if done.refused else OK)


def _embedder(settings: Settings) -> Embedder | None:
    from qa_service.classify.embedder import create_embedder

    return create_embedder(settings)


@app.command()
def status(as_json: bool = typer.Option(False, "--json", help="Print as JSON.")) -> None:
    """What the index holds, how far behind the database it is, and which calls it did not take."""
    settings = start()
    from qa_service.jobs.overview import index_report
    from qa_service.search.create import open_index

    found = index_report(open_data(settings), lambda: open_index(settings))
    if as_json:
        typer.echo(found.model_dump_json())
    else:
        _print(found, typer.echo)
    raise typer.Exit(OK if found.state else SOME_FAILED)


def _print(found: IndexReport, say: Callable[[str], None]) -> None:
    if found.state:
        state = found.state
        say(f"index     {state.backend} {state.version}")
        say(f"holds     {held(state)}")
        if state.unfilled and found.inspected:
            say("new       it lacks what was inspected before; qa reindex (or qa work) fills it")
        if state.building:
            say("building  a new one is being filled; go on with: qa reindex")
    elif found.error:
        say(f"index     {found.error.message} [{found.error.code}]")
    fewer = found.state is not None and found.state.calls < found.inspected and not found.lag.calls
    without = "; those without words, such as failed ones, are not in the index" if fewer else ""
    say(f"database  {some(found.inspected, 'inspected call')}{without}")
    since = found.lag.waiting_since
    say(f"waiting   {some(found.lag.calls, 'call')}" + (f", the longest since {_local(since)}" if since else ""))
    if found.lag.parked:
        say(f"parked    {some(found.lag.parked, 'call')} that the index did not take; try again with: qa index retry")
    for one in found.parked:
        say(f"          {one.call_id}: {one.reason}")


def _local(moment: datetime) -> str:
    return f"{moment.astimezone():%Y-%m-%d %H:%M}"


@app.command()
def retry() -> None:
    """Offer the parked calls to the index again, now."""
    settings = start()
    from qa_service.jobs.indexing import COMMAND_WAIT_S, sync_index
    from qa_service.search.create import open_index

    store = open_data(settings)
    tried = store.outbox.retry_parked()
    with open_index(settings) as index:
        written = sync_index(store, index, _embedder(settings), wait_s=COMMAND_WAIT_S)
    lag = store.outbox.lag()
    typer.echo(f"{some(tried, 'call')} tried again, {written} written; {lag.calls} waiting, {lag.parked} parked.")
    raise typer.Exit(SOME_FAILED if lag.parked else OK)


@app.command()
def prune(
    before: datetime = typer.Option(..., formats=DATE, help="Forget calls of days before this one, YYYY-MM-DD."),
) -> None:
    """Take calls of earlier days out of the index. The database keeps them, and qa reindex brings them back."""
    settings = start()
    from qa_service.jobs.indexing import prune as run
    from qa_service.search.create import open_index

    with open_index(settings) as index:
        gone = run(open_data(settings), index, before.date())
    typer.echo(f"{some(gone, 'call')} of days before {before.date()} taken out of the index.")
