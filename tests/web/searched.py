"""Calls of several teams and agents in the store and the index, and an encoder small enough for tests."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import timedelta

from fastapi import FastAPI

from qa_service.jobs.indexing import sync_index
from qa_service.records import Finding, Severity
from qa_service.search.document import DIMENSIONS
from qa_service.search.protocol import Access
from qa_service.web.access import access_of
from qa_service.web.deps import Services
from tests.factories import NOW, facts, finding, inspection, turns
from tests.web.calling import inspect, keep

#: Agent, team, product, days overdue, and what is said in turn by the agent and the customer.
CALLS: dict[str, tuple[str, str, str, int, tuple[str, ...]]] = {
    "C-1": ("A-201", "一组", "信用卡", 41, ("您好", "我没有钱", "再不还我就打电话给你单位", "别打给我单位")),
    "C-2": ("A-201", "一组", "消费贷", 10, ("您好", "下个月还", "律师函会寄到你单位")),
    "C-3": ("A-305", "二组", "信用卡", 120, ("您好", "单位的电话别打", "你单位我们都知道")),
}
THREAT = finding(turns=(2,), rule_id="CN-COLL-THIRD-2")
MILD = finding(turns=(2,), rule_id="CN-COLL-009", title="", severity=Severity.MINOR, requirements=("CN-TIME-01",))
FINDINGS: dict[str, tuple[Finding, ...]] = {"C-1": (THREAT,), "C-2": (MILD,), "C-3": (THREAT, MILD)}
#: Sees the first team alone.
ONE_TEAM = Access(teams=frozenset({"一组"}))

#: What only the call outside the bound has: its id, agent, team, day, and a turn.
OUTSIDE = ("C-3", "A-305", "二组", "2026-11-19", "电话别打")


def leaked(text: str, typed: tuple[str, ...] = ()) -> list[str]:
    """What a text says of the call outside the bound, but for what the asker typed; rules end in such letters too."""
    return [word for word in OUTSIDE if word not in typed and re.search(rf"(?<![A-Z-]){word}", text)]


def letters(texts: Iterable[str]) -> list[bytes]:
    """Turns that share letters have vectors of like direction."""
    return [
        bytes(min(127, 40 * sum(ord(c) % DIMENSIONS == n for c in text)) for n in range(DIMENSIONS)) for text in texts
    ]


def kept_and_indexed(services: Services, *, vectors: bool = True) -> None:
    """All of CALLS, inspected, one a day; with vectors unless told otherwise."""
    for n, (call_id, (agent, team, product, overdue, said)) in enumerate(CALLS.items()):
        known = facts(
            started_at=(NOW + timedelta(days=n)).isoformat(), agent_id=agent, team=team, product=product,
            overdue_days=overdue,
        )  # fmt: skip
        keep(services, call_id, known=known)
        inspect(services, inspection(call_id, turns=turns(*said), findings=FINDINGS[call_id]), index=False)
    sync_index(services.store, services.index, letters if vectors else None)


def bound(app: FastAPI, access: Access) -> None:
    """Whoever asks from now on sees no more than this."""
    app.dependency_overrides[access_of] = lambda: access
