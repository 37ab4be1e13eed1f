"""The two networks that ship under models/speakers/, checked against the manifest and loaded once."""

from __future__ import annotations

import hashlib
import json
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from qa_service.errors import ErrorCode, SetupError
from qa_service.settings import Settings, bundled

if TYPE_CHECKING:
    from onnxruntime import InferenceSession

Network = Literal["campplus", "segmentation"]


def network(name: Network, settings: Settings) -> InferenceSession:
    """The network in onnxruntime on the CPU; loaded at first use and kept for the life of the process.

    Raises:
        SetupError: MODEL_NOT_FOUND, MODEL_CORRUPT (wrong sha256), SETTINGS_INVALID (no manifest).
    """
    return _loaded(bundled("models", settings.models_dir), name, settings.cpu_threads)


def shipped(folder: Path) -> dict[str, dict[str, Any]]:
    """Files that ship with the installation, by name, as ``manifest.json`` lists them."""
    path = folder / "manifest.json"
    try:
        return {m["name"]: m for m in json.loads(path.read_text(encoding="utf-8"))["shipped"]}
    except (OSError, ValueError, KeyError, TypeError) as wrong:
        raise SetupError(ErrorCode.SETTINGS_INVALID, f"{path} cannot be read: {wrong}.", "Install again.") from None


@lru_cache(maxsize=4)
def _loaded(folder: Path, name: str, threads: int) -> InferenceSession:
    from onnxruntime import InferenceSession, SessionOptions

    options = SessionOptions()
    options.intra_op_num_threads = threads
    options.log_severity_level = 3
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")  # others share the cores
    return InferenceSession(_checked(folder, name), options, providers=["CPUExecutionProvider"])


def _checked(folder: Path, name: str) -> bytes:
    """The file's bytes: what is checked is what is loaded."""
    entry = shipped(folder).get(name, {})
    file: Path = folder / entry.get("file", f"speakers/{name}.onnx")
    if not entry or not file.is_file():
        raise SetupError(ErrorCode.MODEL_NOT_FOUND, f"The weights {file} are missing.", "Install the package again.")
    content = file.read_bytes()
    if hashlib.sha256(content).hexdigest() != entry.get("sha256"):
        raise SetupError(ErrorCode.MODEL_CORRUPT, f"{file} does not have the expected sha256.", "Install again.")
    return content
