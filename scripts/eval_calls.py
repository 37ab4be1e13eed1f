"""Recall and precision of the rule packs on labelled calls, from their text and from their audio.

    python scripts/eval_calls.py FOLDER [--audio | --heard IN] [--kept] [--json OUT] [--only odd|even]
                                         [--by-rule] [--verbose]

FOLDER holds ``NAME.json`` files: call facts, ``turns`` and ``expected`` (violations, missing, metadata; what else
is acceptable), beside the recordings they name. Counted is by requirement and call:

* recall: expected requirements (violations, missing, metadata) that some finding of the call cites;
* precision: findings whose requirements are expected or listed as acceptable. A finding that cites several
  requirements is right when one of them is.

Confirmed findings and those waiting for review are counted apart from unverified ones; the figure for "all
states" takes every finding. A near miss is a requirement that a call only sounds like breaking.

``--heard`` takes what ``--audio --json`` wrote, so that rules can be compared over the same words
(QA_SOUND_ALIKE=false: without words known by their sound); the classifier reads them anew (QA_CLASSIFIER=off: none).
With ``--kept`` the calls are kept in a database of their own, so that the rules over several calls are judged from it.
``--by-rule`` adds a line for each rule. What was missed and what was said wrongly is named only with ``--verbose``:
calls to score by are not to be read.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections import Counter
from collections.abc import Set
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from qa_service.inspect.pipeline import Inspector
from qa_service.intake.transcript import read_transcript
from qa_service.jobs.followups import follow
from qa_service.records import CallFacts, Finding, FindingState, Inspection, Polarity
from qa_service.settings import load_settings
from qa_service.store.store import open_store

TRUSTED = (FindingState.CONFIRMED, FindingState.NEEDS_REVIEW)
EXPECTED = ("violations", "missing", "metadata")
ACCEPTED = (*EXPECTED, "optional_missing", "also_acceptable", "pii")


@dataclass
class Tally:
    """Counts over calls; ``misses`` and ``wrong`` hold what to look at."""

    expected: int = 0
    found: int = 0
    findings: int = 0
    right: int = 0
    clean_calls: int = 0
    accused: int = 0
    near_misses: int = 0
    tripped: int = 0
    not_assessed: int = 0
    misses: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    by_rule: Counter[tuple[str, FindingState, bool]] = field(default_factory=Counter)

    def add(self, call_id: str, expected: dict[str, Any], findings: list[Finding], unclear: Set[str]) -> None:
        """``unclear``: requirements of which the inspection says that it could not judge them."""
        wanted = {r for part in EXPECTED for r in expected.get(part, ())}
        fine = {r for part in ACCEPTED for r in expected.get(part, ())}
        cited = {r for f in findings for r in f.requirements}
        self.expected += len(wanted)
        self.found += len(wanted & cited)
        self.not_assessed += len((wanted - cited) & unclear)
        self.misses += [f"{call_id} {r}" for r in sorted(wanted - cited)]
        wrong = [f for f in findings if not fine & set(f.requirements)]
        self.by_rule.update((f.rule_id, f.state, bool(fine & set(f.requirements))) for f in findings)
        self.findings += len(findings)
        self.right += len(findings) - len(wrong)
        self.wrong += [f"{call_id} {f.rule_id} {'/'.join(f.requirements)} [{f.state}] {f.quote!r}" for f in wrong]
        near = set(expected.get("near_misses", ())) - fine
        self.near_misses += len(near)
        self.tripped += len(near & {r for f in wrong for r in f.requirements})
        self.clean_calls += bool(expected.get("clean"))
        self.accused += bool(expected.get("clean") and wrong)

    def row(self) -> str:
        recall = self.found / self.expected if self.expected else float("nan")
        precision = self.right / self.findings if self.findings else float("nan")
        return (
            f"recall {self.found}/{self.expected} = {recall:.3f}   precision {self.right}/{self.findings} = "
            f"{precision:.3f}   clean calls accused {self.accused}/{self.clean_calls}   near misses tripped "
            f"{self.tripped}/{self.near_misses}   missed as not assessed {self.not_assessed}"
        )

    def of_rules(self) -> list[str]:
        """A line for each rule that spoke: right of all that it said, for each state."""
        lines, rules = [], sorted({rule for rule, _, _ in self.by_rule})
        width = max(map(len, rules), default=0)
        for rule in rules:
            cells = []
            for state in FindingState:
                right, wrong = (self.by_rule[rule, state, is_right] for is_right in (True, False))
                cells.append(f"{right:4}/{right + wrong:4} {state}" if right + wrong else " " * (10 + len(state)))
            lines.append(f"{rule:{width}} {'  '.join(cells)}".rstrip())
        return lines


def main() -> int:
    arguments = _arguments()
    inspector = Inspector(load_settings())
    paths = [p for p in sorted(arguments.folder.glob("*.json")) if "expected" in json.loads(p.read_text("utf-8"))]
    paths = [p for p in paths if arguments.only == "all" or odd(p) == (arguments.only == "odd")]
    heard = _heard(arguments.heard) if arguments.heard else {}
    tallies: dict[str, Tally] = {}
    found: dict[str, tuple[dict[str, Any], Inspection]] = {}
    for number, path in enumerate(paths, 1):
        raw = json.loads(path.read_text("utf-8"))
        if arguments.audio:
            print(f"\r{number}/{len(paths)} {path.stem}   ", end="", file=sys.stderr, flush=True)
        if before := heard.get(path.stem):
            found[path.stem] = raw, inspector.judge_again(before, facts_of(raw))
        else:
            found[path.stem] = raw, inspected(inspector, path, raw, audio=arguments.audio)
    if arguments.kept:
        found = _by_history(inspector, found)
    inspections = [inspection for _, inspection in found.values()]
    coverage = [i.coverage.ratio for i in inspections if i.coverage and i.coverage.ratio]
    kept = [inspection.model_dump_json() for inspection in inspections]
    for call_id, (raw, inspection) in found.items():
        count(tallies, call_id, raw, inspection)
    _report(tallies, len(paths), coverage, "audio" if arguments.audio or heard else "text")
    whole = tallies.get("all calls, every state", Tally())
    if arguments.by_rule:
        print("\nright of all, by rule:", *whole.of_rules(), sep="\n  ")
    if arguments.verbose:
        print("\nmissed:", *whole.misses, sep="\n  ")
        print("\nwrong:", *whole.wrong, sep="\n  ")
    if arguments.json:
        arguments.json.write_text("\n".join(kept) + "\n", encoding="utf-8")
    return 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--audio", action="store_true", help="transcribe the recordings instead of reading the turns")
    parser.add_argument("--heard", type=Path, help="judge the turns of an earlier --audio --json again")
    parser.add_argument("--kept", action="store_true", help="judge the rules over several calls from a database")
    parser.add_argument("--json", type=Path, help="write the inspections here, one a line")
    parser.add_argument("--by-rule", action="store_true", help="how often each rule was right")
    parser.add_argument("--verbose", action="store_true", help="name what was missed and what was said wrongly")
    parser.add_argument("--only", choices=("all", "odd", "even"), default="all", help="calls with odd or even numbers")
    return parser.parse_args()


def _heard(path: Path) -> dict[str, Inspection]:
    """Without what a classifier made of them then: the one that is set now, or none, reads them anew."""
    inspections = map(Inspection.model_validate_json, path.read_text(encoding="utf-8").splitlines())
    return {heard.call_id: heard.model_copy(update={"signals": None}) for heard in inspections}


def odd(path: Path) -> bool:
    return int(path.stem[-1]) % 2 == 1


def inspected(inspector: Inspector, path: Path, raw: dict[str, Any], *, audio: bool) -> Inspection:
    if not audio:
        facts, transcript = read_transcript(path)
        return inspector.inspect_transcript(transcript, facts, call_id=path.stem)
    return inspector.inspect_audio(path.with_name(raw["file"]), facts_of(raw), call_id=path.stem)


def facts_of(raw: dict[str, Any]) -> CallFacts:
    labels = {"turns", "expected", "file", "duration_s"}
    return CallFacts.model_validate({k: v for k, v in raw.items() if k not in labels})


def _by_history(
    inspector: Inspector, found: dict[str, tuple[dict[str, Any], Inspection]]
) -> dict[str, tuple[dict[str, Any], Inspection]]:
    """The same calls after each was judged by those before it."""
    with tempfile.TemporaryDirectory() as folder:
        store, now = open_store(f"sqlite:///{folder}/qa.sqlite3"), datetime.now(UTC)
        for call_id, (raw, inspection) in found.items():
            facts = facts_of(raw)
            day = (facts.started_at or now).date()
            store.calls.add(
                facts, call_id=call_id, source="", day=day, recording=None, transcript=None, received_at=now
            )
            claim = store.queue.claim("eval", lease_s=600, now=now)
            assert claim
            store.queue.finish(claim, inspection, now)
        follow(store, inspector)
        judged = {call_id: (raw, store.calls.get(call_id).inspection) for call_id, (raw, _) in found.items()}
        store.close()
    return {call_id: (raw, inspection) for call_id, (raw, inspection) in judged.items() if inspection}


def count(tallies: dict[str, Tally], call_id: str, raw: dict[str, Any], inspection: Inspection) -> None:
    # House standards are not labelled: neither right nor wrong here.
    findings = [f for f in inspection.findings if f.polarity is Polarity.VIOLATION and f.pack != "service-quality"]
    if inspection.error:
        print(f"{call_id}: {inspection.status} {inspection.error.code}")
    group = f"{raw['jurisdiction']} {'mono' if raw.get('channels') == 'mono' else 'stereo'}"
    unclear = {r for item in inspection.not_assessed for r in item.requirements}
    for name in ("all calls", group):
        trusted = [f for f in findings if f.state in TRUSTED]
        tallies.setdefault(name, Tally()).add(call_id, raw["expected"], trusted, unclear)
        tallies.setdefault(f"{name}, every state", Tally()).add(call_id, raw["expected"], findings, unclear)


def _report(tallies: dict[str, Tally], calls: int, coverage: list[float], source: str) -> None:
    print(f"\n{calls} calls from {source}; confirmed or for review, then every state")
    if coverage:
        print(f"coverage: mean {sum(coverage) / len(coverage):.4f}, least {min(coverage):.4f}")
    for name in sorted(tallies):
        print(f"{name:32} {tallies[name].row()}")


if __name__ == "__main__":
    sys.exit(main())
