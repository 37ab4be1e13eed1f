"""The table of bad inputs through the whole pipeline: each ends as a result with its code, and the batch goes on."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest

from qa_service.audio.decode import decode
from qa_service.errors import ErrorCode
from qa_service.inspect.batch import Item, from_files, from_manifest, inspect_item, unique
from qa_service.inspect.pipeline import Inspector
from qa_service.records import CallFacts, CallStatus, Inspection, Transcript
from qa_service.settings import Settings
from qa_service.speech.protocol import SpeechJob
from tests.audio.sounds import write_wav
from tests.inspect.test_pipeline import SAMPLES, Heard, transcript
from tests.intake.bad_inputs import BAD_AUDIO, BAD_FACTS, BAD_MANIFESTS, BAD_TRANSCRIPTS, GOOD_LINE, BadInput

pytestmark = pytest.mark.timeout(60)

NAMES_JSON_CANNOT_HOLD = ("name_not_utf8", "name_with_nul")
#: What a decoder finds; what the voice detector finds nothing in was heard, and could not be judged.
STATUS = {"accept": CallStatus.FAILED, "decode": CallStatus.FAILED, "hear": CallStatus.NOT_ASSESSABLE}


@pytest.fixture(scope="module")
def good_call(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The first seconds of a sample: short, and with speech."""
    audio = decode(SAMPLES / "D-ZH-003.mp3", Settings(_env_file=None))  # type: ignore[call-arg]
    start = np.stack(audio.channels)[:, : 4 * audio.sample_rate].clip(-1, 1)
    path = tmp_path_factory.mktemp("good") / "good.wav"
    return write_wav(path, (start * 32767).astype(np.int16), audio.sample_rate)


class Deaf(Heard):
    """Fails a test that reaches the speech engine."""

    def transcribe_all(self, jobs: Sequence[SpeechJob]) -> list[Transcript]:
        raise AssertionError("bad audio reached the speech engine")


def deaf(settings: Settings) -> Inspector:
    return Inspector(settings, transcriber=Deaf(transcript("x")))


def hearing(settings: Settings) -> Inspector:
    return Inspector(settings, transcriber=Heard(transcript("您好", ratio=1.0)))


def check(got: Inspection, bad: BadInput, status: CallStatus) -> None:
    assert got.error
    assert (got.error.code, got.status) == (bad.code, status)
    assert len(got.error.message) > 20
    assert (got.score, got.findings, got.turns) == (None, (), ())
    assert Inspection.model_validate_json(got.model_dump_json()) == got


def outcomes(items: Iterator[Item], settings: Settings) -> list[Inspection]:
    inspector = hearing(settings)
    return [inspect_item(inspector, item, settings) for item in unique(items)]


@pytest.mark.parametrize("bad", BAD_AUDIO, ids=str)
def test_bad_audio_is_a_result_with_its_code(bad: BadInput, tmp_path: Path, settings: Settings) -> None:
    item, settings = Item(call_id="C-1", audio=bad.make(tmp_path)), bad.adjusted(settings)
    check(inspect_item(deaf(settings), item, settings), bad, STATUS[bad.stage])


@pytest.mark.parametrize("bad", [b for b in BAD_AUDIO if b.name != "too_large"], ids=str)
def test_the_inspector_alone_raises_nothing(bad: BadInput, tmp_path: Path, settings: Settings) -> None:
    """Without the door before it, as a file may change behind the door; size is asked at the door only."""
    path, settings = bad.make(tmp_path), bad.adjusted(settings)
    check(deaf(settings).inspect_audio(path, CallFacts(), call_id="C-1"), bad, STATUS[bad.stage])


def test_a_batch_of_files_goes_on_over_all_of_them(tmp_path: Path, settings: Settings, good_call: Path) -> None:
    """All rows that need no limits of their own, each between two good calls."""
    rows = [b for b in BAD_AUDIO if not b.limits]
    paths = [good_call]
    for n, bad in enumerate(rows):
        (tmp_path / str(n)).mkdir()
        paths += [bad.make(tmp_path / str(n)), good_call]
    inspector = hearing(settings)
    got = [inspect_item(inspector, i, settings) for i in from_files(paths, facts=None, as_transcript=False)]
    assert len(got) == len(paths)
    assert {g.status for g in got[::2]} == {CallStatus.INSPECTED}
    for bad, result in zip(rows, got[1::2], strict=True):
        check(result, bad, STATUS[bad.stage])


def test_a_manifest_goes_on_over_all_of_them(tmp_path: Path, settings: Settings) -> None:
    rows = [b for b in BAD_AUDIO if not b.limits and b.name not in NAMES_JSON_CANNOT_HOLD]
    lines: list[dict[str, object]] = [GOOD_LINE]
    for bad in rows:
        folder = tmp_path / bad.name
        folder.mkdir()
        lines.append({"call_id": bad.name, "audio": os.fspath(bad.make(folder)), "agent_id": "A-1"})
        lines.append({**GOOD_LINE, "call_id": f"after {bad.name}"})
    path = tmp_path / "calls.jsonl"
    path.write_text("\n".join(json.dumps(line) for line in lines), encoding="utf-8")
    got = outcomes(from_manifest(path), settings)
    assert [g.call_id for g in got] == [line["call_id"] for line in lines]
    assert {g.status for g in got[::2]} == {CallStatus.INSPECTED}
    for bad, result in zip(rows, got[1::2], strict=True):
        check(result, bad, STATUS[bad.stage])


@pytest.mark.parametrize("bad", [b for b in BAD_MANIFESTS if b.good_lines], ids=str)
def test_a_bad_line_of_a_manifest_is_a_result_and_the_rest_goes_on(
    bad: BadInput, tmp_path: Path, settings: Settings
) -> None:
    got = outcomes(from_manifest(bad.make(tmp_path)), settings)
    assert sum(g.status is CallStatus.INSPECTED for g in got) == bad.good_lines
    failed = [g for g in got if g.status is not CallStatus.INSPECTED]
    assert failed
    check(failed[0], bad, CallStatus.FAILED)


@pytest.mark.parametrize("bad", BAD_TRANSCRIPTS, ids=str)
def test_a_bad_transcript_is_a_result_and_the_rest_goes_on(bad: BadInput, tmp_path: Path, settings: Settings) -> None:
    good = tmp_path / "good.json"
    good.write_text(json.dumps(GOOD_LINE), encoding="utf-8")
    items = from_files([bad.make(tmp_path), good], facts=None, as_transcript=True)
    first, second = outcomes(items, settings)
    check(first, bad, CallStatus.FAILED)
    assert (second.call_id, second.status) == ("G-1", CallStatus.INSPECTED)


#: What is no file is no sidecar.
SIDECARS = [b for b in BAD_FACTS if b.name not in ("missing", "folder", "pipe")]


@pytest.mark.parametrize("bad", SIDECARS, ids=str)
def test_bad_facts_beside_a_recording_fail_that_call_only(
    bad: BadInput, tmp_path: Path, settings: Settings, good_call: Path
) -> None:
    bad.make(tmp_path)
    beside = Path(shutil.copy(good_call, tmp_path / "facts.wav"))
    first, second = outcomes(from_files([beside, good_call], facts=None, as_transcript=False), settings)
    check(first, bad, CallStatus.FAILED)
    assert second.status is CallStatus.INSPECTED


def test_a_call_id_used_twice_is_refused_and_the_first_kept(settings: Settings, good_call: Path) -> None:
    got = outcomes(from_files([good_call, good_call], facts=None, as_transcript=False), settings)
    assert [g.status for g in got] == [CallStatus.INSPECTED, CallStatus.FAILED]
    assert got[1].error
    assert got[1].error.code == ErrorCode.DUPLICATE_CALL_ID
