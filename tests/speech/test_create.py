"""The engine that the settings name; nothing is loaded or asked for until it is needed."""

from __future__ import annotations

import subprocess
import sys
from importlib.metadata import PackageNotFoundError

import pytest

from qa_service.errors import AudioError, ErrorCode, SetupError
from qa_service.settings import Settings
from qa_service.speech import openai
from qa_service.speech.create import create_transcriber
from qa_service.speech.faster import FasterWhisperDecoder
from qa_service.speech.front import TurnTranscriber
from qa_service.speech.languages import check_language


def test_the_light_engine_is_the_default_and_loads_nothing_yet(settings: Settings) -> None:
    got = create_transcriber(settings)
    assert isinstance(got, TurnTranscriber)
    assert isinstance(got.decoder, FasterWhisperDecoder)
    assert not settings.data_dir.exists()


def test_an_engine_that_is_not_installed_says_how_to_get_it(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    def missing(name: str) -> str:
        raise PackageNotFoundError(name)

    monkeypatch.setattr(openai, "version", missing)
    with pytest.raises(SetupError) as raised:
        create_transcriber(settings.model_copy(update={"engine": "openai-whisper"}))
    assert raised.value.code is ErrorCode.ENGINE_MISSING
    assert "[torch]" in raised.value.hint


@pytest.mark.parametrize("language", ["auto", "zh"])
def test_an_english_model_is_refused_where_calls_may_be_in_mandarin(settings: Settings, language: str) -> None:
    asked = settings.model_copy(update={"model": "base.en", "default_language": language})
    with pytest.raises(SetupError) as raised:
        create_transcriber(asked)
    assert raised.value.code is ErrorCode.SETTINGS_INVALID
    assert "QA_DEFAULT_LANGUAGE=en" in raised.value.hint
    assert "QA_MODEL=base" in raised.value.hint
    assert create_transcriber(asked.model_copy(update={"default_language": "en"}))


@pytest.mark.parametrize("language", ["zh", None])
def test_an_english_model_refuses_a_mandarin_call(language: str | None) -> None:
    with pytest.raises(AudioError) as raised:
        check_language("base.en", False, language)
    assert raised.value.code is ErrorCode.LANGUAGE_UNSUPPORTED
    check_language("base.en", False, "en")
    check_language("base", True, language)


def test_weights_that_are_missing_are_told_when_they_are_needed(settings: Settings) -> None:
    got = create_transcriber(settings.model_copy(update={"model": "large-v3"}))
    with pytest.raises(SetupError) as raised:
        got.info()
    assert raised.value.code is ErrorCode.MODEL_NOT_FOUND


def test_choosing_an_engine_imports_no_heavy_library() -> None:
    code = (
        "import sys; from qa_service.settings import Settings; from qa_service.speech.create import create_transcriber;"
        "create_transcriber(Settings(_env_file=None)); heavy = {'torch', 'whisper', 'faster_whisper', 'ctranslate2'};"
        "print(sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
