"""From speech spans to clips: what joins, what is cut, and that nothing is lost."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from qa_service.audio.types import SAMPLE_RATE, Audio, AudioInfo, SpeechSpan
from qa_service.speech.turns import LONGEST_S, Clip, cut, samples_of
from tests.speech.fakes import audio, spans


def edges(clips: list[Clip]) -> list[tuple[int, float, float]]:
    return [(c.channel, c.start_s, c.end_s) for c in clips]


def test_no_speech_gives_no_clips() -> None:
    assert cut(audio(5), ()) == []


def test_a_short_pause_stays_inside_a_turn_and_a_long_one_ends_it() -> None:
    got = cut(audio(20), spans((0, 1, 3), (0, 3.5, 6), (0, 8, 10)))
    assert edges(got) == [(0, 1, 6), (0, 8, 10)]
    assert [c.speech_s for c in got] == [4.5, 2]
    assert got[0].length_s == 5


def test_on_a_mixed_channel_even_a_short_pause_may_be_another_speaker() -> None:
    assert edges(cut(audio(20, channels=1), spans((0, 1, 3), (0, 3.08, 5), (0, 5.3, 7)))) == [(0, 1, 5), (0, 5.3, 7)]


def test_channels_are_never_joined_and_clips_come_in_order_of_time() -> None:
    got = cut(audio(20), spans((0, 1, 3), (0, 5, 7), (1, 1, 2), (1, 2.9, 5)))
    assert edges(got) == [(0, 1, 3), (1, 1, 2), (1, 2.9, 5), (0, 5, 7)]


@pytest.mark.parametrize(
    ("pause_s", "other", "joined"),
    [
        (1.2, None, True),
        (1.6, None, False),
        (1.2, (1, 2.5, 3.0), False),
        (1.2, (1, 4.3, 6.0), True),
        (0.4, (1, 2.1, 2.3), True),
    ],
    ids=["near", "far", "the other speaks between", "the other speaks later", "an ordinary pause"],
)
def test_a_crumb_joins_its_neighbour_unless_the_other_spoke_between(
    pause_s: float, other: tuple[int, float, float] | None, joined: bool
) -> None:
    crumb = (0, 2 + pause_s, 2.5 + pause_s)
    got = cut(audio(20), spans((0, 0, 2), crumb, *([other] if other else [])))
    assert ((0, 0, crumb[2]) in edges(got)) is joined


def test_a_crumb_on_a_mixed_channel_stays_alone() -> None:
    assert len(cut(audio(20, channels=1), spans((0, 0, 2), (0, 2.5, 2.9)))) == 2


def test_a_turn_never_grows_longer_than_whisper_takes() -> None:
    got = cut(audio(60), spans(*((0, i * 5.0, i * 5.0 + 4.8) for i in range(10))))
    assert all(c.length_s <= LONGEST_S for c in got)
    assert len(got) == 2


def test_a_long_span_is_cut_where_it_is_quietest() -> None:
    loud = np.full(60 * SAMPLE_RATE, 0.5, np.float32)
    loud[int(20.4 * SAMPLE_RATE) : int(20.8 * SAMPLE_RATE)] = 0.0
    info = AudioInfo("wav", "pcm_s16le", source_rate=8000, source_channels=1, truncated=False)
    got = cut(Audio((loud,), 60.0, info), spans((0, 0, 40)))
    assert edges(got)[0][2] == pytest.approx(20.6, abs=0.2)
    assert [c.end_s for c in got[:-1]] == [c.start_s for c in got[1:]]


@pytest.mark.parametrize("seed", range(20))
def test_every_second_of_speech_lies_in_exactly_one_clip(seed: int) -> None:
    rng = np.random.default_rng(seed)
    sound = audio(200, channels=2 if seed % 2 else 1)
    spoken: list[SpeechSpan] = []
    for channel in range(len(sound.channels)):
        at = 0.0
        while (start := at + float(rng.choice([0.05, 0.3, 1.2, 4.0]))) < 150:
            at = start + float(rng.choice([0.2, 0.8, 3.0, 12.0, 40.0]))
            spoken.append(SpeechSpan(channel, round(start, 3), round(at, 3)))
    got = cut(sound, tuple(spoken))
    assert sum(c.speech_s for c in got) == pytest.approx(sum(s.end_s - s.start_s for s in spoken))
    assert all(0 < c.length_s <= LONGEST_S + 1e-6 for c in got)
    assert all(c.start_s <= s.start_s and s.end_s <= c.end_s and s.channel == c.channel for c in got for s in c.speech)
    for channel in range(len(sound.channels)):
        own = [c for c in got if c.channel == channel]
        assert all(a.end_s <= b.start_s for a, b in pairwise(own))
    assert cut(sound, tuple(spoken)) == got


def test_the_sound_of_a_stretch() -> None:
    got = samples_of(audio(10), 1, 2.5, 4)
    assert got.size == 1.5 * SAMPLE_RATE
    assert got[0] * 1000 == pytest.approx(-2.5)  # the right channel
    assert samples_of(audio(2), 0, 1.5, 9).size == 0.5 * SAMPLE_RATE


def voiced(*given: tuple[int, float, float]) -> tuple[SpeechSpan, ...]:
    return tuple(SpeechSpan(0, start, end, voice) for voice, start, end in given)


def test_voices_of_one_channel_are_never_joined_and_no_clip_holds_another_voice() -> None:
    got = cut(audio(20, channels=1), voiced((0, 1, 3), (1, 3, 3.3), (0, 3.3, 6), (1, 6, 7)))
    assert [(c.voice, c.start_s, c.end_s) for c in got] == [(0, 1, 3), (1, 3, 3.3), (0, 3.3, 6), (1, 6, 7)]


def test_a_pause_of_one_voice_stays_inside_its_turn() -> None:
    got = cut(audio(20, channels=1), voiced((0, 1, 3), (0, 3.4, 6), (1, 6.1, 7)))
    assert [(c.voice, c.start_s, c.end_s) for c in got] == [(0, 1, 6), (1, 6.1, 7)]


def test_a_long_span_keeps_its_voice_when_it_is_split() -> None:
    got = cut(audio(80, channels=1), voiced((0, 1, 3), (1, 3, 70)))
    assert [c.voice for c in got] == [0, *[1] * (len(got) - 1)]
    assert len(got) > 3
