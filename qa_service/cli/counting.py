"""A bar over a number of calls, or of other things; plain lines now and then when piped."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from qa_service.cli import screen
from qa_service.cli.output import named


class CallsBar:
    """Fed with how many calls are through, of how many."""

    def __init__(self, total: int) -> None:
        self._out = screen.console(error=True)
        self._last_line = time.monotonic()
        self._bar = Progress(
            MofNCompleteColumn(),
            TextColumn("{task.fields[unit]}"),
            BarColumn(bar_width=28),
            TimeRemainingColumn(),
            console=self._out,
            transient=True,
        )
        self._task = self._bar.add_task("", total=total, unit=named("call", total))

    def on_progress(self, done: int, total: int) -> None:
        """Move the bar. A pipe hears the last one, and of the others one each half a minute."""
        self._bar.update(self._task, completed=done, total=total, unit=named("call", total))
        if self._out.is_terminal:
            return
        if done == total or time.monotonic() - self._last_line >= screen.QUIET_S:
            self._last_line = time.monotonic()
            print(f"[{done}/{total}] {named('call', total)}", file=sys.stderr, flush=True)

    @contextmanager
    def running(self) -> Iterator[CallsBar]:
        if not self._out.is_terminal:
            yield self
            return
        with self._bar:
            yield self


@contextmanager
def counted(what: str, unit: str, *, shown_from: int = 0) -> Iterator[Callable[[int, int | None], None]]:
    """What is to be told how many are done, of how many (None: nobody knows): a bar on a terminal, a line now and then
    when piped.

    Args:
        what: is being done to them: ``judged again``.
        unit: one of the things: ``call``.
        shown_from: fewer than these are done in a moment and show no bar.
    """
    out = screen.console(error=True)
    bar = Progress(
        TextColumn("{task.description}"), BarColumn(bar_width=28), MofNCompleteColumn(),
        TextColumn("{task.fields[unit]}"), TimeRemainingColumn(), console=out, transient=True,
        disable=not out.is_terminal,
    )  # fmt: skip
    task = bar.add_task(what, total=None, visible=not shown_from, unit=named(unit, 0))
    last = time.monotonic()

    def show(done: int, total: int | None) -> None:
        nonlocal last
        most = done if total is None else total
        bar.update(task, completed=done, total=total, visible=most >= shown_from, unit=named(unit, most))
        if not out.is_terminal and time.monotonic() - last >= screen.QUIET_S:
            last = time.monotonic()
            so_far = done if total is None else f"{done}/{total}"
            print(f"{so_far} {named(unit, most)} {what}", file=sys.stderr, flush=True)

    with bar:
        yield show
