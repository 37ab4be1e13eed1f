"""Inputs that cannot be used, each with the error code that must come of it. Made in code, small, quick.

For tests of any stage::

    @pytest.mark.parametrize("bad", BAD_INPUTS, ids=str)
    def test_…(bad: BadInput, tmp_path: Path, settings: Settings) -> None:
        path = bad.make(tmp_path)
        settings = bad.adjusted(settings)
        …  # must end in bad.code

``kind`` says what the path is given as; ``stage`` who tells: intake at the door (``accept``, ``read``), the decoder
(``decode``) or the voice detector (``hear``: decodes well, holds no speech). ``good_lines`` of a manifest must go on.
``FINE_INPUTS`` look wrong and must work.
"""

from __future__ import annotations

import json
import os
import struct
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import numpy as np

from qa_service.errors import ErrorCode
from qa_service.settings import Settings
from tests.audio.sounds import encode, picture_only, raw_gsm, sparse_wav, tones, wav_bytes, write_wav

Kind = Literal["audio", "facts", "manifest", "transcript"]
Stage = Literal["accept", "read", "decode", "hear"]
Build = Callable[[Path], Path]

GOOD_LINE = {"call_id": "G-1", "turns": [{"role": "agent", "text": "您好"}]}


@dataclass(frozen=True)
class BadInput:
    """One row of the table."""

    name: str
    kind: Kind
    stage: Stage
    code: ErrorCode
    build: Build
    limits: Mapping[str, object] = field(default_factory=dict)
    good_lines: int = 0

    def __str__(self) -> str:
        return f"{self.kind}-{self.name}"

    def make(self, folder: Path) -> Path:
        """Make it in ``folder`` (twice is fine); returns its path."""
        return self.build(folder)

    def adjusted(self, settings: Settings) -> Settings:
        """Settings with the limits lowered that would make the input large or slow."""
        return settings.model_copy(update=dict(self.limits))


@dataclass(frozen=True)
class FineInput:
    """Looks wrong, must work."""

    name: str
    kind: Kind
    build: Build

    def __str__(self) -> str:
        return f"{self.kind}-{self.name}"


def audio(
    name: str, code: ErrorCode, build: Build, *, stage: Stage = "decode", limits: Mapping[str, object] | None = None
) -> BadInput:
    return BadInput(name, "audio", stage, code, build, limits or {})


def read(kind: Kind, name: str, code: ErrorCode, build: Build, good_lines: int = 0) -> BadInput:
    return BadInput(name, kind, "read", code, build, {}, good_lines)


def file(name: str, content: bytes | str) -> Build:
    """A file of these bytes (or of this text in UTF-8)."""

    def build(folder: Path) -> Path:
        path = folder / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    return build


def made(name: str, content: Callable[[], bytes]) -> Build:
    return lambda folder: file(name, content())(folder)


def lines(*rows: object) -> Build:
    """A manifest: texts stand as they are, everything else as JSON."""
    text = "\n".join(r if isinstance(r, str) else json.dumps(r, ensure_ascii=False) for r in rows)
    return file("calls.jsonl", text + "\n")


def facts(**fields: object) -> Build:
    return file("facts.json", json.dumps(fields, ensure_ascii=False))


def turns(*rows: object) -> Build:
    return file("call.json", json.dumps({"call_id": "T-1", "turns": list(rows)}, ensure_ascii=False))


# --- sounds -----------------------------------------------------------------------------------------------------------


def _cut(build: Build, share: float) -> Build:
    """What another builder makes, without its end."""

    def cut(folder: Path) -> Path:
        path = build(folder)
        whole = path.read_bytes()
        path.write_bytes(whole[: int(len(whole) * share)])
        return path

    return cut


def _mp3(folder: Path) -> Path:
    return encode(folder / "call.mp3", tones(4, 440, 880), "libmp3lame")


def _ogg(folder: Path) -> Path:
    return encode(folder / "call.ogg", tones(4, 440, 880), "libopus")


def _m4a(folder: Path) -> Path:
    return encode(folder / "call.m4a", tones(4, 440), "aac", container="ipod")


def _amr(folder: Path) -> Path:
    return encode(folder / "call.amr", tones(6, 440), "libopencore_amrnb")


def _ogg_of_junk(folder: Path) -> Path:
    """Its first two pages say that it is Opus; the rest is noise."""
    path = _ogg(folder)
    whole = path.read_bytes()
    third = whole.index(b"OggS", whole.index(b"OpusTags"))
    path.write_bytes(whole[:third] + np.random.default_rng(0).bytes(len(whole) - third))
    return path


def _flac_bomb(folder: Path) -> Path:
    """Declares 5 seconds and holds 200: the sample count (36 bits) of STREAMINFO is overwritten."""
    path = encode(folder / "bomb.flac", tones(200, 0), "flac")
    whole = bytearray(path.read_bytes())
    whole[21] &= 0xF0
    whole[22:26] = struct.pack(">I", 5 * 8000)
    path.write_bytes(bytes(whole))
    return path


def _wav_head(codec: int, channels: int, rate: int, bits: int, size: int) -> bytes:
    width = channels * bits // 8
    form = struct.pack("<HHIIHH", codec, channels, rate, (rate * width) & 0xFFFFFFFF, width, bits)
    return b"RIFF" + struct.pack("<I", 36 + size) + b"WAVEfmt \x10\0\0\0" + form + b"data" + struct.pack("<I", size)


def _wav_of(codec: int, channels: int = 1, rate: int = 8000, bits: int = 16) -> Build:
    return file("odd.wav", _wav_head(codec, channels, rate, bits, 64000) + bytes(64000))


def _wav_of_nan() -> bytes:
    sound = np.full(32000, np.nan, "<f4").tobytes()
    return _wav_head(3, 1, 8000, 32, len(sound)) + sound


def _seven_channels(folder: Path) -> Path:
    return encode(folder / "seven.wav", tones(3, *range(300, 1000, 100)), "pcm_s16le")


def _three_tracks(folder: Path) -> Path:
    one = tones(3, 440)
    return encode(folder / "tracks.mka", one, "flac", container="matroska", tracks=(one, one))


def _wav(seconds: float, *hz: float, rate: int = 8000) -> Callable[[], bytes]:
    return lambda: wav_bytes(tones(seconds, *hz, rate=rate), rate)


def _png() -> bytes:
    head = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01\0\0\0\x01\x08\x02\0\0\0\x90wS\xde"
    data = b"\0\0\0\x0cIDATx\x9cc\xf8\xcf\xc0\0\0\x03\x01\x01\0\xc9\xfe\x92\xef"
    return head + data + b"\0\0\0\0IEND\xaeB`\x82"


def _zip(folder: Path) -> Path:
    path = folder / "call.ogg"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as out:
        out.writestr("call.wav", bytes(5_000_000))
    return path


def _playlist(text: str, name: str = "list.m3u8") -> Build:
    """A playlist beside a good recording that it names: opening it would be opening another file."""

    def build(folder: Path) -> Path:
        target = write_wav(folder / "other.wav", tones(4, 440))
        path = folder / name
        path.write_text(text.format(path=target, name=target.name), encoding="utf-8")
        return path

    return build


HLS = "#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:9,\n{}\n#EXT-X-ENDLIST\n"
SDP = "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\nm=audio 5004 RTP/AVP 0\n"

# --- places that are no files -----------------------------------------------------------------------------------------


def _vanished(folder: Path) -> Path:
    path = write_wav(folder / "vanished.wav", tones(3, 440))
    path.unlink()
    return path


def _folder(name: str) -> Build:
    def build(folder: Path) -> Path:
        (folder / name).mkdir(exist_ok=True)
        return folder / name

    return build


def _pipe(name: str) -> Build:
    def build(folder: Path) -> Path:
        path = folder / name
        path.unlink(missing_ok=True)
        os.mkfifo(path)
        return path

    return build


def _link(target: str) -> Build:
    def build(folder: Path) -> Path:
        path = folder / "link.wav"
        path.unlink(missing_ok=True)
        path.symlink_to(target)
        return path

    return build


def _below_a_file(folder: Path) -> Path:
    return write_wav(folder / "a.wav", tones(3, 440)) / "b.wav"


def _name_not_utf8(folder: Path) -> Path:
    path = folder / os.fsdecode(b"\xb4\xdf\xca\xd5.wav")
    path.write_bytes(b"no sound")
    return path


def _hole(name: str, size: int) -> Build:
    """A file of ``size`` bytes that takes no room on the disk."""

    def build(folder: Path) -> Path:
        with (folder / name).open("wb") as out:
            out.truncate(size)
        return folder / name

    return build


E = ErrorCode

BAD_AUDIO = (
    audio("vanished", E.FILE_NOT_FOUND, _vanished, stage="accept"),
    audio("below_a_file", E.FILE_NOT_FOUND, _below_a_file, stage="accept"),
    audio("folder", E.FILE_UNREADABLE, _folder("folder.wav"), stage="accept"),
    audio("pipe", E.FILE_UNREADABLE, _pipe("pipe.wav"), stage="accept"),
    audio("device", E.FILE_UNREADABLE, _link("/dev/zero"), stage="accept"),
    audio("link_to_itself", E.FILE_UNREADABLE, _link("link.wav"), stage="accept"),
    audio("link_to_nothing", E.FILE_NOT_FOUND, _link("nothing.wav"), stage="accept"),
    audio("name_too_long", E.FILE_UNREADABLE, lambda folder: folder / ("x" * 300 + ".wav"), stage="accept"),
    audio("name_with_nul", E.FILE_UNREADABLE, lambda folder: folder / "a\0b.wav", stage="accept"),
    audio("empty", E.FILE_EMPTY, file("empty.wav", b""), stage="accept"),
    audio("too_large", E.FILE_TOO_LARGE, _hole("large.wav", 3_000_000), stage="accept", limits={"max_file_mb": 2.0}),
    audio("text_as_wav", E.NOT_AUDIO, file("call.wav", "这不是录音。\n" * 300)),
    audio("image_as_mp3", E.NOT_AUDIO, made("call.mp3", _png)),
    audio("zip_as_ogg", E.NOT_AUDIO, _zip),
    audio("noise_as_mp3", E.NOT_AUDIO, made("call.mp3", lambda: np.random.default_rng(7).bytes(60_000))),
    audio("zeros_as_gsm", E.NOT_AUDIO, file("call.gsm", bytes(33 * 200))),
    audio("name_not_utf8", E.NOT_AUDIO, _name_not_utf8),
    audio("film_without_sound", E.NOT_AUDIO, lambda folder: picture_only(folder / "film.mp4", container="mp4")),
    audio("playlist_of_a_file", E.NOT_AUDIO, _playlist(HLS.format("{path}"))),
    audio("playlist_of_a_neighbour", E.NOT_AUDIO, _playlist(HLS.format("{name}"), "call.mp3")),
    audio("playlist_of_a_server", E.NOT_AUDIO, _playlist(HLS.format("http://127.0.0.1:9/a.ts"))),
    audio("concat_script", E.NOT_AUDIO, _playlist("ffconcat version 1.0\nfile '{name}'\n", "call.wav")),
    audio("session_description", E.NOT_AUDIO, file("call.sdp", SDP)),
    audio("half_a_header", E.AUDIO_DAMAGED, made("half.wav", lambda: _wav(3, 440)()[:30])),
    audio("m4a_without_its_index", E.AUDIO_DAMAGED, _cut(_m4a, 0.6)),
    audio("ogg_of_junk", E.AUDIO_DAMAGED, _ogg_of_junk),
    audio("id3_and_junk", E.AUDIO_DAMAGED, file("call.mp3", b"ID3\4\0\0\0\0\0\x0a" + bytes(10) + b"junk" * 9000)),
    audio("codec_nobody_knows", E.AUDIO_DAMAGED, _wav_of(0x7777)),
    audio("rate_of_zero", E.AUDIO_DAMAGED, _wav_of(1, rate=0)),
    audio("mp3_cut_at_the_start", E.AUDIO_TRUNCATED, _cut(_mp3, 0.3)),
    audio("ogg_cut_at_the_start", E.AUDIO_TRUNCATED, _cut(_ogg, 0.4)),
    audio("header_without_its_sound", E.AUDIO_TRUNCATED, made("head.wav", lambda: _wav(3, 440)()[:44])),
    audio("header_only", E.AUDIO_TOO_SHORT, made("head.wav", _wav(0, 440))),
    audio("one_second", E.AUDIO_TOO_SHORT, made("short.wav", _wav(1, 440, 880))),
    audio("four_hours", E.AUDIO_TOO_LONG, lambda folder: sparse_wav(folder / "long.wav", 4 * 3600)),
    audio("over_long", E.AUDIO_TOO_LONG, _mp3, limits={"max_duration_s": 3.0}),
    audio("over_long_undeclared", E.AUDIO_TOO_LONG, _amr, limits={"max_duration_s": 3.0}),
    audio("decode_bomb", E.DECODE_LIMIT, _flac_bomb, limits={"max_duration_s": 60.0}),
    audio("absurd_rate", E.DECODE_LIMIT, _wav_of(1, rate=3_000_000)),
    audio("seven_channels", E.TOO_MANY_CHANNELS, _seven_channels),
    audio("three_tracks", E.TOO_MANY_CHANNELS, _three_tracks),
    audio("four_khz", E.SAMPLE_RATE_TOO_LOW, made("low.wav", _wav(4, 440, rate=4000))),
    audio("silent", E.NO_SPEECH, made("silent.wav", _wav(5, 0, 0)), stage="hear"),
    audio("ringing_only", E.NO_SPEECH, made("ring.wav", _wav(5, 450)), stage="hear"),
    audio("not_a_number", E.NO_SPEECH, made("nan.wav", _wav_of_nan), stage="hear"),
)

BAD_FACTS = (
    read("facts", "missing", E.FACTS_UNREADABLE, lambda folder: folder / "none.json"),
    read("facts", "folder", E.FACTS_UNREADABLE, _folder("facts.json")),
    read("facts", "pipe", E.FACTS_UNREADABLE, _pipe("facts.json")),
    read("facts", "empty", E.FACTS_UNREADABLE, file("facts.json", "")),
    read("facts", "not_json", E.FACTS_UNREADABLE, file("facts.json", "agent_id: A-1")),
    read("facts", "cut", E.FACTS_UNREADABLE, file("facts.json", '{"agent_id": "A-')),
    read("facts", "gbk", E.FACTS_UNREADABLE, file("facts.json", '{"team": "催收"}'.encode("gbk"))),
    read("facts", "nan", E.FACTS_UNREADABLE, file("facts.json", '{"overdue_days": NaN}')),
    read("facts", "infinite", E.FACTS_UNREADABLE, file("facts.json", '{"account": {"amount": 1e999}}')),
    read("facts", "endless", E.FACTS_UNREADABLE, file("facts.json", f'{{"overdue_days": 1{"0" * 400}}}')),
    read("facts", "nested_too_deeply", E.FACTS_UNREADABLE, file("facts.json", "[" * 100_000)),
    read("facts", "too_large", E.FACTS_UNREADABLE, _hole("facts.json", 60_000_000)),
    read("facts", "a_list", E.FACTS_INVALID, file("facts.json", "[]")),
    read("facts", "a_text", E.FACTS_INVALID, file("facts.json", '"A-1"')),
    read("facts", "wrong_type", E.FACTS_INVALID, facts(overdue_days="many")),
    read("facts", "negative_days", E.FACTS_INVALID, facts(overdue_days=-3)),
    read("facts", "bad_date", E.FACTS_INVALID, facts(started_at="2026-13-45T09:00:00+08:00")),
    read("facts", "date_without_offset", E.FACTS_INVALID, facts(started_at="2026-11-17T09:00:00")),
    read("facts", "unknown_direction", E.FACTS_INVALID, facts(direction="sideways")),
    read("facts", "account_a_list", E.FACTS_INVALID, facts(account=[1, 2])),
    read("facts", "agent_true", E.FACTS_INVALID, facts(agent_id=True)),
    read("facts", "call_id_empty", E.FACTS_INVALID, facts(call_id="")),
    read("facts", "extra_a_text", E.FACTS_INVALID, facts(extra="more")),
)

BAD_MANIFESTS = (
    read("manifest", "missing", E.MANIFEST_UNREADABLE, lambda folder: folder / "none.jsonl"),
    read("manifest", "folder", E.MANIFEST_UNREADABLE, _folder("calls.jsonl")),
    read("manifest", "pipe", E.MANIFEST_UNREADABLE, _pipe("calls.jsonl")),
    read("manifest", "empty", E.MANIFEST_UNREADABLE, file("calls.jsonl", " \n\r\n")),
    read("manifest", "gbk", E.MANIFEST_UNREADABLE, file("calls.jsonl", '{"team": "催收", "audio": "a"}'.encode("gbk"))),
    read("manifest", "utf16", E.MANIFEST_UNREADABLE, file("calls.jsonl", '{"audio": "a.wav"}'.encode("utf-16"))),
    read("manifest", "a_recording", E.MANIFEST_UNREADABLE, made("calls.jsonl", _wav(1, 440))),
    read("manifest", "broken_array", E.MANIFEST_UNREADABLE, file("calls.json", '[{"audio": "a.wav"},')),
    read("manifest", "empty_array", E.MANIFEST_UNREADABLE, file("calls.json", "[]")),
    read("manifest", "bad_line", E.MANIFEST_LINE_INVALID, lines(GOOD_LINE, "{oops", {**GOOD_LINE, "call_id": 2}), 2),
    read("manifest", "line_a_list", E.MANIFEST_LINE_INVALID, lines(GOOD_LINE, [1]), 1),
    read("manifest", "line_nan", E.MANIFEST_LINE_INVALID, lines(GOOD_LINE, '{"audio": "a", "x": NaN}'), 1),
    read("manifest", "line_nested", E.MANIFEST_LINE_INVALID, lines(GOOD_LINE, '{"a":' * 50_000), 1),
    read("manifest", "line_of_ten_mb", E.MANIFEST_LINE_INVALID, lines(GOOD_LINE, "x" * 10_000_000, GOOD_LINE), 1),
    read(
        "manifest",
        "line_not_utf8",
        E.MANIFEST_LINE_INVALID,
        file("calls.jsonl", json.dumps(GOOD_LINE).encode() + b'\n{"audio": "\xb4\xdf.wav"}\n'),
        1,
    ),
    read("manifest", "nothing_to_inspect", E.MANIFEST_LINE_INVALID, lines({"call_id": "X"}, GOOD_LINE), 1),
    read("manifest", "audio_a_number", E.MANIFEST_LINE_INVALID, lines({"audio": 7}, GOOD_LINE), 1),
    read("manifest", "duplicate_ids", E.DUPLICATE_CALL_ID, lines(GOOD_LINE, GOOD_LINE), 1),
    read("manifest", "wrong_fact", E.FACTS_INVALID, lines({"audio": "a", "direction": "up"}, GOOD_LINE), 1),
    read("manifest", "wrong_turn", E.TRANSCRIPT_INVALID, lines({"turns": [{"text": "x"}]}, GOOD_LINE), 1),
    BadInput("no_recording", "manifest", "accept", E.FILE_NOT_FOUND, lines({"audio": "gone.wav"}, GOOD_LINE), {}, 1),
)

BAD_TRANSCRIPTS = (
    read("transcript", "missing", E.TRANSCRIPT_INVALID, lambda folder: folder / "none.json"),
    read("transcript", "not_json", E.TRANSCRIPT_INVALID, file("call.json", "agent: hello")),
    read("transcript", "not_utf8", E.TRANSCRIPT_INVALID, file("call.json", '["催收"]'.encode("gbk"))),
    read("transcript", "a_number", E.TRANSCRIPT_INVALID, file("call.json", "7")),
    read("transcript", "no_turns", E.TRANSCRIPT_INVALID, file("call.json", '{"call_id": "X"}')),
    read("transcript", "empty_list", E.TRANSCRIPT_INVALID, file("call.json", "[]")),
    read("transcript", "list_of_texts", E.TRANSCRIPT_INVALID, file("call.json", '["hello"]')),
    read("transcript", "unknown_role", E.TRANSCRIPT_INVALID, turns({"role": "boss", "text": "x"})),
    read("transcript", "no_text", E.TRANSCRIPT_INVALID, turns({"role": "agent"})),
    read("transcript", "time_a_word", E.TRANSCRIPT_INVALID, turns({"role": "agent", "text": "x", "start_s": "soon"})),
    read("transcript", "before_the_start", E.TRANSCRIPT_INVALID, turns({"role": "agent", "text": "x", "start_s": -1})),
    read(
        "transcript",
        "ends_before_it_starts",
        E.TRANSCRIPT_INVALID,
        turns({"role": "agent", "text": "x", "start_s": 5, "end_s": 2}),
    ),
    read(
        "transcript",
        "wrong_fact",
        E.FACTS_INVALID,
        file("call.json", json.dumps({"direction": "up", "turns": GOOD_LINE["turns"]})),
    ),
)

BAD_INPUTS = BAD_AUDIO + BAD_FACTS + BAD_MANIFESTS + BAD_TRANSCRIPTS


def _unfinished_wav(size: bytes) -> Build:
    """Its writer never came back to fill in the size."""

    def content() -> bytes:
        whole = _wav(4, 440, 880)()
        return whole[:40] + size + whole[44:]

    return made("unfinished.wav", content)


def _renamed(build: Build, name: str) -> Build:
    return lambda folder: build(folder).rename(folder / name)


def _crlf_manifest(folder: Path) -> Path:
    path = folder / "calls.jsonl"
    text = "\r\n".join(["", json.dumps(GOOD_LINE), "  ", json.dumps({"audio": "a.wav"}), ""])
    path.write_bytes(b"\xef\xbb\xbf" + text.encode())
    return path


FINE_INPUTS = (
    FineInput("mp3_named_wav", "audio", _renamed(_mp3, "call.wav")),
    FineInput("wav_named_txt", "audio", made("call.txt", _wav(4, 440, 880))),
    FineInput("wav_named_m3u8", "audio", made("call.m3u8", _wav(4, 440, 880))),
    FineInput("gsm_named_mp3", "audio", lambda folder: raw_gsm(folder / "call.mp3", 4)),
    FineInput("without_a_suffix", "audio", made("call", _wav(4, 440, 880))),
    FineInput("size_never_filled_in", "audio", _unfinished_wav(b"\xff\xff\xff\xff")),
    FineInput("size_left_zero", "audio", _unfinished_wav(b"\0\0\0\0")),
    FineInput("film_with_sound", "audio", lambda f: encode(f / "film.mp4", tones(4, 440, 880), "aac", picture=True)),
    FineInput("mp3_without_its_end", "audio", _cut(_mp3, 0.8)),
    FineInput("facts_with_bom", "facts", file("facts.json", b'\xef\xbb\xbf{"agent_id": 201}')),
    FineInput("facts_empty_object", "facts", file("facts.json", "{}")),
    FineInput("manifest_bom_crlf_blank_lines", "manifest", _crlf_manifest),
    FineInput("manifest_array", "manifest", file("calls.json", json.dumps([GOOD_LINE, {"file": "a.wav"}], indent=1))),
    FineInput("bare_list_of_turns", "transcript", file("call.json", json.dumps(GOOD_LINE["turns"]))),
    FineInput(
        "half_a_surrogate_pair", "transcript", file("call.json", '[{"role": "agent", "text": "\\ud83d!\\u0000"}]')
    ),
)
