"""What all parts of a rule file are made of: strict, frozen models and their common types."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints

NonEmpty = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]
Terms = Annotated[tuple[NonEmpty, ...], Field(min_length=1)]
Name = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*$")]
ParameterName = Annotated[str, StringConstraints(pattern=r"^\$[a-z][a-z0-9_]*$")]
#: A number, or a pack parameter (``$intro_s``) that a deployment may override.
Amount = Annotated[float, Field(gt=0)] | ParameterName
#: A share between 0 and 1, or a pack parameter.
Share = Annotated[float, Field(gt=0, le=1)] | ParameterName
Language = Literal["zh", "en"]
Speaker = Literal["agent", "customer", "any"]


def _switch(value: object) -> object:
    """YAML 1.2 reads ``on`` and ``off`` as words."""
    return {"on": True, "off": False}.get(value, value) if isinstance(value, str) else value


Switch = Annotated[bool, BeforeValidator(_switch)]


class Spec(BaseModel):
    """Base of all parts of a rule file."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    def need_one_of(self, *names: str) -> Self:
        """For validators: raises ValueError where none of these keys is given."""
        if all(getattr(self, name) is None for name in names):
            first, last = ", ".join(names[:-1]), names[-1]
            raise ValueError(f"give {first} or {last}, or both" if len(names) == 2 else f"give {first} or {last}")
        return self
