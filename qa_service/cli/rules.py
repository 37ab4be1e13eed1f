"""Commands over rule packs: check, test, new, lock, docs, import-sca."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from qa_service.cli import OK, SOME_FAILED, backtest, screen
from qa_service.cli.context import start
from qa_service.cli.counting import counted
from qa_service.cli.output import some
from qa_service.errors import ErrorCode
from qa_service.records import Severity
from qa_service.settings import bundled

if TYPE_CHECKING:
    from qa_service.inspect.trial import Trial

app = typer.Typer(help="Rule packs: data that an officer can read and a test can run.", no_args_is_help=True,
                  rich_markup_mode=None)  # fmt: skip
backtest.add_to(app)
#: Passages from which a bar is shown: fewer are read in a moment.
LONG = 8
FOLDER = typer.Option(None, "--rules", help="Folder of packs; default: the packs that ship, or QA_RULES_DIR.")


def _root(folder: Path | None) -> Path:
    return bundled("rules", folder or start().rules_dir)


@app.command()
def check(rules: Path | None = FOLDER) -> None:
    """Check every pack: format, names, examples, versions. Each problem names file, line, column and the mend."""
    from qa_service.classify.labels import OUTPUTS
    from qa_service.rules.lint import examine

    problems, packs = examine(_root(rules), OUTPUTS)
    for problem in problems:
        typer.echo(str(problem))
    if problems:
        typer.echo(f"{some(len(problems), 'problem')}.", err=True)
        raise typer.Exit(SOME_FAILED)
    rules_there = [rule for pack in packs for rule in pack.rules]
    examples = some(sum(len(rule.spec.examples) for rule in rules_there), "example")
    typer.echo(f"{some(len(packs), 'pack')}, {some(len(rules_there), 'rule')}, {examples}: all hold.")
    raise typer.Exit(OK)


@app.command()
def lock(rules: Path | None = FOLDER) -> None:
    """Write the version lock after a rule's behaviour changed and its version rose."""
    from qa_service.rules.lock import write_lock

    done = write_lock(_root(rules))
    typer.echo(f"{some(done.rules, 'rule')} locked.")
    if done.retired:
        typer.echo(f"Retired for ever, since no rule in use has them: {', '.join(done.retired)}.")
        typer.echo("If that is a mistake, restore lock.json and the files, then lock again.")


@app.command("test")
def try_rules(
    text: str = typer.Argument(
        ..., help="What the agent says; a file of turns (JSON, or lines `agent: …`, `客户:…`); - reads standard input."
    ),
    pack: str | None = typer.Option(None, "--pack", help="Only this pack, whatever the plan says."),
    explain: bool = typer.Option(
        False, "--explain", help="Show the hits that were held back, by which gate and cue, and the gates passed."
    ),
    drafts: bool = typer.Option(False, "--drafts", help="Run rules in draft too, as if they were in test."),
    jurisdiction: str | None = typer.Option(None, help="CN, US, UK; default: the facts' own, or by the language."),
    rules: Path | None = FOLDER,
) -> None:
    """Try the rules on words typed in."""
    settings = start()
    from qa_service.inspect.trial import text_of, trial

    if rules:
        settings = settings.model_copy(update={"rules_dir": rules})
    said = text_of(sys.stdin.buffer.read(), "standard input") if text == "-" else text
    with counted("read by the classifier", "passage", shown_from=LONG) as on_progress:
        result = trial(
            settings,
            said,
            pack=pack,
            jurisdiction=jurisdiction,
            drafts=drafts,
            explain=explain,
            on_progress=on_progress,
        )
    _print_trial(result, explain)


def _print_trial(result: Trial, explain: bool) -> None:
    from qa_service.rules.findings import SECOND_OPINION

    paper = screen.console()
    paper.print(screen.findings_table([("", f) for f in result.findings]) if result.findings else "No findings.")
    if explain:
        for finding in result.findings:
            gates = ", ".join(finding.gates) or "no gate: none is on"
            reason = f"; {finding.state.value}: {finding.reason}" if finding.reason else ""
            paper.print(f"passed: {finding.rule_id} “{finding.quote}” by {gates}{reason}", markup=False)
        for line in result.suppressed:
            paper.print(f"suppressed: {line}", markup=False)
    told = [r for r in result.not_assessed if explain or r.reason.startswith("invalid_fact")]
    if told or explain:
        paper.print(screen.not_assessed_table(told))
    for note in result.misspelt:
        paper.print(f"{note}.", markup=False)
    if not explain and (doubted := sum(held.gate == SECOND_OPINION for held in result.suppressed)):
        paper.print(f"The classifier held back {doubted} more, which it does not see here; --explain shows them.")
    if result.unread:
        paper.print(f"Judged by words alone: {result.unread.partition(': ')[2]}.", markup=False)
    if result.drafts:
        typer.echo(f"Not run, in draft (--drafts runs them): {', '.join(result.drafts)}")


@app.command()
def new(
    pack: str = typer.Argument(..., help="The pack that the rule goes into."),
    rule_id: str = typer.Argument(..., metavar="ID", help="Its id for ever: CN-COLL-NIGHT-9."),
    title: str = typer.Option(..., "--title", help="What it is about, as Chinese readers see it."),
    title_en: str = typer.Option("", "--title-en", help="The same for English readers."),
    severity: Severity = typer.Option(Severity.MAJOR, "--severity"),
    requirement: list[str] = typer.Option([], "--requirement", help="Id of requirements.json; may be given often."),
    rules: Path | None = FOLDER,
) -> None:
    """Write a draft rule with every field explained, sound from its first minute."""
    from qa_service.rules.scaffold import new_rule

    path = new_rule(_root(rules), pack, rule_id, title, title_en=title_en, severity=severity, requirements=requirement)
    typer.echo(
        f"Written: {path}\n"
        "Next:\n"
        "  1. put the words under match.select, and examples that hit and that stay clean\n"
        f'  2. qa rules test "words" --pack {pack} --drafts --explain\n'
        "  3. qa rules check\n"
        "  4. write status: test, then qa rules lock: findings ask for review\n"
        f"  5. qa rules backtest {pack} --since DATE, before it becomes stable (needs `measured`)"
    )


@app.command()
def docs(
    out: Path = typer.Option(Path("docs/rules"), "--out", help="Folder that gets a Markdown page for each pack."),
    stale: bool = typer.Option(False, "--check", help="Write nothing; exit with 1 when a page is out of date."),
    rules: Path | None = FOLDER,
) -> None:
    """Write readable pages of the packs: what each rule means, its clause, examples, score, known gaps."""
    from qa_service.rules.pages import pages

    root = _root(rules)
    found = pages(root, links=os.path.relpath(root, out))
    old = [
        name for name, text in found.items() if not (out / name).is_file() or (out / name).read_text("utf-8") != text
    ]
    if stale:
        typer.echo(f"out of date: {', '.join(old)}" if old else "pages are up to date")
        raise typer.Exit(SOME_FAILED if old else OK)
    for name in old:
        (out / name).parent.mkdir(parents=True, exist_ok=True)
        (out / name).write_text(found[name], encoding="utf-8")
        typer.echo(f"Written: {out / name}")
    typer.echo(f"{some(len(found), 'page')}, {len(old)} changed.")


@app.command("facts")
def case_facts(
    call: Path | None = typer.Argument(
        None, help="A call's facts (JSON); without it all that rules ask for are listed."
    ),
    rules: Path | None = FOLDER,
) -> None:
    """List the facts of a case that rules ask for, or tell how those of a call are read and which nobody asks for."""
    from qa_service.intake.facts import fields_sent, read_facts
    from qa_service.rules.fact_names import FILE_NAME, NO_USE, CaseFacts, load_fact_names

    known = load_fact_names(_root(rules))
    paper = screen.console()
    if not known.known:
        paper.print(f"{_root(rules)} has no {FILE_NAME}: each fact has its own name alone.", markup=False)
    if call is None:
        rows = ((name, f"{spec.en} ({spec.holds})", ", ".join(spec.names())) for name, spec in known.known.items())
        paper.print(screen.facts_table(rows, "fact", "what it says", "other names"))
        return
    sent = read_facts(call)
    fields = ((name, name, value) for name, value in fields_sent(sent))
    read = (*fields, *CaseFacts(known, sent).read())
    paper.print(screen.facts_table(read, "fact", "sent as", "value"))
    unread = known.unread(sent)
    for found in unread:
        paper.print(f"{found}.", markup=False)
    wrong = any(found.meant for found in unread) or any(value.startswith(NO_USE) for _, _, value in read)
    raise typer.Exit(SOME_FAILED if wrong else OK)


@app.command("import-sca")
def import_sca(
    file: Path = typer.Argument(..., help="Rule JSON of Alibaba Cloud SCA (智能对话分析): UploadRule, GetRule, …"),
    out: Path | None = typer.Option(None, "--out", help="Rules folder to write into; default: the one in use."),
    pack: str = typer.Option("sca-import", "--pack", help="Pack that gets the drafts; made if it is not there."),
) -> None:
    """Turn SCA rules into drafts, and say what of them could not be expressed and why."""
    from qa_service.intake.json_text import decode_utf8, read_bytes
    from qa_service.rules.sca.records import read_sca
    from qa_service.rules.sca.write import next_steps, write_drafts

    content = read_bytes(file, ErrorCode.REQUEST_INVALID)
    rules = read_sca(decode_utf8(content, ErrorCode.REQUEST_INVALID, file.name), file.name)
    root = out or _root(None)
    with counted("written", "draft", shown_from=LONG) as on_progress:
        made = write_drafts(rules, root, pack, on_progress)
    screen.console().print(screen.imported_table(made))
    written = sum(one.file is not None for one in made)
    typer.echo(f"{written} of {some(len(made), 'rule')} written as drafts to {root}.")
    if written:
        typer.echo(next_steps(root, pack, _root(None), chosen=out is not None))
    raise typer.Exit(OK if written == len(made) else SOME_FAILED)
