"""Write the network as an ONNX graph whose int8 weights lie in safetensors files, for onnxruntime and torch alike.

A safetensors file is a header and plain arrays, so ONNX's "external data" can point into it: both runtimes read the
same bytes. Activations are uint8 over ranges that were measured once (static quantisation, Jacob et al. 2018): with
ranges taken from each batch, what else is in the batch would change the score of a turn. Inputs that lie far outside
of the others' range are multiplied in float32 (see :mod:`~qa_service.classify.stored`). The product of integers is an
operator of onnxruntime's own, so that no other runtime can read the graph.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from onnx import ModelProto, NodeProto, TensorProto, checker, helper, numpy_helper

from qa_service.classify.stored import APART, SCALE, WORDS, Array, Place, Ranges

OPSET, IR = 17, 8
RUNTIME = "com.microsoft"
"""Operators of onnxruntime itself: a product of integers, its scales and a bias in one step."""


@dataclass(frozen=True)
class _Read:
    """Names of an input as uint8, of its step and zero point, and of the values that are kept apart in float32."""

    values: str
    scale: str
    zero: str
    large: str | None


@dataclass
class _Graph:
    """Nodes in the order of the arithmetic; each method adds some and gives the name of what comes out."""

    places: Mapping[str, Place]
    ranges: Ranges
    apart: Mapping[str, Array]
    nodes: list[NodeProto] = field(default_factory=list)
    constants: dict[str, TensorProto] = field(default_factory=dict)

    def add(self, kind: str, *inputs: str, outputs: int = 1, **how: Any) -> list[str]:
        names = [f"{kind}_{len(self.nodes)}_{i}" for i in range(outputs)]
        self.nodes.append(helper.make_node(kind, list(inputs), names, name=names[0], **how))
        return names

    def one(self, kind: str, *inputs: str, **how: Any) -> str:
        return self.add(kind, *inputs, **how)[0]

    def stored(self, name: str) -> str:
        if name not in self.constants:
            place = self.places[name]
            kind = {"I8": TensorProto.INT8, "I64": TensorProto.INT64, "F32": TensorProto.FLOAT}[place.dtype]
            tensor = TensorProto(name=name, data_type=kind, dims=place.shape, data_location=TensorProto.EXTERNAL)
            for key, value in (("location", place.file), ("offset", place.offset), ("length", place.length)):
                tensor.external_data.add(key=key, value=str(value))
            self.constants[name] = tensor
        return name

    def constant(self, value: Array) -> str:
        name = f"c_{value.dtype}_{'x'.join(map(str, value.shape))}_{value.tobytes().hex()}"
        self.constants.setdefault(name, numpy_helper.from_array(value, name))
        return name

    def ints(self, *values: int) -> str:
        return self.constant(np.array(values, np.int64))

    def number(self, value: float) -> str:
        return self.constant(np.array(value, np.float32))

    def norm(self, x: str, name: str, epsilon: float) -> str:
        weight, bias = self.stored(f"{name}.weight"), self.stored(f"{name}.bias")
        return self.one("LayerNormalization", x, weight, bias, axis=-1, epsilon=epsilon)

    def read(self, x: str, name: str) -> _Read:
        """Values as uint8 over the range measured for the layer that reads them, and in float32 those kept apart."""
        ranges, apart = self.ranges[name], self.apart.get(name)
        inside = ranges if apart is None else np.delete(ranges, apart, axis=1)
        least, greatest = min(float(inside[0].min()), 0.0), max(float(inside[1].max()), 0.0)
        step = np.float32(max(greatest - least, 1e-6) / 255)
        scale, zero = self.number(float(step)), self.constant(np.array(round(-least / step), np.uint8))
        large = None if apart is None else self.one("Gather", x, self.stored(name + APART), axis=-1)
        return _Read(self.one("QuantizeLinear", x, scale, zero), scale, zero, large)

    def linear(self, x: _Read, name: str) -> str:
        """``x``: what :meth:`read` gave, so that layers that read the same input share it."""
        weight, bias = f"{name}.weight", self.stored(f"{name}.bias")
        read = [x.values, self.stored(weight), x.scale, self.stored(weight + SCALE), x.zero, "", bias]
        product = self.one("MatMulIntegerToFloat", *read, domain=RUNTIME)
        if x.large is None:
            return product
        # A large input is clipped as uint8; there its weights are 0, and here it counts as it is.
        return self.one("Add", product, self.one("MatMul", x.large, self.stored(weight + APART)))


def graph(
    files: Mapping[str, Place],
    ranges: Ranges,
    config: Mapping[str, Any],
    *,
    outputs: int,
    apart: Mapping[str, Array] | None = None,
) -> ModelProto:
    """The network over these arrays.

    Args:
        files: arrays by the encoder's names, and ``head.weight`` and ``head.bias`` if there is a head.
        ranges: of the activations, as :func:`qa_service.classify.training.ranges` measures them.
        config: the encoder's ``config.json``.
        outputs: number of labels; 0 for an encoder alone.
        apart: inputs that stay in float32, as they were stored.

    Inputs ``ids``, ``mask``, ``types`` (int64, rows x tokens); outputs ``pooled`` (rows x hidden) and ``logits``.
    """
    g = _Graph(files, ranges, apart or {})
    x = _embedded(g, config["layer_norm_eps"])
    mask = g.one("Cast", "mask", to=TensorProto.FLOAT)
    padding = g.one("Mul", g.one("Sub", mask, g.number(1.0)), g.number(10_000.0))
    bias = g.one("Unsqueeze", padding, g.ints(1, 2))
    for layer in range(config["num_hidden_layers"]):
        x = _layer(g, x, bias, f"encoder.layer.{layer}", config)
    own = g.one("Sub", mask, g.one("Cast", "types", to=TensorProto.FLOAT))
    own = g.one("Max", own, g.number(0.0))
    total = g.one("ReduceSum", g.one("Mul", x, g.one("Unsqueeze", own, g.ints(2))), g.ints(1), keepdims=0)
    pooled = g.one("Div", total, g.one("ReduceSum", own, g.ints(1), keepdims=1))
    g.nodes.append(helper.make_node("Identity", [pooled], ["pooled"]))
    made = [helper.make_tensor_value_info("pooled", TensorProto.FLOAT, ["rows", config["hidden_size"]])]
    if outputs:
        head = [pooled, g.stored("head.weight"), g.stored("head.bias")]
        g.nodes.append(helper.make_node("Gemm", head, ["logits"], transB=1))
        made.append(helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["rows", outputs]))
    asked = [helper.make_tensor_value_info(n, TensorProto.INT64, ["rows", "tokens"]) for n in ("ids", "mask", "types")]
    body = helper.make_graph(g.nodes, "conduct", asked, made, list(g.constants.values()))
    versions = [helper.make_opsetid("", OPSET), helper.make_opsetid(RUNTIME, 1)]
    return helper.make_model(body, opset_imports=versions, ir_version=IR)


def write(model: ModelProto, file: Path) -> None:
    """Check it and write it beside the weights that it points to."""
    file.write_bytes(model.SerializeToString(deterministic=True))
    checker.check_model(str(file))


def _embedded(g: _Graph, epsilon: float) -> str:
    words = g.one("Cast", g.one("Gather", g.stored(WORDS), "ids"), to=TensorProto.FLOAT)
    words = g.one("Mul", words, g.one("Gather", g.stored(WORDS + SCALE), "ids"))
    length = g.one("Gather", g.one("Shape", "ids"), g.constant(np.array(1, np.int64)))
    at = g.one("Range", g.constant(np.array(0, np.int64)), length, g.constant(np.array(1, np.int64)))
    places = g.one("Gather", g.stored("embeddings.position_embeddings.weight"), at)
    kinds = g.one("Gather", g.stored("embeddings.token_type_embeddings.weight"), "types")
    summed = g.one("Add", g.one("Add", words, kinds), places)
    return g.norm(summed, "embeddings.LayerNorm", epsilon)


def _layer(g: _Graph, x: str, bias: str, name: str, config: Mapping[str, Any]) -> str:
    heads = config["num_attention_heads"]
    each = config["hidden_size"] // heads
    split, whole = g.ints(0, 0, heads, each), g.ints(0, 0, heads * each)
    read = g.read(x, f"{name}.attention.self")

    def part(kind: str, order: list[int]) -> str:
        flat = g.linear(read, f"{name}.attention.self.{kind}")
        return g.one("Transpose", g.one("Reshape", flat, split), perm=order)

    query, key, value = part("query", [0, 2, 1, 3]), part("key", [0, 2, 3, 1]), part("value", [0, 2, 1, 3])
    near = g.one("Mul", g.one("MatMul", query, key), g.number(each**-0.5))
    weights = g.one("Softmax", g.one("Add", near, bias), axis=-1)
    seen = g.one("Transpose", g.one("MatMul", weights, value), perm=[0, 2, 1, 3])
    out = f"{name}.attention.output.dense"
    told = g.linear(g.read(g.one("Reshape", seen, whole), out), out)
    x = g.norm(g.one("Add", told, x), f"{name}.attention.output.LayerNorm", config["layer_norm_eps"])
    wide, narrow = f"{name}.intermediate.dense", f"{name}.output.dense"
    inner = _gelu(g, g.linear(g.read(x, wide), wide))
    told = g.linear(g.read(inner, narrow), narrow)
    return g.norm(g.one("Add", told, x), f"{name}.output.LayerNorm", config["layer_norm_eps"])


def _gelu(g: _Graph, x: str) -> str:
    bent = g.one("Add", g.one("Erf", g.one("Div", x, g.number(2**0.5))), g.number(1.0))
    return g.one("Mul", g.one("Mul", x, bent), g.number(0.5))
