"""Pitch of telephone vowels whose fundamental is known and mostly missing."""

from __future__ import annotations

import numpy as np
import pytest

from qa_service.audio.measures.levels import HOP, frame_power
from qa_service.audio.measures.pitch import candidates, contour
from qa_service.audio.measures.sound import median_hz, range_st
from tests.audio.sounds import Wave, hiss, voice


def followed(sound: Wave) -> np.ndarray:
    """Contour of a sound that is one speaker's from end to end."""
    power = frame_power(sound)
    frames = np.arange(power.size)
    return contour(*candidates(sound, frames), power, frames)


def middles(frames: int) -> np.ndarray:
    return np.arange(frames) * HOP + HOP // 2


@pytest.mark.parametrize("hz", [75, 90, 110, 135, 160, 200, 240, 290, 360, 450])
@pytest.mark.parametrize("formant", [350.0, 600.0, 850.0])
def test_a_missing_fundamental_is_found(hz: float, formant: float) -> None:
    found = followed(voice(hz, 0.6, formant=formant) + hiss(0.6, 0.003))
    inside = found[3:-3]
    assert np.isnan(inside).mean() < 0.05
    assert np.nanmedian(inside) == pytest.approx(hz, rel=0.01)


def test_a_glide_is_followed() -> None:
    """Half an octave up and down within a second: nowhere an octave wrong, mostly within half a semitone."""
    t = np.arange(2 * 16000) / 16000
    hz = 130 * 2 ** (0.25 * np.sin(2 * np.pi * t))
    found = followed(voice(hz, 2.0) + hiss(2.0, 0.003))
    off = np.abs(12 * np.log2(found / hz[middles(found.size)]))[3:-3]
    assert np.nanmax(off) < 6
    assert np.nanmedian(off) < 0.3


def test_noise_and_silence_have_no_pitch() -> None:
    assert np.isnan(followed(hiss(2.0, 0.1))).mean() > 0.95
    assert np.isnan(followed(np.zeros(32000, np.float32))).all()


def test_what_is_faint_beside_the_voice_has_none() -> None:
    """A hum 40 dB under the speaker (the other side's voice in the line) is not his."""
    both = np.concatenate([voice(220, 1.0), voice(110, 1.0, level=0.001)])
    found = followed(both)
    assert np.isnan(found[55:-5]).all()
    assert np.nanmedian(found[:50]) == pytest.approx(220, rel=0.01)


def test_the_speakers_own_range_keeps_octaves_out() -> None:
    """A low frame among a high voice, within the first pass's range, is not believed."""
    rare = np.concatenate([voice(230, 3.0), voice(75, 0.1), voice(230, 3.0)])
    found = followed(rare)
    assert np.nanmin(found) > 140


def test_a_raised_voice_stays_within_the_range() -> None:
    """Seven semitones over the rest of the call."""
    found = followed(np.concatenate([voice(120, 6.0), voice(180, 1.0)]))
    assert np.nanmedian(found[305:345]) == pytest.approx(180, rel=0.01)


def test_frames_may_lie_apart_and_at_the_edges() -> None:
    sound = np.concatenate([voice(150, 0.3), np.zeros(16000, np.float32), voice(150, 0.3)])
    frames = np.r_[0:15, 65:80]
    found = contour(*candidates(sound, frames), frame_power(sound)[frames], frames)
    assert np.nanmedian(found) == pytest.approx(150, rel=0.01)
    assert found.size == 30


def test_nothing_gives_nothing() -> None:
    none = np.empty(0, np.int64)
    assert contour(*candidates(voice(150, 0.1), none), np.empty(0), none).size == 0
    assert candidates(np.empty(0, np.float32), none)[0].size == 0


def test_median_and_range_need_enough_frames() -> None:
    assert median_hz(np.full(9, 150.0)) is None
    assert median_hz(np.full(10, 150.0)) == 150.0
    assert range_st(np.full(29, 150.0)) is None
    assert range_st(np.repeat([100.0, 200.0], 50)) == 12.0
