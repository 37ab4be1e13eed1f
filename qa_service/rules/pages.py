"""``qa rules docs``: a page for each pack that an officer or a lawyer can read, generated from the rules themselves.

Only sources that were read are cited (V1 in the provision itself, V2 on a secondary page); what stands unverified in
the catalogue or in a rule is never shown.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from pydantic import JsonValue

from qa_service.records import Severity
from qa_service.rules import fact_pages
from qa_service.rules.catalogue import Catalogue, Requirement, load_catalogue
from qa_service.rules.compiled import Pack, Rule, fact_names_of
from qa_service.rules.load import load_packs
from qa_service.rules.schema import ExampleSpec, PackSpec
from qa_service.rules.words_of import combination, points, selection, switched_gates
from qa_service.rules.words_of_operators import amount, escaped

GENERATED = "Generated from the rules by `qa rules docs`; do not edit."
#: Examples of each kind that a page shows.
MOST_EXAMPLES = 2
_GRAVEST = tuple(Severity)
_MARKS = {"V1": "V1: read in the provision itself", "V2": "V2: read on a secondary page"}
_STATUS = {
    "draft": "draft: not run",
    "test": "on trial: its findings ask for review",
    "stable": "stable",
    "retired": "retired: not run",
}


def pages(root: Path, *, links: str = "../../rules") -> dict[str, str]:
    """Markdown by file name: ``PACK.md`` for each pack, ``facts.md`` and ``README.md`` that lists them.

    Args:
        root: the rules folder.
        links: where rule files are, as seen from the pages.

    Raises:
        RuleError: packs or catalogue cannot be loaded.
    """
    catalogue = load_catalogue(root)
    packs = load_packs(root)
    found = {f"{name}.md": _page(pack, catalogue, links) for name, pack in packs.items()}
    listed = list(packs.values())
    if fact_names_of(listed).known:
        found["facts.md"] = fact_pages.page(listed, GENERATED, links) + "\n"
    return {"README.md": _index(listed), **found}


def _index(packs: Sequence[Pack]) -> str:
    rows = []
    for pack in packs:
        counts = Counter(rule.spec.severity for rule in pack.rules)
        numbers = " | ".join(str(counts[severity]) for severity in _GRAVEST)
        rows.append(f"| [{pack.name}]({pack.name}.md) | {_titles(pack.spec.title, pack.spec.title_en)} | {numbers} |")
    head = f"| pack | title | {' | '.join(s.value for s in _GRAVEST)} |\n|---|---|{'---|' * len(_GRAVEST)}"
    about = "How rules are written: [rules.md](../rules.md). Facts of the case that they ask for: [facts.md](facts.md)."
    title = f"# Rule packs 规则包\n\n{GENERATED}\n{about}"
    return "\n".join((title, "", head, *rows)) + "\n"


def _page(pack: Pack, catalogue: Catalogue, links: str) -> str:
    lines = [
        f"# {_titles(pack.spec.title, pack.spec.title_en)}",
        "",
        GENERATED,
        "",
        *([escaped(pack.spec.description), ""] if pack.spec.description else []),
        f"Pack `{pack.name}` {pack.version}, {len(pack.rules)} rules, for calls in {', '.join(pack.spec.languages)}. "
        f"Citations: {'; '.join(_MARKS.values())}.",
    ]
    for dimension in sorted({r.spec.score.dimension for r in pack.rules}, key=lambda d: (d != "compliance", d)):
        for severity in _GRAVEST:
            own = [r for r in pack.rules if (r.spec.score.dimension, r.spec.severity) == (dimension, severity)]
            if own:
                lines += ["", f"## {dimension.capitalize()}: {severity.value} ({len(own)})"]
                lines += [
                    line for r in sorted(own, key=lambda r: r.id) for line in _rule(r, pack.spec, catalogue, links)
                ]
    return "\n".join(lines) + "\n"


def _rule(rule: Rule, pack: PackSpec, catalogue: Catalogue, links: str) -> Iterator[str]:
    spec = rule.spec
    yield ""
    yield f"### {_titles(spec.title, spec.title_en)}"
    yield ""
    review = "; a person always decides" if spec.outcome == "needs_review" else ""
    file = f"[`{spec.id}`]({links}/{rule.file})"
    yield f"{file}, version {spec.version}, {_STATUS[spec.status]}{review}. {points(spec)}."
    if about := spec.description or spec.message_en:
        yield ""
        yield escaped(about)
    yield ""
    meaning = list(_meaning(rule))
    yield from meaning
    yield from _set_by_the_pack("\n".join(meaning), pack)
    yield from _clauses(rule, catalogue)
    yield from _examples(rule)
    yield from _remarks(rule)


def _meaning(rule: Rule) -> Iterator[str]:
    spec = rule.spec
    if spec.match.select:
        yield f"- {combination(spec)}"
        for name, part in spec.match.select.items():
            yield f"  - `{name}`, {selection(part, spec.applies_to.speaker, name=name, gates=spec.gates)}"
        if switched := switched_gates(spec):
            yield f"- {switched}"
    if not spec.second_opinion:
        yield "- Words alone are enough to ask a person: a classifier that sees nothing of it holds nothing back"
    if spec.match.facts:
        yield f"- The call's facts: `{spec.match.facts}`"
    about = [*(spec.applies_to.direction or ()), *([f"`{spec.applies_to.facts}`"] if spec.applies_to.facts else [])]
    if about:
        yield f"- Only calls that are: {', '.join(about)}"


def _set_by_the_pack(told: str, pack: PackSpec) -> Iterator[str]:
    """What the ``$names`` that were told stand for. As everywhere, no source is named that was not read."""
    values = []
    for name in dict.fromkeys(re.findall(r"\$([a-z][a-z0-9_]*)", told)):
        if parameter := pack.parameters.get(name):
            value = _value(parameter.value)
            source = f"{parameter.source}, {parameter.mark}" if parameter.mark in _MARKS else ""
            about = "; ".join(escaped(text) for text in (parameter.note, source) if text)
            values.append(f"`${name}` is {value}" + (f" ({about})" if about else ""))
    if values:
        yield f"- The pack sets, and a plan may set otherwise: {'; '.join(values)}"


def _value(value: JsonValue) -> str:
    number = isinstance(value, int | float) and not isinstance(value, bool)
    return amount(value) if number else json.dumps(value, ensure_ascii=False)


def _clauses(rule: Rule, catalogue: Catalogue) -> Iterator[str]:
    for requirement_id in rule.spec.requirements:
        requirement = catalogue.get(requirement_id)
        if requirement is not None:
            titles = _titles(requirement.titled("zh"), requirement.titled("en"))
            yield f"- Clause `{requirement.id}` {titles}: {_cited(requirement)}"
    for reference in rule.spec.references:
        if reference.mark in _MARKS:
            article = f", {escaped(reference.article)}" if reference.article else ""
            yield f"- Reference: {escaped(reference.title)}{article} ({reference.mark})"


def _cited(requirement: Requirement) -> str:
    """Its sources, each with its mark; a demand without a readable source is called house policy."""
    if not requirement.citations:
        return "house policy, no source to cite"
    return "; ".join(
        escaped(citation.removesuffix("]").replace(" [V", " (V") + ")") for citation in requirement.citations
    )


def _examples(rule: Rule) -> Iterator[str]:
    hits = [e for e in rule.spec.examples if e.expect == "hit" and e.turns][:MOST_EXAMPLES]
    misses = [e for e in rule.spec.examples if e.near_miss and e.expect == "clean" and e.turns][:MOST_EXAMPLES]
    yield from (f"- Found: {_said(example)}" for example in hits)
    yield from (f"- Not found: {_said(example)}" for example in misses)


def _said(example: ExampleSpec) -> str:
    turns = ((side, text) for turn in example.turns for side in ("agent", "customer", "unknown")
             if (text := getattr(turn, side)))  # fmt: skip
    words = " / ".join(f"{side}: “{escaped(text)}”" for side, text in turns)
    facts = ", ".join(f"`{fact}`" for fact in _facts(example.facts))
    return f"{words}{f' (with {facts})' if facts else ''}"


def _facts(facts: Mapping[str, JsonValue], before: str = "") -> Iterator[str]:
    """``account.sol_expired = true``."""
    for name, value in facts.items():
        if isinstance(value, dict):
            yield from _facts(value, f"{before}{name}.")
        else:
            yield f"{before}{name} = {json.dumps(value, ensure_ascii=False)}"


def _remarks(rule: Rule) -> Iterator[str]:
    spec = rule.spec
    yield from (f"- Known gap: {escaped(gap)}" for gap in spec.known_gaps)
    todo = [e.name for e in spec.examples if e.expect.endswith("_todo")]
    if todo:
        yield f"- Not yet right: {', '.join(map(escaped, todo))}"
    yield from (f"- Known false alarm: {escaped(known)}" for known in spec.false_positives)
    if spec.review:
        yield f"- When reviewing: {escaped(spec.review)}"
    if measured := spec.measured:
        yield (
            f"- Measured: precision {measured.precision:.2f}, recall {measured.recall:.2f} on "
            f"{escaped(measured.on)} ({measured.date})"
        )


def _titles(title: str, title_en: str) -> str:
    return f"{escaped(title)} · {escaped(title_en)}" if title_en and title_en != title else escaped(title)
