"""The table of bad inputs: each gives its code, names the file and says what to do; what is fine works."""

from __future__ import annotations

from pathlib import Path

import pytest

from qa_service.audio.decode import decode, probe
from qa_service.audio.types import Audio
from qa_service.audio.vad import detect_speech
from qa_service.errors import AudioError, ErrorCode, FactsError, QAError
from qa_service.intake.facts import read_facts
from qa_service.intake.files import accept, shown
from qa_service.intake.manifest import ManifestLine, ManifestProblem, read_manifest
from qa_service.intake.transcript import read_transcript
from qa_service.records import ErrorInfo
from qa_service.settings import Settings
from tests.intake.bad_inputs import (
    BAD_AUDIO,
    BAD_FACTS,
    BAD_INPUTS,
    BAD_MANIFESTS,
    BAD_TRANSCRIPTS,
    FINE_INPUTS,
    BadInput,
    FineInput,
)

pytestmark = pytest.mark.timeout(30)


def check(error: QAError, bad: BadInput, path: Path) -> None:
    assert error.code is bad.code
    assert shown(Path(path.name)) in error.message
    assert error.hint
    ErrorInfo(code=error.code, message=str(error)).model_dump_json()


def test_the_table_is_whole() -> None:
    assert len(BAD_INPUTS) >= 25
    assert len({str(b) for b in BAD_INPUTS}) == len(BAD_INPUTS)


@pytest.mark.parametrize("bad", BAD_AUDIO, ids=str)
def test_bad_audio(bad: BadInput, tmp_path: Path, settings: Settings) -> None:
    path, settings = bad.make(tmp_path), bad.adjusted(settings)
    if bad.stage == "accept":
        with pytest.raises(AudioError) as raised:
            accept(path, settings)
        check(raised.value, bad, path)
        return
    assert accept(path, settings).size_bytes == path.stat().st_size
    if bad.stage == "hear":
        assert bad.code is ErrorCode.NO_SPEECH
        assert detect_speech(decode(path, settings)) == ()
        return
    with pytest.raises(AudioError) as raised:
        decode(path, settings)
    check(raised.value, bad, path)


@pytest.mark.parametrize("bad", [b for b in BAD_AUDIO if b.stage == "accept"], ids=str)
def test_the_decoder_alone_refuses_what_the_door_refuses(bad: BadInput, tmp_path: Path, settings: Settings) -> None:
    """A file may change between the door and the decoder."""
    path = bad.make(tmp_path)
    with pytest.raises(AudioError) as raised:
        decode(path, settings)
    if bad.name != "too_large":  # without a limit on size it is an ordinary file of zeros
        check(raised.value, bad, path)


@pytest.mark.parametrize("bad", BAD_FACTS, ids=str)
def test_bad_facts(bad: BadInput, tmp_path: Path) -> None:
    path = bad.make(tmp_path)
    with pytest.raises(FactsError) as raised:
        read_facts(path)
    check(raised.value, bad, path)


@pytest.mark.parametrize("bad", BAD_TRANSCRIPTS, ids=str)
def test_bad_transcript(bad: BadInput, tmp_path: Path) -> None:
    path = bad.make(tmp_path)
    with pytest.raises(FactsError) as raised:
        read_transcript(path)
    check(raised.value, bad, path)


@pytest.mark.parametrize("bad", [b for b in BAD_MANIFESTS if not b.good_lines], ids=str)
def test_unreadable_manifest(bad: BadInput, tmp_path: Path) -> None:
    path = bad.make(tmp_path)
    with pytest.raises(FactsError) as raised:
        read_manifest(path)
    check(raised.value, bad, path)


@pytest.mark.parametrize("bad", [b for b in BAD_MANIFESTS if b.good_lines and b.stage == "read"], ids=str)
def test_a_bad_line_does_not_stop_the_rest(bad: BadInput, tmp_path: Path) -> None:
    path = bad.make(tmp_path)
    found = list(read_manifest(path))
    problems = [line for line in found if isinstance(line, ManifestProblem)]
    assert sum(isinstance(line, ManifestLine) for line in found) == bad.good_lines
    check(problems[0].error, bad, path)
    assert f"line {problems[0].line_no}" in problems[0].error.message


def test_a_manifest_line_without_its_recording_is_told_at_the_door(tmp_path: Path, settings: Settings) -> None:
    bad = next(b for b in BAD_MANIFESTS if b.stage == "accept")
    first = next(read_manifest(bad.make(tmp_path)))
    assert isinstance(first, ManifestLine)
    assert first.audio is not None
    with pytest.raises(AudioError) as raised:
        accept(first.audio, settings)
    check(raised.value, bad, first.audio)


@pytest.mark.parametrize("fine", FINE_INPUTS, ids=str)
def test_what_only_looks_wrong_works(fine: FineInput, tmp_path: Path, settings: Settings) -> None:
    path = fine.build(tmp_path)
    if fine.kind == "audio":
        accept(path, settings)
        probe(path, settings)
        assert isinstance(decode(path, settings), Audio)
    elif fine.kind == "facts":
        read_facts(path)
    elif fine.kind == "transcript":
        read_transcript(path)[1].model_dump_json()
    else:
        found = list(read_manifest(path))
        assert [type(line) for line in found] == [ManifestLine, ManifestLine]
