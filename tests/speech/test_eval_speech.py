"""The scorer of scripts/eval_speech.py: one form for numbers however they are written, errors counted by side."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

from qa_service.records import Role, Transcript, Turn
from tests.factories import transcript
from tests.speech.conftest import ROOT


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("六千四百二十块。", "6,420块"),
        ("一万两千零五十", "12050"),
        ("三百五", "350"),
        ("百分之二十四", "24%"),
        ("工号二零一", "工号 201"),
        ("還清欠款", "还清欠款"),
        ("十七八天", "178天"),
        ("八点半", "8点半"),
    ],
)
def test_mandarin_of_one_sound_is_one(scorer: ModuleType, one: str, other: str) -> None:
    assert scorer.zh_units(one) == scorer.zh_units(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("four four one seven", "4417"),
        ("Twenty-four hundred dollars.", "$2400"),
        ("$5.50", "five dollars and fifty cents"),
        ("24%", "twenty-four percent"),
        ("OK, at 9 a.m.", "okay at nine am"),
        ("the sixteenth", "the 16th"),
        ("one thousand two hundred and five", "1,205"),
    ],
)
def test_english_of_one_sound_is_one(scorer: ModuleType, one: str, other: str) -> None:
    assert scorer.en_units(one) == scorer.en_units(other)


def test_different_words_stay_different(scorer: ModuleType) -> None:
    assert scorer.zh_units("还清") != scorer.zh_units("还轻")
    assert scorer.zh_units("千万别") == ["千", "万", "别"]
    assert scorer.en_units("I don't") != scorer.en_units("I do not")


@pytest.mark.parametrize(
    ("reference", "heard", "errors"),
    [
        ("", "", 0),
        ("abc", "abc", 0),
        ("abc", "", 3),
        ("", "ab", 2),
        ("abc", "axc", 1),
        ("abc", "abxc", 1),
        ("ab", "ba", 2),
    ],
)
def test_edit_distance(scorer: ModuleType, reference: str, heard: str, errors: int) -> None:
    assert scorer.distance(reference, heard) == errors


def labels(*turns: tuple[str, str, float, float]) -> dict[str, object]:
    rows = [{"role": r, "text": t, "start_s": a, "end_s": b} for r, t, a, b in turns]
    return {"language": "zh", "turns": rows}


def heard(*turns: tuple[Role, str, float, float]) -> Transcript:
    made = tuple(Turn(index=i, role=r, text=t, start_s=a, end_s=b) for i, (r, t, a, b) in enumerate(turns))
    return transcript().model_copy(update={"turns": made})


def test_words_on_the_wrong_side_are_errors_on_both(scorer: ModuleType) -> None:
    said = labels(("agent", "您好", 0, 2), ("customer", "你是谁", 2, 4))
    right = heard((Role.AGENT, "您好", 0, 2), (Role.CUSTOMER, "你是谁", 2, 4))
    wrong = heard((Role.CUSTOMER, "您好", 0, 2), (Role.AGENT, "你是谁", 2, 4))
    assert scorer.score(said, right, 2) == (0, 5)
    assert scorer.score(said, wrong, 2)[0] >= 5
    assert scorer.score(said, wrong, 1) == (0, 5)


def test_labelled_coverage_counts_seconds_of_the_same_side(scorer: ModuleType) -> None:
    said = labels(("agent", "您好", 0, 2), ("customer", "你是谁", 2, 4))
    assert scorer.labelled_coverage(said, heard((Role.AGENT, "您好", 0, 9)), 2) == 0.5
    assert scorer.labelled_coverage(said, heard((Role.UNKNOWN, "您好", 0, 9)), 1) == 1.0
    assert scorer.labelled_coverage(said, heard((Role.AGENT, "", 0, 9)), 2) == 0.0


@pytest.mark.speech
def test_the_script_runs_over_a_folder_and_writes_its_figures(tmp_path: Path, real: object) -> None:
    folder = tmp_path / "calls"
    folder.mkdir()
    all_labels = json.loads((ROOT / "samples/labels.json").read_text(encoding="utf-8"))
    shutil.copy(ROOT / "samples/calls/D-ZH-003.mp3", folder)
    own = {"language": "zh", "turns": all_labels["D-ZH-003"]["turns"]}
    (folder / "D-ZH-003.json").write_text(json.dumps(own), encoding="utf-8")
    command = [sys.executable, "scripts/eval_speech.py", "--calls", str(folder), "--json", str(tmp_path / "out.json")]
    data_dir = str(real.data_dir)  # type: ignore[attr-defined]
    options = ["--beam-size", "1", "--about", "one synthetic call"]
    done = subprocess.run(
        [*command, *options], cwd=ROOT, capture_output=True, text=True, check=True, env={"QA_DATA_DIR": data_dir}
    )
    result = json.loads((tmp_path / "out.json").read_text(encoding="utf-8"))
    call = result["calls"][0]
    assert "CER" in done.stdout
    assert result["normaliser"] in done.stdout
    assert 0 < call["error_rate"] < 0.4
    assert call["coverage"] >= 0.97
    assert call["real_time_factor"] > 0
    assert result["summary"]["zh stereo"]["calls"] == 1
    assert "error_rate" not in result["summary"]["all"]


def test_an_empty_folder_is_told(tmp_path: Path) -> None:
    command = [sys.executable, "scripts/eval_speech.py", "--calls", str(tmp_path)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, env={"QA_DATA_DIR": str(tmp_path)})
    assert done.returncode == 1
    assert "holds no recording" in done.stderr
