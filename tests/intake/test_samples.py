"""The sample calls: what ships is what their README says, and no label lies near the pipeline's input."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from qa_service.audio.decode import decode
from qa_service.intake.files import accept
from qa_service.intake.manifest import ManifestLine, read_manifest
from qa_service.settings import Settings

SAMPLES = Path(__file__).resolve().parents[2] / "samples"
LABELS = json.loads((SAMPLES / "labels.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def calls() -> list[ManifestLine]:
    found = list(read_manifest(SAMPLES / "calls.jsonl"))
    assert all(isinstance(line, ManifestLine) for line in found), found
    return [line for line in found if isinstance(line, ManifestLine)]


def test_all_are_there_and_small(calls: list[ManifestLine]) -> None:
    named = {line.audio for line in calls}
    assert named == set((SAMPLES / "calls").iterdir())
    assert len(calls) >= 10
    assert sum(p.stat().st_size for p in SAMPLES.rglob("*") if p.is_file()) < 4_000_000


def test_each_decodes_and_has_the_channels_that_its_facts_say(calls: list[ManifestLine], settings: Settings) -> None:
    containers = set()
    for line in calls:
        assert line.audio is not None
        accept(line.audio, settings)
        audio = decode(line.audio, settings)
        assert len(audio.channels) == (1 if line.facts.channels == "mono" else 2)
        assert audio.duration_s == pytest.approx(LABELS[line.facts.call_id]["duration_s"], abs=0.1)
        assert (audio.info.truncated, audio.info.filled_s) == (False, 0)
        containers.add(audio.info.codec)
    assert containers >= {"mp3float", "opus", "pcm_mulaw"}


def test_the_mix_is_as_promised(calls: list[ManifestLine]) -> None:
    english = [c for c in calls if c.facts.language == "en" and c.facts.channels != "mono"]
    assert len([c for c in english if c.facts.jurisdiction == "US"]) >= 2
    assert len([c for c in calls if c.facts.channels == "mono"]) >= 2
    expected = {c.facts.call_id: LABELS[c.facts.call_id]["expected"] for c in calls}
    clean_but_hard = [e for e in expected.values() if e["clean"] and e["near_misses"]]
    assert len(clean_but_hard) >= 3
    assert len([e for e in expected.values() if e["severity"] == "critical"]) >= 3
    same_day = [(c.facts.debtor_ref, c.facts.started_at.date()) for c in calls if c.facts.started_at]
    assert max(same_day.count(pair) for pair in same_day) >= 3


def test_every_call_has_labels_and_no_facts_hold_them(calls: list[ManifestLine]) -> None:
    assert {c.facts.call_id for c in calls} == set(LABELS)
    for line in calls:
        text = line.facts.model_dump_json()
        assert not [word for word in ("expected", "violations", "near_misses", "labels", "turns") if word in text]
    assert not list((SAMPLES / "calls").glob("*.json"))
