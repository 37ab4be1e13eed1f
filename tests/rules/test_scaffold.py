"""A new rule says what it was given."""

from __future__ import annotations

from pathlib import Path

import yaml

from qa_service.rules.scaffold import new_rule
from tests.rules.building import folder


def test_titles_stand_as_they_were_given_whatever_signs_they_hold(tmp_path: Path) -> None:
    root = folder(tmp_path, pack={"lexicons": {}, "parameters": {}})
    titles = {"title": '号 # 1 "x" # y', "title_en": "Dials: “no” # 1"}
    spec = yaml.safe_load(new_rule(root, "house", "H-NEW-1", **titles).read_text(encoding="utf-8"))
    assert {key: spec[key] for key in titles} == titles
    assert (spec["message"], spec["message_en"]) == tuple(titles.values())
