"""Pack speech into chunks that the segmentation takes: at most 10 s each, ending at pauses where there are any."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from qa_service.audio.types import SAMPLE_RATE, Samples, SpeechSpan

LONGEST_S = 10.0
#: Silence longer than this ends a chunk: what lies beyond is another exchange.
GAP_S = 3.0
#: A span that is too long is cut at the quietest window of this length in the last part of the chunk.
WINDOW_S, LAST_S = 0.1, 4.0
#: Sound kept around a chunk's speech.
MARGIN_S = 0.2


def chunks_of(samples: Samples, spans: Sequence[SpeechSpan]) -> Iterator[tuple[float, float]]:
    """Start and end of each chunk in seconds, in order, never overlapping; they cover every span."""
    open_at: float | None = None
    reached = 0.0
    for span in spans:
        if open_at is not None and (span.end_s - open_at > LONGEST_S or span.start_s - reached > GAP_S):
            yield open_at, reached
            open_at = None
        at = span.start_s if open_at is None else open_at
        while span.end_s - at > LONGEST_S:
            cut = _quietest(samples, at + LONGEST_S - LAST_S, at + LONGEST_S)
            yield at, cut
            at = cut
        open_at, reached = at, span.end_s
    if open_at is not None:
        yield open_at, reached


def _quietest(samples: Samples, from_s: float, to_s: float) -> float:
    size = int(WINDOW_S * SAMPLE_RATE)
    part = samples[int(from_s * SAMPLE_RATE) : int(to_s * SAMPLE_RATE)]
    windows = part[: part.size // size * size].reshape(-1, size)
    return round(from_s + (int(np.argmin(np.square(windows).mean(axis=1))) + 0.5) * WINDOW_S, 3)
