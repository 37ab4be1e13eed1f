"""How fast calls are indexed and found: index rate, size on disk, and p50/p95/p99 of a mix of 200 queries.

    python scripts/bench_search.py [--turns 20000] [--url http://localhost:9200] [--vectors] [--scan]

Without ``--url`` the embedded index in a temporary folder, with it an Elasticsearch server (scripts/elasticsearch
starts one), under a prefix of its own that is dropped in the end. The corpus is made by scripts/search_corpus.py.
Each query is asked once to warm up and ``--rounds`` times more, through the whole search: parsing, ranking, a page of
20 calls with marked turns, totals. The first times are told apart: a server keeps totals of what was asked.
``--scan`` also asks the plain way, LIKE over a table of the same turns in SQLite for the same words, and gives the
ratio.
"""

from __future__ import annotations

import argparse
import random
import shutil
import sqlite3
import statistics
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from itertools import islice
from pathlib import Path

import search_corpus as corpus
from rich.console import Console
from rich.progress import Progress

from qa_service.search.create import open_index
from qa_service.search.protocol import EVERYTHING, Facet, SearchIndex, SearchQuery
from qa_service.settings import Settings

QUERIES = 200
BATCH = 100
WORDS = (
    "单位", "通讯录", "律师函", "起诉", "征信", "分期", "减免", "投诉", "身份证", "工资", "村委会", "孩子", "上门",
    "法院", "利息", "短信", "微信", "医院", "验证码", "骗子", "payment", "lawyer", "hospital", "employer", "arrested",
    "dispute",
)  # fmt: skip
COMMON = ("的", "你", "我们", "还", "钱", "you", "the", "account")
PHRASES = ("打电话给你", "发工资", "没有钱", "什么时候", "信用卡", "call you back", "pay the balance", "of the month")
PAIRS = (
    ("单位", "电话"),
    ("孩子", "学校"),
    ("律师", "起诉"),
    ("工资", "分期"),
    ("lawyer", "court"),
    ("call", "employer"),
)
SOUNDS = ("老赖", "坐牢", "上门", "欠款", "征信")
FACETS = (Facet.AGENT, Facet.TEAM, Facet.RULE, Facet.SEVERITY, Facet.PRODUCT, Facet.STATE, Facet.DAY)


@dataclass(frozen=True)
class Asked:
    """A query and the kind that it is reported under; ``like`` are the words a scan would look for."""

    kind: str
    query: SearchQuery
    like: tuple[str, ...] = ()


def mix(chance: random.Random) -> list[Asked]:
    """200 queries as officers ask them, a fixed share of each kind."""
    found: list[Asked] = []
    for _ in range(QUERIES // 10):
        one, other = chance.sample(WORDS[:20], 2)
        day = corpus.FIRST_DAY + timedelta(days=chance.randrange(corpus.DAYS - 30))
        month = {"day_from": day, "day_to": day + timedelta(days=30)}
        left, right = chance.choice(PAIRS)
        found += [
            Asked("a word", SearchQuery(text=chance.choice(WORDS)), ()),
            Asked("a common word", SearchQuery(text=chance.choice(COMMON))),
            Asked("two words", SearchQuery(text=f"{one} {other}")),
            Asked("a phrase", SearchQuery(text=f'"{chance.choice(PHRASES)}"')),
            Asked("OR, NOT, brackets", SearchQuery(text=f"({one} OR {other}) NOT {chance.choice(WORDS)}")),
            Asked("near()", SearchQuery(text=f"near({left} {right}, {chance.choice((5, 10, 30))}s)")),
            Asked("sound-alike", SearchQuery(text=f"pinyin:{chance.choice(SOUNDS)}")),
            Asked("a word, with facets", SearchQuery(text=chance.choice(WORDS), facets=FACETS)),
            Asked("agent, month and word", SearchQuery(text=one, agent_id=f"A-{chance.randrange(240):03d}", **month)),
            Asked("findings of a month", SearchQuery(text="severity:critical state:confirmed score:<60", **month)),
        ]
    return [_scanned(asked) for asked in found]


def _scanned(asked: Asked) -> Asked:
    words = asked.query.text.replace('"', "").split()
    plain = asked.kind in ("a word", "a common word", "two words", "a phrase")
    like = (" ".join(words),) if asked.kind == "a phrase" else tuple(words)
    return Asked(asked.kind, asked.query, like if plain else ())


def main() -> None:
    args = _arguments()
    out = Console()
    with opened(args.url) as (index, size_mb):
        spent = _fill(index, args)
        held = index.state()
        out.print(f"{held.backend} {held.version}: {held.turns:,} turns of {held.calls:,} calls in {spent:.0f} s "
                  f"({held.turns / spent:,.0f} turns a second), {size_mb():,.0f} MB", soft_wrap=True)  # fmt: skip
        asked = mix(random.Random(7))
        first, times = timed(index, asked, args.rounds)
        scan = _scan(asked, args) if args.scan else {}
        report(out, index, asked, times, scan)
        cold = [f"{_share(sorted(first), share) * 1000:.1f}" for share in (0.5, 0.95, 0.99)]
        out.print(f"\nAsked for the first time: p50 {cold[0]}, p95 {cold[1]}, p99 {cold[2]} ms", soft_wrap=True)


def report(
    out: Console, index: SearchIndex, asked: Sequence[Asked], times: Sequence[float], scan: dict[str, float]
) -> None:
    """A table by kind, and the whole mix in the last row."""
    head = "\n| kind | queries | calls found, median | p50 ms | p95 ms | p99 ms | scan, p50 ms | ratio |"
    out.print(head, soft_wrap=True)
    out.print("|---|---|---|---|---|---|---|---|")
    for kind in [*dict.fromkeys(a.kind for a in asked), "all"]:
        chosen = [i for i, a in enumerate(asked) if kind in (a.kind, "all")]
        found = statistics.median(index.search(asked[i].query, EVERYTHING).total_calls for i in chosen)
        ms = sorted(times[i] * 1000 for i in chosen)
        plain = scan.get(kind)
        ratio = f"{plain / _share(ms, 0.5):.0f} ×" if plain else "–"
        cells = (
            f"{_share(ms, 0.5):.1f}",
            f"{_share(ms, 0.95):.1f}",
            f"{_share(ms, 0.99):.1f}",
            f"{plain:.0f}" if plain else "–",
        )
        out.print(f"| {kind} | {len(chosen)} | {found:,.0f} | {' | '.join(cells)} | {ratio} |", soft_wrap=True)


def _share(ordered: Sequence[float], share: float) -> float:
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]


def timed(index: SearchIndex, asked: Sequence[Asked], rounds: int) -> tuple[list[float], list[float]]:
    """Of each query the seconds when it is asked for the first time, and of the middle one of some more times."""
    first = [_timed(lambda a=a: index.search(a.query, EVERYTHING), 1) for a in asked]  # type: ignore[misc]
    return first, [_timed(lambda a=a: index.search(a.query, EVERYTHING), rounds) for a in asked]  # type: ignore[misc]


def _timed(work: Callable[[], object], rounds: int) -> float:
    """Seconds of the middle run."""
    spent = []
    for _ in range(rounds):
        began = time.perf_counter()
        work()
        spent.append(time.perf_counter() - began)
    return statistics.median(spent)


def _fill(index: SearchIndex, args: argparse.Namespace) -> float:
    """Index the corpus as `qa reindex` does; seconds in the index alone, without those that made the calls."""
    rebuild = index.rebuild()
    made, spent = corpus.calls(args.turns // corpus.TURNS_PER_CALL, vectors=args.vectors), 0.0
    with Progress() as bar:
        task = bar.add_task("indexing", total=args.turns)
        while batch := list(islice(made, BATCH)):
            began = time.perf_counter()
            if refused := rebuild.write(batch):
                raise SystemExit(f"refused: {refused[0].reason}")
            spent += time.perf_counter() - began
            bar.advance(task, len(batch) * corpus.TURNS_PER_CALL)
    began = time.perf_counter()
    rebuild.swap()
    return spent + time.perf_counter() - began


def _scan(asked: Sequence[Asked], args: argparse.Namespace) -> dict[str, float]:
    """Median ms of a LIKE scan by kind: a page of the newest turns and the totals, no ranking, no marks."""
    with tempfile.TemporaryDirectory() as folder, sqlite3.connect(Path(folder) / "plain.sqlite3") as plain:
        plain.execute("CREATE TABLE turns (call_id TEXT, happened REAL, text TEXT)")
        for made in corpus.calls(args.turns // corpus.TURNS_PER_CALL):
            rows = ((made.call_id, made.happened_at.timestamp(), turn.text) for turn in made.turns)
            plain.executemany("INSERT INTO turns VALUES (?, ?, ?)", rows)
        spent: dict[str, list[float]] = {}
        for one in asked:
            if one.like:
                where = f"FROM turns WHERE {' AND '.join(['text LIKE ?'] * len(one.like))}"
                values = [f"%{word}%" for word in one.like]

                def scan(where: str = where, values: Sequence[str] = values) -> None:
                    plain.execute(f"SELECT count(*), count(DISTINCT call_id) {where}", values).fetchall()
                    plain.execute(f"SELECT * {where} ORDER BY happened DESC LIMIT 20", values).fetchall()

                spent.setdefault(one.kind, []).append(_timed(scan, 3) * 1000)
        return {kind: statistics.median(found) for kind, found in spent.items()}


@contextmanager
def opened(url: str) -> Iterator[tuple[SearchIndex, Callable[[], float]]]:
    """An empty index of its own and what it takes on disk in MB."""
    folder = Path(tempfile.mkdtemp(prefix="qa-bench-"))
    prefix = f"bench-{uuid.uuid4().hex[:8]}"
    server = {"elasticsearch_url": url, "elasticsearch_prefix": prefix} if url else {}
    settings = Settings(data_dir=folder, _env_file=None).model_copy(update=server)  # type: ignore[call-arg]
    index = open_index(settings)
    try:
        yield index, (lambda: _server_mb(url, prefix)) if url else (lambda: _folder_mb(folder))
    finally:
        if url:
            _dropped(url, prefix)
        index.close()
        shutil.rmtree(folder, ignore_errors=True)


def _folder_mb(folder: Path) -> float:
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file()) / 1e6


def _server_mb(url: str, prefix: str) -> float:
    from elasticsearch import Elasticsearch

    with Elasticsearch(url) as server:
        server.indices.refresh(index=f"{prefix}-*")
        return float(server.indices.stats(index=f"{prefix}-*")["_all"]["primaries"]["store"]["size_in_bytes"]) / 1e6


def _dropped(url: str, prefix: str) -> None:
    from elasticsearch import Elasticsearch

    with Elasticsearch(url) as server:
        for name in server.indices.get(index=f"{prefix}-*"):
            server.indices.delete(index=name)
        server.options(ignore_status=404).indices.delete_index_template(name=f"{prefix}-*")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--turns", type=int, default=20_000)
    parser.add_argument("--url", default="", help="of an Elasticsearch server; empty: the embedded index")
    parser.add_argument("--vectors", action="store_true", help="with a vector for each turn")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--scan", action="store_true", help="also the plain way")
    return parser.parse_args()


if __name__ == "__main__":
    main()
