"""Calls made by hand, as the index takes them."""

from __future__ import annotations

import random
from collections.abc import Iterable
from datetime import timedelta

from qa_service.records import FindingState, Role, Severity
from qa_service.search.document import DIMENSIONS, CallDocument, FindingMark, TurnDocument
from qa_service.search.protocol import EVERYTHING, Access, SearchIndex, SearchQuery, SearchResults
from tests.factories import DAY, NOW

OPEN = next(iter(FindingState))
THREAT = FindingMark(rule_id="CN-COLL-003", severity=Severity.CRITICAL, state=OPEN, requirements=("CN-THREAT-01",))
RUDE = FindingMark(rule_id="CN-COLL-007", severity=Severity.MINOR, state=OPEN)


def turn(text: str, index: int = 0, **changes: object) -> TurnDocument:
    """Turns of four seconds, the agent first and then in turn."""
    role = (Role.AGENT, Role.CUSTOMER)[index % 2]
    base = TurnDocument(index=index, start_s=index * 4.0, end_s=index * 4.0 + 4, role=role, text=text)
    return base.model_copy(update=changes)


def call(call_id: str, *texts: str, days: int = 0, **changes: object) -> CallDocument:
    """``days`` after the first day."""
    base = CallDocument(
        call_id=call_id,
        day=DAY + timedelta(days=days),
        happened_at=NOW + timedelta(days=days),
        agent_id="A-201",
        team="一组",
        language="zh",
        grade="A",
        score=80.0,
        duration_s=120.0,
        turns=tuple(turn(text, i) for i, text in enumerate(texts)),
    )
    return base.model_copy(update=changes)


def vector(seed: int) -> bytes:
    """A direction like no other."""
    return random.Random(seed).randbytes(DIMENSIONS)


def asked(index: SearchIndex, text: str = "", access: Access = EVERYTHING, **more: object) -> SearchResults:
    return index.search(SearchQuery.model_validate({"text": text, "limit": 100, **more}), access)


def found(index: SearchIndex, text: str = "", access: Access = EVERYTHING, **more: object) -> set[str]:
    """Calls and turns, as "C-1:0"."""
    return told(asked(index, text, access, turns=50, **more))


def told(results: SearchResults) -> set[str]:
    return {f"{hit.call_id}:{one.turn_index}" for hit in results.calls for one in hit.turns}


def ids(results: Iterable[SearchResults]) -> list[str]:
    return [hit.call_id for page in results for hit in page.calls]
