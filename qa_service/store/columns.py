"""Values as columns take them."""

from __future__ import annotations

from datetime import UTC, datetime


def naive_utc(moment: datetime) -> datetime:
    """UTC without zone: SQLite keeps no zones, and both databases should keep the same.

    Raises:
        OverflowError: the moment lies outside the years 1 to 9999 in UTC.
    """
    return moment.astimezone(UTC).replace(tzinfo=None)


def now_utc() -> datetime:
    """This moment, as columns take it."""
    return naive_utc(datetime.now(UTC))


def aware(moment: datetime) -> datetime:
    """The inverse of :func:`naive_utc`."""
    return moment.replace(tzinfo=UTC)


def clean(text: str) -> str:
    """Text that every database takes: no NUL, no unpaired surrogates (file names may hold both)."""
    return text.replace("\0", "").encode("utf-8", "replace").decode("utf-8")


def clean_or_none(text: str | None) -> str | None:
    return None if text is None else clean(text)
