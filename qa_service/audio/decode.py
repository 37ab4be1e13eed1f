"""Any container ffmpeg knows → :class:`Audio`. PyAV carries the decoders; no ffmpeg program is needed.

The content decides, not the file name. The file is handed over as an open file object, so that a
playlist or a "concat" script can never make the decoder open something else. Decoded samples are
counted while they come, so that a decode bomb stops at the limit and not at the end of memory.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import numpy as np

from qa_service.audio.types import SAMPLE_RATE, Audio, AudioInfo, Samples
from qa_service.errors import AudioError, ErrorCode
from qa_service.settings import Settings

if TYPE_CHECKING:
    from av.container import InputContainer

#: Formats that name other files or streams; a recording is never one of them.
REFUSED_FORMATS = frozenset({"hls", "concat", "dash", "sdp", "rtsp", "image2", "tty", "ffmetadata", "srt", "webvtt"})
#: Decoded length under this share of the declared one: the file ends early.
TRUNCATED_BELOW = 0.9
TRUNCATED_BY_S = 1.0


def decode(path: Path, settings: Settings) -> Audio:
    """Decode a recording within the limits of ``settings``.

    Raises:
        AudioError: with the code of what is wrong (see docs/errors.md); the message names the file.
    """
    with _opened(path) as source, _container(source, path) as container:
        stream = _audio_stream(container, path)
        _check_declared(stream, container, path, settings)
        codec = stream.codec_context
        count, rate = codec.channels, codec.sample_rate
        pieces, damaged = _pieces(container, stream, path, settings)
        channels = _joined(pieces, count)
        duration = channels[0].size / SAMPLE_RATE
        declared = _declared_s(stream, container)
        _check_decoded(duration, damaged, path, settings)
        info = AudioInfo(
            container=container.format.name,
            codec=codec.name,
            source_rate=rate,
            source_channels=count,
            truncated=damaged or _ends_early(duration, declared),
        )
    return Audio(channels=channels, duration_s=duration, info=info)


def probe_duration(path: Path) -> float | None:
    """Seconds that the file declares, read from its header only; None when it cannot be known."""
    try:
        with _opened(path) as source, _container(source, path) as container:
            return _declared_s(_audio_stream(container, path), container)
    except AudioError:
        return None


def probe(path: Path, settings: Settings) -> None:
    """Look at the header only: raise what :func:`decode` would raise of it."""
    with _opened(path) as source, _container(source, path) as container:
        _check_declared(_audio_stream(container, path), container, path, settings)


def _opened(path: Path) -> IO[bytes]:
    """Only regular files: a pipe or a device would block or never end."""
    if not path.exists():
        raise AudioError(ErrorCode.FILE_NOT_FOUND, f"{path} is not there.", "Check the path.")
    if not path.is_file():
        raise AudioError(ErrorCode.FILE_UNREADABLE, f"{path} is not a regular file.", "Give a recording.")
    try:
        return path.open("rb")
    except OSError as wrong:
        message = f"{path} cannot be read: {wrong.strerror}."
        raise AudioError(ErrorCode.FILE_UNREADABLE, message, "Check its permissions.") from None


def _container(source: IO[bytes], path: Path) -> InputContainer:
    import av

    not_audio = AudioError(
        ErrorCode.NOT_AUDIO,
        f"{path} is not audio that can be decoded.",
        "Export it as wav, mp3, ogg, m4a, amr or flac.",
    )
    try:
        found = av.open(source, mode="r", metadata_errors="ignore")
    except (av.FFmpegError, ValueError, OSError):
        raise not_audio from None
    if REFUSED_FORMATS & set(found.format.name.split(",")):
        found.close()
        raise not_audio
    return found


def _audio_stream(container: InputContainer, path: Path) -> Any:
    if not container.streams.audio:
        raise AudioError(ErrorCode.NOT_AUDIO, f"{path} has no audio track.", "Give a recording of a call.")
    stream = container.streams.audio[0]
    if not stream.codec_context.sample_rate or not stream.codec_context.channels:
        raise AudioError(ErrorCode.AUDIO_DAMAGED, f"{path} does not say how it was sampled.", "Export it again.")
    return stream


def _check_declared(stream: Any, container: InputContainer, path: Path, settings: Settings) -> None:
    codec = stream.codec_context
    if codec.channels > settings.max_channels:
        message = f"{path} has {codec.channels} channels; at most {settings.max_channels} are taken."
        raise AudioError(ErrorCode.TOO_MANY_CHANNELS, message, "Export the agent and the customer as two channels.")
    if codec.sample_rate < settings.min_sample_rate:
        message = f"{path} is sampled at {codec.sample_rate} Hz; at least {settings.min_sample_rate} are needed."
        raise AudioError(ErrorCode.SAMPLE_RATE_TOO_LOW, message, "Export it at 8,000 Hz or more.")
    declared = _declared_s(stream, container)
    if declared and declared > settings.max_duration_s:
        raise _too_long(path, declared, settings)


def _declared_s(stream: Any, container: InputContainer) -> float | None:
    if stream.duration and stream.time_base:
        return float(stream.duration * stream.time_base)
    return container.duration / 1e6 if container.duration else None


def _too_long(path: Path, seconds: float, settings: Settings) -> AudioError:
    message = f"{path} lasts {seconds / 60:.0f} minutes; at most {settings.max_duration_s / 60:.0f} are taken."
    return AudioError(ErrorCode.AUDIO_TOO_LONG, message, "Split it, or raise QA_MAX_DURATION_S.")


def _pieces(container: InputContainer, stream: Any, path: Path, settings: Settings) -> tuple[list[Samples], bool]:
    """Decoded pieces (channels × samples at 16 kHz) and whether an error cut them short."""
    import av

    pieces: list[Samples] = []
    most = int(settings.max_duration_s * SAMPLE_RATE)
    total = 0
    try:
        for piece in _resampled(container, stream):
            total += piece.shape[1]
            if total > most:
                raise AudioError(
                    ErrorCode.DECODE_LIMIT,
                    f"{path} holds more sound than it declares, over {settings.max_duration_s / 60:.0f} minutes.",
                    "Split it if it is honest; do not trust it otherwise.",
                )
            pieces.append(piece)
    except (av.FFmpegError, ValueError):
        return pieces, True
    return pieces, False


def _resampled(container: InputContainer, stream: Any) -> Iterator[Samples]:
    import av

    layout = stream.codec_context.layout.name if stream.codec_context.channels > 1 else "mono"
    resampler = av.AudioResampler(format="fltp", layout=layout, rate=SAMPLE_RATE)
    for frame in container.decode(stream):
        frame.pts = None
        for out in resampler.resample(frame):
            yield out.to_ndarray().astype(np.float32, copy=False)
    for out in resampler.resample(None):
        yield out.to_ndarray().astype(np.float32, copy=False)


def _joined(pieces: list[Samples], count: int) -> tuple[Samples, ...]:
    if not pieces:
        return (np.zeros(0, np.float32),) * count
    whole = np.concatenate(pieces, axis=1)
    return tuple(np.clip(whole[c], -1.0, 1.0) for c in range(whole.shape[0]))


def _check_decoded(duration: float, damaged: bool, path: Path, settings: Settings) -> None:
    if damaged and duration < settings.min_duration_s:
        message = f"{path} opens, but its sound cannot be decoded."
        raise AudioError(ErrorCode.AUDIO_DAMAGED, message, "Export the recording again.")
    if duration < settings.min_duration_s:
        message = f"{path} lasts {duration:.1f} s; at least {settings.min_duration_s:g} s are needed."
        raise AudioError(ErrorCode.AUDIO_TOO_SHORT, message, "There is nothing to judge in it.")


def _ends_early(duration: float, declared: float | None) -> bool:
    return bool(declared) and duration < declared * TRUNCATED_BELOW and declared - duration > TRUNCATED_BY_S  # type: ignore[operator]
