"""``qa rules check``: everything that can be known to be wrong with the rules before a call meets them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import TypeVar

from qa_service.errors import RuleError
from qa_service.rules.catalogue import Catalogue, load_catalogue
from qa_service.rules.checks import names
from qa_service.rules.checks.clean import check_clean_calls
from qa_service.rules.checks.patterns import slow_cues, slow_patterns
from qa_service.rules.checks.problem import Places, Problem, of_error
from qa_service.rules.checks.rules import Lexicons, check_rule
from qa_service.rules.compile import Names
from qa_service.rules.compiled import Pack, Rule, fact_names_of
from qa_service.rules.fact_names import FILE_NAME as FACTS
from qa_service.rules.fact_names import load_fact_names
from qa_service.rules.gate_files import load_cues
from qa_service.rules.load import PACK_FILE, assemble, pack_folders, read_names, read_rule, rule_files, unread_files
from qa_service.rules.lock import FILE_NAME, gates_changed, read_lock, unlocked, vanished, violations
from qa_service.rules.plans import load_plans

__all__ = ["Problem", "check", "examine"]

T = TypeVar("T")


def check(root: Path) -> tuple[Problem, ...]:
    """All problems of a rules folder, see :func:`examine`."""
    return examine(root)[0]


def examine(root: Path, labels: Collection[str] = ()) -> tuple[tuple[Problem, ...], tuple[Pack, ...]]:
    """Problems of packs, plans, gates, catalogue, clean calls and lock in a rules folder, and its packs.

    ``labels``: what the classifier tells, where the caller knows it; signals of no other label are of use then.

    What needs sound files (examples, lock, plans, clean calls) is looked at once every file can be loaded; until then
    there are no packs.
    """
    folders = pack_folders(root)
    problems = [of_error(wrong) for wrong in unread_files(root)]
    if not folders:
        return (Problem(str(root), 1, 1, "no pack was found", "A pack is a folder with a pack.yaml."), *problems), ()
    places = Places(root)
    problems += _without_rules(folders, problems)
    catalogue = _tried(lambda: load_catalogue(root), problems)
    cues = _tried(lambda: load_cues(root), problems)
    fact_names = _tried(lambda: load_fact_names(root), problems)
    read = [found for folder in folders.values() if (found := _read(folder, problems))]
    problems += names.same_ids((rule for _, rules in read for rule in rules), places)
    tried = (
        [_tried(partial(assemble, *found, cues, fact_names), problems) for found in read]
        if cues is not None and fact_names is not None and not problems
        else []
    )
    packs = tuple(pack for pack in tried if pack)
    if catalogue and not problems:
        lexicons = {found.pack.name: found.lexicons for found, _ in read}
        problems += _sound(root, {pack.name: pack for pack in packs}, lexicons, catalogue, places)
        problems += names.unknown_labels(packs, labels, places) if labels else ()
    return tuple(problems), packs


def _sound(
    root: Path, packs: Mapping[str, Pack], lexicons: Mapping[str, Lexicons], catalogue: Catalogue, places: Places
) -> Iterator[Problem]:
    """Checks of a folder whose every file can be loaded."""
    yield from slow_cues(root, places)
    for name, pack in packs.items():
        for rule in pack.rules:
            slow = list(slow_patterns(rule, places))
            yield from slow or check_rule(rule, pack, lexicons[name], catalogue, places)
        yield from names.unused_names(pack, root / name, lexicons[name], places)
    yield from names.unknown_facts(packs.values(), places)
    yield from _check_lock(root, packs.values(), places)
    wrong_plans = list(names.check_plans(root, packs, places))
    yield from wrong_plans or check_clean_calls(root, packs, load_plans(root), places)


def _without_rules(folders: Mapping[str, Path], unread: Collection[Problem]) -> list[Problem]:
    """Packs that hold no rule; where a file of theirs is not read, that is told instead."""
    told = {problem.file.split("/", 1)[0] for problem in unread}
    return [
        Problem(
            f"{name}/{PACK_FILE}", 1, 1, f"pack {name!r} has no rule",
            f"Write one with `qa rules new {name} ID --title …`, or delete the folder.",
        )
        for name, folder in folders.items()
        if name not in told and not rule_files(folder)
    ]  # fmt: skip


def _tried(step: Callable[[], T], problems: list[Problem]) -> T | None:
    try:
        return step()
    except RuleError as wrong:
        problems.append(of_error(wrong))
        return None


def _read(folder: Path, problems: list[Problem]) -> tuple[Names, list[Rule]] | None:
    """Every file of the pack by itself, so that one mistake does not hide the next."""
    found = _tried(partial(read_names, folder), problems)
    if found is None:
        return None
    rules = [_tried(partial(read_rule, path, found), problems) for path in rule_files(folder)]
    return found, [rule for rule in rules if rule]


def _check_lock(root: Path, packs: Collection[Pack], places: Places) -> Iterator[Problem]:
    try:
        lock = read_lock(root)
    except RuleError as wrong:
        yield of_error(wrong)
        return
    for language in gates_changed(lock, packs):
        message = f"the gates of {language} changed since the last lock, and with them what the rules find"
        yield places.value(f"gates/{language}.yaml", (), message, "Run `qa rules lock`.")
    if lock.facts and lock.facts != fact_names_of(packs).behaviour_sha256:
        message = "names of facts changed since the last lock, and with them what the rules find"
        yield places.value(FACTS, (), message, "Run `qa rules lock`.")
    rules = [rule for pack in packs for rule in pack.rules]
    for wrong_rule in violations(lock, rules):
        yield places.value(wrong_rule.rule.file, wrong_rule.path, wrong_rule.message, wrong_rule.hint)
    for rule in unlocked(lock, rules):
        message = f"version {rule.spec.version} is not locked yet"
        yield places.value(rule.file, ("version",), message, "Run `qa rules lock`.")
    for rule_id in vanished(lock, rules):
        mend = "Restore its file; or run `qa rules lock`, which retires its id for ever."
        yield Problem(FILE_NAME, 1, 1, f"rule {rule_id} is locked, and no file has it", mend)
