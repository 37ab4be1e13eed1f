"""The front and the languages of a call: declared, detected for each channel, or only named."""

from __future__ import annotations

from qa_service.records import ChannelLanguage, Coverage
from qa_service.settings import Settings
from qa_service.speech.language import LISTEN_S
from qa_service.speech.prompts import DOMAIN_PROMPTS
from tests.speech.fakes import Parrot, Spoken, audio, transcribe

#: The agent speaks for 15 s, the customer for 16 s.
SPOKEN: list[Spoken] = [(0, 0.0, 3.0), (1, 4.0, 16.0), (0, 17.0, 29.0), (1, 30.0, 34.0)]


def asked_in(parrot: Parrot) -> dict[int, set[tuple[str, str]]]:
    """Language and prompt that each channel was decoded with."""
    return {c: {(a.language, a.prompt) for a in parrot.asked if a.channel == c} for c in (0, 1)}


def test_the_language_is_guessed_over_the_longest_windows_and_nothing_is_encoded_twice(settings: Settings) -> None:
    parrot = Parrot(heard_language=("en", 0.97123))
    got = transcribe(parrot, settings, audio(40), *SPOKEN, language=None)
    assert (got.language, got.language_confidence) == ("en", 0.9712)
    assert sorted(parrot.listened) == sorted(parrot.encoded) == [15.5, 16.5]
    assert len(parrot.asked) == 2
    assert {(a.language, a.prompt) for a in parrot.asked} == {("en", DOMAIN_PROMPTS["en"])}
    assert got.channel_languages == tuple(ChannelLanguage(channel=c, language="en", confidence=0.9712) for c in (0, 1))


def test_a_long_call_is_not_listened_to_for_long(settings: Settings) -> None:
    parrot = Parrot()
    spoken: list[Spoken] = [(i % 2, i * 12.0, i * 12.0 + 11) for i in range(20)]
    transcribe(parrot, settings, audio(250), *spoken, language=None)
    assert len(parrot.listened) == 4
    assert sum(parrot.listened) <= 2 * LISTEN_S
    assert len(parrot.encoded) == len(parrot.asked) == 20


def test_one_long_turn_is_enough_for_a_guess(settings: Settings) -> None:
    parrot = Parrot()
    transcribe(parrot, settings, audio(90), (0, 0, 80), language=None)
    assert len(parrot.listened) == 1
    assert 0 < parrot.listened[0] <= LISTEN_S


def test_a_declared_language_is_not_guessed(settings: Settings) -> None:
    parrot = Parrot(heard_language=("en", 0.99))
    got = transcribe(parrot, settings, audio(30), (0, 1, 5), (1, 6, 9), language="zh")
    assert (got.language, got.language_confidence, parrot.listened) == ("zh", None, [])
    assert got.channel_languages == tuple(ChannelLanguage(channel=c, language="zh") for c in (0, 1))
    assert {t.language for t in got.turns} == {"zh"}


def test_a_channel_that_surely_speaks_another_language_is_transcribed_in_it(settings: Settings) -> None:
    parrot = Parrot(heard_language=("zh", 0.9), languages_of={0: ("en", 0.95)})
    got = transcribe(parrot, settings, audio(40), *SPOKEN, language=None)
    assert got.language == "zh"
    assert [(c.channel, c.language) for c in got.channel_languages] == [(0, "en"), (1, "zh")]
    assert asked_in(parrot) == {0: {("en", DOMAIN_PROMPTS["en"])}, 1: {("zh", DOMAIN_PROMPTS["zh"])}}
    assert [t.language for t in got.turns] == ["en", "zh", "en", "zh"]
    assert got.engine.options["prompt"] == {"en": DOMAIN_PROMPTS["en"], "zh": DOMAIN_PROMPTS["zh"]}


def test_a_channel_that_is_not_sure_is_transcribed_in_the_calls_language(settings: Settings) -> None:
    parrot = Parrot(heard_language=("zh", 0.9), languages_of={0: ("en", 0.6)})
    got = transcribe(parrot, settings, audio(40), *SPOKEN, language=None)
    assert [(c.channel, c.language, c.confidence) for c in got.channel_languages] == [(0, "zh", 0.0), (1, "zh", 0.9)]
    assert asked_in(parrot)[0] == {("zh", DOMAIN_PROMPTS["zh"])}


def test_a_few_seconds_prove_no_language(settings: Settings) -> None:
    parrot = Parrot(heard_language=("zh", 0.9), languages_of={1: ("en", 0.99)})
    got = transcribe(parrot, settings, audio(40), (0, 0, 12), (1, 13, 17.5), language=None)
    assert [c.language for c in got.channel_languages] == ["zh", "zh"]


def test_another_language_is_named_and_not_transcribed(settings: Settings) -> None:
    parrot = Parrot(heard_language=("fr", 0.8))
    got = transcribe(parrot, settings, audio(30), (0, 1, 5), language=None)
    assert (got.language, got.turns, parrot.asked) == ("fr", (), [])
    assert got.coverage == Coverage(speech_s=4.0, transcribed_s=0.0, ratio=0.0)
    assert got.channel_languages == (ChannelLanguage(channel=0, language="fr", confidence=0.8),)


def test_a_channel_in_another_language_that_has_no_rules_takes_the_calls(settings: Settings) -> None:
    parrot = Parrot(heard_language=("zh", 0.95), languages_of={0: ("fr", 0.9)})
    got = transcribe(parrot, settings, audio(40), *SPOKEN, language=None)
    assert (got.language, [c.language for c in got.channel_languages]) == ("zh", ["zh", "zh"])
