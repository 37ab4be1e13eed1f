"""Decoder on openai-whisper (extra ``torch``): the reference, and any checkpoint that it can load.

Its stock decoder pads every clip to 30 s and takes one clip at a time. Here clips of like length share a batch and are
padded as on the other engine: the encoder's layers are called on fewer frames, with the first positions.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from functools import cached_property
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, Any

import numpy as np

from qa_service.audio.types import SAMPLE_RATE, Samples
from qa_service.errors import ErrorCode, SetupError
from qa_service.records import EngineInfo, Word
from qa_service.settings import Settings
from qa_service.speech.devices import Device, choose
from qa_service.speech.faster import NO_REPEAT, most_tokens
from qa_service.speech.holder import shared
from qa_service.speech.languages import check_language
from qa_service.speech.protocol import Decoded, Encoded
from qa_service.speech.torch_whisper import Aligned, NoRepeat, encode, free, load
from qa_service.speech.weights import Weights, resolve
from qa_service.speech.windows import PAD_S, WHOLE_S

if TYPE_CHECKING:
    from whisper.tokenizer import Tokenizer

#: Samples between two mel frames.
HOP = 160
CAREFUL_BEAM = 5


@dataclass(frozen=True)
class _Loaded:
    """A model and its turn: the decoder's cache hangs on the model's layers, so one batch is decoded at a time."""

    model: Any
    turn: threading.Lock = field(default_factory=threading.Lock)


class OpenAIWhisperDecoder:
    """One openai-whisper model, loaded at the first clip and shared with every decoder that wants the same.

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
    def device(self) -> Device:
        return choose(self.settings, "openai-whisper")

    @property
    def batch_s(self) -> float:
        """Seconds of sound that one batch may hold on this device."""
        return self.device.batch_s

    @property
    def workers(self) -> int:
        """One: torch spreads a batch over the cores, and the decoder's cache hangs on the model."""
        return 1

    def info(self) -> EngineInfo:
        return EngineInfo(
            name="openai-whisper",
            version=self._version,
            model=self.weights.name,
            weights_sha256=self.weights.sha256,
            options={
                "beam_size": self.settings.beam_size,
                "beam_below": 0.0,
                "compute_type": self.device.compute_type,
                "device": self.device.kind,
                "pad_s": PAD_S,
            },
        )

    def encode(self, clips: Sequence[Samples], padded_s: float) -> list[Encoded]:
        with self._loaded() as loaded, loaded.turn:
            sounds = self._encoded(loaded.model, clips, padded_s)
        return [Encoded(clip, sound) for clip, sound in zip(clips, sounds, strict=True)]

    def languages(self, encoded: Sequence[Encoded]) -> list[Mapping[str, float]]:
        with self._loaded() as loaded, loaded.turn:
            check_language(self.weights.name, loaded.model.is_multilingual, None)
            from whisper.decoding import detect_language

            _, chances = detect_language(Aligned(loaded.model), _stacked(encoded))
        return [{str(code): float(chance) for code, chance in found.items()} for found in chances]

    def decode(self, encoded: Sequence[Encoded], language: str, prompt: str, *, careful: bool = False) -> list[Decoded]:
        with self._loaded() as loaded, loaded.turn:
            check_language(self.weights.name, loaded.model.is_multilingual, language)
            return self._decode(loaded.model, encoded, language, prompt, careful)

    def _loaded(self) -> AbstractContextManager[_Loaded]:
        weights, device = self.weights, self.device
        key = ("openai-whisper", weights.path, weights.sha256, device.name, device.compute_type, device.threads)
        holder = shared(
            key,
            lambda: _Loaded(load(weights, device)),
            lambda held: free(held.model),
            idle_s=self.settings.model_idle_s,
        )
        return holder.use()

    def _decode(
        self, model: Any, encoded: Sequence[Encoded], language: str, prompt: str, careful: bool
    ) -> list[Decoded]:
        task = self._task(model, language, prompt, careful, most_tokens(encoded))
        # It would encode what it is given, and counts on one clip where it searches with beams.
        task._get_audio_features = lambda given: given.repeat_interleave(task.n_group, dim=0)
        task._detect_language = lambda _features, _tokens: ([language] * len(encoded), None)
        results = task.run(_stacked(encoded))
        words = [
            _words(model, task.tokenizer, result.tokens, heard.sound, heard.clip)
            for result, heard in zip(results, encoded, strict=True)
        ]
        return [
            Decoded(text="".join(w.text for w in found).strip(), words=found, avg_logprob=_rounded(r.avg_logprob))
            for r, found in zip(results, words, strict=True)
        ]

    def _task(self, model: Any, language: str, prompt: str, careful: bool, most: int) -> Any:
        """What is to be decoded. ``careful`` searches the other way, without loops: the same way finds the same."""
        from whisper.decoding import DecodingOptions, DecodingTask

        beams = self.settings.beam_size if self.settings.beam_size > 1 else None
        if careful:
            beams = None if beams else CAREFUL_BEAM
        options = DecodingOptions(
            language=language,
            beam_size=beams,
            prompt=prompt or None,
            without_timestamps=True,
            sample_len=most,
            fp16=self.device.compute_type == "float16",
        )
        task = DecodingTask(model, options)
        if careful:
            task.logit_filters.append(NoRepeat(NO_REPEAT, task.sample_begin))
        return task

    def _encoded(self, model: Any, clips: Sequence[Samples], length_s: float) -> Any:
        """Sound as the decoder takes it, clips × positions × width, of clips padded with silence to ``length_s``."""
        import torch
        import whisper

        size = int(length_s * SAMPLE_RATE) // (2 * HOP) * (2 * HOP)
        mels = [
            whisper.log_mel_spectrogram(np.pad(c[:size], (0, size - min(c.size, size))), n_mels=model.dims.n_mels)
            for c in clips
        ]
        return encode(model, torch.stack(mels).to(model.device), half=self.device.compute_type == "float16")


def _stacked(encoded: Sequence[Encoded]) -> Any:
    import torch

    return torch.stack([e.sound for e in encoded])


def _words(model: Any, tokenizer: Tokenizer, tokens: list[int], encoded: Any, clip: Samples) -> tuple[Word, ...]:
    """Word times and probabilities by cross-attention."""
    from whisper.timing import find_alignment

    spoken = [t for t in tokens if t < tokenizer.eot]
    if not spoken:
        return ()
    found = find_alignment(Aligned(model), tokenizer, spoken, encoded, min(int(WHOLE_S * 100), clip.size // HOP))
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


def _rounded(logprob: float) -> float:
    return round(float(logprob), 4)
