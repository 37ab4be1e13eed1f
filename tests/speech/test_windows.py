"""Turns packed into windows: none lost, none twice, no strangers together; and every word back to its turn."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from qa_service.audio.types import SAMPLE_RATE, SpeechSpan
from qa_service.records import Word
from qa_service.speech.turns import LONGEST_S, Clip
from qa_service.speech.windows import (
    CAREFUL_PAD_S,
    EVEN_S,
    GAP_S,
    PAD_S,
    STEP_S,
    WHOLE_S,
    WINDOW_S,
    Window,
    alone,
    by_piece,
    pack,
)
from tests.speech.fakes import audio


def clip(start_s: float, length_s: float, channel: int = 0, voice: int | None = None) -> Clip:
    span = SpeechSpan(channel, start_s, start_s + length_s, voice)
    return Clip(channel, span.start_s, span.end_s, (span,), voice)


@st.composite
def calls(draw: st.DrawFn) -> list[Clip]:
    """Clips in order of time, of two channels and, on the left one, two voices."""
    lengths = st.floats(0.05, LONGEST_S)
    speakers = st.sampled_from([(0, None), (1, None)]) if draw(st.booleans()) else st.sampled_from([(0, 0), (0, 1)])
    at, out = 0.0, []
    for (channel, voice), length, pause in draw(st.lists(st.tuples(speakers, lengths, st.floats(0, 5)), max_size=25)):
        out.append(clip(round(at + pause, 3), round(length, 3), channel, voice))
        at = out[-1].end_s
    return out


@given(calls())
def test_every_clip_lies_in_exactly_one_window_and_with_its_own_speaker(clips: list[Clip]) -> None:
    windows = pack(clips)
    packed = [p.clip for w in windows for p in w.pieces]
    assert len(packed) == len(clips)
    assert set(packed) == set(clips)
    for window in windows:
        assert len({(p.clip.channel, p.clip.voice) for p in window.pieces}) == 1
        assert all(a.clip.start_s < b.clip.start_s for a, b in pairwise(window.pieces))
        assert window.channel == window.pieces[0].clip.channel
        assert window.speech_s == pytest.approx(sum(p.clip.speech_s for p in window.pieces))


@given(calls())
def test_windows_are_full_and_padded_in_whole_steps(clips: list[Clip]) -> None:
    for window in pack(clips):
        assert len(window.pieces) == 1 or window.length_s <= WINDOW_S + 1e-6
        assert window.pieces[0].at_s == 0
        assert all(b.at_s - a.end_s == pytest.approx(GAP_S, abs=0.001) for a, b in pairwise(window.pieces))
        assert window.padded_s % STEP_S == 0
        assert window.padded_s <= WHOLE_S
        assert -1e-6 <= window.padded_s - window.length_s - PAD_S < STEP_S + 1e-6 or window.padded_s == WHOLE_S


def filled(clips: list[Clip], most_s: float) -> int:
    """How many windows it takes, filling one after another."""
    count, length = 0, most_s
    for one in clips:
        length += GAP_S + one.length_s
        if length > most_s:
            count, length = count + 1, one.length_s
    return count


@given(calls())
def test_windows_are_as_few_as_hold_the_turns_and_evenly_filled(clips: list[Clip]) -> None:
    for speaker in {(c.channel, c.voice) for c in clips}:
        own = [c for c in clips if (c.channel, c.voice) == speaker]
        made = pack(own)
        assert len(made) == filled(own, WINDOW_S)
        longest = max(w.length_s for w in made)
        if longest > max(c.length_s for c in own) + EVEN_S:
            assert filled(own, longest - EVEN_S - 0.001) > len(made)


@given(calls())
def test_the_company_of_a_clip_is_its_own_calls_alone(clips: list[Clip]) -> None:
    for channel in (0, 1):
        own = [c for c in clips if c.channel == channel]
        assert pack(own) == [w for w in pack(clips) if w.channel == channel]


def test_alone_a_turn_has_more_silence_behind_it() -> None:
    assert alone(clip(5, 3.2)).padded_s == 12.0  # 3.2 and CAREFUL_PAD_S, up to the next step
    assert alone(clip(5, 3.0)).padded_s == 3.0 + CAREFUL_PAD_S
    assert alone(clip(5, 27.0)).padded_s == WHOLE_S
    assert [p.clip for p in alone(clip(5, 3.2)).pieces] == [clip(5, 3.2)]


def test_the_sound_of_a_window_is_its_turns_with_silence_between() -> None:
    (window,) = pack([clip(2.0, 1.0), clip(9.0, 2.0)])
    got = window.sound(audio(20))
    second = int(1.5 * SAMPLE_RATE)
    assert got.size == 3.5 * SAMPLE_RATE
    assert got[0] * 1000 == pytest.approx(2.0)
    assert not got[SAMPLE_RATE:second].any()
    assert got[second] * 1000 == pytest.approx(9.0)
    assert got[-1] * 1000 == pytest.approx(11.0, abs=0.001)


def test_sound_that_ends_early_leaves_silence() -> None:
    (window,) = pack([clip(2.0, 1.0), clip(3.2, 2.0)])
    got = window.sound(audio(4))
    assert got.size == 3.5 * SAMPLE_RATE
    assert not got[int(2.31 * SAMPLE_RATE) :].any()


# --- words back to their turns ----------------------------------------------------------------------------------------


def word(start_s: float, end_s: float, text: str = "字") -> Word:
    return Word(text=text, start_s=start_s, end_s=end_s, probability=0.9)


@pytest.fixture
def window() -> Window:
    """Three turns: 0–2, 2.5–4.5 and 5–7 in the window, at 10, 20 and 30 s of the call."""
    (found,) = pack([clip(10, 2), clip(20, 2), clip(30, 2)])
    return found


def test_words_go_to_the_turn_they_stand_in_with_times_of_the_call(window: Window) -> None:
    got = by_piece(window, [word(0.5, 1.0, "一"), word(3.0, 3.5, "二"), word(6.0, 6.8, "三")])
    assert [[(w.text, w.start_s, w.end_s) for w in words] for words in got] == [
        [("一", 10.5, 11.0)],
        [("二", 20.5, 21.0)],
        [("三", 31.0, 31.8)],
    ]


@pytest.mark.parametrize(
    ("start_s", "end_s", "turn", "in_call"),
    [
        (1.6, 2.7, 0, (11.6, 12.0)),
        (1.8, 2.9, 1, (20.0, 20.4)),
        (2.1, 2.2, 0, (12.0, 12.0)),
        (2.2, 2.3, 1, (20.0, 20.0)),
        (4.4, 4.9, 1, (21.9, 22.0)),
        (4.6, 5.6, 2, (30.0, 30.6)),
        (6.5, 7.4, 2, (31.5, 32.0)),
        (0.0, 0.0, 0, (10.0, 10.0)),
    ],
)
def test_a_word_over_the_gap_goes_where_its_middle_lies_and_ends_with_the_turn(
    window: Window, start_s: float, end_s: float, turn: int, in_call: tuple[float, float]
) -> None:
    got = by_piece(window, [word(start_s, end_s)])
    assert [len(words) for words in got] == [int(i == turn) for i in range(3)]
    assert (got[turn][0].start_s, got[turn][0].end_s) == pytest.approx(in_call)


def test_a_closing_sign_stays_with_the_word_before_it(window: Window) -> None:
    got = by_piece(window, [word(1.5, 1.9, "你"), word(2.3, 2.9, "?"), word(3.0, 3.2, "我"), word(3.2, 3.3, "。")])
    assert ["".join(w.text for w in words) for words in got] == ["你?", "我。", ""]
    assert got[0][-1].end_s <= window.pieces[0].clip.end_s
    assert [len(words) for words in by_piece(window, [word(2.3, 2.9, "?")])] == [0, 1, 0]


def test_without_words_every_turn_has_none(window: Window) -> None:
    assert by_piece(window, []) == [(), (), ()]


@given(calls(), st.integers(0, 2**32 - 1))
def test_no_word_is_lost_and_all_lie_inside_their_turn_in_order(clips: list[Clip], seed: int) -> None:
    rng = np.random.default_rng(seed)
    for window in pack(clips):
        edges = np.sort(rng.uniform(0, window.length_s, 20))
        words = [word(float(a), float(b)) for a, b in pairwise(edges.round(3))]
        got = by_piece(window, words)
        assert sum(map(len, got)) == len(words)
        for piece, own in zip(window.pieces, got, strict=True):
            assert all(piece.clip.start_s - 0.001 <= w.start_s <= w.end_s <= piece.clip.end_s + 0.001 for w in own)
            assert [w.start_s for w in own] == sorted(w.start_s for w in own)
