"""The ``qa`` command. :func:`main` is the entry point."""

from __future__ import annotations

import errno
import io
import sys

from qa_service.errors import ErrorCode, QAError, SetupError

#: Exit statuses: done; done but some calls failed; wrong use or a broken installation.
OK, SOME_FAILED, WRONG_USE = 0, 1, 2
#: Of a command that was interrupted, as shells have it.
INTERRUPTED = 130
FULL = (errno.ENOSPC, errno.EDQUOT)


def main() -> None:
    """Run the command line; errors raised on purpose are printed with code and hint, without a traceback."""
    from qa_service.cli.app import app

    _let_all_letters_pass()
    try:
        app()
    except QAError as wrong:
        _give_up(wrong)
    except OSError as wrong:
        _give_up(_place(wrong))
    except (KeyboardInterrupt, SystemExit) as ended:  # the second is what Typer makes of the first
        if isinstance(ended, SystemExit) and ended.code != INTERRUPTED:
            raise
        print("Interrupted. Kept calls and lines already written stay; run the command again.", file=sys.stderr)
        sys.exit(INTERRUPTED)


def _let_all_letters_pass() -> None:
    """A terminal or pipe that is not UTF-8 gets what it cannot take as escapes, not a traceback."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def _give_up(wrong: QAError) -> None:
    print(f"Error: {wrong}", file=sys.stderr)
    sys.exit(WRONG_USE)


def _place(wrong: OSError) -> QAError:
    """What went wrong with a file that the command named, or with the place its output goes to."""
    name = wrong.filename if isinstance(wrong.filename, str) else "the output"
    if wrong.errno in FULL:
        return SetupError(ErrorCode.STORAGE_FULL, f"No space left for {name}.", "Free some space and run it again.")
    if wrong.filename is None:
        raise wrong
    if isinstance(wrong, PermissionError):
        what = f"{name} cannot be used: {wrong.strerror}."
        return QAError(ErrorCode.FILE_UNREADABLE, what, "Check the path and its permissions.")
    hint = "Name a place that can be read and written."
    return QAError(ErrorCode.REQUEST_INVALID, f"{name} cannot be opened: {wrong.strerror}.", hint)
