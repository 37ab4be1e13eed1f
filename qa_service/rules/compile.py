"""From a rule file to a rule that runs: names resolved, patterns compiled, conditions parsed.

Everything that can be wrong with a rule is found here, at load, with file, line and column; nothing of
it can fail while a call is judged.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Annotated, Any

import regex
from pydantic import Field, TypeAdapter, ValidationError

from qa_service.rules.compiled import Rule, Selection, Step
from qa_service.rules.condition import FILTER, And, Condition, Or, default_condition, parse_condition
from qa_service.rules.fact_parser import parse_facts
from qa_service.rules.facts import Expression, parameters_of
from qa_service.rules.gates import Switches
from qa_service.rules.idle import check_idle
from qa_service.rules.lexer import ExpressionError
from qa_service.rules.lexicons import UnknownLexiconError, expanded, named_in
from qa_service.rules.operators.patterns import CALLS_ITSELF, MOST_ROUNDS, Pattern, pattern_of, too_often
from qa_service.rules.operators.sounds import WordsOfPattern
from qa_service.rules.operators.words import Term, is_chinese, phrase_term
from qa_service.rules.schema import FAMILIES, GatesSpec, PackSpec, RuleSpec, SelectionSpec
from qa_service.rules.source import Path_, Source
from qa_service.rules.spec import Spec
from qa_service.rules.stream import fold
from qa_service.text.normalise import fold_variants

#: Parts of a rule file that change what it finds or what a finding costs.
BEHAVIOUR = ("status", "severity", "requirements", "applies_to", "match", "gates", "score", "outcome")
_PLACES = (
    "within_first_s", "within_last_s", "within_first_turns", "within_last_turns", "within_first_share",
    "within_last_share",
)  # fmt: skip
#: Families that no side of the call has to itself.
_OF_BOTH = ("length", "hold")
_PARAMETER = regex.compile(r"\$[a-z][a-z0-9_]*")


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
    _check_others(source, spec)
    flow = _flow(source, spec, names)
    condition = _all_steps(flow) if flow else _condition(source, spec) if selections else None
    check_idle(source, spec, selections, condition)
    applies = _facts(source, ("applies_to", "facts"), spec.applies_to.facts, names)
    facts = _facts(source, ("match", "facts"), spec.match.facts, names)
    return Rule(
        spec=spec,
        pack=names.pack.name,
        file=source.file,
        languages=spec.applies_to.language or names.pack.languages,
        selections=selections,
        condition=condition,
        within=spec.match.within,
        applies=applies,
        facts=facts,
        behaviour_sha256=_behaviour(spec, names, (applies, facts, *(step.required_if for step in flow))),
        flow=flow,
        country=names.pack.jurisdiction,
    )


def compile_pattern(source: Source, path: Path_, written: str) -> Pattern:
    """A regular expression of a rule or gate file.

    Raises:
        RuleError: it does not compile, matches the empty text and so would match everywhere, calls itself,
            or repeats something too often.
    """
    if (calls := CALLS_ITSELF.search(written)) is not None:
        message = f"{calls['call']!r}: a pattern that calls itself can take all memory and time"
        raise source.error(path, message, "Write out how often: (?:…){1,4}", offset=calls.start("call"))
    if (count := too_often(written)) is not None:
        message = f"{count[1][:20]} rounds of a repetition take too much memory"
        raise source.error(path, message, f"Ask for {MOST_ROUNDS} at most.", offset=count[0])
    try:
        pattern = pattern_of(fold_variants(written))
    except regex.error as wrong:
        at = wrong.pos if isinstance(wrong.pos, int) else 0
        raise source.error(path, f"not a regular expression: {wrong.msg}", "Correct the pattern.", offset=at) from None
    if pattern.empty:
        raise source.error(path, "this pattern matches the empty text", "Make a part of it obligatory.")
    return pattern


def _selection(source: Source, path: Path_, name: str, part: SelectionSpec, spec: RuleSpec, names: Names) -> Selection:
    heard = _Heard(_listens(name, part, names) and not part.case, part.phonetic, part.case)
    terms = [*_phrases(source, (*path, "phrases"), part.phrases, heard)]
    terms += _patterns(source, (*path, "regex"), part.regex, names, heard)
    terms += _lexicon(source, path, part, names, heard)
    needed = _phrases(source, (*path, "all"), part.all, heard)
    excluded = _phrases(source, (*path, "not_phrases"), part.not_phrases)
    excluded += _patterns(source, (*path, "not_regex"), part.not_regex, names)
    return Selection(
        name=name,
        terms=(*terms, *needed),
        needed=frozenset(range(len(terms), len(terms) + len(needed))),
        excluded=excluded,
        speaker=_side(part, spec),
        at_least=part.at_least if terms or part.operator else 0,
        count=part.count,
        places={key: value for key in _PLACES if (value := getattr(part, key)) is not None},
        gates=_switches(GatesSpec() if name.startswith(FILTER) else spec.gates, part.gates, _base(name)),
        operator=part.operator,
        around=part.around,
    )


def _side(part: SelectionSpec, spec: RuleSpec) -> str:
    if part.operator and part.operator.family in _OF_BOTH:
        return "any"
    kept_by = part.silence.kept_by if part.silence else None
    return kept_by or part.speaker or spec.applies_to.speaker


def _listens(name: str, part: SelectionSpec, names: Names) -> bool:
    """A filter hears as written unless it says otherwise: what only sounds like an excuse is none."""
    return (names.pack.pinyin and not name.startswith(FILTER)) if part.pinyin is None else part.pinyin


@dataclass(frozen=True)
class _Heard:
    """Whether the words of a selection are also known by their sound, Han and English, or only with their capitals."""

    pinyin: bool = False
    phonetic: bool = False
    case: bool = False

    def phrase(self, written: str, folded: str) -> Term:
        return phrase_term(written, folded, pinyin=self.pinyin, phonetic=self.phonetic, cased=self.case)


_AS_WRITTEN = _Heard()


def _phrases(
    source: Source, path: Path_, phrases: Sequence[str] | None, heard: _Heard = _AS_WRITTEN
) -> tuple[Term, ...]:
    found = []
    for i, written in enumerate(phrases or ()):
        folded = fold(written)
        if not folded:
            raise source.error((*path, i), f"{written!r} holds no word", "Write what is said, or use regex.")
        found.append(heard.phrase(written, folded))
    return tuple(found)


def _patterns(
    source: Source, path: Path_, patterns: Sequence[str] | None, names: Names, heard: _Heard = _AS_WRITTEN
) -> tuple[Term, ...]:
    return tuple(_pattern_term(source, (*path, i), written, names, heard) for i, written in enumerate(patterns or ()))


def written_out(
    source: Source,
    path: Path_,
    written: str,
    lexicons: Mapping[str, Sequence[str]],
    shared: Mapping[str, Sequence[str]],
) -> str:
    """A pattern with the lexicons and shared patterns that it names put in.

    Raises:
        RuleError: nothing has such a name; at its place in the file.
    """
    try:
        return expanded(written, lexicons, shared)
    except UnknownLexiconError as wrong:
        known = ", ".join(sorted((*lexicons, *shared))) or "none"
        message = f"no lexicon or shared pattern is called {wrong.name!r}"
        hint = f"Lexicons and shared patterns of this pack: {known}."
        raise source.error(path, message, hint, offset=wrong.position) from None


def _pattern_term(source: Source, path: Path_, written: str, names: Names, heard: _Heard) -> Term:
    whole = written_out(source, path, written, names.lexicons, names.pack.patterns)
    pattern = compile_pattern(source, path, whole)
    if heard.case:
        return Term(written, pattern=pattern, cased=True)
    misheard = WordsOfPattern(fold_variants(whole)) if heard.pinyin and is_chinese(whole) else None
    return Term(written, pattern=pattern, misheard=misheard)


def lexicons_of(part: SelectionSpec) -> frozenset[str]:
    """Lexicons and shared patterns that a selection leans on, by name or inside its patterns."""
    patterns = (*(part.regex or ()), *(part.not_regex or ()))
    return frozenset(part.lexicon or ()) | {name for pattern in patterns for name in named_in(pattern)}


def _lexicon(source: Source, path: Path_, part: SelectionSpec, names: Names, heard: _Heard) -> tuple[Term, ...]:
    found: list[Term] = []
    for i, name in enumerate(part.lexicon or ()):
        if name not in names.lexicons:
            known = ", ".join(sorted(names.lexicons)) or "none"
            raise source.error(
                (*path, "lexicon", i), f"no lexicon is called {name!r}", f"Lexicons of this pack: {known}."
            )
        words = names.lexicons[name]
        found += [heard.phrase(w, fold(w)) for w in words]
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
    if spec.match.condition is None:
        return default_condition(tuple(spec.match.select))
    return _parsed(source, ("match", "condition"), spec.match.condition, spec)


def _parsed(source: Source, path: Path_, written: str, spec: RuleSpec) -> Condition:
    try:
        return parse_condition(written, tuple(spec.match.select))
    except ExpressionError as wrong:
        raise source.error(path, wrong.message, wrong.hint, offset=wrong.position) from None


def _flow(source: Source, spec: RuleSpec, names: Names) -> tuple[Step, ...]:
    found: list[Step] = []
    for i, step in enumerate(spec.match.flow.steps if spec.match.flow else ()):
        path: Path_ = ("match", "flow", "steps", i)
        if step.name in (s.name for s in found):
            raise source.error((*path, "name"), f"step {step.name!r} stands here twice", "Give each its own name.")
        says = _parsed(source, (*path, "says" if step.says else "name"), step.says or step.name, spec)
        skip = _parsed(source, (*path, "skip_if"), step.skip_if, spec) if step.skip_if else None
        required = _facts(source, (*path, "required_if"), step.required_if, names)
        found.append(Step(step.name, says, skip, step.deduct, required))
    return tuple(found)


def _all_steps(flow: Sequence[Step]) -> Condition:
    """For what names the selections of a rule: a step is done or may be left out."""
    return And(tuple(Or((s.says, s.skip_if)) if s.skip_if else s.says for s in flow))


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


def _check_others(source: Source, spec: RuleSpec) -> None:
    """Selections that another one leans on are there, and none leans on itself."""
    leans: dict[str, list[str]] = {}
    for name, part in spec.match.select.items():
        named = [(("around", "of"), part.around.of)] if part.around else []
        if part.between:
            named += [(("between", "start"), part.between.start), (("between", "end"), part.between.end)]
        for key, other in named:
            if other not in spec.match.select:
                hint = f"Selections of this rule: {', '.join(spec.match.select)}."
                raise source.error(("match", "select", name, *key), f"no selection is called {other!r}", hint)
        leans[name] = [other for _, other in named]
    for name in leans:
        seen, todo = set(), list(leans[name])
        while todo:
            other = todo.pop()
            todo += [n for n in leans[other] if n not in seen]
            seen.add(other)
        if name in seen:
            message = f"selection {name!r} leans on itself"
            raise source.error(("match", "select", name), message, "Let one of them stand on its own.")


def _amounts(spec: RuleSpec) -> Iterator[tuple[Path_, str, type[Spec]]]:
    """Every ``$parameter`` of the match, with its place and the part of the rule in which it stands."""
    todo: list[tuple[Path_, Spec | None]] = [(("match", "within"), spec.match.within)]
    todo += [(("match", "select", name), part) for name, part in spec.match.select.items()]
    while todo:
        path, part = todo.pop(0)
        for key in type(part).model_fields if part else ():
            found = getattr(part, key)
            if isinstance(found, Spec):
                todo.append(((*path, key), found))
            elif part and isinstance(found, str) and _PARAMETER.fullmatch(found):
                yield (*path, key), found, type(part)


def unfit_values(spec: RuleSpec, values: Mapping[str, Any]) -> Iterator[tuple[Path_, str, str]]:
    """Numbers by name of a parameter that the rule cannot count with: place, parameter, and what is wrong.

    A parameter must keep the limits of a number that is written in its place.
    """
    for path, amount, part in _amounts(spec):
        value = values.get(amount[1:])
        if isinstance(value, int | float) and not isinstance(value, bool):
            try:
                _limits(part, str(path[-1])).validate_python(float(value))
            except ValidationError as wrong:
                yield path, amount, wrong.errors()[0]["msg"].removeprefix("Input ")


@cache
def _limits(part: type[Spec], key: str) -> TypeAdapter[Any]:
    """What a number under this key must be."""
    field = part.model_fields[key]
    kind: Any = Annotated[field.annotation, Field(allow_inf_nan=False), *field.metadata]
    return TypeAdapter(kind)


def _check_amounts(source: Source, spec: RuleSpec, names: Names) -> None:
    """Amounts may be ``$parameters`` that are numbers, within the limits of what they stand for."""
    for path, amount, _ in _amounts(spec):
        parameter = names.pack.parameters.get(amount[1:])
        if parameter is None or isinstance(parameter.value, bool) or not isinstance(parameter.value, int | float):
            known = ", ".join(names.pack.parameters) or "none"
            raise source.error(path, f"no number is called {amount}", f"Parameters of this pack: {known}.")
    values = {name: parameter.value for name, parameter in names.pack.parameters.items()}
    for path, amount, wrong in unfit_values(spec, values):
        message = f"{amount} is {values[amount[1:]]}, which {wrong}"
        raise source.error(path, message, "Change the parameter in pack.yaml.")


def _later(spec: RuleSpec) -> dict[str, Any]:
    """Keys that rules may have since the first lock, where a rule does not use them: its hash stays what it was."""
    match: dict[str, Any] = {key: True for key in ("every_turn", "flow") if not getattr(spec.match, key)}
    if spec.match.flow:
        steps = enumerate(spec.match.flow.steps)
        match["flow"] = {"steps": {i: {"required_if": True} for i, step in steps if step.required_if is None}}
    families = (*FAMILIES, "around", "within_first_share", "within_last_share")
    match["select"] = {
        name: {key: True for key in (*families, "phonetic", "case") if not getattr(part, key)}
        for name, part in spec.match.select.items()
    }
    return match


def _behaviour(spec: RuleSpec, names: Names, expressions: Sequence[Expression | None]) -> str:
    """Hash of all that decides what the rule finds; shared lexicons, patterns and parameters count too."""
    whole = spec.model_dump(mode="json", include=set(BEHAVIOUR), exclude={"match": _later(spec)})
    named = sorted({name for part in spec.match.select.values() for name in lexicons_of(part)})
    used = {name for e in expressions if e for name in parameters_of(e)}
    used |= {amount[1:] for _, amount, _ in _amounts(spec)}
    for name, part in spec.match.select.items():
        whole["match"]["select"][name]["pinyin"] = _listens(name, part, names)
    if spec.marks is not None:  # left out elsewhere: a rule that marks nothing keeps its hash
        whole["marks"] = spec.marks
    if not spec.second_opinion:
        whole["second_opinion"] = False
    whole["lexicons"] = {name: names.lexicons[name] for name in named if name in names.lexicons}
    if shared := {name: names.pack.patterns[name] for name in named if name in names.pack.patterns}:
        whole["patterns"] = shared  # left out elsewhere, as marks are
    written = json.dumps([whole["match"], whole["lexicons"], shared], ensure_ascii=False)
    if heard := sorted(word for word in set(names.pack.phonetic) if word in written):
        whole["phonetic"] = heard
    whole["parameters"] = {name: names.pack.parameters[name].value for name in sorted(used)}
    text = json.dumps(whole, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()
