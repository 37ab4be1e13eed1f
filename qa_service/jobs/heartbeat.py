"""Hold on to calls while they are being inspected."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime

from qa_service import logs
from qa_service.errors import QAError
from qa_service.store.queue import Claim, Queue

log = logs.get(__name__)

#: Renewals within one lease: two may fail before it runs out.
BEATS = 3


@contextmanager
def heartbeat(queue: Queue, claims: Sequence[Claim], clock: Callable[[], datetime]) -> Iterator[None]:
    """Renew the leases of ``claims`` from a thread until the block ends; one that was lost is left alone."""
    done = threading.Event()
    thread = threading.Thread(target=_beat, args=(queue, claims, clock, done), name="heartbeat", daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()


def _beat(queue: Queue, claims: Sequence[Claim], clock: Callable[[], datetime], done: threading.Event) -> None:
    held = list(claims)
    while held and not done.wait(held[0].lease_s / BEATS):
        held = [claim for claim in held if _renewed(queue, claim, clock)]


def _renewed(queue: Queue, claim: Claim, clock: Callable[[], datetime]) -> bool:
    """False when the claim was lost; where the database does not answer it is tried again with the next beat."""
    try:
        if queue.renew(claim, clock()):
            return True
        log.warning("call %s: the lease was lost to another worker", claim.call_id)
    except QAError as wrong:
        logs.failure(log, f"call {claim.call_id}: lease not renewed", wrong)
        return True
    return False
