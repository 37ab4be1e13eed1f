"""Several processes for the tests (pytest-xdist): how many, what each may use, and which tests stay together."""

from __future__ import annotations

import os
from collections.abc import MutableMapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from xdist.scheduler import LoadScopeScheduling

MEMORY_EACH = 5 << 30
"""Of one process at most: torch, Whisper's weights, and a server of its own."""
MOST = 8
ON_THE_NODE = ("tests/jobs/test_reindex.py",)
"""Files beside tests/search/elastic whose tests need the node; cases that are marked so have its name in theirs."""


def cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def workers() -> int:
    """What ``-n auto`` stands for."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return max(1, min(cores(), memory // MEMORY_EACH, MOST))


def share_cores(environment: MutableMapping[str, str]) -> None:
    """In one of several processes: its share of the cores, for whatever it starts too.

    Threads that wait for each other at every step are ten times slower once there are more of them than cores.
    """
    if found := environment.get("PYTEST_XDIST_WORKER_COUNT"):
        environment.setdefault("OMP_NUM_THREADS", str(max(1, cores() // int(found))))


def together(nodeid: str) -> str:
    """The name of what runs in one process: a file, as its fixtures are shared; and all that needs the one node."""
    file = nodeid.partition("::")[0]
    return "elastic" if "elastic" in nodeid or file in ON_THE_NODE else file


def scheduler(config: object, log: object) -> LoadScopeScheduling:
    from xdist.scheduler import LoadScopeScheduling

    class ByFile(LoadScopeScheduling):
        def _split_scope(self, nodeid: str) -> str:
            return together(nodeid)

    return ByFile(config, log)
