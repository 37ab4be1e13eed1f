"""How long a file says it is: what stands in its header, kept apart from what ffmpeg guesses of its size."""

from __future__ import annotations

import os
from typing import IO, TYPE_CHECKING, Any

if TYPE_CHECKING:
    from av.container import InputContainer

#: Streams without a header of their own: their length is a guess from the first bit rate.
HEADERLESS = frozenset({"aac", "loas", "amr", "amrnb", "amrwb", "gsm", "ac3", "eac3", "mpeg", "mpegts", "ilbc"})
#: Tags that tell the length of an mp3 stream; without one its length is a guess too.
MP3_TAGS = (b"Xing", b"Info", b"VBRI")
#: Sizes that writers leave in a WAV header when they never came back to fill them in.
UNFINISHED = frozenset({0, 0x7FFFFFFF, 0xFFFFFFFF})
#: Bytes behind the data chunk of a WAV file that are worth a look: a second of sound at the least.
LEAST_REST = 8000
#: An ogg page: 27 bytes, then a table of up to 255 lengths, then up to 255 x 255 bytes.
OGG_HEAD, OGG_MOST = 27, 65307
#: Decoded length under this share of the declared one, and by this many seconds: the file ends early.
TRUNCATED_BELOW = 0.97
TRUNCATED_BY_S = 1.0


def length_s(container: InputContainer, streams: list[Any]) -> float | None:
    """Seconds by header or guess; None when nothing is known."""
    told = [float(s.duration * s.time_base) for s in streams if s.duration and s.time_base]
    if told:
        return max(told)
    return container.duration / 1e6 if container.duration else None


def declared_s(container: InputContainer, streams: list[Any], source: IO[bytes]) -> float | None:
    """Seconds that the header vouches for; None where ffmpeg could only guess."""
    name = container.format.name
    if name in HEADERLESS or (name == "mp3" and not _has_mp3_tag(source)):
        return None
    if name == "wav" and goes_on_behind_data(source):
        return None
    length = length_s(container, streams)
    missing = _missing_wav_bytes(source) if name == "wav" else 0
    rate = streams[0].codec_context.bit_rate
    return (length or 0.0) + missing * 8 / rate if missing and rate else length


def ends_early(duration_s: float, declared: float | None) -> bool:
    """Whether the decoded length is well short of the declared one."""
    if declared is None:
        return False
    return duration_s < declared * TRUNCATED_BELOW and declared - duration_s > TRUNCATED_BY_S


def cut_within_page(source: IO[bytes]) -> bool:
    """Whether an ogg file stops inside a page. (Its length is read from its last page, and so tells nothing.)"""
    size = os.fstat(source.fileno()).st_size
    tail = _read_at(source, max(0, size - OGG_MOST), OGG_MOST)
    page = tail[max(0, tail.rfind(b"OggS")) :]
    if not page.startswith(b"OggS"):
        return False
    table = page[OGG_HEAD : OGG_HEAD + page[OGG_HEAD - 1]] if len(page) >= OGG_HEAD else b""
    return len(page) < OGG_HEAD or len(page) < OGG_HEAD + page[OGG_HEAD - 1] + sum(table)


def _has_mp3_tag(source: IO[bytes]) -> bool:
    head = _read_at(source, 0, 10)
    start = 0
    if head[:3] == b"ID3" and len(head) == 10:
        start = 10 + sum((byte & 0x7F) << shift for byte, shift in zip(head[6:10], (21, 14, 7, 0), strict=True))
    first_frames = _read_at(source, start, 4096)
    return any(tag in first_frames for tag in MP3_TAGS)


def _missing_wav_bytes(source: IO[bytes]) -> int:
    """Bytes that the data chunk declares and that the file does not have (ffmpeg passes over them in silence)."""
    found = _data_chunk(source)
    return max(0, found[1] - os.fstat(source.fileno()).st_size) if found else 0


def goes_on_behind_data(source: IO[bytes]) -> bool:
    """Whether a WAV file holds more sound than its data chunk declares (a recorder that stopped before it wrote the
    length; a second file behind the first). Further chunks are no sound."""
    found = _data_chunk(source)
    size = os.fstat(source.fileno()).st_size
    if not found or size - found[1] < LEAST_REST:
        return False
    start, end = found
    return not any(_chunk_fits(_read_at(source, at, 8), size - at) for at in {end, end + (end - start) % 2})


def _chunk_fits(head: bytes, room: int) -> bool:
    """Whether a chunk of this head may stand in so many bytes; the file itself is one too, but none within itself."""
    name, length = head[:4], int.from_bytes(head[4:8], "little")
    return name != b"RIFF" and all(0x20 <= byte < 0x7F for byte in name) and 8 + length <= room


def _data_chunk(source: IO[bytes]) -> tuple[int, int] | None:
    """Where the sound of a WAV file begins and ends by its header; None where the header does not say."""
    size = os.fstat(source.fileno()).st_size
    at = 12
    while at + 8 <= size:
        head = _read_at(source, at, 8)
        length = int.from_bytes(head[4:8], "little")
        if head[:4] == b"data":
            return None if length in UNFINISHED else (at + 8, at + 8 + length)
        at += 8 + length + length % 2
    return None


def _read_at(source: IO[bytes], at: int, count: int) -> bytes:
    """Read without moving the place from which the decoder goes on."""
    place = source.tell()
    try:
        source.seek(at)
        return source.read(count)
    finally:
        source.seek(place)
