"""Is there a voice under the words? Levels and, where the words are not sure of themselves, the voice detector."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from qa_service.audio.levels import FRAME, FRAME_S, frame_levels
from qa_service.audio.silero import speech_chances
from qa_service.audio.types import Samples
from qa_service.records import Word

#: A clip whose loud part is quieter than this (dBFS) holds nothing at all.
SILENT_DB = -75.0
#: A word with nothing louder than this below the clip's loud part stands over a pause.
PAUSE_DB = 30.0
#: Word edges found by cross-attention are this unsure.
EDGE_S = 0.15
#: The detector's chance of speech at the likeliest moment of a word; quiet clips are raised for it as at the start.
VOICE_CHANCE, LOUD_PART, MOST_GAIN = 0.3, 0.25, 32.0
#: The detector has to hear a little before it is sure: at the start of a clip its silence proves nothing.
SETTLE_S = 0.1
#: A line that moves by less within a chunk tells the detector nothing; its level is judged by `silent_words`.
STILL = 2e-4


def silent_words(words: Sequence[Word], sound: Samples) -> list[bool]:
    """For each word, whether it stands over a pause (or the whole clip is silent)."""
    levels = frame_levels(sound)
    if not levels.size:
        return [True] * len(words)
    loud = float(np.percentile(levels, 95))
    floor = max(SILENT_DB, loud - PAUSE_DB)
    return [_most(levels, w) < floor for w in words]


def voiceless_words(words: Sequence[Word], sound: Samples) -> list[bool]:
    """For each word, whether the voice detector hears nobody there."""
    if sound.size < FRAME:
        return [False] * len(words)
    chunks = sound[: sound.size // FRAME * FRAME].reshape(-1, FRAME)
    if float(np.quantile(np.ptp(chunks, axis=1), 0.995)) < STILL:
        return [False] * len(words)
    loud = float(np.quantile(np.abs(chunks).max(axis=1), 0.995))
    gain = np.float32(min(MOST_GAIN, max(1.0, LOUD_PART / max(loud, 1e-9))))
    chances = speech_chances(chunks * gain)
    return [_most(chances, w) < VOICE_CHANCE and w.end_s > SETTLE_S for w in words]


def _most(values: NDArray[np.float64], word: Word) -> float:
    first = max(0, int((word.start_s - EDGE_S) / FRAME_S))
    part = values[min(first, values.size - 1) : max(first + 1, int((word.end_s + EDGE_S) / FRAME_S) + 1)]
    return float(part.max())
