"""Weights of a few bytes: files of a model, packages that carry one in parts, and a CTranslate2 file to convert."""

from __future__ import annotations

import hashlib
import json
import struct
from pathlib import Path
from typing import Any

import numpy as np

CONTENT = {"model.bin": b"first half, second half", "config.json": b"{}", "tokenizer.json": b'{"t": 1}'}


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def model_folder(folder: Path, **changes: bytes | None) -> Path:
    """A CTranslate2 folder; ``model_bin=None`` leaves model.bin out, and so on."""
    folder.mkdir(parents=True)
    for name, content in CONTENT.items():
        chosen = changes.get(name.replace(".", "_"), content)
        if chosen is not None:
            (folder / name).write_bytes(chosen)
    return folder


def packages(
    site: Path, *, first: str = "qa_test_weights_1", second: str = "qa_test_weights_2"
) -> list[dict[str, str]]:
    """Two packages in ``site`` that carry a model in parts; returns the manifest's ``parts``."""
    halves = {first: {"model.bin.part1": CONTENT["model.bin"][:11]}, second: {"model.bin.part2": b""}}
    halves[second] = {"model.bin.part2": CONTENT["model.bin"][11:], **{k: CONTENT[k] for k in list(CONTENT)[1:]}}
    parts = []
    for package, files in halves.items():
        (site / package / "data").mkdir(parents=True)
        (site / package / "__init__.py").write_text("raise AssertionError('weights are found without importing')\n")
        for file, content in files.items():
            (site / package / "data" / file).write_bytes(content)
            into = "model.bin" if file.startswith("model.bin") else file
            parts.append({"package": package, "file": f"data/{file}", "into": into})
    return parts


def manifest(folder: Path, *models: dict[str, Any]) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "manifest.json").write_text(json.dumps({"models": list(models)}), encoding="utf-8")
    return folder


def model(name: str, **more: Any) -> dict[str, Any]:
    return {"name": name, "title": f"Whisper {name}", "licence": "MIT", "source": "made up", **more}


def packaged(name: str, parts: list[dict[str, str]], **wrong: str) -> dict[str, Any]:
    """A manifest's entry; ``model_bin="…"`` gives a sha256 that its file does not have."""
    wanted = {file: wrong.get(file.replace(".", "_"), sha256(content)) for file, content in CONTENT.items()}
    return model(name, packaged={"parts": parts, "sha256": wanted})


def ct2_file(path: Path, *, spec: str = "WhisperSpec", kind: int = 4, width: int = 64, layers: int = 2) -> Path:
    """A Whisper model as CTranslate2 writes it, with random numbers. ``kind`` 4 is float16, 1 is int8."""
    rng = np.random.default_rng(3)
    shapes: dict[str, tuple[int, ...]] = {
        "encoder/conv1/weight": (width, 80, 3), "encoder/conv1/bias": (width,),
        "encoder/conv2/weight": (width, width, 3), "encoder/conv2/bias": (width,),
        "encoder/position_encodings/encodings": (1500, width), "decoder/position_encodings/encodings": (448, width),
        "decoder/embeddings/weight": (51865, width),
    }  # fmt: skip
    for side in ("encoder", "decoder"):
        shapes |= _norm(f"{side}/layer_norm", width)
        for n in range(layers):
            shapes |= _layer(f"{side}/layer_{n}", width, cross=side == "decoder")
    with path.open("wb") as out:
        out.write(struct.pack("<I", 6) + _text(spec) + struct.pack("<II", 3, len(shapes)))
        for name, shape in shapes.items():
            data = rng.normal(size=shape).astype("<f2").tobytes()
            out.write(_text(name) + struct.pack(f"<B{len(shape)}I", len(shape), *shape))
            out.write(struct.pack("<BI", kind, len(data)) + data)
    return path


def _text(text: str) -> bytes:
    raw = text.encode() + b"\0"
    return struct.pack("<H", len(raw)) + raw


def _norm(name: str, width: int) -> dict[str, tuple[int, ...]]:
    return {f"{name}/gamma": (width,), f"{name}/beta": (width,)}


def _linear(name: str, out: int, into: int) -> dict[str, tuple[int, ...]]:
    return {f"{name}/weight": (out, into), f"{name}/bias": (out,)}


def _layer(name: str, width: int, *, cross: bool) -> dict[str, tuple[int, ...]]:
    shapes = {
        **_norm(f"{name}/self_attention/layer_norm", width),
        **_linear(f"{name}/self_attention/linear_0", 3 * width, width),
        **_linear(f"{name}/self_attention/linear_1", width, width),
        **_norm(f"{name}/ffn/layer_norm", width),
        **_linear(f"{name}/ffn/linear_0", 4 * width, width),
        **_linear(f"{name}/ffn/linear_1", width, 4 * width),
    }
    if cross:
        shapes |= _norm(f"{name}/attention/layer_norm", width)
        for linear, out in (("linear_0", width), ("linear_1", 2 * width), ("linear_2", width)):
            shapes |= _linear(f"{name}/attention/{linear}", out, width)
    return shapes
