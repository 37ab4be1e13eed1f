"""Several recordings inspected together: in their order, each with its own result, none spoilt by another."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from qa_service.audio.decode import decode
from qa_service.errors import AudioError, ErrorCode, SetupError
from qa_service.inspect.job import AudioJob
from qa_service.inspect.pipeline import Inspector
from qa_service.records import CallFacts, CallStatus, Inspection, ProgressEvent, Transcript
from qa_service.settings import Settings
from qa_service.speech.protocol import SpeechJob
from tests.audio.sounds import tones, write_wav
from tests.inspect.test_pipeline import SAMPLES, Heard, transcript


@pytest.fixture(scope="module")
def speech(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The first seconds of a sample."""
    audio = decode(SAMPLES / "D-ZH-003.mp3", Settings(_env_file=None))  # type: ignore[call-arg]
    start = np.stack(audio.channels)[:, : 4 * audio.sample_rate].clip(-1, 1)
    return write_wav(tmp_path_factory.mktemp("s") / "s.wav", (start * 32767).astype(np.int16), audio.sample_rate)


@pytest.fixture
def jobs(speech: Path, tmp_path: Path) -> list[AudioJob]:
    """Speech, no sound at all, speech, silence, speech in a declared language."""
    bad = Path(shutil.copy(__file__, tmp_path / "bad.wav"))
    silent = write_wav(tmp_path / "silent.wav", tones(3, 0, 0))
    english = CallFacts(language="en")
    paths = [(speech, CallFacts()), (bad, CallFacts()), (speech, CallFacts()), (silent, CallFacts()), (speech, english)]
    return [AudioJob(path, facts, f"C-{n}") for n, (path, facts) in enumerate(paths)]


class OneByOne(Heard):
    """Refuses a declared language; ``refused`` together with others."""

    def transcribe_all(self, jobs: Sequence[SpeechJob]) -> list[Transcript]:
        super().transcribe_all(jobs)
        if any(job.language == "en" for job in jobs):
            raise AudioError(ErrorCode.LANGUAGE_UNSUPPORTED, "This model hears Mandarin only.")
        return [self.result] * len(jobs)


def statuses(found: Sequence[Inspection | Exception]) -> list[tuple[str, CallStatus, str | None]]:
    assert all(isinstance(f, Inspection) for f in found)
    return [(f.call_id, f.status, f.error and f.error.code) for f in found if isinstance(f, Inspection)]


def test_calls_with_speech_are_transcribed_together_and_each_has_its_result(
    jobs: list[AudioJob], settings: Settings
) -> None:
    ear = Heard(transcript("您好", ratio=1.0))
    events: list[ProgressEvent] = []
    got = Inspector(settings, transcriber=ear).inspect_many(jobs, on_progress=events.append)
    assert statuses(got) == [
        ("C-0", CallStatus.INSPECTED, None),
        ("C-1", CallStatus.FAILED, ErrorCode.NOT_AUDIO),
        ("C-2", CallStatus.INSPECTED, None),
        ("C-3", CallStatus.NOT_ASSESSABLE, ErrorCode.NO_SPEECH),
        ("C-4", CallStatus.INSPECTED, None),
    ]
    assert [[job.language for job in together] for together in ear.together] == [[None, None, "en"]]
    assert [e.call_id for e in events if e.stage == "transcribe"] == ["C-0", "C-2", "C-4"]
    assert [e.call_id for e in events if e.stage == "done"] == ["C-0", "C-2", "C-4"]


def test_a_call_that_the_engine_cannot_hear_does_not_take_the_others_with_it(
    jobs: list[AudioJob], settings: Settings
) -> None:
    ear = OneByOne(transcript("您好", ratio=1.0))
    got = Inspector(settings, transcriber=ear).inspect_many(jobs)
    assert [code for _, _, code in statuses(got)] == [
        None, ErrorCode.NOT_AUDIO, None, ErrorCode.NO_SPEECH, ErrorCode.LANGUAGE_UNSUPPORTED,
    ]  # fmt: skip
    assert [len(together) for together in ear.together] == [3, 1, 1, 1]


def test_a_broken_installation_is_raised(jobs: list[AudioJob], settings: Settings) -> None:
    class Broken(Heard):
        def transcribe_all(self, jobs: Sequence[SpeechJob]) -> list[Transcript]:
            raise SetupError(ErrorCode.MODEL_NOT_FOUND, "no weights")

    with pytest.raises(SetupError, match="no weights"):
        Inspector(settings, transcriber=Broken(transcript("x"))).inspect_many(jobs)


def test_what_the_listener_raises_comes_out(jobs: list[AudioJob], settings: Settings) -> None:
    def stop(event: ProgressEvent) -> None:
        if event.stage == "transcribe":
            raise InterruptedError("lease lost")

    with pytest.raises(InterruptedError):
        Inspector(settings, transcriber=Heard(transcript("x"))).inspect_many(jobs, on_progress=stop)


def test_what_nobody_foresaw_is_that_calls_own(
    jobs: list[AudioJob], settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    inspector = Inspector(settings, transcriber=Heard(transcript("您好", ratio=1.0)))
    judge = inspector._judge

    def breaks(said: Transcript, measures: object, facts: CallFacts, call_id: str) -> Inspection:
        if call_id == "C-2":
            raise KeyError("x")
        return judge(said, measures, facts, call_id)  # type: ignore[arg-type]

    monkeypatch.setattr(inspector, "_judge", breaks)
    got = inspector.inspect_many(jobs)
    assert isinstance(got[2], KeyError)
    assert [isinstance(g, Inspection) for g in got] == [True, True, False, True, True]


def test_nothing_to_inspect(settings: Settings) -> None:
    ear = Heard(transcript("x"))
    assert Inspector(settings, transcriber=ear).inspect_many([]) == []
    assert ear.together == []
