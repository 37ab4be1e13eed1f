"""What the second opinion's limits cost and give on labelled calls (qa_service/rules/second_opinion.py).

    python scripts/choose_doubt.py FOLDER [FOLDER ...] [--only odd|even] [--asked 0.5] [--labels]

Each call is read by the classifier once and judged again under each limit. ``--asked``: what a requirement is
asked about from, in place of the card's (scripts/conduct_weights.py, ASKED). ``--labels``: how likely a requirement
must be for a label to ask about it (AGREES), in place of the other. Choose on calls that no figure is
published of as unseen: scripts/calls/open, scripts/calls/dev, the odd-numbered labelled calls.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import eval_calls

from qa_service.classify.labels import REQUIREMENTS
from qa_service.inspect.pipeline import Inspector
from qa_service.records import Inspection
from qa_service.rules import second_opinion
from qa_service.settings import load_settings

DOUBTS = (0.0, 0.02, 0.05, 0.1, 0.2)
AGREES = (0.0, 0.02, 0.05, 0.1, 0.2, 0.3, 0.5)


def asked_from(inspection: Inspection, at_least: float) -> Inspection:
    """With that threshold for each requirement in its signals."""
    signals = tuple(
        s.model_copy(update={"threshold": at_least}) if s.label in REQUIREMENTS else s for s in inspection.signals or ()
    )
    return inspection.model_copy(update={"signals": signals})


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", type=Path, nargs="+")
    parser.add_argument("--only", choices=("all", "odd", "even"), default="all")
    parser.add_argument("--asked", type=float)
    parser.add_argument("--labels", action="store_true")
    args = parser.parse_args()
    inspector = Inspector(load_settings())
    read = []
    for path in (p for folder in args.folders for p in sorted(folder.glob("*.json"))):
        raw = json.loads(path.read_text("utf-8"))
        if "expected" in raw and args.only in ("all", "odd" if eval_calls.odd(path) else "even"):
            inspection = eval_calls.inspected(inspector, path, raw, audio=False)
            read.append((path.stem, raw, inspection if args.asked is None else asked_from(inspection, args.asked)))

    def judged_again() -> str:
        tallies: dict[str, eval_calls.Tally] = {}
        for call_id, raw, before in read:
            eval_calls.count(tallies, call_id, raw, inspector.judge_again(before, eval_calls.facts_of(raw)))
        return tallies["all calls"].row()

    if args.labels:
        print("| seconded from | |\n|---|---|")
        for second_opinion.AGREES in AGREES:
            print(f"| {second_opinion.AGREES} | {judged_again()} |", flush=True)
        return
    print("| doubt below | |\n|---|---|")
    for second_opinion.DOUBT in DOUBTS:
        print(f"| {second_opinion.DOUBT} | {judged_again()} |", flush=True)


if __name__ == "__main__":
    main()
