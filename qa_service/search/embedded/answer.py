"""Searches of one file, each within one transaction."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from qa_service.search.document import DIMENSIONS
from qa_service.search.embedded.columns import Columns, Floats, Ints
from qa_service.search.embedded.connections import Connection
from qa_service.search.embedded.facets import facets
from qa_service.search.embedded.find import Finder
from qa_service.search.embedded.order import Matches, Standing
from qa_service.search.embedded.pages import behind, cursor, fingerprint
from qa_service.search.embedded.rank import scores
from qa_service.search.embedded.schema import MOST_TURNS_OF_CALL, TURN_BITS
from qa_service.search.embedded.show import call_hits
from qa_service.search.embedded.vectors import Vectors
from qa_service.search.protocol import Access, CallHit, Order, SearchQuery, SearchResults
from qa_service.search.tree import Node, Understood


def search(
    connection: Connection, columns: Columns, asked: Understood, query: SearchQuery, access: Access
) -> SearchResults:
    """Calls with turns for which the node of ``asked`` holds; it has no near().

    Raises:
        QueryError: the page is of another search.
    """
    asked_for = fingerprint(query, access)
    after, known = behind(query.after, asked_for) if query.after is not None else (None, None)
    finder = Finder(connection, columns, access)
    matches = Matches.of(columns, finder.turns(asked.node))
    weights = None
    if asked.ranked:
        weights, known = scores(finder, asked.node, matches.positions, known)
    best = matches.best(weights) if weights is not None and query.order is Order.BEST else None
    found, more = Standing.of(columns, matches.calls, best).page(connection, query.limit, after)
    return SearchResults(
        calls=tuple(_hits(connection, columns, asked.node, query, matches, weights, [at for at, _ in found])),
        total_calls=len(matches.calls),
        total_turns=len(matches.positions),
        facets=facets(connection, columns, matches.calls, query.facets),
        next=cursor(found[-1][1], asked_for, known) if found and more else None,
    )


def similar(
    connection: Connection,
    columns: Columns,
    vectors: Vectors,
    vector: bytes,
    node: Node,
    query: SearchQuery,
    access: Access,
) -> SearchResults:
    """Calls with the turns whose meaning is nearest, among those for which the node holds; one page."""
    turns = Finder(connection, columns, access).turns(node)
    known, cosines = vectors.cosines(connection, columns, turns, vector)
    matches = Matches.of(columns, known)
    found, _ = Standing.of(columns, matches.calls, matches.best(cosines)).page(connection, query.limit, None)
    return SearchResults(
        calls=tuple(_hits(connection, columns, node, query, matches, cosines, [at for at, _ in found])),
        total_calls=len(matches.calls),
        total_turns=len(matches.positions),
        facets=facets(connection, columns, matches.calls, query.facets),
    )


def vector(connection: Connection, call_id: str, turn_index: int) -> bytes | None:
    """The vector of a turn, None where it has none."""
    find = "SELECT number, places, vectors.vectors FROM calls JOIN vectors USING (number) WHERE call_id = ?"
    found = connection.execute(find, (call_id,)).fetchone()
    if found is None:
        return None
    number, places, vectors = found
    turns = np.frombuffer(places, np.uint16).tolist()
    ask = "SELECT key FROM turns WHERE key BETWEEN ? AND ? AND turn_index = ?"
    first = number << TURN_BITS
    row = connection.execute(ask, (first, first + MOST_TURNS_OF_CALL - 1, turn_index)).fetchone()
    if row is None or row[0] - first not in turns:
        return None
    at = turns.index(row[0] - first) * DIMENSIONS
    return bytes(vectors[at : at + DIMENSIONS])


def _hits(
    connection: Connection,
    columns: Columns,
    node: Node,
    query: SearchQuery,
    matches: Matches,
    weights: Floats | None,
    chosen: Sequence[int],
) -> list[CallHit]:
    numbers = [int(columns.numbers[matches.calls[at]]) for at in chosen]
    turns = (columns.keys(_best_turns(matches, at, weights, query.turns)) for at in chosen)
    return call_hits(connection, numbers, turns, _told(matches, weights, chosen), node)


def _told(matches: Matches, weights: Floats | None, chosen: Sequence[int]) -> Iterator[Mapping[str, object]]:
    for at in chosen:
        own = matches.turns(at)
        relevance = 0.0 if weights is None else float(weights[own].max())
        yield {"matches": own.stop - own.start, "relevance": relevance}


def _best_turns(matches: Matches, at: int, weights: Floats | None, most: int) -> Ints:
    """The positions of the best turns of a call, in the order of speech."""
    own = matches.turns(at)
    positions = matches.positions[own]
    if weights is None:
        return positions[:most]
    return np.sort(positions[np.argsort(-weights[own], kind="stable")[:most]])
