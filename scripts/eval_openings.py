"""How the rules that look for what is missing fare on openings: told where it was said, quiet where it was.

    python scripts/eval_openings.py [--half odd|even|all] [--verbose]

``scripts/openings/*.jsonl``: first turns of calls in wordings as different as their authors could think of, with what
is said in them. An opening is judged as a call of its own, spoken fast, for wordings are tried here and not time limits.
Of each rule it is counted how many openings lack what it asks for and how many of these it tells (confirmed or for
review), and how many have it and are accused all the same. Of the three things that CN-COLL-ID-1 wants two of, the
openings know name and agency.
The odd lines were open to the writers of the packs, the even ones were not: the even figures are the ones to believe.
"""

from __future__ import annotations

import argparse
import json
from collections import Counter, defaultdict
from pathlib import Path
from typing import Any

from qa_service.inspect.pipeline import Inspector
from qa_service.records import (
    CallFacts,
    Coverage,
    EngineInfo,
    FindingState,
    Role,
    Roles,
    RoleSource,
    Transcript,
    Turn,
)
from qa_service.settings import load_settings

FOLDER = Path(__file__).parent / "openings"
TOLD = (FindingState.CONFIRMED, FindingState.NEEDS_REVIEW)
TURN_S = 0.5
#: What is asked for: the rules that tell when it is missing, by country, and what must be said.
ASKED: dict[tuple[str, str], tuple[frozenset[str], tuple[str, ...]]] = {
    ("CN", "identity"): (frozenset({"CN-COLL-ID-1"}), ("name", "company")),
    ("CN", "recording"): (frozenset({"CN-COLL-REC-2"}), ("recorded",)),
    ("US", "identity"): (frozenset({"US-COLL-ID-1"}), ("name", "company")),
    ("US", "recording"): (frozenset({"US-COLL-REC-1"}), ("recorded",)),
    ("US", "first call"): (frozenset({"US-COLL-DISCL-1", "US-COLL-DISCL-5"}), ("collector", "use")),
    ("US", "later call"): (frozenset({"US-COLL-DISCL-2"}), ("collector",)),
    ("UK", "recording"): (frozenset({"UK-COLL-REC-1"}), ("recorded",)),
}


def main() -> None:
    args = _arguments()
    inspector = Inspector(load_settings())
    counts: Counter[tuple[str, str, bool, bool]] = Counter()
    wrong: dict[tuple[str, str], list[str]] = defaultdict(list)
    for file in sorted(FOLDER.glob("*.jsonl")):
        for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), 1):
            if args.half in ("all", "odd" if number % 2 else "even"):
                row = json.loads(line)
                for (country, what), (rules, needed) in ASKED.items():
                    if country == row["country"]:
                        lacks = not all(row["said"][n] for n in needed)
                        told = bool(rules & _told(inspector, row, first=what != "later call"))
                        counts[country, what, lacks, told] += 1
                        if lacks != told:
                            wrong[country, what].append(f"{file.stem}:{number} {'lacks it' if lacks else 'has it'}")
    print(f"openings, {args.half}")
    for key in ASKED:
        lacking = counts[*key, True, False] + counts[*key, True, True]
        having = counts[*key, False, False] + counts[*key, False, True]
        accused = counts[*key, False, True]
        print(f"{key[0]} {key[1]:10} lacking and told {counts[*key, True, True]}/{lacking}, said and accused {accused}/{having}")
        if args.verbose:
            print(*wrong[key], sep="\n")


def _told(inspector: Inspector, row: dict[str, Any], *, first: bool) -> set[str]:
    facts: dict[str, Any] = {"direction": "outbound", "callee_role": "debtor", "account": {"call_recorded": True}}
    facts["jurisdiction"] = {"US": "US-CA"}.get(row["country"], row["country"])
    if row["country"] == "US":
        facts["state"] = "CA"
        facts["account"]["initial_communication"] = first
    judged = inspector.inspect_transcript(_call(row), CallFacts.model_validate(facts), call_id="opening")
    return {f.rule_id for f in judged.findings if f.state in TOLD}


def _call(row: dict[str, Any]) -> Transcript:
    turns = tuple(
        Turn(index=i, role=Role(who), start_s=i * TURN_S, end_s=(i + 1) * TURN_S, text=text)
        for i, (who, text) in enumerate(row["turns"])
    )
    return Transcript(
        language="zh" if row["country"] == "CN" else "en", duration_s=60.0, turns=turns,
        coverage=Coverage(), roles=Roles(source=RoleSource.METADATA, confidence=1.0), engine=EngineInfo(name="none"),
    )  # fmt: skip


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--half", default="all", choices=["odd", "even", "all"])
    parser.add_argument("--verbose", action="store_true", help="tell which lines went wrong")
    return parser.parse_args()


if __name__ == "__main__":
    main()
