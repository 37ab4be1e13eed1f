"""Why a finding is in doubt, or a rule was not judged, in the reader's words."""

from __future__ import annotations

import re
from collections.abc import Mapping

from qa_service.rules.operators.signal import MODEL_ONLY
from qa_service.web.language import Translator

_SAYS_ALL = frozenset(
    ("person_decides", "rule_on_trial", "missing_signals", "missing_vectors", "missing_measures", "pattern_timeout",
     "no_agent_speech", "no_customer_speech", "hang_up", "model_doubts")
)  # fmt: skip
"""Reasons whose word says all that the sentence behind it says in English."""
_WHAT = ("missing: ", "out_of_order: ")
"""Behind any reason: which step or words a finding is about."""
_TOLD: Mapping[str, re.Pattern[str]] = {
    key: re.compile(pattern)
    for key, pattern in {
        "probability": r"recognised with probability (\d\.\d+) \(floor (\d\.\d+)\)",
        "may_be_said": r"it may have been said",
        "unheard": r"turn \d+ was not heard well",
        "covered": r"only (\d+%) of the speech has words",
        "resembles": r"resembles (“.*”) \((\d\.\d+)\)",
        "order": r"(\S+) came before (\S+)",
        "speaker": r"who speaks is not known on this call",
        "heard_at": r"such words were heard at (\d+:\d\d), listen there",
        "sounds": r"sounds like (.+)",
        "read_as": r"(“.*?”) read as (“.*?”)",
        "unasked": r"not asked for: (.+)",
    }.items()
}
"""What the engine says in English behind the stable word, by its key under ``told.``."""


def reason(given: str, translate: Translator) -> str:
    """A reason starts with a stable word; that and the flags, numbers or label behind it are put into the reader's
    language. Several stand behind each other, with semicolons."""
    word, _, rest = given.partition(":")
    known = translate.known(f"reason.{word}", "")
    what = [_part(part, translate) for part in given.split("; ")[1:] if part.startswith(_WHAT)]
    if word in _SAYS_ALL and known:
        return "; ".join((known, *what))
    if word == MODEL_ONLY:
        label, _, more = rest.strip().partition(" ")
        chance = re.split("; (?=missing: |out_of_order: )", more)[0]
        return "; ".join((f"{known}: {translate.known(f'signal.{label}', label)} {chance}", *what))
    return "; ".join(_part(part, translate) for part in given.split("; "))


def _part(part: str, translate: Translator) -> str:
    word, _, rest = part.partition(": ")
    if not (words := translate.known(f"reason.{word}", "")):
        return _sentence(part, translate)
    return f"{words}: {_sentence(rest, translate)}" if rest else words


def _sentence(said: str, translate: Translator) -> str:
    """A sentence of the engine, flags, or both, with commas; else as it was written."""
    for key, pattern in _TOLD.items():
        if found := pattern.fullmatch(said):
            return translate.known(f"told.{key}", said).format(*found.groups())
    first, comma, more = said.partition(", ")
    if comma:
        return f"{_sentence(first, translate)}, {_sentence(more, translate)}"
    return translate.known(f"flag.{said}", said)
