"""A mistake in the rules folder, at the very key, value or list item that has to change."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from qa_service.errors import RuleError
from qa_service.rules.source import Path_, Source, read_source


@dataclass(frozen=True)
class Problem:
    """One mistake, at its place (1-based), with the mend."""

    file: str
    line: int
    column: int
    message: str
    hint: str = ""

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}: {self.message}{f' — {self.hint}' if self.hint else ''}"


@dataclass
class Places:
    """Where things stand in the files of one rules folder. Each file is read once, when it is first asked for."""

    root: Path
    _sources: dict[str, Source | None] = field(default_factory=dict)

    def value(self, file: str, path: Path_, message: str, hint: str = "") -> Problem:
        """A problem at the value that ``path`` leads to, or at its nearest parent that is written.

        ``file`` is relative to the folder: ``pack/rule.yaml``.
        """
        source = self._source(file)
        line, column = source.place(path) if source else (1, 1)
        return Problem(file, line, column, message, hint)

    def key(self, file: str, path: Path_, message: str, hint: str = "") -> Problem:
        """A problem at the key itself that ``path`` ends with; where it is not written, at its parent."""
        source = self._source(file)
        written = source is not None and (*path, "") in source.places
        return self.value(file, (*path, "") if written else path, message, hint)

    def data(self, file: str) -> Any:
        """What the file holds; None where it cannot be read."""
        source = self._source(file)
        return source.data if source else None

    def _source(self, file: str) -> Source | None:
        if file not in self._sources:
            try:
                self._sources[file] = read_source(self.root / file, file)
            except RuleError:  # reported by whoever loads the file
                self._sources[file] = None
        return self._sources[file]


def of_error(wrong: RuleError) -> Problem:
    """An error of the loader as a problem; its message without the place, which stands beside it."""
    message = wrong.message.removeprefix(":".join(str(p) for p in (wrong.file, wrong.line, wrong.column) if p))
    return Problem(wrong.file or "rules", wrong.line or 1, wrong.column or 1, message.removeprefix(": "), wrong.hint)
