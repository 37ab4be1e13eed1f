"""Hold on to a call while it is being inspected."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime

from qa_service import logs
from qa_service.errors import QAError
from qa_service.store.queue import Claim, Queue

log = logs.get(__name__)

#: Renewals within one lease: two may fail before it runs out.
BEATS = 3


@contextmanager
def heartbeat(queue: Queue, claim: Claim, clock: Callable[[], datetime]) -> Iterator[None]:
    """Renew the lease of ``claim`` from a thread until the block ends or the claim is lost."""
    done = threading.Event()
    thread = threading.Thread(target=_beat, args=(queue, claim, clock, done), name="heartbeat", daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()


def _beat(queue: Queue, claim: Claim, clock: Callable[[], datetime], done: threading.Event) -> None:
    while not done.wait(claim.lease_s / BEATS):
        try:
            if not queue.renew(claim, clock()):
                log.warning("call %s: the lease was lost to another worker", claim.call_id)
                return
        except QAError as wrong:
            logs.failure(log, f"call {claim.call_id}: lease not renewed", wrong)
