"""Pieces of SVG with the page's classes for colour: escaped, without style attributes, the same in both themes."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from typing import Literal

from markupsafe import Markup

from qa_service.records import Severity

WIDTH = 920
TEXT = 13
SMALL = 11.5

Anchor = Literal["start", "middle", "end"]

#: One shape for each severity, in a box of 16 × 16; the same shapes as on the pages.
SHAPES: dict[Severity, str] = {
    Severity.CRITICAL: "M8 1.3L15.4 14.5H.6z",
    Severity.MAJOR: "M8 .8L15.2 8 8 15.2.8 8z",
    Severity.MINOR: "M13.6 8A5.6 5.6 0 1 1 2.4 8a5.6 5.6 0 1 1 11.2 0z",
    Severity.PRAISE: "M8 .9l2.2 4.7 5.1.6-3.8 3.5 1 5.1L8 12.3l-4.5 2.5 1-5.1L.7 6.2l5.1-.6z",
}


def chart(name: str, height: float, title: str, description: str, body: Iterable[Markup]) -> Markup:
    """A whole chart, WIDTH units wide. Title and description are read aloud in place of the drawing."""
    return Markup(
        '<svg class="chart" viewBox="0 0 {w} {h}" role="img" aria-labelledby="{n}-t {n}-d" '
        'xmlns="http://www.w3.org/2000/svg"><title id="{n}-t">{t}</title><desc id="{n}-d">{d}</desc>'
        '<defs><pattern id="{n}-hatch" width="6" height="6" patternUnits="userSpaceOnUse" '
        'patternTransform="rotate(45)"><path class="hatch" d="M0 3H6"/></pattern></defs>{b}</svg>'
    ).format(w=WIDTH, h=num(height), n=name, t=title, d=description, b=join(body))


def join(parts: Iterable[Markup]) -> Markup:
    return Markup("\n").join(parts)


def num(value: float) -> str:
    """A coordinate: one decimal, none where it is whole."""
    return f"{value:.1f}".removesuffix(".0")


def rect(x: float, y: float, width: float, height: float, kind: str) -> Markup:
    return Markup('<rect class="{}" x="{}" y="{}" width="{}" height="{}"/>').format(
        kind, num(x), num(y), num(max(0.0, width)), num(max(0.0, height))
    )


def hatched(name: str, x: float, y: float, width: float, height: float, kind: str) -> Markup:
    """A rectangle filled with the chart's own hatching; ``kind`` gives its outline."""
    return Markup('<rect class="{}" fill="url(#{}-hatch)" x="{}" y="{}" width="{}" height="{}"/>').format(
        kind, name, num(x), num(y), num(width), num(height)
    )


def path(d: str, kind: str) -> Markup:
    return Markup('<path class="{}" d="{}"/>').format(kind, d)


def across(x1: float, x2: float, y: float, kind: str) -> Markup:
    return path(f"M{num(x1)} {num(y)}H{num(x2)}", kind)


def down(x: float, y1: float, y2: float, kind: str) -> Markup:
    return path(f"M{num(x)} {num(y1)}V{num(y2)}", kind)


def dot(x: float, y: float, radius: float, kind: str) -> Markup:
    return Markup('<circle class="{}" cx="{}" cy="{}" r="{}"/>').format(kind, num(x), num(y), num(radius))


def shape(severity: Severity, x: float, y: float, size: float = 11) -> Markup:
    """The mark of a severity, centred on (x, y)."""
    scale = size / 16
    return Markup('<path class="is-{}" transform="translate({} {}) scale({})" d="{}"/>').format(
        severity, num(x - size / 2), num(y - size / 2), f"{scale:.3f}", SHAPES[severity]
    )


def text(x: float, y: float, words: str, kind: str = "t", anchor: Anchor = "start") -> Markup:
    return Markup('<text class="{}" x="{}" y="{}" text-anchor="{}">{}</text>').format(
        kind, num(x), num(y), anchor, words
    )


def width_of(words: str, size: float = TEXT) -> float:
    """About how wide a text is drawn: Chinese characters are square, Latin ones a little over half."""
    return size * sum(1.0 if unicodedata.east_asian_width(c) in "WF" else 0.56 for c in words)


def fit(words: str, width: float, size: float = TEXT) -> str:
    """Text cut, with an ellipsis, to what fits."""
    if width_of(words, size) <= width:
        return words
    while words and width_of(f"{words}…", size) > width:
        words = words[:-1]
    return f"{words.rstrip()}…"


def top_of_share(largest: float) -> float:
    """A round upper end for an axis of shares."""
    return next(top for top in (0.1, 0.2, 0.4, 0.6, 0.8, 1.0) if largest <= top)


def steps(largest: int, most: int = 6) -> list[int]:
    """Round ticks of an axis of counts, from 0 up to or past ``largest``."""
    size = 1
    while largest > size * (most - 1):
        size = {1: 2, 2: 5, 5: 10}.get(size // 10 ** (len(str(size)) - 1), 2) * 10 ** (len(str(size)) - 1)
    return list(range(0, max(largest, 1) + size, size))
