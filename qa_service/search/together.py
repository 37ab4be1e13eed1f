"""near(单位 电话, 10s) and before(核实 欠款): what was typed, as a Near."""

from __future__ import annotations

import re
from collections.abc import Iterator

from luqum import tree as lucene

from qa_service.errors import QueryError
from qa_service.search.fields import QUOTE_IT, seconds, short
from qa_service.search.grammar import Cut, Parsed, parsed, signed
from qa_service.search.reader import Reader, beside, has_words
from qa_service.search.tree import Near

#: A window in seconds, least and most.
WINDOW = (1.0, 3600.0)
MOST_PARTS = 8
MOST_NEARS = 4
_WINDOW = re.compile(r"[,，、]\s*(\d[\d.]*\s*[^\W\d_]*)\s*$")
_THOUSANDS = re.compile(r"(?<=\d),\d{3}\s*$")
_BARE = re.compile(r"(?<!\S)\d[\d.]*\s?(?:s|sec|m|min)\s*$", re.IGNORECASE)
_HINT = "Write near(单位 电话, 10s) or before(核实 欠款)."


def check_places(read: Parsed) -> None:
    """See that every near() stands at the top.

    Raises:
        QueryError: one stands in brackets, under OR, NOT or a field, or there are too many.
    """
    top = {item.pos for item in beside(read.item, grouped=False) if isinstance(item, lucene.Word)}
    for place, cut in sorted(read.nears.items()):
        if place not in top:
            hint = "Put it outside brackets, OR and NOT; it joins the rest by AND."
            raise QueryError(f"{_name(cut)} stands inside something else.", position=place, hint=hint)
    if len(read.nears) > MOST_NEARS:
        place = sorted(read.nears)[MOST_NEARS]
        message = f"More than {MOST_NEARS} near() or before() stand in one text."
        raise QueryError(message, position=place, hint="Search in several steps.")


def nears(read: Parsed) -> Iterator[Near]:
    """Each near() and before() of the text, in order.

    Raises:
        QueryError: one cannot be understood.
    """
    for _, cut in sorted(read.nears.items()):
        inside, items, window = opened(read, cut)
        reader = Reader(inside, "call")
        parts = tuple(node for item in items if (node := reader.node(item)) is not None)
        yield Near(parts, window, cut.ordered)


def opened(read: Parsed, cut: Cut) -> tuple[Parsed, tuple[lucene.Item, ...], float | None]:
    """What stands in the brackets of a near(): as it was read, its parts, and the window in seconds.

    Raises:
        QueryError: it cannot be understood.
    """
    window, end = _window(read.typed, cut)
    inside = parsed(read.typed, (cut.inside[0], end))
    if inside.nears:
        message = f"{_name(cut)} holds another near() or before()."
        raise QueryError(message, position=min(inside.nears), hint="Put them side by side.")
    items = tuple(beside(inside.item, grouped=False))
    _check_parts(items, cut)
    return inside, items, window


def _check_parts(items: tuple[lucene.Item, ...], cut: Cut) -> None:
    for item in items:
        if not has_words(item):
            message = f"A part of {_name(cut)} has no word to look for."
            hint = "Put a field into brackets with its word: near((role:agent 单位) 电话), or outside."
            raise QueryError(message, position=item.pos, hint=hint)
    if not 2 <= len(items) <= MOST_PARTS:
        message = f"{_name(cut)} needs 2 to {MOST_PARTS} parts; here it has {len(items)}."
        raise QueryError(message, position=cut.start, hint=f"{_HINT} Spaces part them.")


def _window(typed: str, cut: Cut) -> tuple[float | None, int]:
    """The window in seconds, and where the parts end. A last number like that of 3,000 is none."""
    start, end = cut.inside
    inside = signed(typed)[start:end]
    bare = _BARE.search(inside)
    if bare and not inside[: bare.start()].rstrip().endswith((",", "，", "、")):
        hint = f"{_HINT} {QUOTE_IT}"
        raise QueryError("A comma is missing before the window.", position=start + bare.start(), hint=hint)
    found = _WINDOW.search(inside)
    if not found or _THOUSANDS.search(inside):
        return None, end
    window = seconds(found.group(1))
    if window is None or not WINDOW[0] <= window <= WINDOW[1]:
        message = f"{_name(cut)} cannot have the window {short(found.group(1))}."
        hint = f"Write 1 to 3600 seconds: 10s, 10秒, 2m, 2分钟. {QUOTE_IT}"
        raise QueryError(message, position=start + found.start(1), hint=hint)
    return window, start + found.start()


def _name(cut: Cut) -> str:
    return "before()" if cut.ordered else "near()"
