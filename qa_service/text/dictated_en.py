"""English numbers and letters as people dictate them: "double oh seven, um, forty-four… no, forty-five, S for sugar".

Groups of one number stand apart by pauses, fillers, echoes, short answers and corrections. Money, counts, dates and
clock times are no part of a run. Patterns read normalised text (lower case) in which what was said before stands on
lines of its own. What a run is, is told by :mod:`qa_service.text.personal_en`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import regex

from qa_service.text.numbers_en import DIGIT_WORDS, SMALL, TENS

#: What is told of one number: digits, or a letter that was spelled out.
_TOKEN = regex.compile(
    r"(?P<closed>[£$€]\s?\d[\d,]*(?:\.\d+)?|\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+\.\d+|\d{1,2}:\d{2}"
    r"|\d{1,2}/\d{1,2}/\d{2,4}|\d+(?:st|nd|rd|th)\b"
    r"|\bc\W{0,2}v\W{0,2}(?:v|c|n)\b|\bc\W{0,2}i\W{0,2}d\b|\bn\W{0,2}i\b|\bs\W{0,2}s\W{0,2}n\b|\bo\W{0,2}t\W{0,2}p\b"
    r"|\b(?:first|last|next|final|other|all|the) (?:two|three|four|five|six|eight|nine|\d{1,2})(?= (?:\w+ )?(?:of"
    r"|digits?|numbers?|on|letters?)\b)"
    r"|\b(?:last|final) (?:two|three|four|\d)\b)"
    r"|(?P<digits>\d+)|(?P<word>[a-z]+(?:'[a-z]+)?)|(?P<line>\n)"
)
_REPEATS = {"double": 2, "triple": 3, "treble": 3}
_NUMBER_WORDS = {"nought", "naught", *DIGIT_WORDS, *TENS, *SMALL, *_REPEATS}
#: Behind a number: it counts, measures or dates something.
_MEASURES = """pound pounds quid dollar dollars buck bucks pence cent cents percent grand k day days week weeks month
months year years hour hours minute minutes second seconds times payment payments instalment instalments installment
installments digit digits number numbers letter letters little people cards kids children am pm o'clock thousand
million each per a st nd rd th january february march april may june july august september october november december
"""
#: Between the groups of one number, answers of the other side included.
_FILLERS = """um uh er erm ah hmm mm mhm dash hyphen space stroke slash then next yes yep yeah yup ok okay right and so
sorry no wait actually go on carry got it followed by after that let me see think i mean is it's that's hang now
the rest huh sure alright lovely perfect great thanks please plus i'm nope hold well you said finally lastly again
repeat ready sir ma'am love mate just digit bit group part end ends with capital lower small another more there
we're what's a hm cheers good it'll be was start starts begins ending finishes
"""
_MEASURE = frozenset(_MEASURES.split())
_FILLER = frozenset(_FILLERS.split())
_CORRECTED = regex.compile(r"\b(?:no|sorry|wait|actually|i mean|you said)\b")
_MOST_FILLERS = 6
#: Characters between two groups of one number, and from a cue to the number that it is about.
AHEAD = 110
#: Letters with which a National Insurance number begins, and the words that look like them.
NI_PAIR = regex.compile(r"[a-ceghj-prstw-z][a-ceghj-nprstw-z]")
_COMMON_WORDS = "ah al am an as at be by eh er ex go ha he hm me mm my no oh ok on or pa pm so to we ya"
_COMMON = frozenset(_COMMON_WORDS.split())


@dataclass(frozen=True, slots=True)
class Piece:
    """Digits or spelled letters at ``[start, end)``; ``breaks``: something other than a pause stands before it."""

    start: int
    end: int
    digits: str = ""
    letters: str = ""
    breaks: bool = False


@dataclass(frozen=True, slots=True)
class Run:
    """Pieces of one number; ``corrected``: the speaker took a part of it back, so that it has more of them.

    What a run holds is put together each time: ask once where a run may be long.
    """

    pieces: tuple[Piece, ...]
    corrected: bool

    @property
    def start(self) -> int:
        return self.pieces[0].start

    @property
    def end(self) -> int:
        return self.pieces[-1].end

    @property
    def digits(self) -> str:
        return "".join(p.digits for p in self.pieces)

    @property
    def shape(self) -> str:
        """L for a letter, D for a digit; a last letter as it is."""
        written = "".join("D" * len(p.digits) + "L" * len(p.letters) for p in self.pieces)
        return written[:-1] + self.letters[-1:].upper() if self.pieces[-1].letters else written

    def groups(self, text: str) -> tuple[int, ...]:
        """Digits between two pauses."""
        sizes = [len(self.pieces[0].digits)]
        for one, other in pairwise(self.pieces):
            if text[one.end : other.start] in (" ", "-"):
                sizes[-1] += len(other.digits)
            else:
                sizes.append(len(other.digits))
        return tuple(sizes)

    @property
    def letters(self) -> str:
        return "".join(p.letters for p in self.pieces)


def runs_of(text: str) -> Iterator[Run]:
    """Pieces with nothing but pauses and fillers between them."""
    kept: list[Piece] = []
    for piece in _pieces(text):
        if kept and (piece.breaks or piece.start - kept[-1].end > AHEAD):
            yield from _numbered(text, kept)
            kept = []
        kept.append(piece)
    yield from _numbered(text, kept)


def _numbered(text: str, pieces: list[Piece]) -> Iterator[Run]:
    """The run of the pieces, if any of them is a number: letters alone are none."""
    if any(p.digits for p in pieces):
        said = text[pieces[0].start : pieces[-1].end]
        yield Run(tuple(pieces), _CORRECTED.search(said) is not None)


def _pieces(text: str) -> Iterator[Piece]:
    """Numbers and spelled letters in order."""
    tokens = list(_TOKEN.finditer(text))
    at, breaks, fillers = 0, True, 0
    while at < len(tokens):
        piece, after = _piece(text, tokens, at)
        if piece is not None:
            yield Piece(piece.start, piece.end, piece.digits, piece.letters, breaks or fillers > _MOST_FILLERS)
            at, breaks, fillers = after, False, 0
            continue
        token = tokens[at]
        if token["word"] and token["word"] in _FILLER:
            fillers += 1
        elif not token["line"]:
            breaks = True
        at = max(at + 1, after)


def _piece(text: str, tokens: Sequence[regex.Match[str]], at: int) -> tuple[Piece | None, int]:
    """The piece that begins with a token, if one does, and the token behind it."""
    token = tokens[at]
    found = _number(text, tokens, at)
    if found is not None:
        digits, after = found
        if _measured(text, tokens, after) or "\n" in text[token.start() : tokens[after - 1].end()]:
            return None, after
        return Piece(token.start(), tokens[after - 1].end(), digits=digits), after
    letters, after = _letters(text, tokens, at)
    return (Piece(token.start(), tokens[after - 1].end(), letters=letters), after) if letters else (None, at + 1)


def _measured(text: str, tokens: Sequence[regex.Match[str]], after: int) -> bool:
    """Whether the number before token ``after`` counts something."""
    if after >= len(tokens) or tokens[after]["word"] not in _MEASURE:
        return text[tokens[after - 1].end() : tokens[after - 1].end() + 1] == "%"
    return regex.fullmatch(r"[\s\-]{0,2}", text, pos=tokens[after - 1].end(), endpos=tokens[after].start()) is not None


def _number(text: str, tokens: Sequence[regex.Match[str]], at: int) -> tuple[str, int] | None:
    """Digits that are said in one breath: 7, "double oh", "forty-four", "twenty-two hundred", 4417."""
    token = tokens[at]
    if token["digits"]:
        return token["digits"], at + 1
    word = token["word"] or ""
    nearest = tokens[at + 1]["word"] or "" if at + 1 < len(tokens) and _close(text, tokens, at) else ""
    if word in _REPEATS:
        digit = DIGIT_WORDS.get(nearest) or ("0" if nearest == "o" else "")
        if not digit and at + 1 < len(tokens) and len(tokens[at + 1]["digits"] or "") == 1 and _close(text, tokens, at):
            digit = tokens[at + 1]["digits"]
        return (digit * _REPEATS[word], at + 2) if digit else None
    if word in ("oh", "o"):
        return ("0", at + 1) if _is_zero(text, tokens, at) else None
    value, after = _below_hundred(word, nearest, at)
    if value is None:
        return None
    if after < len(tokens) and tokens[after]["word"] == "hundred" and _close(text, tokens, after - 1):
        return f"{value}00", after + 1
    return value, after


def _below_hundred(word: str, nearest: str, at: int) -> tuple[str | None, int]:
    if word in TENS:
        unit = DIGIT_WORDS.get(nearest, "0")
        return (str(TENS[word] + int(unit)), at + 2) if unit != "0" else (str(TENS[word]), at + 1)
    if word in ("nought", "naught"):
        return "0", at + 1
    if word in DIGIT_WORDS:
        return DIGIT_WORDS[word], at + 1
    return (str(SMALL[word]), at + 1) if word in SMALL else (None, at + 1)


def _close(text: str, tokens: Sequence[regex.Match[str]], at: int) -> bool:
    """Whether only a space or a hyphen stands between a token and the next."""
    return text[tokens[at].end() : tokens[at + 1].start()] in (" ", "-")


def _is_zero(text: str, tokens: Sequence[regex.Match[str]], at: int) -> bool:
    """ "Oh" is a digit beside another one; "Oh, two nine five" begins with a sigh."""

    def number(token: regex.Match[str]) -> bool:
        return bool(token["digits"]) or (token["word"] or "") in _NUMBER_WORDS

    behind = at > 0 and (number(tokens[at - 1]) or tokens[at - 1]["word"] == "o")
    return behind or (at + 1 < len(tokens) and _close(text, tokens, at) and number(tokens[at + 1]))


def _letters(text: str, tokens: Sequence[regex.Match[str]], at: int) -> tuple[str, int]:
    """A letter that is spelled: "s", "S for sugar", "B as in Bravo", "double s"; an article or "I" is none."""
    word = tokens[at]["word"] or ""
    words = [t["word"] or "" for t in tokens[at : at + 4]]
    if word in _REPEATS and len(words) > 1 and len(words[1]) == 1:
        return words[1] * _REPEATS[word], at + 2
    if NI_PAIR.fullmatch(word) and word not in _COMMON and at + 1 < len(tokens) and _number(text, tokens, at + 1):
        return word, at + 1
    if len(word) != 1:
        return "", at + 1
    if words[1:2] == ["for"] and len(words) > 2 and words[2].startswith(word):
        return word, at + 3
    if words[1:3] == ["as", "in"] and len(words) > 3 and words[3].startswith(word):
        return word, at + 4
    spelled_on = word not in "ai" or (len(words) > 1 and len(words[1]) == 1)
    return (word, at + 1) if spelled_on else ("", at + 1)
