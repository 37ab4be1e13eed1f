"""How fast the embedded index answers, against a plain LIKE scan of the same turns.

    python scripts/bench_search.py [--turns 10000]

Turns are made of syllables of collections talk by a fixed seed. Prints, for each kind of query, the median of
15 runs of the whole search (parse, rank, page of 20, marks, totals), the scan's (page and totals, no ranking, no
marks), and their ratio.
"""

from __future__ import annotations

import argparse
import random
import sqlite3
import statistics
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from qa_service.records import Role, Severity
from qa_service.search.document import TurnDocument
from qa_service.search.embedded import EmbeddedIndex
from qa_service.search.protocol import SearchQuery

TURNS_PER_CALL = 25
RUNS = 15
PIECES = (
    "您好", "请问", "是", "先生", "吗", "我们", "这边", "贷款", "逾期", "已经", "三十天", "了", "什么时候",
    "还款", "的", "再不", "还", "我就", "打电话", "给", "你", "单位", "家里人", "没有钱", "下个月", "发工资",
    "一定", "不要", "骚扰", "投诉", "律师", "起诉", "征信", "影响", "今天", "下午", "之前", "处理", "一下",
    "好的", "知道", "在", "听", "说", "利息", "太高", "减免", "申请", "分期",
)  # fmt: skip
RARE = ("通讯录", "坐牢", "爆料", "村委会")
#: Query, and the words that a scan would look for in the same text.
ASKED = {
    "one character, common": ("的", ["的"]),
    "two characters, common": ("单位", ["单位"]),
    "two words": ("单位 起诉", ["单位", "起诉"]),
    "three characters, rare": ("通讯录", ["通讯录"]),
    "phrase, rare": ("我就打电话给你单位", ["我就打电话给你单位"]),
    "nothing matches": ("恐龙", ["恐龙"]),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--turns", type=int, default=10_000)
    count = parser.parse_args().turns
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "search.sqlite3"
        index = EmbeddedIndex(path)
        started = time.perf_counter()
        for number in range(count // TURNS_PER_CALL):
            index.replace(f"C-{number}", made(number))
        spent = time.perf_counter() - started
        print(f"{index.size()} turns indexed in {spent:.1f} s, {path.stat().st_size / 1e6:.1f} MB")
        print(f"{'query':<28}{'turns':>8}{'index ms':>10}{'scan ms':>10}{'scan / index':>14}")
        with sqlite3.connect(path) as plain:
            for name, (text, words) in ASKED.items():
                report(name, index, plain, SearchQuery(text=text), words)
        index.close()


def made(number: int) -> list[TurnDocument]:
    """A call; every 40th has a threat in it."""
    chance = random.Random(number)
    found = [("CN-COLL-003", Severity.CRITICAL)] if number % 40 == 0 else []
    return [turn(number, i, found, chance) for i in range(TURNS_PER_CALL)]


def turn(number: int, index: int, found: list[tuple[str, Severity]], chance: random.Random) -> TurnDocument:
    day = date(2026, 1, 1) + timedelta(days=number % 300)
    proof = found if index == 8 else []
    return TurnDocument(
        call_id=f"C-{number}",
        turn_index=index,
        start_s=index * 5.0,
        end_s=index * 5.0 + 4,
        role=Role.CUSTOMER if index % 2 else Role.AGENT,
        text="".join(chance.choices(PIECES, k=chance.randint(3, 25))) + (chance.choice(RARE) if proof else ""),
        day=day,
        happened_at=datetime(day.year, day.month, day.day, tzinfo=UTC),
        agent_id=f"A-{number % 20}",
        findings=tuple(proof),
        call_findings=tuple(found),
    )


def report(name: str, index: EmbeddedIndex, plain: sqlite3.Connection, query: SearchQuery, words: list[str]) -> None:
    source = f"FROM turns WHERE {' AND '.join(['text LIKE ?'] * len(words))}"
    values = [f"%{word}%" for word in words]

    def scan() -> None:
        plain.execute(f"SELECT count(*), count(DISTINCT call_id) {source}", values).fetchall()
        plain.execute(f"SELECT * {source} ORDER BY happened DESC LIMIT 20", values).fetchall()

    ours, theirs = median_ms(lambda: index.search(query)), median_ms(scan)
    total = index.search(query).total
    print(f"{name:<28}{total:>8}{ours:>10.1f}{theirs:>10.1f}{theirs / ours:>14.1f}")


def median_ms(work: Callable[[], object]) -> float:
    spent = []
    for _ in range(RUNS):
        started = time.perf_counter()
        work()
        spent.append((time.perf_counter() - started) * 1000)
    return statistics.median(spent)


if __name__ == "__main__":
    main()
