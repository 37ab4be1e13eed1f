"""Load and free a CTranslate2 Whisper model, as faster-whisper wraps it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qa_service.audio.blas import one_thread
from qa_service.errors import ErrorCode, SetupError
from qa_service.settings import Settings
from qa_service.speech.devices import Device
from qa_service.speech.holder import Holder, shared
from qa_service.speech.weights import Weights

if TYPE_CHECKING:
    from faster_whisper import WhisperModel


def held(weights: Weights, device: Device, settings: Settings, *, workers: int = 1) -> Holder[WhisperModel]:
    """The process's holder of these weights. ``workers`` batches run at once, each on its share of the threads."""
    key = ("faster-whisper", weights.path, weights.sha256, device.name, device.compute_type, device.threads, workers)
    return shared(key, lambda: load(weights, device, workers), free, idle_s=settings.model_idle_s)


def load(weights: Weights, device: Device, workers: int = 1) -> WhisperModel:
    """Raises SetupError: MODEL_CORRUPT, or DEVICE_MISSING where the GPU refuses."""
    from faster_whisper import WhisperModel

    one_thread()
    try:
        model = WhisperModel(
            str(weights.path),
            device=device.kind,
            device_index=device.index,
            compute_type=device.compute_type,
            cpu_threads=max(1, device.threads // workers),
            num_workers=workers,
            local_files_only=True,
        )
    except (RuntimeError, ValueError) as wrong:
        raise _refused(weights, device, wrong) from wrong
    _fit_mels(model)
    return model


def free(model: WhisperModel) -> None:
    model.model.unload_model()


def _fit_mels(model: WhisperModel) -> None:
    """Features as the weights want them: large-v3 takes 128 bins, and its folder may lack the file that says so."""
    from faster_whisper.feature_extractor import FeatureExtractor

    if model.feature_extractor.mel_filters.shape[0] != model.model.n_mels:
        model.feature_extractor = FeatureExtractor(**{**model.feat_kwargs, "feature_size": model.model.n_mels})


def _refused(weights: Weights, device: Device, wrong: Exception) -> SetupError:
    if device.kind == "cuda":
        message = f"GPU {device.index} cannot be used in {device.compute_type}: {wrong}."
        return SetupError(ErrorCode.DEVICE_MISSING, message, "Set QA_COMPUTE_TYPE or QA_DEVICE=cpu (docs/engines.md).")
    message = f"The weights in {weights.path} cannot be loaded: {wrong}."
    return SetupError(ErrorCode.MODEL_CORRUPT, message, "Delete the folder and run again.")
