"""The classifier that the settings ask for, checked and shared by all of a process."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path

from qa_service.classify.card import Card, Files
from qa_service.classify.near import FILES as NEAREST
from qa_service.classify.near import Near
from qa_service.classify.passages import Reader
from qa_service.classify.protocol import Classifier, Runtime
from qa_service.classify.turns import TurnClassifier
from qa_service.classify.wide import FILES as WORDINGS
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
    *WORDINGS,
    *NEAREST,
    "plain.safetensors",
    "plain.onnx",
)
LEARNED = ("conduct.safetensors", *WORDINGS, *NEAREST, "card.json")
"""What was learned, and how it is weighed: the other files change only with the first."""
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
    wide = [Wide.read(files.folder / name) for name in _wordings(files.card)]
    near = [Near.read(files.folder / name) for name in _nearest(files.card)]
    return TurnClassifier(runtime, Reader(files.folder / "tokenizer.json"), files.card, wide, near)


def _wordings(card: Card) -> list[str]:
    """The linear models that count; weights of one's own may have been written before there was one of each."""
    return [name for name, columns in WORDINGS.items() if card.shares(columns[0])[1]]


def _nearest(card: Card) -> list[str]:
    """The same of the nearest utterances."""
    return list(NEAREST) if card.near_requirements else []


def _shipped(models: Path) -> Files:
    """Every file against its hash in the manifest: nothing is loaded that was changed."""
    names = {e["file"]: name for name, e in shipped(models).items()}
    for part in PARTS:
        checked(models, names.get(f"{FOLDER}/{part}", f"{FOLDER}/{part}"))
    entries = [shipped(models)[names[f"{FOLDER}/{part}"]] for part in LEARNED]
    return Files(models / FOLDER, _together(str(entry["sha256"]) for entry in entries))


def _own(folder: Path) -> Files:
    """Weights of the operator's own, as scripts/train_conduct.py writes them; their hash goes into each result."""
    _demand(folder, [part for part in PARTS if part not in (*WORDINGS, *NEAREST)])
    card = Files(folder, "").card
    _demand(folder, [*_wordings(card), *_nearest(card)])
    learned = [folder / part for part in LEARNED if (folder / part).is_file()]
    return Files(folder, _together(hashlib.sha256(file.read_bytes()).hexdigest() for file in learned))


def _demand(folder: Path, parts: Iterable[str]) -> None:
    for part in parts:
        if not (folder / part).is_file():
            raise SetupError(
                ErrorCode.MODEL_NOT_FOUND,
                f"{folder / part} is missing.",
                "QA_CLASSIFIER_DIR must be a folder that scripts/train_conduct.py wrote.",
            )


def _together(hashes: Iterable[str]) -> str:
    """One hash for all that was learned: whichever part of it changes, a result tells another."""
    return hashlib.sha256(" ".join(hashes).encode()).hexdigest()


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
