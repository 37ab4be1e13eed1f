"""What the recording itself leaves out is said in the result, whether the call could be judged or not."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from qa_service.audio.decode import decode
from qa_service.audio.types import SAMPLE_RATE
from qa_service.records import CallFacts, CallStatus, Inspection, Role
from qa_service.settings import Settings
from tests.audio.sounds import encode, tones, write_wav
from tests.inspect.test_pipeline import SAMPLES, Heard, ready, transcript


def inspected(path: Path, settings: Settings, ear: Heard | None = None) -> Inspection:
    ear = ear or Heard(transcript("您好", ratio=1.0))
    return ready(settings, transcriber=ear).inspect_audio(path, CallFacts(), call_id="C-1")


def words(result: Inspection) -> list[str]:
    return [note.partition(":")[0] for note in result.notes]


def without_pages(source: Path, target: Path, first: int, last: int) -> Path:
    """An ogg file whose pages from ``first`` up to ``last`` were lost on the way."""
    whole = source.read_bytes()
    pages = [i for i in range(len(whole)) if whole.startswith(b"OggS", i)]
    target.write_bytes(whole[: pages[first]] + whole[pages[last] :])
    return target


def test_a_whole_recording_has_no_notes(settings: Settings) -> None:
    assert inspected(SAMPLES / "D-ZH-002.ogg", settings).notes == ()


def test_sound_that_was_lost_is_told_with_its_seconds(settings: Settings, tmp_path: Path) -> None:
    path = without_pages(SAMPLES / "D-ZH-002.ogg", tmp_path / "a.ogg", 10, 15)
    filled = decode(path, settings).info.filled_s
    got = inspected(path, settings)
    assert got.status is CallStatus.INSPECTED
    assert filled > 1
    assert words(got) == ["audio_truncated", "audio_filled"]
    assert f"{filled:.1f} s" in got.notes[1]


def test_a_mono_call_exported_as_stereo_is_told(settings: Settings, tmp_path: Path) -> None:
    mono = decode(SAMPLES / "D-ZH-011.mp3", settings).channels[0]
    both = np.stack([mono, mono]).clip(-1, 1)
    path = write_wav(tmp_path / "a.wav", (both * 32767).astype(np.int16), SAMPLE_RATE)
    ear = Heard(transcript("您好", ratio=1.0))
    got = inspected(path, settings, ear)
    assert got.status is CallStatus.INSPECTED
    assert words(got) == ["dual_mono"]
    assert [job.channel_roles for job in ear.asked] == [(Role.UNKNOWN,)]


@pytest.mark.parametrize(
    ("build", "told"),
    [
        (lambda f: write_wav(f / "a.wav", tones(6, 450, 450)), ["dual_mono"]),
        (
            lambda f: without_pages(encode(f / "w.ogg", tones(12, 450, 0), "libopus"), f / "a.ogg", 5, 8),
            ["audio_truncated", "audio_filled"],
        ),
        (lambda f: write_wav(f / "a.wav", tones(6, 450, 0)), []),
    ],
    ids=["dual mono", "lost", "neither"],
)
def test_a_call_without_speech_has_its_notes_too(
    build: object, told: list[str], settings: Settings, tmp_path: Path
) -> None:
    got = inspected(build(tmp_path), settings)  # type: ignore[operator]
    assert got.status is CallStatus.NOT_ASSESSABLE
    assert words(got) == told
