"""openai-whisper on the same weights, converted. What both engines share is in test_contract."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from qa_service.audio.types import SAMPLE_RATE, Samples
from qa_service.errors import ErrorCode, SetupError
from qa_service.settings import Settings
from qa_service.speech.devices import choose
from qa_service.speech.openai import OpenAIWhisperDecoder
from qa_service.speech.torch_whisper import Aligned, NoRepeat, encode, load
from qa_service.speech.weights import Weights, resolve
from tests.speech.conftest import Sample

pytestmark = [pytest.mark.torch, pytest.mark.speech]


@pytest.fixture(scope="module")
def decoder(real: Settings) -> OpenAIWhisperDecoder:
    return OpenAIWhisperDecoder(real.model_copy(update={"engine": "openai-whisper", "beam_size": 2}))


@pytest.fixture(scope="module")
def model(decoder: OpenAIWhisperDecoder) -> Iterator[Any]:
    with decoder._loaded() as loaded:
        yield loaded.model


@pytest.fixture(scope="module")
def clips(samples: dict[str, Sample]) -> list[Samples]:
    """Two turns of the agent, of like length."""
    sound = samples["en"].audio.channels[0]
    return [sound[int(a * SAMPLE_RATE) : int(b * SAMPLE_RATE)] for a, b in ((7.4, 9.3), (1.0, 3.2))]


def test_the_checkpoint_is_in_the_cache_and_named(decoder: OpenAIWhisperDecoder, real: Settings) -> None:
    path: Path = real.weights_dir / "openai-whisper-base.pt"
    info = decoder.info()
    assert (info.name, info.model) == ("openai-whisper", "base")
    assert info.weights_sha256 == path.with_name(f"{path.name}.sha256").read_text().split()[0]
    assert not list(real.weights_dir.glob(".convert-*"))


def test_clips_in_a_batch_are_heard_as_alone(decoder: OpenAIWhisperDecoder, clips: list[Samples]) -> None:
    """With beams: the stock decoder does not take a batch then."""
    together = decoder.decode(decoder.encode(clips, 6.0), "en", "Creditor, balance.")
    alone = [decoder.decode(decoder.encode([c], 6.0), "en", "Creditor, balance.")[0] for c in clips]
    assert [d.text for d in together] == [d.text for d in alone]
    assert "social" in together[0].text
    for a, b in zip(together, alone, strict=True):
        assert a.avg_logprob == pytest.approx(b.avg_logprob, abs=0.05)


def test_a_clip_is_heard_as_long_as_it_is_padded(decoder: OpenAIWhisperDecoder, clips: list[Samples]) -> None:
    for padded_s in (4.0, 11.0, 30.0):
        encoded = decoder.encode(clips, padded_s)
        assert [e.padded_s for e in encoded] == [padded_s] * 2
        assert [e.clip for e in encoded] == clips
        assert [max(found, key=lambda code: found[code]) for found in decoder.languages(encoded)] == ["en", "en"]


def test_the_careful_way_hears_the_same(decoder: OpenAIWhisperDecoder, clips: list[Samples]) -> None:
    (got,) = decoder.decode(decoder.encode(clips[:1], 10.0), "en", "", careful=True)
    assert "social" in got.text
    assert all(0 <= w.start_s <= w.end_s <= clips[0].size / SAMPLE_RATE for w in got.words)


def test_our_encoder_is_the_models_own_on_whole_clips(model: Any) -> None:
    import torch

    mel = torch.randn(1, model.dims.n_mels, 3000, generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        assert torch.equal(encode(model, mel, half=False), model.encoder(mel))
    assert encode(model, mel[:, :, :500], half=False).shape == (1, 250, model.dims.n_audio_state)


def test_what_is_encoded_is_not_encoded_again(model: Any) -> None:
    aligned = Aligned(model)
    assert aligned.dims is model.dims
    import torch

    tokens, encoded = torch.tensor([[50258, 50259]]), torch.zeros(1, 40, model.dims.n_audio_state)
    with torch.no_grad():
        assert torch.equal(aligned(encoded, tokens), model.decoder(tokens, encoded))
    assert aligned.encoder(encoded) is encoded


def test_the_heads_that_follow_the_sound_are_those_of_this_size(model: Any) -> None:
    assert model.alignment_heads.to_dense().sum() == 8  # all of the later layers' 24 without it


def test_no_run_of_tokens_comes_twice() -> None:
    import torch

    logits = torch.zeros(2, 10)
    NoRepeat(3, begin=1).apply(logits, torch.tensor([[9, 1, 2, 3, 1, 2], [9, 1, 2, 3, 4, 5]]))
    assert logits[0].isinf().nonzero().flatten().tolist() == [3]
    assert not logits[1].isinf().any()
    NoRepeat(6, begin=0).apply(logits, torch.tensor([[1], [1]]))


def test_a_file_that_is_no_checkpoint_is_told(settings: Settings, tmp_path: Path) -> None:
    path = tmp_path / "ours.pt"
    path.write_bytes(b"no checkpoint")
    weights = resolve(str(path), settings, "openai-whisper")
    with pytest.raises(SetupError) as raised:
        load(weights, choose(settings.model_copy(update={"device": "cpu"}), "openai-whisper"))
    assert raised.value.code is ErrorCode.MODEL_CORRUPT
    assert str(path) in raised.value.message
    assert isinstance(weights, Weights)
