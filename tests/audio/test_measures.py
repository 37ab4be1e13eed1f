"""Measures of a call and of its sides, and peaks, on sounds whose numbers are known."""

from __future__ import annotations

import numpy as np
import pytest

from qa_service.audio.measures import measure
from qa_service.audio.peaks import peaks
from tests.audio.measuring import AGENT, CUSTOMER, UNKNOWN, audio_of, level, span, transcript

TWENTY = audio_of(level(20, 0.5), level(20, 0.1))


def test_two_sides() -> None:
    spans = (span(0, 1, 4), span(1, 5, 6), span(0, 13, 16), span(1, 15, 17))
    said = transcript((AGENT, 0, 1, 4, "一二三四五六"), (CUSTOMER, 1, 5, 6, "七八"), (AGENT, 0, 13, 16, "九十12"))
    found = measure(TWENTY, spans, said)
    agent, customer = found.speakers["agent"], found.speakers["customer"]
    assert (agent.speech_s, customer.speech_s) == (6, 3)
    assert (agent.talk_ratio, customer.talk_ratio) == (pytest.approx(0.6667), pytest.approx(0.3333))
    assert (agent.loudness_dbfs, agent.peak_dbfs) == (-6.0, -6.0)
    assert (customer.loudness_dbfs, customer.peak_dbfs) == (-20.0, -20.0)
    assert (agent.rate_per_min, agent.rate_unit) == (100.0, "characters")
    assert (customer.rate_per_min, customer.rate_unit) == (120.0, "characters")
    assert (found.longest_silence_s, found.longest_silence_start_s) == (7, 6)
    assert found.overlap_s == 1
    assert found.silence_ratio == pytest.approx(1 - 8 / 20)


def test_padding_is_no_overlap() -> None:
    """One speaker right after the other: the padded spans touch, the people did not speak at once."""
    found = measure(TWENTY, (span(0, 1, 4), span(1, 4.05, 6)), transcript())
    assert found.overlap_s == 0


def test_words_a_minute_in_english() -> None:
    said = transcript((AGENT, 0, 0, 14, "Good morning, this isn't a twenty-four hour line."), language="en")
    found = measure(TWENTY, (span(0, 1, 13),), said).speakers["agent"]
    assert (found.rate_per_min, found.rate_unit) == (40.0, "words")


def test_speech_that_no_turn_covers_is_still_its_channels() -> None:
    found = measure(TWENTY, (span(0, 1, 4), span(0, 10, 12)), transcript((AGENT, 0, 1, 4, "您好")))
    assert found.speakers["agent"].speech_s == 5
    assert "unknown" not in found.speakers


def test_roles_that_share_a_channel_share_it_by_turns() -> None:
    mono = audio_of(level(20, 0.5))
    said = transcript((AGENT, 0, 1, 3, "您好"), (CUSTOMER, 0, 3, 4, "喂"), (AGENT, 0, 9, 10, "好"))
    found = measure(mono, (span(0, 1, 6),), said).speakers
    assert {role: s.speech_s for role, s in found.items()} == {"agent": 2, "customer": 1, "unknown": 2}


def test_mono_without_roles() -> None:
    found = measure(audio_of(level(20, 0.5)), (span(0, 1, 6),), transcript((UNKNOWN, 0, 1, 6, "喂您好")))
    assert found.speakers["unknown"].talk_ratio == 1
    assert found.speakers["unknown"].pitch_hz is None


def test_silent_call() -> None:
    found = measure(audio_of(np.zeros(32000, np.float32)), (), transcript())
    assert (found.speakers, found.longest_silence_s, found.silence_ratio, found.overlap_s) == ({}, None, 1.0, 0.0)


def test_measures_are_json_without_nan() -> None:
    quiet = audio_of(np.zeros(320000, np.float32))
    found = measure(quiet, (span(0, 1, 2),), transcript((AGENT, 0, 1, 2, "您好")))
    assert found.speakers["agent"].loudness_dbfs is None
    assert "NaN" not in found.model_dump_json()


def test_peaks() -> None:
    loud_end = np.concatenate([level(1, 0.25), level(1, 0.75)])
    found = peaks(audio_of(loud_end, np.zeros_like(loud_end)), buckets=10)
    assert found == [[0.25] * 5 + [0.75] * 5, [0.0] * 10]


def test_peaks_of_less_than_a_sample_a_bucket() -> None:
    found = peaks(audio_of(np.array([0.5, -1.0, 0.25], np.float32)), buckets=8)
    assert len(found[0]) == 8
    assert max(found[0]) == 1.0
