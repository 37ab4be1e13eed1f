"""Prompts are lists of words: a sample dialogue did harm, and a long one takes the room of the words themselves."""

from __future__ import annotations

import re

import pytest

from qa_service.speech.language import SUPPORTED
from qa_service.speech.prompts import DOMAIN_PROMPTS
from qa_service.text.normalise import to_simplified

#: Whisper keeps the last 223 tokens; a character is 3 at most.
MOST_CHARACTERS = 120


def test_every_language_with_rules_has_its_words() -> None:
    assert set(DOMAIN_PROMPTS) == set(SUPPORTED)


@pytest.mark.parametrize("prompt", DOMAIN_PROMPTS.values(), ids=list(DOMAIN_PROMPTS))
def test_a_prompt_is_a_short_list_of_different_words(prompt: str) -> None:
    terms = [t for t in re.split(r"[,，、。.]\s*", prompt) if t]
    assert len(prompt) <= MOST_CHARACTERS
    assert len(terms) == len(set(terms)) >= 5
    assert not re.search(r"[?？!！:：\n]", prompt)
    assert to_simplified(prompt) == prompt
