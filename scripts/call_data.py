"""What the classifier learns of whole calls: each of the agent's turns where it stands, answered and not yet.

``models/conduct/data/calls/PLACE-AUTHOR.jsonl``: a call on each line, as scripts/eval_calls.py reads one, with the
requirements that each of the agent's turns breaks (``labels``) or may be said to break (``also``).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import conduct_data as data

from qa_service.classify.labels import REQUIREMENTS, requirements_of
from qa_service.classify.passages import Passage, Said
from qa_service.classify.training import Example

#: Broken by the hour of the call alone, not by words, where it begins outside these hours.
HOURS = {"CN-TIME-01": (8, 20), "US-1692C-A1": (8, 21)}


def examples(folder: Path) -> Iterator[tuple[str, Example]]:
    """File and example, two of an answered turn: as it stands, and without what follows."""
    for file in sorted(folder.glob("*.jsonl")):
        for call in data.lines(file):
            for found in _of_call(call):
                yield file.stem, found


def _of_call(call: dict[str, Any]) -> Iterator[Example]:
    said = [Said(turn["text"], turn["role"]) for turn in call["turns"]]
    silent = {*call["expected"]["missing"], *_by_the_hour(call)}
    for at, turn in enumerate(call["turns"]):
        if turn["role"] != "agent" or not turn["text"].strip():
            continue
        before, after = said[at - 1] if at else None, said[at + 1] if at + 1 < len(said) else None
        passage = Passage(said[at], before, after)
        broken, open_ = set(turn["labels"]) - silent, {*turn["also"], *silent}
        # Whether a turn with a fault breaks another country's rules as well nobody looked at.
        places = requirements_of("agent", turn["text"])
        mine = [r for place in places for r in place if not (broken or open_) or r.startswith(call["jurisdiction"])]
        known = frozenset(mine) - open_ | (broken & frozenset(REQUIREMENTS))
        found = Example(passage, frozenset(broken) & frozenset(REQUIREMENTS), known=known)
        yield found
        if after is not None:
            yield replace(found, passage=replace(passage, after=None))


def _by_the_hour(call: dict[str, Any]) -> Iterator[str]:
    hour = datetime.fromisoformat(call["meta"]["started_at"]).hour
    yield from (r for r, (first, last) in HOURS.items() if not first <= hour < last)
