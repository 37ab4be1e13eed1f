"""A new rule says what it was given."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from qa_service.errors import RuleError
from qa_service.rules.scaffold import new_rule
from tests.rules.building import folder


def test_titles_stand_as_they_were_given_whatever_signs_they_hold(tmp_path: Path) -> None:
    root = folder(tmp_path, pack={"lexicons": {}, "parameters": {}})
    titles = {"title": '号 # 1 "x" # y', "title_en": "Dials: “no” # 1"}
    spec = yaml.safe_load(new_rule(root, "house", "H-NEW-1", **titles).read_text(encoding="utf-8"))
    assert {key: spec[key] for key in titles} == titles
    assert (spec["message"], spec["message_en"]) == tuple(titles.values())


def test_a_pack_that_is_not_there_is_told_with_how_to_make_it(tmp_path: Path) -> None:
    root = folder(tmp_path, pack={"lexicons": {}, "parameters": {}})
    with pytest.raises(RuleError) as caught:
        new_rule(root, "ours", "OUR-NEW-1", "x")
    hint = caught.value.hint or ""
    assert str(root / "ours" / "pack.yaml") in hint
    assert all(key in hint for key in ("name", "version", "title", "languages"))
