"""Any container ffmpeg knows → :class:`Audio`. PyAV carries the decoders; no ffmpeg program is needed.

What is decoded is counted while it comes, so that a decode bomb stops at the limit and not at the end of
memory. A damaged or cut file gives what can be decoded, and says so.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import numpy as np

from qa_service.audio.declared import cut_within_page, declared_s, ends_early, length_s
from qa_service.audio.source import open_container, open_source, shown, unreadable
from qa_service.audio.tracks import LayoutChangedError, Track
from qa_service.audio.types import SAMPLE_RATE, Audio, AudioInfo, Samples
from qa_service.errors import AudioError, ErrorCode
from qa_service.settings import Settings

if TYPE_CHECKING:
    from av.container import InputContainer

#: Hz. Nothing that records speech samples faster; a file that does is made to cost time.
MOST_RATE = 384_000
#: Packets a second of allowed length, on average; honest ones hold 10 to 60 ms.
MOST_PACKETS_A_SECOND = 1000
#: Reading goes on behind a place that cannot be read, so often; and so often where nothing comes between two of them.
MOST_BROKEN, MOST_IN_A_ROW = 1000, 5
#: Two channels are one when they differ by less than this share of their level (-40 dB).
SAME_BELOW = 0.01


def decode(path: Path, settings: Settings) -> Audio:
    """Decode a recording within the limits of ``settings``.

    Channels are the channels of its audio tracks (two mono tracks are two channels). Two channels with the
    same sound are one: kept apart, every word would be put into both mouths.

    Raises:
        AudioError: with the code of what is wrong (see docs/errors.md); the message names the file.
    """
    with open_source(path) as source, open_container(source, path) as container:
        try:
            return _decoded(source, container, path, settings)
        except OSError as wrong:
            raise unreadable(path, wrong) from None


def probe(path: Path, settings: Settings) -> None:
    """Look at the header only: raise what :func:`decode` would raise of it."""
    with open_source(path) as source, open_container(source, path) as container:
        streams = _audio_streams(container, path)
        _check_header(streams, declared_s(container, streams, source), path, settings)


def probe_duration(path: Path) -> float | None:
    """Seconds by the file's header, or a guess of its size; None when it cannot be known."""
    try:
        with open_source(path) as source, open_container(source, path) as container:
            return length_s(container, _audio_streams(container, path))
    except AudioError:
        return None


def _decoded(source: IO[bytes], container: InputContainer, path: Path, settings: Settings) -> Audio:
    streams = _audio_streams(container, path)
    declared = declared_s(container, streams, source)
    _check_header(streams, declared, path, settings)
    origin = _origin_s(streams)
    tracks = {s.index: Track(s.codec_context.channels, origin, declared) for s in streams}
    tally = _read(container, streams, tracks, _Limits(path, settings, declared))
    channels, same = _channels(list(tracks.values()))
    duration = channels[0].size / SAMPLE_RATE
    early = ends_early(duration, declared) or (container.format.name == "ogg" and cut_within_page(source))
    _check_sound(duration, tally, early, path, settings)
    filled = max(t.filled_s for t in tracks.values())
    codec = streams[0].codec_context
    info = AudioInfo(
        container=container.format.name,
        codec=codec.name,
        source_rate=codec.sample_rate,
        source_channels=sum(s.codec_context.channels for s in streams),
        truncated=early or tally.cut or tally.bad > 0 or _lost(filled, container.format.name),
        filled_s=round(filled, 3),
        dual_mono=same,
    )
    return Audio(channels=channels, duration_s=duration, info=info)


def _audio_streams(container: InputContainer, path: Path) -> list[Any]:
    streams = list(container.streams.audio)
    if not streams:
        raise AudioError(ErrorCode.NOT_AUDIO, f"{shown(path)} has no audio track.", "Give a recording of a call.")
    if not all(s.codec_context and s.codec_context.sample_rate and s.codec_context.channels for s in streams):
        message = f"{shown(path)} does not say how it was sampled, or in a way that is not known."
        raise AudioError(ErrorCode.AUDIO_DAMAGED, message, "Export the recording again.")
    return streams


def _check_header(streams: list[Any], declared: float | None, path: Path, settings: Settings) -> None:
    channels = sum(s.codec_context.channels for s in streams)
    if channels > settings.max_channels:
        message = f"{shown(path)} has {channels} channels; at most {settings.max_channels} are taken."
        raise AudioError(ErrorCode.TOO_MANY_CHANNELS, message, "Export the agent and the customer as two channels.")
    _check_rate(min(s.codec_context.sample_rate for s in streams), path, settings)
    _check_rate(max(s.codec_context.sample_rate for s in streams), path, settings)
    if declared and declared > settings.max_duration_s:
        raise _too_long(path, f"lasts {_minutes(declared)}", settings)


def _check_rate(rate: int, path: Path, settings: Settings) -> None:
    if rate < settings.min_sample_rate:
        message = f"{shown(path)} is sampled at {rate} Hz; at least {settings.min_sample_rate} are needed."
        raise AudioError(ErrorCode.SAMPLE_RATE_TOO_LOW, message, "Export it at 8,000 Hz or more.")
    if rate > MOST_RATE:
        message = f"{shown(path)} is sampled at {rate} Hz; at most {MOST_RATE} are taken."
        raise AudioError(ErrorCode.DECODE_LIMIT, message, "Export it at 8,000 to 48,000 Hz.")


def _origin_s(streams: list[Any]) -> float | None:
    starts = [float(s.start_time * s.time_base) for s in streams if s.start_time is not None and s.time_base]
    return min(starts, default=None)


@dataclass(frozen=True)
class _Limits:
    """Stops what goes past the settings, whatever the header said."""

    path: Path
    settings: Settings
    declared: float | None

    def check(self, packets: int, samples: int) -> None:
        most_s = self.settings.max_duration_s + 1
        if packets > (most_s + 60) * MOST_PACKETS_A_SECOND:
            message = f"{shown(self.path)} is cut into more than {packets - 1} packets."
            raise AudioError(ErrorCode.DECODE_LIMIT, message, "Export the recording again.")
        if samples <= most_s * SAMPLE_RATE:
            return
        if self.declared is None:
            raise _too_long(self.path, f"lasts more than {_minutes(self.settings.max_duration_s)}", self.settings)
        message = f"{shown(self.path)} declares {_minutes(self.declared)} and holds more than {_minutes(most_s)}."
        raise AudioError(ErrorCode.DECODE_LIMIT, message, "Do not trust it; if it is honest, export it again.")


@dataclass
class _Tally:
    """Packets read, those that could not be decoded, and whether reading stopped before the end."""

    packets: int = 0
    bad: int = 0
    cut: bool = False


def _read(container: InputContainer, streams: list[Any], tracks: dict[int, Track], limits: _Limits) -> _Tally:
    """Decode all packets into the tracks; what cannot be decoded is counted and passed over."""
    tally, broken, in_a_row = _Tally(), 0, 0
    while broken < MOST_BROKEN and in_a_row < MOST_IN_A_ROW:
        before = tally.packets
        if _read_on(container, streams, tracks, limits, tally):
            break
        broken, in_a_row = broken + 1, in_a_row + 1 if tally.packets == before else 0
    for track in tracks.values():
        track.flush()
    return tally


def _read_on(
    container: InputContainer, streams: list[Any], tracks: dict[int, Track], limits: _Limits, tally: _Tally
) -> bool:
    """Up to the end, or to a place that cannot be read; false where the file may go on behind it."""
    import av

    try:
        for packet in container.demux(streams):
            tally.packets += 1
            track = tracks[packet.stream.index]
            for frame in _frames(packet, tally):
                track.add(frame)
                limits.check(tally.packets, track.size)
            limits.check(tally.packets, track.size)
    except (av.FFmpegError, LayoutChangedError, ValueError, IndexError) as wrong:  # IndexError: a stream appears midway
        tally.cut = True
        return not isinstance(wrong, av.FFmpegError)
    return True


def _frames(packet: Any, tally: _Tally) -> Iterator[Any]:
    import av

    try:
        yield from packet.decode()
    except av.EOFError:
        return
    except av.FFmpegError:
        tally.bad += 1


def _channels(tracks: list[Track]) -> tuple[tuple[Samples, ...], bool]:
    """All channels at one length, and whether two of them were the same."""
    length = max(t.size for t in tracks)
    channels = tuple(c.finish(length) for t in tracks for c in t.channels)
    same = len(channels) == 2 and _same(*channels)
    return (channels[:1] if same else channels), same


def _same(left: Samples, right: Samples, block: int = 600 * SAMPLE_RATE) -> bool:
    """Whether both carry one sound (a mono call exported as stereo). Block by block, to spare memory."""
    level = apart = 0.0
    for start in range(0, left.size, block):
        a, b = left[start : start + block], right[start : start + block]
        level += float(np.dot(a, a))
        apart += float(np.sum(np.square(a - b), dtype=np.float64))
    return level > 0 and apart < level * SAME_BELOW**2


def _lost(filled_s: float, container: str) -> bool:
    """Whether gaps are lost sound. Matroska (WebRTC recorders) leaves suppressed silence out, the others do not."""
    return filled_s > 0 and not container.startswith("matroska")


def _check_sound(duration: float, tally: _Tally, early: bool, path: Path, settings: Settings) -> None:
    short = duration < settings.min_duration_s
    if tally.bad * 2 > tally.packets or (short and (tally.bad or tally.cut)):
        message = f"{shown(path)} opens, but its sound cannot be decoded ({duration:.2f} s of it could)."
        raise AudioError(ErrorCode.AUDIO_DAMAGED, message, "Export the recording again.")
    if short and early:
        message = f"{shown(path)} is cut short: only {duration:.2f} s of it are there."
        raise AudioError(ErrorCode.AUDIO_TRUNCATED, message, "Copy or export the recording again.")
    if short:
        message = f"{shown(path)} lasts {duration:.2f} s; at least {settings.min_duration_s:g} s are needed."
        raise AudioError(ErrorCode.AUDIO_TOO_SHORT, message, "Nothing can be judged in it; check the recorder.")


def _too_long(path: Path, what: str, settings: Settings) -> AudioError:
    message = f"{shown(path)} {what}; at most {_minutes(settings.max_duration_s)} are taken."
    return AudioError(ErrorCode.AUDIO_TOO_LONG, message, "Split it, or raise QA_MAX_DURATION_S.")


def _minutes(seconds: float) -> str:
    return f"{seconds / 60:.0f} minutes" if seconds >= 120 else f"{seconds:.0f} seconds"
