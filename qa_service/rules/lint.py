"""``qa rules check``: everything that can be known to be wrong with the rules before a call meets them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TypeVar

from pydantic import JsonValue

from qa_service.errors import RuleError
from qa_service.rules.catalogue import Catalogue, load_catalogue
from qa_service.rules.compile import lexicons_of
from qa_service.rules.compiled import Pack, Rule
from qa_service.rules.condition import mentioned
from qa_service.rules.examples import Outcome, problem, run
from qa_service.rules.gate_files import load_cues
from qa_service.rules.load import load_packs, pack_folders, read_names, read_rule, rule_files
from qa_service.rules.lock import read_lock, unlocked, violations
from qa_service.rules.plans import load_plans

T = TypeVar("T")

#: What a stable rule must show.
HITS, CLEANS = 3, 3


@dataclass(frozen=True)
class Problem:
    """One mistake, at its place (1-based), with the mend."""

    file: str
    line: int
    column: int
    message: str
    hint: str = ""

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}: {self.message}{f' — {self.hint}' if self.hint else ''}"


def check(root: Path) -> tuple[Problem, ...]:
    """All problems of all packs, plans, gates, catalogue and lock in a rules folder, in the order of files."""
    problems: list[Problem] = []
    catalogue = _tried(lambda: load_catalogue(root), problems)
    _tried(lambda: load_cues(root), problems)
    for name, folder in pack_folders(root).items():
        problems += _check_files(folder)
        pack = None if problems else load_packs(root, [name])[name]
        if pack:
            problems += (p for rule in pack.rules for p in _check_rule(rule, pack, catalogue))
            problems += _unused_names(pack, folder)
    if not problems:
        packs = load_packs(root)
        problems += _check_lock(root, [rule for pack in packs.values() for rule in pack.rules])
        problems += _check_plans(root, packs)
    if not pack_folders(root):
        problems.append(Problem(str(root), 1, 1, "no pack was found", "A pack is a folder with a pack.yaml."))
    return tuple(problems)


def _tried(step: Callable[[], T], problems: list[Problem]) -> T | None:
    try:
        return step()
    except RuleError as wrong:
        problems.append(_problem(wrong))
        return None


def _problem(wrong: RuleError) -> Problem:
    message = wrong.message.removeprefix(":".join(str(p) for p in (wrong.file, wrong.line, wrong.column) if p))
    return Problem(wrong.file or "rules", wrong.line or 1, wrong.column or 1, message.removeprefix(": "), wrong.hint)


def _check_files(folder: Path) -> list[Problem]:
    """Every file of the pack by itself, so that one mistake does not hide the next."""
    problems: list[Problem] = []
    names = _tried(lambda: read_names(folder), problems)
    if names is None:
        return problems
    seen: dict[str, str] = {}
    for path in rule_files(folder):
        rule = _tried(partial(read_rule, path, names), problems)
        if rule and rule.id in seen:
            problems.append(_at_top(rule, f"id {rule.id} is already used by {seen[rule.id]}", "Choose a new id."))
        if rule:
            seen[rule.id] = rule.file
    return problems


def _check_rule(rule: Rule, pack: Pack, catalogue: Catalogue | None) -> Iterator[Problem]:
    yield from _unknown_requirements(rule, catalogue)
    yield from _unused_selections(rule)
    outcomes = [(example, run(rule, pack, example)) for example in rule.spec.examples]
    for example, outcome in outcomes:
        if wrong := problem(rule, example, outcome):
            yield _at_top(rule, f"example {example.name!r} {wrong}", "Correct the rule or the example.")
    if rule.spec.status == "stable":
        yield from _too_few(rule)
        yield from _dead_terms(rule, [outcome for _, outcome in outcomes])


def _unknown_requirements(rule: Rule, catalogue: Catalogue | None) -> Iterator[Problem]:
    if not rule.spec.requirements:
        yield _at_top(rule, "the rule cites no requirement", "Name one of requirements.json under `requirements`.")
    for requirement in rule.spec.requirements if catalogue else ():
        if catalogue and catalogue.get(requirement) is None:
            yield _at_top(rule, f"requirement {requirement} is not in the catalogue", "See requirements.json.")


def _unused_selections(rule: Rule) -> Iterator[Problem]:
    if rule.condition is None:
        return
    wanted, unwanted = mentioned(rule.condition)
    for selection in rule.selections:
        if selection.name not in wanted | unwanted:
            yield _at_top(rule, f"selection {selection.name!r} is not used by the condition", "Use it or delete it.")


def _too_few(rule: Rule) -> Iterator[Problem]:
    hits = sum(e.expect == "hit" for e in rule.spec.examples)
    cleans = sum(e.expect == "clean" for e in rule.spec.examples)
    if hits < HITS or cleans < CLEANS or not any(e.near_miss for e in rule.spec.examples):
        yield _at_top(
            rule,
            f"a stable rule needs {HITS} hits and {CLEANS} cleans, one of them a near miss; has {hits} and {cleans}",
            "Add examples, or write `status: test`.",
        )


def _dead_terms(rule: Rule, outcomes: Iterable[Outcome]) -> Iterator[Problem]:
    """Phrases and patterns that no example touches; a lexicon counts as one."""
    touched = {term for outcome in outcomes for term in outcome.touched}
    for selection in rule.selections:
        spec = rule.spec.match.select[selection.name]
        own = (*(spec.phrases or ()), *(spec.regex or ()), *(spec.all or ()))
        own += (*(spec.not_phrases or ()), *(spec.not_regex or ()))
        for written in own:
            if (selection.name, written) not in touched:
                yield _at_top(rule, f"no example touches {written!r} of {selection.name!r}", "Add one, or delete it.")
        if spec.operator and (selection.name, spec.operator.family) not in touched:
            yield _at_top(rule, f"no example touches {selection.name!r} ({spec.operator.family})", "Add one.")
        if spec.lexicon and not any(name == selection.name for name, _ in touched):
            yield _at_top(rule, f"no example touches the lexicon of {selection.name!r}", "Add one.")


def _unused_names(pack: Pack, folder: Path) -> Iterator[Problem]:
    """Lexicons and parameters that nothing uses."""
    text = "\n".join(path.read_text(encoding="utf-8-sig") for path in rule_files(folder))
    used = {n for r in pack.rules for s in r.spec.match.select.values() for n in lexicons_of(s)}
    file = f"{folder.name}/pack.yaml"
    for name in pack.spec.lexicons:
        if name not in used:
            yield Problem(file, 1, 1, f"lexicon {name!r} is not used by any rule", "Use it or delete it.")
    for name in pack.parameters:
        if f"${name}" not in text:
            yield Problem(file, 1, 1, f"parameter {name!r} is not used by any rule", "Use it or delete it.")


def _check_lock(root: Path, rules: list[Rule]) -> Iterator[Problem]:
    try:
        lock = read_lock(root)
    except RuleError as wrong:
        yield _problem(wrong)
        return
    for rule, message, hint in violations(lock, rules):
        yield _at_top(rule, message, hint)
    for rule in unlocked(lock, rules):
        yield _at_top(rule, f"version {rule.spec.version} is not locked yet", "Run `qa rules lock`.")


def _check_plans(root: Path, packs: dict[str, Pack]) -> Iterator[Problem]:
    try:
        plans = load_plans(root)
    except RuleError as wrong:
        yield _problem(wrong)
        return
    for plan in plans:
        for name in plan.packs:
            if name not in packs:
                yield Problem("plans", 1, 1, f"plan {plan.name!r} names pack {name!r}, which is not there")
        # An overlay sets parameters of whatever plan it is laid on.
        owners = [packs[name] for name in (packs if plan.overlay else plan.packs) if name in packs]
        known = {name: value for pack in owners for name, value in pack.parameters.items()}
        for name, value in plan.parameters.items():
            if name not in known:
                yield Problem("plans", 1, 1, f"plan {plan.name!r} sets {name!r}, which none of its packs has")
            elif _kind(value) != _kind(known[name]):
                message = f"plan {plan.name!r} sets {name!r} to {value!r}, which is no {_kind(known[name])}"
                yield Problem("plans", 1, 1, message, "Give what the pack gives.")
    if all(plan.overlay for plan in plans):
        yield Problem("plans", 1, 1, "there is no plan, so no call would be judged", "Add plans/NAME.yaml.")


def _kind(value: JsonValue) -> str:
    """What a parameter holds, as a reader would say."""
    if isinstance(value, bool):
        return "switch"
    return {int: "number", float: "number", str: "text", list: "list"}.get(type(value), "value")


def _at_top(rule: Rule, message: str, hint: str) -> Problem:
    return Problem(rule.file, 1, 1, message, hint)
