"""The prompt: words that the model should expect. A list of words, and short: a sample dialogue did harm (measured)."""

from __future__ import annotations

import re
from collections.abc import Iterable

#: Tokens of a prompt at most. Whisper keeps 223, but a long prompt slows every decode and is sooner read out.
MOST_TOKENS = 60

DOMAIN_PROMPTS = {
    "zh": "催收专员,逾期,欠款,还款,工号,老赖,征信,起诉,分期,法院。",
    "en": "Debt collector, past due, balance, garnishment, recorded line, last four of your social, creditor.",
}

_HAN = re.compile(r"[\u3400-\u9fff]")


def prompt_of(words: Iterable[str], language: str) -> str:
    """The words as one list, those that are too many for the prompt left out; empty without words."""
    kept: list[str] = []
    room = float(MOST_TOKENS)
    for word in dict.fromkeys(words):
        room -= tokens(word) + 1
        if room >= 0:
            kept.append(word)
        else:
            room += tokens(word) + 1
    if not kept:
        return ""
    return ",".join(kept) + "。" if language == "zh" else ", ".join(kept) + "."


def tokens(word: str) -> float:
    """About how many tokens the models spend on it: 1.5 a Han character, one for three others."""
    han = len(_HAN.findall(word))
    return 1.5 * han + -(-(len(word) - han) // 3)
