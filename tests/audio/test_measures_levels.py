"""Loudness and rate of turns, their steps against the speaker's baseline, and raised voices."""

from __future__ import annotations

import numpy as np
import pytest

from qa_service.audio.measures import measure
from qa_service.audio.measures.rates import count, unit_of
from qa_service.records import Measures, TurnMeasures
from tests.audio.measuring import AGENT, CUSTOMER, UNKNOWN, Said, put, quiet_call, span, spans_of, transcript
from tests.audio.sounds import voice

#: Half as loud again and again: 6 dB are a factor of 2.
DB6, DB8 = 10 ** (6.5 / 20), 10 ** (8 / 20)


def spoken(*sounds: tuple[float, float], said: tuple[Said, ...] = ()) -> Measures:
    """One agent's turns of 1.5 s, every 2 s: pitch in Hz and level of each."""
    audio = quiet_call(2.0 * len(sounds) + 2)
    said = said or tuple((AGENT, 0, 2.0 * n + 1, 2.0 * n + 2.5, "您好请还款") for n in range(len(sounds)))
    for (_, channel, start, end, _), (hz, level) in zip(said, sounds, strict=True):
        put(audio, channel, start, voice(hz, end - start, level=level))
    return measure(audio, spans_of(said), transcript(*said))


def test_steps_are_against_the_speakers_own_median() -> None:
    found = spoken((120, 0.05), (120, 0.05), (120 * 2 ** (3 / 12), 0.05 * DB8), (120, 0.05)).turns
    assert [t.loudness_step_db for t in found] == pytest.approx([0, 0, 8, 0], abs=0.15)
    assert [t.pitch_step_st for t in found] == pytest.approx([0, 0, 3, 0], abs=0.15)
    assert [t.raised_voice for t in found] == [False, False, True, False]
    assert found[0].loudness_dbfs == pytest.approx(-26.0, abs=0.15)
    assert found[0].pitch_hz == pytest.approx(120, rel=0.01)


@pytest.mark.parametrize(
    ("semitones", "gain", "raised"),
    [(3, DB8, True), (1.5, DB6, True), (0, DB8, False), (5, 1.0, False), (0.5, DB8, False), (3, 1.6, False)],
)
def test_a_raised_voice_is_louder_and_higher(semitones: float, gain: float, raised: bool) -> None:
    """Loudness alone may be the line, pitch alone a question."""
    calm = (150.0, 0.04)
    found = spoken(calm, calm, calm, (150.0 * 2 ** (semitones / 12), 0.04 * gain))
    assert found.turns[3].raised_voice is raised
    assert found.speakers["agent"].raised_voice == int(raised)


def test_two_turns_are_no_baseline() -> None:
    found = spoken((120, 0.05), (170, 0.2)).turns
    assert [(t.loudness_step_db, t.pitch_step_st, t.raised_voice) for t in found] == [(None, None, False)] * 2


def test_each_side_has_a_baseline_of_its_own() -> None:
    """A loud agent beside a quiet customer raises no voice, on two lines or, by roles or voices, on one."""
    for channels, roles in ((2, (AGENT, CUSTOMER)), (1, (AGENT, CUSTOMER)), (1, (UNKNOWN, UNKNOWN))):
        audio = quiet_call(14, channels)
        said: tuple[Said, ...] = tuple(
            (roles[n % 2], n % 2 * (channels - 1), 2.0 * n + 1, 2.0 * n + 2.5, "您好") for n in range(6)
        )
        for n, (_, channel, start, end, _) in enumerate(said):
            put(audio, channel, start, voice((110, 220)[n % 2], end - start, level=(0.02, 0.2)[n % 2]))
        voices = (0, 1) * 3 if roles[0] is UNKNOWN else ()
        found = measure(audio, spans_of(said), transcript(*said, voices=voices)).turns
        assert [t.loudness_step_db for t in found] == pytest.approx([0] * 6, abs=0.15)
        assert [t.pitch_step_st for t in found] == pytest.approx([0] * 6, abs=0.2)


def test_where_nobody_knows_who_speaks_there_is_no_baseline() -> None:
    said: tuple[Said, ...] = tuple((UNKNOWN, 0, 2.0 * n + 1, 2.0 * n + 2.5, "您好") for n in range(4))
    audio = quiet_call(10, 1)
    for n, (_, _, start, end, _) in enumerate(said):
        put(audio, 0, start, voice((110, 220)[n % 2], end - start))
    found = measure(audio, spans_of(said), transcript(*said))
    assert all(t.loudness_step_db is None and t.pitch_hz is not None for t in found.turns)
    assert found.speakers["unknown"].pitch_hz is None


def test_pauses_make_a_turn_neither_quieter_nor_slower() -> None:
    """The same words with a pause that the detector leaves out, and with one that it leaves in."""
    said: tuple[Said, ...] = ((AGENT, 0, 1, 3, "一二三四五六"), (AGENT, 0, 5, 9, "一二三四五六"))
    audio = quiet_call(10)
    put(audio, 0, 1, voice(120, 2.0))
    put(audio, 0, 5, voice(120, 1.0))
    put(audio, 0, 8, voice(120, 1.0))
    left_out = measure(audio, (span(0, 1, 3), span(0, 5, 6), span(0, 8, 9)), transcript(*said)).turns
    left_in = measure(audio, (span(0, 1, 3), span(0, 5, 9)), transcript(*said)).turns
    assert [t.loudness_dbfs for t in left_out] == pytest.approx([-20, -20], abs=0.15)
    assert [t.loudness_dbfs for t in left_in] == pytest.approx([-20, -20], abs=0.15)
    assert [t.rate_per_min for t in left_out] == [180.0, 180.0]


def turn(text: str, seconds: float, language: str = "zh", *flags: str) -> TurnMeasures:
    said = transcript((AGENT, 0, 1, 1 + seconds, text), language=language)
    said = said.model_copy(update={"turns": (said.turns[0].model_copy(update={"flags": flags}),)})
    return measure(quiet_call(10), (span(0, 1, 1 + seconds),), said).turns[0]


def test_rate_of_a_turn() -> None:
    assert turn("您好，请还款。", 2).rate_per_min == 150.0
    assert turn("please call me back today", 2, "en").rate_per_min == 150.0
    assert turn("喂", 0.6).rate_per_min is None
    assert turn("", 2).rate_per_min is None
    assert turn("好好好好好好", 2, "zh", "repetition").rate_per_min is None
    assert turn("您好，请还款。", 2, "zh", "low_confidence").rate_per_min == 150.0


def test_units() -> None:
    assert count("还2,400元，用App", "characters") == 8
    assert count("isn't it twenty-four 微信", "words") == 5
    assert unit_of(["喂您好 hello"], None) == "characters"
    assert unit_of(["hello there"], None) == "words"
    assert unit_of(["hello"], "zh") == "characters"


def test_a_turn_on_which_no_speech_was_found_is_measured_as_it_stands() -> None:
    audio = quiet_call(10)
    put(audio, 0, 2, voice(120, 2.0))
    found = measure(audio, (), transcript((AGENT, 0, 2, 4, "您好")))
    assert found.turns[0].rate_per_min == 60.0
    assert found.turns[0].loudness_dbfs == pytest.approx(-20, abs=0.15)
    assert found.speakers == {}


def test_the_same_call_gives_the_same_bytes() -> None:
    one, two = (spoken((120, 0.05), (130, 0.1), (140, 0.2)).model_dump_json() for _ in range(2))
    assert one == two
    assert "NaN" not in one


def test_longest_turn_and_range_of_a_side() -> None:
    said: tuple[Said, ...] = ((AGENT, 0, 1, 2, "您好"), (AGENT, 0, 3, 7, "请还款"))
    audio = quiet_call(8)
    put(audio, 0, 1, voice(np.linspace(100, 200, 16000), 1.0))
    put(audio, 0, 3, voice(np.linspace(100, 200, 64000), 4.0))
    side = measure(audio, spans_of(said), transcript(*said)).speakers["agent"]
    assert side.longest_turn_s == 4.0
    assert side.pitch_hz == pytest.approx(150, rel=0.03)
    assert side.pitch_range_st == pytest.approx(12 * np.log2(190 / 110), abs=0.5)
