"""Logging: one line an event, error codes in the log, no transcript text and no personal data."""

from __future__ import annotations

import logging
import sys

from qa_service.errors import QAError

_FORMAT = "%(asctime)s %(levelname)-7s %(name)s: %(message)s"


def configure(level: str = "INFO") -> None:
    """Send the service's log to standard error. Called once by the command line or the web server."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(logging.Formatter(_FORMAT))
    root = logging.getLogger("qa_service")
    root.handlers[:] = [handler]
    root.setLevel(level)
    root.propagate = False


def get(name: str) -> logging.Logger:
    """Logger of a module: ``logs.get(__name__)``."""
    return logging.getLogger(name)


def only_errors(name: str) -> None:
    """Of a module whose warnings the command prints itself."""
    get(name).setLevel(logging.ERROR)


def failure(log: logging.Logger, what: str, error: BaseException) -> None:
    """Log an error with its code; unexpected ones with their traceback."""
    if isinstance(error, QAError):
        log.warning("%s: %s", what, error)
    else:
        log.error("%s: [internal] %s", what, error, exc_info=error)
