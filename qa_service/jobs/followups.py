"""Judge the rules over several calls: of a call just inspected, and of later ones whose history that has changed."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import Protocol

from qa_service import logs
from qa_service.errors import RuleError, SetupError
from qa_service.records import CallFacts, History, Inspection
from qa_service.store.followups import FollowUp
from qa_service.store.store import Store

log = logs.get(__name__)

BATCH = 100


class HistoryJudge(Protocol):
    """What following needs of an inspector."""

    def judge_by_history(self, inspection: Inspection, facts: CallFacts, history: History) -> Inspection: ...


def follow_call(store: Store, judge: HistoryJudge, call_id: str) -> Inspection | None:
    """Follow the orders of one call; returns its inspection if that changed."""
    orders = store.followups.of_call(call_id)
    return _settled(store, judge, call_id, orders, set()) if orders else None


def follow(
    store: Store,
    judge: HistoryJudge,
    *,
    most: int | None = None,
    stop: threading.Event | None = None,
    broken: set[str] | None = None,
) -> int:
    """Follow what was ordered, oldest first, up to ``most`` calls; returns how many changed.

    A call that breaks is logged, noted in ``broken`` and passed over as long as it stands there; its orders wait.

    Raises:
        SetupError, RuleError: the installation is at fault.
    """
    changed, done, last = 0, 0, 0
    broken = set() if broken is None else broken
    while (most is None or done < most) and (orders := store.followups.pending(BATCH, after=last)):
        last = orders[-1].number
        for call_id in dict.fromkeys(order.call_id for order in orders):
            if stop is not None and stop.is_set():
                return changed
            if call_id not in broken and (own := store.followups.of_call(call_id)):  # those behind this page, too
                changed += _settled(store, judge, call_id, own, broken) is not None
                done += 1
    return changed


def _settled(
    store: Store, judge: HistoryJudge, call_id: str, orders: Sequence[FollowUp], broken: set[str]
) -> Inspection | None:
    try:
        return store.followups.settle(call_id, orders, judge.judge_by_history)
    except (SetupError, RuleError):
        raise
    except Exception as wrong:  # one call must not end the work on the others
        logs.failure(log, f"call {call_id}: rules over several calls", wrong)
        broken.add(call_id)
        return None
