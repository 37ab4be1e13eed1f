"""What the server holds of a call: names, template and mapping of the index, and a call as one of its documents.

One document is a whole call. Its turns are nested in it, so that a call is replaced at once, counted once, and its
turns can still be asked for one by one. The server gets tokens made in Python and only splits them at spaces, with
the ``whitespace`` analyzer that every server has, so that both indexes find the same turns.
"""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass
from typing import Any

from qa_service.search.document import DIMENSIONS, CallDocument, FindingMark, TurnDocument, severities
from qa_service.search.elastic.clock import UNTIMED, clock
from qa_service.search.protocol import Facet
from qa_service.search.streams import streams
from qa_service.search.tree import facts_of_call, facts_of_turn
from qa_service.settings import Settings

#: Raised whenever tokens, facts or mapping change: an index of another version is built again by `qa reindex`.
VERSION = 4
#: Longest identity of a document, in bytes (a limit of the server).
LONGEST_ID = 512
#: Vectors of a call's turns that one answer can hold.
MOST_INNER = 10_000
#: Turns that one call may have; the server's own limit of 10 000 is for documents by unknown hands.
MOST_NESTED = 100_000

_WORDS = {"type": "text", "analyzer": "whitespace", "index_options": "freqs"}
_RUNS = {"type": "text", "analyzer": "whitespace"}
_NAME = {"type": "keyword"}
_COUNT = {"type": "integer"}
_SHOWN = {"type": "keyword", "index": False, "doc_values": False}
_MOMENT = {"type": "double", "index": False, "doc_values": False}
_VECTOR = {
    "type": "dense_vector", "dims": DIMENSIONS, "element_type": "byte", "similarity": "cosine", "index": True,
    "index_options": {"type": "hnsw"},
}  # fmt: skip
_TURN = {
    "index": {"type": "integer"},
    "start_s": _MOMENT, "end_s": _MOMENT,
    **dict.fromkeys(("role", "text", "rule_ids", "severities"), _SHOWN),
    "facts": _NAME, "words": _WORDS, "pairs": _RUNS, "sounds": _RUNS, "likes": _RUNS,
    "vector": _VECTOR,
    "vector_bytes": {"type": "binary", "doc_values": True},
}  # fmt: skip
#: Facets whose values are keywords of the call; days are dates.
NAMED = tuple(facet for facet in Facet if facet is not Facet.DAY)
MAPPING: dict[str, Any] = {
    "dynamic": "strict",
    "_meta": {"version": VERSION},
    # The server reads all of a source to give a part of it: what is large and never asked for is left out.
    "_source": {"excludes": ["clock", "turns.vector", "turns.vector_bytes"]},
    "properties": {
        "call_id": {"type": "keyword"},
        "day": {"type": "date", "format": "strict_date"},
        "happened_at": {"type": "date"},
        "duration_s": {"type": "double"},
        "score": {"type": "double"},
        "facts": _NAME,
        **dict.fromkeys(NAMED, _NAME),
        "turn_count": _COUNT,
        "vector_count": _COUNT,
        "clock": {"type": "text", "analyzer": "whitespace", "norms": False},
        "shown": {"type": "object", "enabled": False},
        "turns": {"type": "nested", "properties": _TURN},
    },
}


@dataclass(frozen=True)
class Names:
    """What things are called on the server. The aliases stay; the index behind them is replaced."""

    prefix: str

    @property
    def live(self) -> str:
        """The alias that is searched."""
        return f"{self.prefix}-calls"

    @property
    def building(self) -> str:
        """The alias of the new index, as long as one is being filled."""
        return f"{self.live}-building"

    @property
    def template(self) -> str:
        return f"{self.live}-v{VERSION}"

    @property
    def all(self) -> str:
        """All indexes of all versions, as a pattern."""
        return f"{self.live}-v*"

    def index(self, number: int) -> str:
        return f"{self.template}-{number:06d}"

    def number(self, index: str) -> int:
        """Of an index of any version, 0 for another name."""
        last = index.rpartition("-")[2]
        return int(last) if last.isascii() and last.isdigit() else 0

    def current(self, index: str) -> bool:
        """Whether an index is of this version."""
        return index == self.index(self.number(index))


def template(names: Names, settings: Settings) -> dict[str, Any]:
    """The index template of this version."""
    replicas = settings.elasticsearch_replicas
    shape: dict[str, Any] = {
        "number_of_shards": settings.elasticsearch_shards,
        **({"auto_expand_replicas": "0-1"} if replicas is None else {"number_of_replicas": replicas}),
        "refresh_interval": "1s",
        "max_inner_result_window": MOST_INNER,
        "mapping.nested_objects.limit": MOST_NESTED,
        **({"lifecycle.name": policy} if (policy := settings.elasticsearch_ilm_policy) else {}),
    }
    return {
        "index_patterns": [f"{names.template}-*"],
        "version": VERSION,
        "template": {"settings": {"index": shape}, "mappings": MAPPING},
    }


def identity(call_id: str) -> str:
    """Of a call's document: its own, or a digest of one that is too long for the server."""
    raw = call_id.encode()
    return call_id if len(raw) <= LONGEST_ID else f"sha256:{hashlib.sha256(raw).hexdigest()}"


def source(call: CallDocument) -> dict[str, Any]:
    """A call as the server holds it."""
    turns, times = [_turn(turn) for turn in call.turns], clock(call)
    return {
        "call_id": call.call_id,
        "day": call.day.isoformat(),
        "happened_at": call.happened_at.isoformat(),
        "duration_s": call.duration_s,
        "score": call.score,
        "facts": facts_of_call(call) if times is not None else [*facts_of_call(call), UNTIMED],
        **{facet.value: values for facet, values in facet_values(call).items() if facet in NAMED},
        "turn_count": len(turns),
        "vector_count": sum("vector" in turn for turn in turns),
        "clock": times,
        "shown": _shown(call),
        "turns": turns,
    }


def facet_values(call: CallDocument) -> dict[Facet, tuple[str, ...]]:
    """What the call is counted under, each value once; nothing where it is unknown."""
    one = {
        Facet.AGENT: call.agent_id, Facet.TEAM: call.team, Facet.PRODUCT: call.product, Facet.STAGE: call.stage,
        Facet.GRADE: call.grade, Facet.LANGUAGE: call.language, Facet.DAY: call.day.isoformat(),
    }  # fmt: skip
    return {
        **{facet: (value,) for facet, value in one.items() if value},
        Facet.RULE: call.rule_ids,
        Facet.REQUIREMENT: tuple(dict.fromkeys(name for mark in call.findings for name in mark.requirements)),
        Facet.SEVERITY: tuple(map(str, call.severities)),
        Facet.STATE: tuple(dict.fromkeys(str(mark.state) for mark in call.findings)),
    }


def _shown(call: CallDocument) -> dict[str, Any]:
    """The fields of a CallHit."""
    plain = call.model_dump(mode="json", exclude={"findings", "turns", "happened_at", "segment", "jurisdiction"})
    for name in ("agent_type", "status"):
        del plain[name]
    return {**plain, "rule_ids": list(call.rule_ids), "severities": list(map(str, call.severities))}


def _turn(turn: TurnDocument) -> dict[str, Any]:
    return {
        "index": turn.index, "start_s": turn.start_s, "end_s": turn.end_s, "role": turn.role.value, "text": turn.text,
        "rule_ids": _rules(turn.findings),
        "severities": list(map(str, severities(turn.findings))),
        "facts": facts_of_turn(turn),
        **streams(turn.text)._asdict(),
        **_vector(turn.vector),
    }  # fmt: skip


def _rules(marks: tuple[FindingMark, ...]) -> list[str]:
    return list(dict.fromkeys(mark.rule_id for mark in marks))


def _vector(vector: bytes) -> dict[str, str]:
    """For the server's search, and as it came. One of zeros has no direction, and the server takes none."""
    if not any(vector):
        return {}
    return {"vector": vector.hex(), "vector_bytes": base64.b64encode(vector).decode()}
