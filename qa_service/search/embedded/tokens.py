"""The one stream of tokens that FTS5 holds of a turn.

Each kind of token begins with a sign of its own, so that none is taken for another and no prefix reaches from one kind
into the other: words as they are, ``·`` pairs, ``=`` sounds, ``~`` near sounds, ``@`` facts of the turn. What a turn
has several times is marked by ``…·2`` and ``…·3``, from which BM25 knows how often without a look at every place.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from qa_service.search.streams import Streams
from qa_service.search.tree import Fact, Sounds, Words
from qa_service.text.tokens import JOINT, pairs, stem

#: So often, or more, is the most that is told apart.
MOST_TIMES = 3
#: A token that no turn has.
NEVER = JOINT


def stream(turn: Streams, facts: Iterable[str]) -> str:
    """All tokens of a turn, apart by spaces. What follows one another in a kind does so here."""
    words, doubles = turn.words.split(), [JOINT + pair for pair in turn.pairs.split()]
    return " ".join(
        [
            *words,
            *doubles,
            *("=" + sound for sound in turn.sounds.split()),
            *("~" + sound for sound in turn.likes.split()),
            *("@" + token for token in facts),
            *_repeated(words),
            *_repeated(doubles),
        ]
    )


def tokens_of(leaf: Words | Sounds | Fact) -> tuple[str, ...]:
    """The tokens that follow one another in a turn for which the leaf holds; the last may go on if a prefix."""
    match leaf:
        case Words(tokens=(word,), prefix=prefix):
            return (word if prefix else stem(word),)
        case Words(tokens=run):
            return tuple(JOINT + pair for pair in pairs(run))
        case Sounds(syllables=run, near=near):
            return tuple(("~" if near else "=") + sound for sound in run)
        case Fact(token=token):
            return ("@" + token,)


def times(token: str, number: int) -> str:
    """The token of a turn that has a word or pair so often."""
    return f"{token}{JOINT}{number}"


def spelt(words: Sequence[str]) -> Iterator[tuple[str, int]]:
    """Words that may be misspelt, with their length: all but single characters and numbers."""
    return ((word, len(word)) for word in dict.fromkeys(words) if len(word) > 1 and not word.isdigit())


def _repeated(tokens: Sequence[str]) -> Iterator[str]:
    for token, count in Counter(tokens).items():
        for number in range(2, min(count, MOST_TIMES) + 1):
            yield times(token, number)
