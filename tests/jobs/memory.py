"""Stands in for the embedded index until it is there: documents in a dictionary."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from qa_service.search.document import CallDocument
from qa_service.search.protocol import IndexState, Refused


class MemoryIndex:
    def __init__(self) -> None:
        self.held: dict[str, CallDocument] = {}
        self.new: MemoryRebuild | None = None

    def write(self, documents: Sequence[CallDocument]) -> tuple[Refused, ...]:
        self.held |= {d.call_id: d for d in documents}
        if self.new:
            self.new.write(documents)
        return ()

    def delete(self, call_ids: Sequence[str]) -> None:
        for held in (self.held, self.new.held if self.new else {}):
            for call_id in call_ids:
                held.pop(call_id, None)

    def delete_before(self, day: date) -> int:
        gone = [c for c, d in self.held.items() if d.day < day]
        self.delete(gone)
        return len(gone)

    def state(self) -> IndexState:
        turns = [t for d in self.held.values() for t in d.turns]
        return IndexState(
            backend="memory", version="1", calls=len(self.held), turns=len(turns),
            vectors=sum(bool(t.vector) for t in turns), building=self.new is not None,
        )  # fmt: skip

    def rebuild(self) -> MemoryRebuild:
        self.new = self.new or MemoryRebuild(self)
        return self.new

    def close(self) -> None:
        pass


class MemoryRebuild:
    def __init__(self, index: MemoryIndex) -> None:
        self.index = index
        self.held: dict[str, CallDocument] = {}

    def holds(self, call_ids: Sequence[str]) -> frozenset[str]:
        return frozenset(call_ids) & self.held.keys()

    def write(self, documents: Sequence[CallDocument]) -> tuple[Refused, ...]:
        self.held |= {d.call_id: d for d in documents}
        return ()

    def size(self) -> tuple[int, int]:
        return len(self.held), sum(len(d.turns) for d in self.held.values())

    def swap(self) -> None:
        self.index.held, self.index.new = self.held, None

    def drop(self) -> None:
        self.index.new = None
