"""The lock beside files that change: drafts, and files that are lost."""

from __future__ import annotations

from pathlib import Path

from qa_service.rules.lint import check
from qa_service.rules.lock import read_lock, write_lock
from tests.rules.building import folder
from tests.rules.test_lint import house, stable

BARE = {"lexicons": {}, "parameters": {}}


def test_a_locked_draft_may_change_and_run_without_a_new_version(tmp_path: Path) -> None:
    root = house(tmp_path, stable(status="draft"))
    assert read_lock(root).get("H-1").status == "draft"
    folder(tmp_path, stable(status="draft", severity="minor"), pack=BARE)
    assert check(root) == ()
    folder(tmp_path, stable(status="test", severity="minor"), pack=BARE)
    (unlocked,) = check(root)
    assert "version 1 is not locked yet" in unlocked.message
    write_lock(root)
    assert check(root) == ()
    folder(tmp_path, stable(status="test", severity="major"), pack=BARE)
    assert "behaviour changed" in str(check(root)[0])


def test_a_locked_rule_whose_file_is_lost_is_named(tmp_path: Path) -> None:
    root = house(tmp_path, stable(), stable(id="H-2"))
    (root / "house" / "h-2.yaml").unlink()
    (lost,) = check(root)
    assert (lost.file, lost.message) == ("lock.json", "rule H-2 is locked, and no file has it")
    write_lock(root)
    assert check(root) == ()
    assert not list(root.glob("*.new"))
