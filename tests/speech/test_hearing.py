"""Of two decodes of one turn the better one stays, and a reader learns where they disagree."""

from __future__ import annotations

import math

import numpy as np
import pytest

from qa_service.audio.types import SAMPLE_RATE, SpeechSpan
from qa_service.records import Word
from qa_service.speech.hearing import Heard, chosen, shifted
from qa_service.speech.turns import Clip

CLIP = Clip(0, 10.0, 14.0, (SpeechSpan(0, 10.0, 14.0),))
SAID, OTHER = "今天能不能处理", "明早再打过来吧"


def heard(text: str = SAID, probability: float = 0.9, flags: tuple[str, ...] = ()) -> Heard:
    words = tuple(
        Word(text=c, start_s=10 + i * 0.5, end_s=10.5 + i * 0.5, probability=probability) for i, c in enumerate(text)
    )
    return Heard(CLIP, words, flags)


NOTHING = Heard(CLIP, (), ("not_transcribed",))


@pytest.mark.parametrize("first", [heard(), heard(flags=("repetition",)), NOTHING])
def test_a_second_decode_without_words_changes_nothing(first: Heard) -> None:
    assert chosen(first, NOTHING) == first


def test_a_clean_second_decode_replaces_what_was_no_speech_without_a_doubt() -> None:
    for flag in ("repetition", "stock_phrase", "too_fast", "prompt_echo", "no_speech_energy"):
        assert chosen(heard("谢谢" * 3, flags=(flag,)), heard(OTHER)) == heard(OTHER)
    assert chosen(NOTHING, heard(OTHER)) == heard(OTHER)


def test_two_that_say_the_same_leave_the_surer_words_unmarked() -> None:
    unsure, sure = heard(probability=0.3, flags=("low_confidence",)), heard(probability=0.8)
    assert chosen(unsure, sure) == sure
    assert chosen(sure, unsure) == sure


def test_two_that_sound_the_same_agree() -> None:
    assert chosen(heard("还清千款", 0.3, ("low_confidence",)), heard("还清欠款", 0.8)).flags == ()


def test_two_that_disagree_leave_the_better_words_marked() -> None:
    got = chosen(heard(probability=0.3, flags=("low_confidence",)), heard(OTHER))
    assert (got.words, got.flags) == (heard(OTHER).words, ("disagreement",))
    got = chosen(heard(probability=0.5, flags=("low_confidence",)), heard(OTHER, 0.4, ("low_confidence",)))
    assert (got.words, got.flags) == (heard(probability=0.5).words, ("low_confidence", "disagreement"))


def test_words_that_were_not_heard_never_replace_those_that_may_have_been() -> None:
    first = heard(probability=0.2, flags=("low_confidence",))
    got = chosen(first, heard(OTHER, 0.99, ("stock_phrase",)))
    assert got.words == first.words
    assert "low_confidence" in got.flags


def test_a_doubtful_second_decode_of_what_was_no_speech_is_taken_and_marked() -> None:
    got = chosen(heard("谢谢" * 3, flags=("repetition",)), heard(OTHER, 0.3, ("low_confidence",)))
    assert got.words == heard(OTHER, 0.3).words
    assert got.flags == ("low_confidence", "disagreement")


def test_trusted_is_what_may_count_as_transcribed() -> None:
    assert heard().trusted
    assert heard(flags=("low_confidence", "disagreement")).trusted
    assert not heard(flags=("low_confidence", "repetition")).trusted
    assert not NOTHING.trusted


def test_as_a_decode_of_the_turn_alone_times_begin_at_its_start() -> None:
    got = heard(" past", 0.5).decoded()
    assert got.text == "past"
    assert (got.words[0].start_s, got.words[0].end_s) == (0.0, 0.5)
    assert got.avg_logprob == pytest.approx(math.log(0.5), abs=1e-4)
    assert NOTHING.decoded().avg_logprob == 0.0


def test_the_guard_judges_it_over_its_own_sound() -> None:
    silence = np.zeros(4 * SAMPLE_RATE, np.float32)
    loud = np.sin(np.arange(4 * SAMPLE_RATE)).astype(np.float32)
    assert "no_speech_energy" in heard().judged(silence, "").flags
    assert heard().judged(loud, "").flags == ()
    assert heard("逾期欠款还款").judged(loud, "逾期,欠款,还款。").flags == ("prompt_echo",)
    assert Heard(CLIP, ()).judged(loud, "").flags == ("not_transcribed",)


def test_a_word_moves_with_its_text_and_probability() -> None:
    got = shifted(Word(text="字", start_s=1.0004, end_s=1.5, probability=0.7), 2.5)
    assert (got.text, got.start_s, got.end_s, got.probability) == ("字", 3.5, 4.0, 0.7)
