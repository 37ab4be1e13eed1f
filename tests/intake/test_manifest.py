"""Manifests: paths, order, numbering, what is remembered of bad lines, and what size they may have."""

from __future__ import annotations

import json
import tracemalloc
from pathlib import Path

import pytest

from qa_service.errors import ErrorCode, FactsError
from qa_service.intake import manifest as manifest_module
from qa_service.intake.manifest import ManifestLine, ManifestProblem, read_manifest
from qa_service.records import RoleSource

TURNS = [{"role": "agent", "text": "您好"}, {"role": "customer", "text": "喂"}]


def write(path: Path, *rows: object) -> Path:
    path.write_text("\n".join(json.dumps(r, ensure_ascii=False) for r in rows), encoding="utf-8")
    return path


def good(path: Path) -> list[ManifestLine]:
    found = list(read_manifest(path))
    assert all(isinstance(line, ManifestLine) for line in found), found
    return [line for line in found if isinstance(line, ManifestLine)]


def test_audio_paths_start_at_the_manifests_folder(tmp_path: Path) -> None:
    path = write(tmp_path / "calls.jsonl", {"audio": "a/1.mp3"}, {"file": "2.wav"}, {"audio": "/srv/3.mp3"})
    assert [line.audio for line in good(path)] == [tmp_path / "a/1.mp3", tmp_path / "2.wav", Path("/srv/3.mp3")]


def test_facts_and_turns_of_a_line(tmp_path: Path) -> None:
    line = good(write(tmp_path / "calls.jsonl", {"call_id": 7, "meta": {"team": "一组"}, "turns": TURNS}))[0]
    assert (line.facts.call_id, line.facts.team, line.audio) == ("7", "一组", None)
    assert line.transcript is not None
    assert [t.text for t in line.transcript.turns] == ["您好", "喂"]
    assert line.transcript.roles.source is RoleSource.METADATA
    assert line.facts.extra == {}


def test_audio_wins_over_turns(tmp_path: Path) -> None:
    line = good(write(tmp_path / "calls.jsonl", {"audio": "1.mp3", "turns": TURNS, "expected": {"clean": True}}))[0]
    assert (line.audio, line.transcript) == (tmp_path / "1.mp3", None)
    assert line.facts.extra == {}


def test_lines_keep_their_numbers(tmp_path: Path) -> None:
    path = tmp_path / "calls.jsonl"
    path.write_text('\n{"audio": "1"}\n\n\nnothing\n{"audio": "2"}', encoding="utf-8")
    assert [line.line_no for line in read_manifest(path)] == [2, 5, 6]


def test_a_line_separator_inside_a_text_ends_no_line(tmp_path: Path) -> None:
    path = write(tmp_path / "calls.jsonl", {"audio": "1", "team": "a\u2028b\u0085c"})
    assert good(path)[0].facts.team == "a\u2028b\u0085c"


def test_the_first_of_two_with_one_id_stays(tmp_path: Path) -> None:
    found = list(read_manifest(write(tmp_path / "c.jsonl", *({"call_id": "A", "audio": a} for a in "12"))))
    assert isinstance(found[0], ManifestLine)
    assert isinstance(found[1], ManifestProblem)
    assert found[1].error.code is ErrorCode.DUPLICATE_CALL_ID
    assert found[1].call_id == "A"
    assert "line 1" in found[1].error.message


def test_the_id_of_a_bad_line_is_still_free(tmp_path: Path) -> None:
    found = list(read_manifest(write(tmp_path / "c.jsonl", {"call_id": "A"}, {"call_id": "A", "audio": "1"})))
    assert [type(line) for line in found] == [ManifestProblem, ManifestLine]


def test_an_empty_path_is_no_path(tmp_path: Path) -> None:
    (found,) = read_manifest(write(tmp_path / "c.jsonl", {"audio": ""}))
    assert isinstance(found, ManifestProblem)
    assert found.error.code is ErrorCode.MANIFEST_LINE_INVALID


def test_a_large_manifest_is_not_held_in_memory(tmp_path: Path) -> None:
    path = tmp_path / "calls.jsonl"
    row = json.dumps({"audio": "a.mp3", "team": "x" * 20_000})
    with path.open("w", encoding="utf-8") as out:
        out.writelines(f"{row}\n" for _ in range(2000))
    tracemalloc.start()
    assert sum(1 for _ in read_manifest(path)) == 2000
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert path.stat().st_size > 40_000_000
    assert peak < 5_000_000


def test_an_endless_line_is_passed_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(manifest_module, "MOST_BYTES", 1000)
    path = write(tmp_path / "calls.jsonl", {"audio": "1"}, {"audio": "2" * 5000}, {"audio": "3"})
    found = list(read_manifest(path))
    assert [line.line_no for line in found] == [1, 2, 3]
    assert isinstance(found[1], ManifestProblem)
    assert isinstance(found[2], ManifestLine)


@pytest.mark.parametrize("length", [manifest_module.HEAD_BYTES + n for n in range(4)])
def test_a_first_line_longer_than_the_look_ahead(length: int, tmp_path: Path) -> None:
    """Whichever byte of a character the look-ahead ends in."""
    row = '{"audio": "1", "team": "' + "x" * (length % 4) + "催" * length + '"}'
    path = tmp_path / "calls.jsonl"
    path.write_text(row, encoding="utf-8")
    assert good(path)[0].facts.team == "x" * (length % 4) + "催" * length


def test_reading_twice_gives_the_same(tmp_path: Path) -> None:
    path = write(tmp_path / "calls.jsonl", {"call_id": "A", "audio": "1"}, {"call_id": "B", "turns": TURNS})
    assert good(path) == good(path)


def test_a_table_is_told_as_one(tmp_path: Path) -> None:
    path = tmp_path / "calls.csv"
    path.write_text('CALL ID,TIMESTAMP,AGENT,RECORDING\n1,"Tue, 17 Nov 2026 14:03:00",kmills,a.wav\n', encoding="utf-8")
    with pytest.raises(FactsError, match=r"looks like a table \(CSV\).*one JSON object a line"):
        read_manifest(path)
