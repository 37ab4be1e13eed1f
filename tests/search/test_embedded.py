"""The embedded index: what it finds, in which order, where it marks, and how it lives with others."""

from __future__ import annotations

import multiprocessing
import random
import sqlite3
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from qa_service.errors import ErrorCode, QueryError, SetupError
from qa_service.records import Role, Severity
from qa_service.search.create import open_index
from qa_service.search.embedded import EmbeddedIndex
from qa_service.search.protocol import SearchIndex, SearchQuery
from qa_service.settings import Settings
from qa_service.text.tokens import tokens
from tests.factories import DAY
from tests.search.made import CORPUS, call, dated, document, found, proof


@pytest.fixture
def index(settings: Settings) -> Iterator[SearchIndex]:
    made = open_index(settings)
    yield made
    made.close()


@pytest.fixture
def full(index: SearchIndex) -> SearchIndex:
    index.replace("C-1", call(*CORPUS))
    return index


@pytest.mark.parametrize(
    ("text", "turns"),
    [
        ("通讯录", [1]),
        ("通讯", [1]),
        ("讯", [1, 7]),
        ("起诉", [3, 4]),
        ("起訴", [3, 4]),
        ("没有钱", [4]),
        ('"打电话给你单位"', [1]),
        ("单位还有", [1]),
        ("通讯 录音", []),
        ("通讯录音", []),
        ("payment", [5, 6]),
        ("PAYMENTS", [5, 6]),
        ('"made a payment"', [6]),
        ('"a made payment"', []),
        ("wechat", [8]),
        ("微信wechat号", [8]),
        ("ｗｅｃｈａｔ", [8]),
        ("don't", [6]),
        ("律师函 OR 投诉", [2, 3]),
        ("起诉 -律师函", [4]),
        ("起诉 NOT 律师函", [4]),
        ("-你", [0, 4, 5, 6, 8]),
        ("你 (单位 OR 投诉)", [1, 2]),
        ("role:customer 起诉", [3]),
        ("agent:a-201 投诉", [2]),
        ("agent:A-9 投诉", []),
        ("agent:A-9 OR 投诉", [2]),
        ("call:C-1 team:一组 逾期", [0]),
        ("41", [0]),
        ("4", []),
    ],
)
def test_what_is_found(full: SearchIndex, text: str, turns: list[int]) -> None:
    assert sorted(found(full, text)) == [f"C-1:{i}" for i in turns]


def test_every_stretch_of_one_two_or_three_characters_finds_its_turn(full: SearchIndex) -> None:
    for number, text in enumerate(CORPUS):
        run = tokens(text)
        for size in (1, 2, 3):
            for first, last in zip(run, run[size - 1 :], strict=False):
                sought = text[first.start : last.end]
                hits = full.search(SearchQuery(text=f'"{sought}"', limit=500)).hits
                mine = [hit for hit in hits if hit.turn_index == number]
                assert mine, sought
                assert any(a <= first.start and last.end <= b for a, b in mine[0].highlights), sought


def test_every_two_character_stretch_of_random_chinese_finds_its_turn(index: SearchIndex) -> None:
    chance = random.Random(3)
    letters = [chr(c) for c in chance.sample(range(0x4E00, 0x9FA5), 60)] + list("的了你我，。 \u3000𠮷𪚥國")
    texts = ["".join(chance.choices(letters, k=chance.randint(2, 40))) for _ in range(60)]
    index.replace("C-1", call(*texts))
    for number, text in enumerate(texts):
        for at in range(len(text) - 1):
            if tokens(text[at : at + 2]):
                assert f"C-1:{number}" in found(index, f'"{text[at : at + 2]}"'), text[at : at + 2]


def test_the_index_agrees_with_a_plain_scan(index: SearchIndex) -> None:
    chance = random.Random(4)
    texts = ["".join(chance.choices("你我他还钱单位", k=12)) for _ in range(200)]
    index.replace("C-1", call(*texts))
    for _ in range(100):
        word = "".join(chance.choices("你我他还钱单位", k=chance.randint(1, 4)))
        assert set(found(index, word)) == {f"C-1:{i}" for i, text in enumerate(texts) if word in text}, word


def test_marks_are_places_in_the_original_text(full: SearchIndex) -> None:
    hits = full.search(SearchQuery(text="起诉 OR payment OR 訴就 -投诉")).hits
    marked = {hit.turn_index: [hit.text[a:b] for a, b in hit.highlights] for hit in hits}
    assert marked == {3: ["起诉"], 4: ["起訴就", "起訴"], 5: ["payments"], 6: ["payment"]}


def test_the_best_turn_comes_first_then_the_newest(index: SearchIndex) -> None:
    index.replace("C-1", call("你说的那个单位的事情我们以后再说吧好不好", "单位", call_id="C-1"))
    index.replace("C-2", call("单位", call_id="C-2", **dated(1)))
    assert found(index, "单位") == ["C-2:0", "C-1:1", "C-1:0"]


def test_without_words_the_newest_call_comes_first_in_the_order_of_speech(index: SearchIndex) -> None:
    index.replace("C-1", call("一", "二", call_id="C-1"))
    index.replace("C-2", call("三", "四", call_id="C-2", **dated(1)))
    assert found(index) == ["C-2:0", "C-2:1", "C-1:0", "C-1:1"]
    assert index.search(SearchQuery()).hits[0].highlights == ()


def test_pages_and_totals(index: SearchIndex) -> None:
    for n in range(5):
        index.replace(f"C-{n}", call("还钱", "还钱", "没有", call_id=f"C-{n}", **dated(n)))
    pages = [index.search(SearchQuery(text="还钱", limit=4, offset=offset)) for offset in (0, 4, 8, 12)]
    assert [len(p.hits) for p in pages] == [4, 4, 2, 0]
    assert {(p.total, p.total_calls) for p in pages} == {(10, 5)}
    seen = [(hit.call_id, hit.turn_index) for p in pages for hit in p.hits]
    assert len(set(seen)) == 10
    assert index.search(SearchQuery(text="还钱", offset=10**30)).hits == ()


def test_filters(index: SearchIndex) -> None:
    index.replace("C-1", call("还钱", "不还", call_id="C-1", agent_id="A-1", team="一组"))
    index.replace("C-2", call("还钱", "不还", call_id="C-2", agent_id="A-2", team="二组", **dated(1)))
    index.replace("C-3", call("还钱", call_id="C-3", agent_id=None, team=None, **dated(2)))
    assert found(index, "还钱", agent_id="A-1") == ["C-1:0"]
    assert found(index, "还钱", team="二组") == ["C-2:0"]
    assert found(index, role=Role.CUSTOMER) == ["C-2:1", "C-1:1"]
    assert found(index, "还钱", day_from=dated(1)["day"]) == ["C-3:0", "C-2:0"]
    assert found(index, "还钱", day_to=DAY) == ["C-1:0"]
    assert found(index, "还钱", day_from=DAY, day_to=dated(1)["day"]) == ["C-2:0", "C-1:0"]
    assert found(index, "还钱", day_from=dated(1)["day"], day_to=DAY) == []


def test_rules_and_severities(index: SearchIndex) -> None:
    about = {"call_findings": (("R-1", Severity.CRITICAL), ("R-2", Severity.MINOR))}
    index.replace("C-1", (document("打给单位", 0, **(proof("R-1") | about)), document("还钱", 1, **about)))
    index.replace("C-2", call("还钱", call_id="C-2"))
    assert found(index, rule_id="R-1") == ["C-1:0"]
    assert found(index, "rule:R-1") == ["C-1:0"]
    assert found(index, "还钱", rule_id="R-1") == ["C-1:1"]
    assert found(index, "还钱 severity:minor") == ["C-1:1"]
    assert found(index, "还钱", rule_id="R-2", severity=Severity.MINOR) == ["C-1:1"]
    assert found(index, "还钱", rule_id="R-1", severity=Severity.MINOR) == []
    hit = index.search(SearchQuery(severity=Severity.CRITICAL)).hits[0]
    assert (hit.rule_ids, hit.severities, hit.grade) == (("R-1",), (Severity.CRITICAL,), "A")
    assert (hit.agent_id, hit.agent_name, hit.team, hit.day, hit.start_s) == ("A-201", "周敏", "一组", DAY, 0.0)


def test_a_call_is_replaced_whole_and_taken_out(full: SearchIndex) -> None:
    full.replace("C-2", call("通讯录", call_id="C-2"))
    full.replace("C-1", call("新的"))
    assert (full.size(), found(full, "通讯录"), found(full, "新的")) == (2, ["C-2:0"], ["C-1:0"])
    full.delete("C-2")
    full.delete("C-2")
    assert (full.size(), found(full, "通讯录")) == (1, [])
    full.replace("C-1", ())
    assert full.size() == 0
    full.replace("C-1", call("又来"))
    full.clear()
    assert (full.size(), found(full)) == (0, [])


def test_odd_texts_and_names_are_kept_as_they_are(index: SearchIndex) -> None:
    odd = "\0 \"'; DROP TABLE turns; -- 😀 𠮷 \u2028"
    index.replace("C\"'1", call(odd, "", call_id="C\"'1", team="a b:(c)", agent_id="x" * 1000))
    assert index.search(SearchQuery(text="drop table", team="A B:(C)")).hits[0].text == odd
    assert found(index, agent_id="x" * 1000) == ["C\"'1:0", "C\"'1:1"]


def test_a_bad_query_is_the_callers_mistake(full: SearchIndex) -> None:
    with pytest.raises(QueryError):
        full.search(SearchQuery(text='"unfinished'))


@pytest.mark.parametrize("damage", ["not a database", "torn", "other version", "not ours"])
def test_a_file_of_no_use_says_reindex_and_is_made_anew_by_clear(settings: Settings, damage: str) -> None:
    path = settings.index_path
    _damaged(path, damage)
    index = open_index(settings)
    for use in (index.size, lambda: index.search(SearchQuery(text="钱")), lambda: index.replace("C", call("钱"))):
        with pytest.raises(SetupError) as refused:
            use()
        assert refused.value.code == ErrorCode.INDEX_UNAVAILABLE
        assert "`qa reindex`" in refused.value.hint
        assert str(path) in refused.value.message
    index.clear()
    index.replace("C-1", call("钱"))
    assert found(index, "钱") == ["C-1:0"]


def _damaged(path: Path, how: str) -> None:
    path.parent.mkdir(parents=True)
    if how == "not a database":
        path.write_bytes(b"hello" * 1000)
        return
    if how == "not ours":
        with sqlite3.connect(path) as other:
            other.execute("CREATE TABLE notes (text)")
        return
    made = EmbeddedIndex(path)
    made.replace("C-1", call(*CORPUS))
    made.close()
    if how == "torn":
        whole = path.read_bytes()
        path.write_bytes(whole[:100] + b"\xff" * (len(whole) - 100))
    else:
        with sqlite3.connect(path) as other:
            other.execute("PRAGMA user_version = 999")


def test_damage_that_comes_later_is_told_too(settings: Settings) -> None:
    index = open_index(settings)
    index.replace("C-1", call(*CORPUS))
    with sqlite3.connect(settings.index_path) as other:
        other.execute("DELETE FROM spoken_data")
    with pytest.raises(SetupError, match=r"qa reindex"):
        found(index, "通讯录")
    index.clear()
    assert index.size() == 0


def test_a_file_overwritten_while_it_is_open_is_sound_after_clear(settings: Settings) -> None:
    index = open_index(settings)
    index.replace("C-1", call(*CORPUS))
    settings.index_path.write_bytes(b"garbage" * 999)
    index.clear()
    index.replace("C-1", call(*CORPUS))
    index.close()
    with sqlite3.connect(settings.index_path) as plain:
        assert plain.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    assert found(open_index(settings), "通讯录") == ["C-1:1"]


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(SetupError, match="QA_DATA_DIR"):
        EmbeddedIndex(tmp_path / "file" / "search.sqlite3").size()


def test_a_path_that_is_a_folder_is_told(tmp_path: Path) -> None:
    with pytest.raises(SetupError, match="QA_DATA_DIR"):
        EmbeddedIndex(tmp_path).size()


def test_an_index_made_anew_by_another_process_is_seen(settings: Settings) -> None:
    mine, other = open_index(settings), open_index(settings)
    mine.replace("C-1", call("旧的"))
    assert other.size() == 1
    mine.close()
    for suffix in ("", "-wal", "-shm"):
        settings.index_path.with_name(settings.index_path.name + suffix).unlink(missing_ok=True)
    mine.replace("C-2", call("新的", call_id="C-2"))
    assert found(other, "新的") == ["C-2:0"]


def test_a_clear_is_seen_by_those_who_have_the_index_open(settings: Settings) -> None:
    mine, other = open_index(settings), open_index(settings)
    mine.replace("C-1", call("旧的"))
    assert found(other, "旧的") == ["C-1:0"]
    mine.clear()
    assert found(other, "旧的") == []
    other.replace("C-1", call("旧的"))
    assert found(mine, "旧的") == ["C-1:0"]


def test_threads_share_an_index(index: SearchIndex) -> None:
    wrong: list[BaseException] = []

    def work(number: int) -> None:
        try:
            for n in range(10):
                index.replace(f"C-{number}", call("还钱", f"第{n}次", call_id=f"C-{number}"))
                assert f"C-{number}:0" in found(index, "还钱")
        except BaseException as failure:
            wrong.append(failure)

    threads = [threading.Thread(target=work, args=(n,)) for n in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
    assert index.size() == 12


def _write(path: Path, number: int, rounds: int) -> None:
    index = EmbeddedIndex(path)
    for n in range(rounds):
        index.replace(f"C-{number}", call("还钱", "还钱", *["多说"] * (n % 3), call_id=f"C-{number}"))
    index.close()


def test_processes_write_while_another_reads_and_no_one_sees_half_a_call(settings: Settings) -> None:
    context = multiprocessing.get_context("spawn")
    writers = [context.Process(target=_write, args=(settings.index_path, n, 60)) for n in range(2)]
    index = open_index(settings)
    for writer in writers:
        writer.start()
    seen: set[int] = set()
    while any(writer.is_alive() for writer in writers):
        seen.add(index.search(SearchQuery(text="还钱")).total)
    for writer in writers:
        writer.join()
    assert [writer.exitcode for writer in writers] == [0, 0]
    assert seen <= {0, 2, 4}
    assert index.search(SearchQuery(text="还钱")).total == 4
