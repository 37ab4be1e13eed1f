"""Names that must be of use: ids of rules, lexicons, parameters; and plans that name what is there."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from pydantic import JsonValue

from qa_service.errors import RuleError
from qa_service.rules.checks.problem import Places, Problem, of_error
from qa_service.rules.compile import lexicons_of
from qa_service.rules.compiled import Pack, Rule
from qa_service.rules.load import PACK_FILE, rule_files
from qa_service.rules.plans import PlanSpec, load_plans


def same_ids(rules: Iterable[Rule], places: Places) -> Iterator[Problem]:
    """Ids used twice, in one pack or in two."""
    seen: dict[str, str] = {}
    for rule in rules:
        if rule.id in seen:
            message = f"id {rule.id} is already used by {seen[rule.id]}"
            yield places.value(rule.file, ("id",), message, "Ids are for ever: choose a new one.")
        seen.setdefault(rule.id, rule.file)


def unused_names(pack: Pack, folder: Path, lexicons: Mapping[str, Sequence[str]], places: Places) -> Iterator[Problem]:
    """Lexicons and parameters that nothing uses; a lexicon in a file of its own is named there."""
    text = "\n".join(path.read_text(encoding="utf-8-sig") for path in rule_files(folder))
    used = {n for r in pack.rules for s in r.spec.match.select.values() for n in lexicons_of(s)}
    file = f"{folder.name}/{PACK_FILE}"
    for name in lexicons:
        if name not in used:
            where = file if name in pack.spec.lexicons else f"{folder.name}/lexicons/{name}.yaml"
            message = f"lexicon {name!r} is not used by any rule"
            yield places.key(where, ("lexicons", name), message, "Use it or delete it.")
    for name in pack.parameters:
        if f"${name}" not in text:
            message = f"parameter {name!r} is not used by any rule"
            yield places.key(file, ("parameters", name), message, "Use it or delete it.")


def check_plans(root: Path, packs: Mapping[str, Pack], places: Places) -> Iterator[Problem]:
    """Plans that name packs or parameters that are not there, and a folder without any plan."""
    try:
        plans = load_plans(root)
    except RuleError as wrong:
        yield of_error(wrong)
        return
    where = {plan: (file, i) for file in _plan_files(root) for i, plan in enumerate(_names_in(file, places))}
    for plan in plans:
        file, i = where.get(plan.name, ("plans", 0))
        yield from _check_plan(plan, packs, places, file, i)
    if all(plan.overlay for plan in plans):
        yield Problem("plans", 1, 1, "there is no plan, so no call would be judged", "Add plans/NAME.yaml.")


def _check_plan(plan: PlanSpec, packs: Mapping[str, Pack], places: Places, file: str, i: int) -> Iterator[Problem]:
    known = ", ".join(packs) or "none"
    for j, name in enumerate(plan.packs):
        if name not in packs:
            message = f"plan {plan.name!r} names pack {name!r}, which is not there"
            yield places.value(file, ("plans", i, "packs", j), message, f"Packs there: {known}.")
    # An overlay sets parameters of whatever plan it is laid on.
    owners = [packs[name] for name in (packs if plan.overlay else plan.packs) if name in packs]
    parameters = {name: value for pack in owners for name, value in pack.parameters.items()}
    for name in sorted(plan.parameters.keys() & parameters.keys()):
        value, wanted = plan.parameters[name], _kind(parameters[name])
        if _kind(value) != wanted:
            message = f"plan {plan.name!r} sets {name!r} to {value!r}, which is no {wanted}"
            yield places.key(file, ("plans", i, "parameters", name), message, "Give what the pack gives.")
    for parameter in sorted(plan.parameters.keys() - parameters.keys()):
        message = f"plan {plan.name!r} sets {parameter!r}, which none of its packs has"
        hint = f"Parameters there: {', '.join(sorted(parameters)) or 'none'}."
        yield places.key(file, ("plans", i, "parameters", parameter), message, hint)


def _kind(value: JsonValue) -> str:
    """What a parameter holds, as a reader would say."""
    if isinstance(value, bool):
        return "switch"
    return {int: "number", float: "number", str: "text", list: "list"}.get(type(value), "value")


def _plan_files(root: Path) -> list[str]:
    return [f"plans/{path.name}" for path in sorted((root / "plans").glob("*.yaml"))]


def _names_in(file: str, places: Places) -> list[str]:
    """Names of the plans of a file, in its order; none where it cannot be read with places."""
    data = places.data(file)
    listed = data.get("plans") if isinstance(data, dict) else None
    return [str(plan.get("name")) for plan in listed if isinstance(plan, dict)] if isinstance(listed, list) else []
