"""Read the packs of a rules folder. The only file of this room that touches the disk, with those of gates,
facts and the catalogue.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from pydantic import RootModel

from qa_service.errors import ErrorCode, RuleError
from qa_service.records import PackInfo
from qa_service.rules.compile import Names, compile_pattern, compile_rule, written_out
from qa_service.rules.compiled import Pack, Parameters, Rule
from qa_service.rules.fact_names import FactNames, load_fact_names
from qa_service.rules.gate_files import load_cues
from qa_service.rules.gates import Cues
from qa_service.rules.schema import PackSpec, RuleSpec
from qa_service.rules.source import Path_, Source, read_source, validate
from qa_service.rules.spec import Terms
from qa_service.rules.stream import fold

__all__ = ["Pack", "Rule", "load_packs", "pack_folders"]

PACK_FILE = "pack.yaml"
LEXICONS = "lexicons"
#: Folders of a rules folder whose YAML files are read and that are no packs.
_OTHERS = ("clean", "gates", "plans", "vocabulary")
_YAML = (".yaml", ".yml")
#: What begins lines of a rule, whatever else is wrong with it, and of no conversation.
OF_A_RULE = re.compile(r"\A(?=.*^(?:id|title):\s)(?=.*^(?:match|examples):\s)", re.MULTILINE | re.DOTALL)
_FIRST_BYTES = 100_000


def load_packs(root: Path, names: Iterable[str] | None = None) -> dict[str, Pack]:
    """All packs under ``root``, or the named ones, by name.

    Raises:
        RuleError: the first mistake, with file, line and column; ``pack_not_found`` for a name that is not there.
    """
    folders = pack_folders(root)
    wanted = list(folders) if names is None else list(names)
    for name in wanted:
        if name not in folders:
            known = ", ".join(folders) or "none"
            raise RuleError(
                f"No pack is called {name!r} in {root}.", hint=f"Packs there: {known}.", code=ErrorCode.PACK_NOT_FOUND
            )
    cues, fact_names = load_cues(root), load_fact_names(root)
    packs = {name: _load(folders[name], cues, fact_names) for name in wanted}
    _unique(rule for pack in packs.values() for rule in pack.rules)
    return packs


def pack_folders(root: Path) -> dict[str, Path]:
    """Folders that hold a pack, by name."""
    return {path.parent.name: path.parent for path in sorted(root.glob(f"*/{PACK_FILE}"))}


def rule_files(folder: Path) -> list[Path]:
    return [path for path in sorted(folder.glob("*.yaml")) if path.name != PACK_FILE]


def unread_files(root: Path) -> tuple[RuleError, ...]:
    """YAML files that look like rules, plans or lexicons and that nobody would read, each with the mend."""
    packs = pack_folders(root)
    found = []
    for path in sorted(root.rglob("*")):
        parts = path.relative_to(root).parts
        if path.suffix.lower() not in _YAML or any(part.startswith(".") for part in parts):
            continue
        mend = _mend_of_place(parts, packs) or _mend_of_stray_rule(path, parts, packs)
        if mend:
            file = "/".join(parts)
            found.append(RuleError("this file is not read", file=file, line=1, column=1, hint=mend))
    return tuple(found)


def _mend_of_place(parts: tuple[str, ...], packs: Iterable[str]) -> str:
    """How a YAML file gets to where it is read; empty where it is, or where no rules are kept."""
    folder, name = parts[0], Path(parts[-1])
    is_pack_file = name.stem.lower() == "pack"
    if folder not in packs and folder not in _OTHERS and not (is_pack_file and len(parts) > 1):
        return ""
    if is_pack_file and folder not in packs and folder not in _OTHERS and len(parts) > 2:
        return f"A pack lies right in the rules folder: move {'/'.join(parts[:-1])} up."
    inside = parts[1:-1]
    if inside and not (folder in packs and inside == (LEXICONS,)):
        up = f"{folder}/{LEXICONS}" if folder in packs and inside[0] == LEXICONS else folder
        return f"Files in subfolders are not read: move it up into {up}."
    return "" if name.suffix == ".yaml" else f"Rename it to {name.stem}.yaml."


def _mend_of_stray_rule(path: Path, parts: tuple[str, ...], packs: Iterable[str]) -> str:
    """How a rule outside all packs gets into one; empty for other files, and where the pack's own file is told."""
    folder = parts[0]
    if folder in packs or folder in _OTHERS or (len(parts) > 1 and (path.parent / "pack.yml").exists()):
        return ""
    try:
        with path.open("rb") as file:
            text = file.read(_FIRST_BYTES).decode("utf-8-sig", errors="replace")
    except OSError:
        return ""
    if not OF_A_RULE.match(text):
        return ""
    pack = f", or write {folder}/{PACK_FILE}, without which {folder} is none" if len(parts) == 2 else ""
    return f"Move it into the folder of a pack{pack}."


def read_names(folder: Path) -> Names:
    """The pack's own file and its lexicons, those of ``lexicons/NAME.yaml`` added to those inside."""
    source = read_source(folder / PACK_FILE, f"{folder.name}/{PACK_FILE}")
    spec = validate(source, PackSpec)
    if spec.name != folder.name:
        raise source.error(
            ("name",), f"the pack is called {spec.name!r} but its folder {folder.name!r}", "Call both the same."
        )
    _no_empty(source, spec)
    lexicons = dict(spec.lexicons)
    for path in sorted((folder / LEXICONS).glob("*.yaml")):
        lexicons[path.stem] = (*lexicons.get(path.stem, ()), *_word_list(path, folder))
    shared: dict[str, tuple[str, ...]] = {}
    for name, listed in spec.patterns.items():
        if name in lexicons:
            raise source.error(("patterns", name), f"{name!r} is a lexicon, too", "Give one of them another name.")
        places: list[Path_] = [("patterns", name, i) for i in range(len(listed))]
        # A pattern may name those above it: they are all written out already, and none can name itself.
        whole = [written_out(source, at, p, lexicons, shared) for at, p in zip(places, listed, strict=True)]
        for at, pattern in zip(places, whole, strict=True):
            compile_pattern(source, at, pattern)
        shared[name] = tuple(whole)
    return Names(spec.model_copy(update={"patterns": shared}), lexicons)


def read_rule(path: Path, names: Names) -> Rule:
    source = read_source(path, f"{path.parent.name}/{path.name}")
    return compile_rule(source, validate(source, RuleSpec), names)


class _Words(RootModel[Terms]):
    """A lexicon file: a list of words."""


def _word_list(path: Path, folder: Path) -> tuple[str, ...]:
    source = read_source(path, f"{folder.name}/lexicons/{path.name}")
    if not isinstance(source.data, list) or not source.data:
        raise source.error((), "a lexicon is a list of words", "Write one `- word` to a line.")
    for i, word in enumerate(source.data):
        if not isinstance(word, str):
            raise source.error(
                (i,), "a lexicon is a list of words, and this is none", "Put it in quotes, or delete it."
            )
        if not fold(word):
            raise source.error((i,), f"{word!r} holds no word", "Delete it.")
    return _Words.model_validate(source.data).root


def _no_empty(source: Source, spec: PackSpec) -> None:
    for name, words in spec.lexicons.items():
        for i, word in enumerate(words):
            if not fold(word):
                raise source.error(("lexicons", name, i), f"{word!r} holds no word", "Delete it.")


def _load(folder: Path, cues: Mapping[str, Cues], fact_names: FactNames) -> Pack:
    names = read_names(folder)
    return assemble(names, [read_rule(path, names) for path in rule_files(folder)], cues, fact_names)


def assemble(names: Names, rules: Sequence[Rule], cues: Mapping[str, Cues], fact_names: FactNames) -> Pack:
    """A pack of rules that are read already.

    Raises:
        RuleError: a language of its rules has no gates.
    """
    spoken = {language for rule in rules for language in rule.languages}
    missing = sorted(spoken - cues.keys())
    if missing:
        raise RuleError(
            f"pack {names.pack.name!r} needs gates for {missing[0]!r}",
            file=f"{names.pack.name}/{PACK_FILE}",
            line=1,
            column=1,
            hint=f"Add gates/{missing[0]}.yaml.",
        )
    lines = [f"{r.id} {r.spec.version} {r.behaviour_sha256}" for r in sorted(rules, key=lambda r: r.id)]
    lines += [f"gates {language} {cues[language].behaviour_sha256}" for language in sorted(spoken)]
    lines += [f"facts {fact_names.behaviour_sha256}"]
    info = PackInfo(
        name=names.pack.name,
        version=names.pack.version,
        behaviour_sha256=hashlib.sha256("\n".join(lines).encode()).hexdigest(),
        rules=len(rules),
    )
    return Pack(names.pack, tuple(rules), parameters_of(names.pack), cues, info, fact_names)


def parameters_of(spec: PackSpec) -> Parameters:
    """The pack's own values by name."""
    return {name: parameter.value for name, parameter in spec.parameters.items()}


def _unique(rules: Iterable[Rule]) -> None:
    seen: dict[str, str] = {}
    for rule in rules:
        if rule.id in seen:
            raise RuleError(
                f"rule id {rule.id} is already used by {seen[rule.id]}",
                file=rule.file,
                line=1,
                column=1,
                hint="Ids are for ever: choose a new one.",
            )
        seen[rule.id] = rule.file
