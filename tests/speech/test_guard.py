"""Heard or invented? What Whisper makes up is caught; what people say on these calls is not."""

from __future__ import annotations

import pytest

from qa_service.speech.guard import STOCK_PHRASES, confidence, echoes, repeats, suspicious, too_fast
from qa_service.speech.prompts import DOMAIN_PROMPTS
from tests.speech.fakes import NOTHING, said

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
    assert "stock_phrase" in suspicious(said(text), 5, "")


@pytest.mark.parametrize("text", SAID)
def test_thanks_of_a_call_are_not_subtitles(text: str) -> None:
    assert not STOCK_PHRASES.search(text)


@pytest.mark.parametrize("text", LOOPS)
def test_a_loop_is_a_repetition(text: str) -> None:
    assert repeats(text)
    assert "repetition" in suspicious(said(text), 60, "")


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
    assert suspicious(said("您好", "请问", "是", "王先生", "吗"), 3, DOMAIN_PROMPTS["zh"]) == ()


def test_nothing_heard_is_said_so() -> None:
    assert suspicious(NOTHING, 3, "") == ("not_transcribed",)


def test_doubt_comes_from_the_sentence_or_from_its_words() -> None:
    assert suspicious(said("您好", avg_logprob=-1.2), 3, "") == ("low_confidence",)
    assert suspicious(said("您好", "吗", probability=0.39), 3, "") == ("low_confidence",)


def test_all_reasons_are_given() -> None:
    assert suspicious(said("谢谢观看" * 10, probability=0.1), 2, "") == ("repetition", "stock_phrase", "low_confidence")


def test_confidence_is_the_mean_of_words_and_nothing_has_none() -> None:
    assert confidence(said("a", "b", probability=0.5)) == 0.5
    assert confidence(NOTHING) == 0.0
