"""The parts that voices are told apart with: filter banks, chunks, clusters, the floor, weights."""

from __future__ import annotations

import json
import shutil
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from qa_service.audio.speakers.chunks import LONGEST_S, chunks_of
from qa_service.audio.speakers.cluster import split
from qa_service.audio.speakers.embedding import embed
from qa_service.audio.speakers.features import BANDS, fbank
from qa_service.audio.speakers.floor import SHORTEST, pieces
from qa_service.audio.speakers.segmentation import POWERSET, activity
from qa_service.audio.speakers.weights import network
from qa_service.audio.types import SAMPLE_RATE, Samples, SpeechSpan
from qa_service.errors import SetupError
from qa_service.settings import Settings, bundled

#: Every fourth band of frame 5 of `tones`, by kaldi-native-fbank 1.23.0 (80 bands, no dither, samples in [-1, 1]).
KALDI = [
    -11.72, -10.477, -5.915, -0.014, -1.15, -8.34, -12.282, -13.664, -14.936, -13.494,
    -10.69, 0.02, -7.106, -12.758, -15.483, -15.942, -15.942, -15.942, -15.942, -15.942,
]  # fmt: skip


def settings(**given: object) -> Settings:
    return Settings(_env_file=None, **given)  # type: ignore[call-arg, arg-type]


def tones() -> Samples:
    t = np.arange(2000) / SAMPLE_RATE
    sum_ = 0.3 * np.sin(2 * np.pi * 440 * t) + 0.1 * np.sin(2 * np.pi * 2300 * t + 1)
    return np.asarray(sum_ + 0.05 * np.sin(2 * np.pi * 97 * t * (1 + t * 20)), dtype=np.float32)


def test_filter_banks_are_those_of_kaldi() -> None:
    found = fbank(tones())
    assert found.shape == (11, BANDS)
    np.testing.assert_allclose(found[5, ::4], KALDI, atol=0.002)


def test_no_frame_for_less_than_25_ms() -> None:
    assert fbank(tones()[:399]).shape == (0, BANDS)
    assert fbank(tones()[:400]).shape == (1, BANDS)


def test_an_embedding_is_a_unit_vector_that_level_does_not_change() -> None:
    noise = np.random.default_rng(1).standard_normal(SAMPLE_RATE).astype(np.float32) * 0.1
    loud, quiet = embed(fbank(noise), settings()), embed(fbank(noise / 4), settings())
    assert loud is not None
    assert quiet is not None
    assert loud.shape == (192,)
    assert float(np.linalg.norm(loud)) == pytest.approx(1.0, abs=1e-5)
    assert float(loud @ quiet) > 0.999


def test_too_few_frames_have_no_embedding() -> None:
    assert embed(fbank(tones()), settings()) is None


def test_nobody_talks_in_silence() -> None:
    assert not activity(np.zeros(2 * SAMPLE_RATE, dtype=np.float32), settings()).any()
    assert POWERSET.sum(axis=1).max() == 2


def test_chunks_cover_all_speech_and_never_overlap() -> None:
    rng = np.random.default_rng(2)
    samples = rng.standard_normal(80 * SAMPLE_RATE).astype(np.float32)
    spans = [SpeechSpan(0, 0.5, 4.0), SpeechSpan(0, 4.5, 9.0), SpeechSpan(0, 9.5, 40.0), SpeechSpan(0, 60.0, 61.0)]
    chunks = list(chunks_of(samples, spans))
    assert all(0 < end - start <= LONGEST_S for start, end in chunks)
    assert all(a[1] <= b[0] for a, b in pairwise(chunks))
    moments = [(t, s) for s in spans for t in np.arange(s.start_s + 0.01, s.end_s, 0.05)]
    assert all(any(start <= t <= end for start, end in chunks) for t, _ in moments)


def directions(*angles: float) -> np.ndarray:
    return np.array([[np.cos(a), np.sin(a), 0.2] / np.hypot(1, 0.2) for a in angles], dtype=np.float32)


def test_stretches_are_split_by_likeness() -> None:
    vectors = directions(0.0, 0.1, -0.1, 1.4, 1.5, 1.6)
    found = split(vectors, np.ones(6), np.arange(6), np.zeros(6, dtype=int))
    assert found.labels.tolist() in ([0, 0, 0, 1, 1, 1], [1, 1, 1, 0, 0, 0])
    assert found.between < found.within


def test_what_the_segmentation_told_apart_pulls_apart() -> None:
    """The third stretch lies a little nearer to the second, with which it shares a chunk as another speaker."""
    vectors = directions(0.0, 1.5, 0.76)
    free = split(vectors, np.ones(3), np.array([0, 1, 2]), np.zeros(3, dtype=int)).labels
    tied = split(vectors, np.ones(3), np.array([0, 1, 1]), np.array([0, 0, 1])).labels
    assert free[2] == free[1]
    assert tied[2] != tied[1]


def test_the_floor_stays_while_both_talk() -> None:
    talk = np.zeros((300, 2), dtype=bool)
    talk[:150, 0] = True
    talk[100:, 1] = True
    found = list(pieces(SpeechSpan(0, 0.0, 3.0), talk, before=0))
    assert [(p.start_s, p.end_s, p.voice) for p in found] == [(0.0, 1.5, 0), (1.5, 3.0, 1)]


def test_a_slip_is_no_turn() -> None:
    talk = np.zeros((300, 2), dtype=bool)
    talk[:, 0] = True
    talk[100 : 100 + SHORTEST - 1] = [False, True]
    assert [p.voice for p in pieces(SpeechSpan(0, 0.0, 3.0), talk, before=1)] == [0]


def test_speech_in_which_nobody_was_heard_belongs_to_who_spoke_before() -> None:
    assert [p.voice for p in pieces(SpeechSpan(0, 0.0, 1.0), np.zeros((100, 2), dtype=bool), before=1)] == [1]


def copied(to: Path) -> Path:
    shutil.copytree(bundled("models"), to)
    return to


def test_damaged_weights_are_refused(tmp_path: Path) -> None:
    models = copied(tmp_path / "models")
    file = models / "speakers" / "segmentation.onnx"
    file.write_bytes(file.read_bytes()[:-1] + b"x")
    with pytest.raises(SetupError, match=r"MODEL_CORRUPT|sha256"):
        network("segmentation", settings(models_dir=models))


def test_missing_weights_are_named(tmp_path: Path) -> None:
    models = copied(tmp_path / "models")
    (models / "speakers" / "campplus.onnx").unlink()
    with pytest.raises(SetupError, match=r"campplus\.onnx"):
        network("campplus", settings(models_dir=models))


def test_a_manifest_without_the_weights_is_refused(tmp_path: Path) -> None:
    models = copied(tmp_path / "models")
    (models / "manifest.json").write_text(json.dumps({"models": []}), encoding="utf-8")
    with pytest.raises(SetupError, match=r"manifest\.json"):
        network("campplus", settings(models_dir=models))


def test_the_shipped_weights_stay_small() -> None:
    files = list((bundled("models") / "speakers").glob("*.onnx"))
    assert len(files) == 2
    assert sum(f.stat().st_size for f in files) < 20e6
