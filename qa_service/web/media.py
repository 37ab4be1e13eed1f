"""Sound for browsers: what a recording is by its content, a PCM copy of what browsers cannot play, its waveform.

Copies and waveforms are made on first use and cached beside the audio store, named by the recording's sha256.
"""

from __future__ import annotations

import json
import threading
import wave
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import TYPE_CHECKING

from qa_service.errors import AudioError, ErrorCode, NotFoundError
from qa_service.intake.storage import AudioStore
from qa_service.records import CallEntry, Record, Recording
from qa_service.settings import Settings

if TYPE_CHECKING:
    from qa_service.audio.types import Audio

HEAD_BYTES = 512
PEAK_BUCKETS = 800
#: Sample values of 16-bit PCM.
FULL_SCALE = 32767
FRAMES_AT_ONCE = 1 << 20
#: Formats in a wav header that every browser plays: PCM and float.
WAV_PLAYED = frozenset({1, 3})


@dataclass(frozen=True)
class Kind:
    """Media type by content, and whether current browsers play it."""

    media_type: str
    played: bool


UNKNOWN = Kind("application/octet-stream", False)


class Waveform(Record):
    """Loudest sample of each of equal pieces, 0 to 1, one list a channel."""

    duration_s: float
    channels: tuple[tuple[float, ...], ...]


class Media:
    """Files of kept recordings, as they are and as browsers need them."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._store = AudioStore(settings.audio_dir)
        self._cache = settings.data_dir / "derived"
        self._making = threading.Lock()

    def original(self, entry: CallEntry) -> Path:
        """Raises NotFoundError where the call has no recording, or its file is gone."""
        recording = _recording(entry)
        path = self._store.path(recording.path)
        if not path.is_file():
            message = f"The recording of call {entry.call_id} is not in the audio store."
            raise NotFoundError(ErrorCode.FILE_NOT_FOUND, message, "Restore QA_DATA_DIR/audio from a copy.")
        return path

    def pcm(self, entry: CallEntry) -> Path:
        """A 16-bit PCM wav of all channels; raises AudioError where the recording cannot be decoded."""
        return self._made(entry, ".wav", _write_pcm)

    def waveform(self, entry: CallEntry) -> Waveform:
        """Raises what :meth:`pcm` raises."""
        return Waveform.model_validate_json(self._made(entry, ".peaks.json", _write_peaks).read_bytes())

    def _made(self, entry: CallEntry, suffix: str, write: Callable[[Audio, Path], None]) -> Path:
        """The cached file, made now if need be; one at a time, since decoding takes memory."""
        target = self._cache / f"{_recording(entry).sha256}{suffix}"
        if target.is_file():
            return target
        source = self.original(entry)
        with self._making:
            if not target.is_file():
                self._make(source, target, write)
        return target

    def _make(self, source: Path, target: Path, write: Callable[[Audio, Path], None]) -> None:
        from qa_service.audio.decode import decode

        audio = decode(source, self._settings)
        self._cache.mkdir(parents=True, exist_ok=True)
        with NamedTemporaryFile(dir=self._cache, prefix=".making-", delete=False) as half:
            path = Path(half.name)
        try:
            write(audio, path)
            path.replace(target)
        finally:
            path.unlink(missing_ok=True)


def _recording(entry: CallEntry) -> Recording:
    if entry.recording is None:
        message = f"Call {entry.call_id} was given as text; it has no sound."
        raise NotFoundError(ErrorCode.FILE_NOT_FOUND, message, "Read its transcript.")
    return entry.recording


def kind_of(path: Path) -> Kind:
    """What a file is, by its first bytes; its name is not asked.

    Raises:
        AudioError: FILE_UNREADABLE.
    """
    try:
        with path.open("rb") as source:
            return kind_of_head(source.read(HEAD_BYTES))
    except OSError as wrong:
        message = f"The recording cannot be read: {wrong.strerror}."
        raise AudioError(ErrorCode.FILE_UNREADABLE, message, "Check the disk and permissions.") from None


def kind_of_head(head: bytes) -> Kind:
    if head[:4] == b"RIFF" and head[8:12] == b"WAVE":
        return Kind("audio/wav", _wav_format(head) in WAV_PLAYED)
    if head[:4] == b"OggS":
        return Kind("audio/ogg", b"OpusHead" in head or b"\x01vorbis" in head)
    if head[4:8] == b"ftyp":
        return Kind("audio/mp4", head[8:11] != b"3gp")
    if head[:3] == b"ID3" or (head[:1] == b"\xff" and head[1:2] in (b"\xfb", b"\xf3", b"\xf2", b"\xfa")):
        return Kind("audio/mpeg", True)
    for magic, media_type, played in (
        (b"fLaC", "audio/flac", True),
        (b"#!AMR", "audio/amr", False),
        (b"\x1aE\xdf\xa3", "audio/webm", True),
    ):
        if head.startswith(magic):
            return Kind(media_type, played)
    return UNKNOWN


def _wav_format(head: bytes) -> int:
    at = head.find(b"fmt ")
    return int.from_bytes(head[at + 8 : at + 10], "little") if at >= 0 else 0


def _write_pcm(audio: Audio, path: Path) -> None:
    import numpy as np

    with wave.open(str(path), "wb") as out:
        out.setnchannels(len(audio.channels))
        out.setsampwidth(2)
        out.setframerate(audio.sample_rate)
        for start in range(0, audio.channels[0].size, FRAMES_AT_ONCE):
            piece = np.stack([c[start : start + FRAMES_AT_ONCE] for c in audio.channels], axis=1)
            out.writeframes((np.clip(piece, -1, 1) * FULL_SCALE).astype("<i2").tobytes())


def _write_peaks(audio: Audio, path: Path) -> None:
    from qa_service.audio.peaks import peaks

    form = {"duration_s": round(audio.duration_s, 3), "channels": peaks(audio, PEAK_BUCKETS)}
    path.write_text(json.dumps(form), encoding="utf-8")
