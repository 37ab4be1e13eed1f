"""Weights that come with the installation: listed in ``models/manifest.json``, loaded only if their hash is right."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

from qa_service.errors import ErrorCode, SetupError


def shipped(folder: Path) -> dict[str, dict[str, Any]]:
    """Files that ship with the installation, by name, as ``manifest.json`` lists them.

    Raises:
        SetupError: SETTINGS_INVALID where there is no manifest or it cannot be read.
    """
    path = folder / "manifest.json"
    try:
        return {m["name"]: m for m in json.loads(path.read_text(encoding="utf-8"))["shipped"]}
    except (OSError, ValueError, KeyError, TypeError) as wrong:
        raise SetupError(ErrorCode.SETTINGS_INVALID, f"{path} cannot be read: {wrong}.", "Install again.") from None


def checked(folder: Path, name: str) -> tuple[Path, bytes]:
    """The file called ``name`` in the manifest, and its bytes, whose sha256 is right.

    Raises:
        SetupError: MODEL_NOT_FOUND, MODEL_CORRUPT (wrong sha256), SETTINGS_INVALID (no manifest).
    """
    entry = shipped(folder).get(name, {})
    file = folder / entry.get("file", name)
    if not entry or not file.is_file():
        raise SetupError(ErrorCode.MODEL_NOT_FOUND, f"The weights {file} are missing.", "Install the package again.")
    content = file.read_bytes()
    if hashlib.sha256(content).hexdigest() != entry.get("sha256"):
        raise SetupError(ErrorCode.MODEL_CORRUPT, f"{file} does not have the expected sha256.", "Install again.")
    return file, content
