"""Names that must be of use: ids of rules, lexicons, parameters; and plans that name what is there."""

from __future__ import annotations

import difflib
import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from pydantic import JsonValue

from qa_service.errors import RuleError
from qa_service.records import CallFacts
from qa_service.rules.checks.problem import Places, Problem, of_error
from qa_service.rules.compile import lexicons_of, unfit_values
from qa_service.rules.compiled import Pack, Parameters, Rule, fact_names_of
from qa_service.rules.fact_names import FILE_NAME as FACTS
from qa_service.rules.fact_names import PLACES as FACT_PLACES
from qa_service.rules.fact_names import FactNames
from qa_service.rules.facts import facts_of
from qa_service.rules.lexicons import named_in
from qa_service.rules.load import PACK_FILE, pack_folders, parameters_of, read_names, rule_files
from qa_service.rules.plans import PlanSpec, load_plans
from qa_service.rules.schema import PackSpec
from qa_service.rules.source import Path_, read_source, validate

#: File and position in it of a plan.
_Place = tuple[str, int]
_SOMEWHERE: _Place = ("plans", 0)


def same_ids(rules: Iterable[Rule], places: Places) -> Iterator[Problem]:
    """Ids used twice, in one pack or in two."""
    seen: dict[str, str] = {}
    for rule in rules:
        if rule.id in seen:
            message = f"id {rule.id} is already used by {seen[rule.id]}"
            yield places.value(rule.file, ("id",), message, "Ids are for ever: choose a new one.")
        seen.setdefault(rule.id, rule.file)


def unused_names(pack: Pack, folder: Path, lexicons: Mapping[str, Sequence[str]], places: Places) -> Iterator[Problem]:
    """Lexicons, shared patterns, parameters and phonetic words that nothing uses; a lexicon in its own file is named
    there."""
    text = "\n".join(path.read_text(encoding="utf-8-sig") for path in rule_files(folder))
    used = {n for r in pack.rules for s in r.spec.match.select.values() for n in lexicons_of(s)}
    written = validate(read_source(folder / PACK_FILE, folder.name), PackSpec)  # in the pack names are written out
    used |= {n for listed in written.patterns.values() for pattern in listed for n in named_in(pattern)}
    file = f"{folder.name}/{PACK_FILE}"
    for name in lexicons:
        if name not in used:
            where = file if name in pack.spec.lexicons else f"{folder.name}/lexicons/{name}.yaml"
            message = f"lexicon {name!r} is not used by any rule"
            yield places.key(where, ("lexicons", name), message, "Use it or delete it.")
    for name in pack.spec.patterns:
        if name not in used:
            message = f"pattern {name!r} is not used by any rule"
            yield places.key(file, ("patterns", name), message, "Use it or delete it.")
    words = "\n".join(
        [text, *(word for listed in (*lexicons.values(), *pack.spec.patterns.values()) for word in listed)]
    )
    for i, word in enumerate(pack.spec.phonetic):
        if word not in words:
            message = f"{word!r} is listed as phonetic and in no phrase or pattern of the pack"
            yield places.value(file, ("phonetic", i), message, "Use it or delete it.")
    for name in pack.parameters:
        if not re.search(rf"\${name}(?![a-z0-9_])", text):
            message = f"parameter {name!r} is not used by any rule"
            yield places.key(file, ("parameters", name), message, "Use it or delete it.")


def unknown_facts(packs: Iterable[Pack], places: Places) -> Iterator[Problem]:
    """Facts of the case that rules ask for by a name that ``facts.yaml`` lacks or knows better, and those that no rule
    asks for; nothing where the folder has no such file."""
    packs = list(packs)
    known = fact_names_of(packs)
    if not known.known:
        return
    asked: set[str | None] = set()
    for rule, path, name in _asked(packs):
        place, leaf = name.split(".")[:2]
        own = known.asked_for(name)
        asked.add(own)
        if own is None:
            close = difflib.get_close_matches(leaf, known.own, 1)
            mend = f"Did you mean {place}.{known.own[close[0]]}?" if close else f"Describe it in {FACTS}."
            yield places.value(rule.file, path, f"{FACTS} knows no fact {place}.{leaf}", mend)
        elif own != leaf:
            yield places.value(rule.file, path, f"{leaf!r} is another name of {own!r}", f"Write {place}.{own}.")
    for name in known.known:
        if name not in asked:
            message = f"no rule asks for the fact {name!r}"
            yield places.key(FACTS, ("facts", name), message, "Use it or delete it.")


def _asked(packs: Iterable[Pack]) -> Iterator[tuple[Rule, Path_, str]]:
    """The facts of the case that rules ask for, each time one does."""
    for rule in (rule for pack in packs for rule in pack.rules):
        for path, expression in rule.expressions():
            names = sorted(facts_of(expression))
            yield from ((rule, path, name) for name in names if name.partition(".")[0] in FACT_PLACES)


def misspelt_facts(
    known: FactNames, facts: Mapping[str, JsonValue], file: str, path: Path_, places: Places
) -> Iterator[Problem]:
    """Facts of an example or a clean call under a name that is nearly another's: it would be judged without them."""
    for found in known.unread(CallFacts.model_validate(facts)):
        if found.meant:
            last = found.name.removeprefix("extra.").split(".")
            yield places.key(file, (*path, *last), f"{found}", f"Write {found.meant}.")


def unknown_labels(packs: Iterable[Pack], labels: Collection[str], places: Places) -> Iterator[Problem]:
    """Signals of a label that no classifier tells: such a rule would hold in its examples and find nothing in calls."""
    for rule in (rule for pack in packs for rule in pack.rules):
        for name, spec in rule.spec.match.select.items():
            if spec.signal is not None and spec.signal.label not in labels:
                label = spec.signal.label
                close = difflib.get_close_matches(label, labels, 1)
                mend = f"Did you mean {close[0]}?" if close else "models/conduct/CARD.md names them."
                path = ("match", "select", name, "signal", "label")
                yield places.value(rule.file, path, f"the classifier has no label {label!r}", mend)


def check_plans(root: Path, packs: Mapping[str, Pack], places: Places) -> Iterator[Problem]:
    """Plans that name packs or parameters that are not there, and a folder without any plan."""
    try:
        plans = load_plans(root)
    except RuleError as wrong:
        yield of_error(wrong)
        return
    where = _where(root, places)
    parameters = {name: pack.parameters for name, pack in packs.items()}
    for plan in plans:
        place = where.get(plan.name, _SOMEWHERE)
        yield from _check_packs(plan, packs, places, place)
        yield from _check_parameters(plan, parameters, places, place)
        yield from _check_limits(plan, packs, places, place)
    if all(plan.overlay for plan in plans):
        yield Problem("plans", 1, 1, "there is no plan, so no call would be judged", "Add plans/NAME.yaml.")


def sound_plans(root: Path) -> tuple[PlanSpec, ...]:
    """All plans of a folder, for calls: each sets only parameters that its packs have, to values of their kind.

    Of a pack no rule is read. A plan that names a pack which is not there is left to whoever loads that.

    Raises:
        RuleError: a file that cannot be read, or the first parameter that cannot be used, with its place.
    """
    plans = load_plans(root)
    asking = [plan for plan in plans if plan.parameters]
    if asking:
        folders = pack_folders(root)
        parameters = {name: parameters_of(read_names(folder).pack) for name, folder in folders.items()}
        places = Places(root)
        where = _where(root, places)
        for plan in asking:
            found = _check_parameters(plan, parameters, places, where.get(plan.name, _SOMEWHERE))
            if set(plan.packs) <= folders.keys() and (wrong := next(found, None)):
                raise RuleError(wrong.message, file=wrong.file, line=wrong.line, column=wrong.column, hint=wrong.hint)
    return plans


def sound_numbers(root: Path, plans: Sequence[PlanSpec], pack: Pack) -> Pack:
    """The pack, for calls: no plan sets a number of it with which its rules cannot count.

    Raises:
        RuleError: the first that one sets, with its place.
    """
    asking = [plan for plan in plans if plan.parameters.keys() & pack.parameters.keys()]
    if asking:
        places = Places(root)
        where = _where(root, places)
        for plan in asking:
            found = _check_limits(plan, {pack.name: pack}, places, where.get(plan.name, _SOMEWHERE))
            if wrong := next(found, None):
                raise RuleError(wrong.message, file=wrong.file, line=wrong.line, column=wrong.column, hint=wrong.hint)
    return pack


def _check_packs(plan: PlanSpec, packs: Mapping[str, Pack], places: Places, place: _Place) -> Iterator[Problem]:
    file, i = place
    known = ", ".join(packs) or "none"
    for j, name in enumerate(plan.packs):
        if name not in packs:
            message = f"plan {plan.name!r} names pack {name!r}, which is not there"
            yield places.value(file, ("plans", i, "packs", j), message, f"Packs there: {known}.")


def _check_parameters(
    plan: PlanSpec, packs: Mapping[str, Parameters], places: Places, place: _Place
) -> Iterator[Problem]:
    """``packs``: the parameters of each. An overlay sets those of whatever plan it is laid on."""
    file, i = place
    owners = [packs[name] for name in (packs if plan.overlay else plan.packs) if name in packs]
    known = sorted({name for pack in owners for name in pack})
    for name, value in sorted(plan.parameters.items()):
        path: Path_ = ("plans", i, "parameters", name)
        kinds = [_kind(pack[name]) for pack in owners if name in pack]
        wanted = next((kind for kind in kinds if kind != _kind(value)), None)
        if not kinds:
            message = f"plan {plan.name!r} sets {name!r}, which none of its packs has"
            yield places.key(file, path, message, f"Parameters there: {', '.join(known) or 'none'}.")
        elif wanted is not None:
            message = f"plan {plan.name!r} sets {name!r} to {value!r}, which is no {wanted}"
            yield places.key(file, path, message, "Give what the pack gives.")


def _check_limits(plan: PlanSpec, packs: Mapping[str, Pack], places: Places, place: _Place) -> Iterator[Problem]:
    """Numbers of a plan that a rule cannot count with: a window of -30 turns would never hold anything."""
    file, i = place
    chosen = [packs[name] for name in (packs if plan.overlay else plan.packs) if name in packs]
    told: set[str] = set()
    for rule in (rule for pack in chosen for rule in pack.rules):
        for path, amount, wrong in unfit_values(rule.spec, plan.parameters):
            name = amount.removeprefix("$")
            if name not in told:
                told.add(name)
                message = f"plan {plan.name!r} sets {name!r} to {plan.parameters[name]}, which {wrong}"
                hint = f"{rule.id} counts with it ({'.'.join(map(str, path))})."
                yield places.key(file, ("plans", i, "parameters", name), message, hint)


def _kind(value: JsonValue) -> str:
    """What a parameter holds, as a reader would say."""
    if isinstance(value, bool):
        return "switch"
    return {int: "number", float: "number", str: "text", list: "list"}.get(type(value), "value")


def _where(root: Path, places: Places) -> dict[str, _Place]:
    """The file and the position of each plan, by its name."""
    return {plan: (file, i) for file in _plan_files(root) for i, plan in enumerate(_names_in(file, places))}


def _plan_files(root: Path) -> list[str]:
    return [f"plans/{path.name}" for path in sorted((root / "plans").glob("*.yaml"))]


def _names_in(file: str, places: Places) -> list[str]:
    """Names of the plans of a file, in its order; none where it cannot be read with places."""
    data = places.data(file)
    listed = data.get("plans") if isinstance(data, dict) else None
    return [str(plan.get("name")) for plan in listed if isinstance(plan, dict)] if isinstance(listed, list) else []
