"""The engine that settings name, lazily."""

from __future__ import annotations

from qa_service.settings import Settings
from qa_service.speech.front import TurnTranscriber
from qa_service.speech.protocol import Decoder, Transcriber


def create_transcriber(settings: Settings) -> Transcriber:
    """A transcriber whose weights load at the first call.

    Raises:
        SetupError: ENGINE_MISSING when the engine's packages are not installed.
    """
    decoder: Decoder
    if settings.engine == "openai-whisper":
        from qa_service.speech.openai import OpenAIWhisperDecoder

        decoder = OpenAIWhisperDecoder(settings)
    else:
        from qa_service.speech.faster import FasterWhisperDecoder

        decoder = FasterWhisperDecoder(settings)
    return TurnTranscriber(decoder, settings)
