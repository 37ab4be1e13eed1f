"""What made the results, and what to know of the data."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import tzinfo

from qa_service.records import CallEntry, EngineInfo, MadeBy, PackInfo
from qa_service.report.figures import aware, inspected, of_calls
from qa_service.report.gaps import word
from qa_service.report.records import EngineUse, Note, PackUse, Provenance

#: Below it, who spoke is a guess; the floor of the rules as it ships (QA_ROLE_FLOOR).
ROLE_FLOOR = 0.8

NOTES: dict[str, Callable[[CallEntry], bool]] = {
    "transcript_given": lambda e: e.recording is None,
    "roles_unsure": lambda e: bool(e.inspection and e.inspection.roles and e.inspection.roles.confidence < ROLE_FLOOR),
    "jurisdiction_assumed": lambda e: e.facts.jurisdiction is None,
    "agent_not_stated": lambda e: not (e.facts.agent_id or e.facts.agent_name),
    "time_not_stated": lambda e: e.facts.started_at is None,
}


def provenance(entries: Sequence[CallEntry], zone: tzinfo) -> Provenance:
    judged = inspected(entries)
    made = [(e, e.inspection.made_by) for e in judged if e.inspection and e.inspection.made_by]
    times = [aware(at).astimezone(zone) for e in entries for at in (e.received_at, e.inspected_at) if at]
    services = tuple(sorted({m.service_version for _, m in made}))
    packs, engines = _packs(made), _engines(made)
    return Provenance(
        services=services,
        several=_several(services, packs, engines),
        packs=packs,
        engines=engines,
        plans=_named("plan", ((m.plan, e) for e, m in made)),
        notes=_notes(judged),
        as_of=max(times, default=None),
    )


def _several(services: Sequence[str], packs: Sequence[PackUse], engines: Sequence[EngineUse]) -> bool:
    """Different packs are no different versions, and given transcripts have no engine."""
    return (
        len(services) > 1
        or len({p.name for p in packs}) < len(packs)
        or len([e for e in engines if e.name != "none"]) > 1
    )


def _packs(made: Sequence[tuple[CallEntry, MadeBy]]) -> tuple[PackUse, ...]:
    used: dict[PackInfo, list[CallEntry]] = {}
    for entry, by in made:
        for pack in by.packs:
            used.setdefault(pack, []).append(entry)
    ordered = sorted(used.items(), key=lambda item: (item[0].name, item[0].version, item[0].behaviour_sha256))
    return tuple(
        PackUse(**pack.model_dump(), calls=of_calls(f"pack-{i}", calls)) for i, (pack, calls) in enumerate(ordered, 1)
    )


def _engines(made: Sequence[tuple[CallEntry, MadeBy]]) -> tuple[EngineUse, ...]:
    used: dict[tuple[str, str, str, str], list[CallEntry]] = {}
    for entry, by in made:
        used.setdefault(_engine(by.engine), []).append(entry)
    return tuple(
        EngineUse(name=name, version=version, model=model, weights_sha256=weights, calls=of_calls(f"engine-{i}", calls))
        for i, ((name, version, model, weights), calls) in enumerate(sorted(used.items()), 1)
    )


def _engine(info: EngineInfo) -> tuple[str, str, str, str]:
    return info.name, info.version, info.model, info.weights_sha256


def _notes(judged: Sequence[CallEntry]) -> tuple[Note, ...]:
    known = [(key, e) for key, holds in NOTES.items() for e in judged if holds(e)]
    heard = [(word(note), e) for e in judged if e.inspection for note in e.inspection.notes]
    return _named("note", [*known, *heard])


def _named(prefix: str, items: Iterable[tuple[str, CallEntry]]) -> tuple[Note, ...]:
    """Words with their calls, in the order in which they first come."""
    found: dict[str, list[CallEntry]] = {}
    for key, entry in items:
        found.setdefault(key, []).append(entry)
    return tuple(
        Note(word=key, calls=of_calls(f"{prefix}-{i}", calls)) for i, (key, calls) in enumerate(found.items(), 1)
    )
