"""Decoding: every container, channels apart, damaged and cut files, limits."""

from __future__ import annotations

import errno
import io
import os
import random
from pathlib import Path

import numpy as np
import pytest

from qa_service.audio import decode as decode_module
from qa_service.audio.decode import decode, probe_duration
from qa_service.audio.types import SAMPLE_RATE
from qa_service.errors import AudioError, ErrorCode
from qa_service.settings import Settings
from tests.audio.sounds import encode, loudest_hz, raw_gsm, sparse_wav, tones, wav_bytes, write_wav

STEREO = tones(4, 440, 880)
CONTAINERS = [
    ("pcm.wav", "pcm_s16le", None),
    ("mulaw.wav", "pcm_mulaw", None),
    ("alaw.wav", "pcm_alaw", None),
    ("float.wav", "pcm_f32le", None),
    ("adpcm.wav", "adpcm_ima_wav", None),
    ("a.w64", "pcm_s16le", None),
    ("a.mp3", "libmp3lame", None),
    ("opus.ogg", "libopus", None),
    ("a.m4a", "aac", "ipod"),
    ("a.aac", "aac", "adts"),
    ("a.flac", "flac", None),
    ("a.au", "pcm_mulaw", None),
    ("a.aiff", "pcm_s16be", None),
    ("a.caf", "alac", None),
    ("a.webm", "libopus", None),
    ("a.mka", "pcm_s16le", "matroska"),
]


@pytest.mark.parametrize(("name", "codec", "container"), CONTAINERS, ids=[c[0] for c in CONTAINERS])
def test_every_container_keeps_its_channels_apart(
    name: str, codec: str, container: str | None, tmp_path: Path, settings: Settings
) -> None:
    audio = decode(encode(tmp_path / name, STEREO, codec, container=container), settings)
    assert audio.sample_rate == SAMPLE_RATE
    assert [round(loudest_hz(c), -1) for c in audio.channels] == [440, 880]
    assert audio.duration_s == pytest.approx(4, abs=0.25)
    assert all(c.dtype == np.float32 and c.size == round(audio.duration_s * SAMPLE_RATE) for c in audio.channels)
    assert max(float(np.abs(c).max()) for c in audio.channels) <= 1
    assert (audio.info.source_channels, audio.info.truncated) == (2, False)


@pytest.mark.parametrize("name", ["a.amr", "a.3gp"])
def test_amr(name: str, tmp_path: Path, settings: Settings) -> None:
    audio = decode(encode(tmp_path / name, tones(4, 440), "libopencore_amrnb"), settings)
    assert len(audio.channels) == 1
    assert loudest_hz(audio.channels[0]) == pytest.approx(440, abs=5)


def test_gsm_without_a_container(tmp_path: Path, settings: Settings) -> None:
    audio = decode(raw_gsm(tmp_path / "a.gsm", 4), settings)
    assert (audio.info.codec, audio.duration_s) == ("gsm", pytest.approx(4, abs=0.05))


@pytest.mark.parametrize("rate", [8000, 11025, 16000, 44100, 48000])
def test_every_rate_becomes_16_khz(rate: int, tmp_path: Path, settings: Settings) -> None:
    audio = decode(write_wav(tmp_path / "a.wav", tones(3, 440, 880, rate=rate), rate), settings)
    assert audio.info.source_rate == rate
    assert audio.duration_s == pytest.approx(3, abs=0.01)
    assert [round(loudest_hz(c), -1) for c in audio.channels] == [440, 880]


@pytest.mark.parametrize("container", ["mp4", "matroska", "avi"])
def test_of_a_film_only_the_sound_is_taken(container: str, tmp_path: Path, settings: Settings) -> None:
    codec = "libmp3lame" if container == "avi" else "aac"
    audio = decode(encode(tmp_path / "film", STEREO, codec, container=container, picture=True), settings)
    assert [round(loudest_hz(c), -1) for c in audio.channels] == [440, 880]


def test_two_mono_tracks_are_two_channels(tmp_path: Path, settings: Settings) -> None:
    """Some recorders write the agent and the customer as tracks of their own."""
    path = encode(tmp_path / "a.mka", tones(4, 440), "flac", container="matroska", tracks=(tones(5, 880),))
    audio = decode(path, settings)
    assert [round(loudest_hz(c), -1) for c in audio.channels] == [440, 880]
    assert audio.duration_s == pytest.approx(5, abs=0.01)
    assert not audio.channels[0][-SAMPLE_RATE // 2 :].any()


@pytest.mark.parametrize("codec", ["pcm_s16le", "libmp3lame"])
def test_a_mono_call_exported_as_stereo_is_one_channel(codec: str, tmp_path: Path, settings: Settings) -> None:
    suffix = "wav" if codec.startswith("pcm") else "mp3"
    audio = decode(encode(tmp_path / f"a.{suffix}", tones(4, 440, 440), codec), settings)
    assert len(audio.channels) == 1
    assert (audio.info.dual_mono, audio.info.source_channels) == (True, 2)


def test_silence_on_both_lines_stays_two_channels(tmp_path: Path, settings: Settings) -> None:
    audio = decode(write_wav(tmp_path / "a.wav", tones(3, 0, 0)), settings)
    assert (len(audio.channels), audio.info.dual_mono) == (2, False)


def test_the_same_file_gives_the_same_samples(tmp_path: Path, settings: Settings) -> None:
    path = encode(tmp_path / "a.ogg", STEREO, "libopus")
    one, two = decode(path, settings), decode(path, settings)
    assert one.info == two.info
    assert all(np.array_equal(a, b) for a, b in zip(one.channels, two.channels, strict=True))


# --- cut and damaged --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "codec"),
    [("a.wav", "pcm_mulaw"), ("a.mp3", "libmp3lame"), ("a.ogg", "libopus"), ("a.flac", "flac"), ("a.webm", "libopus")],
)
def test_a_cut_file_gives_what_is_there_and_says_so(name: str, codec: str, tmp_path: Path, settings: Settings) -> None:
    path = encode(tmp_path / name, tones(12, 440, 880), codec)
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) * 6 // 10])
    audio = decode(path, settings)
    assert 5 < audio.duration_s < 9
    assert audio.info.truncated
    assert [round(loudest_hz(c), -1) for c in audio.channels] == [440, 880]


def test_a_stream_without_a_length_is_cut_where_its_last_frame_is_broken(tmp_path: Path, settings: Settings) -> None:
    path = encode(tmp_path / "a.amr", tones(12, 440), "libopencore_amrnb")
    assert not decode(path, settings).info.truncated
    path.write_bytes(path.read_bytes()[:5003])
    assert decode(path, settings).info.truncated


@pytest.mark.parametrize(
    ("name", "codec"), [("a.ogg", "libopus"), ("a.flac", "flac"), ("a.m4a", "aac"), ("a.mp3", "libmp3lame")]
)
def test_damage_in_the_middle_costs_only_the_middle(name: str, codec: str, tmp_path: Path, settings: Settings) -> None:
    path = encode(tmp_path / name, tones(12, 440, 880), codec, container="ipod" if codec == "aac" else None)
    whole = bytearray(path.read_bytes())
    middle = len(whole) // 2
    whole[middle : middle + 3000] = random.Random(4).randbytes(3000)
    path.write_bytes(whole)
    audio = decode(path, settings)
    assert audio.info.truncated
    assert audio.duration_s > 9
    for samples, hz in zip(audio.channels, (440, 880), strict=True):
        assert loudest_hz(samples[: 3 * SAMPLE_RATE]) == pytest.approx(hz, abs=2)
        assert loudest_hz(samples[-2 * SAMPLE_RATE :]) == pytest.approx(hz, abs=2)


def test_pages_that_cannot_be_read_cost_only_themselves(tmp_path: Path, settings: Settings) -> None:
    """Reading fails in the damage, and goes on behind it."""
    path = encode(tmp_path / "a.ogg", tones(30, 440, 880, rate=16000), "libopus", rate=16000)
    whole = bytearray(path.read_bytes())
    third, half = len(whole) // 3, len(whole) // 2
    whole[third:half] = np.random.default_rng(1).bytes(half - third)
    path.write_bytes(whole)
    audio = decode(path, settings)
    assert audio.info.truncated
    assert audio.duration_s == pytest.approx(30, abs=0.1)
    assert 4 < audio.info.filled_s < 8
    assert loudest_hz(audio.channels[1][-10 * SAMPLE_RATE :]) == pytest.approx(880, abs=2)


def test_lost_pages_keep_their_time(tmp_path: Path, settings: Settings) -> None:
    """What comes after a gap must stand where the player plays it."""
    sound = tones(12, 440, 440)
    sound[1, 8 * 8000 :] = 0
    path = encode(tmp_path / "a.ogg", sound, "libopus")
    whole = path.read_bytes()
    pages = [i for i in range(len(whole)) if whole.startswith(b"OggS", i)]
    path.write_bytes(whole[: pages[5]] + whole[pages[8] :])
    audio = decode(path, settings)
    assert audio.duration_s == pytest.approx(12, abs=0.05)
    assert audio.info.filled_s == pytest.approx(3, abs=0.1)
    assert audio.info.truncated
    loud = np.flatnonzero(np.abs(audio.channels[1]) > 0.1)
    assert loud[-1] / SAMPLE_RATE == pytest.approx(8, abs=0.05)


def test_wav_header_that_declares_more_than_is_there(tmp_path: Path, settings: Settings) -> None:
    whole = wav_bytes(tones(10, 440, 880))
    path = tmp_path / "a.wav"
    path.write_bytes(whole[: 44 + 4 * 8000 * 4])
    audio = decode(path, settings)
    assert (audio.duration_s, audio.info.truncated) == (4, True)


@pytest.mark.parametrize("declared_s", [0.1, 3])
def test_a_wav_header_that_declares_less_than_is_there_loses_nothing(
    declared_s: float, tmp_path: Path, settings: Settings
) -> None:
    whole = bytearray(wav_bytes(tones(10, 440, 880)))
    whole[40:44] = int(declared_s * 8000 * 4).to_bytes(4, "little")
    path = tmp_path / "a.wav"
    path.write_bytes(whole)
    audio = decode(path, settings)
    assert (audio.duration_s, audio.info.truncated) == (10, False)
    assert [round(loudest_hz(c[-4 * SAMPLE_RATE :]), -1) for c in audio.channels] == [440, 880]


def test_a_second_wav_file_behind_the_first_is_heard(tmp_path: Path, settings: Settings) -> None:
    path = tmp_path / "a.wav"
    path.write_bytes(wav_bytes(tones(4, 440, 880)) + wav_bytes(tones(4, 660, 880)))
    audio = decode(path, settings)
    assert audio.duration_s == pytest.approx(8, abs=0.01)
    assert loudest_hz(audio.channels[0][-3 * SAMPLE_RATE :]) == pytest.approx(660, abs=2)


def test_chunks_behind_the_sound_are_no_sound(tmp_path: Path, settings: Settings) -> None:
    path = tmp_path / "a.wav"
    notes = b"LIST" + (20_000).to_bytes(4, "little") + bytes(20_000)
    path.write_bytes(wav_bytes(tones(4, 440, 880)) + notes)
    assert decode(path, settings).duration_s == pytest.approx(4, abs=0.01)


def test_an_open_ended_wav_is_not_cut(tmp_path: Path, settings: Settings) -> None:
    whole = wav_bytes(STEREO)
    path = tmp_path / "a.wav"
    path.write_bytes(whole[:40] + b"\xff\xff\xff\xff" + whole[44:])
    audio = decode(path, settings)
    assert (audio.duration_s, audio.info.truncated) == (4, False)


def test_an_mp3_whose_first_frames_mislead_about_its_length_is_not_cut(tmp_path: Path, settings: Settings) -> None:
    """Without a header tag ffmpeg guesses the length by the first bit rate; the guess is not believed."""
    low = _frames(encode(tmp_path / "low.mp3", tones(4, 0, 0), "libmp3lame", bit_rate=8000))
    high = _frames(encode(tmp_path / "high.mp3", tones(20, 440, 880), "libmp3lame", bit_rate=64000))
    path = tmp_path / "a.mp3"
    path.write_bytes(low + high)
    assert (probe_duration(path) or 0) > 60
    audio = decode(path, settings.model_copy(update={"max_duration_s": 30.0}))
    assert audio.duration_s == pytest.approx(24, abs=0.5)
    assert not audio.info.truncated


def _frames(path: Path) -> bytes:
    """The frames of an mp3 file without the first one, which holds the tag."""
    whole = path.read_bytes()
    tag = next(i for i in range(len(whole)) if whole.startswith((b"Xing", b"Info"), i))
    sync = bytes([0xFF, whole[whole.rindex(b"\xff", 0, tag) + 1]])
    return whole[whole.index(sync, tag) :]


def test_samples_that_are_no_numbers_become_silence(tmp_path: Path, settings: Settings) -> None:
    path = encode(tmp_path / "a.wav", STEREO, "pcm_f32le", rate=16000)
    whole = bytearray(path.read_bytes())
    for at, value in ((4000, np.nan), (8000, np.inf), (12000, -1e30)):
        whole[-at : -at + 4] = np.float32(value).tobytes()
    path.write_bytes(whole)
    audio = decode(path, settings)
    assert all(np.isfinite(c).all() and np.abs(c).max() <= 1 for c in audio.channels)


@pytest.mark.parametrize("offset", [0.02, -0.3])
def test_an_offset_of_the_recorder_is_no_sound(offset: float, tmp_path: Path, settings: Settings) -> None:
    plain = tones(4, 440, 0)
    moved = (plain + offset * 32767).astype(np.int16)
    sound = decode(write_wav(tmp_path / "plain.wav", plain), settings).channels
    audio = decode(write_wav(tmp_path / "moved.wav", moved), settings)
    assert float(np.abs(audio.channels[1][400:-400]).max()) < 1e-3
    assert np.allclose(audio.channels[0][400:-400], sound[0][400:-400], atol=1e-3)


def test_noise_in_the_bytes_ends_in_sound_or_in_an_audio_error(tmp_path: Path, settings: Settings) -> None:
    chance = random.Random(11)
    wholes = [
        encode(tmp_path / name, tones(2.5, 440, 880), codec, container=container).read_bytes()
        for name, codec, container in CONTAINERS
    ]
    path, seen = tmp_path / "noisy", set()
    for _ in range(400):
        noisy = bytearray(chance.choice(wholes))
        for _ in range(chance.choice([1, 5, 50])):
            noisy[chance.randrange(min(len(noisy), chance.choice([64, 1024, len(noisy)])))] = chance.randrange(256)
        path.write_bytes(noisy[: chance.randrange(1, len(noisy))] if chance.random() < 0.3 else noisy)
        try:
            seen.add(decode(path, settings).info.truncated)
        except AudioError as refused:
            seen.add(refused.code)
    assert {True, False, ErrorCode.NOT_AUDIO, ErrorCode.AUDIO_DAMAGED} <= seen


# --- limits -----------------------------------------------------------------------------------------------------------


def test_limits_stop_decoding_before_the_end(
    tmp_path: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A bomb costs what the limit allows, not what it holds."""
    from qa_service.audio.tracks import Track

    taken: list[int] = []
    add = Track.add

    def counted(self: Track, frame: object) -> None:
        add(self, frame)
        taken.append(self.size)

    monkeypatch.setattr(Track, "add", counted)
    path = encode(tmp_path / "a.amr", tones(60, 440), "libopencore_amrnb")
    with pytest.raises(AudioError) as raised:
        decode(path, settings.model_copy(update={"max_duration_s": 5.0}))
    assert raised.value.code is ErrorCode.AUDIO_TOO_LONG
    assert max(taken) < 7 * SAMPLE_RATE


def test_a_file_cut_into_too_many_packets_is_refused(
    tmp_path: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(decode_module, "MOST_PACKETS_A_SECOND", 0.5)
    path = encode(tmp_path / "a.ogg", STEREO, "libopus")
    with pytest.raises(AudioError) as raised:
        decode(path, settings.model_copy(update={"max_duration_s": 5.0}))
    assert raised.value.code is ErrorCode.DECODE_LIMIT


def test_a_recording_just_at_the_limit_is_taken(tmp_path: Path, settings: Settings) -> None:
    at_most = settings.model_copy(update={"max_duration_s": 4.0})
    assert decode(encode(tmp_path / "a.mp3", STEREO, "libmp3lame"), at_most).duration_s == pytest.approx(4, abs=0.1)
    assert decode(encode(tmp_path / "a.aac", STEREO, "aac", container="adts"), at_most).duration_s > 4


def test_probe_reads_the_length_without_decoding(tmp_path: Path) -> None:
    assert probe_duration(sparse_wav(tmp_path / "a.wav", 3600)) == pytest.approx(3600)
    assert probe_duration(tmp_path / "none.wav") is None


def test_a_disk_that_fails_while_reading_is_no_damaged_recording(
    tmp_path: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write_wav(tmp_path / "a.wav", tones(30, 440, 880))

    class Failing(io.FileIO):
        def read(self, size: int = -1) -> bytes:  # type: ignore[override]
            if self.tell() > 500_000:
                raise OSError(errno.EIO, os.strerror(errno.EIO))
            return super().read(size)

    monkeypatch.setattr(decode_module, "open_source", lambda path: Failing(path))
    with pytest.raises(AudioError) as raised:
        decode(path, settings)
    assert raised.value.code is ErrorCode.FILE_UNREADABLE
