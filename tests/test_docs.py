"""Docs hold what the code says."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import jsonschema
import pytest

from qa_service.errors import ErrorCode
from qa_service.records import Inspection

ROOT = Path(__file__).resolve().parent.parent


def test_every_error_code_has_a_heading() -> None:
    page = (ROOT / "docs/errors.md").read_text(encoding="utf-8")
    assert re.findall(r"^## `(\w+)`$", page, re.M) == [c.value for c in ErrorCode]


def test_generated_pages_are_up_to_date() -> None:
    done = subprocess.run([sys.executable, "scripts/make_docs.py", "--check"], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout


def test_the_published_schema_accepts_an_inspection_and_refuses_an_unknown_field() -> None:
    import json

    schema = json.loads((ROOT / "docs/inspection.schema.json").read_text(encoding="utf-8"))
    result = json.loads(Inspection(call_id="C-1", status="failed").model_dump_json())
    jsonschema.validate(result, schema)
    with pytest.raises(jsonschema.ValidationError, match="surprise"):
        jsonschema.validate({**result, "surprise": 1}, schema)


def test_relative_links_of_the_docs_lead_somewhere() -> None:
    pages = [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("*/README.md")]
    broken = []
    for page in pages:
        for target in re.findall(r"\]\(([^)#:\s]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8")):
            if not (page.parent / target).exists():
                broken.append(f"{page.relative_to(ROOT)} → {target}")
    assert not broken
