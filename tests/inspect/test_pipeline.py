"""The order of stages with the real rooms; only the speech engine is replaced, at its one seam."""

from __future__ import annotations

import wave
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from qa_service.errors import ErrorCode
from qa_service.inspect.pipeline import Inspector, OnTiming
from qa_service.records import (
    CallFacts,
    CallStatus,
    Coverage,
    EngineInfo,
    ProgressEvent,
    Role,
    Roles,
    RoleSource,
    Transcript,
    Turn,
)
from qa_service.rules.load import Pack
from qa_service.settings import Settings
from qa_service.speech.protocol import SpeechJob

SAMPLES = Path(__file__).resolve().parent.parent.parent / "samples" / "calls"


def transcript(*texts: str, language: str | None = "zh", ratio: float | None = None) -> Transcript:
    turns = tuple(
        Turn(index=i, role=Role.AGENT, start_s=i * 3.0, end_s=i * 3.0 + 2, text=t) for i, t in enumerate(texts)
    )
    return Transcript(
        language=language, duration_s=60.0, turns=turns, coverage=Coverage(speech_s=10.0, ratio=ratio),
        roles=Roles(source=RoleSource.METADATA, confidence=1.0), engine=EngineInfo(name="none"),
    )  # fmt: skip


class Heard:
    """A transcriber that hears what it is told; the one fake."""

    def __init__(self, result: Transcript) -> None:
        self.result = result
        self.together: list[list[SpeechJob]] = []

    @property
    def asked(self) -> list[SpeechJob]:
        return [job for jobs in self.together for job in jobs]

    def info(self) -> EngineInfo:
        return self.result.engine

    def transcribe(self, job: SpeechJob) -> Transcript:
        return self.transcribe_all([job])[0]

    def transcribe_all(self, jobs: Sequence[SpeechJob]) -> list[Transcript]:
        self.together.append(list(jobs))
        for job in jobs:
            if job.progress:
                job.progress(1.0, 2.0)
        return [self.result] * len(jobs)


_PACKS: dict[str, Pack] = {}


def ready(settings: Settings, *, transcriber: Heard | None = None, on_timing: OnTiming | None = None) -> Inspector:
    """An inspector whose rules are those of the tests before: to load them takes seconds."""
    made = Inspector(settings, transcriber=transcriber, on_timing=on_timing)
    made._packs = _PACKS
    return made


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(data_dir=tmp_path, _env_file=None)  # type: ignore[call-arg]


def test_a_threat_becomes_a_cited_finding_and_costs_points(settings: Settings) -> None:
    got = ready(settings).inspect_transcript(
        transcript("再不还钱我就找人打断你的腿"), CallFacts(jurisdiction="CN", callee_role="debtor"), call_id="C-1"
    )
    assert got.status is CallStatus.INSPECTED
    threat = next(f for f in got.findings if "CN-THREAT-01" in f.requirements)
    assert threat.turns == (0,)
    assert threat.quote in "再不还钱我就找人打断你的腿"
    assert got.score
    assert got.score.points < 100
    assert got.made_by
    assert got.made_by.packs[0].behaviour_sha256


def test_the_same_input_gives_the_same_bytes(settings: Settings) -> None:
    said = transcript("您好，我是受银行委托的远方公司，工号一零一", "不还就让你坐牢")
    first = Inspector(settings).inspect_transcript(said, CallFacts(), call_id="C-1").model_dump_json()
    assert Inspector(settings).inspect_transcript(said, CallFacts(), call_id="C-1").model_dump_json() == first


@pytest.mark.parametrize(
    ("said", "code"),
    [
        (transcript("  "), ErrorCode.NO_SPEECH),
        (transcript("bonjour", language="fr"), ErrorCode.LANGUAGE_UNSUPPORTED),
        (transcript("您好", language=None), ErrorCode.LANGUAGE_UNSUPPORTED),
        (transcript("您好", ratio=0.3), ErrorCode.LOW_COVERAGE),
    ],
)
def test_what_cannot_be_judged_is_not_assessable_and_has_no_score(
    settings: Settings, said: Transcript, code: ErrorCode
) -> None:
    got = ready(settings).inspect_transcript(said, CallFacts(), call_id="C-1")
    assert (got.status, got.score, got.findings) == (CallStatus.NOT_ASSESSABLE, None, ())
    assert got.error
    assert got.error.code == code


def test_a_call_without_a_pack_says_for_what(settings: Settings) -> None:
    settings = settings.model_copy(update={"default_jurisdiction_zh": "XX"})
    got = ready(settings).inspect_transcript(transcript("您好"), CallFacts(), call_id="C-1")
    assert got.error
    assert got.error.code == ErrorCode.PACK_NOT_FOUND
    assert "jurisdiction XX, language zh" in got.error.message


@pytest.mark.parametrize("role", [Role.CUSTOMER, Role.UNKNOWN])
def test_a_call_without_a_word_of_the_agent_has_no_score(settings: Settings, role: Role) -> None:
    said = transcript("我没钱")
    said = said.model_copy(update={"turns": tuple(t.model_copy(update={"role": role}) for t in said.turns)})
    got = ready(settings).inspect_transcript(said, CallFacts(), call_id="C-1")
    assert (got.status, got.score) == (CallStatus.INSPECTED, None)


def test_an_assumed_jurisdiction_is_said(settings: Settings) -> None:
    got = ready(settings).inspect_transcript(transcript("您好"), CallFacts(), call_id="C-1")
    assert got.made_by
    assert any("jurisdiction" in note for note in got.made_by.plan_notes)


def test_a_jurisdiction_without_a_pack_is_not_called_clean(settings: Settings) -> None:
    got = ready(settings).inspect_transcript(transcript("您好"), CallFacts(jurisdiction="BR"), call_id="C-1")
    assert got.status is CallStatus.NOT_ASSESSABLE
    assert got.score is None
    assert got.error
    assert got.error.code == ErrorCode.PACK_NOT_FOUND


def silent_wav(path: Path, seconds: float = 5.0) -> Path:
    with wave.open(str(path), "wb") as out:
        out.setnchannels(2)
        out.setsampwidth(2)
        out.setframerate(8000)
        out.writeframes(np.zeros(int(8000 * seconds) * 2, np.int16).tobytes())
    return path


def test_silence_is_not_assessable_and_never_clean(settings: Settings, tmp_path: Path) -> None:
    got = ready(settings, transcriber=Heard(transcript("x"))).inspect_audio(
        silent_wav(tmp_path / "s.wav"), CallFacts(), call_id="C-1"
    )
    assert got.status is CallStatus.NOT_ASSESSABLE
    assert got.error
    assert got.error.code == ErrorCode.NO_SPEECH
    assert got.duration_s == pytest.approx(5.0, abs=0.1)


AT_NIGHT = {"started_at": "2026-11-17T23:30:00+08:00", "direction": "outbound", "callee_role": "debtor"}


@pytest.mark.parametrize("said", [transcript("  "), transcript("您好", ratio=0.3), transcript("您好", language=None)])
@pytest.mark.parametrize("language", ["zh", None])
def test_what_needs_no_words_is_judged_without_them(settings: Settings, said: Transcript, language: str | None) -> None:
    sent = CallFacts.model_validate({**AT_NIGHT, "jurisdiction": "CN", "language": language})
    got = ready(settings).inspect_transcript(said, sent, call_id="C-1")
    assert (got.status, got.score) == (CallStatus.NOT_ASSESSABLE, None)
    assert [finding.rule_id for finding in got.findings] == ["CN-COLL-TIME-1"]
    assert {m.rule_id: m.reason for m in got.not_assessed}["CN-COLL-FREQ-2"].startswith("missing_fact: history.")


def test_a_silent_recording_is_judged_by_its_facts(settings: Settings, tmp_path: Path) -> None:
    inspector = ready(settings, transcriber=Heard(transcript("x")))
    sent = CallFacts.model_validate({**AT_NIGHT, "jurisdiction": "CN"})
    got = inspector.inspect_audio(silent_wav(tmp_path / "s.wav"), sent, call_id="C-1")
    assert [finding.rule_id for finding in got.findings] == ["CN-COLL-TIME-1"]
    nowhere = sent.model_copy(update={"jurisdiction": None})
    assert inspector.inspect_audio(tmp_path / "s.wav", nowhere, call_id="C-1").findings == ()


def test_a_bad_file_is_a_failed_result_not_an_exception(settings: Settings, tmp_path: Path) -> None:
    bad = tmp_path / "bad.mp3"
    bad.write_text("not sound at all " * 50)
    got = ready(settings).inspect_audio(bad, CallFacts(), call_id="C-1")
    assert got.status is CallStatus.FAILED
    assert got.error
    assert got.error.code == ErrorCode.NOT_AUDIO


def test_stages_run_in_order_and_tell_their_progress_and_time(settings: Settings) -> None:
    events: list[ProgressEvent] = []
    times: list[str] = []
    ear = Heard(transcript("您好", ratio=1.0))
    inspector = ready(settings, transcriber=ear, on_timing=lambda stage, seconds: times.append(stage))
    path = SAMPLES / "D-ZH-003.mp3"
    got = inspector.inspect_audio(path, CallFacts(channels="agent_right"), call_id="C-1", on_progress=events.append)
    assert got.status is CallStatus.INSPECTED
    assert [e.stage for e in events] == ["decode", "transcribe", "evaluate", "done"]
    assert times == ["decode", "transcribe", "measure", "classify", "evaluate"]
    assert [e.call_id for e in events] == ["C-1"] * 4
    assert got.measures
    assert got.measures.duration_s > 10
    assert got.quality
    (asked,) = ear.asked
    assert asked.channel_roles == (Role.CUSTOMER, Role.AGENT)
    assert asked.language is None
    assert asked.vocabulary
    assert "逾期" in asked.vocabulary("zh").prompt
