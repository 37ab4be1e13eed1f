"""Decoded frames → 16 kHz channels in memory that grows with what was really decoded."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from qa_service.audio.types import SAMPLE_RATE, Samples

#: Memory grows by two minutes of sound (8 MB a channel).
GROWTH = 120 * SAMPLE_RATE
#: A frame that stands later than the sound so far by more than this leaves a gap; less is jitter.
GAP_S = 0.25
#: Where no length is declared, a longer gap than this is a wrong time stamp.
MOST_UNDECLARED_GAP_S = 60.0
#: A frame that stands earlier by more than this begins a new count (streams glued together).
REWIND_S = 1.0
#: A line's mean this far from zero is an offset of the recorder's input; sound has none.
OFFSET = 1e-3


class LayoutChangedError(Exception):
    """The number of channels changes midway: going on would mix them or leave one out."""


class Channel:
    """One growing array of samples."""

    def __init__(self) -> None:
        self._data: Samples = np.empty(0, np.float32)
        self.size = 0

    def append(self, values: Samples) -> None:
        self._reserve(values.size)
        self._data[self.size : self.size + values.size] = values
        self.size += values.size

    def append_silence(self, count: int) -> None:
        self._reserve(count)
        self._data[self.size : self.size + count] = 0.0
        self.size += count

    def _reserve(self, count: int) -> None:
        if self.size + count > self._data.size:
            self._data.resize(self.size + count + GROWTH, refcheck=False)

    def finish(self, length: int) -> Samples:
        """The samples, ``length`` of them, clipped to [-1, 1]; NaN becomes silence, an offset is taken away.

        Ends this object's use.
        """
        recorded = min(self.size, length)
        self.append_silence(max(0, length - self.size))
        self._data.resize(length, refcheck=False)
        data, self._data = self._data, np.empty(0, np.float32)
        total = 0.0
        for block in _blocks(data):
            np.nan_to_num(block, copy=False, nan=0.0)
            np.clip(block, -1.0, 1.0, out=block)
            total += float(block.sum(dtype=np.float64))
        offset = total / max(1, recorded)
        if abs(offset) > OFFSET:  # else it would count as the level of the pauses, and as a line that is not dead
            for block in _blocks(data[:recorded]):
                np.clip(block - np.float32(offset), -1.0, 1.0, out=block)
        return data


def _blocks(data: Samples) -> Iterator[Samples]:
    """In blocks: masks of three hours would double the memory."""
    return (data[start : start + GROWTH] for start in range(0, data.size, GROWTH))


class Track:
    """One audio stream on its way to 16 kHz: its channels stay apart, and its gaps are filled.

    Args:
        channels: how many the stream has.
        origin_s: time stamp of the recording's start, where the container tells one.
        declared_s: declared length; a gap that would lead past it is a wrong time stamp.
    """

    def __init__(self, channels: int, origin_s: float | None, declared_s: float | None) -> None:
        self.channels = tuple(Channel() for _ in range(channels))
        self.filled_s = 0.0
        self._origin_s = origin_s
        self._declared_s = declared_s
        self._heard_s = 0.0
        self._resampler: Any = None
        self._shape: object = None

    @property
    def size(self) -> int:
        return self.channels[0].size

    def add(self, frame: Any) -> None:
        """Take a decoded frame (of PyAV).

        Raises:
            LayoutChangedError: it has another number of channels than the frames before.
        """
        if frame.layout.nb_channels != len(self.channels):
            raise LayoutChangedError
        self._fill_gap(frame)
        shape = (frame.format.name, frame.layout.name, frame.sample_rate)
        if shape != self._shape:
            self.flush()
            self._resampler, self._shape = _resampler(frame), shape
        frame.pts = None
        self._take(self._resampler.resample(frame))
        self._heard_s += frame.samples / frame.sample_rate

    def flush(self) -> None:
        """Take what the resampler still holds back."""
        if self._resampler is not None:
            self._take(self._resampler.resample(None))
            self._resampler, self._shape = None, None

    def _take(self, frames: list[Any]) -> None:
        for samples in _arrays(frames):
            for channel, values in zip(self.channels, samples, strict=True):
                channel.append(values)

    def _fill_gap(self, frame: Any) -> None:
        """Sound that the file leaves out (lost pages, suppressed silence) keeps its time."""
        if frame.pts is None or not frame.time_base:
            return
        stamp = float(frame.pts * frame.time_base)
        if self._origin_s is None:
            self._origin_s = stamp
        gap = stamp - self._origin_s - self._heard_s
        if gap < -REWIND_S:
            self._origin_s = stamp - self._heard_s
        elif GAP_S < gap <= self._believed_gap_s():
            for channel in self.channels:
                channel.append_silence(round(gap * SAMPLE_RATE))
            self._heard_s += gap
            self.filled_s += gap

    def _believed_gap_s(self) -> float:
        if self._declared_s is None:
            return MOST_UNDECLARED_GAP_S
        return self._declared_s + REWIND_S - self._heard_s


def _resampler(frame: Any) -> Any:
    import av

    return av.AudioResampler(format="fltp", layout=frame.layout.name, rate=SAMPLE_RATE)


def _arrays(frames: list[Any]) -> Iterator[Samples]:
    for frame in frames:
        yield frame.to_ndarray().astype(np.float32, copy=False)
