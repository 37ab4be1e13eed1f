"""What is known of the calls before this one, for one rule: by the database, and by the log that came with the call.

Each may miss calls that the other knows, and one call may stand in both: so their counts are not added, and the larger
one is the least that there was.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from qa_service.records import EarlierCall
from qa_service.rules.facts import Unknown
from qa_service.rules.history import OF_MARKS, ask
from qa_service.rules.history_view import HistoryView
from qa_service.rules.unsure import Unsure, between

NOT_ALL = "the earlier calls that were sent may not be all"
_LEAST: Mapping[str, float] = {"days_since_conversation": 0}
"""Of these a further call makes less, down to that; of all others it makes more."""


@dataclass
class Memory:
    """``kept``: what the database holds; ``sent``: the log. None where there is none."""

    kept: HistoryView | None
    sent: HistoryView | None

    def __call__(self, name: str, values: tuple[Any, ...]) -> Any:
        """A fact over several calls; None where neither can tell."""
        kept = ask(self.kept, name, values) if self.kept else None
        sent = self._at_least(name, values)
        if sent is None or (isinstance(sent, Unknown) and kept is not None):
            return kept
        return sent if kept is None or isinstance(kept, Unknown) else _together(name, kept, sent)

    def _at_least(self, name: str, values: tuple[Any, ...]) -> Any:
        """What the log shows: no more than a bound, since it may leave calls out. Of words it says nothing."""
        found = ask(self.sent, name, values) if self.sent and name not in OF_MARKS else None
        if found is None or isinstance(found, Unknown):
            return found
        low, high = _bounds(found)
        return Unsure(_LEAST[name], high, NOT_ALL) if name in _LEAST else Unsure(low, math.inf, NOT_ALL)

    @property
    def earlier_calls(self) -> tuple[EarlierCall, ...]:
        """What was counted, each call once."""
        kept = self.kept.earlier_calls if self.kept else ()
        at = {call.at.replace(second=0, microsecond=0) for call in kept}
        sent = self.sent.earlier_calls if self.sent else ()
        return (*kept, *(call for call in sent if call.at.replace(second=0, microsecond=0) not in at))


def _together(name: str, kept: Any, sent: Unsure) -> Any:
    """``sent`` bounds what is kept: from below, or where less is more from above."""
    low, high = _bounds(kept)
    why = kept.why if isinstance(kept, Unsure) else NOT_ALL
    if name in _LEAST:
        return between(min(low, sent.high), min(high, sent.high), why)
    return between(max(low, sent.low), max(high, sent.low), why)


def _bounds(value: Any) -> tuple[Any, Any]:
    return (value.low, value.high) if isinstance(value, Unsure) else (value, value)
