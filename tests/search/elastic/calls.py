"""Calls made by hand, as the index takes them."""

from __future__ import annotations

import random
from collections.abc import Iterable

from qa_service.records import FindingState, Severity
from qa_service.search.document import DIMENSIONS, CallDocument
from qa_service.search.protocol import EVERYTHING, Access, SearchIndex, SearchQuery, SearchResults
from tests.search import made
from tests.search.made import mark

THREAT = mark("CN-COLL-003", Severity.CRITICAL, FindingState.CONFIRMED, "CN-THREAT-01")
RUDE = mark("CN-COLL-007", Severity.MINOR)


def call(call_id: str, *texts: str, days: int = 0, **changes: object) -> CallDocument:
    """``days`` after the first day."""
    known = {"language": "zh", "duration_s": 120.0, "score": 80.0, **made.dated(days)}
    return made.call(*texts, call_id=call_id, **{**known, **changes})


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
