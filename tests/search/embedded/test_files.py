"""How the embedded index is written, lives with other processes, breaks, and is built again beside itself."""

from __future__ import annotations

import multiprocessing
import sqlite3
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from qa_service.errors import ErrorCode, SetupError
from qa_service.search.document import CallDocument
from qa_service.search.embedded import EmbeddedIndex
from qa_service.search.protocol import EVERYTHING, SearchQuery
from tests.search.made import CORPUS, call, dated, document, found, turn

SPAWN = multiprocessing.get_context("spawn")


def counted(index: EmbeddedIndex) -> tuple[int, int]:
    state = index.state()
    return state.calls, state.turns


def on_disk(path: Path) -> bytes:
    """Everything that the files hold, the log too."""
    return b"".join(file.read_bytes() for file in path.parent.iterdir() if not file.is_symlink())


def test_a_call_is_replaced_whole_and_taken_out(index: EmbeddedIndex) -> None:
    index.write([call(*CORPUS), call("通讯录", call_id="C-2")])
    assert index.write([call("新的"), call("新的", "通讯", call_id="C-3")]) == ()
    assert found(index, "通讯录") == ["C-2:0"]
    assert found(index, "新的") == ["C-1:0", "C-3:0"]
    assert counted(index) == (3, 4)
    index.delete(["C-2", "C-9"])
    assert (found(index, "通讯录"), counted(index)) == ([], (2, 3))
    index.write([document(call_id="C-1")])
    assert (found(index, "新的"), counted(index)) == (["C-3:0"], (2, 2))


def test_a_call_that_cannot_be_kept_is_refused_alone_and_what_is_there_of_it_stays(index: EmbeddedIndex) -> None:
    index.write([call("旧的", call_id="C-2")])
    long = call("长").model_copy(update={"turns": tuple(turn("长", n) for n in range(16_385)), "call_id": "C-4"})
    refused = index.write([
        call("一", call_id="C-1"),
        document(turn("新的", vector=b"\x01" * 383), call_id="C-2"),
        call("半\ud800个", call_id="C-3"),
        long,
        call("二", call_id="C-5"),
    ])  # fmt: skip
    assert [(one.call_id, one.passing) for one in refused] == [("C-2", False), ("C-4", False), ("C-3", False)]
    assert "383" in refused[0].reason
    assert found(index) == ["C-1:0", "C-2:0", "C-5:0"]
    assert found(index, "旧的") == ["C-2:0"]


def test_calls_before_a_day_leave_nothing_in_the_files(index: EmbeddedIndex, path: Path) -> None:
    index.write([
        call("鳃鳃 zyzzyva", call_id="old-call", agent_name="魍魉", team="魑魅", **dated(0)),
        call("还钱", call_id="C-2", **dated(1)),
        call("还钱", call_id="C-3", **dated(2)),
    ])  # fmt: skip
    assert index.delete_before(dated(1)["day"]) == 1  # type: ignore[arg-type]
    assert index.delete_before(dated(1)["day"]) == 0  # type: ignore[arg-type]
    assert found(index) == ["C-3:0", "C-2:0"]
    index.close()
    kept = on_disk(path)
    assert "还钱".encode() in kept
    for gone in ("鳃", "zyzzyva", "old-call", "魍魉", "魑魅", "魑魅".encode().hex()):
        assert gone.encode() not in kept, gone


def test_odd_texts_and_names_are_kept_as_they_are(index: EmbeddedIndex) -> None:
    odd = "\0 \"'; DROP TABLE calls; -- 😀 𠮷 \u2028"
    index.write([call(odd, "", call_id="C\"'1", team="a b:(c)", agent_id="x" * 1000)])
    (hit,) = index.search(SearchQuery(text="drop table", team="A B:(C)"), EVERYTHING).calls
    assert (hit.turns[0].text, hit.call_id, hit.team) == (odd, "C\"'1", "a b:(c)")
    assert found(index, agent_id="x" * 1000) == ["C\"'1:0", "C\"'1:1"]


def _not_a_database(path: Path) -> None:
    path.write_bytes(b"hello" * 1000)


def _not_ours(path: Path) -> None:
    with sqlite3.connect(path) as other:
        other.execute("CREATE TABLE notes (text)")


def _of_an_old_version(path: Path) -> None:
    with sqlite3.connect(path) as other:
        other.execute("CREATE TABLE turns (id INTEGER PRIMARY KEY, text TEXT)")
        other.execute(f"PRAGMA application_id = {0x71615349}")
        other.execute("PRAGMA user_version = 2")


def _torn(path: Path) -> None:
    with EmbeddedIndex(path) as made:
        made.write([call(*CORPUS)])
    whole = path.read_bytes()
    path.write_bytes(whole[:100] + b"\xff" * (len(whole) - 100))


@pytest.mark.parametrize("damaged", [_not_a_database, _not_ours, _of_an_old_version, _torn])
@pytest.mark.parametrize("mended", ["clear", "rebuild"])
def test_a_file_of_no_use_says_reindex_until_it_is_made_anew(
    path: Path, damaged: Callable[[Path], None], mended: str
) -> None:
    path.parent.mkdir()
    damaged(path)
    index = EmbeddedIndex(path)
    for use in (index.state, lambda: found(index, "钱"), lambda: index.write([call("钱")])):
        with pytest.raises(SetupError) as refused:
            use()
        assert refused.value.code == ErrorCode.INDEX_UNAVAILABLE
        assert "`qa reindex`" in refused.value.hint
        assert str(path) in refused.value.message
    if mended == "clear":
        index.clear()
        index.write([call("钱")])
    else:
        new = index.rebuild()
        new.write([call("钱"), call("钱", call_id="C-2")])
        index.delete(["C-2"])
        new.swap()
    assert found(index, "钱") == ["C-1:0"]
    assert len(list(path.parent.glob("*.sqlite3"))) == 2  # the link and what it points to


def test_damage_that_comes_later_is_told_too(index: EmbeddedIndex, path: Path) -> None:
    index.write([call(*CORPUS)])
    with sqlite3.connect(path) as other:
        other.execute("DELETE FROM spoken_data")
    with pytest.raises(SetupError, match=r"qa reindex"):
        found(index, "通讯录")
    index.clear()
    assert counted(index) == (0, 0)


def test_a_file_overwritten_while_it_is_open_is_sound_after_clear(index: EmbeddedIndex, path: Path) -> None:
    index.write([call(*CORPUS)])
    path.write_bytes(b"garbage" * 999)
    index.clear()
    index.write([call(*CORPUS)])
    index.close()
    with sqlite3.connect(path) as plain:
        assert plain.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    assert found(index, "通讯录") == ["C-1:1"]


@pytest.mark.parametrize("below", ["file/search.sqlite3", "."])
def test_a_place_where_no_file_can_be_is_told(tmp_path: Path, below: str) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(SetupError, match="QA_DATA_DIR"):
        EmbeddedIndex(tmp_path / below).state()


def test_a_writer_that_waits_too_long_says_so_and_readers_do_not_wait(
    index: EmbeddedIndex, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("qa_service.search.embedded.connections.BUSY_S", 0.05)
    index.write([call("旧的")])
    with sqlite3.connect(path, isolation_level=None) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(SetupError, match="another process"):
            index.write([call("新的")])
        assert found(index) == ["C-1:0"]
        other.execute("ROLLBACK")
    assert index.write([call("新的")]) == ()


def test_files_that_are_deleted_are_made_anew_by_whoever_comes_next(path: Path) -> None:
    mine, other = EmbeddedIndex(path), EmbeddedIndex(path)
    mine.write([call("旧的")])
    assert counted(other) == (1, 1)
    for file in path.parent.iterdir():
        file.unlink()
    mine.write([call("新的", call_id="C-2")])
    assert found(other) == ["C-2:0"]
    path.resolve().unlink()  # the link stays
    assert found(other) == []
    other.write([call("新的", call_id="C-3")])
    assert found(mine) == ["C-3:0"]


def test_a_clear_is_seen_by_those_who_have_the_index_open(path: Path) -> None:
    mine, other = EmbeddedIndex(path), EmbeddedIndex(path)
    mine.write([call("旧的")])
    new = other.rebuild()
    assert found(other, "旧的") == ["C-1:0"]
    mine.clear()
    assert found(other, "旧的") == []
    with pytest.raises(SetupError, match="given it up"):
        new.write([call("新的")])
    other.write([call("旧的")])
    assert found(mine, "旧的") == ["C-1:0"]


def test_a_new_index_fills_beside_the_old_one_and_takes_its_place(index: EmbeddedIndex, path: Path) -> None:
    index.write([call("旧的", call_id=f"C-{n}") for n in range(3)])
    new = index.rebuild()
    assert index.state().building
    assert (
        new.write([call("新的", call_id="C-1"), document(turn("半", vector=b"x"), call_id="C-9")])[0].call_id == "C-9"
    )
    assert (new.holds(["C-0", "C-1", "C-9"]), new.size()) == ({"C-1"}, (1, 1))
    assert found(index, "旧的") == ["C-0:0", "C-1:0", "C-2:0"]
    index.write([call("又新", call_id="C-2")])
    index.delete(["C-0"])
    assert found(index) == ["C-1:0", "C-2:0"]
    assert new.holds(["C-0", "C-1", "C-2"]) == {"C-1", "C-2"}
    new.swap()
    assert (found(index, "新"), index.state().building) == (["C-1:0", "C-2:0"], False)
    with pytest.raises(SetupError):
        new.size()
    assert len(list(path.parent.glob("*.sqlite3"))) == 2


def test_an_unfinished_build_goes_on_or_is_dropped(index: EmbeddedIndex, path: Path) -> None:
    index.rebuild().write([call("一", call_id="C-1")])
    with EmbeddedIndex(path) as later:
        new = later.rebuild()
        assert new.holds(["C-1", "C-2"]) == {"C-1"}
        new.drop()
        assert not index.state().building
        assert later.rebuild().size() == (0, 0)


def test_a_broken_build_holds_up_no_writer_and_begins_anew(index: EmbeddedIndex, path: Path) -> None:
    new = index.rebuild()
    new.write([call("一")])
    path.with_name("search-building.sqlite3").write_bytes(b"garbage" * 999)
    assert index.write([call("二")]) == ()
    assert found(index) == ["C-1:0"]
    assert index.rebuild().size() == (0, 0)


def test_what_is_read_while_indexes_are_swapped_is_the_old_or_the_new_one(index: EmbeddedIndex) -> None:
    index.write([call("旧", "旧", call_id=f"C-{n}") for n in range(20)])
    seen: set[tuple[int, int]] = set()
    wrong: list[BaseException] = []
    stop = threading.Event()

    def read() -> None:
        try:
            while not stop.is_set():
                results = index.search(SearchQuery(limit=50, turns=5), EVERYTHING)
                seen.add((results.total_calls, sum(len(hit.turns) for hit in results.calls)))
        except BaseException as failure:
            wrong.append(failure)

    readers = [threading.Thread(target=read) for _ in range(2)]
    for reader in readers:
        reader.start()
    for size in (5, 7, 5):
        new = index.rebuild()
        new.write([call(*("新" * size), call_id=f"C-{n}") for n in range(size)])
        new.swap()
        assert counted(index) == (size, size * size)
    stop.set()
    for reader in readers:
        reader.join()
    assert wrong == []
    assert seen <= {(20, 40), (5, 25), (7, 35)}


def _write(path: Path, number: int, rounds: int) -> None:
    with EmbeddedIndex(path) as index:
        for n in range(rounds):
            index.write([call("还钱", "还钱", *["多说"] * (n % 3), call_id=f"C-{number}")])


def test_processes_write_while_another_reads_and_no_one_sees_half_a_call(path: Path) -> None:
    writers = [SPAWN.Process(target=_write, args=(path, n, 40)) for n in range(2)]
    index = EmbeddedIndex(path)
    for writer in writers:
        writer.start()
    seen: set[int] = set()
    while any(writer.is_alive() for writer in writers):
        seen.add(index.search(SearchQuery(text="还钱"), EVERYTHING).total_turns)
    assert [(writer.join(), writer.exitcode)[1] for writer in writers] == [0, 0]
    assert seen <= {0, 2, 4}
    assert index.search(SearchQuery(text="还钱"), EVERYTHING).total_turns == 4


def _count_up(path: Path, calls: int) -> None:
    with EmbeddedIndex(path) as index:
        for n in range(calls):
            assert index.write([call(f"第{n}通", call_id=f"W-{n}")]) == ()


def test_nothing_that_another_process_writes_is_lost_when_indexes_are_swapped(path: Path) -> None:
    index = EmbeddedIndex(path)
    index.write([call("一")])
    writer = SPAWN.Process(target=_count_up, args=(path, 150))
    writer.start()
    swaps = 0
    while writer.is_alive() or not swaps:
        new = index.rebuild()
        new.write(_all_of(index, new.holds))
        new.swap()
        swaps += 1
    writer.join()
    assert writer.exitcode == 0
    assert set(found(index)) == {"C-1:0", *(f"W-{n}:0" for n in range(150))}
    assert swaps > 1


def _all_of(index: EmbeddedIndex, held: Callable[[list[str]], frozenset[str]]) -> list[CallDocument]:
    """What a database would know: everything written so far, but for what the new index has got already."""
    names = [hit.call_id for hit in index.search(SearchQuery(limit=500), EVERYTHING).calls]
    there = held(names)
    return [call("一" if name == "C-1" else f"第{name[2:]}通", call_id=name) for name in names if name not in there]
