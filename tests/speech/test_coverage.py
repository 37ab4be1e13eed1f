"""How much of the speech words cover, and what they leave out."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qa_service.audio.types import SpeechSpan
from qa_service.records import Coverage, Word
from qa_service.speech.coverage import MISSED_S, WORD_LONGEST_S, WORD_REACH_S, coverage, covered_s, missed, reach

FAR = 2 * WORD_REACH_S


def word(start_s: float, end_s: float) -> Word:
    return Word(text="字", start_s=start_s, end_s=end_s, probability=0.9)


def span(start_s: float, end_s: float) -> SpeechSpan:
    return SpeechSpan(1, start_s, end_s, 0)


def test_a_word_reaches_beyond_its_edges_and_neighbours_join() -> None:
    assert reach([word(1, 1.5)]) == [(pytest.approx(1 - WORD_REACH_S), pytest.approx(1.5 + WORD_REACH_S))]
    assert len(reach([word(1, 1.5), word(1.5 + FAR - 0.01, 3)])) == 1
    assert len(reach([word(1, 1.5), word(1.5 + FAR + 0.01, 3)])) == 2
    assert reach([]) == []


def test_a_long_word_stands_for_a_word_only() -> None:
    assert reach([word(1, 9)]) == [(pytest.approx(1 - WORD_REACH_S), pytest.approx(1 + WORD_LONGEST_S + WORD_REACH_S))]


def test_a_word_inside_a_longer_one_takes_nothing_away() -> None:
    assert reach([word(1, 2), word(1.1, 1.2)]) == reach([word(1, 2)])


@pytest.mark.parametrize(
    ("words", "gaps"),
    [
        ([], [(2.0, 8.0)]),
        ([(2, 3), (3, 4), (4, 5), (5, 6), (6, 7), (7, 8)], []),
        ([(4.4, 5.0)], [(2.0, 4.0), (5.4, 8.0)]),
        ([(2.0, 3.0), (7.0, 8.0)], [(3.4, 6.6)]),
        ([(3.3, 4.0), (4.5, 5.5), (6.0, 6.7)], []),  # 0.9 s at either end is too short to hold words
        ([(9.0, 9.5)], [(2.0, 8.0)]),
    ],
)
def test_what_no_word_covers_is_missed_where_it_is_long_enough(
    words: list[tuple[float, float]], gaps: list[tuple[float, float]]
) -> None:
    got = list(missed([span(2, 8)], [word(*w) for w in words]))
    assert [(g.start_s, g.end_s) for g in got] == [pytest.approx(g) for g in gaps]
    assert {(g.channel, g.voice) for g in got} <= {(1, 0)}


def test_a_pause_between_spans_is_not_missed() -> None:
    assert list(missed([span(0, 0.9), span(5, 5.9)], [])) == []
    assert [(g.start_s, g.end_s) for g in missed([span(0, 2), span(5, 5.9)], [word(5, 5.9)])] == [(0, 2)]


words = st.lists(st.tuples(st.floats(0, 30), st.floats(0, 3)), max_size=20).map(
    lambda pairs: [word(a, a + length) for a, length in sorted(pairs)]
)
speech = st.lists(st.tuples(st.floats(0.05, 4), st.floats(0.05, 6)), max_size=6).map(
    lambda pairs: [
        span(sum(a + b for a, b in pairs[:i]) + pause, sum(a + b for a, b in pairs[: i + 1]))
        for i, (pause, _) in enumerate(pairs)
    ]
)


@given(speech, words)
def test_covered_and_missed_speech_are_parts_of_it_that_do_not_overlap(
    spans: list[SpeechSpan], said: list[Word]
) -> None:
    whole = sum(s.end_s - s.start_s for s in spans)
    gaps = list(missed(spans, said))
    without = sum(g.end_s - g.start_s for g in gaps)
    assert 0 <= covered_s(spans, said) <= whole - without + 1e-6
    assert all(g.end_s - g.start_s >= MISSED_S - 1e-9 for g in gaps)
    assert all(any(s.start_s <= g.start_s and g.end_s <= s.end_s for s in spans) for g in gaps)


@given(speech, words)
def test_more_words_never_cover_less(spans: list[SpeechSpan], said: list[Word]) -> None:
    assert covered_s(spans, said[: len(said) // 2]) <= covered_s(spans, said) + 1e-6


@given(speech)
def test_words_over_all_of_it_cover_it(spans: list[SpeechSpan]) -> None:
    whole = sum(s.end_s - s.start_s for s in spans)
    over = [word(n / 2, n / 2 + 0.5) for n in range(130)]
    assert covered_s(spans, over) == pytest.approx(whole)
    assert list(missed(spans, over)) == []


def test_the_record_is_rounded_and_never_above_the_whole() -> None:
    assert coverage([span(0, 3), span(4, 7.333)], 3.1666) == Coverage(speech_s=6.33, transcribed_s=3.17, ratio=0.5)
    assert coverage([span(0, 3)], 3.2) == Coverage(speech_s=3.0, transcribed_s=3.0, ratio=1.0)
    assert coverage([], 0.0) == Coverage(speech_s=0.0, transcribed_s=0.0, ratio=None)
