"""openai-whisper on the same weights, converted: the reference that the light engine is held against."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import ModuleType

import pytest

from qa_service.audio.types import SAMPLE_RATE
from qa_service.records import Transcript
from qa_service.settings import Settings
from qa_service.speech.create import create_transcriber
from tests.speech.conftest import Sample

pytestmark = [pytest.mark.torch, pytest.mark.speech]

SECONDS = 12


@pytest.fixture(scope="module")
def beginning(samples: dict[str, Sample]) -> Sample:
    """The first seconds of the English sample: this engine pays for 30 s with every turn."""
    whole = samples["en"]
    channels = tuple(c[: SECONDS * SAMPLE_RATE] for c in whole.audio.channels)
    turns = [t for t in whole.labels["turns"] if t["end_s"] <= SECONDS - 0.2]
    spans = tuple(s for s in whole.spans if s.end_s <= turns[-1]["end_s"] + 0.2)
    return Sample(replace(whole.audio, channels=channels, duration_s=SECONDS), spans, {**whole.labels, "turns": turns})


@pytest.fixture(scope="module")
def heard(real: Settings, beginning: Sample) -> dict[str, Transcript]:
    """The same seconds by both engines, greedy."""
    return {
        engine: beginning.heard(create_transcriber(real.model_copy(update={"engine": engine, "beam_size": 1})))
        for engine in ("openai-whisper", "faster-whisper")
    }


def test_the_converted_weights_hear_the_call(
    heard: dict[str, Transcript], beginning: Sample, scorer: ModuleType
) -> None:
    got = heard["openai-whisper"]
    errors, length = scorer.score(beginning.labels, got, 2)
    assert got.language == "en"
    assert (got.coverage.ratio or 0) >= 0.97
    assert errors / length < 0.2


def test_both_engines_hear_nearly_the_same(heard: dict[str, Transcript], scorer: ModuleType) -> None:
    one, other = ("".join(scorer.en_units(" ".join(t.text for t in h.turns))) for h in heard.values())
    assert scorer.distance(one, other) / len(one) < 0.15  # names and digits: one is int8, the other fp32
    a, b = heard.values()
    assert [(t.role, t.start_s) for t in a.turns] == [(t.role, t.start_s) for t in b.turns]


def test_the_checkpoint_is_in_the_cache_and_named(heard: dict[str, Transcript], real: Settings) -> None:
    path: Path = real.weights_dir / "openai-whisper-base.pt"
    engine = heard["openai-whisper"].engine
    assert (engine.name, engine.model) == ("openai-whisper", "base")
    assert engine.weights_sha256 == path.with_name(f"{path.name}.sha256").read_text().split()[0]
    assert not list(real.weights_dir.glob(".convert-*"))
