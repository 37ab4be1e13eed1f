"""The ``qa`` command. :func:`main` is the entry point."""

from __future__ import annotations

import sys

from qa_service.errors import QAError

#: Exit statuses: done; done but some calls failed; wrong use or a broken installation.
OK, SOME_FAILED, WRONG_USE = 0, 1, 2


def main() -> None:
    """Run the command line; errors raised on purpose are printed with code and hint, without a traceback."""
    from qa_service.cli.app import app

    try:
        app()
    except QAError as wrong:
        print(f"Error: {wrong}", file=sys.stderr)
        sys.exit(WRONG_USE)
    except KeyboardInterrupt:
        print("Interrupted. What was finished is kept; run the same command to go on.", file=sys.stderr)
        sys.exit(130)
