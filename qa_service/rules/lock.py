"""The version lock: a rule whose behaviour changes must get a new version, and a retired id never comes back.

``rules/lock.json`` holds for each rule its version, its status and the hash of its behaviour as of the last lock. A
rule that it knows as on trial becomes stable only with what was measured of it. The cues of the gates, which change
what every rule finds, have no version: a hash for each language says that they are what was locked.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from qa_service.errors import RuleError
from qa_service.rules.checks.problem import Places
from qa_service.rules.compiled import Pack, Rule, fact_names_of
from qa_service.rules.load import load_packs, unread_files
from qa_service.rules.source import Path_

FILE_NAME = "lock.json"
#: What a lock and its rules may hold; anything else is of a newer version.
TOP_KEYS = frozenset({"facts", "gates", "retired", "rules"})
RULE_KEYS = frozenset({"version", "status", "calls", "behaviour_sha256"})
#: How git marks where two sides differ.
CONFLICT = ("<<<<<<< ", ">>>>>>> ", "=======")
#: Statuses from which a rule is promoted to stable.
ON_TRIAL = ("draft", "test")


@dataclass(frozen=True)
class Locked:
    """A rule as of the last lock. ``status`` and ``calls`` are empty where an older lock did not keep them.

    ``calls``: languages and country of the calls it is about, which it may have from its pack and its hash lacks.
    """

    version: int = 0
    behaviour_sha256: str = ""
    status: str = ""
    calls: str = ""


@dataclass(frozen=True)
class Lock:
    """Rules by id. ``retired``: ids that were used and may not be used again.

    ``gates``: hashes of cues by language, ``facts``: of the names of facts; empty where an older lock kept none.
    """

    rules: dict[str, Locked]
    retired: frozenset[str]
    gates: Mapping[str, str] = field(default_factory=dict)
    facts: str = ""

    def get(self, rule_id: str) -> Locked:
        return self.rules.get(rule_id, Locked())


@dataclass(frozen=True)
class Violation:
    """A rule that breaks the lock: what is wrong at ``path`` of its file, and the mend."""

    rule: Rule
    path: Path_
    message: str
    hint: str


def read_lock(root: Path) -> Lock:
    """The lock of a rules folder; an empty one where there is no file yet.

    Raises:
        RuleError: the file cannot be read.
    """
    path = root / FILE_NAME
    if not path.exists():
        return Lock({}, frozenset())
    try:
        text = path.read_text(encoding="utf-8")
        raw = json.loads(text)
        if newer := _unknown(raw):
            raise _unreadable(f"this version does not know its key {newer!r}", hint="A newer one wrote it: use that.")
        rules = {
            str(k): Locked(
                int(v["version"]), str(v["behaviour_sha256"]), str(v.get("status", "")), str(v.get("calls", ""))
            )
            for k, v in raw["rules"].items()
        }
        gates = {str(k): str(v) for k, v in raw.get("gates", {}).items()}
        return Lock(rules, frozenset(str(i) for i in raw["retired"]), gates, str(raw.get("facts", "")))
    except json.JSONDecodeError as wrong:
        if any(line.startswith(CONFLICT) for line in text.splitlines()):
            hint = "Take either side's file whole (git checkout --ours or --theirs), then run `qa rules lock`."
            raise _unreadable("a merge left its conflict in it", line=wrong.lineno, hint=hint) from None
        raise _unreadable(wrong.msg, line=wrong.lineno, column=wrong.colno) from None
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as wrong:
        raise _unreadable(str(wrong)) from wrong


def _unknown(raw: Mapping[str, Any]) -> str | None:
    """A key of a newer version: what it means would be lost with the next lock."""
    keys = [*raw.keys() - TOP_KEYS, *(key for rule in raw["rules"].values() for key in rule.keys() - RULE_KEYS)]
    return min(keys, default=None)


def _unreadable(why: str, *, line: int = 1, column: int = 1, hint: str = "Restore it from git.") -> RuleError:
    return RuleError(f"the lock cannot be read: {why}", file=FILE_NAME, line=line, column=column, hint=hint)


@dataclass(frozen=True)
class Written:
    """How many rules are locked, and which ids this lock retired."""

    rules: int
    retired: tuple[str, ...]


def write_lock(root: Path) -> Written:
    """Lock all rules as they are. Ids that vanished are kept as retired.

    Raises:
        RuleError: there is no pack; a rule that cannot be loaded, changed without a new version, or uses a retired id;
            or a file that is not read where it lies, whose ids would count as retired.
    """
    before = read_lock(root)
    for unread in unread_files(root):
        raise unread
    packs = load_packs(root)
    if not packs:
        raise RuleError(f"No pack was found in {root}.", hint="Name a folder of packs with --rules.")
    rules = [rule for pack in packs.values() for rule in pack.rules]
    wrong = next(violations(before, rules), None)
    if wrong:
        at = Places(root).value(wrong.rule.file, wrong.path, wrong.message, wrong.hint)
        raise RuleError(at.message, file=at.file, line=at.line, column=at.column, hint=at.hint)
    gone = set(before.rules) - {r.id for r in rules}
    retired = before.retired | gone | {r.id for r in rules if r.spec.status == "retired"}
    content = {
        "facts": fact_names_of(packs.values()).behaviour_sha256,
        "gates": gates_of(packs.values()),
        "retired": sorted(retired),
        "rules": {
            r.id: {
                "version": r.spec.version,
                "status": r.spec.status,
                "calls": calls_of(r),
                "behaviour_sha256": r.behaviour_sha256,
            }
            for r in sorted(rules, key=lambda r: r.id)
            if r.spec.status != "retired"
        },
    }
    whole = root / f"{FILE_NAME}.new"  # a kill on the way leaves the lock that was
    whole.write_text(json.dumps(content, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    whole.replace(root / FILE_NAME)
    return Written(len(content["rules"]), tuple(sorted(retired - before.retired)))


def calls_of(rule: Rule) -> str:
    """Languages and country of the calls that a rule is about, its own or those of its pack: ``en zh, US``."""
    return f"{' '.join(sorted(rule.languages))}, {rule.country or 'any'}"


def gates_of(packs: Iterable[Pack]) -> dict[str, str]:
    """Hashes of the cues by language."""
    cues = {language: found for pack in packs for language, found in pack.cues.items()}
    return {language: cues[language].behaviour_sha256 for language in sorted(cues)}


def gates_changed(lock: Lock, packs: Iterable[Pack]) -> tuple[str, ...]:
    """Languages whose cues are not those that were locked."""
    now = gates_of(packs)
    return tuple(language for language in now if lock.gates and lock.gates.get(language) != now[language])


def violations(lock: Lock, rules: Iterable[Rule]) -> Iterator[Violation]:
    """Rules that break the lock."""
    for rule in rules:
        known, version = lock.get(rule.id), rule.spec.version
        if rule.id in lock.retired and rule.spec.status != "retired":
            message = f"id {rule.id} was retired and may not be used again"
            yield Violation(rule, ("id",), message, "Choose a new id.")
        if version < known.version:
            message = f"version {version} is below the locked {known.version}"
            yield Violation(rule, ("version",), message, "Versions only rise.")
        elif known.status == "draft":
            pass  # it judged nobody, so that nothing hangs on its version
        elif version == known.version and rule.behaviour_sha256 != known.behaviour_sha256:
            message = f"its behaviour changed but its version is still {version}"
            hint = f"Write `version: {version + 1}`, then run `qa rules lock`."
            yield Violation(rule, ("version",), message, hint)
        elif version == known.version and known.calls and known.calls != calls_of(rule):
            message = f"it was about calls in {known.calls} and is about {calls_of(rule)} now, but its version is still"
            hint = f"Write `version: {version + 1}`, then run `qa rules lock`; or restore languages and jurisdiction."
            yield Violation(rule, ("version",), f"{message} {version}", hint)
        if known.status in ON_TRIAL and rule.spec.status == "stable" and rule.spec.measured is None:
            message = f"it was on trial (status: {known.status}) and is stable now, but nothing was measured"
            hint = "Write `measured: {precision: …, recall: …, on: what it was measured on, date: YYYY-MM-DD}`."
            yield Violation(rule, ("status",), message, hint)


def unlocked(lock: Lock, rules: Iterable[Rule]) -> Iterable[Rule]:
    """Rules that are new or have a new version since the last lock, or were in draft then; drafts, which judge nobody,
    need none."""
    running = (r for r in rules if r.spec.status not in ("retired", "draft"))
    return (r for r in running if lock.get(r.id).version < r.spec.version or lock.get(r.id).status == "draft")


def vanished(lock: Lock, rules: Iterable[Rule]) -> Sequence[str]:
    """Ids that are locked and that no file has any more."""
    return sorted(lock.rules.keys() - {rule.id for rule in rules})
