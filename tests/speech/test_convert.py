"""CTranslate2's layout → openai-whisper's, on a model of random numbers; the real weights are in test_openai.py."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from qa_service.errors import ErrorCode, SetupError
from qa_service.speech.convert import read_whisper
from tests.speech.weight_files import ct2_file

WIDTH, LAYERS = 128, 2


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return ct2_file(tmp_path_factory.mktemp("ct2") / "model.bin", width=WIDTH, layers=LAYERS)


def test_sizes_follow_from_the_shapes(small: Path) -> None:
    assert read_whisper(small)[0] == {
        "n_mels": 80, "n_audio_ctx": 1500, "n_audio_state": WIDTH, "n_audio_head": 2, "n_audio_layer": LAYERS,
        "n_vocab": 51865, "n_text_ctx": 448, "n_text_state": WIDTH, "n_text_head": 2, "n_text_layer": LAYERS,
    }  # fmt: skip


def test_stacked_attention_is_taken_apart_and_keys_have_no_bias(small: Path) -> None:
    tensors = read_whisper(small)[1]
    for block in ("encoder.blocks.0.attn", "decoder.blocks.1.attn", "decoder.blocks.0.cross_attn"):
        parts = {p: tensors[f"{block}.{p}.weight"].shape for p in ("query", "key", "value", "out")}
        assert set(parts.values()) == {(WIDTH, WIDTH)}
        assert f"{block}.key.bias" not in tensors
        assert tensors[f"{block}.value.bias"].shape == (WIDTH,)
    assert not any("cross_attn" in name for name in tensors if name.startswith("encoder"))


def test_every_number_is_kept_but_the_bias_of_keys(small: Path) -> None:
    tensors = read_whisper(small)[1]
    bare_keys = LAYERS * 3 * WIDTH  # one self-attention a layer on both sides, cross-attention on one
    numbers = sum(t.size for t in tensors.values())
    header = small.stat().st_size - 2 * (numbers + bare_keys)
    assert 0 < header < 8000
    assert all(t.dtype == np.float16 for t in tensors.values())
    assert tensors["encoder.blocks.0.mlp.0.weight"].shape == (4 * WIDTH, WIDTH)
    assert {"encoder.ln_post.weight", "decoder.ln.bias", "decoder.token_embedding.weight"} <= set(tensors)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "no whole"),
        (b"\x06\0", "no whole"),
        (b"not a model at all, just some text that is long enough", "no whole"),
        (b"\xff" * 4096, "no whole"),
    ],
    ids=["empty", "two bytes", "text", "ones"],
)
def test_a_file_that_is_no_model_is_corrupt(tmp_path: Path, content: bytes, words: str) -> None:
    path = tmp_path / "model.bin"
    path.write_bytes(content)
    with pytest.raises(SetupError, match=words) as raised:
        read_whisper(path)
    assert raised.value.code is ErrorCode.MODEL_CORRUPT


@pytest.mark.parametrize(
    ("options", "words"), [({"spec": "TransformerSpec"}, "TransformerSpec"), ({"kind": 1}, "fp16")]
)
def test_another_kind_of_model_is_told(tmp_path: Path, options: dict[str, object], words: str) -> None:
    path = ct2_file(tmp_path / "model.bin", layers=1, **options)  # type: ignore[arg-type]
    with pytest.raises(SetupError, match=words) as raised:
        read_whisper(path)
    assert raised.value.code is ErrorCode.MODEL_CORRUPT


def test_a_model_that_ends_early_is_told(small: Path, tmp_path: Path) -> None:
    path = tmp_path / "model.bin"
    path.write_bytes(small.read_bytes()[:2_000_000])
    with pytest.raises(SetupError, match="no whole fp16") as raised:
        read_whisper(path)
    assert raised.value.code is ErrorCode.MODEL_CORRUPT
