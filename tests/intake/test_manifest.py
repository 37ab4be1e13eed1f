"""Manifests: paths, order, numbering, what is remembered of bad lines, and what size they may have."""

from __future__ import annotations

import json
import tracemalloc
from pathlib import Path

import pytest

from qa_service.errors import ErrorCode, FactsError
from qa_service.intake import manifest as manifest_module
from qa_service.intake.manifest import ManifestLine, ManifestProblem, read_manifest
from qa_service.records import CallFacts, RoleSource

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


def table(path: Path, text: str) -> Path:
    path.write_bytes(text.encode())
    return path


def test_a_table_names_recordings_and_their_facts(tmp_path: Path) -> None:
    text = (
        "\ufeffCall ID,Start Time,DPD,录音文件,product,sol_expired,note,\r\n\r\n"
        '7,2026-11-17T14:03:00+08:00,34,a/1.mp3,信用卡,Y,"rings, then hangs up",\r\n8,,,2.mp3\r\n'
    )
    first, second = good(table(tmp_path / "calls.csv", text))
    assert (first.line_no, first.audio) == (3, tmp_path / "a/1.mp3")
    assert (first.facts.call_id, first.facts.overdue_days, first.facts.product) == ("7", 34, "信用卡")
    assert first.facts.started_at is not None
    assert first.facts.extra == {"sol_expired": "Y", "note": "rings, then hangs up"}
    assert (second.facts.call_id, second.facts.overdue_days, second.audio) == ("8", None, tmp_path / "2.mp3")


@pytest.mark.parametrize("mark", [";", "\t", ","])
def test_a_table_by_its_first_line_whatever_stands_between_cells(tmp_path: Path, mark: str) -> None:
    path = table(
        tmp_path / "export.txt", mark.join(["call_id", "file", "team"]) + "\n" + mark.join(["7", "1.mp3", "A"])
    )
    (line,) = good(path)
    assert (line.facts.call_id, line.facts.team) == ("7", "A")
    assert good(table(tmp_path / "one.csv", "file\n1.mp3"))[0].audio == tmp_path / "1.mp3"


def test_a_bad_row_stops_no_other(tmp_path: Path) -> None:
    rows = ['1,"open,x', "2,2.mp3,-3", "3,,5", "4,4.mp3,5,6", '5,"5.mp3"x,5', "6,6.mp3,5,,"]
    found = list(read_manifest(table(tmp_path / "c.csv", "\n".join(["call_id,audio,overdue_days", *rows]))))
    assert [type(line) for line in found] == [ManifestProblem] * 5 + [ManifestLine]
    told = [line.error.message for line in found if isinstance(line, ManifestProblem)]
    for message, says in zip(told, ["quote", "overdue_days", "neither `audio`", "has 4 cells", "','"], strict=True):
        assert says in message
        assert "line" in message
    assert {line.line_no for line in found} == {2, 3, 4, 5, 6, 7}


def test_a_cell_may_go_on_in_the_next_lines(tmp_path: Path) -> None:
    rows = ['1,1.mp3,"first\r\n\r\n说""好""\r\nlast"', "2,2.mp3,plain", '3,3.mp3,"a', '4,4.mp3,b"', "5,5.mp3,c"]
    found = good(table(tmp_path / "c.csv", "\r\n".join(["call_id,audio,note", *rows])))
    assert [(line.line_no, line.facts.call_id) for line in found] == [(2, "1"), (6, "2"), (7, "3"), (9, "5")]
    assert found[0].facts.extra == {"note": 'first\r\n说"好"\r\nlast'}
    assert found[2].facts.extra == {"note": "a\r\n4,4.mp3,b"}


@pytest.mark.parametrize("closes", ["", '9,9.mp3,"a note"', '9,9.mp3,""'])
def test_a_quote_that_nothing_closes_takes_no_other_row(tmp_path: Path, closes: str) -> None:
    rows = ['1,"1.mp3,x', *(f"{n},{n}.mp3," for n in range(2, 9)), closes]
    found = list(read_manifest(table(tmp_path / "c.csv", "\n".join(["call_id,audio,note", *rows]))))
    assert [type(line) for line in found] == [ManifestProblem] + [ManifestLine] * (7 + bool(closes))
    assert isinstance(found[0], ManifestProblem)
    assert "line 2 has a quote that is not closed" in found[0].error.message


def test_a_cell_has_an_end(tmp_path: Path) -> None:
    long = "\n".join(["call_id,audio,note", '1,1.mp3,"x', *["2"] * 100, '3,3.mp3,"', "4,4.mp3,"])
    assert [line.line_no for line in read_manifest(table(tmp_path / "c.csv", long))][-1] == 104
    mark = "\n".join(["call_id,audio,note", *['1,1.mp3,"x'] * 3])
    assert [type(line) for line in read_manifest(table(tmp_path / "c.csv", mark))] == [ManifestProblem] * 3


@pytest.mark.parametrize(
    ("head", "says"),
    [
        ("call_id,agent,team", "without a column `audio` (call_id, agent, team)"),
        ("audio,team,team", "names the column 'team' twice"),
        ('audio,"team,x', "quote"),
        (",,", "names no column"),
    ],
)
def test_a_table_whose_head_is_no_use(tmp_path: Path, head: str, says: str) -> None:
    with pytest.raises(FactsError) as wrong:
        read_manifest(table(tmp_path / "c.csv", f"{head}\n1,2,3"))
    assert wrong.value.code is ErrorCode.MANIFEST_UNREADABLE
    assert says in wrong.value.message
    assert "one of them `audio`" in wrong.value.hint


def test_a_table_in_gbk_is_no_utf8(tmp_path: Path) -> None:
    path = tmp_path / "c.csv"
    path.write_bytes("录音文件,产品\n1.mp3,信用卡".encode("gbk"))
    with pytest.raises(FactsError, match="is not UTF-8"):
        read_manifest(path)
    path.write_bytes(b"audio,product\n" + "1.mp3,信用卡\n".encode("gbk") + "2.mp3,信用卡\n".encode())
    assert [type(line) for line in read_manifest(path)] == [ManifestProblem, ManifestLine]


def test_a_table_as_spreadsheets_write_it(tmp_path: Path) -> None:
    """The line that tells Excel what stands between cells, and rows without a word, are no calls."""
    text = '\ufeffsep=;\r\n"id, of the dialler";audio\r\n7;1.mp3\r\n;\r\n;;;\r\n8;2.mp3\r\n'
    found = good(table(tmp_path / "c.csv", text))
    assert [(line.line_no, line.audio) for line in found] == [(3, tmp_path / "1.mp3"), (6, tmp_path / "2.mp3")]


def test_of_several_columns_the_plainest_names_the_recording(tmp_path: Path) -> None:
    (line,) = good(table(tmp_path / "c.csv", "file_name,Audio,call_id\nlist 7,1.mp3,7\n"))
    assert (line.audio, line.facts.extra) == (tmp_path / "1.mp3", {})


def test_a_table_places_facts_as_rules_name_them(tmp_path: Path) -> None:
    head = "audio,account.time_barred,account.waiver_approval_id,extra.queue,version.1"
    (line,) = good(table(tmp_path / "c.csv", f"{head}\n1.mp3,TRUE,W-1,B,x\n"))
    assert line.facts.account == {"time_barred": "TRUE", "waiver_approval_id": "W-1"}
    assert line.facts.extra == {"queue": "B", "version.1": "x"}


@pytest.mark.parametrize("text", ["call_id,audio\n", "call_id,audio\n,\n,,\n", "sep=,\n"])
def test_a_table_without_calls(tmp_path: Path, text: str) -> None:
    with pytest.raises(FactsError) as wrong:
        read_manifest(table(tmp_path / "c.csv", text))
    assert wrong.value.code is ErrorCode.MANIFEST_UNREADABLE
    assert "audio" in wrong.value.hint


def test_a_bad_first_line_of_json_is_no_table(tmp_path: Path) -> None:
    path = table(tmp_path / "c.jsonl", 'x{"call_id": "7", "team": "A", "audio": "1"}\n{"audio": "2"}')
    assert [type(line) for line in read_manifest(path)] == [ManifestProblem, ManifestLine]


def test_common_facts_go_where_a_line_is_silent(tmp_path: Path) -> None:
    common = CallFacts(clock_tz="Asia/Shanghai", jurisdiction="CN", product="card", account={"lender": "甲", "dpd": 3})
    path = table(
        tmp_path / "c.csv",
        "audio,country,started_at,account.dpd,渠道\n1.wav,,2026-11-17 14:03:00,40,a\n2.wav,US,2026-11-17 14:03:00,,\n",
    )
    first, second = read_manifest(path, common)
    assert isinstance(first, ManifestLine)
    assert isinstance(second, ManifestLine)
    assert str(first.facts.started_at) == "2026-11-17 14:03:00+08:00"
    assert (first.facts.jurisdiction, second.facts.jurisdiction, second.facts.product) == ("CN", "US", "card")
    assert first.facts.account == {"lender": "甲", "dpd": "40"}
    assert second.facts.account == {"lender": "甲", "dpd": 3}
    assert first.facts.extra == {"渠道": "a"}


@pytest.mark.parametrize("own", [{"clockTz": "Europe/London"}, {"meta": {"Clock TZ": "Europe/London"}}])
def test_a_zone_of_ones_own_counts_before_the_common_one(tmp_path: Path, own: dict[str, object]) -> None:
    path = write(tmp_path / "c.jsonl", {"audio": "1", "started_at": "2026-01-17 14:03:00", **own})
    (line,) = read_manifest(path, CallFacts(clock_tz="Asia/Shanghai"))
    assert isinstance(line, ManifestLine)
    assert str(line.facts.started_at) == "2026-01-17 14:03:00+00:00"


@pytest.mark.parametrize("empty", [{"clock_tz": ""}, {"clock_tz": None}, {"meta": {"clock_tz": ""}}])
def test_an_empty_zone_is_silent(tmp_path: Path, empty: dict[str, object]) -> None:
    path = write(tmp_path / "c.jsonl", {"audio": "1", "started_at": "2026-01-17 14:03:00", **empty})
    (line,) = read_manifest(path, CallFacts(clock_tz="Asia/Shanghai"))
    assert isinstance(line, ManifestLine)
    assert (str(line.facts.started_at), line.facts.extra) == ("2026-01-17 14:03:00+08:00", {})


@pytest.mark.parametrize(
    ("own", "direction", "phone"),
    [({}, "outbound", "2025550100"), ({"call_type": "inbound"}, "inbound", "2025550111")],
)
def test_the_common_direction_tells_which_number_is_the_customers(
    tmp_path: Path, own: dict[str, object], direction: str, phone: str
) -> None:
    path = write(tmp_path / "c.jsonl", {"audio": "1", "to": "2025550100", "from": "2025550111", **own})
    (line,) = read_manifest(path, CallFacts(direction="outbound"))
    assert isinstance(line, ManifestLine)
    assert (line.facts.direction, line.facts.phone) == (direction, phone)


def test_common_facts_name_no_call(tmp_path: Path) -> None:
    with pytest.raises(FactsError) as wrong:
        read_manifest(write(tmp_path / "c.jsonl", {"audio": "1"}), CallFacts(call_id="B-1"))
    assert (wrong.value.code, wrong.value.hint) == (ErrorCode.FACTS_INVALID, "Leave call_id out of them.")
