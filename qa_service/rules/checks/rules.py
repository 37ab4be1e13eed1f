"""One rule by itself: what it cites, what it uses, what its examples show."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence

from qa_service.rules.catalogue import Catalogue
from qa_service.rules.checks.names import misspelt_facts
from qa_service.rules.checks.problem import Places, Problem
from qa_service.rules.compiled import Pack, Rule
from qa_service.rules.condition import mentioned
from qa_service.rules.examples import Outcome, problem, run
from qa_service.rules.schema import SelectionSpec
from qa_service.rules.source import Path_

#: What a stable rule must show.
HITS, CLEANS = 3, 3
#: (selection, term as written) pairs that some example met.
Touched = Collection[tuple[str, str]]
Lexicons = Mapping[str, Sequence[str]]


def check_rule(rule: Rule, pack: Pack, lexicons: Lexicons, catalogue: Catalogue, places: Places) -> Iterator[Problem]:
    """Everything that can be seen from one rule, its pack and the catalogue."""
    yield from _requirements(rule, catalogue, places)
    yield from _unused_selections(rule, places)
    yield from _denial_alone(rule, places)
    outcomes = [run(rule, pack, example) for example in rule.spec.examples]
    yield from _examples(rule, outcomes, places)
    for i, example in enumerate(rule.spec.examples):
        yield from misspelt_facts(pack.fact_names, example.facts, rule.file, ("examples", i, "facts"), places)
    if rule.spec.status == "stable":
        yield from _too_few(rule, places)
        yield from _dead_terms(rule, lexicons, {term for outcome in outcomes for term in outcome.touched}, places)


def _requirements(rule: Rule, catalogue: Catalogue, places: Places) -> Iterator[Problem]:
    """A draft may still look for its requirement: it judges nobody."""
    if not rule.spec.requirements and rule.spec.status != "draft":
        yield places.key(
            rule.file, ("requirements",) if "requirements" in rule.spec.model_fields_set else ("id",),
            "the rule cites no requirement", "Name one of requirements.json under `requirements`.",
        )  # fmt: skip
    for i, requirement in enumerate(rule.spec.requirements):
        if catalogue.get(requirement) is None:
            message = f"requirement {requirement} is not in the catalogue"
            yield places.value(rule.file, ("requirements", i), message, "See requirements.json.")


def _unused_selections(rule: Rule, places: Places) -> Iterator[Problem]:
    if rule.condition is None:
        return
    wanted, unwanted = mentioned(rule.condition)
    used = wanted | unwanted | {name for s in rule.selections for name in _others(rule.spec.match.select[s.name])}
    for selection in rule.selections:
        if selection.name not in used:
            message = f"selection {selection.name!r} is not used by the condition"
            yield places.key(rule.file, ("match", "select", selection.name), message, "Use it or delete it.")


def _denial_alone(rule: Rule, places: Places) -> Iterator[Problem]:
    """A condition is looked for about what was said: a branch of denials alone, as in ``a or not b``, never speaks."""
    match = rule.spec.match
    if rule.condition is None or match.absent or match.every_turn:
        return
    if rule.condition.holds(lambda _name, _negated: False):
        yield places.key(
            rule.file, ("match", "condition"),
            "the condition holds where nothing of it is said, and a denial alone finds nothing",
            "Ask for words beside it (`a and not b`), or for what is missing by absent: true in a rule of its own.",
        )  # fmt: skip


def _examples(rule: Rule, outcomes: Sequence[Outcome], places: Places) -> Iterator[Problem]:
    for i, (example, outcome) in enumerate(zip(rule.spec.examples, outcomes, strict=True)):
        if wrong := problem(rule, example, outcome):
            message = f"example {example.name!r} {wrong}"
            yield places.value(rule.file, ("examples", i, "name"), message, "Correct the rule or the example.")


def _too_few(rule: Rule, places: Places) -> Iterator[Problem]:
    hits = sum(e.expect == "hit" for e in rule.spec.examples)
    cleans = sum(e.expect == "clean" for e in rule.spec.examples)
    if hits < HITS or cleans < CLEANS or not any(e.near_miss for e in rule.spec.examples):
        yield places.key(
            rule.file,
            ("examples",) if rule.spec.examples else ("status",),
            f"a stable rule needs {HITS} hits and {CLEANS} cleans, one of them a near miss; has {hits} and {cleans}",
            "Add examples, or write `status: test`.",
        )


def _dead_terms(rule: Rule, lexicons: Lexicons, touched: Touched, places: Places) -> Iterator[Problem]:
    """Phrases and patterns that no example touches; a lexicon counts as one."""
    for selection in rule.selections:
        spec = rule.spec.match.select[selection.name]
        for place, written in _terms(spec):
            if (selection.name, written) not in touched:
                yield places.value(
                    rule.file, ("match", "select", selection.name, *place),
                    f"no example touches {written!r} of {selection.name!r}", "Add one, or delete it.",
                )  # fmt: skip
        if spec.operator and (selection.name, spec.operator.family) not in touched:
            place = ("match", "select", selection.name, spec.operator.family)
            yield places.key(rule.file, place, f"no example touches {selection.name!r}", "Add one, or delete it.")
        for i, name in enumerate(spec.lexicon or ()):
            if not any((selection.name, word) in touched for word in lexicons.get(name, ())):
                place = ("match", "select", selection.name, "lexicon", i)
                message = f"no example touches a word of lexicon {name!r} in {selection.name!r}"
                yield places.value(rule.file, place, message, "Add one.")


def _others(spec: SelectionSpec) -> Iterator[str]:
    """Selections that this one leans on."""
    if spec.around:
        yield spec.around.of
    if spec.between:
        yield from (spec.between.start, spec.between.end)


def _terms(spec: SelectionSpec) -> Iterator[tuple[Path_, str]]:
    for key in ("phrases", "regex", "all", "not_phrases", "not_regex"):
        for i, written in enumerate(getattr(spec, key) or ()):
            yield (key, i), written
