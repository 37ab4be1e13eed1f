"""The classifier that the settings ask for, checked and shared by all of a process."""

from __future__ import annotations

import hashlib
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path

from qa_service.classify.card import Files
from qa_service.classify.passages import Reader
from qa_service.classify.protocol import Classifier, Runtime
from qa_service.classify.turns import TurnClassifier
from qa_service.classify.wide import Wide
from qa_service.errors import ErrorCode, SetupError
from qa_service.settings import Settings, bundled
from qa_service.shipped import checked, shipped

PARTS = (
    "card.json",
    "config.json",
    "tokenizer.json",
    "words.safetensors",
    "conduct.safetensors",
    "conduct.onnx",
    "wide.safetensors",
    "plain.safetensors",
    "plain.onnx",
)
FOLDER = "conduct"
NVIDIA = Path("/dev/nvidiactl")
"""There where a driver is: without one torch, which takes seconds to load, need not be asked."""


def create_classifier(settings: Settings) -> Classifier | None:
    """The classifier, whose networks load at first use; None where it is switched off.

    Raises:
        SetupError: MODEL_NOT_FOUND, MODEL_CORRUPT (a file is not what the manifest says), ENGINE_MISSING (torch is
            asked for and not installed), DEVICE_MISSING (a GPU is asked for that torch does not see).
    """
    if settings.classifier == "off":
        return None
    device = _device(settings)
    kind = settings.classifier
    if kind == "auto":
        kind = "torch" if device.startswith("cuda") else "onnx"
    own = settings.classifier_dir
    folder = own or bundled("models", settings.models_dir)
    return _created(folder, own is not None, kind, device, settings.cpu_threads)


@lru_cache(maxsize=2)
def _created(folder: Path, own: bool, kind: str, device: str, threads: int) -> Classifier:
    files = _own(folder) if own else _shipped(folder)
    runtime: Runtime
    if kind == "torch":
        from qa_service.classify.torch import TorchRuntime

        runtime = TorchRuntime(files, device=device, threads=threads)
    else:
        from qa_service.classify.onnx import OnnxRuntime

        runtime = OnnxRuntime(files, threads=threads)
    wide = Wide.read(files.folder / "wide.safetensors")
    return TurnClassifier(runtime, Reader(files.folder / "tokenizer.json"), files.card, wide)


def _shipped(models: Path) -> Files:
    """Every file against its hash in the manifest: nothing is loaded that was changed."""
    names = {e["file"]: name for name, e in shipped(models).items()}
    for part in PARTS:
        checked(models, names.get(f"{FOLDER}/{part}", f"{FOLDER}/{part}"))
    weights = shipped(models)[names[f"{FOLDER}/conduct.safetensors"]]
    return Files(models / FOLDER, str(weights["sha256"]))


def _own(folder: Path) -> Files:
    """Weights of the operator's own, as scripts/train_conduct.py writes them; their hash goes into each result."""
    for part in PARTS:
        if not (folder / part).is_file():
            raise SetupError(
                ErrorCode.MODEL_NOT_FOUND,
                f"{folder / part} is missing.",
                "QA_CLASSIFIER_DIR must be a folder that scripts/train_conduct.py wrote.",
            )
    content = (folder / "conduct.safetensors").read_bytes()
    return Files(folder, hashlib.sha256(content).hexdigest())


def _device(settings: Settings) -> str:
    """A GPU where torch is installed and sees one, unless the settings say CPU."""
    asked = settings.classifier == "torch" or (settings.classifier == "auto" and NVIDIA.exists())
    if settings.device == "cpu" or not asked or find_spec("torch") is None:
        return "cpu"
    import torch

    if torch.cuda.is_available():
        return f"cuda:{settings.device_index}"
    if settings.device == "cuda" and settings.classifier == "torch":
        raise SetupError(ErrorCode.DEVICE_MISSING, "torch sees no GPU.", "Set QA_DEVICE=cpu or QA_CLASSIFIER=onnx.")
    return "cpu"
