"""What commands share: settings, the store, the index, logging."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qa_service import logs
from qa_service.errors import ErrorCode, SetupError
from qa_service.settings import Settings, load_settings, unknown_settings

if TYPE_CHECKING:
    from qa_service.search.protocol import SearchIndex
    from qa_service.store.store import Store


def start() -> Settings:
    """Settings from the environment; logging set up. The first line of every command."""
    settings = load_settings()
    logs.configure(settings.log_level)
    for line in unknown_settings():
        logs.get(__name__).warning(line)
    return settings


def open_data(settings: Settings) -> Store:
    """The database, migrated to the newest schema."""
    from qa_service.store.store import open_store

    try:
        settings.data_dir.mkdir(parents=True, exist_ok=True)
    except OSError as wrong:
        raise SetupError(
            ErrorCode.SETTINGS_INVALID,
            f"The data folder {settings.data_dir} cannot be made: {wrong.strerror}.",
            "Set QA_DATA_DIR to a folder that can be written.",
        ) from None
    return open_store(settings.database)


def open_search(settings: Settings) -> SearchIndex | None:
    """The search index, or None (logged) when it is down: work goes on and documents wait."""
    from qa_service.search.create import open_index

    try:
        return open_index(settings)
    except SetupError as wrong:
        logs.failure(logs.get(__name__), "search index", wrong)
        return None
