"""How long the history of one call takes on a large store: ``python scripts/bench_history.py [DATABASE_URL]``.

Fills an empty database with calls of debtors that have 1 to 120 calls within 90 days, then reads and judges the
histories of calls picked evenly; prints milliseconds, and how many earlier calls there were. Without a URL a SQLite
file in a folder that is deleted afterwards is used.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

from sqlalchemy import insert

from qa_service.inspect.pipeline import Inspector
from qa_service.intake.transcript import given_transcript
from qa_service.records import CallFacts, Inspection
from qa_service.records.contacts import contact_of
from qa_service.settings import Settings
from qa_service.store import contacts, rows
from qa_service.store.store import Store, open_store
from qa_service.store.tables import CallRow, ContactRow, InspectionRow

START = datetime(2026, 8, 1, 9, tzinfo=UTC)
TALK = [
    {"role": ("agent", "customer")[n % 2], "text": text, "start_s": n, "end_s": n + 1}
    for n, text in enumerate(("您好,请问是王先生本人吗", "是我,你说", "您的信用卡逾期了", "好的,我知道了") * 8)
]
BATCH = 2000


def calls(number: int) -> Iterator[CallFacts]:
    """Debtors with 1, 2, … 120 calls in turn, an hour or more apart."""
    made, debtor = 0, 0
    while made < number:
        debtor += 1
        for n in range(min(debtor % 120 + 1, number - made)):
            made += 1
            at = START + timedelta(hours=18 * n, minutes=debtor % 60)
            yield CallFacts.model_validate(
                {
                    "call_id": f"B-{made:07d}",
                    "started_at": at.isoformat(),
                    "direction": "outbound",
                    "jurisdiction": "CN",
                    "language": "zh",
                    "callee_role": "debtor",
                    "debtor_ref": f"D-{debtor}",
                    "phone": f"138{debtor:08d}",
                }
            )


def fill(store: Store, number: int, inspection: Inspection) -> None:
    """Inspected calls, written in bulk as the repositories would write them."""
    text, turns = inspection.model_dump_json(exclude={"turns"}), inspection.model_dump_json(include={"turns"})
    turns = turns.removeprefix('{"turns":').removesuffix("}")
    heard = contacts.heard_of(inspection).model_dump_json(exclude_defaults=True)
    batch: list[CallFacts] = []
    numbered = iter(range(1, number + 1))
    for facts in calls(number):
        batch.append(facts)
        if len(batch) == BATCH:
            _write(store, batch, numbered, text, turns, heard)
            batch = []
    _write(store, batch, numbered, text, turns, heard)


def _write(store: Store, batch: list[CallFacts], numbered: Iterator[int], text: str, turns: str, heard: str) -> None:
    if not batch:
        return
    kept, inspected, seen = [], [], []
    for facts, number in zip(batch, numbered, strict=False):
        call_id, now = str(facts.call_id), facts.started_at or START
        values = rows.identity(facts, call_id, now)
        kept.append({**values, "source": "", "day": date(2026, 8, 1), "state": "inspected", "attempts": 1, "crashes": 0,
                     "inspection_id": number})  # fmt: skip
        inspected.append({"id": number, "call_id": call_id, "created_at": values["received_at"], "status": "inspected",
                          "result": text, "turns": turns})  # fmt: skip
        seen.append({**contacts.values_of(contact_of(facts, call_id, now)), "heard": heard})
    with store.engine.begin() as connection:
        for table, values in ((CallRow, kept), (InspectionRow, inspected), (ContactRow, seen)):
            connection.execute(insert(table), values)


def measure(store: Store, inspector: Inspector, ids: list[str]) -> dict[str, list[float]]:
    """Milliseconds: the history read; the rules judged by it; both, in their transaction, on the result as kept."""
    taken: dict[str, list[float]] = {"read": [], "judge": [], "settle": [], "calls": []}
    for call_id in ids:
        entry = store.calls.get(call_id)
        assert entry.inspection
        at = time.perf_counter()
        history = store.followups.history(call_id)
        taken["read"].append(time.perf_counter() - at)
        assert history
        at = time.perf_counter()
        inspector.judge_by_history(entry.inspection, entry.facts, history)
        taken["judge"].append(time.perf_counter() - at)
        at = time.perf_counter()
        store.followups.settle(call_id, (), inspector.judge_by_history)
        taken["settle"].append(time.perf_counter() - at)
        taken["calls"].append(len(history.earlier) / 1000)
    return {name: [1000 * t for t in times] for name, times in taken.items()}


def main() -> None:
    """Fill, measure, print."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("url", nargs="?")
    options.add_argument("--calls", type=int, default=100_000)
    options.add_argument("--times", type=int, default=200)
    given = options.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        store = open_store(given.url or f"sqlite:///{folder}/qa.sqlite3")
        inspector = Inspector(Settings(_env_file=None))  # type: ignore[call-arg]
        facts = next(calls(1))
        transcript = given_transcript(TALK, facts, "bench").model_copy(update={"duration_s": 60.0})
        fill(store, given.calls, inspector.inspect_transcript(transcript, facts, call_id="bench"))
        every = list(store.calls.all_ids())
        found = measure(store, inspector, every[:: max(1, len(every) // given.times)])
        for name, times in found.items():
            print(f"{name:7} median {statistics.median(times):8.2f}  p95 {sorted(times)[int(len(times) * 0.95)]:8.2f}"
                  f"  most {max(times):8.2f}")  # fmt: skip
        store.close()


if __name__ == "__main__":
    main()
