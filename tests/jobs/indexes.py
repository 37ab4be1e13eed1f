"""A search index with moods, and calls to fill it with."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from qa_service.errors import ErrorCode, SetupError
from qa_service.records import Inspection
from qa_service.search.document import CallDocument
from qa_service.search.protocol import EVERYTHING, Refused, SearchIndex, SearchQuery
from qa_service.store.store import Store
from tests.factories import DAY, NOW, facts, inspection, later, transcript, turns


class MoodyIndex:
    """A real index that may be down, refuse calls, or break at some; everything else is the real one's.

    ``refuses`` says of calls whether that may pass. ``breaks_at`` raises what no index should. ``before_write`` is
    called with the ids of each write to either index. ``lost`` calls and turns are missing in a new index.
    """

    def __init__(self, real: SearchIndex) -> None:
        self.real = real
        self.down = False
        self.refuses: dict[str, bool] = {}
        self.breaks_at: set[str] = set()
        self.lost = (0, 0)
        self.before_write: Callable[[list[str]], None] = lambda _: None
        self.written: list[list[str]] = []

    def write(self, documents: Sequence[CallDocument]) -> tuple[Refused, ...]:
        return self._write(self.real.write, documents)

    def rebuild(self) -> Any:
        return MoodyRebuild(self, self.real.rebuild())

    def __getattr__(self, name: str) -> Any:
        if self.down:
            raise _unreachable()
        return getattr(self.real, name)

    def _write(
        self, write: Callable[[Sequence[CallDocument]], tuple[Refused, ...]], documents: Sequence[CallDocument]
    ) -> tuple[Refused, ...]:
        ids = [d.call_id for d in documents]
        self.before_write(ids)
        if self.down:
            raise _unreachable()
        if self.breaks_at & set(ids):
            raise KeyError("138 0013 8000")
        self.written.append(ids)
        taken = [d for d in documents if d.call_id not in self.refuses]
        mine = [Refused(call_id=c, reason="too large", passing=self.refuses[c]) for c in ids if c in self.refuses]
        return (*write(taken), *mine)


class MoodyRebuild:
    def __init__(self, index: MoodyIndex, real: Any) -> None:
        self.index = index
        self.real = real

    def write(self, documents: Sequence[CallDocument]) -> tuple[Refused, ...]:
        return self.index._write(self.real.write, documents)

    def size(self) -> tuple[int, int]:
        calls, turns = self.real.size()
        return calls - self.index.lost[0], turns - self.index.lost[1]

    def __getattr__(self, name: str) -> Any:
        return getattr(self.real, name)


def _unreachable() -> SetupError:
    return SetupError(ErrorCode.INDEX_UNAVAILABLE, "The index cannot be reached.", "Start it.")


def texts(index: MoodyIndex) -> dict[str, list[str]]:
    """What each call has to be found by, all calls of the index."""
    found = index.real.search(SearchQuery(limit=500, turns=50), EVERYTHING)
    return {call.call_id: [turn.text for turn in call.turns] for call in found.calls}


def inspect_calls(store: Store, count: int, *, first: int = 0) -> list[str]:
    """Keep and inspect so many calls of three turns; returns their ids, oldest first."""
    ids = [f"C-{n:03d}" for n in range(first, first + count)]
    for n, call_id in enumerate(ids, first):
        store.calls.add(
            facts(started_at=None), call_id=call_id, source="m.jsonl", day=DAY, recording=None,
            transcript=transcript("您好", call_id), received_at=later(n),
        )  # fmt: skip
        inspect(store, inspection(call_id))
    return ids


def inspect_again(store: Store, call_id: str, *texts: str) -> None:
    """Inspect a call once more, with other turns."""
    store.queue.requeue([call_id])
    inspect(store, inspection(call_id, turns=turns(*texts)))


def inspect(store: Store, result: Inspection) -> None:
    claim = store.queue.claim("w", lease_s=60, now=NOW)
    assert claim
    assert claim.call_id == result.call_id
    assert store.queue.finish(claim, result, NOW)
