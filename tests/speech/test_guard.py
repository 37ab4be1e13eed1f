"""Heard or invented? What Whisper makes up is caught; what people say on these calls is not."""

from __future__ import annotations

import numpy as np
import pytest

from qa_service.audio.types import SAMPLE_RATE, Samples
from qa_service.records import Word
from qa_service.speech.guard import (
    STOCK_PHRASES,
    UNTRUSTED,
    agree,
    confidence,
    echoes,
    repeats,
    suspicious,
    too_fast,
)
from qa_service.speech.prompts import DOMAIN_PROMPTS
from qa_service.speech.protocol import Decoded
from tests.speech.conftest import Sample
from tests.speech.fakes import NOTHING, said


def noise(seconds: float, db: float = -20.0) -> Samples:
    """Steady noise: loud enough for words, but nobody speaks."""
    count = round(seconds * SAMPLE_RATE)
    return np.random.default_rng(1).normal(0, 10 ** (db / 20), count).astype(np.float32)


INVENTED = [
    "谢谢大家观看", "谢谢观看", "感谢收看,谢谢收看", "字幕由志愿者提供", "字幕制作", "字幕组", "请不吝点赞 订阅 转发",
    "点赞订阅", "明镜与点点栏目", "Thanks for watching!", "Thank you for watching.", "Please subscribe",
    "Subtitles by the community", "amara.org",
]  # fmt: skip
SAID = [
    "谢谢您的配合", "谢谢,再见", "我们会发字样给您", "大家都看着呢", "您点一下那个链接", "Thank you for calling.",
    "Thanks for your time", "You subscribed to a payment plan", "I'm watching my budget",
]  # fmt: skip
LOOPS = [
    "还款还款还款还款还款还款", "逾期了,逾期了,逾期了,逾期了,逾期了", "no no no no no no no no no no no no",
    "I am going to call you back. " * 8,
]  # fmt: skip
EVEN = [
    "嗯嗯嗯", "对对对,我知道", "您好您好,请问是王先生吗", "尾号六六六六", "一二三四一二三四",
    "您这边逾期四十一天了,一共六千四百二十块,今天能不能处理一下?", "No, no, no, that's not right.",
    "The balance is four thousand four hundred seventeen dollars.",
]  # fmt: skip


@pytest.mark.parametrize("text", INVENTED)
def test_subtitles_of_films_are_known(text: str) -> None:
    assert STOCK_PHRASES.search(text)
    assert "stock_phrase" in suspicious(said(text), noise(5), "")


@pytest.mark.parametrize("text", SAID)
def test_thanks_of_a_call_are_not_subtitles(text: str) -> None:
    assert not STOCK_PHRASES.search(text)


@pytest.mark.parametrize("text", LOOPS)
def test_a_loop_is_a_repetition(text: str) -> None:
    assert repeats(text)
    assert "repetition" in suspicious(said(text), noise(60), "")


@pytest.mark.parametrize("text", EVEN)
def test_what_people_say_twice_is_no_loop(text: str) -> None:
    assert not repeats(text)


@pytest.mark.parametrize(
    ("text", "seconds", "fast"),
    [
        ("您" * 20, 2.5, False),
        ("您" * 26, 2.5, True),
        ("a" * 70, 2.5, False),
        ("a" * 80, 2.5, True),
        ("您您您您", 0.1, False),
        ("", 0.0, False),
    ],
)
def test_nobody_speaks_faster_than_this(text: str, seconds: float, fast: bool) -> None:
    assert too_fast(text, seconds) is fast


@pytest.mark.parametrize(
    ("text", "echo"),
    [
        ("催收专员,逾期,欠款", True),
        ("工号 老赖 征信", True),
        ("Debt collector, past due, balance.", False),
        ("逾期", False),
        ("欠款逾期", False),
        ("您的欠款已经逾期了", False),
        ("", False),
    ],
)
def test_the_prompt_read_out_is_no_speech(text: str, echo: bool) -> None:
    assert echoes(text, DOMAIN_PROMPTS["zh"]) is echo


def test_an_english_prompt_is_recognised_whatever_the_case() -> None:
    assert echoes("past due balance garnishment", DOMAIN_PROMPTS["en"])
    assert not echoes("past due", DOMAIN_PROMPTS["en"])
    assert not echoes("your balance is past due", DOMAIN_PROMPTS["en"])


def test_no_prompt_cannot_be_echoed() -> None:
    assert not echoes("催收专员,逾期,欠款", "")


def test_good_speech_raises_no_suspicion() -> None:
    assert suspicious(said("您好", "请问", "是", "王先生", "吗"), noise(3), DOMAIN_PROMPTS["zh"]) == ()


def test_nothing_heard_is_said_so() -> None:
    assert suspicious(NOTHING, noise(3), "") == ("not_transcribed",)


def test_doubt_comes_from_the_sentence_or_from_its_words(samples: dict[str, Sample]) -> None:
    voice = speech(samples)
    assert suspicious(said("您好", avg_logprob=-1.2), voice, "") == ("low_confidence",)
    assert suspicious(said("您好", "吗", probability=0.39), voice, "") == ("low_confidence",)


def test_all_reasons_are_given() -> None:
    flags = suspicious(said("谢谢观看" * 10, probability=0.1), noise(2), "")
    assert flags == ("repetition", "too_fast", "low_confidence", "no_speech_energy", "stock_phrase")


def speech(samples: dict[str, Sample]) -> Samples:
    """Three seconds from inside the agent's longest stretch of speech."""
    sample = samples["zh"]
    span = max((s for s in sample.spans if s.channel == 0), key=lambda s: s.end_s - s.start_s)
    start = int((span.start_s + 0.2) * SAMPLE_RATE)
    return sample.audio.channels[0][start : start + 3 * SAMPLE_RATE]


def test_words_over_silence_have_no_energy() -> None:
    assert "no_speech_energy" in suspicious(said("您好", "请问"), np.zeros(3 * SAMPLE_RATE, np.float32), "")


def test_words_after_the_sound_has_ended_have_no_energy() -> None:
    sound = np.concatenate([noise(1), np.zeros(3 * SAMPLE_RATE, np.float32)])
    assert suspicious(said("您", "好"), sound, "") == ()
    assert suspicious(said("您", "好", "请", "问", "是", "您", "吗"), sound, "") == ("no_speech_energy",)


def test_doubtful_words_need_a_voice_under_them(samples: dict[str, Sample]) -> None:
    doubtful = said("您好", "请问", probability=0.6)
    assert suspicious(doubtful, noise(3), "") == ("no_speech_energy",)
    assert suspicious(doubtful, speech(samples), "") == ()


def test_a_hotword_over_a_pause_is_an_echo_of_the_prompt() -> None:
    sound = np.concatenate([noise(2), np.zeros(2 * SAMPLE_RATE, np.float32)])
    spoken = said("今", "天", "能", "还", "吗", "老", "赖")
    assert "prompt_echo" in suspicious(spoken, sound, DOMAIN_PROMPTS["zh"])
    assert "prompt_echo" not in suspicious(spoken, noise(4), DOMAIN_PROMPTS["zh"])
    assert "prompt_echo" not in suspicious(spoken, sound, "")


@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_prompt_in_a_loop_is_an_echo(language: str) -> None:
    prompt = DOMAIN_PROMPTS[language]
    first, second, third = (t.strip() for t in prompt.split(",")[:3])
    assert echoes(f"{first}, {second}, {third}, {third}, {third}", prompt)
    assert not echoes(third, prompt)


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("您的欠款已经逾期", "您的千款已经逾期", True),
        ("您的账户尾号 201", "您的帐户尾号二零一", True),
        ("坐牢", "做牢", True),
        ("今天能不能处理一下", "字幕由志愿者提供", False),
        ("喂", "好", False),
        ("I will pay on Friday.", "I'll pay on Friday", True),
        ("I will pay on Friday.", "Thank you for watching", False),
        ("you", "", False),
        ("", "", True),
        ("...", "", True),
    ],
)
def test_two_decodes_agree_when_they_sound_alike(one: str, other: str, same: bool) -> None:
    first, second = (Decoded(text=t, words=(), avg_logprob=-0.2) for t in (one, other))
    assert agree(first, second) is same
    assert agree(second, first) is same


def test_doubts_leave_words_counted() -> None:
    assert UNTRUSTED.isdisjoint({"low_confidence", "disagreement"})


def test_a_word_shorter_than_a_frame_of_sound_is_judged() -> None:
    word = Word(text="嗯", start_s=0.0, end_s=0.0, probability=0.5)
    decoded = Decoded(text="嗯", words=(word,), avg_logprob=-0.5)
    assert suspicious(decoded, np.zeros(100, np.float32), "") == ("no_speech_energy",)
    assert suspicious(decoded, noise(0.5), "") == ()


def test_confidence_is_the_mean_of_words_and_nothing_has_none() -> None:
    assert confidence(said("a", "b", probability=0.5)) == 0.5
    assert confidence(NOTHING) == 0.0
