"""Tables (CSV) of calls: a head with the names of the fields, which is one line, then one recording a row."""

from __future__ import annotations

import csv
import re
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from qa_service.records.fact_words import plain_name

AUDIO = (
    "audio", "file", "audio_file", "audio_path", "recording", "recording_file", "recording_path", "file_name",
    "录音", "录音文件", "录音文件名", "录音路径", "文件名",
)  # fmt: skip
"""Under these a table names the recording; of several columns the first name here."""
MARKS = ",;\t"
SUFFIXES = frozenset([".csv", ".tsv"])
_AUDIO = {plain_name(name): place for place, name in enumerate(AUDIO)}
_PLACES = frozenset({"account", "history", "extra"})
#: A cell that goes on over more lines than these has lost its quote.
MOST_LINES = 100
_OPEN = "has a quote that is not closed"
_TELLS_MARK = re.compile(rf'"?sep=([{MARKS}])"?[{MARKS}]*', re.IGNORECASE)


def is_table(path: Path, first: bytes) -> bool:
    """Whether this first line of a file is the head of a table, and no JSON."""
    if first.startswith((b"{", b"[")):
        return False
    if path.suffix.lower() in SUFFIXES:
        return True
    return b"{" not in first and max(first.count(mark.encode()) for mark in MARKS) >= 2


def told_mark(line: str) -> str:
    """What stands between cells, where a line tells no more than that (``sep=;``, for Excel); else empty."""
    found = _TELLS_MARK.fullmatch(line.removeprefix("\ufeff").rstrip("\r\n"))
    return found[1] if found else ""


@dataclass(frozen=True)
class Head:
    """``names`` of the columns, empty where one has none; ``mark``: what stands between cells."""

    names: tuple[str, ...]
    mark: str

    @property
    def names_audio(self) -> bool:
        return any(plain_name(name) in _AUDIO for name in self.names)

    def is_open(self, lines: str) -> bool:
        """Whether a quote is open at their end, so that the row goes on in the next line."""
        try:
            _cells(lines, self.mark)
        except ValueError as wrong:
            return str(wrong) == _OPEN
        return False

    def sent(self, line: str) -> dict[str, Any]:
        """The cells of a row by their names as a JSON line has them, the recording as ``audio``; without cells that are
        empty, and empty where all are: spreadsheets write such rows.

        Raises:
            ValueError: it has cells that no name is for, or an open quote.
        """
        cells = _cells(line, self.mark)
        if any(cells[len(self.names) :]):
            raise ValueError(f"has {len(cells)} cells, and the head {len(self.names)} names")
        named = {name: cell for name, cell in zip(self.names, cells, strict=False) if name and cell}
        paths = sorted(
            (name for name in named if plain_name(name) in _AUDIO), key=lambda name: _AUDIO[plain_name(name)]
        )
        facts = _placed({name: cell for name, cell in named.items() if name not in paths})
        return facts | ({"audio": named[paths[0]]} if paths else {})


def head_of(line: str, mark: str = "") -> Head:
    """The names in the first line of a table. ``mark``: what stands between cells, where that was told.

    Raises:
        ValueError: none, or one twice.
    """
    mark = mark or max(MARKS, key=line.count)
    names = tuple(_cells(line, mark))
    twice = [name for name, times in Counter(filter(None, names)).items() if times > 1]
    if twice:
        raise ValueError(f"names the column {twice[0][:40]!r} twice")
    if not any(names):
        raise ValueError("names no column")
    return Head(names, mark)


def _placed(sent: dict[str, str]) -> dict[str, Any]:
    """Facts by the names that rules have for them, ``account.time_barred``, in their places."""
    placed: dict[str, Any] = {}
    for name, cell in sent.items():
        place, dot, fact = name.partition(".")
        if dot and place in _PLACES and place not in sent:
            placed.setdefault(place, {})[fact] = cell
        else:
            placed[name] = cell
    return placed


def _cells(line: str, mark: str) -> list[str]:
    try:
        (cells,) = csv.reader([line.rstrip("\r\n")], delimiter=mark, strict=True)
    except csv.Error as wrong:
        reason = _OPEN if "unexpected end" in str(wrong) else f"({wrong})"
        raise ValueError(reason) from None
    return [cell.strip() for cell in cells]
