"""The index that needs no server: SQLite FTS5 finds the turns, numpy ranks, counts and compares them."""

from qa_service.search.embedded.index import EmbeddedIndex

__all__ = ["EmbeddedIndex"]
