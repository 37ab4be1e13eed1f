"""Files that commands write for whoever called: results line by line, reports."""

from __future__ import annotations

import errno
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from qa_service.errors import ErrorCode, InputError, QAError, SetupError
from qa_service.records import ErrorInfo

if TYPE_CHECKING:
    from qa_service.search.protocol import IndexState

Write = Callable[[str], None]


@contextmanager
def lines(out: str | None, inputs: Iterable[Path]) -> Iterator[Write | None]:
    """What writes a line at once, so that a run that is killed leaves whole ones; ``-`` is stdout, None is nothing.

    Raises:
        QAError: STORAGE_FULL, REQUEST_INVALID (it cannot be written). BadParameter: it is one of the ``inputs``.
    """
    if out is None:
        yield None
        return
    if out == "-":
        yield typer.echo
        return
    place = Path(out)
    _refuse_input(place, inputs)
    with writing(place):
        place.parent.mkdir(parents=True, exist_ok=True)
        stream = place.open("w", encoding="utf-8")

    def write(line: str) -> None:
        with writing(place):
            stream.write(line + "\n")
            stream.flush()

    try:
        yield write
    finally:
        with suppress(OSError):  # told when the line was written
            stream.close()


def write_text(path: Path, text: str) -> None:
    """A whole file. Raises what :func:`writing` raises."""
    with writing(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    print(f"Written: {path}", file=sys.stderr)


def check_target(path: Path) -> None:
    """A place that cannot be written is told before the work, not after it. Raises what :func:`writing` raises."""
    with writing(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        there = path.exists()
        path.open("ab").close()
        if not there:
            path.unlink()


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """Whatever keeps a file from being written, as an error that names it.

    Raises:
        QAError: STORAGE_FULL or REQUEST_INVALID.
    """
    try:
        yield
    except OSError as wrong:
        raise _unwritable(path, wrong) from None


def _unwritable(path: Path, wrong: OSError) -> QAError:
    if wrong.errno in (errno.ENOSPC, errno.EDQUOT):
        return SetupError(ErrorCode.STORAGE_FULL, f"No space left for {path}.", "Free some space and run it again.")
    message = f"{path} cannot be written: {wrong.strerror}."
    return InputError(ErrorCode.REQUEST_INVALID, message, "Name a place that can be written.")


def _refuse_input(place: Path, inputs: Iterable[Path]) -> None:
    """A recording or a manifest would be gone before it is read."""
    for given in inputs:
        with suppress(OSError, ValueError):
            if place.samefile(given):
                raise typer.BadParameter(f"{place} is read by this command; name another file to write")


def some(number: int, thing: str, things: str | None = None) -> str:
    """``1 call``, ``2 calls``; ``things`` where the plural is not made by an s."""
    return f"{number} {named(thing, number, things)}"


def named(thing: str, number: int, things: str | None = None) -> str:
    """What so many are called: ``call``, ``calls``."""
    return thing if number == 1 else things or f"{thing}s"


def refusal(source: str, error: ErrorInfo) -> str:
    """A refused file or line, why, and the code. Its place stands once, also where the reason begins with it."""
    place = "" if error.message.startswith(source) else f"{source}: "
    return f"{place}{error.message} [{error.code}]"


def held(state: IndexState) -> str:
    """What a search index holds, in words."""
    return f"{some(state.calls, 'call')}, {some(state.turns, 'turn')}, {some(state.vectors, 'vector')}"
