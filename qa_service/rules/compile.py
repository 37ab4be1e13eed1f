"""From a rule file to a rule that runs: names resolved, patterns compiled, conditions parsed.

Everything that can be wrong with a rule is found here, at load, with file, line and column; nothing of
it can fail while a call is judged.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import regex

from qa_service.rules.compiled import Rule, Selection
from qa_service.rules.condition import FILTER, Condition, default_condition, parse_condition
from qa_service.rules.fact_parser import parse_facts
from qa_service.rules.facts import Expression, parameters_of
from qa_service.rules.gates import Switches
from qa_service.rules.lexer import ExpressionError
from qa_service.rules.operators.words import Term, phrase_term
from qa_service.rules.schema import GatesSpec, PackSpec, RuleSpec, SelectionSpec
from qa_service.rules.source import Path_, Source
from qa_service.rules.stream import fold
from qa_service.text.normalise import fold_variants

#: Parts of a rule file that change what it finds or what a finding costs.
BEHAVIOUR = ("status", "severity", "requirements", "applies_to", "match", "gates", "score", "outcome")
_PLACES = ("within_first_s", "within_last_s", "within_first_turns", "within_last_turns")
#: A pattern with one of ``_UNLIKE``, or with a denial that can see past the end of a turn, is not looked for in many
#: turns at once: it could miss there what it finds in a turn alone.
_UNLIKE = ("\\A", "\\Z", "\\z", "\\G", "(?s", "(?-", "(?>", "++", "*+", "?+")
_DENYING = ("(?!", "(?<!")
_BEYOND = ("^", "$", "\\s", "\\W", "\\D", "\\P", "\\n")
_FLAGS = regex.VERSION1 | regex.IGNORECASE


@dataclass(frozen=True)
class Names:
    """What the rules of a pack may name: its lexicons, already joined, and its parameters."""

    pack: PackSpec
    lexicons: Mapping[str, tuple[str, ...]]


def compile_rule(source: Source, spec: RuleSpec, names: Names) -> Rule:
    """Resolve one rule.

    Raises:
        RuleError: at the place of the first name, pattern or condition that cannot be used.
    """
    selections = tuple(
        _selection(source, ("match", "select", name), name, part, spec, names)
        for name, part in spec.match.select.items()
    )
    _check_order(source, spec)
    _check_amounts(source, spec, names)
    applies = _facts(source, ("applies_to", "facts"), spec.applies_to.facts, names)
    facts = _facts(source, ("match", "facts"), spec.match.facts, names)
    return Rule(
        spec=spec,
        pack=names.pack.name,
        file=source.file,
        languages=spec.applies_to.language or names.pack.languages,
        selections=selections,
        condition=_condition(source, spec) if selections else None,
        within=spec.match.within,
        applies=applies,
        facts=facts,
        behaviour_sha256=_behaviour(spec, names, (applies, facts)),
        country=names.pack.jurisdiction,
    )


def compile_pattern(source: Source, path: Path_, written: str) -> regex.Pattern[str]:
    """A regular expression of a rule or gate file.

    Raises:
        RuleError: it does not compile, or matches the empty text and so would match everywhere.
    """
    try:
        pattern = regex.compile(fold_variants(written), _FLAGS)
    except regex.error as wrong:
        at = wrong.pos if isinstance(wrong.pos, int) else 0
        raise source.error(path, f"not a regular expression: {wrong.msg}", "Correct the pattern.", offset=at) from None
    if pattern.fullmatch(""):
        raise source.error(path, "this pattern matches the empty text", "Make a part of it obligatory.")
    return pattern


def _selection(source: Source, path: Path_, name: str, part: SelectionSpec, spec: RuleSpec, names: Names) -> Selection:
    terms = [*_phrases(source, (*path, "phrases"), part.phrases, pinyin=part.pinyin)]
    terms += _patterns(source, (*path, "regex"), part.regex)
    terms += _lexicon(source, path, part, names)
    needed = _phrases(source, (*path, "all"), part.all, pinyin=part.pinyin)
    excluded = _phrases(source, (*path, "not_phrases"), part.not_phrases)
    excluded += _patterns(source, (*path, "not_regex"), part.not_regex)
    return Selection(
        name=name,
        terms=(*terms, *needed),
        needed=frozenset(range(len(terms), len(terms) + len(needed))),
        excluded=excluded,
        speaker=part.speaker or spec.applies_to.speaker,
        at_least=part.at_least if terms else 0,
        count=part.count,
        places={key: value for key in _PLACES if (value := getattr(part, key)) is not None},
        gates=_switches(GatesSpec() if name.startswith(FILTER) else spec.gates, part.gates, _base(name)),
    )


def _phrases(source: Source, path: Path_, phrases: Sequence[str] | None, *, pinyin: bool = False) -> tuple[Term, ...]:
    found = []
    for i, written in enumerate(phrases or ()):
        folded = fold(written)
        if not folded:
            raise source.error((*path, i), f"{written!r} holds no word", "Write what is said, or use regex.")
        found.append(phrase_term(written, folded, pinyin=pinyin))
    return tuple(found)


def _patterns(source: Source, path: Path_, patterns: Sequence[str] | None) -> tuple[Term, ...]:
    return tuple(_pattern_term(source, (*path, i), written) for i, written in enumerate(patterns or ()))


def _pattern_term(source: Source, path: Path_, written: str) -> Term:
    """``^`` and ``$`` mean the borders of a turn; in many turns at once, one to a line, those of a line."""
    pattern = compile_pattern(source, path, written)
    if any(sign in written for sign in _UNLIKE) or (
        any(sign in written for sign in _DENYING) and any(sign in written for sign in _BEYOND)
    ):
        return Term(written, pattern=pattern)
    anchored = "^" in written or "$" in written
    anywhere = regex.compile(fold_variants(written), _FLAGS | regex.MULTILINE) if anchored else pattern
    return Term(written, pattern=pattern, anywhere=anywhere)


def _lexicon(source: Source, path: Path_, part: SelectionSpec, names: Names) -> tuple[Term, ...]:
    found: list[Term] = []
    for i, name in enumerate(part.lexicon or ()):
        if name not in names.lexicons:
            known = ", ".join(sorted(names.lexicons)) or "none"
            raise source.error(
                (*path, "lexicon", i), f"no lexicon is called {name!r}", f"Lexicons of this pack: {known}."
            )
        found += [phrase_term(word, fold(word), pinyin=part.pinyin) for word in names.lexicons[name]]
    return tuple(found)


def _base(name: str) -> Switches:
    """What clears an agent needs no gate: "do not tell anyone your code" is a filter with a negation in it."""
    return Switches(quotation=False, negation=False) if name.startswith(FILTER) else Switches()


def _switches(rule: GatesSpec, own: GatesSpec, base: Switches) -> Switches:
    """A selection's switch, else the rule's, else the default."""
    chosen = {
        name: next(v for v in (getattr(own, name), getattr(rule, name), getattr(base, name)) if v is not None)
        for name in GatesSpec.model_fields
    }
    return Switches(**chosen)


def _condition(source: Source, spec: RuleSpec) -> Condition:
    names = tuple(spec.match.select)
    if spec.match.condition is None:
        return default_condition(names)
    try:
        return parse_condition(spec.match.condition, names)
    except ExpressionError as wrong:
        path = ("match", "condition")
        raise source.error(path, wrong.message, wrong.hint, offset=wrong.position) from None


def _facts(source: Source, path: Path_, written: str | None, names: Names) -> Expression | None:
    if written is None:
        return None
    try:
        return parse_facts(written, names.pack.parameters)
    except ExpressionError as wrong:
        raise source.error(path, wrong.message, wrong.hint, offset=wrong.position) from None


def _check_order(source: Source, spec: RuleSpec) -> None:
    for i, name in enumerate(spec.match.order or ()):
        if name not in spec.match.select:
            raise source.error(("match", "order", i), f"no selection is called {name!r}", "Name a selection.")


def _check_amounts(source: Source, spec: RuleSpec, names: Names) -> None:
    """Amounts may be ``$parameters`` that are numbers."""
    within = spec.match.within
    amounts: list[tuple[Path_, Any]] = [
        (("match", "within", key), getattr(within, key)) for key in ("turns", "seconds", "near") if within
    ]
    for name, part in spec.match.select.items():
        amounts += [(("match", "select", name, key), getattr(part, key)) for key in _PLACES]
    for path, amount in amounts:
        if not isinstance(amount, str):
            continue
        parameter = names.pack.parameters.get(amount[1:])
        if parameter is None or isinstance(parameter.value, bool) or not isinstance(parameter.value, int | float):
            known = ", ".join(names.pack.parameters) or "none"
            raise source.error(path, f"no number is called {amount}", f"Parameters of this pack: {known}.")


def _behaviour(spec: RuleSpec, names: Names, expressions: Sequence[Expression | None]) -> str:
    """Hash of all that decides what the rule finds; the words of shared lexicons and parameters count too."""
    whole = spec.model_dump(mode="json", include=set(BEHAVIOUR))
    lexicons = sorted({name for part in spec.match.select.values() for name in part.lexicon or ()})
    used = {name for e in expressions if e for name in parameters_of(e)}
    amounts = [getattr(part, key) for part in spec.match.select.values() for key in _PLACES]
    amounts += [getattr(spec.match.within, key) for key in ("turns", "seconds", "near") if spec.match.within]
    used |= {a[1:] for a in amounts if isinstance(a, str)}
    if spec.marks is not None:  # left out elsewhere: a rule that marks nothing keeps its hash
        whole["marks"] = spec.marks
    whole["lexicons"] = {name: names.lexicons[name] for name in lexicons}
    whole["parameters"] = {name: names.pack.parameters[name].value for name in sorted(used)}
    text = json.dumps(whole, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()
