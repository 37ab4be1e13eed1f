"""Patterns that can take for ever: seen in their form, or tried on text made to keep them busy.

A pattern that runs into its time-out leaves the rule unjudged on that call, and costs time on every call; so it is
refused before it meets one.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import regex

from qa_service.errors import RuleError
from qa_service.rules.checks.pattern_tree import nested, parse, repetitions, rounds, sample
from qa_service.rules.checks.problem import Places, Problem
from qa_service.rules.compile import compile_pattern
from qa_service.rules.compiled import Rule
from qa_service.rules.operators.words import TIMEOUT_S
from qa_service.rules.source import Path_, read_source

#: Characters of a hostile turn: a long monologue.
HOSTILE = 400
#: Seconds that a pattern may work on it. More than a turn may take in earnest: the check must say the same on a busy
#: machine, and what takes for ever takes longer than this too.
TRIAL_S = 4 * TIMEOUT_S
#: Attacks on one pattern.
MOST_ATTACKS = 100
#: Ends a hostile text in a way that no pattern waits for.
_END = "囧"
_HINT = "Let each repetition begin with something that its inside cannot be, or bound it: .{0,12}"


def slow_patterns(rule: Rule, places: Places) -> Iterator[Problem]:
    """Patterns of a rule that take longer than a turn may take."""
    for selection in rule.selections:
        compiled = {term.written: term.pattern for term in (*selection.terms, *selection.excluded) if term.pattern}
        spec = rule.spec.match.select[selection.name]
        for key in ("regex", "not_regex"):
            for i, written in enumerate(getattr(spec, key) or ()):
                pattern = compiled.get(written)
                if pattern is not None and (why := too_slow(pattern.whole)):
                    yield places.value(rule.file, ("match", "select", selection.name, key, i), why, _HINT)


def slow_cues(root: Path, places: Places) -> Iterator[Problem]:
    """The same for the cues of the gates, which every hit of every rule meets."""
    for path in sorted((root / "gates").glob("*.yaml")):
        file = f"gates/{path.name}"
        try:
            source = read_source(path, file)
            found = [(where, compile_pattern(source, where, text)) for where, text in _cues(source.data)]
        except RuleError:  # reported by the loader
            continue
        for where, pattern in found:
            if why := too_slow(pattern.whole):
                yield places.value(file, where, why, _HINT)


def too_slow(pattern: regex.Pattern[str]) -> str:
    """What is wrong with the pattern's working time, or an empty text."""
    tree = parse(pattern.pattern)
    for _, repeat in repetitions(tree):
        if nested(repeat):
            return "this pattern repeats a repetition, which can take for ever on an unlucky turn"
    for text in islice(_hostile(pattern.pattern), MOST_ATTACKS):
        if _times_out(pattern, text):
            shown = text[:24].replace("\n", " ")
            return f"this pattern works longer than {TRIAL_S:g} s on a turn of {len(text)} characters like “{shown}…”"
    return ""


def _hostile(written: str) -> Iterator[str]:
    """Turns that go round in one place of the pattern and then break off.

    Each once as it is, and once with what a match needs behind it: without that the engine may see at once that the
    turn does not hold it, and with it the turn may hold a match before the pattern has worked much.
    """
    tree = parse(written)
    whole = sample(tree)
    loops = [("", whole)] if whole else []
    loops += [(before, text) for before, repeat in repetitions(tree) for text in rounds(repeat)]
    for before, text in loops:
        yield _filled(before, text) + _END
        yield _filled(before, text) + _END + whole


def _filled(before: str, text: str) -> str:
    return before + text * max(1, (HOSTILE - len(before)) // len(text))


def _times_out(pattern: regex.Pattern[str], text: str) -> bool:
    try:
        for _ in pattern.finditer(text, timeout=TRIAL_S):
            pass
    except (TimeoutError, MemoryError):
        return True
    return False


def _cues(data: Any) -> Iterator[tuple[Path_, str]]:
    for gate, groups in data.items() if isinstance(data, dict) else ():
        for name, cues in groups.items() if isinstance(groups, dict) else ():
            for i, cue in enumerate(cues if isinstance(cues, list) else ()):
                yield (gate, name, i), str(cue)
