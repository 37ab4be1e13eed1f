"""An embedded index of its own for each test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from qa_service.search.embedded import EmbeddedIndex


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "data" / "search.sqlite3"


@pytest.fixture
def index(path: Path) -> Iterator[EmbeddedIndex]:
    with EmbeddedIndex(path) as made:
        yield made
