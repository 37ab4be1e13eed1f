"""What a rule says and nothing would come of: refused at load, at its place, before a call looks clean for it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from qa_service.rules.compiled import Selection
from qa_service.rules.condition import Condition, mentioned
from qa_service.rules.operators.around import Between
from qa_service.rules.operators.base import Operator, Worded
from qa_service.rules.operators.entity import Entity
from qa_service.rules.operators.extent import HangUp, Hold, Length, Talk
from qa_service.rules.operators.interruption import Interruption
from qa_service.rules.operators.loudness import Loudness
from qa_service.rules.operators.rate import Rate
from qa_service.rules.operators.signal import ModelSignal
from qa_service.rules.operators.silence import Silence
from qa_service.rules.operators.similar import Similar
from qa_service.rules.operators.words import holds_phrase
from qa_service.rules.schema import RuleSpec, SelectionSpec
from qa_service.rules.source import Path_, Source
from qa_service.rules.stream import fold

#: Keys of a limit that is passed upwards and of one that is passed downwards.
_LIMITS = (("above", "below"), ("above_s", "below_s"), ("share_above", "share_below"))
#: Families with one hit a turn at most.
_ONCE_A_TURN = (Silence, Rate, Interruption, Loudness, ModelSignal)
#: Place in the rule file, what is wrong, and the mend.
Idle = tuple[Path_, str, str]


def check_idle(source: Source, spec: RuleSpec, selections: Sequence[Selection], condition: Condition | None) -> None:
    """Raises RuleError for the first key of a rule that cannot do anything, or that lets nothing be found."""
    found = [idle for selection in selections for idle in _of_selection(selection, spec.match.select[selection.name])]
    found += _of_order(spec, condition)
    found += _of_one_turn(spec, selections)
    for path, message, hint in found:
        raise source.error(path, message, hint)


def _of_order(spec: RuleSpec, condition: Condition | None) -> Iterator[Idle]:
    order = spec.match.order or ()
    wanted, _ = mentioned(condition) if condition else (frozenset(order), frozenset())
    for i, name in enumerate(order):
        path: Path_ = ("match", "order", i)
        if name in order[:i]:
            yield path, f"{name!r} stands here twice, and nothing comes before itself", "Delete one of them."
        elif name not in wanted:
            message = f"{name!r} is not what the condition asks to be there, so that it has no place in an order"
            yield path, message, "Delete it here, or ask for it in the condition."


def _of_one_turn(spec: RuleSpec, selections: Sequence[Selection]) -> Iterator[Idle]:
    """Several hits of what a turn has once, looked for in one turn."""
    match, within = spec.match, spec.match.within
    if match.absent or match.flow or (within and not (within.same or within.near)):
        return
    for selection in selections:
        if selection.count > 1 and isinstance(selection.operator, _ONCE_A_TURN):
            family = selection.operator.family
            message = f"count: {selection.count} in one turn, and a turn has {family} once"
            hint = "Write within: {call: true} beside the condition, or a window of turns or seconds."
            yield ("match", "select", selection.name, "count"), message, hint


def _of_selection(selection: Selection, part: SelectionSpec) -> Iterator[Idle]:
    path: Path_ = ("match", "select", selection.name)
    found = (*_too_many(selection, part), *_never(part), *_always(part.operator))
    yield from (((*path, *key), message, hint) for key, message, hint in found)
    operator, given = part.operator, part.model_fields_set
    if operator is None:
        return
    family = operator.family
    if "speaker" in given and isinstance(operator, Length | Hold | Between):
        yield (*path, "speaker"), f"no side has {family} to itself: speaker says nothing beside it", "Delete it."
    if "speaker" in given and isinstance(operator, Silence) and operator.kept_by:
        yield (
            (*path, "speaker"),
            "kept_by says already whose silence it is: speaker says nothing beside it",
            "Delete it.",
        )
    if "gates" in given and not isinstance(operator, Worded):
        yield (*path, "gates"), f"gates hold back words, and {family} has none of its own", "Delete them."
    if isinstance(operator, Rate) and operator.per == "call" and "at_least_s" in operator.model_fields_set:
        message = "at_least_s leaves out short turns, and per: call asks about all of them together"
        yield (*path, "rate", "at_least_s"), message, "Delete it, or write per: turn."


def _never(part: SelectionSpec) -> Iterator[tuple[Path_, str, str]]:
    """Phrases that hold what drops them."""
    dropping = [(phrase, fold(phrase)) for phrase in (part.not_phrases or () if not part.case else ())]
    for key in ("phrases", "all"):
        for i, phrase in enumerate(getattr(part, key) or ()):
            other = next((written for written, short in dropping if holds_phrase(short, fold(phrase))), None)
            if other is not None:
                message = f"{phrase!r} holds {other!r} of not_phrases, so that it never counts"
                yield (key, i), message, "Delete one of them, or make the one of not_phrases longer."


def _always(operator: Operator | Between | None) -> Iterator[tuple[Path_, str, str]]:
    """Two limits of which every number is beyond one."""
    if not isinstance(operator, Rate | Talk | Length | Between):
        return
    upper, lower = next(pair for pair in _LIMITS if pair[0] in type(operator).model_fields)
    above, below = getattr(operator, upper), getattr(operator, lower)
    if isinstance(above, int | float) and isinstance(below, int | float) and above < below:
        message = f"whatever is measured is above {above:g} or below {below:g}"
        hint = "Swap the numbers; for what lies between them, ask for each in a selection of its own: `long and short`."
        yield (operator.family, lower), message, hint


def _too_many(selection: Selection, part: SelectionSpec) -> Iterator[tuple[Path_, str, str]]:
    """Numbers that no call can reach."""
    if "at_least" in part.model_fields_set and selection.at_least == 0:
        yield ("at_least",), "at_least counts phrases, regex and lexicon, and here is only all", "Delete it."
    terms = selection.different if part.operator is None else _terms(part.operator)
    if selection.at_least > max(1, terms):
        message = f"at_least: {selection.at_least} different terms, and there {'is' if terms == 1 else 'are'} {terms}"
        yield ("at_least",), message, "Lower it, or write count for hits of any term."
    if selection.count > 1 and part.operator and _once(part.operator):
        message = f"count: {selection.count}, and a call has {part.operator.family} once"
        yield ("count",), message, "Delete it."


def _terms(operator: Operator | Between) -> int:
    if isinstance(operator, Entity):
        return len(set(operator.kind))
    return len(operator.to) if isinstance(operator, Similar) else 1


def _once(operator: Operator | Between) -> bool:
    """Whether there is at most one hit in a call."""
    return (
        isinstance(operator, Length | Talk | HangUp)
        or (isinstance(operator, Rate) and operator.per == "call")
        or (isinstance(operator, Between) and not operator.every)
        or (isinstance(operator, Loudness) and operator.span_db is not None)
    )
