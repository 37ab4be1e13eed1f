"""When no turn has all the words: turns that have some of them, said to be so.

Words typed side by side must stand in one turn, and a run of Chinese is one phrase; whoever half remembers a sentence
finds nothing. Then any two neighbouring characters of a run, and any single English word, may do; BM25 puts the turns
first that have most and the rarest of them. What was asked exactly (quotes, near(), OR, sounds) is never loosened.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

from luqum import tree as lucene

from qa_service.search.grammar import parsed
from qa_service.search.protocol import Access, SearchIndex, SearchQuery, SearchResults
from qa_service.search.reader import beside, has_words
from qa_service.text.tokens import Token, tokens

#: Pieces that are looked for at most: the first ones of a long text.
MOST_PIECES = 60


def search(index: SearchIndex, query: SearchQuery, access: Access) -> SearchResults:
    """As ``index.search``; where that finds nothing, the calls that have some of the words.

    ``SearchResults.relaxed`` is then the text that was searched instead; it can be asked for by itself.
    """
    found = index.search(query, access)
    if found.total_calls or query.after is not None:
        return found
    text = loosened(query.text)
    if text is None:
        return found
    some = index.search(query.model_copy(update={"text": text}), access)
    return some.model_copy(update={"relaxed": text, "next": None}) if some.total_calls else found


def loosened(text: str) -> str | None:
    """A query of plain words as one of which some will do; None where it asks for less than two, or exactly.

    Raises:
        QueryError: the text cannot be understood.
    """
    read = parsed(text)
    pieces: dict[str, None] = {}
    rest: list[str] = []
    for item in beside(read.item):
        if isinstance(item, lucene.Word) and item.pos not in read.nears and "*" not in item.value:
            pieces |= dict.fromkeys(_pieces(tokens(read.value(item))))
        elif has_words(item) or item.pos in read.nears:
            return None
        else:
            rest.append(text[item.pos : item.pos + item.size].strip())
    if len(pieces) < 2:
        return None
    some = " OR ".join(f'"{piece}"' for piece in list(pieces)[:MOST_PIECES])
    return " ".join([f"({some})", *rest])


def _pieces(said: tuple[Token, ...]) -> Iterator[str]:
    """Neighbouring characters by twos, a character that has no neighbour, and whole words of other scripts."""
    together = {at for a, b in pairwise(range(len(said))) if _is_char(said[a]) and _is_char(said[b]) for at in (a, b)}
    for at, token in enumerate(said):
        if at not in together:
            yield token.text
        elif at + 1 in together and said[at].end == said[at + 1].start and _is_char(said[at + 1]):
            yield token.text + said[at + 1].text


def _is_char(token: Token) -> bool:
    return "\u3400" <= token.text <= "\u9fff" and len(token.text) == 1
