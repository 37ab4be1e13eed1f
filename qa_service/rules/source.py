"""YAML with places: data, and for every value the line and column it stands at.

YAML 1.2, UTF-8 (a byte order mark is fine), one document, no tags, anchors or duplicate keys. Words
that YAML 1.1 would read as booleans must be quoted, so that a list of phrases means the same to every reader.
"""

from __future__ import annotations

import difflib
import json
import re
import stat
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeVar

from pydantic import ValidationError
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.reader import ReaderError

from qa_service.errors import RuleError
from qa_service.rules.nodes import composed, tagged
from qa_service.rules.signs import cause, parts_nothing
from qa_service.rules.spec import Spec

MAX_BYTES = 2_000_000
MAX_DEPTH = 60
Path_ = tuple[str | int, ...]
Place = tuple[int, int]
S = TypeVar("S", bound=Spec)

_AMBIGUOUS = frozenset({"yes", "no", "y", "n", "on", "off"})
_TEXT_TAGS = ("str", "timestamp")
#: Lists of words that may have been meant to be more of them.
_TERMS = frozenset({"phrases", "all", "not_phrases", "except_phrases", "except", "to", "lexicon", "requirements"})
_HALF = re.compile("[\ud800-\udfff]")
#: A number of YAML 1.2, as it may be written.
_DECIMAL = re.compile(r"[-+]?(\.\d+|\d+(\.\d*)?)(e[-+]?\d+)?", re.IGNORECASE | re.ASCII)
#: A key inside another one, as messages of the specs name it.
_KEY = re.compile(r"\w+")
_NAMED_KEY = re.compile(r"\b([a-z_]+)\.([a-z_]+)\b")


@dataclass(frozen=True)
class Source:
    """A parsed YAML file: plain ``data``, and ``places`` of values and keys (1-based line, column)."""

    file: str
    data: Any
    places: Mapping[Path_, Place]
    quoted: frozenset[Path_]
    blocks: frozenset[Path_]

    def place(self, path: Path_) -> Place:
        """Where ``path`` stands; of a part that is not written, where its parent stands."""
        while path and path not in self.places:
            path = path[:-1]
        return self.places.get(path, (1, 1))

    def error(self, path: Path_, message: str, hint: str = "", *, offset: int = 0) -> RuleError:
        """An error at ``path``; ``offset`` characters into a one-line value."""
        line, column = self.place(path)
        if offset and path not in self.blocks:
            column += offset + (path in self.quoted)
        return RuleError(message, file=self.file, line=line, column=column, hint=hint)


def read_source(path: Path, name: str) -> Source:
    """Read one YAML file; ``name`` is how errors call it.

    Raises:
        RuleError: not UTF-8, empty, not YAML, or with a duplicate key, tag, anchor or unquoted yes/no word.
    """
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            raise RuleError("is no regular file", file=name, hint="Put a file with the YAML there, or delete it.")
        raw = path.read_bytes()
    except OSError as wrong:
        raise RuleError(f"cannot be read: {wrong.strerror}", file=name, hint="Check the file's rights.") from None
    if len(raw) > MAX_BYTES:
        raise RuleError(f"is larger than {MAX_BYTES // 1_000_000} MB", file=name, hint="Split it into several files.")
    return parse_source(_decode(raw, name), name)


@lru_cache(maxsize=1024)
def parse_source(text: str, name: str) -> Source:
    """As :func:`read_source`, of text. The same text is read once in a process."""
    try:
        return _read(text, name)
    except RecursionError:
        message = "is nested too deeply: nobody can read that"
        raise RuleError(message, file=name, line=1, column=1, hint="Nest less.") from None


def _read(text: str, name: str) -> Source:
    try:
        node = composed(text)
    except MarkedYAMLError as wrong:
        raise _syntax_error(text, wrong, name) from None
    except ReaderError as wrong:
        raise _character_error(text, wrong, name) from None
    except (YAMLError, ValueError) as wrong:
        raise RuleError(f"not YAML: {wrong}", file=name, line=1, column=1, hint="Correct the YAML.") from None
    for line, column, what in tagged(text):
        hint = "Delete it: a value is what it says without one."
        raise RuleError(f"{what} is not allowed", file=name, line=line, column=column, hint=hint)
    if node is None:
        raise RuleError("is empty", file=name, line=1, column=1, hint="Write the rule or delete the file.")
    reader = _Reader(name)
    data = reader.value(node, ())
    return Source(name, data, reader.places, frozenset(reader.quoted), frozenset(reader.blocks))


def validate(source: Source, kind: type[S]) -> S:
    """The file as a spec.

    Raises:
        RuleError: the first key or value that does not fit, with its place and the mend.
    """
    if isinstance(source.data, dict):
        try:
            return kind.model_validate_json(json.dumps(source.data), strict=True)
        except ValidationError:
            pass
    raise invalid(source, kind)[0]


def invalid(source: Source, kind: type[S]) -> tuple[RuleError, ...]:
    """Everything in the file that does not fit ``kind``, in the order of lines, missing keys last."""
    if not isinstance(source.data, dict):
        hint = f"Start with `{next(iter(kind.model_fields))}: …`, not with a list or a word."
        return (source.error((), f"a mapping is needed here, not a {_kind(source.data)}", hint),)
    try:
        kind.model_validate_json(json.dumps(source.data), strict=True)
    except ValidationError as wrong:
        # A misspelt key is one mistake, not a key too much and a missing one: what is missing comes last.
        found = sorted(_without_echoes(wrong.errors()), key=lambda e: e["type"] == "missing")
        errors = [_spec_error(source, kind, dict(e)) for e in found]
        first_at = {(e.line or 0, e.column or 0): e for e in reversed(errors)}
        return tuple(sorted(first_at.values(), key=lambda e: ("is missing" in e.message, e.line or 0, e.column or 0)))
    return ()


def _without_echoes(errors: Sequence[Any]) -> list[Any]:
    """A list whose items fall away for mistakes of their own is not too short as well."""
    places = [tuple(e["loc"]) for e in errors]

    def echo(error: Any) -> bool:
        loc = tuple(error["loc"])
        return error["type"] == "too_short" and any(p[: len(loc)] == loc and len(p) > len(loc) for p in places)

    return [error for error in errors if not echo(error)]


def _decode(raw: bytes, name: str) -> str:
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as wrong:
        before = raw[: wrong.start].decode("utf-8-sig", errors="replace")
        line, column = before.count("\n") + 1, len(before) - before.rfind("\n")
        hint = "Save the file as UTF-8."
        raise RuleError("is not UTF-8", file=name, line=line, column=column, hint=hint) from None


def _syntax_error(text: str, wrong: MarkedYAMLError, name: str) -> RuleError:
    mark = wrong.problem_mark or wrong.context_mark
    said = str(wrong.problem or wrong.context or "not YAML")
    line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
    if (sign := cause(text, line, column)) is not None:
        line, column, message, hint = sign
        return RuleError(f"not YAML: {message}", file=name, line=line, column=column, hint=hint)
    hint = "Correct the YAML here or in the line above."
    if "expected ',' or '}'" in said or "expected ',' or ']'" in said:
        hint = "Inside { } and [ ] put a value with a comma, a bracket or a quote of its own in 'quotes'."
    if "\\t" in said or "tab" in said.lower():
        hint = "Indent with spaces, not tabs."
    if "<block" in said:
        hint = "Indent the keys of one mapping alike, and close every bracket; here or in the line above."
    if "another document" in said or "single document" in said:
        hint = "One file holds one document: split it at `---`."
    return RuleError(f"not YAML: {said}", file=name, line=line, column=column, hint=hint)


def _character_error(text: str, wrong: ReaderError, name: str) -> RuleError:
    """A character that no YAML may hold, where it stands."""
    character = wrong.character if isinstance(wrong.character, str) else chr(wrong.character)
    before = text[: max(text.find(character), 0)]
    line, column = before.count("\n") + 1, len(before) - before.rfind("\n")
    message = f"not YAML: character U+{ord(character):04X} may not stand here"
    return RuleError(message, file=name, line=line, column=column, hint="Delete it.")


class _Reader:
    """Turns YAML nodes into plain data and remembers where each stood."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.places: dict[Path_, Place] = {}
        self.quoted: set[Path_] = set()
        self.blocks: set[Path_] = set()
        self._seen: set[int] = set()

    def value(self, node: Any, path: Path_) -> Any:
        self.places.setdefault(path, _place(node))
        if len(path) > MAX_DEPTH:
            raise self._error(node, f"is nested deeper than {MAX_DEPTH} levels", "Nest less.")
        if id(node) in self._seen or getattr(node, "anchor", None):
            raise self._error(node, "anchors and aliases are not allowed", "Write the value out.")
        self._seen.add(id(node))
        if node.id == "mapping":
            return self._mapping(node, path)
        if node.id == "sequence":
            return self._list(node, path)
        if node.id == "scalar":
            return self._scalar(node, path)
        raise self._error(node, "this is no YAML that a rule may use", "Write a value, a list or a mapping.")

    def _list(self, node: Any, path: Path_) -> list[Any]:
        terms = node.flow_style and (path[-1:] or ("",))[0] in _TERMS
        for child in node.value if terms else ():
            if child.id == "scalar" and not child.style and (sign := parts_nothing(child.value)):
                hint = f"Write `, ` between two items; if one is meant, quote it: '{child.value}'."
                raise self._error(child, f"{sign!r} does not part the items of a list", hint)
        return [self.value(child, (*path, i)) for i, child in enumerate(node.value)]

    def _mapping(self, node: Any, path: Path_) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for key_node, child in node.value:
            key = key_node.value
            if key_node.id != "scalar" or not isinstance(key, str):
                raise self._error(key_node, "a key must be a word", "Write `word: value`.")
            self._whole(key_node)
            if key in found:
                raise self._error(key_node, f"key {key!r} stands here twice", "Keep one of them.")
            found[key] = self.value(child, (*path, key))
            self.places[(*path, key, "")] = _place(key_node)
        return found

    def _scalar(self, node: Any, path: Path_) -> Any:
        tag = str(node.tag).rsplit(":", 1)[-1]
        if node.style in ("'", '"'):
            self.quoted.add(path)
        if node.style in ("|", ">"):
            self.blocks.add(path)
        plain = node.style is None or node.style == ""
        if tag in _TEXT_TAGS:
            if plain and node.value.lower() in _AMBIGUOUS and "gates" not in path:
                hint = f"If the word is meant, quote it: '{node.value}'; if a switch is meant, write true or false."
                raise self._error(node, f"{node.value!r} is a boolean to some YAML readers and a word to others", hint)
            self._whole(node)
            # ruamel marks the folds of a `>` text with bells, to write it back as it was.
            return node.value.replace("\a", "")
        return self._number(node, tag)

    def _whole(self, node: Any) -> None:
        if half := _HALF.search(node.value):
            message = f"U+{ord(half[0]):04X} is half of a pair and no character by itself"
            raise self._error(node, message, "Write the character itself.")

    def _number(self, node: Any, tag: str) -> Any:
        try:
            if tag == "bool":
                return node.value.lower() == "true"
            if tag == "null":
                return None
            if tag == "int":
                return self._finite(node, int(node.value))
            if tag == "float":
                return self._finite(node, float(node.value)) if _DECIMAL.fullmatch(node.value) else node.value
        except ValueError:
            return node.value
        raise self._error(node, f"tag {node.tag} is not allowed", "Write a plain value.")

    def _finite(self, node: Any, number: float) -> float:
        """The number, if what judges calls can count with it."""
        if abs(number) > sys.float_info.max:
            raise self._error(node, f"{node.value[:20]} is too large a number", "Write a smaller one.")
        return number

    def _error(self, node: Any, message: str, hint: str) -> RuleError:
        line, column = _place(node)
        return RuleError(message, file=self.name, line=line, column=column, hint=hint)


def _place(node: Any) -> Place:
    return node.start_mark.line + 1, node.start_mark.column + 1


def _spec_error(source: Source, kind: type[Spec], error: dict[str, Any]) -> RuleError:
    """One pydantic error in a rule writer's words, at its place."""
    loc: Path_ = error["loc"]
    path = _written(source.data, loc)
    what = str(error["msg"]).removeprefix("Value error, ")
    empty = error["type"] == "too_short" and not error["input"]
    what = "the list is empty" if empty else _PLAIN.get(error["type"], what)
    if error["type"] == "extra_forbidden":
        close = difflib.get_close_matches(str(loc[-1]), _keys_at(kind, loc[:-1]), 1, 0.6)
        hint = f"Did you mean `{close[0]}`?" if close else "Delete it, or see docs/rules.md for what may stand here."
        if not _KEY.fullmatch(str(loc[-1])):  # {required_if: coalesce(days, 0) > 30}
            hint = "A comma inside { } begins a new key: put the value before it, with its comma, in quotes."
        return source.error((*path, ""), f"unknown key {loc[-1]!r}", hint)
    if error["type"] == "missing":
        return source.error(path, f"{_dotted(loc)} is missing", f"Add `{loc[-1]}: …`.")
    if error["type"] == "value_error" and (named := _NAMED_KEY.search(what)):
        path = _written(source.data, (*loc, *named.groups()))
    return source.error(path, f"{_dotted(path)}: {what[:1].lower()}{what[1:]}", _mend(error))


def _mend(error: dict[str, Any]) -> str:
    given = error.get("input")
    if error["type"] == "string_type" and isinstance(given, bool | int | float):
        return "Text is needed: put it in quotes."
    if error["type"] == "tuple_type":
        return f"A list is needed: [{given}]." if isinstance(given, str) else "A list is needed: [first, second]."
    if error["type"] in ("literal_error", "enum") and isinstance(given, str):
        allowed = re.findall("'([^']+)'", str(error["msg"]))
        close = difflib.get_close_matches(given.lower(), allowed, 1)
        return f"Did you mean `{close[0]}`?" if close else "Write one of them."
    if error["type"] == "string_pattern_mismatch":
        return _SHAPES.get(str(error.get("ctx", {}).get("pattern")), _SEE)
    return _MENDS.get(error["type"], _SEE)


#: Messages that speak of the program and not of the file.
_PLAIN = {
    "tuple_type": "this is no list",
    "model_type": "this has no keys",
    "dict_type": "this has no keys",
    "string_pattern_mismatch": "a name cannot be written so",
    "int_type": "this is no whole number",
    "int_from_float": "this is no whole number",
    "bool_type": "this is no switch",
}
_SEE = "See docs/rules.md for what may stand here."
_MENDS = {
    "float_type": "Write a number, or $name for a parameter of the pack.",
    "int_type": "Write a whole number, without quotes and without a point.",
    "int_from_float": "Write a whole number.",
    "bool_type": "Write true or false.",
    "too_short": "List more, or delete the key.",
    "string_too_short": "An empty text matches nothing: delete it or fill it in.",
    "model_type": "Keys are needed here: {key: value}.",
    "dict_type": "Keys are needed here: {key: value}.",
}
#: What names must look like, in words.
_SHAPES = {
    r"^[A-Z][A-Z0-9]*(-[A-Z0-9]+)+$": "Write capitals, digits and hyphens: CN-COLL-NIGHT-9.",
    r"^[a-z][a-z0-9_]*$": "Write small letters, digits and _, a letter first.",
}


def _written(data: Any, loc: Path_) -> Path_:
    """The part of a pydantic location that exists in the file (unions and checks add parts of their own)."""
    path: Path_ = ()
    for part in loc:
        inside = (isinstance(data, dict) and part in data) or (
            isinstance(data, list) and isinstance(part, int) and part < len(data)
        )
        if inside:
            data, path = data[part], (*path, part)
    return path


def _keys_at(kind: type[Spec], loc: Path_) -> list[str]:
    """Keys that may stand where an unknown one was found."""
    root = kind.model_json_schema()
    here = _resolve(root, root)
    for part in loc:
        options = (here.get("properties", {}).get(part), *here.get("patternProperties", {}).values(), here.get("items"))
        here = _resolve(next(filter(None, options), None), root)
    return list(here.get("properties", {}))


def _resolve(schema: Any, root: dict[str, Any]) -> dict[str, Any]:
    """The schema itself, behind a reference or the non-null option of a union."""
    if not isinstance(schema, dict):
        return {}
    options = [o for o in schema.get("anyOf", ()) if o.get("type") != "null"]
    schema = options[0] if options else schema
    ref = schema.get("$ref")
    return dict(root["$defs"][ref.rsplit("/", 1)[-1]]) if isinstance(ref, str) else schema


def _dotted(path: Path_) -> str:
    return ".".join(str(p) for p in path) or "the file"


def _kind(data: Any) -> str:
    return "list" if isinstance(data, list) else "single value"
