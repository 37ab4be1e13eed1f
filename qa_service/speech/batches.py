"""Windows of many calls through one decoder: batches of equal length, several at once."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from itertools import groupby
from typing import TypeVar

from qa_service.audio.types import Audio
from qa_service.speech.protocol import Decoded, Decoder, Encoded
from qa_service.speech.windows import Window

#: Windows in one batch at most, however short they are.
BATCH_WINDOWS = 64


@dataclass(frozen=True)
class Task:
    """A window to decode. ``call``: number of its call; ``encoded``: where the encoder has seen it already."""

    call: int
    window: Window
    audio: Audio
    language: str = ""
    prompt: str = ""
    careful: bool = False
    encoded: Encoded | None = None

    @property
    def kind(self) -> tuple[float, bool, bool, str, str]:
        """Tasks of equal kind may share a batch; the longest come first, so that no long one is left for the end."""
        return -self.window.padded_s, self.careful, self.encoded is None, self.language, self.prompt


Made = TypeVar("Made")
Batch = Sequence[Task]
#: Called with the tasks of a batch that is through, and what was heard in them.
OnBatch = Callable[[Batch, Sequence[Decoded]], None]


def decode_all(decoder: Decoder, tasks: Batch, on_batch: OnBatch) -> None:
    """Decode every task; ``on_batch`` is called from this thread, batch by batch as they come.

    What a batch or ``on_batch`` raises ends the rest and comes out here.
    """

    _in_threads(decoder, tasks, lambda batch: _decode(decoder, batch), on_batch)


def encode_all(decoder: Decoder, tasks: Batch) -> list[tuple[Encoded, dict[str, float]]]:
    """Each task's window through the encoder, and how likely it is in each language; in the order of the tasks."""
    found: dict[int, tuple[Encoded, dict[str, float]]] = {}

    def work(batch: Batch) -> list[tuple[Encoded, dict[str, float]]]:
        encoded = decoder.encode([t.window.sound(t.audio) for t in batch], batch[0].window.padded_s)
        return [(e, dict(c)) for e, c in zip(encoded, decoder.languages(encoded), strict=True)]

    def keep(batch: Batch, made: Sequence[tuple[Encoded, dict[str, float]]]) -> None:
        found.update(zip(map(id, batch), made, strict=True))

    _in_threads(decoder, tasks, work, keep)
    return [found[id(t)] for t in tasks]


def batches(tasks: Batch, batch_s: float, workers: int) -> Iterator[Batch]:
    """Tasks of one kind in parts of nearly equal size; enough parts to keep every worker at work."""
    groups = [list(group) for _, group in groupby(sorted(tasks, key=lambda t: t.kind), key=lambda t: t.kind)]
    for group in groups:
        most = min(BATCH_WINDOWS, max(1, int(batch_s / group[0].window.padded_s)))
        parts = max(-(-len(group) // most), min(len(group), -(-workers // len(groups))))
        size, longer = divmod(len(group), parts)
        start = 0
        for number in range(parts):
            end = start + size + (number < longer)
            yield group[start:end]
            start = end


def _decode(decoder: Decoder, batch: Batch) -> list[Decoded]:
    first = batch[0]
    known = [t.encoded for t in batch if t.encoded is not None]
    encoded = known or decoder.encode([t.window.sound(t.audio) for t in batch], first.window.padded_s)
    return decoder.decode(encoded, first.language, first.prompt, careful=first.careful)


def _in_threads(
    decoder: Decoder, tasks: Batch, work: Callable[[Batch], list[Made]], after: Callable[[Batch, list[Made]], None]
) -> None:
    """``work`` on every batch in threads, ``after`` on its result in this one. A failure drops the rest."""
    with ThreadPoolExecutor(decoder.workers, thread_name_prefix="speech") as pool:
        started = {pool.submit(work, b): b for b in batches(tasks, decoder.batch_s, decoder.workers)}
        try:
            for done in as_completed(started):
                after(started[done], done.result())
        except BaseException:
            pool.shutdown(wait=True, cancel_futures=True)
            raise
