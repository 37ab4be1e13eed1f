"""Commands over the installation: doctor, serve, models."""

from __future__ import annotations

import json
import socket
from contextlib import closing
from datetime import datetime
from pathlib import Path

import typer

from qa_service.cli import OK, SOME_FAILED
from qa_service.cli.context import open_data, start
from qa_service.cli.output import writing
from qa_service.errors import ErrorCode, SetupError

models = typer.Typer(help="Weights: what is here, what can be fetched.", no_args_is_help=True, rich_markup_mode=None)


def add_to(app: typer.Typer) -> None:
    """Register the commands."""
    app.command()(doctor)
    app.command()(serve)


def doctor(as_json: bool = typer.Option(False, "--json", help="Print as JSON.")) -> None:
    """What is installed, which weights, can the database and index be reached, what to do about what is missing."""
    settings = start()
    from qa_service.cli.doctor import examine

    checks = examine(settings)
    if as_json:
        typer.echo(json.dumps([c.model_dump() for c in checks], ensure_ascii=False))
    else:
        for check in checks:
            typer.echo(f"{check.mark} {check.name:18} {check.found}")
            if check.advice:
                typer.echo(f"{'':21}→ {check.advice}")
    raise typer.Exit(OK if all(c.state != "broken" for c in checks) else SOME_FAILED)


def serve(
    host: str | None = typer.Option(None, help="Address to listen on; default QA_HOST or 127.0.0.1."),
    port: int | None = typer.Option(None, min=0, max=65535, help="Port; default QA_PORT or 8000."),
    work: bool = typer.Option(True, "--work/--no-work", help="Also inspect what is uploaded, in the background."),
) -> None:
    """Open the web pages and the API."""
    settings = start()
    import uvicorn

    from qa_service.web.app import create_app

    settings = settings.model_copy(
        update={"host": host or settings.host, "port": settings.port if port is None else port}
    )
    check_address(settings.host, settings.port)
    service = create_app(settings, run_worker=work)
    typer.echo(f"qa_service on http://{settings.host}:{settings.port}  (log in as {settings.admin_user}; Ctrl+C stops)")
    uvicorn.run(
        service, host=settings.host, port=settings.port, log_level="warning",
        server_header=False, timeout_graceful_shutdown=5,
    )  # fmt: skip


def check_address(host: str, port: int) -> None:
    """That a service could listen here, asked before it opens its data and takes calls to inspect.

    Raises:
        SetupError: SETTINGS_INVALID.
    """
    try:
        for family, kind, _, _, place in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM):
            with socket.socket(family, kind) as tried:
                tried.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                tried.bind(place)
    except OSError as wrong:
        message = f"No service can listen on {host}, port {port}: {wrong.strerror}."
        hint = "Stop what listens there, or choose another with --host and --port (QA_HOST, QA_PORT)."
        raise SetupError(ErrorCode.SETTINGS_INVALID, message, hint) from None


@models.command("list")
def list_models() -> None:
    """Weights by name: which lie here, from where, and which can be fetched."""
    settings = start()
    from qa_service.speech.weights import available

    for model in available(settings):
        typer.echo(f"{model.name:18} {model.state:12} {model.note}")


@models.command()
def fetch(name: str = typer.Argument(..., help="tiny, base, small, medium, large-v3, large-v3-turbo, …")) -> None:
    """Fetch weights into the data folder (the only command that downloads)."""
    settings = start()
    from qa_service.speech.weights import fetch as run

    typer.echo(f"{run(name, settings).path}")


@models.command("export-labels")
def export_labels(
    out: Path = typer.Argument(..., help="File to write: a line of JSON for each label."),
    since: datetime = typer.Option(..., formats=["%Y-%m-%d"], help="First day of the calls."),
    until: datetime | None = typer.Option(None, formats=["%Y-%m-%d"], help="Last day; default today."),
) -> None:
    """What the classifier told, for reviewers to mark right or wrong and scripts/train_conduct.py to learn from."""
    settings = start()
    from qa_service.inspect.labels_out import export_labels as run
    from qa_service.store.replay import open_replay

    open_data(settings).close()
    with closing(open_replay(settings.database)) as replay, writing(out):
        count = run(replay, since.date(), until.date() if until else None, out)
    typer.echo(f"{count} labels written to {out}; set `verdict` to right or wrong in each line you decide.")
