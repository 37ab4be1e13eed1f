"""Who a worker is, so that after a crash the next one knows at once that it is gone."""

from __future__ import annotations

import itertools
import os
import socket
from pathlib import Path

#: States of a process that no longer runs: it waits for its parent to take note.
GONE = frozenset({"Z", "X", "x"})
_numbers = itertools.count(1)


def worker_id() -> str:
    """Place, process id, start of the process, and a number within the process: ``host/…|123|4567|1``."""
    pid = os.getpid()
    return f"{_place()}|{pid}|{_started(pid) or '?'}|{next(_numbers)}"


def is_dead(worker: str) -> bool:
    """Whether this worker's process is known to have ended. False for workers elsewhere: their leases tell."""
    place, _, rest = worker.partition("|")
    pid, _, rest = rest.partition("|")
    started = rest.partition("|")[0]
    if place != _place() or not pid.isdigit():
        return False
    now_there = _started(int(pid))
    return now_there is None or ("?" not in (started, now_there) and started != now_there)


def _place() -> str:
    """Where process ids mean the same: host, its boot, and the namespace of process ids (a container's own)."""
    return f"{socket.gethostname().replace('|', '-')}/{_boot()}/{_namespace()}"


def _boot() -> str:
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii")[:8]
    except OSError:
        return "-"


def _namespace() -> str:
    try:
        return str(Path("/proc/self/ns/pid").readlink()).strip("pid:[]")
    except OSError:
        return "-"


def _started(pid: int) -> str | None:
    """Start of a process in clock ticks since boot, ``?`` where the system does not tell; None when it is gone."""
    try:
        status = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return "?" if _exists(pid) else None
    fields = status.rpartition(")")[2].split()  # the name before it, in brackets, may hold anything
    return None if fields[0] in GONE else fields[19]


def _exists(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True
