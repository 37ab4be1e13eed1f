"""Names that pages show for ids: rules of the packs, requirements of the catalogue."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path

from qa_service import logs
from qa_service.errors import RuleError
from qa_service.records import Finding
from qa_service.rules.catalogue import Catalogue, Requirement, load_catalogue
from qa_service.rules.load import load_packs
from qa_service.rules.schema import RuleSpec
from qa_service.settings import Settings, bundled
from qa_service.web.language import Language

log = logs.get(__name__)


@dataclass(frozen=True)
class RuleName:
    id: str
    title: str


class Rulebook:
    """Read at first use; rules changed on disk show after a restart."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def requirement(self, requirement_id: str) -> Requirement | None:
        return self._catalogue.get(requirement_id)

    def title(self, rule_id: str, language: Language) -> str:
        """Empty for a rule that no pack holds any more."""
        spec = self._specs.get(rule_id)
        return ((spec.title_en if language == "en" else "") or spec.title) if spec else ""

    def worded(self, finding: Finding, language: Language) -> Finding:
        """The finding in the reader's language, while its rule is still the version that made it."""
        spec = self._specs.get(finding.rule_id)
        if spec is None or spec.version != finding.rule_version:
            return finding
        message = (spec.message_en if language == "en" else "") or spec.message
        return finding.model_copy(update={"title": self.title(finding.rule_id, language), "message": message})

    @cached_property
    def rules(self) -> tuple[RuleName, ...]:
        """Every rule by id."""
        return tuple(RuleName(i, spec.title) for i, spec in sorted(self._specs.items()))

    @cached_property
    def _catalogue(self) -> Catalogue:
        return load_catalogue(bundled("rules", self._settings.rules_dir))

    @cached_property
    def _specs(self) -> dict[str, RuleSpec]:
        try:
            return _specs_in(bundled("rules", self._settings.rules_dir))
        except RuleError as wrong:
            logs.failure(log, "names of rules", wrong)
            return {}


@lru_cache(maxsize=1)
def _specs_in(folder: Path) -> dict[str, RuleSpec]:
    """Read once in a process: compiling all packs takes seconds."""
    return {rule.id: rule.spec for pack in load_packs(folder).values() for rule in pack.rules}
