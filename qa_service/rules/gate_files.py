"""The cues of the gates, read from ``rules/gates/LANGUAGE.yaml``."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field

from qa_service.rules.compile import compile_pattern
from qa_service.rules.gates import Cues
from qa_service.rules.operators.patterns import Pattern, any_of
from qa_service.rules.source import Path_, Source, read_source, validate
from qa_service.rules.spec import Language, Spec, Terms


class QuotationSpec(Spec):
    """``after`` stands right behind the hit; the others before it, in the same sentence."""

    cues: Terms
    continues: Terms | None = None
    breakers: Terms | None = None
    after: Terms | None = None


class NegationSpec(Spec):
    """``reach``: Chinese characters or other words that may stand between a negation and the hit.

    ``touching`` negates what it stands right before; ``wide`` a whole statement, until a comma that is none of
    ``conditions`` in it, or ``contrasts``; ``fillers`` and ``light`` words may stand between a negation that the
    speaker has not finished and the hit, over commas. ``disclaims``: "I'm not threatening you, but", which a classifier
    takes for a denial.
    """

    cues: Terms
    pseudo: Terms | None = None
    disclaims: Terms | None = None
    breakers: Terms | None = None
    after: Terms | None = None
    touching: Terms | None = None
    wide: Terms | None = None
    contrasts: Terms | None = None
    conditions: Terms | None = None
    fillers: Terms | None = None
    light: Terms | None = None
    reach: int = Field(default=12, ge=1)
    list_conjunctions: Terms | None = None


class ConditionalSpec(Spec):
    """``certain`` words keep the gate shut: "may" and "right now" in one sentence is a threat."""

    cues: Terms
    certain: Terms | None = None


class GateFile(Spec):
    language: Language
    quotation: QuotationSpec
    negation: NegationSpec
    conditional: ConditionalSpec


def load_cues(root: Path) -> dict[str, Cues]:
    """Cues by language of all files in ``root/gates``.

    Raises:
        RuleError: a file or pattern that cannot be used.
    """
    found: dict[str, Cues] = {}
    for path in sorted((root / "gates").glob("*.yaml")):
        source = read_source(path, f"gates/{path.name}")
        spec = validate(source, GateFile)
        if spec.language in found:
            raise source.error(("language",), f"gates for {spec.language} are defined twice", "Keep one file.")
        found[spec.language] = _cues(source, spec)
    return found


def _cues(source: Source, spec: GateFile) -> Cues:
    def group(*path: str) -> Pattern | None:
        return _joined(source, path, getattr(getattr(spec, path[0]), path[1]))

    return Cues(
        quotation=group("quotation", "cues"),
        quotation_continues=group("quotation", "continues"),
        quotation_breakers=group("quotation", "breakers"),
        quotation_after=group("quotation", "after"),
        negation=group("negation", "cues"),
        negation_pseudo=group("negation", "pseudo"),
        negation_disclaims=group("negation", "disclaims"),
        negation_breakers=group("negation", "breakers"),
        negation_after=group("negation", "after"),
        negation_touching=group("negation", "touching"),
        negation_wide=group("negation", "wide"),
        negation_contrasts=group("negation", "contrasts"),
        negation_conditions=group("negation", "conditions"),
        negation_fillers=group("negation", "fillers"),
        negation_light=group("negation", "light"),
        negation_reach=spec.negation.reach,
        list_conjunctions=group("negation", "list_conjunctions"),
        conditional=group("conditional", "cues"),
        conditional_certain=group("conditional", "certain"),
    )


def _joined(source: Source, path: Path_, patterns: tuple[str, ...] | None) -> Pattern | None:
    """One alternation of patterns that each compile by themselves."""
    if not patterns:
        return None
    return any_of([compile_pattern(source, (*path, i), written).written for i, written in enumerate(patterns)])
