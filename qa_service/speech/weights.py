"""Weights by name: a path, the cache in the data folder, or packages of the installation. Downloads only in `fetch`.

In the cache (``QA_DATA_DIR/models``) ``whisper-NAME/`` is a CTranslate2 folder and ``openai-whisper-NAME.pt`` a
checkpoint.
"""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from qa_service.errors import ErrorCode, SetupError
from qa_service.settings import Settings, bundled
from qa_service.speech.checksum import corrupt, identified, sha256_of, verified
from qa_service.speech.devices import Engine
from qa_service.speech.packaged import unpack

State = Literal["here", "packaged", "to fetch"]
#: Without these faster-whisper would look for them on the internet.
CT2_FILES = ("model.bin", "config.json", "tokenizer.json")
_FETCHED = ["model.bin", "config.json", "preprocessor_config.json", "tokenizer.json", "vocabulary.*"]


@dataclass(frozen=True)
class Weights:
    """Weights on this machine: a CTranslate2 folder, or an openai-whisper checkpoint file."""

    name: str
    path: Path
    sha256: str


@dataclass(frozen=True)
class ModelState:
    """A line of `qa models list`."""

    name: str
    state: State
    note: str


def manifest(settings: Settings) -> dict[str, dict[str, Any]]:
    """Models by name, as models/manifest.json lists them."""
    path = bundled("models", settings.models_dir) / "manifest.json"
    try:
        return {m["name"]: m for m in json.loads(path.read_text(encoding="utf-8"))["models"]}
    except (OSError, ValueError, KeyError, TypeError) as wrong:
        raise SetupError(ErrorCode.SETTINGS_INVALID, f"{path} cannot be read: {wrong}.", "Install again.") from None


def resolve(name: str, settings: Settings, engine: Engine | None = None) -> Weights:
    """Find weights on this machine; packaged ones are unpacked into the cache at first use.

    Args:
        name: of the manifest, an alias of one, or a path (anything with a separator, or what is a file or folder here).
        engine: whose format is wanted; by default that of the settings.

    Raises:
        SetupError: MODEL_NOT_FOUND, MODEL_CORRUPT (wrong sha256), STORAGE_FULL, SETTINGS_INVALID (cannot write),
            ENGINE_MISSING (torch is needed to convert).
    """
    engine = engine or settings.engine
    known = manifest(settings)
    name = _canonical(name, known)
    if name not in known and (os.sep in name or Path(name).exists()):
        return _local(Path(name), settings, engine)
    if engine == "openai-whisper":
        return _checkpoint(name, settings)
    folder = settings.weights_dir / f"whisper-{name}"
    entry = known.get(name, {})
    if not folder.is_dir() and _packages_here(entry):
        unpack(name, entry["packaged"], folder)
    if not folder.is_dir():
        raise _missing(name, known)
    _complete(name, folder)
    wanted = entry.get("packaged", {}).get("sha256", {})
    _check_small_files(folder, wanted)
    return Weights(name, folder, verified(folder / "model.bin", wanted.get("model.bin")))


def available(settings: Settings) -> list[ModelState]:
    """Every model of the manifest and whether it is here."""
    out = []
    for name, entry in manifest(settings).items():
        state = _state(name, entry, settings)
        also = "".join(f", also called {alias}" for alias in entry.get("aliases", ()))
        advice = f": qa models fetch {name}" if state == "to fetch" else ""
        out.append(ModelState(name, state, f"{entry['title']}{also} ({entry['licence']}){advice}"))
    return out


def fetch(name: str, settings: Settings) -> Weights:
    """Bring weights to this machine: packaged ones are unpacked, others downloaded because the operator asked.

    An interrupted download is taken up again; only a whole one comes into the cache.

    Raises:
        SetupError: MODEL_NOT_FOUND when nothing of this name can be had; else as `resolve`.
    """
    known = manifest(settings)
    name = _canonical(name, known)
    if name not in known:
        raise _missing(name, known)
    if _state(name, known[name], settings) == "to fetch":
        _download(name, known[name], settings)
    return resolve(name, settings)


def _canonical(name: str, known: dict[str, dict[str, Any]]) -> str:
    """``turbo`` → ``large-v3-turbo``; other names as they are."""
    return next((n for n, entry in known.items() if name in entry.get("aliases", ())), name)


def _state(name: str, entry: dict[str, Any], settings: Settings) -> State:
    root = settings.weights_dir
    if (root / f"whisper-{name}" / "model.bin").is_file():
        return "here"
    if settings.engine == "openai-whisper" and (root / f"openai-whisper-{name}.pt").is_file():
        return "here"
    return "packaged" if _packages_here(entry) else "to fetch"


def _packages_here(entry: dict[str, Any]) -> bool:
    parts = entry.get("packaged", {}).get("parts", [])
    return bool(parts) and all(importlib.util.find_spec(p["package"]) for p in parts)


def _missing(name: str, known: dict[str, dict[str, Any]]) -> SetupError:
    if name not in known:
        aliases = [alias for entry in known.values() for alias in entry.get("aliases", ())]
        hint = f"Names are {', '.join([*known, *aliases])}; a path of a folder with weights works too."
        return SetupError(ErrorCode.MODEL_NOT_FOUND, f"There is no model named {name}.", hint)
    hint = f"Fetch them with `qa models fetch {name}`, or set QA_MODEL to a folder that holds some."
    if "download" not in known[name]:
        hint = "They come as packages of the installation: install the service again with its requirements."
    return SetupError(ErrorCode.MODEL_NOT_FOUND, f"The weights of model {name} are not on this machine.", hint)


def _local(path: Path, settings: Settings, engine: Engine) -> Weights:
    """Weights of the operator's own, where they lie; they may be replaced at any time."""
    name = path.resolve().stem
    if path.is_dir():
        _complete(name, path)
        found = Weights(name, path, identified(path / "model.bin"))
        return found if engine == "faster-whisper" else _converted(f"{name}-{found.sha256[:12]}", found, settings)
    if not path.is_file():
        raise SetupError(ErrorCode.MODEL_NOT_FOUND, f"{path} does not exist.", "Correct QA_MODEL.")
    if engine == "faster-whisper":
        hint = "Set QA_MODEL to a folder in CTranslate2 format, or QA_ENGINE=openai-whisper for a .pt checkpoint."
        raise SetupError(ErrorCode.MODEL_NOT_FOUND, f"{path} is no folder of CTranslate2 weights.", hint)
    return Weights(name, path, identified(path))


def _complete(name: str, folder: Path) -> None:
    """Refuse a CTranslate2 folder that lacks a file."""
    for file in CT2_FILES:
        if not (folder / file).is_file():
            hint = f"Delete the folder and run `qa models fetch {name}`, or correct QA_MODEL."
            raise SetupError(ErrorCode.MODEL_NOT_FOUND, f"{folder} holds no {file}.", hint)


def _check_small_files(folder: Path, wanted: dict[str, str]) -> None:
    """These are cheap to read whole every time; the model file is read when it was touched."""
    for file, sha256 in wanted.items():
        if file != "model.bin" and (not (folder / file).is_file() or sha256_of(folder / file) != sha256):
            raise corrupt(folder / file)


def _checkpoint(name: str, settings: Settings) -> Weights:
    """An openai-whisper checkpoint: from the cache, or made from the CTranslate2 weights (the same numbers)."""
    target = settings.weights_dir / f"openai-whisper-{name}.pt"
    if target.is_file():
        return Weights(name, target, verified(target))
    return _converted(name, resolve(name, settings, "faster-whisper"), settings)


def _converted(name: str, source: Weights, settings: Settings) -> Weights:
    target = settings.weights_dir / f"openai-whisper-{name}.pt"
    if not target.is_file():
        from qa_service.speech.convert import to_openai

        target.parent.mkdir(parents=True, exist_ok=True)
        to_openai(source.path, target)
    return Weights(source.name, target, verified(target))


def _download(name: str, entry: dict[str, Any], settings: Settings) -> None:
    root = settings.weights_dir
    if "download" not in entry:
        raise _missing(name, {name: entry})
    part = root / f".fetch-{settings.engine}-{name}"
    os.environ["HF_HUB_DISABLE_TELEMETRY"] = "1"
    try:
        part.mkdir(parents=True, exist_ok=True)
        if settings.engine == "openai-whisper":
            _download_checkpoint(name, part).replace(root / f"openai-whisper-{name}.pt")
        else:
            _download_folder(entry["download"], part)
            part.rename(root / f"whisper-{name}")
    except (OSError, ValueError, RuntimeError) as wrong:  # the hub's are OSErrors, openai-whisper's RuntimeErrors
        why = str(wrong).strip().partition("\n")[0][:200] or type(wrong).__name__
        message = f"Model {name} could not be downloaded: {why}"
        raise SetupError(ErrorCode.MODEL_NOT_FOUND, message, "Check the connection and the free space.") from wrong


def _download_folder(repository: str, into: Path) -> None:
    """A repository of the Hugging Face hub; what is already in ``into`` is not fetched again.

    Raises:
        OSError: of any kind; a connection that breaks is no OSError in every version of the hub's HTTP client.
    """
    from huggingface_hub import errors, snapshot_download

    broken: type[Exception] = errors.HTTPError  # type: ignore[attr-defined, unused-ignore]
    try:
        snapshot_download(repository, local_dir=into, allow_patterns=_FETCHED)
    except broken as wrong:
        raise ConnectionError(str(wrong)) from wrong
    shutil.rmtree(into / ".cache", ignore_errors=True)


def _download_checkpoint(name: str, into: Path) -> Path:
    """openai-whisper downloads, checks its own sha256 and loads."""
    try:
        import whisper
    except ImportError:
        hint = "Install the extra: pip install '.[torch]'"
        raise SetupError(ErrorCode.ENGINE_MISSING, "openai-whisper is not installed.", hint) from None
    whisper.load_model(name, device="cpu", download_root=str(into))
    return next(into.glob("*.pt"))
