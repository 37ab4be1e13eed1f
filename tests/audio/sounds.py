"""Recordings made in code: tones, silence and the containers they travel in."""

from __future__ import annotations

import io
import struct
import wave
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray

Pcm = NDArray[np.int16]
Wave = NDArray[np.float32]


def tones(seconds: float, *hz: float, rate: int = 8000, level: float = 0.3) -> Pcm:
    """Channels × samples, one tone a channel; 0 Hz is silence."""
    t = np.arange(round(seconds * rate)) / rate
    return np.stack([(np.sin(2 * np.pi * f * t) * level * 32767).astype(np.int16) for f in hz])


def wav_bytes(samples: Pcm, rate: int = 8000) -> bytes:
    stream = io.BytesIO()
    with wave.open(stream, "wb") as out:
        out.setnchannels(samples.shape[0])
        out.setsampwidth(2)
        out.setframerate(rate)
        out.writeframes(samples.T.astype("<i2").tobytes())
    return stream.getvalue()


def write_wav(path: Path, samples: Pcm, rate: int = 8000) -> Path:
    path.write_bytes(wav_bytes(samples, rate))
    return path


def sparse_wav(path: Path, seconds: float, rate: int = 8000) -> Path:
    """A mono mu-law wav of any length that takes no room on the disk (its sound is a hole)."""
    size = round(seconds * rate)
    form = struct.pack("<HHIIHH", 7, 1, rate, rate, 1, 8)
    head = b"RIFF" + struct.pack("<I", 36 + size) + b"WAVEfmt " + struct.pack("<I", 16) + form
    with path.open("wb") as out:
        out.write(head + b"data" + struct.pack("<I", size))
        out.truncate(44 + size)
    return path


def encode(
    path: Path,
    samples: Pcm,
    codec: str,
    *,
    container: str | None = None,
    rate: int = 8000,
    bit_rate: int | None = None,
    picture: bool = False,
    tracks: Sequence[Pcm] = (),
) -> Path:
    """Encode with PyAV. ``tracks`` are further audio tracks; ``picture`` adds a moving picture."""
    with av.open(str(path), "w", format=container) as out:
        video = _video(out) if picture else None
        streams = [(_audio(out, codec, rate, s), s) for s in (samples, *tracks)]
        for stream, _ in streams if bit_rate else ():
            stream.bit_rate = bit_rate
        if video is not None:
            _write_video(out, video)
        for stream, content in streams:
            _write_audio(out, stream, content, rate)
    return path


def picture_only(path: Path, *, container: str) -> Path:
    """A film without sound."""
    with av.open(str(path), "w", format=container) as out:
        _write_video(out, _video(out))
    return path


def _audio(out: av.container.OutputContainer, codec: str, rate: int, samples: Pcm) -> av.AudioStream:
    layouts = {1: "mono", 2: "stereo", 6: "5.1", 7: "6.1", 8: "7.1"}
    return out.add_stream(codec, rate=rate, layout=layouts[samples.shape[0]])  # type: ignore[return-value]


def _video(out: av.container.OutputContainer) -> av.VideoStream:
    stream = out.add_stream("mpeg4", rate=5)
    stream.width, stream.height, stream.pix_fmt = 32, 32, "yuv420p"  # type: ignore[attr-defined]
    return stream  # type: ignore[return-value]


def _write_video(out: av.container.OutputContainer, stream: av.VideoStream) -> None:
    for _ in range(20):
        out.mux(stream.encode(av.VideoFrame.from_ndarray(np.zeros((32, 32, 3), np.uint8), format="rgb24")))
    out.mux(stream.encode(None))


def _write_audio(out: av.container.OutputContainer, stream: av.AudioStream, samples: Pcm, rate: int) -> None:
    for start in range(0, samples.shape[1], 4096):
        piece = np.ascontiguousarray(samples[:, start : start + 4096])
        frame = av.AudioFrame.from_ndarray(piece, format="s16p", layout=stream.codec_context.layout.name)
        frame.sample_rate, frame.pts, frame.time_base = rate, start, Fraction(1, rate)
        for packed in _converted(stream, frame):
            out.mux(stream.encode(packed))
    out.mux(stream.encode(None))


def _converted(stream: av.AudioStream, frame: av.AudioFrame) -> list[av.AudioFrame]:
    context = stream.codec_context
    return av.AudioResampler(format=context.format, layout=context.layout, rate=context.sample_rate).resample(frame)


def raw_gsm(path: Path, seconds: float) -> Path:
    """Bare GSM 06.10 frames of 20 ms (magic nibble 0xD)."""
    noise = np.random.default_rng(0).bytes(32)
    path.write_bytes((b"\xd2" + noise) * round(seconds * 50))
    return path


def loudest_hz(samples: NDArray[np.float32], rate: int = 16000) -> float:
    """Frequency that carries most energy."""
    spectrum = np.abs(np.fft.rfft(samples * np.hanning(samples.size)))
    return float(np.fft.rfftfreq(samples.size, 1 / rate)[int(spectrum.argmax())])


def voice(hz: float | NDArray[np.float64], seconds: float = 1.0, *, level: float = 0.1, formant: float = 600.0) -> Wave:
    """A vowel on the telephone, 16 kHz: harmonics of ``hz`` (one number, or one a sample) that lie in 300 to 3400 Hz.

    Three resonances over a falling source; so the fundamental itself is missing where it lies under 300 Hz. ``level``
    is the root mean square.
    """
    pitch = np.broadcast_to(np.asarray(hz, np.float64), round(seconds * 16000))
    phase = 2 * np.pi * np.cumsum(pitch) / 16000
    wave = np.zeros(pitch.size)
    for k in range(1, int(3400 / pitch.min()) + 1):
        f = k * pitch
        gain = 1.0 / k
        for resonance, width in ((formant, 90.0), (1300.0, 120.0), (2500.0, 160.0)):
            gain = gain * resonance**2 / np.sqrt((resonance**2 - f**2) ** 2 + (width * f) ** 2)
        wave += np.where((f >= 300) & (f <= 3400), gain, 0.0) * np.sin(k * phase + 0.3 * k * k)
    return (wave * level / np.sqrt(np.mean(wave**2))).astype(np.float32)


def hiss(seconds: float, level: float, seed: int = 0) -> Wave:
    """White noise at 16 kHz."""
    return np.random.default_rng(seed).normal(0, level, round(seconds * 16000)).astype(np.float32)
