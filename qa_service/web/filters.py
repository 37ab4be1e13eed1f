"""Filters as they stand in an address, the same for the API and the pages."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from fastapi import Query
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from qa_service.records import CallState, FindingState, Role, Severity
from qa_service.search.protocol import MOST_CALLS, MOST_TURNS, Facet, Order, SearchQuery
from qa_service.search.written import Condition, ConditionKind, written
from qa_service.store.calls import CallFilter

MOST_LISTED = 500


def _none_if_blank(value: object) -> object:
    """Forms send fields that were left open as empty text."""
    return None if isinstance(value, str) and not value.strip() else value


def of_field(name: str, value: str) -> str:
    """A field with its value, in the query language."""
    return written([Condition(kind=ConditionKind.FIELD, field=name, values=(value,))])


def _clean(value: object) -> object:
    return value.replace("\0", "").strip() if isinstance(value, str) else value


Words = Annotated[str, BeforeValidator(_clean), Field(max_length=1000)]
Name = Annotated[Annotated[str, Field(max_length=200)] | None, BeforeValidator(_none_if_blank)]
Day = Annotated[date | None, BeforeValidator(_none_if_blank)]
Blank = BeforeValidator(_none_if_blank)


class _Query(BaseModel):
    model_config = ConfigDict(extra="ignore", populate_by_name=True)

    day_from: Day = Field(None, alias="from", description="first day, YYYY-MM-DD")
    day_to: Day = Field(None, alias="to", description="last day, YYYY-MM-DD")
    agent: Name = Field(None, description="agent id")
    team: Name = Field(None, description="team")
    product: Name = Field(None, description="product")
    rule: Name = Field(None, description="only calls with a finding of this rule")
    severity: Annotated[Severity | None, Blank] = Field(None, description="only calls with a finding this grave")


class CallsAsked(_Query):
    """Which calls to list."""

    state: Annotated[CallState | None, Blank] = Field(None, description="where it stands")
    limit: int = Field(50, ge=1, le=MOST_LISTED, description="how many at most")
    offset: int = Field(0, ge=0, le=1_000_000, description="how many to pass over")

    def filter(self) -> CallFilter:
        return CallFilter(
            day_from=self.day_from, day_to=self.day_to, agent_id=self.agent, team=self.team, product=self.product,
            state=self.state, severity=self.severity, rule_id=self.rule, limit=self.limit, offset=self.offset,
        )  # fmt: skip


class Narrowed(_Query):
    """What narrows a search beside its words. ``state`` is of a finding here."""

    requirement: Name = Field(None, description="only calls with a finding that rests on this requirement")
    state: Annotated[FindingState | None, Blank] = Field(None, description="only calls with a finding in this state")
    role: Annotated[Role | None, Blank] = Field(None, description="who says it")
    stage: Name = Field(None, description="stage of delinquency, such as M2–M3")
    limit: int = Field(20, ge=1, le=MOST_CALLS, description="how many calls at most")
    turns: int = Field(3, ge=1, le=MOST_TURNS, description="how many matching turns of each call at most")

    @property
    def filtered(self) -> bool:
        """Whether anything but words narrows the search."""
        kept = (self.agent, self.team, self.product, self.rule, self.requirement, self.severity, self.state)
        return any((*kept, self.role, self.stage, self.day_from, self.day_to))

    def query(self, text: str, **more: object) -> SearchQuery:
        """The search for this text with these filters."""
        return SearchQuery.model_validate(
            {
                "text": text, "day_from": self.day_from, "day_to": self.day_to,
                "agent_id": self.agent, "team": self.team, "product": self.product, "stage": self.stage,
                "rule_id": self.rule, "requirement": self.requirement, "severity": self.severity, "state": self.state,
                "role": self.role, "limit": self.limit, "turns": self.turns, **more,
            }
        )  # fmt: skip


class SearchAsked(Narrowed):
    """What to search for."""

    q: Words = Field("", description='words, "phrases", AND OR NOT, near(…), agent:A-201, rule:…: docs/search.md')
    order: Annotated[Order | None, Blank] = Field(None, description="the best match first, or the newest")
    after: Annotated[Annotated[str, Field(max_length=2000)] | None, Blank] = Field(
        None, description="`next` of the page before"
    )
    facets: tuple[Facet, ...] = Field((), description="what to count the calls by; may be given several times")
    meaning: bool = Field(False, description="also what means much the same, in other words")


class SimilarAsked(Narrowed):
    """A turn or a text whose like is looked for; words in ``q`` narrow to turns that have them."""

    call: Name = Field(None, description="the call of the turn")
    turn: int | None = Field(None, ge=0, description="the number of the turn")
    text: Words = Field("", description="or a text, in place of a turn")
    q: Words = Field("", description="only turns that match this, in the query language")


CallsAsked_ = Annotated[CallsAsked, Query()]
SearchAsked_ = Annotated[SearchAsked, Query()]
SimilarAsked_ = Annotated[SimilarAsked, Query()]
