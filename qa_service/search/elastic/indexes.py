"""The indexes behind the aliases: made, found, exchanged."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from elasticsearch import BadRequestError, Elasticsearch

from qa_service.errors import ErrorCode, SetupError
from qa_service.search.elastic.client import kinds
from qa_service.search.elastic.mapping import VERSION, Names, template
from qa_service.settings import Settings

#: Nobody searches an index while it is filled.
_FILLING = {"refresh_interval": "-1"}
_FILLED = {"refresh_interval": "1s"}
#: Of the mapping of an index that was made where there was none, until what the database has is ordered.
_UNFILLED = {"version": VERSION, "unfilled": True}


@dataclass(frozen=True, slots=True)
class Standing:
    """Indexes by what they are for; ``all`` has those of all versions, also such as no alias names."""

    live: str | None
    building: str | None
    all: tuple[str, ...]


class Indexes:
    """What there is on the server under one prefix. Its methods raise the client's errors."""

    def __init__(self, client: Elasticsearch, settings: Settings) -> None:
        self._client = client
        self._settings = settings
        self.names = Names(settings.elasticsearch_prefix)

    def standing(self) -> Standing:
        found = self._client.indices.get(index=self.names.all, features=["aliases"], expand_wildcards="all")
        behind = {alias: index for index, told in sorted(found.items()) for alias in told["aliases"]}
        return Standing(behind.get(self.names.live), behind.get(self.names.building), tuple(sorted(found)))

    def ready(self) -> str:
        """The live index, made where there is none.

        Raises:
            SetupError: it is of another version.
        """
        live = self.standing().live or self._made(self.names.live, {}, meta=_UNFILLED)
        if not self.names.current(live):
            message = f"The search index {live} on the server was made by another version."
            raise SetupError(ErrorCode.INDEX_UNAVAILABLE, message, "Run `qa reindex`; nothing is lost.")
        return live

    def filling(self) -> str:
        """The index that is being filled, made where there is none; one of another version is given up."""
        building = self.standing().building
        if building and not self.names.current(building):
            self.drop(building)
            building = None
        return building or self._made(self.names.building, _FILLING)

    def filled(self, building: str) -> None:
        """Put the new index in the place of the old, and drop the old."""
        self._client.indices.put_settings(index=building, settings={"index": _FILLED})
        self._client.indices.refresh(index=building)
        self._replace(building)
        # What was written to both just before the exchange is not found in this one yet.
        self._client.indices.refresh(index=building)

    def is_unfilled(self) -> bool:
        """Whether :meth:`set_ordered` is still to come for the live index."""
        told = self._client.indices.get_mapping(index=self.names.live)
        return any(one["mappings"].get("_meta", {}).get("unfilled", False) for one in told.values())

    def set_ordered(self) -> None:
        self._client.indices.put_mapping(index=self.names.live, meta={"version": VERSION})

    def drop(self, index: str) -> None:
        self._client.indices.delete(index=index, ignore_unavailable=True)

    def renew(self) -> None:
        """An empty index in the place of all there are."""
        standing = self.standing()
        if standing.building:
            self.drop(standing.building)
        self._replace(self._made(self.names.building, {}, meta=_UNFILLED))

    def _replace(self, new: str) -> None:
        """Both aliases change in one step. The old indexes go afterwards: the server sends requests to an index for a
        moment after its shards are gone."""
        standing = self.standing()
        actions: list[dict[str, Any]] = [
            {"add": {"index": new, "alias": self.names.live}},
            {"remove": {"index": new, "alias": self.names.building}},
        ]
        if standing.live:
            actions.append({"remove": {"index": standing.live, "alias": self.names.live}})
        elif self._client.indices.exists(index=self.names.live):
            # Not made here: a server makes an index for any name that is written to.
            actions.append({"remove_index": {"index": self.names.live}})
        self._client.indices.update_aliases(actions=actions)
        if old := [index for index in standing.all if index != new]:
            self._client.indices.delete(index=old, ignore_unavailable=True)

    def _made(self, alias: str, settings: dict[str, Any], *, meta: dict[str, Any] | None = None) -> str:
        """A new index behind an alias; where another process makes it at the same time, there is one all the same."""
        self._client.indices.put_index_template(
            name=self.names.template, **template(self.names, self._settings), create=False
        )
        number = max(map(self.names.number, self.standing().all), default=0) + 1
        name = self.names.index(number)
        try:
            self._client.indices.create(
                index=name,
                aliases={alias: {}},
                settings={"index": settings} if settings else None,
                mappings={"_meta": meta} if meta else None,
            )
        except BadRequestError as wrong:
            if "resource_already_exists_exception" not in kinds(wrong):
                raise
        return name
