"""When words are said in a call, as positions of one field, so that the server itself leaves out calls for near().

The field holds the words of all turns in the order of speech, ten positions to a second; where nothing is said stands
a rest. Two words that are said within some seconds of one another stand within ten times as many positions, and this
the server's intervals find quickly. It is a bound only: near.py reckons what holds.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import regex

from qa_service.search.document import CallDocument
from qa_service.search.streams import at_s, readings
from qa_service.search.tree import And, Fact, Fuzzy, Near, Node, Not, Or, Range, Sounds, Words
from qa_service.text.tokens import JOINT, stem

#: A fact of calls whose words do not fit on the clock; they are looked at in any case.
UNTIMED = "untimed"
RATE = 10
#: Where nothing is said.
REST = JOINT
#: How many positions a word may stand behind its moment: as many words at once push one another on.
MOST_LATE = 20
#: Positions of a call: 4 hours.
MOST = 4 * 3600 * RATE
_HAN = regex.compile(r"[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}]")


def clock(call: CallDocument) -> str | None:
    """The field of a call; None where its words do not fit: said too fast, or too late."""
    at, line = 0, []
    for moment, word in sorted(set(_spoken(call))):
        due = round(moment * RATE)
        if due > MOST or at - due > MOST_LATE:
            return None
        line += [REST] * (due - at)
        line.append(word)
        at = max(at, due) + 1
    return " ".join(line)


def bound(near: Near) -> dict[str, Any] | None:
    """A condition on calls that holds where the near does, and elsewhere seldom; None where none can be given."""
    if near.seconds is None:
        return None
    parts = [words for part in near.parts if (words := _begins(part))]
    if len(parts) < 2:
        return None
    rules = [_either([{"match": {"query": word}} for word in sorted(words)]) for words in parts]
    gaps = int(near.seconds * RATE) + MOST_LATE + 1
    there = {"intervals": {"clock": {"all_of": {"intervals": rules, "max_gaps": gaps, "ordered": False}}}}
    return {"bool": {"should": [there, {"term": {"facts": UNTIMED}}], "minimum_should_match": 1}}


def _spoken(call: CallDocument) -> Iterator[tuple[float, str]]:
    """Each word with its moment, as near() reckons it. A word is a Han character with what follows, or a stem."""
    for turn in call.turns:
        for reading in readings(turn.text):
            for i, token in enumerate(reading):
                moment = max(0.0, at_s(turn.start_s, turn.end_s, turn.text, ((token.start, token.end),)))
                if not _HAN.fullmatch(token.text):
                    yield moment, stem(token.text)
                elif i + 1 < len(reading):
                    yield moment, f"{token.text}{JOINT}{reading[i + 1].text}"


def _begins(node: Node) -> set[str]:
    """Words with one of which each place of a part begins; none where that cannot be said."""
    match node:
        case Words(tokens=run, prefix=prefix):
            whole = run[:-1] if prefix else run  # the last one may go on
            if whole and not _HAN.fullmatch(run[0]):
                return {stem(run[0])}
            return {f"{run[0]}{JOINT}{run[1]}"} if len(whole) > 1 else set()
        case And(parts=parts):
            found = [_begins(part) for part in parts if not isinstance(part, Fact | Range | Not)]
        case Or(parts=parts):
            found = [_begins(part) for part in parts]
        case Fuzzy() | Sounds() | Fact() | Range() | Not():
            return set()
    return {word for words in found for word in words} if all(found) else set()


def _either(rules: list[dict[str, Any]]) -> dict[str, Any]:
    return rules[0] if len(rules) == 1 else {"any_of": {"intervals": rules}}
