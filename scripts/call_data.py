"""What the classifier learns of whole calls: each of the agent's turns where it stands, answered and not yet.

    python scripts/call_data.py OUT [--of PREFIX]     # counts the calls (of cn, us-q1 …); files for eval_calls.py

``models/conduct/data/calls/PLACE-AUTHOR.jsonl``: a call on each line, with the requirements that each of the agent's
turns breaks (``labels``) or may be said to break (``also``).
"""

from __future__ import annotations

import argparse
import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from operator import eq
from pathlib import Path
from typing import Any

import conduct_data as data

from qa_service.classify.labels import REQUIREMENTS, requirements_of
from qa_service.classify.passages import Said, passage_at
from qa_service.classify.training import Example

CALLS = Path(__file__).parent.parent / "models" / "conduct" / "data" / "calls"
#: Broken by the hour of the call alone, not by words, where it begins outside these hours.
HOURS = {"CN-TIME-01": (8, 20), "US-1692C-A1": (8, 21)}


def examples(folder: Path) -> Iterator[tuple[str, Example]]:
    """File and example, two of an answered turn: as it stands, and without what follows."""
    for file in sorted(folder.glob("*.jsonl")):
        for call in data.lines(file):
            for found in _of_call(call):
                yield file.stem, found


def _of_call(call: dict[str, Any]) -> Iterator[Example]:
    said = [Said(turn["text"], turn["role"]) for turn in call["turns"]]
    silent = {*call["expected"]["missing"], *_by_the_hour(call)}
    for at, turn in enumerate(call["turns"]):
        if turn["role"] != "agent" or not turn["text"].strip():
            continue
        broken = frozenset(REQUIREMENTS) & set(turn["labels"]) - silent
        open_ = {*turn["also"], *silent}
        # Whether a turn with a fault breaks another country's rules as well nobody looked at.
        faultless = not (set(turn["labels"]) - silent or open_)
        places = requirements_of("agent", turn["text"])
        mine = {r for place in places for r in place if faultless or r.startswith(call["jurisdiction"])}
        found = Example(passage_at(said, at), broken, known=frozenset(mine - open_ | broken))
        yield found
        if found.passage.after is not None:
            yield replace(found, passage=replace(found.passage, after=None))


def _by_the_hour(call: dict[str, Any]) -> Iterator[str]:
    hour = datetime.fromisoformat(call["meta"]["started_at"]).hour
    yield from (r for r, (first, last) in HOURS.items() if not first <= hour < last)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path)
    parser.add_argument("--of", default="", help="only files whose names begin so")
    args = parser.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    told: Counter[str] = Counter()
    for file in sorted(CALLS.glob(f"{args.of}*.jsonl")):
        for call in data.lines(file):
            told.update(_counts(call))
            expected = call["expected"]
            expected["clean"] = not (expected["violations"] or expected["missing"] or expected["metadata"])
            (args.out / f"{call['call_id']}.json").write_text(json.dumps(call, ensure_ascii=False), encoding="utf-8")
    print(", ".join(f"{n:,} {what}" for what, n in told.items()))


def _counts(call: dict[str, Any]) -> dict[str, int]:
    roles = [turn["role"] for turn in call["turns"]]
    return {
        "calls": 1, call["jurisdiction"]: 1, "cut into several turns": int(any(map(eq, roles, roles[1:]))),
        "turns of agents": roles.count("agent"),
        "that break something": sum(bool(turn.get("labels")) for turn in call["turns"]),
    }  # fmt: skip


if __name__ == "__main__":
    main()
