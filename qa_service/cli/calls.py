"""Commands that take calls in and judge them: inspect, ingest, work."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from qa_service import logs
from qa_service.cli import OK, SOME_FAILED, screen
from qa_service.cli.context import open_data, open_search, start
from qa_service.cli.counting import counted
from qa_service.cli.output import lines, refusal, some
from qa_service.records import CallStatus, Inspection

if TYPE_CHECKING:
    from qa_service.inspect.batch import Item
    from qa_service.inspect.pipeline import Inspector
    from qa_service.jobs.ingest import IngestItem, IngestReport
    from qa_service.settings import Settings

#: Fewer calls are kept in a moment and show no bar.
MANY = 20
FILES = typer.Argument(None, metavar="FILE...", help="Recordings (any container ffmpeg knows) or transcripts (.json).")
META = typer.Option(
    None,
    "--meta",
    help="JSON file of call facts for these files (else NAME.json beside each), or for what a manifest leaves open.",
)
MANIFEST = typer.Option(
    None,
    "--manifest",
    help="JSON lines: call facts with `audio` or `turns` each; or a table (CSV) with a column `audio`.",
)

#: What is said of the facts of a call that is kept already.
FACTS = {
    None: "",
    "differ": ", with other facts, which stay; --correct-facts takes these",
    "corrected": ": its facts are corrected, and it waits to be inspected again",
}


def add_to(app: typer.Typer) -> None:
    """Register the commands."""
    for command in (inspect, ingest, work):
        app.command()(command)


def inspect(
    files: list[Path] | None = FILES,
    meta: Path | None = META,
    manifest: Path | None = MANIFEST,
    transcript: bool = typer.Option(
        False, "--transcript", help="Every FILE holds turns (role, text, …), whatever its name."
    ),
    out: str | None = typer.Option(None, "--json", metavar="OUT.jsonl", help="Write one object a call; - is stdout."),
) -> None:
    """Inspect calls now, without keeping anything."""
    settings = start()
    items = _items(files, meta, manifest, transcript)
    from qa_service.inspect.pipeline import Inspector

    results: list[Inspection] = []
    inputs = [*(files or []), *filter(None, [meta, manifest]), *(i.audio for i in items if i.audio)]
    try:
        with lines(out, inputs) as write, _bar(items).running() as bar:
            for result in _inspected(Inspector(settings), items, settings, bar):
                results.append(result)
                if write:
                    write(result.model_dump_json())
    except KeyboardInterrupt:
        kept = f"; their results stand in {out}" if out else ""
        typer.echo(
            f"{len(results)} of {some(len(items), 'call')} {'was' if len(results) == 1 else 'were'} inspected{kept}.",
            err=True,
        )
        raise
    if out != "-":
        screen.print_results(results)
        if out:
            typer.echo(f"Written: {out} ({some(len(results), 'call')})", err=True)
    raise typer.Exit(OK if all(r.status is not CallStatus.FAILED for r in results) else SOME_FAILED)


def _items(files: list[Path] | None, meta: Path | None, manifest: Path | None, transcript: bool) -> list[Item]:
    from qa_service.inspect.batch import from_files, from_manifest, unique
    from qa_service.intake.facts import read_facts

    if bool(files) == bool(manifest):
        raise typer.BadParameter("give FILEs or --manifest, one of the two")
    facts = read_facts(meta) if meta else None
    if manifest:
        return list(unique(from_manifest(manifest, facts)))
    return list(unique(from_files(files or [], facts=facts, as_transcript=transcript)))


def _inspected(
    inspector: Inspector, items: list[Item], settings: Settings, bar: screen.AudioBar
) -> Iterator[Inspection]:
    from qa_service.inspect.batch import inspect_items

    for result in inspect_items(inspector, items, settings, bar.on_progress):
        bar.finished(result)
        yield result


def _bar(items: list[Item]) -> screen.AudioBar:
    from qa_service.audio.decode import probe_duration

    total = sum(probe_duration(i.audio) or 0.0 for i in items if i.audio)
    return screen.AudioBar(total, len(items))


def ingest(
    paths: list[Path] | None = typer.Argument(
        None, metavar="PATH...", help="Recordings, folders of them, or transcripts (.json)."
    ),
    meta: Path | None = META,
    manifest: Path | None = MANIFEST,
    correct: bool = typer.Option(
        False,
        "--correct-facts",
        help="Take the facts given now for calls that are kept with others; they are inspected again.",
    ),
    as_json: bool = typer.Option(False, "--json", help="Print the outcome as JSON."),
) -> None:
    """Keep recordings and their facts; `qa work` then inspects what waits. The same file twice is one call."""
    settings = start()
    if bool(paths) == bool(manifest):
        raise typer.BadParameter("give PATHs or --manifest, one of the two")
    from qa_service.intake.facts import read_facts
    from qa_service.jobs.ingest import ingest_manifest, ingest_paths

    store = open_data(settings)
    facts = read_facts(meta) if meta else None
    if not as_json and sys.stdout.isatty() and sys.stderr.isatty():
        logs.only_errors("qa_service.jobs.ingest")  # what is refused is printed, once
    with counted("looked at", "call", shown_from=MANY) as show:
        done = count(1)

        def on_item(_item: IngestItem) -> None:
            show(next(done), None)

        if manifest:
            report = ingest_manifest(manifest, store, settings, facts=facts, correct=correct, on_item=on_item)
        else:
            report = ingest_paths(paths or [], store, settings, facts=facts, correct=correct, on_item=on_item)
    _print_ingest(report, as_json)
    raise typer.Exit(SOME_FAILED if any(i.outcome == "refused" for i in report.items) else OK)


def _print_ingest(report: IngestReport, as_json: bool) -> None:
    if as_json:
        typer.echo(report.model_dump_json())
        return
    count = {o: sum(i.outcome == o for i in report.items) for o in ("created", "duplicate", "refused")}
    for item in report.items:
        if item.outcome == "duplicate":
            back = ", whose recording had been lost and is back" if item.restored else ""
            typer.echo(f"already kept  {item.source} is call {item.call_id}{back}{FACTS[item.facts]}")
        elif item.error:
            typer.echo(f"refused       {refusal(item.source, item.error)}")
    if report.passed_over:
        ends = ", ".join(f"{n} {end or 'without an end'}" for end, n in report.passed_over.items())
        typer.echo(f"Passed over by their names: {ends}. Name such a file itself to have it looked into.")
    typer.echo(
        f"{some(count['created'], 'call')} kept, {count['duplicate']} already there, {count['refused']} refused."
    )


def work(
    limit: int | None = typer.Option(None, "--limit", help="Stop after this many calls."),
) -> None:
    """Inspect what waits, until nothing does. Safe to stop, kill and start again."""
    settings = start()
    from qa_service.inspect.pipeline import Inspector
    from qa_service.jobs.worker import work as run

    store = open_data(settings)

    def left() -> tuple[float, int]:
        waiting = store.queue.waiting()
        calls = waiting.calls if limit is None else min(limit, waiting.calls)
        return waiting.audio_s * calls / max(waiting.calls, 1), calls

    with screen.AudioBar(*left(), left=left).running() as bar:
        report = run(
            store,
            settings,
            Inspector(settings),
            index=open_search(settings),
            on_progress=bar.on_progress,
            on_done=bar.finished,
            limit=limit,
        )
    typer.echo(
        f"{report.inspected} inspected, {report.not_assessable} not assessable, {report.failed} failed; "
        f"{store.outbox.lag().calls} waiting for the search index."
    )
    if report.stopped:
        typer.echo(f"Stopped; {some(store.queue.waiting().calls, 'call')} not through yet. Next: qa work")
    raise typer.Exit(SOME_FAILED if report.failed else OK)
