"""How weights are stored: safetensors files of int8 with scales, which both runtimes read.

Weights of linear layers are int8 by output channel in 7 bits (±63): the multiply-add of processors without VNNI adds
two products in 16 bits and would clip (255 · 127 · 2 > 32767). Word vectors are int8 by row.

A few inputs of most layers reach many times as far from zero as the others and would leave these a handful of steps.
The weights of such inputs stay in float32 (Dettmers et al., LLM.int8(), 2022).
"""

from __future__ import annotations

import io
import json
import lzma
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from qa_service.errors import ErrorCode, SetupError

Array = npt.NDArray[Any]
LEVELS = 63
SCALE = ".scale"
LINEAR = (
    "attention.self.query",
    "attention.self.key",
    "attention.self.value",
    "attention.output.dense",
    "intermediate.dense",
    "output.dense",
)
WORDS = "embeddings.word_embeddings.weight"
READ = ("attention.self", "attention.output.dense", "intermediate.dense", "output.dense")
"""What reads a quantised input, in each layer."""
Ranges = Mapping[str, Array]
"""Least and greatest value of each input of ``encoder.layer.N.`` + one of :data:`READ`, shape (2, inputs)."""
APART = ".apart"
"""Beside a layer: which of its inputs (int64); beside a weight: its columns for these, (inputs apart, out) float32."""
MOST_APART, FAR = 4, 3.0
"""So many inputs of a layer are kept apart at most, and only those that reach so many times as far as its median."""


def largest(ranges: Ranges, most: int = MOST_APART) -> dict[str, Array]:
    """The inputs of each layer to keep apart, ascending, int64. Layers without such inputs are left out."""
    found: dict[str, Array] = {}
    for name, both in ranges.items():
        reach = np.abs(both).max(0)
        order = np.argsort(-reach, kind="stable")[:most]
        order = order[reach[order] > FAR * np.median(reach)]
        if len(order):
            found[name] = np.sort(order).astype(np.int64)
    return found


def quantised(state: Mapping[str, Array], apart: Mapping[str, Array] | None = None) -> dict[str, Array]:
    """Weights of a BERT encoder as int8 with scales (float32), the rest as float32. Linear weights lie (in, out).

    ``apart``: inputs that stay in float32, as :func:`largest` gives them; their int8 weights are 0.
    """
    apart = apart or {}
    found = {name + APART: columns for name, columns in apart.items()}
    for name, value in state.items():
        if name == WORDS:
            found[name], found[name + SCALE] = _by_row(value.astype(np.float32), 127)
        elif name.endswith(".weight") and name.removesuffix(".weight").split(".", 3)[-1] in LINEAR:
            rounded = value.astype(np.float32)
            columns = apart.get(_reader(name))
            if columns is not None:
                found[name + APART] = np.ascontiguousarray(rounded[:, columns].T)
                rounded[:, columns] = 0
            whole, scale = _by_row(rounded, LEVELS)
            found[name], found[name + SCALE] = np.ascontiguousarray(whole.T), scale[:, 0]
        else:
            found[name] = value.astype(np.float32)
    return found


def dequantised(stored: Mapping[str, Array]) -> dict[str, Array]:
    """The float32 weights that :func:`quantised` stands for, as a torch module names and lays them."""
    found: dict[str, Array] = {}
    for name, value in stored.items():
        scale = stored.get(name + SCALE)
        if name.endswith((SCALE, APART)):
            continue
        if scale is None:
            found[name] = value
        elif name == WORDS:
            found[name] = value.astype(np.float32) * scale
        else:
            found[name] = value.T.astype(np.float32) * scale[:, None]
            if name + APART in stored:
                found[name][:, stored[_reader(name) + APART]] = stored[name + APART].T
    return found


def _reader(weight: str) -> str:
    """The one of :data:`READ` whose inputs a weight is multiplied with: query, key and value share theirs."""
    return weight.removesuffix(".weight").removesuffix(".query").removesuffix(".key").removesuffix(".value")


def _by_row(value: Array, levels: int) -> tuple[Array, Array]:
    scale = np.maximum(np.abs(value).max(1, keepdims=True) / levels, 1e-12).astype(np.float32)
    return np.clip(np.rint(value / scale), -levels, levels).astype(np.int8), scale


@dataclass(frozen=True, slots=True)
class Place:
    """Where an array lies: file, offset and length in bytes, dtype and shape as safetensors writes them."""

    file: str
    offset: int
    length: int
    dtype: str
    shape: tuple[int, ...]


def places(file: Path) -> dict[str, Place]:
    """The arrays of a safetensors file."""
    with file.open("rb") as opened:
        size = struct.unpack("<Q", opened.read(8))[0]
        header = json.loads(opened.read(size))
    start = 8 + size
    return {
        name: Place(file.name, start + at[0], at[1] - at[0], entry["dtype"], tuple(entry["shape"]))
        for name, entry in header.items()
        if name != "__metadata__" and (at := entry["data_offsets"])
    }


PACKED = ".npy.xz"
"""Behind the name of an array that is stored as the bytes of a .npy file, by LZMA."""
WORTH_PACKING = 0.9


def packed(found: Mapping[str, Array]) -> dict[str, Array]:
    """The same arrays to be written, those packed (without loss) that get smaller by it. Only :func:`arrays` reads
    them: onnxruntime takes the networks' weights as they lie."""
    made: dict[str, Array] = {}
    for name, value in found.items():
        small = np.frombuffer(_packed(value), np.uint8)
        if len(small) < WORTH_PACKING * value.nbytes:
            made[name + PACKED] = small
        else:
            made[name] = np.ascontiguousarray(value)
    return made


def _packed(value: Array) -> bytes:
    """Column by column, since numbers of one column are more alike than those of one row."""
    file = io.BytesIO()
    np.save(file, np.asfortranarray(value), allow_pickle=False)
    return lzma.compress(file.getvalue())


def _unpacked(content: bytes) -> Array:
    found: Array = np.load(io.BytesIO(lzma.decompress(content)), allow_pickle=False)
    return np.ascontiguousarray(found)


def arrays(file: Path) -> dict[str, Array]:
    """All arrays of a safetensors file, read without the library of that name, which the light installation lacks.

    Raises:
        SetupError: MODEL_CORRUPT, where it cannot be read so.
    """
    kinds = {"I8": np.int8, "U8": np.uint8, "I64": np.int64, "U32": np.uint32, "F32": np.float32}
    content = file.read_bytes()
    found: dict[str, Array] = {}
    try:
        for name, place in places(file).items():
            count = int(np.prod(place.shape))
            value = np.frombuffer(content, kinds[place.dtype], offset=place.offset, count=count).reshape(place.shape)
            found[name.removesuffix(PACKED)] = _unpacked(value.tobytes()) if name.endswith(PACKED) else value
    except (ValueError, KeyError, EOFError, struct.error, lzma.LZMAError) as wrong:
        message = f"{file} cannot be read: {wrong}."
        raise SetupError(ErrorCode.MODEL_CORRUPT, message, "Write it again with the script that made it.") from None
    return found
