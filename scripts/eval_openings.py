"""How the rules that look for what is missing fare on openings: told where it was said, quiet where it was.

    python scripts/eval_openings.py [--half odd|even|all] [--verbose]

``scripts/openings/*.jsonl``: first turns of calls in wordings as different as their authors could think of, with what
is said in them. An opening is judged as a call of its own, spoken fast: wordings are tried here, not time limits.
It is counted how many openings lack what is asked for and how many of these are told, and how many have it and are
accused all the same (confirmed), or asked about (for review). An opening that lacks the principal is asked about in any
case: of CN identity read what is accused alone.
The odd lines were open to the writers of the packs, the even ones were not: the even figures are the ones to believe.
"""

from __future__ import annotations

import argparse
import json
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from eval_calls import TRUSTED
from said_calls import transcript_of

from qa_service.inspect.pipeline import Inspector
from qa_service.records import CallFacts, FindingState
from qa_service.settings import load_settings

FOLDER = Path(__file__).parent / "openings"
TURN_S, CALL_S = 0.5, 60.0
#: What is asked for: the rules that tell when it is missing, by country, and what must be said.
ASKED: dict[tuple[str, str], tuple[frozenset[str], tuple[str, ...]]] = {
    ("CN", "identity"): (frozenset({"CN-COLL-ID-1", "CN-COLL-ID-9"}), ("name", "company")),
    ("CN", "recording"): (frozenset({"CN-COLL-REC-2"}), ("recorded",)),
    ("US", "identity"): (frozenset({"US-COLL-ID-1"}), ("name", "company")),
    ("US", "recording"): (frozenset({"US-COLL-REC-1", "US-COLL-REC-5"}), ("recorded",)),
    ("US", "first call"): (frozenset({"US-COLL-DISCL-1", "US-COLL-DISCL-5", "US-COLL-DISCL-6"}), ("collector", "use")),
    ("US", "later call"): (frozenset({"US-COLL-DISCL-2", "US-COLL-DISCL-7"}), ("collector",)),
    ("UK", "recording"): (frozenset({"UK-COLL-REC-1", "UK-COLL-REC-5"}), ("recorded",)),
}


def main() -> None:
    args = _arguments()
    inspector = Inspector(load_settings())
    counts: Counter[tuple[str, str, bool, FindingState | None]] = Counter()
    wrong: dict[tuple[str, str], list[str]] = defaultdict(list)
    for line, row in _openings(args.half):
        for (country, what), (rules, needed) in ASKED.items():
            if country == row["country"]:
                lacks = not all(row["said"][n] for n in needed)
                told = _told(inspector, row, rules, first=what != "later call")
                counts[country, what, lacks, told] += 1
                if lacks != bool(told):
                    wrong[country, what].append(f"{line} {'lacks it' if lacks else 'has it'} {told}")
    print(f"openings, {args.half}")
    for key in ASKED:
        lacking, having = ({s: counts[*key, lacks, s] for s in (*TRUSTED, None)} for lacks in (True, False))
        accused, asked = (having[state] for state in TRUSTED)
        print(
            f"{key[0]} {key[1]:10} lacking and told {sum(lacking.values()) - lacking[None]}/{sum(lacking.values())}, "
            f"said and accused {accused}/{sum(having.values())}, asked {asked}"
        )
        if args.verbose:
            print(*wrong[key], sep="\n")


def _openings(half: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """File and line, and what stands there."""
    for file in sorted(FOLDER.glob("*.jsonl")):
        for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), 1):
            if half in ("all", "odd" if number % 2 else "even"):
                yield f"{file.stem}:{number}", json.loads(line)


def _told(inspector: Inspector, row: dict[str, Any], rules: frozenset[str], *, first: bool) -> FindingState | None:
    """The surest state in which one of these rules tells of it."""
    facts: dict[str, Any] = {"direction": "outbound", "callee_role": "debtor", "account": {"call_recorded": True}}
    facts["jurisdiction"] = {"US": "US-CA"}.get(row["country"], row["country"])
    if row["country"] == "US":
        facts["state"] = "CA"
        facts["account"]["initial_communication"] = first
    language = "zh" if row["country"] == "CN" else "en"
    call = transcript_of(row["turns"], language, turn_s=TURN_S, least_s=CALL_S)
    judged = inspector.inspect_transcript(call, CallFacts.model_validate(facts), call_id="opening")
    states = {f.state for f in judged.findings if f.rule_id in rules}
    return next((state for state in TRUSTED if state in states), None)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--half", default="all", choices=["odd", "even", "all"])
    parser.add_argument("--verbose", action="store_true", help="tell which lines went wrong")
    return parser.parse_args()


if __name__ == "__main__":
    main()
