"""The two networks that ship under models/speakers/, checked against the manifest and loaded once."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from qa_service.settings import Settings, bundled
from qa_service.shipped import checked

if TYPE_CHECKING:
    from onnxruntime import InferenceSession

Network = Literal["campplus", "segmentation"]


def network(name: Network, settings: Settings) -> InferenceSession:
    """The network in onnxruntime on the CPU; loaded at first use and kept for the life of the process.

    Raises:
        SetupError: MODEL_NOT_FOUND, MODEL_CORRUPT (wrong sha256), SETTINGS_INVALID (no manifest).
    """
    return _loaded(bundled("models", settings.models_dir), name, settings.cpu_threads)


@lru_cache(maxsize=4)
def _loaded(folder: Path, name: str, threads: int) -> InferenceSession:
    from onnxruntime import InferenceSession, SessionOptions

    options = SessionOptions()
    options.intra_op_num_threads = threads
    options.log_severity_level = 3
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")  # others share the cores
    return InferenceSession(checked(folder, name)[1], options, providers=["CPUExecutionProvider"])
