"""Silence and who kept it, interruptions, listening words, holds: on conversations laid out by hand."""

from __future__ import annotations

import pytest

from qa_service.audio.measures import measure
from qa_service.audio.types import SoundStretch, SpeechSpan
from qa_service.records import Hold, Measures
from qa_service.text.utterances import asks, calls_for_answer, only_listens
from tests.audio.measuring import AGENT, CUSTOMER, UNKNOWN, Said, quiet_call, span, spans_of, transcript


def conversation(*said: Said, seconds: float = 60.0, language: str = "zh") -> Measures:
    return measure(quiet_call(seconds), spans_of(said), transcript(*said, language=language))


def agent(start: float, end: float, text: str = "我们这边是受银行委托的") -> Said:
    return AGENT, 0, start, end, text


def customer(start: float, end: float, text: str = "我这个月没有钱还") -> Said:
    return CUSTOMER, 1, start, end, text


def test_who_breaks_the_silence_after_the_other_kept_it() -> None:
    found = conversation(agent(2, 4, "您什么时候还？"), customer(9, 10), agent(10.5, 12)).turns
    assert [t.silence_before_s for t in found] == [0, 5, 0.5]
    assert [t.silence_kept_by for t in found] == [None, CUSTOMER, AGENT]


@pytest.mark.parametrize(
    ("first", "then", "kept_by"),
    [
        ("您什么时候还？", "您说个日子", CUSTOMER),
        ("那您今天能还多少", "我等您说", CUSTOMER),
        ("今天必须还清", "喂，您在听吗", CUSTOMER),
        ("我查一下您的账单", "查到了，一共三千", AGENT),
    ],
)
def test_who_keeps_silence_where_the_same_side_goes_on(first: str, then: str, kept_by: str) -> None:
    found = conversation(agent(2, 4, first), agent(12, 14, then), customer(15, 16)).turns
    assert found[1].silence_before_s == 8
    assert found[1].silence_kept_by == kept_by


def test_a_side_that_never_speaks_keeps_the_silence_after_a_question() -> None:
    found = conversation(agent(2, 4, "喂，您好，请问是李先生吗"), agent(16, 18, "喂，您在听吗")).turns
    assert (found[1].silence_before_s, found[1].silence_kept_by) == (12, CUSTOMER)


def test_silence_under_the_floor_and_before_the_first_word_is_none() -> None:
    found = conversation(agent(20, 22), customer(22.25, 24), agent(24.5, 26)).turns
    assert [t.silence_before_s for t in found] == [0, 0, 0.5]


def test_speech_that_no_turn_covers_breaks_the_silence() -> None:
    said = (agent(2, 4), customer(20, 21))
    found = measure(quiet_call(30), (*spans_of(said), span(1, 12, 13)), transcript(*said)).turns
    assert found[1].silence_before_s == 7


def test_nobody_is_blamed_where_roles_are_unknown() -> None:
    found = conversation((UNKNOWN, 0, 2, 4, "喂"), (UNKNOWN, 1, 9, 10, "你好")).turns
    assert (found[1].silence_before_s, found[1].silence_kept_by) == (5, None)


def test_cutting_in() -> None:
    found = conversation(customer(2, 8), agent(6, 11), customer(11.5, 14))
    assert [(i.by, i.turn, i.interrupted_turn, i.start_s, i.overlap_s) for i in found.interruptions] == [
        (AGENT, 1, 0, 6.0, 2.0)
    ]
    assert [t.interrupts for t in found.turns] == [False, True, False]
    assert [t.overlap_s for t in found.turns] == [2, 2, 0]
    assert (found.speakers["agent"].interruptions, found.speakers["customer"].interruptions) == (1, 0)


def test_cutting_in_in_vain_counts_too() -> None:
    """The first goes on all through and after it."""
    found = conversation(customer(2, 12), agent(5, 7, "您先听我说完"))
    assert [(i.by, i.overlap_s) for i in found.interruptions] == [(AGENT, 2.0)]


@pytest.mark.parametrize(
    "second",
    [
        agent(7.8, 11),  # a fifth of a second before the end: how people take turns
        agent(2.3, 6),  # both begin at once
        agent(8.4, 10),  # after a gap
    ],
)
def test_ordinary_turn_taking_is_no_interruption(second: Said) -> None:
    assert conversation(customer(2, 8), second).interruptions == ()


def test_beginning_in_the_others_pause_is_no_interruption() -> None:
    """The customer pauses, the agent begins, the customer goes on into him."""
    said = (customer(2, 9), agent(5.2, 9))
    spans = (span(1, 2, 5), span(1, 6, 9), span(0, 5.2, 9))
    assert measure(quiet_call(20), spans, transcript(*said)).interruptions == ()


@pytest.mark.parametrize("text", ["嗯", "对对对", "好的，好的。", "哦这样啊", "Mm-hm.", "Yeah, okay.", "我知道了"])
def test_listening_words_within_the_others_turn_do_not_count(text: str) -> None:
    found = conversation(agent(2, 12), customer(5, 6.4, text), agent(12.5, 14))
    assert found.interruptions == ()
    assert [t.backchannel for t in found.turns] == [False, True, False]


def test_a_short_turn_inside_the_others_is_listening_even_when_garbled() -> None:
    found = conversation(agent(2, 12), customer(5, 5.7, "恩待"))
    assert found.interruptions == ()
    assert found.turns[1].backchannel


def test_a_short_turn_that_takes_the_floor_is_no_listening() -> None:
    found = conversation(agent(2, 6), customer(5.2, 6.1, "你闭嘴"), customer(7, 9))
    assert [i.turn for i in found.interruptions] == [1]
    assert not found.turns[1].backchannel


def test_an_answer_is_no_listening() -> None:
    found = conversation(agent(2, 4, "您是张女士本人吗？"), customer(4.5, 5, "是的。"), agent(5.5, 8))
    assert not found.turns[1].backchannel
    told = conversation(agent(2, 4, "您这期逾期十八天。"), customer(4.5, 5, "嗯。"), agent(5.5, 8))
    assert told.turns[1].backchannel


@pytest.mark.parametrize(
    "text", ["不是", "好什么好", "我不知道", "no", "okay but listen", "是你们的错", "的", "", "三七二六"]
)
def test_what_is_said_is_no_listening(text: str) -> None:
    assert not only_listens(text)


@pytest.mark.parametrize(
    "text",
    [
        "您什么时候还",
        "听得到吗",
        "那您呢？",
        "Can you pay today",
        "Sir, what is your name",
        "是不是您本人",
        "好的，麻烦您报一下后四位",
        "Okay, please confirm your date of birth.",
    ],
)
def test_questions(text: str) -> None:
    assert asks(text)


@pytest.mark.parametrize(
    "text",
    ["您今天要还款。", "我查一下", "", "You can pay today.", "请问过您了。谢谢", "what I said is true. Pay now."],
)
def test_no_questions(text: str) -> None:
    assert not asks(text)


def test_making_sure_that_somebody_is_there() -> None:
    assert calls_for_answer("喂？")
    assert calls_for_answer("Are you there?")
    assert calls_for_answer("您不说话，我就当您默认了")
    assert not calls_for_answer("您好，我是周敏")


def test_holds_are_long_stretches_between_speech_named_by_what_is_heard_in_them() -> None:
    said = (agent(15, 17), agent(30, 31), agent(50, 52), customer(70, 72), customer(81, 82))
    stretches = (
        SoundStretch(0, 0.0, 14.0, "tone"),
        SoundStretch(1, 32.0, 41.0, "music"),
        SoundStretch(0, 40.0, 49.0, "music"),
        SoundStretch(0, 53.0, 69.0, "tone"),
        SoundStretch(0, 19.0, 22.0, "music"),
    )
    found = measure(quiet_call(120), spans_of(said), transcript(*said), stretches).holds
    assert found == (
        Hold(start_s=17, end_s=30, kind="silence"),
        Hold(start_s=31, end_s=50, kind="music"),
        Hold(start_s=52, end_s=70, kind="tone"),
    )


def test_ringing_before_and_waiting_after_are_no_holds_but_music_after_the_last_word_is() -> None:
    said = (agent(30, 32), customer(33, 35))
    ringing = (SoundStretch(0, 1.0, 29.0, "music"),)
    assert measure(quiet_call(60), spans_of(said), transcript(*said), ringing).holds == ()
    left = (*ringing, SoundStretch(1, 36.0, 59.0, "music"))
    assert measure(quiet_call(60), spans_of(said), transcript(*said), left).holds == (
        Hold(start_s=35, end_s=60, kind="music"),
    )


def test_a_call_without_turns_has_holds_too() -> None:
    spans = (SpeechSpan(0, 1.0, 3.0), SpeechSpan(0, 30.0, 32.0))
    found = measure(quiet_call(40), spans, transcript())
    assert [h.kind for h in found.holds] == ["silence"]
    assert found.turns == ()


def test_turns_keep_the_order_of_the_transcript() -> None:
    found = conversation(customer(9, 10), agent(2, 4), customer(5, 6))
    assert [t.turn for t in found.turns] == [0, 1, 2]
    assert [t.silence_before_s for t in found.turns] == [3, 0, 1]
