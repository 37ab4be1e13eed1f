"""Speech damage: what recognisers do, no more, and the same each time."""

from __future__ import annotations

import random

from hypothesis import given
from hypothesis import strategies as st

from qa_service.classify.damage import Damage, Shares
from qa_service.classify.passages import Passage, Said
from qa_service.text.correct_en import sound_key
from qa_service.text.pinyin import near_key, syllables

TEXTS = ["再不还款就去你单位", "在家吗,还宽吗", "I will see you, the sea is blue", "their money is there"]
ALL = Shares(sound=1.0, particle=0.0, small=0.0, unmarked=0.0, filler=0.0, cut=0.0)


def test_the_same_chance_does_the_same() -> None:
    damage = Damage(TEXTS)
    text = "再不还款就去你单位,你看着办吧"
    assert damage.text(text, random.Random(1)) == damage.text(text, random.Random(1))
    assert len({damage.text(text, random.Random(i)) for i in range(30)}) > 5


def test_mandarin_is_written_as_it_sounds() -> None:
    text = "再不还款"
    heard = Damage(TEXTS, ALL).text(text, random.Random(2))
    assert len(heard) == len(text)
    keys = [[near_key(s.text) for s in syllables(char)] for char in heard]
    assert keys == [[near_key(s.text) for s in syllables(char)] for char in text]
    assert {Damage(TEXTS, ALL).text(text, random.Random(i)) for i in range(40)} != {text}


def test_english_words_are_exchanged_for_such_that_sound_alike() -> None:
    heard = Damage(TEXTS, ALL).text("there sea", random.Random(5)).split()
    assert [sound_key(w) for w in heard] == [sound_key("there"), sound_key("sea")]


def test_particles_and_marks_get_lost() -> None:
    lossy = Damage([], Shares(sound=0, particle=1, small=1, unmarked=1, filler=0, cut=0))
    assert lossy.text("好的吧,行啊。", random.Random(0)) == "好行"
    assert lossy.text("It is the bill, sir.", random.Random(0)).split() == ["bill", "sir"]


@given(st.text(max_size=60), st.integers(0, 1000))
def test_any_text_stays_a_text(text: str, seed: int) -> None:
    heard = Damage(TEXTS).text(text, random.Random(seed))
    assert isinstance(heard, str)
    assert bool(heard.strip()) == bool(text.strip())


def test_a_passage_keeps_its_speakers_and_gaps() -> None:
    passage = Passage(Said("你好,我是恒信的", "agent"), None, Said("什么事", "customer"))
    heard = Damage(TEXTS).passage(passage, random.Random(3))
    assert heard.before is None
    assert (heard.turn.speaker, heard.after.speaker if heard.after else "") == ("agent", "customer")
