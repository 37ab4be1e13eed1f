"""Real weights, unpacked once a session; sample calls with what was said in them; the scorer of the evaluation."""

from __future__ import annotations

import importlib
import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from qa_service.audio.decode import decode
from qa_service.audio.types import Audio, SpeechSpan
from qa_service.audio.vad import detect_speech
from qa_service.records import Role, Roles, RoleSource, Transcript
from qa_service.settings import Settings
from qa_service.speech.protocol import SpeechJob, Transcriber

ROOT = Path(__file__).resolve().parent.parent.parent
ROLES = Roles(source=RoleSource.CHANNEL, confidence=1.0)


@dataclass(frozen=True)
class Sample:
    """A stereo sample call, the agent on the left, and its labels."""

    audio: Audio
    spans: tuple[SpeechSpan, ...]
    labels: dict[str, Any]

    def job(self, language: str | None = None) -> SpeechJob:
        return SpeechJob(self.audio, self.spans, (Role.AGENT, Role.CUSTOMER), ROLES, language)

    def heard(self, transcriber: Transcriber, language: str | None = None) -> Transcript:
        return transcriber.transcribe(self.job(language))


@pytest.fixture(scope="session")
def real(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """Settings over a cache that the packaged weights are unpacked into once."""
    return Settings(data_dir=tmp_path_factory.mktemp("weights"), _env_file=None)  # type: ignore[call-arg]


@pytest.fixture(scope="session")
def samples() -> dict[str, Sample]:
    """The shortest Mandarin and English samples."""
    labels = json.loads((ROOT / "samples/labels.json").read_text(encoding="utf-8"))
    settings = Settings(_env_file=None)  # type: ignore[call-arg]
    found = {}
    for language, name in (("zh", "D-ZH-003.mp3"), ("en", "D-EN-002.mp3")):
        audio = decode(ROOT / "samples/calls" / name, settings)
        own = {**labels[name.partition(".")[0]], "language": language}
        found[language] = Sample(audio, detect_speech(audio), own)
    return found


@pytest.fixture(scope="session")
def scorer() -> Iterator[ModuleType]:
    """scripts/eval_speech.py as a module."""
    sys.path.insert(0, str(ROOT / "scripts"))
    try:
        yield importlib.import_module("eval_speech")
    finally:
        sys.path.remove(str(ROOT / "scripts"))
