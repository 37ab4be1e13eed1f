"""Decoder on openai-whisper (extra ``torch``): the reference, and any checkpoint that it can load."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import numpy as np

from qa_service.audio.types import SAMPLE_RATE, Samples
from qa_service.errors import ErrorCode, SetupError
from qa_service.records import EngineInfo, Word
from qa_service.settings import Settings
from qa_service.speech.protocol import Decoded
from qa_service.speech.weights import Weights, resolve


class OpenAIWhisperDecoder:
    """One openai-whisper model. Its encoder takes 30 s only, so every clip is padded.

    Raises:
        SetupError: ENGINE_MISSING when openai-whisper is not installed.
    """

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        try:
            self._version = version("openai-whisper")
        except PackageNotFoundError:
            hint = "pip install '.[torch]', or set QA_ENGINE=faster-whisper."
            raise SetupError(ErrorCode.ENGINE_MISSING, "openai-whisper is not installed.", hint) from None

    @cached_property
    def weights(self) -> Weights:
        return resolve(self.settings.model, self.settings, "openai-whisper")

    @cached_property
    def device(self) -> str:
        import torch

        if self.settings.device != "auto":
            return self.settings.device
        return "cuda" if torch.cuda.is_available() else "cpu"

    @cached_property
    def model(self) -> Any:
        import torch
        import whisper

        if self.settings.cpu_threads:
            torch.set_num_threads(self.settings.cpu_threads)
        return whisper.load_model(str(self.weights.path), device=self.device)

    def info(self) -> EngineInfo:
        return EngineInfo(
            name="openai-whisper",
            version=self._version,
            model=self.weights.name,
            weights_sha256=self.weights.sha256,
            options={"beam_size": self.settings.beam_size, "device": self.device, "fp16": self.device == "cuda"},
        )

    def detect_language(self, clip: Samples) -> tuple[str, float]:
        _, chances = self.model.detect_language(self._mel(clip))
        code = max(chances, key=chances.get)
        return str(code), float(chances[code])

    def decode(self, clips: Sequence[Samples], language: str, prompt: str, *, careful: bool = False) -> list[Decoded]:
        """Words of clips, one after another; ``careful`` is greedy: beams would find the same again."""
        return [self._decode(c, language, prompt, careful) for c in clips]

    def _decode(self, clip: Samples, language: str, prompt: str, careful: bool) -> Decoded:
        import whisper

        options = whisper.DecodingOptions(
            language=language,
            beam_size=None if careful else self.settings.beam_size,
            prompt=prompt or None,
            without_timestamps=True,
            fp16=self.device == "cuda",
        )
        mel = self._mel(clip)
        result = whisper.decode(self.model, mel, options)
        words = self._words(result.tokens, mel, clip, language)
        text = "".join(w.text for w in words).strip()
        return Decoded(text=text, words=words, avg_logprob=round(float(result.avg_logprob), 4))

    def _mel(self, clip: Samples) -> Any:
        import whisper

        padded = whisper.pad_or_trim(np.ascontiguousarray(clip))
        return whisper.log_mel_spectrogram(padded, n_mels=self.model.dims.n_mels).to(self.model.device)

    def _words(self, tokens: list[int], mel: Any, clip: Samples, language: str) -> tuple[Word, ...]:
        from whisper.timing import find_alignment
        from whisper.tokenizer import get_tokenizer

        tokenizer = get_tokenizer(self.model.is_multilingual, num_languages=self.model.num_languages, language=language)
        spoken = [t for t in tokens if t < tokenizer.eot]
        if not spoken:
            return ()
        found = find_alignment(self.model, tokenizer, spoken, mel, min(3000, clip.size // 160))
        length = clip.size / SAMPLE_RATE
        return tuple(
            Word(
                text=w.word,
                start_s=round(min(max(0.0, float(w.start)), length), 3),
                end_s=round(min(max(0.0, float(w.end)), length), 3),
                probability=round(min(1.0, max(0.0, float(w.probability))), 4),
            )
            for w in found
            if w.word.strip()
        )
