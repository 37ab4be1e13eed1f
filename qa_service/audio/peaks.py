"""Waveform for the eye: the loudest sample of each of ``buckets`` equal pieces, per channel, 0 to 1."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from qa_service.audio.types import Audio


def peaks(audio: Audio, buckets: int = 800) -> list[list[float]]:
    """One list a channel, ``buckets`` values each, three decimals."""
    out = []
    for samples in audio.channels:
        edges = np.linspace(0, samples.size, buckets + 1).astype(int)
        out.append([round(float(np.abs(samples[a:b]).max(initial=0.0)), 3) for a, b in pairwise(edges)])
    return out
