"""The calls that the contract is held over: the sample calls and 150 made ones, in an order that is not theirs."""

from __future__ import annotations

import json
import random
import sys
from collections.abc import Iterator
from datetime import date, datetime
from functools import lru_cache

from qa_service.records import FindingState, Role, Severity
from qa_service.search.document import CallDocument, FindingMark, TurnDocument
from tests.conftest import ROOT, SAMPLES

MADE = 150


@lru_cache(maxsize=1)
def corpus() -> tuple[CallDocument, ...]:
    calls = [*_samples(), *_made()]
    random.Random(5).shuffle(calls)
    return tuple(calls)


def _samples() -> Iterator[CallDocument]:
    """The labelled sample calls; each expected violation as a finding of the turn that is labelled with it."""
    labels = json.loads((SAMPLES / "labels.json").read_text(encoding="utf-8"))
    for line in (SAMPLES / "calls.jsonl").read_text(encoding="utf-8").splitlines():
        facts = json.loads(line)
        known = labels[facts["call_id"]]
        begun = datetime.fromisoformat(facts["started_at"])
        turns = tuple(
            TurnDocument(
                index=i, start_s=turn["start_s"], end_s=turn["end_s"], role=Role(turn["role"]), text=turn["text"],
                findings=tuple(_mark(name) for name in turn["labels"]),
            )
            for i, turn in enumerate(known["turns"])
        )  # fmt: skip
        yield CallDocument(
            call_id=facts["call_id"], day=begun.date(), happened_at=begun, started_at=begun,
            duration_s=known["duration_s"], language=facts["language"], agent_id=facts["agent_id"],
            agent_name=facts["agent_name"], team=facts["team"], product=facts["product"],
            jurisdiction=facts["jurisdiction"], segment=facts.get("debtor_segment"), status="assessed",
            findings=tuple(dict.fromkeys(mark for turn in turns for mark in turn.findings)), turns=turns,
        )  # fmt: skip


def _mark(requirement: str) -> FindingMark:
    return FindingMark(
        rule_id=f"R-{requirement}",
        severity=Severity.CRITICAL,
        state=FindingState.CONFIRMED,
        requirements=(requirement,),
    )


def _made() -> Iterator[CallDocument]:
    sys.path.insert(0, str(ROOT / "scripts"))
    try:
        import search_corpus
    finally:
        sys.path.remove(str(ROOT / "scripts"))
    for made in search_corpus.calls(MADE):
        if made.call_id.endswith("7"):  # some know neither when they began nor whose they were
            yield made.model_copy(update={"started_at": None, "team": None, "agent_id": None, "score": None})
        elif made.call_id.endswith("3"):
            yield made.model_copy(update={"day": date(2026, 3, 1)})
        else:
            yield made
