"""The conditions of people who do not write the query language, as the fields of a form; written in that language."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import Query
from pydantic import BaseModel, ConfigDict, Field

from qa_service.records import FindingState, Role, Severity
from qa_service.web.filters import Blank, Day, Name

Number = Annotated[Annotated[float, Field(ge=-1e6, le=1e6)] | None, Blank]


class Conditions(BaseModel):
    """Each field that is filled in is one condition; all must hold."""

    model_config = ConfigDict(extra="ignore")

    words: Name = Field(None, alias="c.words", description="words of one turn, in any order")
    phrase: Name = Field(None, alias="c.phrase", description="words as they stand")
    either: Name = Field(None, alias="c.any", description="at least one of these words")
    none: Name = Field(None, alias="c.none", description="none of these words")
    near: Name = Field(None, alias="c.near", description="words that are said near those of c.near_to")
    near_to: Name = Field(None, alias="c.near_to")
    order: Annotated[Literal["before"] | None, Blank] = Field(None, alias="c.order", description="c.near comes first")
    within: Annotated[Annotated[int, Field(ge=1, le=3600)] | None, Blank] = Field(
        None, alias="c.within", description="seconds; without it, anywhere in the call"
    )
    sounds: Name = Field(None, alias="c.sounds", description="characters or pinyin; whatever sounds like them")
    agent: Name = Field(None, alias="c.agent")
    team: Name = Field(None, alias="c.team")
    rule: Name = Field(None, alias="c.rule")
    requirement: Name = Field(None, alias="c.requirement")
    severity: Annotated[Severity | None, Blank] = Field(None, alias="c.severity")
    state: Annotated[FindingState | None, Blank] = Field(None, alias="c.state")
    role: Annotated[Role | None, Blank] = Field(None, alias="c.role")
    product: Name = Field(None, alias="c.product")
    stage: Name = Field(None, alias="c.stage")
    score_from: Number = Field(None, alias="c.score_from")
    score_to: Number = Field(None, alias="c.score_to")
    day_from: Day = Field(None, alias="c.from")
    day_to: Day = Field(None, alias="c.to")

    @property
    def given(self) -> bool:
        """Whether any is filled in."""
        return any(getattr(self, name) is not None for name in type(self).model_fields)

    def written(self) -> str:
        """All of them as one text of the query language."""
        parts = [*_words(self.words)]
        if self.phrase:
            parts.append(_quoted(self.phrase))
        return " ".join(parts)

    def added_to(self, text: str) -> str:
        """A text of the query language with these conditions beside it."""
        return f"{text} {self.written()}".strip()


Conditions_ = Annotated[Conditions, Query()]


def _words(text: str | None) -> list[str]:
    return (text or "").split()


def _quoted(text: str) -> str:
    return '"' + text.replace('"', " ") + '"'
