"""How rules put their findings, in each language: titles and messages, without compiling a pack.

A report needs them for a few rules; to load all packs takes seconds.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

from qa_service import logs
from qa_service.errors import RuleError
from qa_service.records import Finding
from qa_service.rules.source import parse_source

log = logs.get(__name__)

Language = Literal["zh", "en"]
LANGUAGES: tuple[Language, ...] = ("zh", "en")
_ID = re.compile(r"^id:\s*['\"]?([\w-]+)", re.MULTILINE)
#: All that follows is long, and says nothing of how a finding is put.
_EXAMPLES = re.compile(r"^examples:.*", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Wording:
    """Title and message of a rule for readers of one language."""

    title: str
    message: str


class Wordings:
    """Of the packs under ``root``, each rule read when it is first asked for."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._read: dict[str, dict[str, Any]] = {}

    def of(self, finding: Finding) -> Mapping[Language, Wording]:
        """A finding's words by language, while its rule is still the version that made it; else none."""
        rule = self._rule(finding.rule_id)
        if rule.get("version", 1) != finding.rule_version or not rule.get("title"):
            return {}
        chinese = Wording(str(rule["title"]), str(rule.get("message", "")))
        english = (str(rule.get(f"{name}_en", "")) for name in ("title", "message"))
        mixed = (there or other for there, other in zip(english, (chinese.title, chinese.message), strict=True))
        return {"zh": chinese, "en": Wording(*mixed)}

    def _rule(self, rule_id: str) -> dict[str, Any]:
        if rule_id not in self._read:
            self._read[rule_id] = self._parsed(self._texts.get(rule_id, ""))
        return self._read[rule_id]

    def _parsed(self, text: str) -> dict[str, Any]:
        try:
            found = parse_source(_EXAMPLES.sub("", text), "rule").data if text else None
        except RuleError as wrong:
            logs.failure(log, "wording of a rule", wrong)
            return {}
        return found if isinstance(found, dict) else {}

    @cached_property
    def _texts(self) -> dict[str, str]:
        """Of every file that holds a rule, by its id."""
        try:
            texts = [path.read_text("utf-8", errors="replace") for path in sorted(self._root.glob("*/*.yaml"))]
        except OSError as wrong:
            log.warning("the rules cannot be read for their titles: %s", wrong.strerror)
            return {}
        return {named[1]: text for text in texts if (named := _ID.search(text))}
