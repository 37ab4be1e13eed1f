"""What the audio room hands on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Samples = NDArray[np.float32]
SAMPLE_RATE = 16000


@dataclass(frozen=True)
class AudioInfo:
    """What the file said of itself, and what decoding it showed.

    ``truncated``: it ends well before its declared length, or a part of it could not be decoded.
    ``filled_s``: seconds that the file leaves out (lost or suppressed) and that silence stands for.
    ``dual_mono``: two channels carried the same sound; one of them was kept.
    """

    container: str
    codec: str
    source_rate: int
    source_channels: int
    truncated: bool
    filled_s: float = 0.0
    dual_mono: bool = False


@dataclass(frozen=True)
class Audio:
    """Decoded sound: one or two arrays of equal length, 16 kHz, in [-1, 1]; channels are never mixed."""

    channels: tuple[Samples, ...]
    duration_s: float
    info: AudioInfo
    sample_rate: int = SAMPLE_RATE


@dataclass(frozen=True)
class SpeechSpan:
    """Speech found on one channel, in seconds. ``voice``: whose, where voices on a shared channel were told apart."""

    channel: int
    start_s: float
    end_s: float
    voice: int | None = None


@dataclass(frozen=True)
class SoundStretch:
    """A stretch of a channel that is not speech: hold music, or tones (ringing, DTMF, beeps, fax)."""

    channel: int
    start_s: float
    end_s: float
    kind: Literal["music", "tone"]
