"""Sorted numbers of turns and calls, as SQLite gives them and numpy joins them."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from qa_service.search.embedded.schema import TURN_BITS

Ints: TypeAlias = npt.NDArray[np.int64]
Floats: TypeAlias = npt.NDArray[np.float64]
Bools: TypeAlias = npt.NDArray[np.bool_]

NONE: Ints = np.empty(0, np.int64)


def listed(connection: sqlite3.Connection, what: str, source: str, values: Sequence[object]) -> Ints:
    """The whole numbers of one column, sorted.

    Joined to one text by SQLite, for a row of its own for each costs five times as much.
    """
    (text,) = connection.execute(f"SELECT group_concat({what}) FROM {source}", values).fetchone()  # noqa: S608
    return np.sort(np.fromstring(text, np.int64, sep=","), kind="stable") if text else NONE


def json_of(numbers: Ints) -> str:
    """For json_each(): the way to hand many numbers to SQLite."""
    return json.dumps(numbers.tolist())


def within(numbers: Ints, others: Ints) -> Bools:
    """Which of the sorted numbers are among the sorted others."""
    if not len(others):
        return np.zeros(len(numbers), np.bool_)
    at = np.minimum(np.searchsorted(others, numbers), len(others) - 1)
    found: Bools = others[at] == numbers
    return found


def both(one: Ints, other: Ints) -> Ints:
    few, many = (one, other) if len(one) <= len(other) else (other, one)
    return few[within(few, many)]


def either(one: Ints, other: Ints) -> Ints:
    return np.union1d(one, other) if len(one) and len(other) else one if len(one) else other


def without(one: Ints, other: Ints) -> Ints:
    return one[~within(one, other)]


def call_of(keys: Ints) -> Ints:
    return keys >> TURN_BITS


def place_of(keys: Ints) -> Ints:
    return keys & ((1 << TURN_BITS) - 1)


def keys_of(numbers: Ints, turns: Ints) -> Ints:
    """The keys of all turns of these calls, so many each."""
    ends = np.cumsum(turns)
    places = np.arange(int(ends[-1]) if len(ends) else 0) - np.repeat(ends - turns, turns)
    return np.repeat(numbers << TURN_BITS, turns) + places
