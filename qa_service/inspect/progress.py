"""What a long run has done so far: one JSON line a call."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from types import TracebackType

from pydantic import ValidationError

from qa_service.inspect.replayed import Replayed


class Progress:
    """A file of results. Lines that a kill cut short are passed over; :meth:`finish` takes the file away.

    Raises:
        OSError: it cannot be written.
    """

    def __init__(self, path: Path, *, restart: bool = False) -> None:
        self._path = path
        # A kill may cut a line inside a character: such a line is passed over like any other that was cut.
        self._file = path.open("w+" if restart else "a+", encoding="utf-8", errors="replace")

    def __enter__(self) -> Progress:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, wrong: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()

    def done(self) -> Iterator[Replayed]:
        """Results of earlier runs, in the order they came."""
        self._file.seek(0)
        line = "\n"
        for line in self._file:
            try:
                yield Replayed.model_validate_json(line)
            except ValidationError:
                continue
        if not line.endswith("\n"):  # cut short: what is added now begins a line of its own
            self._file.write("\n")

    def add(self, results: Sequence[Replayed]) -> None:
        """Write results down; from here on they survive a kill."""
        self._file.writelines(f"{result.model_dump_json()}\n" for result in results)
        self._file.flush()

    def finish(self) -> None:
        """The run is through: nothing is left to go on from."""
        self._path.unlink(missing_ok=True)
