"""``qa rules new``: a draft rule to fill in, sound from its first minute."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from qa_service.errors import ErrorCode, InputError, RuleError
from qa_service.records import Severity
from qa_service.rules.catalogue import load_catalogue
from qa_service.rules.load import load_packs, pack_folders, read_names
from qa_service.rules.lock import read_lock
from qa_service.rules.schema import PackSpec, RuleId

_NEW_PACK = (
    "For one of your own, write {folder}/pack.yaml with name, version, title and languages first: "
    "docs/rules.md, A pack of your own."
)
#: What the example turns of a new rule say, until somebody writes better ones.
_WORDS = {"zh": ("请改成坐席会说的话", "客户"), "en": ("replace this by what the agent says", "the customer")}

_TEMPLATE = """\
id: {id}                       # for ever: never changed, never used again
title: {title}                 # shown to Chinese readers
title_en: {title_en}           # shown to English readers
version: 1                     # rises whenever behaviour changes; then run `qa rules lock`
status: draft                  # draft (not run) | test (findings ask for review) | stable
severity: {severity}           # critical | major | minor | praise
requirements: {requirements}   # ids of requirements.json; needed from `test` on
applies_to:
  speaker: agent               # agent | customer | any
  # direction: [outbound]
  # facts: 'coalesce(callee_role, "debtor") != "voicemail"'   # a fact that a call lacks leaves the rule not assessed
# description: What the rule is about, in plain words.
# references:                  # only what was read: V1 in the provision itself, V2 on a secondary page
#   - {{title: the law, article: "12", mark: V1}}
match:
  select:
    said:
      phrases: [{phrase}]      # any of these; `all` for each of them, `regex` for patterns, `lexicon` for word lists
      # pinyin: true           # Chinese phrases also by their sound
      # within_first_s: 30     # or within_last_s, within_first_turns, within_last_turns
    # filter_cleared: {{phrases: [words that clear the agent]}}
  # condition: said and not filter_*     # without one: all selections and no filter
  # within: {{turns: 2}}         # default: in the same turn; or seconds, near, call
gates: {{quotation: on, negation: on, conditional: off}}
score: {score}
# outcome: needs_review        # a person always decides
message: {title}
message_en: {title_en}
# false_positives: [known ones, in words]
# known_gaps: [what it does not see yet]
# review: what to listen for
examples:                      # a stable rule needs 3 hits and 3 cleans, one of them a near miss
  - {{name: said, expect: hit, turns: [{{agent: {phrase}}}], evidence: {phrase}}}
  - {{name: by {other}, expect: clean, near_miss: true, turns: [{{customer: {phrase}}}]}}
"""


def new_rule(
    root: Path,
    pack: str,
    rule_id: str,
    title: str,
    *,
    title_en: str = "",
    severity: Severity = Severity.MAJOR,
    requirements: Sequence[str] = (),
) -> Path:
    """Write a draft rule into a pack; returns its file.

    Raises:
        RuleError: ``pack_not_found``; or the packs that are there cannot be loaded.
        InputError: REQUEST_INVALID: the id is badly formed, used or retired, a requirement is unknown, the title is
            empty, or the file is there already.
    """
    folders = pack_folders(root)
    if pack not in folders:
        known = ", ".join(folders) or "none"
        raise RuleError(
            f"No pack is called {pack!r} in {root}.",
            hint=f"Packs there: {known}. {_NEW_PACK.format(folder=root / pack)}",
            code=ErrorCode.PACK_NOT_FOUND,
        )
    _check_id(root, rule_id)
    _check_requirements(root, requirements)
    if not title.strip():
        raise _refused("The title is empty.", "Say in a few words what the rule is about.")
    spec = read_names(folders[pack]).pack
    path = folders[pack] / f"{_file_name(rule_id, spec)}.yaml"
    text = _filled(spec, rule_id, title, title_en, severity, requirements)
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:
        raise _refused(f"{path} is there already.", "Choose another id, or edit that file.") from None
    except OSError as wrong:
        hint = "Name a folder of your own with --rules or QA_RULES_DIR."
        raise _refused(f"{path} cannot be written: {wrong.strerror}.", hint) from None
    return path


def _check_id(root: Path, rule_id: str) -> None:
    try:
        TypeAdapter(RuleId).validate_python(rule_id)
    except ValidationError:
        hint = "Capital letters and digits in parts joined by -, such as CN-COLL-NIGHT-9."
        raise _refused(f"{rule_id!r} is no rule id.", hint) from None
    for loaded in load_packs(root).values():
        for rule in loaded.rules:
            if rule.id == rule_id:
                raise _refused(f"Id {rule_id} is used already, by {rule.file}.", "Ids are for ever: choose a new one.")
    lock = read_lock(root)
    if rule_id in lock.retired or rule_id in lock.rules:
        raise _refused(f"Id {rule_id} was used before and is retired.", "Ids are for ever: choose a new one.")


def _check_requirements(root: Path, requirements: Sequence[str]) -> None:
    catalogue = load_catalogue(root)
    for requirement in requirements:
        if catalogue.get(requirement) is None:
            raise _refused(f"Requirement {requirement} is not in the catalogue.", "See requirements.json.")


def _filled(
    pack: PackSpec, rule_id: str, title: str, title_en: str, severity: Severity, requirements: Sequence[str]
) -> str:
    phrase, other = _WORDS[pack.languages[0]]
    praise = severity is Severity.PRAISE
    text = _TEMPLATE.format(
        id=rule_id,
        title=_quoted(title.strip()),
        title_en=_quoted(title_en.strip() or title.strip()),
        severity=severity.value,
        requirements=f"[{', '.join(requirements)}]",
        phrase=phrase,
        other=other,
        score="{add: 2, once: true, dimension: service}"
        if praise
        else "{deduct: 5, once: true, dimension: compliance}",
    )
    # a comment holds no quote, so that a `#` within a title is none
    return re.sub(r'(?m)^(?!#)(\S[^\n]*?) +# ([^#"\n]*)$', lambda m: f"{m.group(1):<30} # {m.group(2)}", text)


def _quoted(text: str) -> str:
    """Text as a YAML scalar that means itself; JSON's strings are YAML's."""
    return json.dumps(text, ensure_ascii=False)


def _file_name(rule_id: str, pack: PackSpec) -> str:
    """``CN-COLL-NIGHT-9`` in cn-collections is ``night-9``."""
    parts = rule_id.lower().split("-")
    place, *rest = pack.name.split("-")
    if len(parts) > 2 and parts[0] == place and rest and rest[0].startswith(parts[1]):
        parts = parts[2:]
    return "-".join(parts)


def _refused(message: str, hint: str) -> InputError:
    return InputError(ErrorCode.REQUEST_INVALID, message, hint)
