"""How often rules speak up on lawful talk: agent turns of models/conduct/data in which nothing holds.

    python scripts/eval_ordinary.py [--place CN] [--kinds ordinary,ask,vague,polite_refusal] [--sample 1500]
        [--parts test] [--verbose]

Each turn is judged with the turns before and after it, as a call of its own. Counted are findings that are confirmed or
for review; those of rules that look for what is missing are left out, for a turn alone has no opening. Many of these
turns were written as traps, so a call's turns raise fewer: compare packs and rules by it, not deployments. The
classifier knows the turns of the part ``train``: with it, take ``--parts test`` (QA_CLASSIFIER=off: rules alone).
"""

from __future__ import annotations

import argparse
import random
from collections import Counter, defaultdict
from pathlib import Path

import conduct_data as data
from eval_calls import TRUSTED
from said_calls import transcript_of

from qa_service.inspect.pipeline import Inspector
from qa_service.records import CallFacts, Polarity, Transcript
from qa_service.rules.load import load_packs
from qa_service.settings import bundled, load_settings

FOLDER = Path(__file__).parent.parent / "models" / "conduct" / "data"
HOUSE = "service-quality"


def main() -> None:
    args = _arguments()
    settings = load_settings()
    packs = load_packs(settings.rules_dir or bundled("rules"))
    missing = {rule.id for pack in packs.values() for rule in pack.rules if rule.spec.match.absent}
    language = "zh" if args.place == "CN" else "en"
    rows = [r for part in args.parts.split(",") for r in data.own(FOLDER, part)]
    rows = [r for r in rows if r.language == language and r.hard in args.kinds.split(",") and _lawful(r)]
    rows = random.Random(args.seed).sample(rows, min(args.sample, len(rows)))
    inspector = Inspector(settings)
    facts = CallFacts.model_validate({"jurisdiction": args.place, "direction": "outbound", "callee_role": "debtor"})
    found: Counter[str] = Counter()
    quotes: dict[str, list[str]] = defaultdict(list)
    alarmed = 0
    for row in rows:
        judged = inspector.inspect_transcript(_call(row, language), facts, call_id=row.id)
        told = {
            f.rule_id: f.quote
            for f in judged.findings
            if f.polarity is Polarity.VIOLATION and f.state in TRUSTED and f.pack != HOUSE and f.rule_id not in missing
        }
        alarmed += bool(told)
        found.update(told.keys())
        for rule, quote in told.items():
            quotes[rule].append(quote)
    print(f"{args.place}: {len(rows)} lawful turns, {alarmed} with a finding = {alarmed / max(1, len(rows)):.3f}")
    for rule, times in found.most_common():
        print(f"{times:5} {rule}", *(f"“{q}”" for q in quotes[rule][:3] if args.verbose))


def _lawful(row: data.Labelled) -> bool:
    return not row.example.labels and row.example.passage.turn.speaker == "agent"


def _call(row: data.Labelled, language: str) -> Transcript:
    passage = row.example.passage
    said = [s for s in (passage.before, passage.turn, passage.after) if s]
    return transcript_of(((s.speaker, s.text) for s in said), language)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--place", default="CN", choices=["CN", "US", "UK"])
    parser.add_argument("--kinds", default="ordinary,ask,vague,polite_refusal", help="of hard negatives, and ordinary")
    parser.add_argument("--parts", default="train,choose,test")
    parser.add_argument("--sample", type=int, default=1500)
    parser.add_argument("--seed", type=int, default=3)
    parser.add_argument("--verbose", action="store_true", help="show what was quoted")
    return parser.parse_args()


if __name__ == "__main__":
    main()
