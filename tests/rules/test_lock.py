"""The lock beside files that change: drafts, and files that are lost."""

from __future__ import annotations

from pathlib import Path

import pytest

from qa_service.errors import RuleError
from qa_service.rules.lint import check
from qa_service.rules.lock import Written, read_lock, write_lock
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


def test_ids_that_a_lock_retires_are_named(tmp_path: Path) -> None:
    root = folder(tmp_path, stable(), stable(id="H-2"), pack=BARE)
    assert write_lock(root) == Written(2, ())
    (root / "house" / "h-2.yaml").unlink()
    assert write_lock(root) == Written(1, ("H-2",))
    assert write_lock(root) == Written(1, ())


@pytest.mark.parametrize("where", ["", "nowhere"])
def test_a_folder_without_packs_is_not_locked(tmp_path: Path, where: str) -> None:
    with pytest.raises(RuleError, match="No pack was found"):
        write_lock(tmp_path / where)
    assert not (tmp_path / "lock.json").exists()


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        (' "retired"', '<<<<<<< HEAD\n "retired"', "a merge left its conflict in it"),
        ('"retired"', '"retired', "Unterminated|Expecting|Invalid"),
        ('"retired"', '"format": 2, "retired"', "does not know its key 'format'"),
        ('"status"', '"since": 1, "status"', "does not know its key 'since'"),
    ],
)
def test_a_lock_that_a_merge_or_a_newer_version_left_is_kept_as_it_is(
    tmp_path: Path, old: str, new: str, told: str
) -> None:
    root = folder(tmp_path, stable(), pack=BARE)
    write_lock(root)
    path = root / "lock.json"
    path.write_text(path.read_text(encoding="utf-8").replace(old, new, 1), encoding="utf-8")
    left = path.read_bytes()
    with pytest.raises(RuleError, match=told) as raised:
        write_lock(root)
    assert path.read_bytes() == left
    assert raised.value.hint
