"""How results look on a terminal: tables within 100 columns, a bar for long work, plain lines when piped."""

from __future__ import annotations

import sys
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn
from rich.table import Table
from rich.text import Text

from qa_service.cli.output import named, some
from qa_service.cli.tally import AudioTally
from qa_service.records import CallStatus, Finding, FindingState, Inspection, NotAssessed, ProgressEvent, Severity

if TYPE_CHECKING:
    from qa_service.rules.sca.write import Imported

WIDTH = 100
#: Columns below which tables of findings have fewer columns.
NARROW = 72
#: A pipe that heard nothing for so many seconds is told how far the work is.
QUIET_S = 30.0
#: Severity by shape and word, so that it is read without colour.
MARK = {Severity.CRITICAL: "▲", Severity.MAJOR: "■", Severity.MINOR: "●", Severity.PRAISE: "★"}
STYLE = {Severity.CRITICAL: "bold red", Severity.MAJOR: "yellow", Severity.MINOR: "cyan", Severity.PRAISE: "green"}
STATE = {
    FindingState.CONFIRMED: "confirmed",
    FindingState.UNVERIFIED: "unverified",
    FindingState.NEEDS_REVIEW: "needs review",
}


def console(*, error: bool = False) -> Console:
    """A console at most 100 columns wide; exactly 100 when piped."""
    found = Console(stderr=error, highlight=False, soft_wrap=False)
    found.width = min(found.width, WIDTH) if found.is_terminal else WIDTH
    return found


def clock(seconds: float | None) -> str:
    """``mm:ss`` of a moment in a call; a dash where there is none."""
    if seconds is None:
        return "–"
    return f"{int(seconds) // 60:02d}:{int(seconds) % 60:02d}"


def percent(ratio: float | None) -> str:
    return "–" if ratio is None else f"{ratio:.0%}"


def headline(result: Inspection) -> str:
    """One line for one call."""
    if result.status is not CallStatus.INSPECTED:
        reason = f": {result.error.message}" if result.error else ""
        by_facts = f"  {some(len(result.findings), 'finding')} by its facts" if result.findings else ""
        return f"{result.call_id}  {result.status.value}{reason}{by_facts}"
    points = f"{result.score.points:g} {result.score.grade}" if result.score else "–"
    return (
        f"{result.call_id}  {points}  coverage {percent(result.coverage.ratio)}  "
        f"{_counted(result.findings)}, {len(result.not_assessed)} not assessed"
    )


def _counted(findings: Iterable[Finding]) -> str:
    """How many are held against the agent, how many somebody has to hear first, and how many speak for it."""
    kinds = Counter(
        "praise" if f.severity is Severity.PRAISE else "confirmed" if f.state is FindingState.CONFIRMED else "doubtful"
        for f in findings
    )
    return f"{kinds['confirmed']} confirmed, {kinds['doubtful']} to check, {kinds['praise']} praise"


def plain_table() -> Table:
    """A table without lines, as wide as the console; its last column takes what the others leave.

    Cells from data are given as Text: in a bare string square brackets would be read as marks of style.
    """
    return Table(expand=True, pad_edge=False, box=None, header_style="bold")


def findings_table(rows: Iterable[tuple[str, Finding]]) -> Table:
    """Findings with time, severity, requirement and quote; the call named once.

    On a narrow terminal call and requirement stand beside the quote, so that this keeps its room.
    """
    narrow = console().width < NARROW
    table = plain_table()
    if not narrow:
        table.add_column("call", width=14, overflow="fold")
    table.add_column("time", width=5)
    table.add_column("severity", width=10)
    if not narrow:
        table.add_column("requirement", width=17, overflow="fold")
    table.add_column("what and where heard", ratio=1, overflow="fold")
    last = None
    for call_id, finding in rows:
        severity = Text(f"{MARK[finding.severity]} {finding.severity.value}", style=STYLE[finding.severity])
        call, requirements = call_id if call_id != last else "", " ".join(finding.requirements)
        when, what = clock(finding.start_s), _what(finding)
        if narrow:
            table.add_row(when, severity, Text("\n").join(t for t in (Text(call), what, Text(requirements)) if t))
        else:
            table.add_row(Text(call), when, severity, Text(requirements), what)
        last = call_id
    return table


def _what(finding: Finding) -> Text:
    state = "" if finding.state is FindingState.CONFIRMED else f" ({STATE[finding.state]})"
    what = Text(f"{finding.title}{state}")
    if finding.quote:
        what.append(f"\n“{finding.quote}”", style="dim")
    if finding.reason:
        what.append(f"\n{finding.reason}", style="dim")
    return what


def not_assessed_table(rows: Iterable[NotAssessed]) -> Table:
    table = plain_table()
    table.add_column("not assessed", width=20, overflow="fold")
    table.add_column("why", ratio=1, overflow="fold")
    for row in rows:
        table.add_row(Text(row.rule_id), Text(row.reason))
    return table


def facts_table(rows: Iterable[tuple[str, str, str]], *heads: str) -> Table:
    """Facts of a case, a name and two columns more."""
    table = plain_table()
    for head, share in zip(heads, (3, 5, 4), strict=True):
        table.add_column(head, ratio=share, overflow="fold")
    for row in rows:
        table.add_row(*(Text(cell) for cell in row))
    return table


def imported_table(rows: Iterable[Imported]) -> Table:
    """Rules of another system: the file each became, and what of it was lost."""
    table = plain_table()
    table.add_column("rule", width=22, overflow="fold")
    table.add_column("file", width=26, overflow="fold")
    table.add_column("not expressed", ratio=1, overflow="fold")
    for row in rows:
        table.add_row(Text(row.title), Text(row.file or "not written"), Text("\n".join(row.lost) or "–"))
    return table


def print_plan(result: Inspection, paper: Console) -> None:
    """By which plan a call was judged, and why: also which of its facts no rule asks for."""
    if result.made_by:
        paper.print(f"plan {result.made_by.plan}: {'; '.join(result.made_by.plan_notes)}", markup=False)


def print_results(results: Sequence[Inspection]) -> None:
    """Findings of all calls, a line a call, and for a single call what was not assessed."""
    paper = console()
    rows = [(r.call_id, f) for r in results for f in r.findings]
    if rows:
        paper.print(findings_table(rows))
        paper.print()
    for result in results:
        paper.print(headline(result), markup=False)
    if len(results) == 1:
        print_plan(results[0], paper)
    if len(results) == 1 and results[0].not_assessed:
        paper.print()
        paper.print(not_assessed_table(results[0].not_assessed))


class AudioBar:
    """A bar over the audio seconds of a batch, fed with progress events of any number of calls; plain lines when piped.

    A pipe gets a line for each call that is through, and one now and then while a long one is at work.

    Args:
        total_s, calls: seconds of audio and calls that are expected.
        left: what is to do yet of both; asked when more calls are through than were expected.
    """

    def __init__(self, total_s: float, calls: int, left: Callable[[], tuple[float, int]] | None = None) -> None:
        self._tally = AudioTally(total_s, calls)
        self._left = left
        self._out = console(error=True)
        self._last_line = time.monotonic()
        self._bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(bar_width=28),
            TextColumn("{task.fields[said]}"),
            console=self._out,
            transient=True,
        )
        self._task = self._bar.add_task(self._counted(), total=max(total_s, 1.0), said=str(self._tally))

    @property
    def live(self) -> bool:
        return self._out.is_terminal

    def on_progress(self, event: ProgressEvent) -> None:
        """Move the bar. May be called from several threads."""
        self._tally.take(event)
        self._show()
        if not self.live and time.monotonic() - self._last_line >= QUIET_S:
            self._line(str(self._tally))

    def finished(self, result: Inspection) -> None:
        """A call is through: count it; say so when piped."""
        self._tally.through(result.call_id)
        if self._left and self._tally.finished > self._tally.calls:
            self._tally.expect(*self._left())
        self._show()
        if not self.live:
            self._line(f"{headline(result)}  ({self._tally})")

    @contextmanager
    def running(self) -> Iterator[AudioBar]:
        if not self.live:
            yield self
            return
        with self._bar:
            yield self

    def _show(self) -> None:
        tally = self._tally
        self._bar.update(
            self._task,
            description=self._counted(),
            total=max(tally.total_s, 1.0),
            completed=tally.done_s,
            said=str(tally),
        )

    def _counted(self) -> str:
        return f"{self._tally.finished}/{self._tally.calls} {named('call', self._tally.calls)}"

    def _line(self, text: str) -> None:
        self._last_line = time.monotonic()
        print(f"[{self._tally.finished}/{self._tally.calls}] {text}", file=sys.stderr, flush=True)
