"""A CTranslate2 Whisper model → an openai-whisper checkpoint: the same numbers in the other layout.

CTranslate2's binary file holds named variables; self-attention stacks query, key and value (key has no bias), and
cross-attention stacks key and value. Heads and sizes follow from the shapes (Whisper's heads are 64 wide).
"""

from __future__ import annotations

import struct
import tempfile
from pathlib import Path
from typing import IO, Any

import numpy as np

from qa_service.errors import ErrorCode, SetupError

HEAD_WIDTH = 64
_FLOAT16 = 4
#: CTranslate2 name of a sub-layer → openai-whisper's. Weight and bias follow the layer-norm or linear naming.
_NORMS = {
    "self_attention/layer_norm": "attn_ln",
    "attention/layer_norm": "cross_attn_ln",
    "ffn/layer_norm": "mlp_ln",
}
_LINEARS = {
    "self_attention/linear_1": "attn.out",
    "attention/linear_0": "cross_attn.query",
    "attention/linear_2": "cross_attn.out",
    "ffn/linear_0": "mlp.0",
    "ffn/linear_1": "mlp.2",
}
_STACKS = {
    "self_attention/linear_0": ("attn", "query", "key", "value"),
    "attention/linear_1": ("cross_attn", "key", "value"),
}

Tensors = dict[str, Any]


def to_openai(folder: Path, target: Path) -> None:
    """Write an openai-whisper checkpoint of the model in ``folder`` (needs torch).

    Raises:
        SetupError: ENGINE_MISSING without torch, MODEL_CORRUPT when the file is no fp16 Whisper model.
    """
    try:
        import torch
    except ImportError:
        hint = "Install the extra: pip install '.[torch]'"
        raise SetupError(ErrorCode.ENGINE_MISSING, "torch is not installed.", hint) from None
    dims, tensors = read_whisper(folder / "model.bin")
    checkpoint = {"dims": dims, "model_state_dict": {k: torch.from_numpy(np.array(v)) for k, v in tensors.items()}}
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=".convert-") as half:
        torch.save(checkpoint, Path(half) / target.name)
        (Path(half) / target.name).replace(target)


def read_whisper(path: Path) -> tuple[dict[str, int], Tensors]:
    """Dimensions and float16 tensors of a CTranslate2 model file, by openai-whisper's names.

    Raises:
        SetupError: MODEL_CORRUPT when it is no whole fp16 Whisper model.
    """
    hint = "Use a CTranslate2 Whisper model in float16."
    try:
        with path.open("rb") as source:
            name, variables = _variables(source)
        if name == "WhisperSpec":
            return _dims(variables), _state(variables)
    except (struct.error, KeyError, ValueError) as wrong:
        raise SetupError(ErrorCode.MODEL_CORRUPT, f"{path} is no whole fp16 Whisper model.", hint) from wrong
    raise SetupError(ErrorCode.MODEL_CORRUPT, f"{path} holds a {name}, not a Whisper model.", hint)


def _variables(source: IO[bytes]) -> tuple[str, Tensors]:
    """Name of the model's kind, and its float16 variables."""
    _number(source, "<I")
    name = _string(source)
    _number(source, "<I")
    found = dict(_variable(source) for _ in range(_number(source, "<I"))) if name == "WhisperSpec" else {}
    return name, {k: v for k, v in found.items() if v is not None}


def _variable(source: IO[bytes]) -> tuple[str, Any]:
    name = _string(source)
    shape = [_number(source, "<I") for _ in range(_number(source, "<B"))]
    kind, size = _number(source, "<B"), _number(source, "<I")
    data = source.read(size)
    return name, np.frombuffer(data, np.float16).reshape(shape) if kind == _FLOAT16 else None


def _number(source: IO[bytes], form: str) -> int:
    return int(struct.unpack(form, source.read(struct.calcsize(form)))[0])


def _string(source: IO[bytes]) -> str:
    return source.read(_number(source, "<H")).rstrip(b"\0").decode()


def _dims(v: Tensors) -> dict[str, int]:
    vocabulary, width = v["decoder/embeddings/weight"].shape
    layers = {
        side: len({n.split("/")[1] for n in v if n.startswith(f"{side}/layer_") and n.count("/") > 2})
        for side in ("encoder", "decoder")
    }
    return {
        "n_mels": v["encoder/conv1/weight"].shape[1],
        "n_audio_ctx": v["encoder/position_encodings/encodings"].shape[0],
        "n_audio_state": width,
        "n_audio_head": width // HEAD_WIDTH,
        "n_audio_layer": layers["encoder"],
        "n_vocab": vocabulary,
        "n_text_ctx": v["decoder/position_encodings/encodings"].shape[0],
        "n_text_state": width,
        "n_text_head": width // HEAD_WIDTH,
        "n_text_layer": layers["decoder"],
    }


def _state(v: Tensors) -> Tensors:
    state: Tensors = {
        "encoder.positional_embedding": v["encoder/position_encodings/encodings"],
        "decoder.positional_embedding": v["decoder/position_encodings/encodings"],
        "decoder.token_embedding.weight": v["decoder/embeddings/weight"],
        **_norm(v, "encoder/layer_norm", "encoder.ln_post"),
        **_norm(v, "decoder/layer_norm", "decoder.ln"),
    }
    for conv in ("conv1", "conv2"):
        state |= _linear(v, f"encoder/{conv}", f"encoder.{conv}")
    for side in ("encoder", "decoder"):
        for number in sorted(
            {int(n.split("/")[1][6:]) for n in v if n.startswith(f"{side}/layer_") and n.count("/") > 2}
        ):
            state |= _layer(v, f"{side}/layer_{number}", f"{side}.blocks.{number}")
    return state


def _layer(v: Tensors, source: str, target: str) -> Tensors:
    out: Tensors = {}
    for theirs, ours in _NORMS.items():
        out |= _norm(v, f"{source}/{theirs}", f"{target}.{ours}")
    for theirs, ours in _LINEARS.items():
        out |= _linear(v, f"{source}/{theirs}", f"{target}.{ours}")
    for theirs, (attention, *parts) in _STACKS.items():
        if f"{source}/{theirs}/weight" in v:
            out |= _unstacked(v, f"{source}/{theirs}", [f"{target}.{attention}.{p}" for p in parts])
    return out


def _norm(v: Tensors, source: str, target: str) -> Tensors:
    if f"{source}/gamma" not in v:
        return {}
    return {f"{target}.weight": v[f"{source}/gamma"], f"{target}.bias": v[f"{source}/beta"]}


def _linear(v: Tensors, source: str, target: str) -> Tensors:
    if f"{source}/weight" not in v:
        return {}
    return {f"{target}.weight": v[f"{source}/weight"], f"{target}.bias": v[f"{source}/bias"]}


def _unstacked(v: Tensors, source: str, targets: list[str]) -> Tensors:
    out: Tensors = {}
    weights = np.split(v[f"{source}/weight"], len(targets))
    biases = np.split(v[f"{source}/bias"], len(targets))
    for name, weight, bias in zip(targets, weights, biases, strict=True):
        out[f"{name}.weight"] = weight
        if not name.endswith(".key"):  # Whisper's keys have no bias
            out[f"{name}.bias"] = bias
    return out
