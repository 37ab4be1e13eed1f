"""What a selection that is no words looks for, in plain English, with every limit that decides what it finds."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from qa_service.rules.operators.around import Between
from qa_service.rules.operators.extent import HangUp, Hold, Length, Talk
from qa_service.rules.operators.interruption import Interruption
from qa_service.rules.operators.loudness import Loudness
from qa_service.rules.operators.rate import Rate
from qa_service.rules.operators.repeat import Repeat
from qa_service.rules.operators.signal import ModelSignal
from qa_service.rules.operators.silence import Silence
from qa_service.rules.operators.similar import Similar

#: Phrases that are written out; of more, the first ones and how many there are.
MOST_PHRASES = 12
#: How a pause on the line sounds.
_ON_HOLD = {"silence": "silence", "music": "hold music", "tone": "tones"}


def in_words(operator: Any) -> str:
    """An operator of a selection.

    Args:
        operator: of one of the families of ``schema.FAMILIES``; each has its words here.
    """
    return _WORDS[operator.family](operator)


def _silence(silence: Silence) -> str:
    announced = silence.except_phrases
    return (
        f"a silence of at least {counted(silence.at_least_s, 'second')} before they speak"
        + ("" if silence.not_first_turn else ", before the first words of the call too")
        + (f", unless any of {quoted(announced)} was said in the turn before it" if announced else "")
    )


def _rate(rate: Rate) -> str:
    limits = _limit(rate.above, "more than ", rate.below, "fewer than ")
    over = "the whole call" if rate.per == "call" else f"a turn of at least {counted(rate.at_least_s, 'second')}"
    return f"{limits} characters (Mandarin) or words a minute over {over}"


def _interruption(cut: Interruption) -> str:
    return "cutting in while the other speaks" + (f" for {counted(cut.overlap_s, 'second')}" if cut.overlap_s else "")


def _loudness(loudness: Loudness) -> str:
    limits = {
        "a turn at least {} dB louder than this side's usual one": loudness.step_db,
        "at least {} dB between this side's quietest and its loudest turn": loudness.span_db,
        "a turn louder than {} dB of full scale": loudness.above_dbfs,
    }
    told = [words.format(amount(limit)) for words, limit in limits.items() if limit is not None]
    if loudness.raised is not None:
        raised = "a raised voice" if loudness.raised else "a voice that is not raised"
        told.append(f"{raised} (loudness and pitch both well above this side's usual ones)")
    return "; and ".join(told)


def _hold(hold: Hold) -> str:
    usual = type(hold).model_fields["kind"].default
    heard = "" if set(hold.kind) == set(usual) else f": {joined([_ON_HOLD[kind] for kind in hold.kind], ' or ')}"
    return f"at least {counted(hold.at_least_s, 'second')} in which nobody speaks{heard}"


def _between(between: Between) -> str:
    limits = _limit(between.above_s, "more than ", between.below_s, "less than ", unit="second")
    first = f"each hit of `{between.start}`" if between.every else f"`{between.start}` is first heard"
    return f"`{between.end}` comes {limits} after {first}"


def _repeat(repeat: Repeat) -> str:
    left_out = f", sentences with any of {quoted(repeat.except_)} left out" if repeat.except_ else ""
    least = f"sentences of fewer than {counted(repeat.at_least_units, 'character or word')} do not count"
    return (
        f"the same sentence ({_percent(repeat.alike)} of its characters or words alike) said {amount(repeat.times)} "
        f"times within {counted(repeat.within_turns, 'turn')}{left_out}"
        + (f"; {least}" if repeat.at_least_units > 1 else "")
    )


def _similar(similar: Similar) -> str:
    """Of likenesses by meaning 0.8 is that of unlike sentences, so that a percentage would mislead."""
    if similar.meaning:
        return f"a sentence that says much the same as one of {quoted(similar.to)} (nearness {similar.at_least:g} of 1)"
    return f"a sentence whose words are at least {_percent(similar.at_least)} like one of {quoted(similar.to)}"


def _signal(signal: ModelSignal) -> str:
    sure = "as sure as this label asks for" if signal.at_least is None else f"at least {_percent(signal.at_least)} sure"
    return f"a classifier's signal “{signal.label}”, {sure}"


def _talk(talk: Talk) -> str:
    return f"{_limit(talk.share_above, 'more than ', talk.share_below, 'less than ', form=_percent)} of all speech"


def _length(length: Length) -> str:
    return f"a call of {_limit(length.above_s, 'more than ', length.below_s, 'less than ', unit='second')}"


def _hangup(end: HangUp) -> str:
    return f"nothing more within {counted(end.within_s, 'second')} of the other side's last words"


_WORDS: dict[str, Callable[[Any], str]] = {
    "silence": _silence,
    "rate": _rate,
    "interruption": _interruption,
    "loudness": _loudness,
    "talk": _talk,
    "length": _length,
    "hold": _hold,
    "hangup": _hangup,
    "between": _between,
    "repeat": _repeat,
    "similar": _similar,
    "entity": lambda entity: f"said or read out: {', '.join(entity.kind)}",
    "signal": _signal,
}


def _limit(
    above: float | str | None,
    more: str,
    below: float | str | None,
    less: str,
    *,
    unit: str = "",
    form: Callable[[float | str], str] | None = None,
) -> str:
    """``more than 9 seconds or less than 3 seconds``, of the limits that are there."""
    shown = form or (lambda value: counted(value, unit))
    return " or ".join(f"{word}{shown(value)}" for word, value in ((more, above), (less, below)) if value is not None)


def quoted(words: Sequence[str]) -> str:
    """Phrases, the first ones of many."""
    shown = ", ".join(f"“{escaped(word)}”" for word in words[:MOST_PHRASES])
    return f"{shown} and {len(words) - MOST_PHRASES} more" if len(words) > MOST_PHRASES else shown


def counted(value: object, unit: str = "") -> str:
    """``1 turn``, ``2 turns``, ``3 characters or words``; without a unit the number alone."""
    units = unit if value == 1 or not unit else f"{unit.replace(' or ', 's or ')}s"
    return f"{amount(value)} {units}".rstrip()


def joined(words: Sequence[str], last: str) -> str:
    """``a, b and c``."""
    return last.join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)


def amount(value: object) -> str:
    """30, not 30.0; a parameter by its name."""
    return f"{value:g}" if isinstance(value, float) else str(value)


def _percent(share: float | str) -> str:
    return share if isinstance(share, str) else f"{share * 100:g} %"


def escaped(text: str) -> str:
    """Text that Markdown shows as it is."""
    return "".join(f"\\{char}" if char in "\\`*_{}[]<>#|" else char for char in " ".join(text.split()))
