"""The front's prompts, its batches over calls and threads, its progress, and what ends it."""

from __future__ import annotations

import threading
import time

import pytest

from qa_service.settings import Settings
from qa_service.speech.front import TurnTranscriber
from qa_service.speech.prompts import DOMAIN_PROMPTS
from qa_service.speech.protocol import Decoded
from qa_service.text.terms import Term, Vocabulary
from tests.speech.fakes import NOTHING, Asked, Parrot, Spoken, audio, fills, job, said, transcribe

SOUND = ("今", "天", "能", "不", "能", "处", "理", "一", "下", "呢")


@pytest.mark.parametrize(
    ("domain", "given", "used"),
    [
        (True, None, DOMAIN_PROMPTS["zh"]),
        (False, None, ""),
        (True, "", ""),
        (True, "仲裁", "仲裁"),
        (False, "仲裁", ""),
    ],
)
def test_the_prompt_is_the_calls_or_the_domains_and_is_recorded(
    settings: Settings, domain: bool, given: str | None, used: str
) -> None:
    parrot = Parrot()
    chosen = settings.model_copy(update={"domain_prompt": domain})
    vocabulary = None if given is None else lambda language: Vocabulary(prompt=given)
    got = transcribe(parrot, chosen, audio(30), (0, 1, 5), vocabulary=vocabulary)
    assert {a.prompt for a in parrot.asked} == {used}
    assert got.engine.options == {"beam_size": 1, "prompt": {"zh": used} if used else {}}
    assert got.engine.weights_sha256 == "0" * 64


def test_without_prompts_terms_are_read_all_the_same(settings: Settings) -> None:
    terms = Vocabulary(prompt="逾期。", terms=(Term("逾期"), Term("信用卡")))
    chosen = settings.model_copy(update={"domain_prompt": False})
    parrot = Parrot(lambda asked: said("信用", "卡于", "期", "了"))
    got = transcribe(parrot, chosen, audio(30), (0, 1, 3), vocabulary=lambda language: terms)
    assert (got.turns[0].text, {a.prompt for a in parrot.asked}) == ("信用卡逾期了", {""})


def test_windows_are_padded_alike_and_share_batches_of_bounded_length(settings: Settings) -> None:
    parrot = Parrot(batch_s=80.0)
    spoken: list[Spoken] = [(0, i * 20.0, i * 20.0 + 17 + i / 100) for i in range(12)]
    got = transcribe(parrot, settings, audio(250), *spoken)
    assert len(parrot.asked) == len(got.turns) == 12
    assert sorted(a.length_s for a in parrot.asked) == pytest.approx([17 + i / 100 for i in range(12)], abs=0.001)
    assert {padded for _, padded in parrot.padded} == {19.0, 20.0}
    assert {len(a.batch) for a in parrot.asked if a.length_s > 17} <= {3, 4}


def test_progress_rises_to_the_whole(settings: Settings) -> None:
    seen: list[tuple[float, float]] = []
    spoken = [(i % 2, i * 4.0, i * 4.0 + 3) for i in range(20)]
    parrot = Parrot(workers=2)
    transcribe(parrot, settings, audio(90), *spoken, progress=lambda done, total: seen.append((done, total)))
    assert [d for d, _ in seen] == sorted(d for d, _ in seen)
    assert seen[-1] == pytest.approx((60.0, 60.0))
    assert len(seen) >= 3


def test_calls_heard_together_are_each_as_heard_alone(settings: Settings) -> None:
    """Turns that are doubted, gaps and languages of their own among them."""

    def say(asked: Asked) -> Decoded:
        if asked.at_s % 3 < 1 and not asked.careful:
            return said(*SOUND, probability=0.2)
        return fills(asked) if asked.at_s < 38 else NOTHING

    def parrot() -> Parrot:
        return Parrot(say, batch_s=30.0, workers=3, languages_of={1: ("en", 0.9)})

    jobs = [
        job(audio(60 + n), *((i % 2, i * 4.0 + n, i * 4.0 + n + 1 + i / 8) for i in range(12)), language=language)
        for n, language in enumerate([None, "zh", None, "en"])
    ]
    together = TurnTranscriber(parrot(), settings).transcribe_all(jobs)
    alone = [TurnTranscriber(parrot(), settings).transcribe(j) for j in jobs]
    assert [t.model_dump_json() for t in together] == [t.model_dump_json() for t in alone]
    flags = {f for t in together for turn in t.turns for f in turn.flags}
    assert flags >= {"not_transcribed", "disagreement"}
    assert TurnTranscriber(parrot(), settings).transcribe_all([]) == []


MANY: list[Spoken] = [(0, i * 15.0, i * 15.0 + 10 + (i % 7) / 10) for i in range(40)]


def test_what_progress_raises_ends_the_rest_and_comes_out(settings: Settings) -> None:
    def say(asked: Asked) -> Decoded:
        time.sleep(0.03)
        return fills(asked)

    def stop(done: float, total: float) -> None:
        raise InterruptedError("lease lost")

    parrot = Parrot(say, batch_s=14.0)
    with pytest.raises(InterruptedError, match="lease lost"):
        transcribe(parrot, settings, audio(620), *MANY, progress=stop)
    assert 0 < len(parrot.asked) < len(MANY)


def test_what_a_batch_raises_ends_the_rest_and_comes_out(settings: Settings) -> None:
    asked_for = threading.Event()

    def say(asked: Asked) -> Decoded:
        if not asked_for.is_set():
            asked_for.set()
            raise MemoryError("no room")
        time.sleep(0.03)
        return fills(asked)

    parrot = Parrot(say, batch_s=14.0, workers=2)
    with pytest.raises(MemoryError, match="no room"):
        transcribe(parrot, settings, audio(620), *MANY)
    assert 0 < len(parrot.asked) < len(MANY)
