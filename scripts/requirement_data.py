"""What the classifier learns of single requirements: utterances that break them or nearly do, and the rules' examples.

``models/conduct/data/requirements/PLACE-AUTHOR.jsonl``: {"requirement", "kind": "v" (breaks it) or "n" (nearly),
"text", "case"}; in an exchange, marked 【客户】…【坐席】… or [Customer] … [Agent] …, the agent's last turn is meant.
Written from the catalogue's requirements by authors who saw neither its examples, nor the rules, nor
scripts/utterances; those of the batches ``t``, terse as a catalogue is, saw its odd examples.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import conduct_data as data

from qa_service.classify.labels import AGENT_FAULTS, CONDUCT, REQUIREMENTS, requirements_of
from qa_service.classify.passages import Passage, Said, passage_at
from qa_service.classify.training import Example
from qa_service.rules.source import read_source

CHOOSE = "a"
"""The author whose utterances choose thresholds and are not learned from."""
OTHERS_KNOWN = 30
"""What breaks one requirement may break others; so many of a hundred are taken as kept."""
_MARK = re.compile(r"[\[【](客户|坐席|第三人|被叫|Customer|Third party|Agent)[\]】][::]?")
_OTHERS = ("客户", "第三人", "被叫", "Customer", "Third party")
RULES = Path(__file__).parent.parent / "rules"


def utterances(folder: Path, part: str) -> list[tuple[str, str, Example]]:
    """Of ``choose`` or of ``train``, in the order of their files: file, requirement it was written for, example."""
    files = [f for f in sorted(folder.glob("*.jsonl")) if (f.stem.split("-")[1] == CHOOSE) == (part == "choose")]
    return [(f.stem, row["requirement"], e) for f in files for row in data.lines(f) for e in of_row(row)]


def kept_apart(folder: Path) -> list[tuple[str, str, Example]]:
    """What thresholds are chosen from: of ``choose`` only what no rule has among its examples, which are learned."""
    learned = {_letters(e) for e in rule_examples()}
    return [row for row in utterances(folder, "choose") if _letters(row[2]) not in learned]


def _letters(example: Example) -> str:
    return re.sub(r"\W+", "", example.passage.turn.text).lower()


def of_row(row: dict[str, Any]) -> Iterator[Example]:
    passage = passage_of(turns(row["text"]))
    if passage is not None and row["requirement"] in REQUIREMENTS:
        yield example(passage, [row["requirement"]], breaks=row["kind"] == "v")


def turns(text: str) -> list[Said]:
    """Without marks the agent speaks."""
    pieces = _MARK.split(text)
    said = [Said(pieces[0].strip(), "agent")]
    for who, words in zip(pieces[1::2], pieces[2::2], strict=True):
        said.append(Said(words.strip(), "customer" if who in _OTHERS else "agent"))
    return [s for s in said if s.text]


def passage_of(said: list[Said]) -> Passage | None:
    """The agent's last turn with what stands around it."""
    at = max((i for i, s in enumerate(said) if s.speaker == "agent"), default=None)
    if at is None:
        return None
    return passage_at(said, at)


def example(passage: Passage, requirements: Iterable[str], *, breaks: bool) -> Example:
    """What is known of it: of a near miss, that it breaks none of its place; of others, of some of the rest."""
    own = frozenset(requirements) & frozenset(REQUIREMENTS)
    place = {r.split("-")[0] for r in own}
    rest = [r for r in REQUIREMENTS if r.split("-")[0] in place and r not in own]
    if breaks:
        rest = [r for r in rest if zlib.crc32(f"{r}{passage.turn.text}".encode()) % 100 < OTHERS_KNOWN]
    return Example(passage, own if breaks else frozenset(), known=own | frozenset(rest))


def rule_examples(folder: Path = RULES) -> list[Example]:
    """The examples of the packs whose rules cite requirements; clean ones only where no fact made them clean."""
    broken: dict[tuple[str, str], Example] = {}
    kept: dict[tuple[str, str], Example] = {}
    for file in sorted(folder.glob("*-collections/*.yaml")):
        rule = read_source(file, file.name).data
        if not isinstance(rule, dict) or not _learnable(rule):
            continue
        for one in rule["examples"]:
            said = [Said(str(text), "customer" if who == "customer" else "agent") for t in one.get("turns", ())
                    for who, text in t.items() if who in ("agent", "customer")]  # fmt: skip
            passage = passage_of(said) if len(said) <= 3 else None
            if passage is None or (one["expect"] != "hit" and one.get("facts")):
                continue
            where = broken if one["expect"] == "hit" else kept
            found = example(passage, rule["requirements"], breaks=where is broken)
            for key in [(passage.turn.text, r) for r in rule["requirements"]]:
                where[key] = found
    chosen = {id(e): e for e in broken.values()} | {id(e): e for k, e in kept.items() if k not in broken}
    return list(chosen.values())


def _learnable(rule: dict[str, Any]) -> bool:
    """Rules that find what is said; not what is missing, nor praise."""
    match = rule.get("match") or {}
    speaker = (rule.get("applies_to") or {}).get("speaker")
    praise = rule.get("polarity", "violation") != "violation"
    return bool(rule.get("requirements")) and speaker == "agent" and not match.get("absent") and not praise


def with_requirements(turn: Example) -> Example:
    """One of the conduct turns with what it says of requirements: an agent's without any fault breaks none. Where a
    reviewer found that it breaks one, that is known, and of the rest only what was looked at."""
    said, faults = turn.passage.turn, turn.labels & frozenset(AGENT_FAULTS)
    if broken := turn.labels & frozenset(REQUIREMENTS):
        return replace(turn, known=broken | frozenset(CONDUCT if turn.labels - broken else ()))
    mine = () if faults else requirements_of(said.speaker, said.text)
    return replace(turn, known=frozenset(CONDUCT).union(*mine))
