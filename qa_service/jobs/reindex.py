"""Build the search index again beside the old one, and put it in its place once it is found complete."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from qa_service import logs
from qa_service.errors import ErrorCode, SetupError
from qa_service.jobs.documents import make, offer
from qa_service.jobs.indexing import (
    BATCH,
    BUILD_LOCK,
    COMMAND_WAIT_S,
    LOCK,
    Clock,
    building,
    busy,
    note,
    utc_now,
    write_pending,
)
from qa_service.records import Record
from qa_service.search.protocol import Refused
from qa_service.store.corpus import Size
from qa_service.store.outbox import OutboxEntry
from qa_service.store.store import Store

if TYPE_CHECKING:
    from qa_service.search.protocol import Embedder, SearchIndex

log = logs.get(__name__)

#: Calls that a new index may refuse and still be taken: so many, or one in a hundred.
FEW, SHARE = 10, 0.01
#: Looks at what was inspected meanwhile, before it is too much.
ROUNDS = 20
#: Is told (calls seen, of all).
OnProgress = Callable[[int, int], None]


class Reindexed(Record):
    """A new index is in place. ``calls`` and ``turns`` it holds, as many as the database has less what was refused.

    ``resumed`` calls were there from a build that was broken off. ``refused`` are parked.
    """

    calls: int
    turns: int
    resumed: int
    refused: int


def reindex(
    store: Store,
    index: SearchIndex,
    embedder: Embedder | None = None,
    *,
    fresh: bool = False,
    most_refused: int | None = None,
    on_progress: OnProgress | None = None,
    clock: Clock = utc_now,
) -> Reindexed:
    """Fill a new index, compare it with the database, and put it in the place of the old one, which answers meanwhile.

    Safe to break off at any moment: the next run goes on where this one was. Workers may go on: the lock is taken for
    one batch at a time, and what they inspect is written to both indexes.

    Args:
        fresh: throw an unfinished build away first.
        most_refused: take the new index although it refused up to so many calls; they are parked.
        on_progress: called after each batch.

    Raises:
        SetupError: INDEX_INCOMPLETE when the new index is not what the database holds: the old one stays;
            INDEX_UNAVAILABLE, also while another process builds or writes to the index all the time.
    """
    with store.exclusive(BUILD_LOCK) as alone:
        if not alone:
            raise building()
        build = _Build(store, index, embedder, most_refused, clock)
        build.begin(fresh=fresh)
        build.fill(on_progress)
        return build.finish()


class _Build:
    def __init__(
        self, store: Store, index: SearchIndex, embedder: Embedder | None, most_refused: int | None, clock: Clock
    ) -> None:
        self._store = store
        self._index = index
        self._embedder = embedder
        self._most_refused = most_refused
        self._clock = clock
        self._old_answers = True
        self._refused: dict[str, str] = {}

    def begin(self, *, fresh: bool) -> None:
        with self._locked():
            if fresh:
                self._index.rebuild().drop()
            self._new = self._index.rebuild()
            self._resumed = self._new.size()[0]

    def fill(self, on_progress: OnProgress | None) -> None:
        seen, total = 0, self._store.corpus.calls()
        for call_ids in self._store.corpus.batches(BATCH):
            with self._locked():
                self._keep_current()
                self._add(call_ids)
            seen += len(call_ids)
            if on_progress:
                on_progress(seen, max(seen, total))

    def finish(self) -> Reindexed:
        """Everything under one hold of the lock: what waits, the counts, the swap."""
        with self._locked():
            found, entries, missing = self._verified()
            self._new.swap()
            self._store.outbox.done([entry for entry in entries if entry.call_id not in missing])
            self._old_answers = True
            self._keep_current()
        refused = self._store.corpus.size_of(sorted(missing)).calls
        return Reindexed(calls=found.calls, turns=found.turns, resumed=self._resumed, refused=refused)

    @contextmanager
    def _locked(self) -> Iterator[None]:
        with self._store.exclusive(LOCK, wait_s=COMMAND_WAIT_S) as held:
            if not held:
                raise busy()
            yield

    def _keep_current(self) -> None:
        """Workers find the lock taken most of the time: what they leave waiting is written here, to both indexes."""
        if not self._old_answers:
            return
        try:
            write_pending(self._store, self._index, self._embedder, most=BATCH, clock=self._clock)
        except SetupError as wrong:  # it may be of no use any more: then a new one is wanted all the more
            logs.failure(log, "the search index in use; calls wait", wrong)
            self._old_answers = False

    def _add(self, call_ids: Sequence[str]) -> None:
        """Write those that are not there yet."""
        held = self._new.holds(call_ids)
        refused = self._offer([call_id for call_id in call_ids if call_id not in held])
        orders = self._store.outbox.order([one.call_id for one in refused])
        self._note(orders, refused)

    def _offer(self, call_ids: Sequence[str]) -> list[Refused]:
        """Write calls to the new index, which then has either what they are now or nothing of them."""
        made = make(self._store, call_ids, self._embedder)
        refused = [*made.broken, *offer(self._new.write, made.documents)]
        if stale := self._new.holds([*made.silent, *(one.call_id for one in refused)]):
            self._index.delete(sorted(stale))
        return refused

    def _note(self, entries: Sequence[OutboxEntry], refused: Sequence[Refused]) -> None:
        note(self._store, entries, refused, self._clock())
        self._refused |= {one.call_id: one.reason for one in refused}
        self._check_refused(len(self._refused))

    def _verified(self) -> tuple[Size, tuple[OutboxEntry, ...], frozenset[str]]:
        """The size of the new index, the outbox of that moment, and those of its calls that the new index lacks."""
        seen: dict[str, int] = {}
        for _ in range(ROUNDS):
            self._catch_up(seen)
            entries = self._store.outbox.all()
            census = self._store.corpus.census()
            waiting = self._store.outbox.pending(None, now=None)
            if census.ordered == len(entries) and all(seen.get(e.call_id, 0) >= e.number for e in waiting):
                missing = self._missing(entries)
                return self._compared(census.size, missing), entries, missing
        message = "Calls are inspected faster than the new search index takes them."
        raise SetupError(ErrorCode.INDEX_INCOMPLETE, message, "Stop the workers for a moment and run it again.")

    def _catch_up(self, seen: dict[str, int]) -> None:
        """Write to the new index what waits, due or not; ``seen`` are the newest orders that were followed."""
        entries = [e for e in self._store.outbox.pending(None, now=None) if seen.get(e.call_id, 0) < e.number]
        for at in range(0, len(entries), BATCH):
            some = entries[at : at + BATCH]
            refused = self._offer(list(dict.fromkeys(entry.call_id for entry in some)))
            self._note(some, refused)
            seen |= {entry.call_id: entry.number for entry in some}

    def _missing(self, entries: Sequence[OutboxEntry]) -> frozenset[str]:
        call_ids = sorted({entry.call_id for entry in entries})
        return frozenset(call_ids) - self._new.holds(call_ids)

    def _compared(self, whole: Size, missing: frozenset[str]) -> Size:
        """The size of the new index, which must be that of the database without what is missing."""
        away = self._store.corpus.size_of(sorted(missing))
        wanted = Size(whole.calls - away.calls, whole.turns - away.turns)
        self._check_refused(away.calls, whole.calls)
        found = Size(*self._new.size())
        if found == wanted:
            return found
        message = (
            f"The new search index holds {found.calls} calls with {found.turns} turns; "
            f"the database has {wanted.calls} with {wanted.turns}. The old index stays in use."
        )
        raise SetupError(ErrorCode.INDEX_INCOMPLETE, message, "Run `qa reindex --fresh` to start over.")

    def _check_refused(self, number: int, whole: int | None = None) -> None:
        """An index that refuses many calls, or all, is at fault, not the calls."""
        few = max(FEW, int(self._store.corpus.calls() * SHARE)) if self._most_refused is None else self._most_refused
        if number <= few and (not number or number != whole):
            return
        reason = f" The last reason: {[*self._refused.values()][-1]}" if self._refused else ""
        message = f"The new search index refused {number} calls; the old one stays in use.{reason}"
        hint = "`qa index status` lists them; `qa reindex --most-refused N` takes the new one nevertheless."
        raise SetupError(ErrorCode.INDEX_INCOMPLETE, message, hint)
