"""Search: which call, which second?"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import partial
from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Query, Request
from pydantic import Field
from starlette.responses import RedirectResponse, Response

from qa_service import logs
from qa_service.errors import ErrorCode, NotFoundError, QAError, QueryError
from qa_service.search.protocol import MOST_CALLS, MOST_TURNS, Access, CallHit, Facet
from qa_service.web.access import Access_
from qa_service.web.conditions import Conditions_, merged, read
from qa_service.web.deps import Services, Services_
from qa_service.web.errors import STATUS
from qa_service.web.filters import Name, SearchAsked, Words, of_field
from qa_service.web.language import Translator
from qa_service.web.pages.narrowing import FILTERS, SHOWN, bars, chips, groups
from qa_service.web.render import View, view_of
from qa_service.web.searching import Found, Source, find, find_like, source_of, status_of

router = APIRouter()
log = logs.get(__name__)

#: Parameters of one page of results, which are not part of what was asked.
_PAGE = ("after", "limit", "turns", "format", "lang", "facets")
#: What a mistake is marked by: a word up to the next space or bracket, or a bracket or quote by itself.
_PART = re.compile(r'[^\s()"“”（）]+|\S')
#: Kinds of mistakes by the part that is wrong, in the order in which they are told apart.
_ADVICE = {
    "quote": re.compile(r'^["“”„「」『』＂]'),
    "near": re.compile(r"^(?:near|before)\b", re.IGNORECASE),
    "field": re.compile(r"[:：]"),
    "bracket": re.compile(r"^[()（）\[\]{}［］｛｝]"),
    "operator": re.compile(r"^(?:AND|OR|NOT|-|－)$"),
    "sign": re.compile(r"[~～*＊]"),
}


class PageAsked(SearchAsked):
    """What the page is asked for. ``like``: "CALL#TURN", whose like is looked for among what the words match."""

    like: Name = None
    before: Words | None = Field(
        None, alias="c.before", description="the text that the form of conditions was made for"
    )

    @property
    def asks(self) -> bool:
        """Whether there is anything to look for."""
        return bool(self.q or self.filtered or self.like)


PageAsked_ = Annotated[PageAsked, Query()]


@dataclass(frozen=True)
class Offence:
    """A query around the part that cannot be understood; an empty part: something is missing in that place."""

    before: str
    part: str
    after: str

    @property
    def place(self) -> tuple[int, int]:
        """Where the part begins and ends as scripts count, in UTF-16 units."""
        begin = _units(self.before)
        return begin, begin + _units(self.part)


@dataclass
class Outcome:
    """What came of a search: results, or what was wrong, which is said beside the box."""

    found: Found | None = None
    source: Source | None = None
    error: QAError | None = None

    @property
    def down(self) -> QAError | None:
        """The error, where the index is out of reach."""
        return self.error if self.error and self.error.code == ErrorCode.INDEX_UNAVAILABLE else None


@router.get("/search", include_in_schema=False)
def search(
    request: Request, asked: PageAsked_, conditions: Conditions_, services: Services_, access: Access_
) -> Response:
    if asked.before is not None or conditions.values():
        text = merged(asked.q, asked.before or "", conditions)
        return RedirectResponse(_without_conditions(request, text), status_code=303)
    outcome = _outcome(asked, services, access)
    view = view_of(request, services.renderer.default_language)
    context = {
        "asked": asked,
        "source": outcome.source,
        "error": outcome.error,
        "form": read(asked.q),
        "offence": offence(asked.q, outcome.error),
        "wrong": wrong_words(asked, outcome),
        "advice": advice(offence(asked.q, outcome.error)),
        "found": outcome.found,
        "status": status_of(services, access, outcome.down),
        "rules": services.rulebook.rules,
        **_shown(outcome, asked, view, services),
    }
    status = STATUS[outcome.error.code] if outcome.error else 200
    return services.renderer.answer(request, "search.html", "search", context, status=status)


def _outcome(asked: PageAsked, services: Services, access: Access) -> Outcome:
    outcome = Outcome()
    try:
        if asked.like:
            call_id, _, turn = asked.like.rpartition("#")
            outcome.source = source_of(call_id, _number(turn), services, access)
            outcome.found = Found(find_like(outcome.source, asked, asked.q, services, access))
        elif asked.asks:
            outcome.found = find(asked, services, access, SHOWN)
    except QAError as wrong:
        logs.failure(log, "search", wrong)
        outcome.error = wrong
    return outcome


def _without_conditions(request: Request, text: str) -> str:
    """The address of the same search with the conditions written into its text."""
    kept = [(k, v) for k, v in request.query_params.multi_items() if v and k not in ("q", "after") and k[:2] != "c."]
    return f"/search?{urlencode([('q', text), *kept])}"


def _number(turn: str) -> int:
    if not (turn.isascii() and turn.isdigit()):
        raise NotFoundError(ErrorCode.NOT_FOUND, "like: this names no turn.", "Write CALL#TURN, such as B-1009#12.")
    return int(turn)


def offence(text: str, error: QAError | None) -> Offence | None:
    """Where in the query the mistake is; None where the place is not known or the query is not at fault."""
    if not isinstance(error, QueryError) or error.position is None or not text:
        return None
    at = min(max(0, error.position), len(text))
    found = _PART.match(text, at)
    end = found.end() if found else at
    return Offence(text[:at], text[at:end], text[end:])


def wrong_words(asked: PageAsked, outcome: Outcome) -> str:
    """The key of what was wrong, in the reader's words."""
    if outcome.error is None:
        return ""
    if asked.day_from and asked.day_to and asked.day_from > asked.day_to:
        return "wrong.days_turned"
    if asked.like and outcome.error.code == ErrorCode.NOT_FOUND:
        return "like.no_vector" if outcome.source else "like.no_turn"
    return f"error.{outcome.error.code}"


def advice(found: Offence | None) -> str:
    """The key of what to do about it in the reader's words, told by what stands there; the error itself is English."""
    if found is None:
        return ""
    for kind, signs in _ADVICE.items():
        if signs.search(found.part):
            return f"wrong.{kind}"
    return "wrong.here" if found.part else "wrong.end"


def _units(text: str) -> int:
    return len(text.encode("utf-16-le")) // 2


def _shown(outcome: Outcome, asked: PageAsked, view: View, services: Services) -> dict[str, object]:
    """What the template shows around the results, with addresses that keep what was asked."""
    translate = Translator(view.language)
    address = partial(view.address, after=None, turns=None)
    results = outcome.found.results if outcome.found else None
    titled = partial(services.rulebook.title, language=view.language)
    calls = results.calls if results else ()
    return {
        "results": results,
        "address": address,
        "chips": list(chips(asked, address, translate)),
        "kept": [(k, v) for k, v in view.query if k not in ("q", "after", "turns")],
        "groups": groups(results, asked, address, titled, translate) if results else [],
        "bars": bars(results.facets.get(Facet.DAY, ()), address) if results else [],
        "titles": {rule: titled(rule) for call in calls for turn in call.turns for rule in turn.rule_ids},
        "with_sound": services.store.calls.with_sound(call.call_id for call in calls),
        "more": {call.call_id: more_address(call, asked, view) for call in calls},
        "cleared": address(**dict.fromkeys(("from", "to", *FILTERS))),
        "api_query": api_query(asked, view),
        "most_calls": MOST_CALLS,
    }


def more_address(call: CallHit, asked: PageAsked, view: View) -> str:
    """The same search in one call alone, with its turns as far as one answer goes; empty where all are shown."""
    if call.matches <= len(call.turns) or asked.like or asked.turns == MOST_TURNS:
        return ""
    return view.address(q=f"{asked.q} {of_field('call', call.call_id)}".strip(), turns=MOST_TURNS, after=None)


def api_query(asked: PageAsked, view: View) -> tuple[str, str]:
    """Address of the API that gives what the page shows, and its parameters without those of one page of results."""
    kept = [(k, v) for k, v in view.query if k not in (*_PAGE, "like")]
    if not asked.like:
        return "/api/v1/search", urlencode(kept)
    call_id, _, turn = asked.like.rpartition("#")
    return "/api/v1/search/similar", urlencode([("call", call_id), ("turn", turn), *kept])
