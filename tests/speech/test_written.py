"""From heard turns to the record: order, script, corrections with what stands beside, numbers, coverage, prompts."""

from __future__ import annotations

from qa_service.audio.types import SpeechSpan
from qa_service.records import ChannelLanguage, Coverage, EngineInfo, Role, Transcript, Word
from qa_service.speech.hearing import Heard
from qa_service.speech.language import Languages, declared
from qa_service.speech.turns import Clip
from qa_service.speech.written import transcript
from qa_service.text.terms import Term, Vocabulary
from tests.speech.fakes import audio, job

ENGINE = EngineInfo(name="parrot", options={"beam_size": 5})
BOTH = Languages("zh", 0.9, (ChannelLanguage(channel=0, language="zh"), ChannelLanguage(channel=1, language="en")))


def turn(at_s: float, *texts: str, channel: int = 0, voice: int | None = None, **about: object) -> Heard:
    """A turn of two seconds for each word said."""
    end = at_s + 2.0 * max(1, len(texts))
    words = tuple(
        Word(text=t, start_s=at_s + 2.0 * i, end_s=at_s + 2.0 * i + 1.0, probability=0.8) for i, t in enumerate(texts)
    )
    return Heard(Clip(channel, at_s, end, (SpeechSpan(channel, at_s, end),), voice), words, **about)  # type: ignore[arg-type]


def written(*heard: Heard, languages: Languages | None = None, **vocabulary: Vocabulary) -> Transcript:
    spans = [(h.clip.channel, h.clip.start_s, h.clip.end_s) for h in heard]
    return transcript(job(audio(40), *spans), heard, languages or declared("zh", [0, 1]), vocabulary, ENGINE)


def test_turns_stand_in_order_of_time_whatever_the_order_they_were_heard_in() -> None:
    got = written(turn(9, "三"), turn(5, "二", channel=1), turn(5, "乙", channel=0), turn(1, "一"))
    assert [(t.index, t.text, t.role) for t in got.turns] == [
        (0, "一", Role.AGENT), (1, "乙", Role.AGENT), (2, "二", Role.CUSTOMER), (3, "三", Role.AGENT),
    ]  # fmt: skip


def test_a_turn_carries_all_that_is_known_of_it() -> None:
    got = written(
        turn(1, "喂", " 你好 ", voice=1, flags=("low_confidence",)), turn(6, flags=("not_transcribed",), reason="r")
    )
    first, last = got.turns
    assert (first.channel, first.voice, first.start_s, first.end_s) == (0, 1, 1.0, 5.0)
    assert (first.text, first.confidence, first.flags, first.language) == ("喂 你好", 0.8, ("low_confidence",), "zh")
    assert [w.text for w in first.words] == ["喂", "你好"]
    assert (last.text, last.confidence, last.words, last.reason) == ("", None, (), "r")


def test_each_channel_is_written_in_its_language() -> None:
    got = written(turn(1, "還清"), turn(6, " 還", channel=1), languages=BOTH)
    assert [(t.text, t.language) for t in got.turns] == [("还清", "zh"), ("還", "en")]
    assert (got.language, got.language_confidence, got.channel_languages) == ("zh", 0.9, BOTH.channels)


def test_a_term_is_read_with_the_turns_beside_it_for_context() -> None:
    terms = Vocabulary(terms=(Term("还清", context=("欠",)),))
    alone = written(turn(1, "今天", "还轻"), zh=terms)
    asked = written(turn(1, "欠多少"), turn(5, "今天", "还轻"), turn(10, "好"), zh=terms)
    far = written(turn(1, "欠多少"), turn(5, "嗯"), turn(8, "嗯"), turn(11, "今天", "还轻"), zh=terms)
    assert [t.text for t in alone.turns] == ["今天还轻"]
    assert [t.text for t in asked.turns] == ["欠多少", "今天还清", "好"]
    assert [(c.start, c.end, c.heard) for c in asked.turns[1].corrections] == [(2, 4, "还轻")]
    assert far.turns[-1].text == "今天还轻"


def test_terms_of_one_language_do_not_touch_the_other() -> None:
    got = written(turn(1, " passed", " due", channel=1), languages=BOTH, zh=Vocabulary(terms=(Term("past due"),)))
    assert (got.turns[0].text, got.turns[0].corrections) == ("passed due", ())


def test_numbers_are_of_the_text_as_it_is_written() -> None:
    got = written(turn(1, " 一共", "三千六百五十", "块"))
    assert [(n.start, n.end, n.digits) for n in got.turns[0].numbers] == [(2, 8, "3650")]


def test_only_trusted_words_count_as_transcribed() -> None:
    got = written(turn(1, "一"), turn(4, "二", flags=("disagreement",)), turn(7, "三", flags=("repetition",)))
    assert got.coverage == Coverage(speech_s=6.0, transcribed_s=2.8, ratio=0.4667)  # words of 1 s, and 0.4 s behind


def test_what_was_prompted_is_recorded_beside_the_engines_options() -> None:
    got = written(turn(1, "一"), zh=Vocabulary(prompt="逾期。"), en=Vocabulary())
    assert got.engine == EngineInfo(name="parrot", options={"beam_size": 5, "prompt": {"zh": "逾期。"}})
