"""A call: did it happen as the rule says?"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import PurePath
from urllib.parse import quote

from fastapi import APIRouter, Request
from pydantic import JsonValue
from starlette.responses import HTMLResponse

from qa_service.errors import QAError, QueryError
from qa_service.inspect.score import deducted_with, score
from qa_service.records import CallEntry, CallFacts, Finding, Inspection, NotAssessed, Role
from qa_service.rules.plans import stage
from qa_service.search.protocol import SearchQuery
from qa_service.search.query import understood
from qa_service.search.tree import Node, Or
from qa_service.web.api.calls import inspection_of
from qa_service.web.deps import Call_, Services, Services_
from qa_service.web.filters import Words
from qa_service.web.language import Translator, choose
from qa_service.web.media import kind_of
from qa_service.web.pages.measures import LONG_SILENCE_S, shown_measures, turn_measures
from qa_service.web.pages.reasons import reason
from qa_service.web.pages.transcript import lines
from qa_service.web.summary import SEVERITIES, summarise

router = APIRouter()


@dataclass(frozen=True)
class ShownRequirement:
    """A requirement that a finding rests on; without text where the catalogue does not hold it."""

    id: str
    title: str = ""
    text: str = ""
    citations: tuple[str, ...] = ()


@dataclass(frozen=True)
class ShownFinding:
    """A finding with its number in the inspection, which marks its words in the transcript."""

    number: int
    record: Finding
    requirements: tuple[ShownRequirement, ...]
    reason: str
    #: The rule that took the points of the same fault.
    deducted_with: str = ""


@dataclass(frozen=True)
class ShownUnjudged:
    """A rule that was not assessed, in the reader's words."""

    rule_id: str
    title: str
    reason: str


@router.get("/calls/{call_id:path}", include_in_schema=False)
def call(request: Request, call: Call_, services: Services_, q: Words = "") -> HTMLResponse:
    found = inspection_of(call)
    translate = Translator(choose(request, services.renderer.default_language))
    earlier, later = services.store.calls.neighbours(call.call_id)
    return services.renderer.answer(
        request,
        "call.html",
        "call",
        {
            "call": summarise(call),
            "earlier": earlier,
            "later": later,
            "stage": None if call.facts.overdue_days is None else stage(call.facts.overdue_days),
            "language": (found.language if found else None) or call.facts.language,
            "facts": list(_facts(call.facts)),
            "source": call.source,
            **_sound(call, services),
            **_judgement(found, services, translate, sought(q)),
            "channel_roles": channel_roles(call, found, services.settings.agent_channel),
            "inspections": len(services.store.calls.inspections(call.call_id)),
        },
    )


def _judgement(
    found: Inspection | None, services: Services, translate: Translator, asked: Node | None
) -> dict[str, object]:
    """What the inspection says, in the order and words of the page."""
    return {
        "lines": lines(found, services.settings.word_probability_floor, asked) if found else (),
        "findings": _findings(found, services, translate),
        "not_assessed": [_unjudged(n, services, translate) for n in (found.not_assessed if found else ())],
        "measures": shown_measures(found) if found else None,
        "turn_measures": turn_measures(found),
        "long_silence_s": LONG_SILENCE_S,
        "made_by": found.made_by if found else None,
        "roles": found.roles if found else None,
        "notes": found.notes if found else (),
        "quality": found.quality if found else None,
    }


def sought(text: str) -> Node | None:
    """What a search that led here asked for, to be marked; what cannot be understood is nothing to mark."""
    try:
        found = understood(SearchQuery(text=text)) if text else None
    except QueryError:
        return None
    return Or((found.node, *(part for near in found.nears for part in near.parts))) if found else None


def _findings(found: Inspection | None, services: Services, translate: Translator) -> list[ShownFinding]:
    """Gravest first, then in order of time."""
    if found is None:
        return []
    findings = found.findings
    # A score of before faults were deducted once stands as it was given.
    so_scored = found.score is not None and found.score.points == score(findings).points
    once = deducted_with(findings) if so_scored else {}
    shown = [
        ShownFinding(
            number=n,
            record=f,
            requirements=tuple(_requirement(r, services, translate) for r in f.requirements),
            reason=reason(f.reason, translate),
            deducted_with=once.get(n, ""),
        )
        for n, f in enumerate(services.rulebook.worded(f, translate.language) for f in findings)
    ]
    return sorted(shown, key=lambda s: (SEVERITIES.index(s.record.severity), s.record.start_s or 0.0))


def _requirement(requirement_id: str, services: Services, translate: Translator) -> ShownRequirement:
    found = services.rulebook.requirement(requirement_id)
    if found is None:
        return ShownRequirement(requirement_id)
    return ShownRequirement(found.id, found.titled(translate.language), found.text, found.citations)


def _unjudged(item: NotAssessed, services: Services, translate: Translator) -> ShownUnjudged:
    title = services.rulebook.title(item.rule_id, translate.language)
    return ShownUnjudged(item.rule_id, title, reason(item.reason, translate))


def _sound(call: CallEntry, services: Services) -> dict[str, object]:
    """Address of the sound: the recording where browsers play it, with the PCM copy behind it; else the copy."""
    if call.recording is None:
        return {"sound": "", "sound_fallback": "", "file_name": ""}
    address = f"/api/v1/calls/{quote(call.call_id, safe='')}/audio"
    try:
        played = kind_of(services.media.original(call)).played
    except QAError:
        played = True  # the player asks for it and says that there is no sound
    copy = f"{address}?format=wav"
    return {
        "sound": address if played else copy,
        "sound_fallback": copy if played else "",
        "file_name": PurePath(call.recording.original_name).name,
    }


def channel_roles(call: CallEntry, found: Inspection | None, default: str) -> tuple[Role, ...]:
    """Who speaks on each channel, as the inspection heard it; before it, as the facts declare."""
    if found and found.turns:
        channels = range(max(t.channel for t in found.turns) + 1)
        return tuple(_only({t.role for t in found.turns if t.channel == c}) for c in channels)
    sides = call.facts.channels or default
    if sides == "mono":
        return (Role.UNKNOWN,)
    return (Role.AGENT, Role.CUSTOMER) if sides == "agent_left" else (Role.CUSTOMER, Role.AGENT)


def _only(roles: set[Role]) -> Role:
    return next(iter(roles)) if len(roles) == 1 else Role.UNKNOWN


def _facts(facts: CallFacts) -> Iterator[tuple[str, str]]:
    """Facts that are known, nested ones by their dotted name."""
    yield from _flat("", facts.model_dump(mode="json", exclude_none=True, exclude={"call_id"}))


def _flat(prefix: str, value: JsonValue) -> Iterator[tuple[str, str]]:
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from _flat(f"{prefix}.{name}" if prefix else name, inner)
    elif isinstance(value, list):
        yield prefix, ", ".join(map(str, value))
    else:
        yield prefix, "–" if value is None else str(value)
