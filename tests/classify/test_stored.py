"""Weights as int8 and back."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from qa_service.classify.stored import LEVELS, SCALE, WORDS, dequantised, places, quantised

LINEAR = "encoder.layer.0.attention.self.query.weight"


def state() -> dict[str, np.ndarray]:
    random = np.random.default_rng(0)
    return {
        WORDS: random.normal(0, 0.1, (20, 8)).astype(np.float32),
        LINEAR: random.normal(0, 0.2, (6, 8)).astype(np.float32),
        "encoder.layer.0.attention.self.query.bias": random.normal(0, 1, 6).astype(np.float32),
        "embeddings.LayerNorm.weight": np.ones(8, np.float32),
    }


def test_weights_come_back_as_near_as_their_steps_allow() -> None:
    before, after = state(), dequantised(quantised(state()))
    assert before.keys() == after.keys()
    for name, levels in ((WORDS, 127), (LINEAR, LEVELS)):
        step = np.abs(before[name]).max(1, keepdims=True) / levels
        assert (np.abs(after[name] - before[name]) <= step / 2 + 1e-7).all()
    for name in ("encoder.layer.0.attention.self.query.bias", "embeddings.LayerNorm.weight"):
        assert (after[name] == before[name]).all()


def test_linear_weights_lie_as_a_product_reads_them() -> None:
    stored = quantised(state())
    assert stored[LINEAR].shape == (8, 6)
    assert stored[LINEAR].dtype == np.int8
    assert np.abs(stored[LINEAR]).max() == LEVELS
    assert stored[LINEAR + SCALE].shape == (6,)


def test_what_was_rounded_once_does_not_move_again() -> None:
    once = dequantised(quantised(state()))
    twice = dequantised(quantised(once))
    assert all(np.allclose(once[k], twice[k], atol=1e-7) for k in once)


def test_rows_of_zeros_are_no_trouble() -> None:
    empty = {LINEAR: np.zeros((3, 4), np.float32)}
    assert (dequantised(quantised(empty))[LINEAR] == 0).all()


def test_places_point_at_the_bytes_of_a_file(tmp_path: Path) -> None:
    from safetensors.numpy import save_file

    stored = quantised(state())
    save_file(stored, tmp_path / "w.safetensors")
    content = (tmp_path / "w.safetensors").read_bytes()
    found = places(tmp_path / "w.safetensors")
    assert found.keys() == stored.keys()
    for name, place in found.items():
        assert content[place.offset : place.offset + place.length] == stored[name].tobytes()
        assert place.shape == stored[name].shape
