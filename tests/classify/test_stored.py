"""Weights as int8 and back."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from qa_service.classify.stored import (
    APART,
    LEVELS,
    PACKED,
    SCALE,
    WORDS,
    arrays,
    dequantised,
    largest,
    packed,
    places,
    quantised,
)
from qa_service.errors import ErrorCode, SetupError

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


def test_large_inputs_keep_their_weights_whole_and_leave_finer_steps_to_the_others() -> None:
    before = state()
    before[LINEAR][:, 3] *= 40
    ranges = {"encoder.layer.0.attention.self": np.array([[-1, -2, 0, -60, -1, 0, 0, -90], [1, 2, 3, 5, 4, 5, 6, 7]])}
    apart = largest(ranges, 2)
    assert apart["encoder.layer.0.attention.self"].tolist() == [3, 7]
    assert largest({"even": np.array([[-1, -2, -2, -2.5], [1, 1, 2, 2]])}) == {}
    stored = quantised(before, apart)
    assert (stored[LINEAR][[3, 7]] == 0).all()
    assert stored[LINEAR + APART].shape == (2, 6)
    after = dequantised(stored)
    assert after.keys() == before.keys()
    assert (after[LINEAR][:, [3, 7]] == before[LINEAR][:, [3, 7]]).all()
    plain = dequantised(quantised(before))
    others = [0, 1, 2, 4, 5, 6]
    error, before_it = (np.abs(found[LINEAR] - before[LINEAR])[:, others].max() for found in (after, plain))
    assert error < before_it / 5


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


def test_what_packing_makes_smaller_comes_back_to_the_bit(tmp_path: Path) -> None:
    from safetensors.numpy import save_file

    random = np.random.default_rng(0)
    before = {
        "few": random.integers(-3, 3, (4000, 5)).astype(np.int8),
        "keys": np.arange(0, 900_000, 90, dtype=np.uint32),
        "noise": random.integers(0, 256, (64, 64)).astype(np.uint8),
        "scale": random.normal(size=5).astype(np.float32),
    }
    made = packed(before)
    assert made.keys() == {"few" + PACKED, "keys" + PACKED, "noise", "scale"}
    save_file(made, tmp_path / "w.safetensors")
    after = arrays(tmp_path / "w.safetensors")
    assert after.keys() == before.keys()
    for name, value in before.items():
        assert after[name].dtype == value.dtype
        assert (after[name] == value).all()
        assert after[name].flags["C_CONTIGUOUS"]


@pytest.mark.parametrize("harm", ["cut", "garbled", "empty"])
def test_a_file_that_cannot_be_read_is_told(tmp_path: Path, harm: str) -> None:
    from safetensors.numpy import save_file

    file = tmp_path / "w.safetensors"
    save_file(packed({"few": np.zeros((4000, 5), np.int8)}), file)
    content = file.read_bytes()
    file.write_bytes({"cut": content[:-8], "garbled": content[:-40] + bytes(40), "empty": b""}[harm])
    with pytest.raises(SetupError) as told:
        arrays(file)
    assert told.value.code is ErrorCode.MODEL_CORRUPT
    assert "w.safetensors" in str(told.value)
