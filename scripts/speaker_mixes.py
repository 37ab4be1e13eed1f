"""Mono recordings with known speakers, made of labelled two-channel calls: for scripts/eval_speakers.py.

``plain``: half of both channels. ``agent-6`` and ``customer-6``: one side 6 dB lower. ``tight``: the same turns, each
begun where the one before it ends. ``overlap``: each begun up to 0.5 s before that. ``lone-agent``, ``lone-customer``:
one side by itself, the other silenced. Reference: the labelled turns, where the side's own channel is loud.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qa_service.audio.types import SAMPLE_RATE, Audio, AudioInfo, Samples

FRAMES_S = 100
HOP = SAMPLE_RATE // FRAMES_S
SIDES = ("agent", "customer")
NOISE = 3e-4
EARLY_S = (0.0, 0.2, 0.5)
GAP = 30

Frames = NDArray[np.bool_]


@dataclass(frozen=True)
class Mix:
    """Sound of one channel, and frames × 2 of 10 ms: who really speaks."""

    name: str
    audio: Audio
    truth: Frames


def mixes(audio: Audio, labels: dict[str, Any]) -> Iterator[Mix]:
    """A call of one channel gives itself."""
    truth = truth_of(audio, labels)
    if len(audio.channels) == 1:
        yield Mix("mono", audio, truth)
        return
    agent, customer = audio.channels
    yield _mix("plain", 0.5 * (agent + customer), truth)
    yield _mix("agent-6", 0.25 * agent + 0.5 * customer, truth)
    yield _mix("customer-6", 0.5 * agent + 0.25 * customer, truth)
    for name in ("tight", "overlap"):
        yield _squeezed(name, audio, labels, truth)
    for side in (0, 1):
        yield _lone(side, audio, truth)


def truth_of(audio: Audio, labels: dict[str, Any]) -> Frames:
    """Who speaks in each frame: the label says so, and the side's own channel is not silent."""
    count = audio.channels[0].size // HOP
    truth = np.zeros((count, 2), dtype=np.bool_)
    for side, role in enumerate(SIDES):
        loud = _loud(audio.channels[side if len(audio.channels) == 2 else 0], count)
        said = [(t["start_s"], t["end_s"]) for t in labels["turns"] if t["role"] == role]
        truth[:, side] = loud & _mask(count, said)
    return truth


def _loud(samples: Samples, count: int) -> Frames:
    """Frames within 35 dB of the channel's loud ones, and the gaps of up to 0.3 s between them."""
    power = np.square(samples[: count * HOP].reshape(count, HOP)).mean(axis=1)
    at = np.flatnonzero(power > np.quantile(power, 0.95) * 10**-3.5)
    loud = np.zeros(count, dtype=np.bool_)
    loud[at] = True
    for before, after in pairwise(at.tolist()):
        if after - before <= GAP:
            loud[before:after] = True
    return loud


def _mask(count: int, times: list[tuple[float, float]]) -> Frames:
    mask = np.zeros(count, dtype=np.bool_)
    for start, end in times:
        mask[int(start * FRAMES_S) : int(end * FRAMES_S)] = True
    return mask


def _mix(name: str, sound: Samples, truth: Frames) -> Mix:
    info = AudioInfo("mix", "pcm", SAMPLE_RATE, 1, truncated=False)
    return Mix(name, Audio((sound.astype(np.float32),), sound.size / SAMPLE_RATE, info), truth)


def _squeezed(name: str, audio: Audio, labels: dict[str, Any], truth: Frames) -> Mix:
    """The turns without the pauses between them."""
    rng = np.random.default_rng(zlib.crc32(labels["call_id"].encode()))
    sound, out = np.zeros_like(audio.channels[0]), np.zeros_like(truth)
    at = FRAMES_S
    for turn in labels["turns"]:
        side = SIDES.index(turn["role"])
        first, last = int(turn["start_s"] * FRAMES_S), int(turn["end_s"] * FRAMES_S)
        own = np.flatnonzero(truth[first:last, side])
        if not own.size:
            continue
        first, last = first + int(own[0]), first + int(own[-1]) + 1
        early = int(min(rng.choice(EARLY_S) * FRAMES_S, (last - first) / 2)) if name == "overlap" else 0
        at = max(FRAMES_S, at - early)
        sound[at * HOP : (at + last - first) * HOP] += 0.5 * audio.channels[side][first * HOP : last * HOP]
        out[at : at + last - first, side] |= truth[first:last, side]
        at += last - first
    at += FRAMES_S
    noise = rng.standard_normal(at * HOP).astype(np.float32) * NOISE
    return _mix(name, sound[: at * HOP] + noise[: sound.size], out[:at])


def _lone(side: int, audio: Audio, truth: Frames) -> Mix:
    own = np.convolve(truth[:, side], np.ones(21), "same") > 0
    sound = np.where(np.repeat(own, HOP), audio.channels[side][: own.size * HOP], 0.0)
    noise = np.random.default_rng(side).standard_normal(sound.size) * NOISE
    alone = truth.copy()
    alone[:, 1 - side] = False
    return _mix(f"lone-{SIDES[side]}", np.asarray(sound + noise, dtype=np.float32), alone)
