"""Drafts written into a pack, each only if it can be loaded."""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import re
import shlex
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from qa_service.errors import ErrorCode, InputError, RuleError
from qa_service.rules.catalogue import FILE_NAME as CATALOGUE
from qa_service.rules.compile import Names, compile_rule
from qa_service.rules.gate_files import load_cues
from qa_service.rules.load import PACK_FILE, load_packs, read_names
from qa_service.rules.lock import read_lock
from qa_service.rules.sca.convert import draft_of
from qa_service.rules.sca.records import ScaRule
from qa_service.rules.schema import RuleSpec, SelectionSpec
from qa_service.rules.source import parse_source, validate

_ALREADY = "it is there already, word for word"
DEFAULT_PACK = "sca-import"
OnProgress = Callable[[int, int], None]


@dataclass(frozen=True)
class Imported:
    """What became of one rule: its file (None: not written), and what could not be expressed, with the reason."""

    title: str
    file: str | None
    lost: tuple[str, ...]


def write_drafts(
    rules: tuple[ScaRule, ...], root: Path, pack: str, on_progress: OnProgress | None = None
) -> tuple[Imported, ...]:
    """Write drafts into ``root/pack``; the pack is made where it is not there yet. No file that is there is touched.

    Args:
        on_progress: called with (rules done, rules in all).

    Raises:
        RuleError: the pack that is there cannot be loaded.
        InputError: REQUEST_INVALID where the folder cannot be written or the pack's name cannot be used.
    """
    is_new = not (root / pack / PACK_FILE).is_file()
    folder = _pack_folder(root, pack)
    names, taken = read_names(folder), _taken(root)
    made: list[Imported] = []
    for rule in rules:
        made.append(_written(rule, names, taken, folder))
        if on_progress:
            on_progress(len(made), len(rules))
    if is_new and not any(one.file for one in made):
        _taken_away(folder)
    return tuple(made)


def _written(rule: ScaRule, names: Names, taken: set[str], folder: Path) -> Imported:
    """One draft in its file. Its id is taken then; a file that another import writes meanwhile gets another name."""
    while True:
        rule_id, why = _free_id(rule, taken, folder)
        draft = draft_of(rule, rule_id, SelectionSpec.model_fields.keys())
        if draft.spec is None:
            return Imported(draft.title, None, tuple(draft.lost))
        file = f"{rule_id.lower()}.yaml"
        text = _text(draft.spec)
        if _ALREADY in why:
            return Imported(draft.title, f"{folder.name}/{file}", (*why, *draft.lost))
        try:
            source = parse_source(text, f"{folder.name}/{file}")
            compile_rule(source, validate(source, RuleSpec), names)
            with (folder / file).open("x", encoding="utf-8") as target:
                target.write(text)
        except FileExistsError:
            continue
        except RuleError as wrong:
            return Imported(draft.title, None, (*draft.lost, f"the draft cannot be loaded: {wrong.message}"))
        except OSError as wrong:
            return Imported(draft.title, None, (*draft.lost, f"the draft cannot be written: {wrong.strerror}"))
        taken.add(rule_id)
        return Imported(draft.title, f"{folder.name}/{file}", (*why, *draft.lost))


def _taken_away(folder: Path) -> None:
    """A pack that was made for drafts and got none would be a mistake in the rules folder."""
    (folder / PACK_FILE).unlink(missing_ok=True)
    with contextlib.suppress(OSError):  # somebody has put something there
        folder.rmdir()


def _text(spec: Mapping[str, Any]) -> str:
    return "".join(f"{line}\n" for line in _lines(spec))


def next_steps(root: Path, pack: str, in_use: Path, *, chosen: bool) -> str:
    """What to do with the drafts. A folder that holds the pack alone runs nothing: rules need gates beside them.

    Args:
        root: the folder that they were written to.
        pack: theirs.
        in_use: the rules folder that commands read without ``--rules``.
        chosen: ``root`` was named, so that commands have to name it too.
    """
    trying = f"qa rules test FILE --pack {pack} --drafts --explain"
    last = ", then give each its requirement."
    if (root / CATALOGUE).is_file() and set(read_names(root / pack).pack.languages) <= load_cues(root).keys():
        return f"Next: {trying}{f' --rules {shlex.quote(str(root))}' if chosen else ''}{last}"
    alone = f"{root} has no gates or no {CATALOGUE}, without which rules do not run."
    if (in_use / pack).exists():
        return f"{alone} Next: import again with a --pack that {in_use} does not have yet, and without --out."
    move = shlex.join(["mv", str(root / pack), f"{in_use}/"])
    return f"{alone} Next: {move} (or into a rules folder of your own), then {trying}{last}"


def _pack_folder(root: Path, pack: str) -> Path:
    folder = root / pack
    if not re.fullmatch(r"[a-z0-9][a-z0-9-]*", pack):
        raise InputError(ErrorCode.REQUEST_INVALID, f"{pack!r} is no name of a pack.", "Small letters, digits and -.")
    if (folder / PACK_FILE).is_file():
        return folder
    head = {"name": pack, "version": "1", "title": "从智能对话分析导入的规则", "title_en": "Rules imported from SCA"}
    try:
        folder.mkdir(parents=True, exist_ok=True)
        text = "".join(f"{line}\n" for line in _lines({**head, "languages": ["zh"]}))
        (folder / PACK_FILE).write_text(text, encoding="utf-8")
    except OSError as wrong:
        message = f"{folder} cannot be written: {wrong.strerror}."
        raise InputError(ErrorCode.REQUEST_INVALID, message, "Name a folder of your own with --out.") from None
    return folder


def _taken(root: Path) -> set[str]:
    """Ids in use or retired. Packs that need gates which are not there (a folder of its own) are read by their text."""
    lock = read_lock(root)
    try:
        used = {rule.id for found in load_packs(root).values() for rule in found.rules}
    except RuleError:
        texts = (path.read_text(encoding="utf-8", errors="replace") for path in root.glob("*/*.yaml"))
        used = {m.group(1) for text in texts if (m := re.search(r"(?m)^id:\s*['\"]?([A-Z0-9-]+)", text))}
    return {*used, *lock.rules, *lock.retired}


def _free_id(rule: ScaRule, taken: set[str], folder: Path) -> tuple[str, tuple[str, ...]]:
    """``SCA-232``; with a further number, and the reason in words, where that or its file is taken.

    A draft that was finished has an id of its own, and still the file that it was written to. One that stands there
    word for word, from an import that was cut off or is made again, keeps its id.
    """
    base = f"SCA-{re.sub(r'[^A-Z0-9]', '', rule.rid.upper()) or 'RULE'}"
    families = SelectionSpec.model_fields.keys()

    def there(name: str) -> bool:
        return os.path.lexists(folder / f"{name.lower()}.yaml")

    for name in itertools.chain((base,), (f"{base}-{n}" for n in itertools.count(2))):
        if there(name):
            spec = draft_of(rule, name, families).spec
            if spec is not None and _read(folder / f"{name.lower()}.yaml") == _text(spec):
                return name, (_ALREADY,)
        if name not in taken and not there(name):
            break
    if name == base:
        return base, ()
    held = f"the file {base.lower()}.yaml is there already" if there(base) else f"the id {base} is taken"
    return name, (f"{held} and stays as it is: this draft is {name}",)


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, ValueError):
        return ""


def _lines(data: Mapping[str, Any], indent: str = "") -> Iterator[str]:
    """YAML of plain data: mappings as blocks, lists of texts in brackets, every text quoted."""
    for key, value in data.items():
        if isinstance(value, Mapping) and value:
            yield f"{indent}{key}:"
            yield from _lines(value, f"{indent}  ")
        elif isinstance(value, list) and value:
            yield f"{indent}{key}:"
            yield from (f"{indent}  - {_scalar(item)}" for item in value)
        else:
            yield f"{indent}{key}: {_scalar(value)}"


def _scalar(value: object) -> str:
    if not isinstance(value, str):
        return json.dumps(value)
    if re.fullmatch(r"[a-z][a-z_]*", value) and value not in (
        "yes",
        "no",
        "on",
        "off",
        "y",
        "n",
        "true",
        "false",
        "null",
    ):
        return value
    if value.isprintable():
        return "'" + value.replace("'", "''") + "'"
    return json.dumps(value, ensure_ascii=False)
