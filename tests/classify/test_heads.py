"""The network's outputs of requirements, taught anew over what it reads: scripts/conduct_heads.py."""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path

import numpy as np
import pytest

from qa_service.classify.card import Files
from qa_service.classify.labels import OUTPUTS, REQUIREMENTS
from qa_service.classify.onnx import OnnxRuntime
from qa_service.classify.passages import Passage, Reader, Said
from tests.conftest import ROOT

pytestmark = [pytest.mark.torch, pytest.mark.usefixtures("scripts")]
CONDUCT = ROOT / "models" / "conduct"


def test_a_head_moves_as_far_as_new_passages_pull_it() -> None:
    """One that held where an input is large learns it; one of which nothing is known stays; a strong pull holds."""
    import conduct_heads
    import torch

    torch.manual_seed(7)
    read = torch.randn(400, 6)
    unknown = torch.full((400,), float(conduct_heads.UNKNOWN))
    targets = torch.stack([(read[:, 2] > 0.5).float(), unknown], 1)
    before = conduct_heads.Heads(torch.zeros(2, 6), torch.tensor([0.0, -3.0]))
    after = conduct_heads.refitted(before, read, targets, pull=1.0)
    right = ((after(read)[:, 0] > 0) == (targets[:, 0] == 1)).float().mean()
    assert right > 0.95
    assert torch.equal(after(read)[:, 1], before(read)[:, 1])
    held = conduct_heads.refitted(before, read, targets, pull=1e6)
    assert held.weights.abs().max() < 1e-2 < after.weights.abs().max()


def test_only_requirements_change_in_what_ships(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Over a copy: labels say the same, the network's requirements something else; the manifest agrees."""
    import conduct_heads

    folder = tmp_path / "conduct"
    shutil.copytree(CONDUCT, folder, ignore=shutil.ignore_patterns("data", "plain*", "wide*"))
    shutil.copyfile(CONDUCT.parent / "manifest.json", tmp_path / "manifest.json")
    passages = [Passage(Said("再不还打断你的腿", "agent")), Passage(Said("Pay by noon or we tell your boss", "agent"))]
    batch = Reader(CONDUCT / "tokenizer.json").batch(Reader(CONDUCT / "tokenizer.json").encode(passages))
    before = OnnxRuntime(Files(folder, "")).logits(batch)
    graph = (folder / "conduct.onnx").read_bytes()
    examples_of = conduct_heads.examples_of
    monkeypatch.setattr(conduct_heads, "examples_of", lambda batches: examples_of(batches)[::8])  # all: half a minute
    monkeypatch.setattr(sys, "argv", ["conduct_heads.py", "requirements/uk-t1", "calls/uk-za3", "--out", str(folder)])
    conduct_heads.main()
    after = OnnxRuntime(Files(folder, "")).logits(batch)
    asked = [OUTPUTS.index(name) for name in REQUIREMENTS]
    others = [at for at in range(len(OUTPUTS)) if at not in asked]
    assert np.array_equal(before[:, others], after[:, others])
    assert not np.allclose(before[:, asked], after[:, asked])
    assert (folder / "conduct.onnx").read_bytes() == graph
    listed = {m["file"]: m["sha256"] for m in json.loads((tmp_path / "manifest.json").read_text("utf-8"))["shipped"]}
    ours = {
        m["file"]: m["sha256"] for m in json.loads((CONDUCT.parent / "manifest.json").read_text("utf-8"))["shipped"]
    }
    assert listed["conduct/conduct.safetensors"] != ours["conduct/conduct.safetensors"]


def test_a_batch_that_is_not_there_is_named() -> None:
    import conduct_heads

    with pytest.raises((SystemExit, FileNotFoundError), match="us-nobody"):
        conduct_heads.examples_of(["calls/us-nobody"])
