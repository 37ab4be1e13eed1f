"""Decoder on CTranslate2, by faster-whisper: int8 on CPUs, float16 on GPUs.

The encoder takes fewer mel frames than 30 s hold, so windows pay for their own length and a little silence behind.
On a CPU each core decodes batches of its own (less waiting than two cores on one batch), greedily first; what the
model is unsure of is decoded again with beams from the same encoding. A GPU takes large batches and beams at once.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from qa_service.audio.types import SAMPLE_RATE, Samples
from qa_service.records import EngineInfo, Word
from qa_service.settings import Settings
from qa_service.speech.ct2 import held
from qa_service.speech.devices import Device, choose
from qa_service.speech.languages import check_language
from qa_service.speech.protocol import Decoded, Encoded
from qa_service.speech.weights import Weights, resolve
from qa_service.speech.windows import PAD_S

if TYPE_CHECKING:
    from faster_whisper import WhisperModel
    from faster_whisper.tokenizer import Tokenizer

#: More tokens than this a second are no speech; it bounds the cost of a loop.
TOKENS_PER_S, TOKENS_AT_LEAST = 14, 12
#: Tokens that a decode and its prompt may have together; a decode by itself may have half of them.
CONTEXT_TOKENS = 448
#: A greedy decode whose tokens are less likely than this on average is decoded again with beams.
UNSURE_BELOW = -0.4
#: Where a loop is feared no run of so many tokens may come twice.
NO_REPEAT = 6
#: Seconds that go through the encoder at once: its attention needs 1 MB a second and layer.
ENCODE_S = 60.0
#: More batches at once than this gain nothing: they wait for the same memory.
MOST_WORKERS = 8

Floats = NDArray[np.float32]


class FasterWhisperDecoder:
    """One CTranslate2 model, loaded at the first clip and shared with every decoder that wants the same."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings

    @cached_property
    def weights(self) -> Weights:
        return resolve(self.settings.model, self.settings, "faster-whisper")

    @cached_property
    def device(self) -> Device:
        return choose(self.settings, "faster-whisper")

    @property
    def batch_s(self) -> float:
        """Seconds of sound that one batch may hold on this device."""
        return self.device.batch_s

    @property
    def workers(self) -> int:
        return min(MOST_WORKERS, self.device.threads) if self.device.kind == "cpu" else 1

    def _model(self) -> AbstractContextManager[WhisperModel]:
        return held(self.weights, self.device, self.settings, workers=self.workers).use()

    def info(self) -> EngineInfo:
        from importlib.metadata import version

        return EngineInfo(
            name="faster-whisper",
            version=f"{version('faster-whisper')} ctranslate2 {version('ctranslate2')}",
            model=self.weights.name,
            weights_sha256=self.weights.sha256,
            options={
                "beam_size": self.settings.beam_size,
                "beam_below": UNSURE_BELOW if self._greedy_first else 0.0,
                "compute_type": self.device.compute_type,
                "device": self.device.kind,
                "pad_s": PAD_S,
            },
        )

    @property
    def _greedy_first(self) -> bool:
        return self.device.kind == "cpu" and self.settings.beam_size > 1

    def encode(self, clips: Sequence[Samples], padded_s: float) -> list[Encoded]:
        """See :class:`~qa_service.speech.protocol.Decoder`; ``sound`` is a float32 array in main memory."""
        at_once = max(1, int(ENCODE_S / padded_s)) if self.device.kind == "cpu" else len(clips)
        found: list[Encoded] = []
        with self._model() as model:
            for start in range(0, len(clips), at_once):
                part = clips[start : start + at_once]
                sounds = np.array(model.model.encode(_storage(_features(model, part, padded_s)), to_cpu=True))
                found += [Encoded(clip, sound) for clip, sound in zip(part, sounds, strict=True)]
        return found

    def languages(self, encoded: Sequence[Encoded]) -> list[Mapping[str, float]]:
        with self._model() as model:
            check_language(self.weights.name, model.model.is_multilingual, None)
            found = model.model.detect_language(_stacked(encoded))
        return [{token[2:-2]: float(chance) for token, chance in chances} for chances in found]

    def decode(self, encoded: Sequence[Encoded], language: str, prompt: str, *, careful: bool = False) -> list[Decoded]:
        with self._model() as model:
            check_language(self.weights.name, model.model.is_multilingual, language)
            tokenizer = _tokenizer(model, language)
            before = tokenizer.encode(" " + prompt) if prompt else []
            head = model.get_prompt(tokenizer, before, without_timestamps=True)
            results = self._search(model, tokenizer, encoded, head, careful)
            tokens = [[t for t in r.sequences_ids[0] if t < tokenizer.eot] for r in results]
            words = _words(model, tokenizer, tokens, encoded)
        return [
            Decoded(text="".join(w.text for w in found).strip(), words=found, avg_logprob=_mean_logprob(r))
            for r, found in zip(results, words, strict=True)
        ]

    def _search(
        self, model: WhisperModel, tokenizer: Tokenizer, encoded: Sequence[Encoded], head: list[int], careful: bool
    ) -> list[Any]:
        """The best token sequence of each clip."""
        greedy = self._greedy_first and not careful
        found = self._generate(model, tokenizer, encoded, head, 1 if greedy else self.settings.beam_size, careful)
        unsure = [i for i, r in enumerate(found) if greedy and _mean_logprob(r) < UNSURE_BELOW]
        if unsure:
            again = self._generate(
                model, tokenizer, [encoded[i] for i in unsure], head, self.settings.beam_size, careful=False
            )
            for i, better in zip(unsure, again, strict=True):
                found[i] = better
        return found

    def _generate(
        self,
        model: WhisperModel,
        tokenizer: Tokenizer,
        encoded: Sequence[Encoded],
        head: list[int],
        beams: int,
        careful: bool,
    ) -> list[Any]:
        most = most_tokens(encoded)
        return list(
            model.model.generate(
                _stacked(encoded),
                [head] * len(encoded),
                beam_size=beams,
                max_length=max(len(head) - 1 + most, 2 * most),  # the new tokens get half of it at most
                return_scores=True,
                suppress_blank=True,
                suppress_tokens=_suppressed(tokenizer),
                **({"no_repeat_ngram_size": NO_REPEAT} if careful else {}),
            )
        )


def most_tokens(encoded: Sequence[Encoded]) -> int:
    """For each clip of a batch. It follows from their padded length, so that a loop is as long in any company."""
    return min(CONTEXT_TOKENS // 2, int(TOKENS_AT_LEAST + TOKENS_PER_S * (encoded[0].padded_s - PAD_S)))


def _features(model: WhisperModel, clips: Sequence[Samples], length_s: float) -> Floats:
    """Log-mel features, clips × mels × frames, of clips padded with silence to ``length_s``."""
    size = int(length_s * SAMPLE_RATE)
    extractor = model.feature_extractor
    frames = size // extractor.hop_length // 2 * 2
    padded = [np.pad(c[:size], (0, size - min(c.size, size))) for c in clips]
    return np.stack([extractor(p)[:, :frames] for p in padded]).astype(np.float32)


def _tokenizer(model: WhisperModel, language: str) -> Tokenizer:
    from faster_whisper.tokenizer import Tokenizer

    return Tokenizer(model.hf_tokenizer, model.model.is_multilingual, task="transcribe", language=language)


def _words(
    model: WhisperModel, tokenizer: Tokenizer, tokens: list[list[int]], encoded: Sequence[Encoded]
) -> list[tuple[Word, ...]]:
    """Word times and probabilities by cross-attention, as openai/whisper finds them."""
    if not any(tokens):
        return [()] * len(tokens)
    hop = model.feature_extractor.hop_length
    frames = [min(e.clip.size, int(e.padded_s * SAMPLE_RATE)) // hop for e in encoded]
    spoken = [t or [tokenizer.eot] for t in tokens]
    found = model.find_alignment(tokenizer, spoken, _stacked(encoded), frames)
    return [
        tuple(_word(w, e.clip.size / SAMPLE_RATE) for w in words if w["word"].strip()) if said else ()
        for words, said, e in zip(found, tokens, encoded, strict=True)
    ]


def _word(found: dict[str, Any], length_s: float) -> Word:
    start, end = (min(max(0.0, float(found[k])), length_s) for k in ("start", "end"))
    probability = min(1.0, max(0.0, float(found["probability"])))
    return Word(text=found["word"], start_s=round(start, 3), end_s=round(end, 3), probability=round(probability, 4))


def _mean_logprob(result: Any) -> float:
    return round(float(result.scores[0]), 4) if result.scores else 0.0


def _storage(values: Floats) -> Any:
    from faster_whisper.transcribe import get_ctranslate2_storage

    return get_ctranslate2_storage(values)


def _stacked(encoded: Sequence[Encoded]) -> Any:
    return _storage(np.stack([e.sound for e in encoded]))


def _suppressed(tokenizer: Tokenizer) -> Any:
    from faster_whisper.transcribe import get_suppressed_tokens

    return get_suppressed_tokens(tokenizer, [-1])
