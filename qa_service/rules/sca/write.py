"""Drafts written into a pack, each only if it can be loaded."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from qa_service.errors import ErrorCode, InputError, RuleError
from qa_service.rules.compile import compile_rule
from qa_service.rules.load import PACK_FILE, load_packs, read_names
from qa_service.rules.lock import read_lock
from qa_service.rules.sca.convert import draft_of
from qa_service.rules.sca.records import ScaRule
from qa_service.rules.schema import RuleSpec, SelectionSpec
from qa_service.rules.source import parse_source, validate

DEFAULT_PACK = "sca-import"


@dataclass(frozen=True)
class Imported:
    """What became of one rule: its file (None: not written), and what could not be expressed, with the reason."""

    title: str
    file: str | None
    lost: tuple[str, ...]


def write_drafts(rules: tuple[ScaRule, ...], root: Path, pack: str) -> tuple[Imported, ...]:
    """Write drafts into ``root/pack``; the pack is made where it is not there yet.

    Raises:
        RuleError: the pack that is there cannot be loaded.
        InputError: REQUEST_INVALID where the folder cannot be written or the pack's name cannot be used.
    """
    folder = _pack_folder(root, pack)
    taken = _taken(root)
    names = read_names(folder)
    made = []
    for rule in rules:
        rule_id = _free_id(rule.rid, taken)
        draft = draft_of(rule, rule_id, SelectionSpec.model_fields.keys())
        if draft.spec is None:
            made.append(Imported(draft.title, None, tuple(draft.lost)))
            continue
        file = f"{rule_id.lower()}.yaml"
        text = "".join(f"{line}\n" for line in _lines(draft.spec))
        try:
            source = parse_source(text, f"{pack}/{file}")
            compile_rule(source, validate(source, RuleSpec), names)
            (folder / file).write_text(text, encoding="utf-8")
        except RuleError as wrong:
            made.append(Imported(draft.title, None, (*draft.lost, f"the draft cannot be loaded: {wrong.message}")))
            continue
        taken.add(rule_id)
        made.append(Imported(draft.title, f"{pack}/{file}", tuple(draft.lost)))
    return tuple(made)


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


def _free_id(rid: str, taken: set[str]) -> str:
    """``SCA-232``; with a further number where that is taken."""
    base = f"SCA-{re.sub(r'[^A-Z0-9]', '', rid.upper()) or 'RULE'}"
    if base not in taken:
        return base
    return next(name for n in range(2, len(taken) + 3) if (name := f"{base}-{n}") not in taken)


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
