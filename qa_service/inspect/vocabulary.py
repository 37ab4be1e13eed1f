"""What a call's own plan and facts say it will be about: words for the prompt and for the correction.

Only names of companies and products, and the agent's own, go into the prompt; nothing that is known of the debtor does.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import chain
from pathlib import Path

from qa_service.records import CallFacts
from qa_service.rules.plans import PlanSpec, layers, words_of_layers
from qa_service.rules.vocabulary import WordList, load_word_lists
from qa_service.speech.prompts import prompt_of
from qa_service.text.terms import Term, Vocabulary

#: Facts of ``account`` and ``extra`` that name a company or a product.
COMPANY_FACTS = (
    "lender", "lender_name", "creditor", "original_creditor", "principal", "client", "agency", "agency_name", "company",
    "bank", "brand", "product", "product_name",
)  # fmt: skip
#: Facts that name people; what sounds like a term inside their names is left alone.
PEOPLE_FACTS = ("debtor_name", "customer_name", "name", "callee_name", "agent_name", "guarantor_name", "contact_name")
LONGEST_NAME = 30
#: Of the names, so many characters at least take part in the correction: 2 are too easily heard in other words.
CORRECTED = {"zh": 3, "en": 7}

_HAN = re.compile(r"[\u3400-\u9fff]")
_LETTERS = re.compile(r"[^\W\d_]{2,}")
_DIGITS = re.compile(r"\d(?:\D?\d){3,}")


def vocabulary(
    plans: Sequence[PlanSpec],
    facts: CallFacts,
    language: str | None,
    jurisdiction: str | None,
    *,
    rules: Path,
    hotwords: str = "",
) -> Vocabulary:
    """The vocabulary of a call in a language. ``rules``: the folder of rules; ``hotwords``: the operator's own names,
    commas between.

    Raises:
        RuleError: a word list that cannot be used.
    """
    if language is None:
        return Vocabulary()
    words = _lists(rules).get(language, WordList())
    plan = words_of_layers(layers(plans, facts, language, jurisdiction))
    names = tuple(
        dict.fromkeys(n for n in (*plan.names, *_split(hotwords), *_companies(facts)) if _is_name(n, language))
    )
    agent = tuple(n for n in (facts.agent_name,) if n and _is_name(n, language))
    named = [Term(name, name=True) for name in names if len(name) >= CORRECTED[language]]
    return Vocabulary(
        prompt=prompt_of((*names[:4], *plan.prompt, *words.prompt, *names[4:], *agent), language),
        terms=tuple({term.text: term for term in (*named, *words.read(), *plan.read())}.values()),
        people=tuple(dict.fromkeys(_people(facts))),
    )


@lru_cache(maxsize=4)
def _lists(rules: Path) -> dict[str, WordList]:
    return load_word_lists(rules)


def _split(names: str) -> Iterator[str]:
    return (name.strip() for name in re.split(r"[,，、;；\n]", names))


def _companies(facts: CallFacts) -> Iterator[str]:
    given = ((place.get(key) for key in COMPANY_FACTS) for place in (facts.extra, facts.account))
    for value in (facts.product, *chain.from_iterable(given)):
        if isinstance(value, str):
            yield value.strip()


def _people(facts: CallFacts) -> Iterator[str]:
    given = ((place.get(key) for key in PEOPLE_FACTS) for place in (facts.extra, facts.account))
    for value in (facts.agent_name, *chain.from_iterable(given)):
        if isinstance(value, str) and len(value.strip()) > 1:
            yield value.strip()


def _is_name(name: str, language: str) -> bool:
    """Short, with letters, without long numbers, in a script that the language is written in."""
    if not 2 <= len(name) <= LONGEST_NAME or _DIGITS.search(name) or not _LETTERS.search(name):
        return False
    return language == "zh" or not _HAN.search(name)
