"""Filters as they stand in an address, the same for the API and the pages."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from fastapi import Query
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from qa_service.records import CallState, Role, Severity
from qa_service.search.protocol import SearchQuery
from qa_service.store.calls import CallFilter

MOST_LISTED = 500


def _none_if_blank(value: object) -> object:
    """Forms send fields that were left open as empty text."""
    return None if isinstance(value, str) and not value.strip() else value


def _clean(value: object) -> object:
    return value.replace("\0", "").strip() if isinstance(value, str) else value


Words = Annotated[str, BeforeValidator(_clean), Field(max_length=1000)]
Name = Annotated[Annotated[str, Field(max_length=200)] | None, BeforeValidator(_none_if_blank)]
Day = Annotated[date | None, BeforeValidator(_none_if_blank)]


class _Query(BaseModel):
    model_config = ConfigDict(extra="ignore", populate_by_name=True)

    day_from: Day = Field(None, alias="from", description="first day, YYYY-MM-DD")
    day_to: Day = Field(None, alias="to", description="last day, YYYY-MM-DD")
    agent: Name = Field(None, description="agent id")
    team: Name = Field(None, description="team")
    rule: Name = Field(None, description="only calls with a finding of this rule")
    severity: Annotated[Severity | None, BeforeValidator(_none_if_blank)] = Field(
        None, description="only calls with a finding this grave"
    )
    offset: int = Field(0, ge=0, le=1_000_000, description="how many to pass over")


class CallsAsked(_Query):
    """Which calls to list."""

    product: Name = Field(None, description="product")
    state: Annotated[CallState | None, BeforeValidator(_none_if_blank)] = Field(None, description="where it stands")
    limit: int = Field(50, ge=1, le=MOST_LISTED, description="how many at most")

    def filter(self) -> CallFilter:
        return CallFilter(
            day_from=self.day_from, day_to=self.day_to, agent_id=self.agent, team=self.team, product=self.product,
            state=self.state, severity=self.severity, rule_id=self.rule, limit=self.limit, offset=self.offset,
        )  # fmt: skip


class SearchAsked(_Query):
    """What to search for."""

    q: Words = Field("", description='words, "phrases", AND OR NOT, agent:A-201, rule:…')
    role: Annotated[Role | None, BeforeValidator(_none_if_blank)] = Field(None, description="who says it")
    limit: int = Field(20, ge=1, le=MOST_LISTED, description="how many turns at most")

    def query(self) -> SearchQuery:
        return SearchQuery(
            text=self.q, day_from=self.day_from, day_to=self.day_to, agent_id=self.agent, team=self.team,
            rule_id=self.rule, severity=self.severity, role=self.role, limit=self.limit, offset=self.offset,
        )  # fmt: skip

    @property
    def filtered(self) -> bool:
        """Whether anything but words narrows the search."""
        return any((self.agent, self.team, self.rule, self.severity, self.role, self.day_from, self.day_to))

    @property
    def asks(self) -> bool:
        """Whether there is anything to look for."""
        return bool(self.q) or self.filtered


CallsAsked_ = Annotated[CallsAsked, Query()]
SearchAsked_ = Annotated[SearchAsked, Query()]
