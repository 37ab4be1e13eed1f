"""The front with a decoder that says what it is told: coverage, second decodes, gaps, words out."""

from __future__ import annotations

import numpy as np
import pytest

from qa_service.records import Coverage, Role
from qa_service.settings import Settings
from qa_service.speech.prompts import DOMAIN_PROMPTS
from qa_service.speech.protocol import Decoded
from qa_service.text.terms import Term, Vocabulary
from tests.speech.fakes import NOTHING, Asked, Parrot, Say, Spoken, audio, fills, said, transcribe

SOUND = ("今", "天", "能", "不", "能", "处", "理", "一", "下", "呢")


def only_first(decoded: Decoded) -> Say:
    """Says this at first and nothing when asked again."""
    return lambda asked: NOTHING if asked.careful else decoded


# --- coverage ---------------------------------------------------------------------------------------------------------


def test_words_over_all_the_speech_cover_it(settings: Settings) -> None:
    got = transcribe(Parrot(), settings, audio(30), (0, 1, 6), (1, 7, 12.5), (0, 13, 15))
    assert got.coverage == Coverage(speech_s=12.5, transcribed_s=12.5, ratio=1.0)
    assert [t.flags for t in got.turns] == [()] * 3


def test_a_word_reaches_a_little_beyond_its_edges_and_what_is_missing_is_not_covered(settings: Settings) -> None:
    got = transcribe(Parrot(only_first(said(*SOUND))), settings, audio(30), (0, 1, 11))
    assert got.coverage == Coverage(speech_s=10.0, transcribed_s=5.4, ratio=0.54)  # ten words of 0.5 s and 0.4 s


def test_a_gap_between_words_counts_only_where_they_do_not_reach_each_other(settings: Settings) -> None:
    first, last = said("今").words[0], said("天").words[0].model_copy(update={"start_s": 4.5, "end_s": 5.0})
    heard = Decoded("今天", (first, last), -0.2)
    got = transcribe(Parrot(only_first(heard)), settings, audio(30), (0, 0, 5))
    assert got.coverage.transcribed_s == pytest.approx(0.9 + 0.9)


def test_a_word_stretched_over_a_gap_stands_for_its_own_length_only(settings: Settings) -> None:
    got = transcribe(Parrot(only_first(said("今", every_s=8))), settings, audio(30), (0, 0, 8))
    assert got.coverage.transcribed_s == pytest.approx(1.6)


def test_pauses_inside_a_turn_are_no_speech(settings: Settings) -> None:
    got = transcribe(Parrot(), settings, audio(30), (0, 0, 2), (0, 2.5, 4))
    assert len(got.turns) == 1
    assert got.coverage == Coverage(speech_s=3.5, transcribed_s=3.5, ratio=1.0)


def test_a_turn_that_was_invented_covers_nothing(settings: Settings) -> None:
    got = transcribe(Parrot(lambda asked: said("谢谢观看", every_s=2)), settings, audio(30), (0, 0, 2), (1, 6, 8))
    assert got.coverage == Coverage(speech_s=4.0, transcribed_s=0.0, ratio=0.0)
    assert [t.flags for t in got.turns] == [("stock_phrase",)] * 2


def test_a_doubtful_turn_covers_but_says_so(settings: Settings) -> None:
    got = transcribe(Parrot(lambda asked: said(*SOUND, probability=0.2)), settings, audio(30), (0, 0, 5))
    assert got.coverage.ratio == 1.0
    assert got.turns[0].flags == ("low_confidence",)


@pytest.mark.parametrize("seed", range(8))
def test_coverage_is_a_share_whatever_is_said(settings: Settings, seed: int) -> None:
    rng = np.random.default_rng(seed)

    def say(asked: Asked) -> Decoded:
        count = int(rng.integers(0, 9))
        return said(*(chr(0x4E00 + int(c)) for c in rng.integers(0, 4000, count)), every_s=float(rng.uniform(0.1, 3)))

    spoken: list[Spoken] = [(i % 2, i * 6.0, i * 6.0 + float(rng.uniform(0.3, 9))) for i in range(12)]
    transcript = transcribe(Parrot(say), settings, audio(90), *spoken)
    got = transcript.coverage
    assert got.ratio is not None
    assert 0 <= got.ratio <= 1
    assert got.transcribed_s is not None
    assert got.speech_s == pytest.approx(sum(s[2] - s[1] for s in spoken), abs=0.01)
    assert got.transcribed_s <= got.speech_s + 0.01
    turns = transcript.turns
    assert all(t.start_s - 0.001 <= w.start_s <= w.end_s <= t.end_s + 0.001 for t in turns for w in t.words)
    assert all(bool(t.words) != ("not_transcribed" in t.flags) for t in turns)


# --- what is missing is asked for again -------------------------------------------------------------------------------


def test_speech_without_words_is_decoded_again_alone_and_its_words_join_the_turn(settings: Settings) -> None:
    def say(asked: Asked) -> Decoded:
        return fills(asked) if asked.careful else said(*SOUND)

    parrot = Parrot(say)
    got = transcribe(parrot, settings, audio(30), (0, 1, 11))
    again = [a for a in parrot.asked if a.careful]
    assert [(a.at_s, a.length_s, a.prompt) for a in again] == [(6.4, 4.6, "")]
    assert got.coverage.ratio == 1.0
    starts = [w.start_s for w in got.turns[0].words]
    assert starts == sorted(starts)
    assert starts[0] == 1.0
    assert starts[10] == pytest.approx(6.4)


def test_what_is_missing_still_is_heard_with_its_surroundings_and_only_words_in_the_gap_are_taken(
    settings: Settings,
) -> None:
    def say(asked: Asked) -> Decoded:
        if not asked.careful:
            return said(*SOUND)
        return fills(asked) if asked.length_s > 4.6 else NOTHING

    parrot = Parrot(say)
    got = transcribe(parrot, settings, audio(30), (0, 1, 11))
    again = [a for a in parrot.asked if a.careful]
    assert [(a.at_s, a.length_s) for a in again] == [(6.4, 4.6), (4.9, 7.6)]
    assert got.coverage.ratio == 1.0
    assert len(got.turns) == 1
    words = got.turns[0].words
    assert "".join(w.text for w in words[:10]) == "".join(SOUND)
    assert all(6.4 <= (w.start_s + w.end_s) / 2 <= 11 for w in words[10:])


def test_what_stays_missing_is_a_turn_of_its_own_that_says_why(settings: Settings) -> None:
    parrot = Parrot(only_first(said(*SOUND)))
    got = transcribe(parrot, settings, audio(30), (0, 1, 11), (1, 12, 14.5))
    lost = [t for t in got.turns if t.flags]
    assert [(t.index, t.role, t.channel, t.start_s, t.end_s, t.text, t.words) for t in lost] == [
        (1, Role.AGENT, 0, 6.4, 11.0, "", ())
    ]
    assert (lost[0].flags, lost[0].confidence, lost[0].language) == (("not_transcribed",), None, "zh")
    assert lost[0].reason == "no words could be recognised in 4.6 s of speech, in 3 tries"
    assert [t.reason for t in got.turns if not t.flags] == ["", ""]


def test_invented_words_do_not_fill_a_gap(settings: Settings) -> None:
    def say(asked: Asked) -> Decoded:
        return said("谢谢观看", every_s=asked.length_s) if asked.careful else said(*SOUND)

    got = transcribe(Parrot(say), settings, audio(30), (0, 1, 11))
    assert [t.text for t in got.turns] == ["".join(SOUND), ""]
    assert got.coverage.ratio == 0.54


def test_a_gap_too_short_to_hold_words_is_left(settings: Settings) -> None:
    parrot = Parrot(lambda asked: said(*SOUND))
    got = transcribe(parrot, settings, audio(30), (0, 1, 7.3))
    assert not any(a.careful for a in parrot.asked)
    assert len(got.turns) == 1


# --- what is doubtful is asked for again ------------------------------------------------------------------------------


def test_what_looks_wrong_is_decoded_again_with_care_and_without_the_prompt(settings: Settings) -> None:
    def say(asked: Asked) -> Decoded:
        return fills(asked) if asked.careful else said("还款" * 10, every_s=asked.length_s)

    parrot = Parrot(say)
    got = transcribe(parrot, settings, audio(30), (0, 2, 7))
    assert [(a.careful, a.prompt) for a in parrot.asked] == [(False, DOMAIN_PROMPTS["zh"]), (True, "")]
    assert got.turns[0].flags == ()
    assert "还款" not in got.turns[0].text
    assert got.coverage.ratio == 1.0


def test_of_a_window_only_the_doubtful_turn_is_decoded_again_alone(settings: Settings) -> None:
    def say(asked: Asked) -> Decoded:
        heard = fills(asked)
        unsure = tuple(w.model_copy(update={"probability": 0.2}) if 3.4 < w.end_s < 6.6 else w for w in heard.words)
        return heard if asked.careful else Decoded(heard.text, unsure, -0.2)

    parrot = Parrot(say)
    got = transcribe(parrot, settings, audio(30), (0, 1, 4), (0, 10, 13), (0, 20, 23))
    assert [(a.at_s, a.length_s, len(a.turns)) for a in parrot.asked] == [(1, 10, 3), (10, 3, 1)]
    assert [t.flags for t in got.turns] == [(), (), ()]
    assert [t.confidence for t in got.turns] == [0.9, 0.9, 0.9]


def test_a_second_decode_that_is_no_better_is_not_taken(settings: Settings) -> None:
    def say(asked: Asked) -> Decoded:
        return said("谢谢观看" * 9, every_s=5) if asked.careful else said(*SOUND, probability=0.3)

    got = transcribe(Parrot(say), settings, audio(30), (0, 0, 5))
    assert got.turns[0].text == "".join(SOUND)
    assert set(got.turns[0].flags) >= {"low_confidence"}
    assert "stock_phrase" not in got.turns[0].flags


def test_two_decodes_that_disagree_leave_the_better_words_marked(settings: Settings) -> None:
    def say(asked: Asked) -> Decoded:
        return said(*"明天上午您再打过来吧", probability=0.9) if asked.careful else first

    first = said(*SOUND, probability=0.2)
    got = transcribe(Parrot(say), settings, audio(30), (0, 0, 5))
    assert (got.turns[0].text, got.turns[0].flags) == ("明天上午您再打过来吧", ("disagreement",))


def test_two_decodes_that_agree_leave_no_doubt(settings: Settings) -> None:
    got = transcribe(
        Parrot(lambda asked: said(*SOUND, probability=0.9 if asked.careful else 0.2)), settings, audio(30), (0, 0, 5)
    )
    assert (got.turns[0].text, got.turns[0].flags, got.turns[0].confidence) == ("".join(SOUND), (), 0.9)


@pytest.mark.parametrize(
    ("length_s", "tries", "asked"),
    [
        (2.0, 3, [(False, 2.0, 2.0), (True, 2.0, 2.0), (True, 0.5, 5.0)]),
        (0.8, 2, [(False, 2.0, 0.8), (True, 2.0, 0.8)]),
    ],
)
def test_a_turn_nothing_was_heard_in_stays_and_says_so(
    settings: Settings, length_s: float, tries: int, asked: list[tuple[bool, float, float]]
) -> None:
    parrot = Parrot(lambda asked: NOTHING)
    got = transcribe(parrot, settings, audio(30), (0, 2, 2 + length_s))
    (turn,) = got.turns
    assert [(a.careful, a.at_s, a.length_s) for a in parrot.asked] == asked
    assert (turn.text, turn.words, turn.confidence, turn.flags) == ("", (), None, ("not_transcribed",))
    assert turn.reason == f"no words could be recognised in {length_s} s of speech, in {tries} tries"
    assert got.coverage == Coverage(speech_s=length_s, transcribed_s=0.0, ratio=0.0)


@pytest.mark.parametrize("seconds", [0, 5], ids=["empty audio", "no speech in it"])
@pytest.mark.parametrize("language", [None, "zh"])
def test_without_speech_the_decoder_is_not_asked(settings: Settings, seconds: float, language: str | None) -> None:
    parrot = Parrot()
    got = transcribe(parrot, settings, audio(seconds), language=language)
    assert (got.language, got.language_confidence, got.turns, got.duration_s) == (language, None, (), seconds)
    assert got.coverage == Coverage(speech_s=0.0, transcribed_s=0.0, ratio=None)
    assert (parrot.asked, parrot.encoded, parrot.listened) == ([], [], [])


# --- words out --------------------------------------------------------------------------------------------------------


def test_mandarin_comes_out_in_simplified_characters(settings: Settings) -> None:
    got = transcribe(Parrot(lambda asked: said("您的", "欠款", "逾期", "還清", "嗎")), settings, audio(30), (0, 1, 3.4))
    assert got.turns[0].text == "您的欠款逾期还清吗"
    assert [w.text for w in got.turns[0].words] == ["您的", "欠款", "逾期", "还清", "吗"]


def test_english_words_keep_their_spaces_in_the_text_only(settings: Settings) -> None:
    got = transcribe(
        Parrot(lambda asked: said(" Past", " due,", " sir.")), settings, audio(30), (0, 1, 2), language="en"
    )
    assert got.turns[0].text == "Past due, sir."
    assert [w.text for w in got.turns[0].words] == ["Past", "due,", "sir."]


def test_turns_are_numbered_in_order_of_time_with_side_and_time_of_the_call(settings: Settings) -> None:
    got = transcribe(Parrot(), settings, audio(40), (0, 1, 4), (0, 20, 28), (1, 4.5, 6), (1, 22, 23))
    assert [(t.index, t.role, t.channel, t.start_s, t.end_s) for t in got.turns] == [
        (0, Role.AGENT, 0, 1.0, 4.0),
        (1, Role.CUSTOMER, 1, 4.5, 6.0),
        (2, Role.AGENT, 0, 20.0, 28.0),
        (3, Role.CUSTOMER, 1, 22.0, 23.0),
    ]
    assert all(t.start_s <= w.start_s <= w.end_s <= t.end_s + 0.001 for t in got.turns for w in t.words)
    assert all(t.words[0].start_s == pytest.approx(t.start_s) for t in got.turns)
    assert all(t.confidence == 0.9 for t in got.turns)


def test_a_mono_call_has_turns_of_nobody_known(settings: Settings) -> None:
    got = transcribe(Parrot(), settings, audio(30, channels=1), (0, 1, 4), (0, 5, 8))
    assert [t.role for t in got.turns] == [Role.UNKNOWN, Role.UNKNOWN]


def test_voices_of_one_channel_never_share_a_window_and_keep_their_number(settings: Settings) -> None:
    parrot = Parrot()
    spoken = [(0, 1, 3, 0), (0, 3, 5, 1), (0, 6, 8, 0), (0, 8, 9, 1)]
    got = transcribe(parrot, settings, audio(30, channels=1), *spoken)
    assert sorted([call_s for *_, call_s in a.turns] for a in parrot.asked) == [[1, 6], [3, 8]]
    assert [(t.voice, t.start_s) for t in got.turns] == [(0, 1), (1, 3), (0, 6), (1, 8)]


def test_what_was_misheard_is_read_by_the_calls_own_vocabulary_and_kept(settings: Settings) -> None:
    terms = Vocabulary(prompt="催收专员。", terms=(Term("逾期"), Term("信用卡")))
    sound = Parrot(lambda asked: said("信用", "卡于", "期", "了"))
    got = transcribe(sound, settings, audio(30), (0, 1, 3), vocabulary=lambda language: terms)
    (turn,) = got.turns
    assert turn.text == "信用卡逾期了"
    assert [(c.start, c.end, c.heard) for c in turn.corrections] == [(3, 5, "于期")]
    assert [w.text for w in turn.words] == ["信用", "卡逾", "期", "了"]


def test_spoken_numbers_stand_beside_the_words(settings: Settings) -> None:
    got = transcribe(Parrot(lambda asked: said("您欠", "六千四百二十", "块")), settings, audio(30), (0, 1, 2.5))
    assert got.turns[0].text == "您欠六千四百二十块"
    assert [(n.start, n.end, n.digits) for n in got.turns[0].numbers] == [(2, 8, "6420")]
