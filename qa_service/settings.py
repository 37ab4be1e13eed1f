"""Settings: read from the environment (``QA_…``) or a ``.env`` file, never at import.

``QA_DATA_DIR`` (default ``var``) holds the database, audio, reports and unpacked weights.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from qa_service.errors import ErrorCode, SetupError


class Settings(BaseSettings):
    """All that an operator can set. Names in the environment are upper case with ``QA_`` before them."""

    model_config = SettingsConfigDict(env_prefix="QA_", env_file=".env", extra="ignore", frozen=True)

    # places
    data_dir: Path = Path("var")
    database_url: str = ""
    rules_dir: Path | None = None
    models_dir: Path | None = None
    reports_dir: Path | None = None

    # audio limits
    max_file_mb: float = Field(default=500.0, gt=0)
    min_duration_s: float = Field(default=2.0, ge=0)
    max_duration_s: float = Field(default=3 * 3600.0, gt=0)
    max_channels: int = Field(default=2, ge=1)
    min_sample_rate: int = Field(default=8000, gt=0)
    agent_channel: Literal["agent_left", "agent_right"] = "agent_left"

    # speech
    engine: Literal["faster-whisper", "openai-whisper"] = "faster-whisper"
    model: str = "base"
    device: Literal["auto", "cpu", "cuda"] = "auto"
    cpu_threads: int = Field(default=0, ge=0, description="0: all cores")
    beam_size: int = Field(default=5, ge=1)
    default_language: Literal["auto", "zh", "en"] = "auto"
    domain_prompt: bool = True
    coverage_floor: float = Field(default=0.6, ge=0, le=1)
    word_probability_floor: float = Field(default=0.35, ge=0, le=1)

    # inspection
    default_jurisdiction_zh: str = "CN"
    default_jurisdiction_en: str = "US"
    timezone: str = "Asia/Shanghai"
    max_attempts: int = Field(default=3, ge=1)
    lease_s: float = Field(default=120.0, gt=0)

    # service
    host: str = "127.0.0.1"
    port: int = Field(default=8000, ge=0, le=65535)
    admin_user: str = "admin"
    admin_password: SecretStr = SecretStr("")
    session_hours: float = Field(default=12.0, gt=0)
    ui_language: Literal["zh", "en"] = "zh"
    cookie_secure: bool = False
    elasticsearch_url: str = ""
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"

    @property
    def database(self) -> str:
        """SQLAlchemy URL: ``QA_DATABASE_URL``, else SQLite in the data directory."""
        return self.database_url or f"sqlite:///{(self.data_dir / 'qa.sqlite3').absolute()}"

    @property
    def audio_dir(self) -> Path:
        return self.data_dir / "audio"

    @property
    def report_output_dir(self) -> Path:
        return self.data_dir / "reports"

    @property
    def weights_dir(self) -> Path:
        return self.data_dir / "models"

    @property
    def index_path(self) -> Path:
        return self.data_dir / "search.sqlite3"


def load_settings(**overrides: object) -> Settings:
    """Settings from the environment with ``overrides`` on top; a wrong value is a clear error.

    Raises:
        SetupError: a value is not allowed; the message names the variable.
    """
    try:
        return Settings(**overrides)  # type: ignore[arg-type]
    except ValidationError as wrong:
        first = wrong.errors()[0]
        name = "QA_" + "_".join(str(p) for p in first["loc"]).upper()
        raise SetupError(
            ErrorCode.SETTINGS_INVALID, f"{name}: {first['msg']}.", "Correct it in the environment or in .env."
        ) from None


@lru_cache(maxsize=1)
def _checkout_root() -> Path:
    return Path(__file__).resolve().parent.parent


def bundled(kind: Literal["rules", "models", "reports"], override: Path | None = None) -> Path:
    """Folder of data that ships: the operator's override, the wheel's copy, or the checkout's folder.

    Raises:
        SetupError: none of them exists.
    """
    here = Path(__file__).resolve().parent
    for place in ([override] if override else [here / "_bundled" / kind, _checkout_root() / kind]):
        if place.is_dir():
            return place
    raise SetupError(
        ErrorCode.SETTINGS_INVALID,
        f"The folder of {kind} was not found{f' at {override}' if override else ''}.",
        f"Set QA_{kind.upper()}_DIR or install the package again.",
    )
