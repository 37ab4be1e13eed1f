"""The version lock: a rule whose behaviour changes must get a new version, and a retired id never comes back.

``rules/lock.json`` holds for each rule its version and the hash of its behaviour as of the last lock.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from qa_service.errors import RuleError
from qa_service.rules.compiled import Rule
from qa_service.rules.load import load_packs

FILE_NAME = "lock.json"


@dataclass(frozen=True)
class Lock:
    """``rules``: id → (version, behaviour hash). ``retired``: ids that were used and may not be used again."""

    rules: dict[str, tuple[int, str]]
    retired: frozenset[str]


def read_lock(root: Path) -> Lock:
    """The lock of a rules folder; an empty one where there is no file yet.

    Raises:
        RuleError: the file cannot be read.
    """
    path = root / FILE_NAME
    if not path.exists():
        return Lock({}, frozenset())
    try:
        raw = json.loads(path.read_text(encoding="utf-8"))
        rules = {str(k): (int(v["version"]), str(v["behaviour_sha256"])) for k, v in raw["rules"].items()}
        return Lock(rules, frozenset(str(i) for i in raw["retired"]))
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as wrong:
        raise RuleError(
            f"the lock cannot be read: {wrong}", file=FILE_NAME, line=1, column=1, hint="Restore it from git."
        ) from wrong


def write_lock(root: Path) -> int:
    """Lock all rules as they are; returns how many. Ids that vanished are kept as retired.

    Raises:
        RuleError: a rule that cannot be loaded, changed without a new version, or uses a retired id.
    """
    before = read_lock(root)
    rules = [rule for pack in load_packs(root).values() for rule in pack.rules]
    wrong = next(violations(before, rules), None)
    if wrong:
        rule, message, hint = wrong
        raise RuleError(message, file=rule.file, line=1, column=1, hint=hint)
    gone = set(before.rules) - {r.id for r in rules}
    content = {
        "retired": sorted(before.retired | gone | {r.id for r in rules if r.spec.status == "retired"}),
        "rules": {
            r.id: {"version": r.spec.version, "behaviour_sha256": r.behaviour_sha256}
            for r in sorted(rules, key=lambda r: r.id)
            if r.spec.status != "retired"
        },
    }
    (root / FILE_NAME).write_text(json.dumps(content, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    return len(content["rules"])


def violations(lock: Lock, rules: Iterable[Rule]) -> Iterator[tuple[Rule, str, str]]:
    """Rules that break the lock: (rule, what is wrong, the mend)."""
    for rule in rules:
        if rule.id in lock.retired and rule.spec.status != "retired":
            yield rule, f"id {rule.id} was retired and may not be used again", "Choose a new id."
        version, behaviour = lock.rules.get(rule.id, (0, ""))
        if rule.spec.version < version:
            yield rule, f"version {rule.spec.version} is below the locked {version}", "Versions only rise."
        elif rule.spec.version == version and rule.behaviour_sha256 != behaviour:
            yield (
                rule,
                f"its behaviour changed but its version is still {version}",
                f"Write `version: {version + 1}`, then run `qa rules lock`.",
            )


def unlocked(lock: Lock, rules: Iterable[Rule]) -> Iterable[Rule]:
    """Rules that are new or have a new version since the last lock."""
    return (r for r in rules if r.spec.status != "retired" and lock.rules.get(r.id, (0, ""))[0] < r.spec.version)
