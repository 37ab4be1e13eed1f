"""Every example of every rule that ships is one test case."""

from __future__ import annotations

from pathlib import Path

import pytest

from qa_service.rules.catalogue import load_catalogue
from qa_service.rules.examples import problem, run
from qa_service.rules.lint import check
from qa_service.rules.load import Pack, Rule, load_packs
from qa_service.rules.schema import ExampleSpec
from qa_service.settings import bundled

ROOT = bundled("rules")
CASES = [
    pytest.param(pack, rule, example, id=f"{rule.id}-{example.name}")
    for pack in load_packs(ROOT).values()
    for rule in pack.rules
    for example in rule.spec.examples
]


@pytest.mark.parametrize(("pack", "rule", "example"), CASES)
def test_example_holds(pack: Pack, rule: Rule, example: ExampleSpec) -> None:
    assert problem(rule, example, run(rule, pack, example)) == ""


def test_nothing_is_wrong_with_the_rules_that_ship() -> None:
    assert [str(p) for p in check(ROOT)] == []


@pytest.mark.parametrize("name", list(load_packs(ROOT)))
def test_pack_has_enough_rules_and_each_cites_requirements(name: str) -> None:
    catalogue = load_catalogue(ROOT)
    rules = load_packs(ROOT)[name].rules
    assert len(rules) >= (12 if name.endswith("-collections") else 5)
    assert all(rule.spec.requirements for rule in rules)
    assert all(catalogue.get(r) for rule in rules for r in rule.spec.requirements)


def test_what_stands_unverified_in_the_catalogue_is_never_cited_as_read() -> None:
    """A rule's references name only what was read (V1) or read on a secondary page (V2)."""
    rules = [rule for pack in load_packs(ROOT).values() for rule in pack.rules]
    assert [r.id for r in rules for ref in r.spec.references if ref.mark not in ("V1", "V2")] == []


def test_folder_of_rules_is_data_only() -> None:
    """Beside data there is only what each pack says of its own coverage."""
    known = (".gitkeep", "coverage.md")
    kinds = {path.suffix for path in Path(ROOT).rglob("*") if path.is_file() and path.name not in known}
    assert kinds <= {".yaml", ".json"}
