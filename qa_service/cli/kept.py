"""Commands over kept calls: status, show, findings, reinspect."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

import typer

from qa_service.cli import OK, SOME_FAILED, screen
from qa_service.cli.context import open_data, start
from qa_service.cli.output import refusal, some
from qa_service.errors import NotFoundError
from qa_service.records import CallEntry, CallState, Inspection

if TYPE_CHECKING:
    from qa_service.store.store import Store

FIRST_YEAR = 1900


def add_to(app: typer.Typer) -> None:
    """Register the commands."""
    for command in (status, show, findings, reinspect, dismiss):
        app.command()(command)


def status(as_json: bool = typer.Option(False, "--json", help="Print as JSON.")) -> None:
    """Where everything stands: calls by state, what failed or was refused and why, the index's backlog."""
    settings = start()
    from qa_service.jobs.overview import overview

    found = overview(open_data(settings))
    if as_json:
        typer.echo(found.model_dump_json())
        return
    counts = {state.value: n for state, n in found.calls.items() if n}
    typer.echo("  ".join(f"{state}: {n}" for state, n in counts.items()) or "No calls yet. Next: qa ingest PATH")
    for entry in found.troubled:
        typer.echo(f"{entry.state.value:15} {entry.call_id} ({entry.source}): {_reason(entry)}")
    for refused in found.quarantined:
        typer.echo(f"{'refused':15} {refusal(refused.source, refused.error)}")
    if found.refused:
        were = "was" if found.refused == 1 else "were"
        many = some(found.refused, "file or line", "files or lines")
        typer.echo(f"{many} {were} refused{_of(found.refused, len(found.quarantined))}.")
    parked = f", {found.index_parked} refused (qa index status)" if found.index_parked else ""
    typer.echo(f"search index: {some(found.index_backlog, 'call')} behind{parked}")


def _of(whole: int, listed: int) -> str:
    more = f", the latest {listed} are listed" if listed < whole else ""
    return f"{more}; `qa dismiss` forgets what nobody will mend"


def _reason(entry: CallEntry) -> str:
    error = entry.error or (entry.inspection.error if entry.inspection else None)
    if error is None:
        return "no reason recorded"
    return f"{error.message.removesuffix(f' [{error.code}]')} [{error.code}]"


def show(
    call_id: str = typer.Argument(..., metavar="CALL"),
    as_json: bool = typer.Option(False, "--json", help="Print the inspection as JSON."),
) -> None:
    """Show a kept call: transcript, findings, what was not assessed."""
    settings = start()
    entry = open_data(settings).calls.get(call_id)
    if as_json:
        waiting = json.dumps({"call_id": call_id, "state": entry.state.value})
        typer.echo(entry.inspection.model_dump_json() if entry.inspection else waiting)
        return
    agent = f"{entry.facts.agent_id or ''} {entry.facts.agent_name or ''}"
    paper = screen.console()
    paper.print(f"{call_id}  {entry.day}  {agent}  {entry.state.value}", markup=False)
    if entry.error:
        paper.print(_reason(entry), markup=False)
    if entry.inspection:
        _print_inspection(entry.inspection)


def _print_inspection(result: Inspection) -> None:
    paper = screen.console()
    paper.print(screen.headline(result), markup=False)
    screen.print_plan(result, paper)
    for turn in result.turns:
        doubt = f"  ({', '.join(turn.flags)})" if turn.flags else ""
        paper.print(f"{screen.clock(turn.start_s)} {turn.role.value:9} {turn.text}{doubt}", markup=False)
    if result.findings:
        paper.print(screen.findings_table([(result.call_id, f) for f in result.findings]))
    if result.not_assessed:
        paper.print(screen.not_assessed_table(result.not_assessed))


def findings(
    call_ids: list[str] = typer.Argument(..., metavar="CALL...", help="Kept calls."),
) -> None:
    """A table of what was found in kept calls, and a line for each call."""
    settings = start()
    entries = list(map(open_data(settings).calls.get, call_ids))
    screen.print_results([e.inspection for e in entries if e.inspection])
    for entry in entries:
        if not entry.inspection:
            typer.echo(f"{entry.call_id}  {entry.state.value}: not inspected yet")
        elif entry.state in (CallState.WAITING, CallState.WORKING):
            typer.echo(f"{entry.call_id}  {entry.state.value}: to be inspected again, this is its last result")


def reinspect(
    call_ids: list[str] = typer.Argument(None, metavar="CALL...", help="Kept calls."),
    failed: bool = typer.Option(False, "--failed", help="Every call whose inspection failed."),
    everything: bool = typer.Option(False, "--all", help="Every kept call."),
) -> None:
    """Put kept calls back in the queue, to be inspected again (earlier inspections are kept as history)."""
    settings = start()
    if (bool(call_ids), failed, everything).count(True) != 1:
        raise typer.BadParameter("name the calls, or say --failed or --all: one of the three")
    store = open_data(settings)
    ids = list(dict.fromkeys(call_ids or store.calls.all_ids(CallState.FAILED if failed else None)))
    done = store.queue.requeue(ids)
    typer.echo(f"{some(done, 'call')} {'waits' if done == 1 else 'wait'} to be inspected again. Next: qa work")
    left = list(_left_out(store, ids)) if done < len(ids) else []
    for line in left:
        typer.echo(line, err=True)
    raise typer.Exit(SOME_FAILED if left else OK)


def _left_out(store: Store, call_ids: Sequence[str]) -> Iterator[str]:
    """Why calls were not put back, of those that still do not wait."""
    for call_id in call_ids:
        try:
            if store.calls.get(call_id).state is CallState.WORKING:
                yield f"{call_id} is being inspected now and was left as it is."
        except NotFoundError as wrong:
            yield str(wrong)


def dismiss(
    sources: list[str] = typer.Argument(
        None, metavar="SOURCE...", help="Refused files or lines, as `qa status` writes them."
    ),
    before: datetime | None = typer.Option(
        None, formats=["%Y-%m-%d"], help="All that was refused before this day, YYYY-MM-DD."
    ),
) -> None:
    """Forget refused files and lines that nobody will mend (one that is accepted is forgotten by itself).

    Reports of those days that are made again no longer count them.
    """
    settings = start()
    if bool(sources) == bool(before):
        raise typer.BadParameter("name the SOURCEs or say --before, one of the two")
    if before and before.year < FIRST_YEAR:
        raise typer.BadParameter(f"--before must lie after the year {FIRST_YEAR}")
    from qa_service.jobs.ingest import zone

    moment = before.replace(tzinfo=zone(settings.timezone)) if before else None
    gone = open_data(settings).quarantine.dismiss(sources or (), before=moment)
    typer.echo(f"{some(gone, 'refusal')} forgotten.")
    raise typer.Exit(OK if gone or before else SOME_FAILED)
