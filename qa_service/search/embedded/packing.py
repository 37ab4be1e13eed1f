"""A call as rows of the tables: made before the file is locked, for cutting texts into tokens takes the time."""

from __future__ import annotations

import json
import zlib
from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC

from qa_service.search.document import DIMENSIONS, CallDocument, TurnDocument, severities
from qa_service.search.embedded.schema import MOST_TURNS_OF_CALL
from qa_service.search.embedded.tokens import spelt, stream
from qa_service.search.protocol import CallHit, Facet
from qa_service.search.streams import streams
from qa_service.search.tree import EVERY, facts_of_call, facts_of_turn

#: Longest turn whose length is told, in words.
_LONGEST = 0xFFFF
_SHOWN = set(CallHit.model_fields) - {"turns", "matches", "relevance"}


@dataclass(frozen=True, slots=True)
class Packed:
    """``row`` is of the table of calls, without number and facets; ``places`` say which turns have the vectors."""

    call_id: str
    row: tuple[object, ...]
    shown: str
    facts: tuple[str, ...]
    facets: tuple[tuple[str, str], ...]
    turns: tuple[tuple[object, ...], ...]
    streams: tuple[str, ...]
    vocabulary: tuple[tuple[str, int], ...]
    places: bytes
    vectors: bytes


def packed(call: CallDocument) -> Packed:
    """The rows of a call.

    Raises:
        ValueError: it has too many turns, or a vector of another length.
    """
    if len(call.turns) > MOST_TURNS_OF_CALL:
        raise ValueError(f"The call has {len(call.turns)} turns, more than {MOST_TURNS_OF_CALL}.")
    read = [streams(turn.text) for turn in call.turns]
    words = [turn.words.split() for turn in read]
    lengths = array("H", (min(len(spoken), _LONGEST) for spoken in words))
    places = array("H", (place for place, turn in enumerate(call.turns) if turn.vector))
    row = (
        call.call_id, call.happened_at.astimezone(UTC).timestamp(), call.day.isoformat(), call.score, call.duration_s,
        call.team, call.agent_id, len(call.turns), sum(lengths), len(places), lengths.tobytes(),
    )  # fmt: skip
    return Packed(
        call_id=call.call_id,
        row=row,
        shown=json.dumps(_shown(call), ensure_ascii=False),
        facts=tuple(token for token in facts_of_call(call) if token != EVERY),
        facets=tuple((facet.value, value) for facet, values in facets(call).items() for value in values),
        turns=tuple(map(_turn, call.turns)),
        streams=tuple(stream(said, facts_of_turn(turn)) for said, turn in zip(read, call.turns, strict=True)),
        vocabulary=tuple(spelt([word for spoken in words for word in spoken])),
        places=places.tobytes(),
        vectors=b"".join(_vectors(call.turns)),
    )


def facets(call: CallDocument) -> dict[Facet, tuple[str, ...]]:
    """The values by which the call is counted."""
    found = {
        Facet.AGENT: [call.agent_id],
        Facet.TEAM: [call.team],
        Facet.RULE: call.rule_ids,
        Facet.REQUIREMENT: [name for mark in call.findings for name in mark.requirements],
        Facet.SEVERITY: call.severities,
        Facet.STATE: [mark.state for mark in call.findings],
        Facet.PRODUCT: [call.product],
        Facet.STAGE: [call.stage],
        Facet.GRADE: [call.grade],
        Facet.LANGUAGE: [call.language],
        Facet.DAY: [call.day.isoformat()],
    }
    return {facet: tuple(dict.fromkeys(str(v) for v in values if v)) for facet, values in found.items()}


def squeezed(streams: Sequence[str]) -> bytes:
    return zlib.compress("\n".join(streams).encode(), 6)


def unsqueezed(data: bytes) -> list[str]:
    text = zlib.decompress(data).decode()
    return text.split("\n") if text else []  # the stream of a turn is never empty: it says who speaks


def _shown(call: CallDocument) -> dict[str, object]:
    own = call.model_dump(mode="json", include=_SHOWN)
    return own | {"rule_ids": call.rule_ids, "severities": call.severities}


def _turn(turn: TurnDocument) -> tuple[object, ...]:
    rules = json.dumps(list(dict.fromkeys(mark.rule_id for mark in turn.findings)), ensure_ascii=False)
    grave = json.dumps(severities(turn.findings))
    return turn.index, turn.start_s, turn.end_s, turn.role, turn.text, rules, grave


def _vectors(turns: Sequence[TurnDocument]) -> Iterator[bytes]:
    for turn in turns:
        if turn.vector and len(turn.vector) != DIMENSIONS:
            raise ValueError(f"The vector of turn {turn.index} has {len(turn.vector)} numbers, not {DIMENSIONS}.")
        yield turn.vector
