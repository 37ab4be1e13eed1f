"""Names that pages show for ids: rules of the packs, requirements of the catalogue."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from qa_service import logs
from qa_service.errors import RuleError
from qa_service.rules.catalogue import Catalogue, Requirement, load_catalogue
from qa_service.rules.load import load_packs
from qa_service.settings import Settings, bundled

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

    def title(self, rule_id: str) -> str:
        """Empty for a rule that no pack holds any more."""
        return self._titles.get(rule_id, "")

    @cached_property
    def rules(self) -> tuple[RuleName, ...]:
        """Every rule by id."""
        return tuple(RuleName(i, t) for i, t in sorted(self._titles.items()))

    @cached_property
    def _catalogue(self) -> Catalogue:
        return load_catalogue(bundled("rules", self._settings.rules_dir))

    @cached_property
    def _titles(self) -> dict[str, str]:
        try:
            packs = load_packs(bundled("rules", self._settings.rules_dir))
        except RuleError as wrong:
            logs.failure(log, "names of rules", wrong)
            return {}
        return {rule.id: rule.title for pack in packs.values() for rule in pack.rules}
