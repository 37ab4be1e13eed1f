"""The front with a decoder that says what it is told: coverage, guard, languages, order."""

from __future__ import annotations

import numpy as np
import pytest

from qa_service.records import Coverage, Role
from qa_service.settings import Settings
from qa_service.speech.front import BATCH_CLIPS, BATCH_S, LANGUAGE_S
from qa_service.speech.prompts import DOMAIN_PROMPTS
from qa_service.speech.protocol import Decoded
from tests.speech.fakes import NOTHING, Asked, Parrot, Say, Spoken, audio, fills, said, transcribe

SOUND = ("今", "天", "能", "不", "能", "处", "理", "一", "下", "呢")


def only_first(decoded: Decoded) -> Say:
    """Says this at first and nothing when asked again."""
    return lambda asked: NOTHING if asked.careful else decoded


# --- coverage ---------------------------------------------------------------------------------------------------------


def test_words_over_all_the_speech_cover_it(settings: Settings) -> None:
    got = transcribe(Parrot(), settings, audio(30), (0, 1, 6), (1, 7, 12.5), (0, 13, 15))
    assert got.coverage == Coverage(speech_s=12.5, transcribed_s=12.5, ratio=1.0)


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
    got = transcribe(Parrot(lambda asked: said("谢谢观看", every_s=5)), settings, audio(30), (0, 0, 5), (1, 6, 11))
    assert got.coverage == Coverage(speech_s=10.0, transcribed_s=0.0, ratio=0.0)
    assert {f for t in got.turns for f in t.flags} == {"stock_phrase"}


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
    got = transcribe(Parrot(say), settings, audio(90), *spoken).coverage
    assert got.ratio is not None
    assert 0 <= got.ratio <= 1
    assert got.transcribed_s is not None
    assert got.speech_s == pytest.approx(sum(b - a for _, a, b in spoken), abs=0.01)
    assert got.transcribed_s <= got.speech_s + 0.01


# --- what is missing is asked for again -------------------------------------------------------------------------------


def test_speech_without_words_is_decoded_again_alone_and_its_words_join_the_turn(settings: Settings) -> None:
    def say(asked: Asked) -> Decoded:
        return fills(asked) if asked.careful else said(*SOUND)

    parrot = Parrot(say)
    got = transcribe(parrot, settings, audio(30), (0, 1, 11))
    again = [a for a in parrot.asked if a.careful]
    assert [(a.at_s, a.length_s, a.prompt) for a in again] == [(6.4, 4.6, "")]
    assert got.coverage.ratio == 1.0
    starts = [w.start_s for w in got.turns[0].words or ()]
    assert starts == sorted(starts)
    assert starts[0] == 1.0
    assert starts[10] == pytest.approx(6.4)


def test_invented_words_do_not_fill_a_gap(settings: Settings) -> None:
    def say(asked: Asked) -> Decoded:
        return said("谢谢观看", every_s=asked.length_s) if asked.careful else said(*SOUND)

    got = transcribe(Parrot(say), settings, audio(30), (0, 1, 11))
    assert got.turns[0].text == "".join(SOUND)
    assert got.coverage.ratio == 0.54


def test_a_gap_too_short_to_hold_words_is_left(settings: Settings) -> None:
    parrot = Parrot(lambda asked: said(*SOUND))
    transcribe(parrot, settings, audio(30), (0, 1, 7.3))
    assert not any(a.careful for a in parrot.asked)


# --- the guard --------------------------------------------------------------------------------------------------------


def test_what_looks_wrong_is_decoded_again_with_care_and_without_the_prompt(settings: Settings) -> None:
    def say(asked: Asked) -> Decoded:
        return fills(asked) if asked.careful else said("还款" * 10, every_s=asked.length_s)

    parrot = Parrot(say)
    got = transcribe(parrot, settings, audio(30), (0, 2, 7))
    assert [(a.careful, a.prompt) for a in parrot.asked] == [(False, DOMAIN_PROMPTS["zh"]), (True, "")]
    assert got.turns[0].flags == ()
    assert "还款" not in got.turns[0].text
    assert got.coverage.ratio == 1.0


def test_a_second_decode_that_is_no_better_is_not_taken(settings: Settings) -> None:
    def say(asked: Asked) -> Decoded:
        return said("谢谢观看" * 9, every_s=5) if asked.careful else said(*SOUND, probability=0.3)

    got = transcribe(Parrot(say), settings, audio(30), (0, 0, 5))
    assert got.turns[0].text == "".join(SOUND)
    assert got.turns[0].flags == ("low_confidence",)


def test_a_turn_nothing_was_heard_in_stays_and_says_so(settings: Settings) -> None:
    got = transcribe(Parrot(lambda asked: NOTHING), settings, audio(30), (0, 1, 3))
    turn = got.turns[0]
    assert (turn.text, turn.words, turn.confidence, turn.flags) == ("", (), None, ("not_transcribed",))
    assert got.coverage == Coverage(speech_s=2.0, transcribed_s=0.0, ratio=0.0)


# --- no sound, no speech ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seconds", [0, 5], ids=["empty audio", "no speech in it"])
@pytest.mark.parametrize("language", [None, "zh"])
def test_without_speech_the_decoder_is_not_asked(settings: Settings, seconds: float, language: str | None) -> None:
    parrot = Parrot()
    got = transcribe(parrot, settings, audio(seconds), language=language)
    assert (got.language, got.language_confidence, got.turns, got.duration_s) == (language, None, (), seconds)
    assert got.coverage == Coverage(speech_s=0.0, transcribed_s=0.0, ratio=None)
    assert (parrot.asked, parrot.language_clips_s) == ([], [])


# --- language ---------------------------------------------------------------------------------------------------------


def test_the_language_is_guessed_over_the_longest_turns(settings: Settings) -> None:
    parrot = Parrot(heard_language=("en", 0.97123))
    spoken = [(0, 0.0, 3.0), (1, 4.0, 16.0), (0, 17.0, 29.0), (1, 30.0, 34.0)]
    got = transcribe(parrot, settings, audio(40), *spoken, language=None)
    assert (got.language, got.language_confidence) == ("en", 0.9712)
    assert parrot.language_clips_s == [28.0]  # 12 + 12 + 4 of at most 29
    assert {(a.language, a.prompt) for a in parrot.asked} == {("en", DOMAIN_PROMPTS["en"])}


def test_one_long_turn_is_enough_for_a_guess(settings: Settings) -> None:
    parrot = Parrot()
    transcribe(parrot, settings, audio(90), (0, 0, 80), language=None)
    assert len(parrot.language_clips_s) == 1
    assert 0 < parrot.language_clips_s[0] <= LANGUAGE_S


def test_a_declared_language_is_not_guessed(settings: Settings) -> None:
    parrot = Parrot(heard_language=("en", 0.99))
    got = transcribe(parrot, settings, audio(30), (0, 1, 5), language="zh")
    assert (got.language, got.language_confidence, parrot.language_clips_s) == ("zh", None, [])


def test_another_language_is_named_and_not_transcribed(settings: Settings) -> None:
    parrot = Parrot(heard_language=("fr", 0.8))
    got = transcribe(parrot, settings, audio(30), (0, 1, 5), language=None)
    assert (got.language, got.turns, parrot.asked) == ("fr", (), [])
    assert got.coverage == Coverage(speech_s=4.0, transcribed_s=0.0, ratio=0.0)


# --- words out --------------------------------------------------------------------------------------------------------


def test_mandarin_comes_out_in_simplified_characters(settings: Settings) -> None:
    got = transcribe(Parrot(lambda asked: said("您的", "欠款", "逾期", "還清", "嗎")), settings, audio(30), (0, 1, 3.4))
    assert got.turns[0].text == "您的欠款逾期还清吗"
    assert [w.text for w in got.turns[0].words or ()] == ["您的", "欠款", "逾期", "还清", "吗"]


def test_english_words_keep_their_spaces_in_the_text_only(settings: Settings) -> None:
    got = transcribe(
        Parrot(lambda asked: said(" Past", " due,", " sir.")), settings, audio(30), (0, 1, 2), language="en"
    )
    assert got.turns[0].text == "Past due, sir."
    assert [w.text for w in got.turns[0].words or ()] == ["Past", "due,", "sir."]


def test_turns_are_numbered_in_order_of_time_with_side_and_time_of_the_call(settings: Settings) -> None:
    got = transcribe(Parrot(), settings, audio(40), (0, 1, 4), (0, 20, 28), (1, 4.5, 6), (1, 22, 23))
    assert [(t.index, t.role, t.channel, t.start_s, t.end_s) for t in got.turns] == [
        (0, Role.AGENT, 0, 1.0, 4.0),
        (1, Role.CUSTOMER, 1, 4.5, 6.0),
        (2, Role.AGENT, 0, 20.0, 28.0),
        (3, Role.CUSTOMER, 1, 22.0, 23.0),
    ]
    assert all(t.start_s <= w.start_s <= w.end_s <= t.end_s + 0.001 for t in got.turns for w in t.words or ())
    assert all(t.confidence == 0.9 for t in got.turns)


def test_a_mono_call_has_turns_of_nobody_known(settings: Settings) -> None:
    got = transcribe(Parrot(), settings, audio(30, channels=1), (0, 1, 4), (0, 5, 8))
    assert [t.role for t in got.turns] == [Role.UNKNOWN, Role.UNKNOWN]


# --- prompt, batches, progress ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("domain", "given", "used"),
    [(True, None, DOMAIN_PROMPTS["zh"]), (False, None, ""), (True, "", ""), (False, "仲裁", "仲裁")],
)
def test_the_prompt_is_the_callers_or_the_domains_and_is_recorded(
    settings: Settings, domain: bool, given: str | None, used: str
) -> None:
    parrot = Parrot()
    chosen = settings.model_copy(update={"domain_prompt": domain})
    got = transcribe(parrot, chosen, audio(30), (0, 1, 5), prompt=given)
    assert {a.prompt for a in parrot.asked} == {used}
    assert got.engine.options == {"beam_size": 1, "prompt": used}
    assert got.engine.weights_sha256 == "0" * 64


def test_clips_of_like_length_share_a_batch_of_bounded_size(settings: Settings) -> None:
    parrot = Parrot()
    lengths = [2.0, 26.0, 3.0, 25.0, 2.5, 2.2, 24.0, *[1.5] * 12]
    starts = np.cumsum([0.0, *(length + 2 for length in lengths)])
    spoken = [(0, float(a), float(a) + length) for a, length in zip(starts, lengths, strict=False)]
    got = transcribe(parrot, settings, audio(float(starts[-1])), *spoken)
    batches = list(dict.fromkeys(a.batch for a in parrot.asked))
    assert batches[0] == (26.0, 25.0)
    assert [n for b in batches for n in b] == sorted((a.length_s for a in parrot.asked), reverse=True)
    assert all(len(b) <= BATCH_CLIPS and len(b) * max(b) <= BATCH_S for b in batches)
    assert len(parrot.asked) == len(got.turns) == len(lengths)


def test_progress_rises_to_the_whole(settings: Settings) -> None:
    seen: list[tuple[float, float]] = []
    spoken = [(i % 2, i * 4.0, i * 4.0 + 3) for i in range(20)]
    transcribe(Parrot(), settings, audio(90), *spoken, progress=lambda done, total: seen.append((done, total)))
    assert [d for d, _ in seen] == sorted(d for d, _ in seen)
    assert seen[-1] == (60.0, 60.0)
    assert len(seen) >= 3


def test_the_same_sound_gives_the_same_bytes(settings: Settings) -> None:
    first, second = (
        transcribe(Parrot(), settings, audio(40), (0, 1, 4), (1, 4.5, 6), (0, 20, 28)).model_dump_json() for _ in "ab"
    )
    assert first == second
