"""Calls of one debtor, kept and inspected by the real rules, in whatever order a test wants."""

from __future__ import annotations

from datetime import datetime
from functools import cache

from qa_service.inspect.pipeline import Inspector
from qa_service.intake.transcript import given_transcript
from qa_service.jobs.worker import WorkReport, work
from qa_service.records import CallFacts, Finding, Inspection
from qa_service.settings import Settings
from qa_service.store.store import Store
from tests.factories import NOW

TALK = {
    "zh": ("您好,请问是王先生本人吗", "是我,你说", "想了解一下您的情况", "好的,我知道了"),
    "en": ("Hello, is this Mr Fields?", "Yes, speaking.", "How are you today?", "Fine."),
}
CN = {"jurisdiction": "CN", "language": "zh", "debtor_ref": "DR-1", "phone": "138-0013-8000"}
US = {"jurisdiction": "US", "language": "en", "debtor_ref": "US-1", "phone": "212-555-0100", "state": "NY"}


def keep_call(
    store: Store, call_id: str, started_at: str, *said: str, seconds: float = 60.0, **changes: object
) -> None:
    """An outbound call to the debtor with a plain talk, or with what the customer ``said``."""
    base = US if str(changes.get("jurisdiction", "CN")).startswith("US") else CN
    facts = CallFacts.model_validate(
        {**base, "direction": "outbound", "callee_role": "debtor", "started_at": started_at, **changes}
    )
    plain = zip(("agent", "customer") * 2, TALK[facts.language or "zh"], strict=True)
    talk = [*plain, *(("customer", words) for words in said)]
    turns = [{"role": r, "text": t, "start_s": i, "end_s": i + 1} for i, (r, t) in enumerate(talk)]
    transcript = given_transcript(turns, facts, call_id).model_copy(update={"duration_s": seconds})
    day = datetime.fromisoformat(started_at).date()
    store.calls.add(
        facts, call_id=call_id, source="m.jsonl", day=day, recording=None, transcript=transcript, received_at=NOW
    )


@cache
def inspector() -> Inspector:
    """The rules that ship, loaded once."""
    return Inspector(Settings(_env_file=None))  # type: ignore[call-arg]


def inspect_all(store: Store, settings: Settings) -> WorkReport:
    return work(store, settings, inspector())


def result(store: Store, call_id: str) -> Inspection:
    found = store.calls.get(call_id).inspection
    assert found
    return found


def findings(store: Store, rule_id: str) -> dict[str, Finding]:
    """Findings of a rule by call."""
    every = ((call_id, f) for call_id in store.calls.all_ids() for f in result(store, call_id).findings)
    return {call_id: f for call_id, f in every if f.rule_id == rule_id}


def reasons(store: Store, call_id: str) -> dict[str, str]:
    """Why rules were not assessed on a call, by rule."""
    return {n.rule_id: n.reason for n in result(store, call_id).not_assessed}
