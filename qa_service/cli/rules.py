"""Commands over rule packs: check, test, lock, list."""

from __future__ import annotations

from pathlib import Path

import typer

from qa_service.cli import OK, SOME_FAILED, screen
from qa_service.cli.context import start
from qa_service.settings import bundled

app = typer.Typer(help="Rule packs: data that an officer can read and a test can run.", no_args_is_help=True,
                  rich_markup_mode=None)  # fmt: skip
FOLDER = typer.Option(None, "--rules", help="Folder of packs; default: the packs that ship, or QA_RULES_DIR.")


def _root(folder: Path | None) -> Path:
    return bundled("rules", folder or start().rules_dir)


@app.command()
def check(rules: Path | None = FOLDER) -> None:
    """Check every pack: format, names, examples, versions. Each problem names file, line, column and the mend."""
    from qa_service.rules.lint import check as lint
    from qa_service.rules.load import load_packs

    root = _root(rules)
    problems = lint(root)
    for problem in problems:
        typer.echo(str(problem))
    if problems:
        typer.echo(f"{len(problems)} problems.", err=True)
        raise typer.Exit(SOME_FAILED)
    packs = load_packs(root).values()
    examples = sum(len(rule.spec.examples) for pack in packs for rule in pack.rules)
    typer.echo(f"{len(packs)} packs, {sum(len(p.rules) for p in packs)} rules, {examples} examples: all hold.")
    raise typer.Exit(OK)


@app.command()
def lock(rules: Path | None = FOLDER) -> None:
    """Write the version lock after a rule's behaviour changed and its version rose."""
    from qa_service.rules.lock import write_lock

    typer.echo(f"{write_lock(_root(rules))} rules locked.")


@app.command("test")
def try_rules(
    text: str = typer.Argument(..., help="What the agent says, or a file of turns (JSON)."),
    explain: bool = typer.Option(False, "--explain", help="Show the hits that a gate or filter suppressed, and why."),
    jurisdiction: str | None = typer.Option(None, help="CN, US, UK; default: by the language of the text."),
) -> None:
    """Try the rules on words typed in."""
    settings = start()
    from qa_service.inspect.trial import trial

    findings, suppressed, missing = trial(settings, text, jurisdiction=jurisdiction)
    paper = screen.console()
    paper.print(screen.findings_table([("", f) for f in findings]) if findings else "No findings.")
    if explain:
        for line in suppressed:
            paper.print(f"suppressed: {line}", markup=False)
        paper.print(screen.not_assessed_table(missing))
