"""Weights that come as packages of the installation, in parts: joined into the cache and checked."""

from __future__ import annotations

import errno
import importlib.util
import shutil
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

from qa_service.errors import ErrorCode, SetupError
from qa_service.speech.checksum import sha256_of

_NO_ROOM = {errno.ENOSPC, errno.EDQUOT}
#: Nobody unpacks for so long: what is older was left behind by a process that was killed.
_LEFT_BEHIND_S = 3600.0


def unpack(name: str, packaged: dict[str, Any], target: Path) -> None:
    """Join the parts in a folder beside the target, check every sha256, rename: whole or not at all.

    Two processes may do it at once: the second finds the first one's folder in its way and leaves it.

    Args:
        packaged: ``parts`` (package, file in it, name of the file to append to) and ``sha256`` by file name.

    Raises:
        SetupError: MODEL_CORRUPT, STORAGE_FULL, SETTINGS_INVALID when the data folder cannot be written.
    """
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        _sweep(target.parent)
        with tempfile.TemporaryDirectory(dir=target.parent, prefix=".unpack-") as half:
            whole = Path(half) / "whole"
            whole.mkdir()
            for part in packaged["parts"]:
                _append(_package_file(part), whole / part["into"])
            _check(name, whole, packaged["sha256"])
            _put(whole, target)
    except OSError as wrong:
        raise _cannot_write(target, wrong) from wrong


def _package_file(part: dict[str, str]) -> Path:
    """A file inside an installed package, found without importing the package."""
    spec = importlib.util.find_spec(part["package"])
    folder = next(iter(spec.submodule_search_locations or []), None) if spec else None
    if folder is None or not (Path(folder) / part["file"]).is_file():
        message = f"The package {part['package']} holds no {part['file']}."
        raise SetupError(ErrorCode.MODEL_CORRUPT, message, "Install the weight packages again.")
    return Path(folder) / part["file"]


def _sweep(folder: Path) -> None:
    for old in folder.glob(".unpack-*"):
        with suppress(FileNotFoundError):  # another process has just put its own in place
            if time.time() - old.stat().st_mtime > _LEFT_BEHIND_S:
                shutil.rmtree(old, ignore_errors=True)


def _append(source: Path, target: Path) -> None:
    with source.open("rb") as part, target.open("ab") as whole:
        shutil.copyfileobj(part, whole, 1 << 20)


def _check(name: str, folder: Path, wanted: dict[str, str]) -> None:
    for file, sha256 in wanted.items():
        if sha256_of(folder / file) != sha256:
            message = f"{file} of model {name} does not have the expected sha256."
            raise SetupError(ErrorCode.MODEL_CORRUPT, message, "Install the weight packages again.")


def _put(whole: Path, target: Path) -> None:
    try:
        whole.rename(target)
    except OSError:
        if not target.is_dir():  # else another process was first: its copy is as good
            raise


def _cannot_write(target: Path, wrong: OSError) -> SetupError:
    why = wrong.strerror or type(wrong).__name__
    message = f"The weights cannot be unpacked into {target.parent}: {why}."
    if wrong.errno in _NO_ROOM:
        return SetupError(ErrorCode.STORAGE_FULL, message, "Free 200 MB or set QA_DATA_DIR elsewhere.")
    return SetupError(ErrorCode.SETTINGS_INVALID, message, "Set QA_DATA_DIR to a folder that can be written.")
