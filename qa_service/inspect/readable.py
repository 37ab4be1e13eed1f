"""How much of a call the classifier is asked to read.

A network takes a second for some 400 characters on one core: a text of 10 MB would hold a worker for hours. Three
hours, the longest recording that the service takes, stay below the limit even at the 83,000 characters an hour of the
English call of scripts/bench_rules.py; a longer text is judged by its words alone, and rules that hang on the
classifier say so.
"""

from __future__ import annotations

from collections.abc import Iterable

from qa_service.records import Turn
from qa_service.settings import Settings


def too_long(turns: Iterable[Turn], settings: Settings) -> str:
    """Why the classifier does not read these turns; empty where it does, or where it is switched off."""
    characters, most = sum(len(turn.text) for turn in turns), settings.classifier_characters
    if settings.classifier == "off" or characters <= most:
        return ""
    return (
        f"missing_signals: the call has {characters:,} characters, of which the classifier reads at most {most:,} "
        "(QA_CLASSIFIER_CHARACTERS)"
    )
