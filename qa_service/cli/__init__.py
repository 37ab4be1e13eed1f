"""The ``qa`` command. :func:`main` is the entry point."""

from __future__ import annotations

import sys

from qa_service.errors import ErrorCode, QAError

#: Exit statuses: done; done but some calls failed; wrong use or a broken installation.
OK, SOME_FAILED, WRONG_USE = 0, 1, 2
#: What Typer ends with on Ctrl+C.
INTERRUPTED = 130


def main() -> None:
    """Run the command line; errors raised on purpose are printed with code and hint, without a traceback."""
    from qa_service.cli.app import app

    try:
        app()
    except QAError as wrong:
        print(f"Error: {wrong}", file=sys.stderr)
        sys.exit(WRONG_USE)
    except PermissionError as wrong:
        what = f"{wrong.filename} cannot be used: {wrong.strerror}. Check the path and its permissions."
        print(f"Error: {what} [{ErrorCode.FILE_UNREADABLE}]", file=sys.stderr)
        sys.exit(WRONG_USE)
    except (KeyboardInterrupt, SystemExit) as ended:
        if isinstance(ended, SystemExit) and ended.code != INTERRUPTED:
            raise
        hint = "`qa ingest`, `qa work` and `qa reindex` go on where they were."
        print(f"Interrupted. What was finished stands; {hint}", file=sys.stderr)
        sys.exit(INTERRUPTED)
