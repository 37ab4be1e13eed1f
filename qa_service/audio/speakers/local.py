"""Listen to one chunk: who of its local speakers talks when, and what each stretch of theirs sounds like."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from qa_service.audio.speakers.embedding import Vector, embed
from qa_service.audio.speakers.features import FRAME, SHIFT, fbank
from qa_service.audio.speakers.segmentation import LOCAL, activity, at_times
from qa_service.audio.types import SAMPLE_RATE, Samples, SpeechSpan
from qa_service.settings import Settings

#: Seconds between the frames that everything here is counted in.
GRID_S = SHIFT / SAMPLE_RATE
#: Frames of a stretch: shorter ones say little of a voice, in longer ones a change that was not heard may hide.
FEWEST, MOST = 120, 300
#: A silence of this many frames parts two stretches of one local speaker.
PAUSE = 20

Frames = NDArray[np.int64]


@dataclass(frozen=True)
class Stretch:
    """Speech of one local speaker: its frames on the call's grid, and the embedding of what they say alone there.

    ``vector`` None: under 0.4 s alone. ``seconds``: how much is said alone.
    """

    chunk: int
    speaker: int
    frames: Frames
    vector: Vector | None
    seconds: float


def listen(
    samples: Samples, speech: NDArray[np.bool_], number: int, chunk: tuple[float, float], settings: Settings
) -> list[Stretch]:
    """``speech``: which frames of the channel hold speech. ``chunk``: start and end in seconds."""
    first = round(chunk[0] / GRID_S)
    sound = samples[first * SHIFT : int(chunk[1] * SAMPLE_RATE) + FRAME]
    features = fbank(sound)
    if not len(features):
        return []
    times = np.asarray(np.arange(len(features)) * GRID_S + FRAME / 2 / SAMPLE_RATE, dtype=np.float64)
    active = at_times(activity(sound, settings), times)
    active &= speech[first : first + len(active), None]
    alone = active.sum(axis=1) == 1
    found = []
    for speaker in range(LOCAL):
        for frames in _stretches(np.flatnonzero(active[:, speaker])):
            own = frames[alone[frames]]
            found.append(
                Stretch(number, speaker, frames + first, embed(features[own], settings), round(own.size * GRID_S, 2))
            )
    return found


def frames_of(spans: tuple[SpeechSpan, ...], size: int) -> NDArray[np.bool_]:
    """Which 10 ms frames of a channel of ``size`` samples lie in the spans."""
    speech = np.zeros(size // SHIFT + 1, dtype=np.bool_)
    for span in spans:
        speech[round(span.start_s / GRID_S) : round(span.end_s / GRID_S)] = True
    return speech


def _stretches(frames: Frames) -> Iterator[Frames]:
    """Cut at pauses; join what is too short to what comes next; cut what is too long into equal parts."""
    if not frames.size:
        return
    open_: list[Frames] = []
    runs = np.split(frames, np.flatnonzero(np.diff(frames) > PAUSE) + 1)
    for i, run in enumerate(runs):
        open_.append(run)
        gathered = np.concatenate(open_)
        if gathered.size >= FEWEST or i == len(runs) - 1:
            yield from np.array_split(gathered, -(-gathered.size // MOST))
            open_ = []
