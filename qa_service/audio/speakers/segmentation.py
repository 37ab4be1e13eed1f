"""Who of up to three local speakers talks in each frame of a chunk: pyannote segmentation 3.0 (MIT).

Plaquet and Bredin, "Powerset multi-class cross entropy loss for neural speaker diarization", 2023. The numbers of
the speakers mean nothing beyond their chunk.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from qa_service.audio.speakers.weights import network
from qa_service.audio.types import SAMPLE_RATE, Samples
from qa_service.settings import Settings

Activity = NDArray[np.bool_]

#: Seconds between frames, and from the start of a chunk to the middle of its first frame.
STEP_S, FIRST_S = 270 / SAMPLE_RATE, 991 / 2 / SAMPLE_RATE
LOCAL = 3
#: Classes of the network: nobody, one of three, two of three.
POWERSET = np.array(
    [[0, 0, 0], [1, 0, 0], [0, 1, 0], [0, 0, 1], [1, 1, 0], [1, 0, 1], [0, 1, 1]], dtype=np.bool_
)  # fmt: skip


def activity(chunk: Samples, settings: Settings) -> Activity:
    """Frames × 3: who talks when in up to 10 s of sound."""
    scores = network("segmentation", settings).run(None, {"sound": chunk[None, None].astype(np.float32)})[0][0]
    return np.asarray(POWERSET[np.argmax(scores, axis=1)])


def at_times(active: Activity, times_s: NDArray[np.float64]) -> Activity:
    """Activity at moments of the chunk (seconds from its start)."""
    index = np.rint((times_s - FIRST_S) / STEP_S).astype(np.int64)
    return active[np.clip(index, 0, len(active) - 1)]
