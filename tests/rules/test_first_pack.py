"""What someone who writes a first pack by hand runs into, and what they are told."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from qa_service.errors import RuleError
from qa_service.rules.catalogue import load_catalogue
from qa_service.rules.load import load_packs
from tests.rules.building import folder, rule


def test_an_entry_names_all_it_lacks(tmp_path: Path) -> None:
    entry = {"id": "OUR-1", "title": "Ours", "severity": "minor"}
    (tmp_path / "requirements.json").write_text(json.dumps({"requirements": [entry]}), encoding="utf-8")
    with pytest.raises(RuleError, match="entry OUR-1 has no jurisdiction, source, status, req") as caught:
        load_catalogue(tmp_path)
    assert "A pack of your own" in (caught.value.hint or "")


def test_a_catalogue_without_entries_is_refused(tmp_path: Path) -> None:
    (tmp_path / "requirements.json").write_text("{}", encoding="utf-8")
    with pytest.raises(RuleError, match="the file has no 'requirements'"):
        load_catalogue(tmp_path)


def test_a_fact_of_a_case_without_its_place_is_told_how_to_write_it(tmp_path: Path) -> None:
    asked = rule({"select": {"a": {"phrases": ["x"]}}}, applies_to={"facts": "exists(waiver_approval_id)"})
    with pytest.raises(RuleError) as caught:
        load_packs(folder(tmp_path, asked))
    assert "account.waiver_approval_id" in (caught.value.hint or "")


def test_a_comma_inside_braces_is_told_to_be_quoted(tmp_path: Path) -> None:
    root = folder(tmp_path, rule({"select": {"a": {"phrases": ["x"]}}}))
    text = 'id: H-1\napplies_to: {facts: coalesce(callee_role, "debtor") != "voicemail"}\n'
    (root / "house" / "comma.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(RuleError) as caught:
        load_packs(root)
    assert "'quotes'" in (caught.value.hint or "")
