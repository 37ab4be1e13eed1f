"""onnxruntime and torch over the same stored weights give the same scores; the graph is what the network is."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from qa_service.classify.create import create_classifier
from qa_service.classify.passages import Passage, Said
from qa_service.classify.turns import TurnClassifier
from qa_service.settings import Settings

pytestmark = pytest.mark.torch

TEXTS = [
    "你他妈就是个废物", "您好,请问是张先生吗", "再不还钱我就去你单位", "我们绝对不会联系您的家人", 
    "住院也得还钱,医保能报",
    "You will be arrested tomorrow", "We will never call your family", "Must be nice to have a boat", 
    "Good morning", "好",
]  # fmt: skip
CLOSE = 0.08
"""What rounding of weights and activations may change of a probability; of most it is a tenth of that."""


def classifier(runtime: str) -> TurnClassifier:
    made = create_classifier(Settings(_env_file=None, device="cpu", classifier=runtime))  # type: ignore[arg-type, call-arg]
    assert isinstance(made, TurnClassifier)
    return made


def test_both_runtimes_give_the_same_scores() -> None:
    passages = [Passage(Said(t, "agent"), Said("嗯", "customer"), Said("什么", "customer")) for t in TEXTS]
    one, other = classifier("onnx").chances(passages), classifier("torch").chances(passages)
    assert one.shape == other.shape
    assert np.abs(one - other).max() < CLOSE
    assert np.abs(one - other).mean() < CLOSE / 10
    assert one.max() > 0.9


def test_both_runtimes_place_texts_alike() -> None:
    one, other = classifier("onnx").vectors(TEXTS), classifier("torch").vectors(TEXTS)
    assert ((one * other).sum(1) > 0.99).all()


def test_both_name_their_weights_and_themselves() -> None:
    one, other = classifier("onnx").info, classifier("torch").info
    assert one.weights_sha256 == other.weights_sha256
    assert one.runtime.startswith("onnxruntime")
    assert other.runtime.startswith("torch")


def _with_large_inputs(network: Any) -> None:
    """A few inputs of each quantised layer become far larger than the others, as they are in trained encoders."""
    import torch

    with torch.no_grad():
        network.encoder.embeddings.LayerNorm.weight[:2] *= 20
        for layer in network.encoder.encoder.layer:
            layer.attention.self.value.weight[:2] *= 20
            layer.attention.output.LayerNorm.weight[:2] *= 20
            layer.intermediate.dense.weight[:2] *= 20
            layer.output.LayerNorm.weight[:2] *= 20


@pytest.mark.parametrize(("kept_apart", "alike"), [(0, (0.9, 0.99)), (4, (0.997, 1.0))])
def test_a_network_written_as_a_graph_computes_the_same(
    tmp_path: Path, kept_apart: int, alike: tuple[float, float]
) -> None:
    """As near as its steps allow: with large inputs among the others these are coarse."""
    import torch
    from onnxruntime import InferenceSession
    from safetensors.numpy import save_file
    from transformers import BertConfig, BertModel

    from qa_service.classify.graph import graph, write
    from qa_service.classify.network import ConductNetwork
    from qa_service.classify.passages import Encoded, Reader
    from qa_service.classify.stored import dequantised, largest, places, quantised
    from qa_service.classify.training import ranges
    from tests.classify.fakes import READER

    torch.manual_seed(1)
    config = BertConfig(
        vocab_size=READER.tokenizer.get_vocab_size(), hidden_size=48, num_hidden_layers=2, num_attention_heads=4,
        intermediate_size=96, hidden_dropout_prob=0.0, attention_probs_dropout_prob=0.0, initializer_range=0.3,
    )  # fmt: skip
    network = ConductNetwork(BertModel(config, add_pooling_layer=False), outputs=3).eval()
    state = {k: v.detach().numpy() for k, v in network.encoder.state_dict().items() if "position_ids" not in k}
    _with_large_inputs(network)
    state = {k: v.detach().numpy().copy() for k, v in network.encoder.state_dict().items() if "position_ids" not in k}
    reader: Reader = READER
    passages = [Passage(Said(t, "agent"), Said("嗯", "customer")) for t in TEXTS]
    reach = ranges(network, reader, passages)
    apart = largest(reach, kept_apart)
    assert len(apart) == (8 if kept_apart else 0)  # of two layers four readers each
    stored = quantised(state, apart) | {f"head.{k}": v.detach().numpy() for k, v in network.head.state_dict().items()}
    save_file(stored, tmp_path / "all.safetensors")
    network.encoder.load_state_dict({k: torch.from_numpy(v) for k, v in dequantised(stored).items() if "head" not in k})
    files = places(tmp_path / "all.safetensors")
    write(graph(files, reach, config.to_dict(), outputs=3, apart=apart), tmp_path / "net.onnx")
    session = InferenceSession(str(tmp_path / "net.onnx"), providers=["CPUExecutionProvider"])
    rows: list[Encoded] = reader.encode(passages)
    batch = reader.batch(rows).arrays
    logits = session.run(["logits"], batch)[0]
    with torch.inference_mode():
        wanted = network(**{k: torch.from_numpy(v) for k, v in batch.items()}).numpy()
    assert alike[0] < np.corrcoef(logits.ravel(), wanted.ravel())[0, 1] < alike[1]
    alone = session.run(["logits"], reader.batch(rows[:1]).arrays)[0]
    assert alone == pytest.approx(logits[:1], abs=1e-4)
