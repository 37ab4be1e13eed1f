"""The engine that settings name, lazily."""

from __future__ import annotations

from qa_service.settings import Settings
from qa_service.speech.front import TurnTranscriber
from qa_service.speech.languages import check_settings
from qa_service.speech.protocol import Decoder, Transcriber


def create_transcriber(settings: Settings) -> Transcriber:
    """A transcriber whose weights load at the first call.

    Raises:
        SetupError: ENGINE_MISSING when the engine's packages are not installed, SETTINGS_INVALID for an English-only
            model where calls may be in another language.
    """
    check_settings(settings)
    decoder: Decoder
    if settings.engine == "openai-whisper":
        from qa_service.speech.openai import OpenAIWhisperDecoder

        decoder = OpenAIWhisperDecoder(settings)
    else:
        from qa_service.speech.faster import FasterWhisperDecoder

        decoder = FasterWhisperDecoder(settings)
    return TurnTranscriber(decoder, settings)
