"""A bar over a number of calls; plain lines now and then when piped."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from qa_service.cli import screen


class CallsBar:
    """Fed with how many calls are through, of how many."""

    def __init__(self, total: int) -> None:
        self._out = screen.console(error=True)
        self._last_line = time.monotonic()
        self._bar = Progress(
            MofNCompleteColumn(),
            TextColumn("calls"),
            BarColumn(bar_width=28),
            TimeRemainingColumn(),
            console=self._out,
            transient=True,
        )
        self._task = self._bar.add_task("", total=total)

    def on_progress(self, done: int, total: int) -> None:
        """Move the bar. A pipe hears the last one, and of the others one each half a minute."""
        self._bar.update(self._task, completed=done, total=total)
        if self._out.is_terminal:
            return
        if done == total or time.monotonic() - self._last_line >= screen.QUIET_S:
            self._last_line = time.monotonic()
            print(f"[{done}/{total}] calls", file=sys.stderr, flush=True)

    @contextmanager
    def running(self) -> Iterator[CallsBar]:
        if not self._out.is_terminal:
            yield self
            return
        with self._bar:
            yield self
