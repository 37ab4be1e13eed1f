"""An openai-whisper model and the parts of it that our decoder calls one by one."""

from __future__ import annotations

import pickle
from typing import Any

from qa_service.errors import ErrorCode, SetupError
from qa_service.speech.devices import Device
from qa_service.speech.weights import Weights


def load(weights: Weights, device: Device) -> Any:
    """Raises SetupError: MODEL_CORRUPT, or DEVICE_MISSING where the GPU refuses."""
    import torch
    import whisper

    torch.set_num_threads(device.threads)
    try:
        model = whisper.load_model(str(weights.path), device=device.name)
    except torch.cuda.OutOfMemoryError as wrong:
        message = f"GPU {device.index} has no room for model {weights.name}: {wrong}"
        raise SetupError(ErrorCode.DEVICE_MISSING, message, "Take a smaller model or QA_DEVICE=cpu.") from wrong
    except (RuntimeError, KeyError, TypeError, EOFError, pickle.UnpicklingError) as wrong:
        message = f"The weights in {weights.path} cannot be loaded: {type(wrong).__name__}."
        raise SetupError(ErrorCode.MODEL_CORRUPT, message, "Delete the file and run again.") from wrong
    _set_alignment_heads(model, weights.name)
    return model


def free(model: Any) -> None:
    """A GPU gives memory back only when asked; the caller drops the last reference."""
    if model.device.type == "cuda":
        import torch

        model.to("cpu")
        torch.cuda.empty_cache()


def _set_alignment_heads(model: Any, name: str) -> None:
    """A checkpoint of our own does not say which heads follow the sound; openai-whisper knows it of its models."""
    import whisper

    known = getattr(whisper, "_ALIGNMENT_HEADS", {}).get(name)
    if known:
        try:
            model.set_alignment_heads(known)
        except RuntimeError:  # another model by that name: the default heads stay
            return


def encode(model: Any, mel: Any, *, half: bool) -> Any:
    """What ``model.encoder`` does, on fewer frames than 30 s: clips × bins × frames → clips × frames / 2 × width."""
    import torch
    from torch.nn import functional

    encoder = model.encoder
    with torch.no_grad():
        x = functional.gelu(encoder.conv1(mel.half() if half else mel))
        x = functional.gelu(encoder.conv2(x)).permute(0, 2, 1)
        x = (x + encoder.positional_embedding[: x.shape[1]]).to(x.dtype)
        for block in encoder.blocks:
            x = block(x)
        return encoder.ln_post(x)


class Aligned:
    """A model whose sound is encoded already: openai-whisper's aligner and language detection would encode it again."""

    def __init__(self, model: Any) -> None:
        self._model = model

    def __getattr__(self, name: str) -> Any:
        return getattr(self._model, name)

    @staticmethod
    def encoder(encoded: Any) -> Any:
        """Asked for whatever is not 30 s long."""
        return encoded

    def __call__(self, encoded: Any, tokens: Any) -> Any:
        return self._model.decoder(tokens, encoded)


class NoRepeat:
    """A filter of openai-whisper's decoder: no run of ``size`` tokens comes twice (CTranslate2 has it built in)."""

    def __init__(self, size: int, begin: int) -> None:
        self._size = size
        self._begin = begin

    def apply(self, logits: Any, tokens: Any) -> None:
        """``logits``: rows × vocabulary, changed in place; ``tokens``: rows × tokens so far."""
        size = self._size
        for row, said in enumerate(tokens[:, self._begin :].tolist()):
            tail = said[len(said) - size + 1 :]
            for at in range(len(said) - size + 1):
                if said[at : at + size - 1] == tail:
                    logits[row, said[at + size - 1]] = float("-inf")
