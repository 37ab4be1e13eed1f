"""Settings: read from the environment (``QA_…``) or a ``.env`` file, never at import.

``QA_DATA_DIR`` (default ``var``) holds the database, audio, reports and unpacked weights.
"""

from __future__ import annotations

import difflib
import os
from functools import lru_cache
from pathlib import Path
from typing import Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from dotenv import dotenv_values
from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from qa_service.errors import ErrorCode, SetupError

PREFIX = "QA_"
ENV_FILE = ".env"


class Settings(BaseSettings):
    """All that an operator can set. Names in the environment are upper case with ``QA_`` before them."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, env_file=ENV_FILE, env_ignore_empty=True, extra="ignore", frozen=True, allow_inf_nan=False
    )

    # places
    data_dir: Path = Field(Path("var"), description="folder of the database, audio, reports and unpacked weights")
    database_url: str = Field("", description="SQLAlchemy URL; empty: SQLite in the data folder")
    rules_dir: Path | None = Field(None, description="packs other than those that ship")
    models_dir: Path | None = Field(None, description="model manifest other than the one that ships")
    reports_dir: Path | None = Field(None, description="report templates other than those that ship")

    # audio limits
    max_file_mb: float = Field(default=500.0, gt=0, description="larger files are refused")
    min_duration_s: float = Field(default=2.0, ge=0, description="shorter recordings are refused")
    max_duration_s: float = Field(default=3 * 3600.0, gt=0, description="longer recordings are refused")
    max_channels: int = Field(default=2, ge=1, description="more channels are refused")
    min_sample_rate: int = Field(default=8000, gt=0, description="Hz; below it telephone speech is not intelligible")
    agent_channel: Literal["agent_left", "agent_right"] = Field(
        "agent_left", description="which channel carries the agent, where the facts do not say"
    )

    # speech
    engine: Literal["faster-whisper", "openai-whisper"] = Field("faster-whisper", description="speech engine")
    model: str = Field("base", description="weights by name or path")
    device: Literal["auto", "cpu", "cuda"] = Field(
        "auto", description="where to decode; auto: on a GPU that the engine can use, else on the CPU"
    )
    device_index: int = Field(default=0, ge=0, description="which GPU, where there are several")
    compute_type: Literal["auto", "int8", "int8_float32", "float32", "float16", "int8_float16"] = Field(
        "auto", description="numbers to compute in; auto: float16 on a GPU, int8 on a CPU (openai-whisper: float32)"
    )
    cpu_threads: int = Field(default=0, ge=0, description="of the decoder; 0: all cores")
    batch_s: float = Field(
        default=0.0, ge=0, description="seconds of sound in one batch; 0: 240 on a CPU, 960 on a GPU"
    )
    model_idle_s: float = Field(
        default=900.0, ge=0, description="seconds after which a model that nobody uses gives its memory back; 0: never"
    )
    beam_size: int = Field(default=5, ge=1, description="decoding beam")
    default_language: Literal["auto", "zh", "en"] = Field("auto", description="auto: detect for each call")
    domain_prompt: bool = Field(True, description="prompt the model with collections vocabulary")
    hotwords: str = Field("", description="names of lenders and products to expect in calls, with commas between")
    role_floor: float = Field(
        default=0.8,
        ge=0,
        le=1,
        description="where who is who is less sure, rules about one side are not assessed",
    )
    sound_alike: bool = Field(True, description="rules also find words that were heard as others of the same sound")
    classifier: Literal["auto", "onnx", "torch", "off"] = Field(
        "auto", description="what judges turns by a model; auto: torch on a GPU that it sees, else onnxruntime"
    )
    classifier_dir: Path | None = Field(
        None, description="weights that you trained yourself (scripts/train_conduct.py), instead of those that ship"
    )
    classifier_characters: int = Field(
        300_000, ge=1, description="a call with more is judged by words alone: the classifier would take many minutes"
    )
    second_opinion: bool = Field(
        True, description="the classifier may hold back or doubt what words alone have found (docs/classifier.md)"
    )
    coverage_floor: float = Field(default=0.6, ge=0, le=1, description="below it a call is not_assessable")
    word_probability_floor: float = Field(
        default=0.35, ge=0, le=1, description="findings on words less sure than this are unverified"
    )

    # inspection
    default_jurisdiction_zh: str = Field("CN", description="of Mandarin calls whose facts name none")
    default_jurisdiction_en: str = Field("US", description="of English calls whose facts name none")
    timezone: str = Field(
        "Asia/Shanghai",
        description="of the calendar day where a call has no time of its own, and of when files came or were refused",
    )
    max_attempts: int = Field(default=3, ge=1, description="a call that failed unexpectedly this often is given up")
    max_crashes: int = Field(
        default=12, ge=1, description="a call whose worker was killed or crashed this often is given up"
    )
    batch_calls: int = Field(default=4, ge=1, description="waiting recordings that a worker takes and hears together")
    lease_s: float = Field(default=120.0, gt=0, description="seconds after which a silent worker loses its call")

    # service
    host: str = Field("127.0.0.1", description="address of `qa serve`")
    port: int = Field(default=8000, ge=0, le=65535, description="port of `qa serve`")
    admin_user: str = Field("admin", description="name of the administrator")
    admin_password: SecretStr = Field(SecretStr(""), description="empty: a random one is printed at first start")
    session_hours: float = Field(default=12.0, gt=0, description="length of a log-in")
    ui_language: Literal["zh", "en"] = Field("zh", description="language of the pages until one is chosen")
    cookie_secure: bool = Field(False, description="true behind HTTPS")
    elasticsearch_url: str = Field("", description="several with commas between; empty: the embedded index")
    elasticsearch_api_key: SecretStr = Field(
        SecretStr(""), description="API key; or write https://USER:PASSWORD@HOST:9200"
    )
    elasticsearch_ca: Path | None = Field(
        None, description="file with the certificate that the server's is signed by, where it is no public one"
    )
    elasticsearch_prefix: str = Field(
        "qa",
        pattern=r"^[a-z0-9][a-z0-9_-]{0,99}$",
        description="first part of the names of index, aliases and template",
    )
    elasticsearch_shards: int = Field(default=1, ge=1, le=1024, description="of a new index")
    elasticsearch_replicas: int | None = Field(
        default=None, ge=0, le=20, description="of a new index; unset: one as soon as there is a second node"
    )
    elasticsearch_refresh: Literal["wait_for", "true", "false"] = Field(
        "wait_for",
        description="when what is written can be found: wait for the server's next refresh (1 s), at once, or later",
    )
    elasticsearch_ilm_policy: str = Field("", description="lifecycle policy of a new index; empty: none")
    search_vectors: Literal["auto", "off"] = Field(
        "auto", description="turns found by meaning too; auto: wherever the classifier's encoder is here"
    )
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field(
        "INFO", description="least severe line that is logged"
    )

    @field_validator("timezone")
    @classmethod
    def _zone(cls, name: str) -> str:
        try:
            ZoneInfo(name)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            raise ValueError(f"there is no time zone {name!r}; use a name such as Asia/Shanghai") from None
        return name

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
        SetupError: a value is not allowed; the message names the variable. Or ``.env`` cannot be read.
    """
    try:
        return Settings(**overrides)  # type: ignore[arg-type]
    except ValidationError as wrong:
        first = wrong.errors()[0]
        name = "QA_" + "_".join(str(p) for p in first["loc"]).upper()
        told = str(first["msg"]).removeprefix("Value error, ")
        raise SetupError(
            ErrorCode.SETTINGS_INVALID, f"{name}: {told}.", "Correct it in the environment or in .env."
        ) from None
    except (OSError, UnicodeDecodeError) as wrong:
        why = "it is not UTF-8" if isinstance(wrong, UnicodeDecodeError) else wrong.strerror
        message = f"The file {Path(ENV_FILE).absolute()} cannot be read: {why}."
        raise SetupError(ErrorCode.SETTINGS_INVALID, message, "Correct it, or take it away.") from None


def unknown_settings() -> list[str]:
    """What is set under a name like a setting's and is none, each with the name that may have been meant."""
    known = [PREFIX + name.upper() for name in Settings.model_fields]
    given = {name.upper() for name in (*os.environ, *dotenv_values(ENV_FILE))}
    told = []
    for name in sorted(name for name in given if name.startswith(PREFIX) and name not in known):
        close = difflib.get_close_matches(name, known, 1)
        told.append(f"{name} is no setting and changes nothing" + (f"; did you mean {close[0]}?" if close else ""))
    return told


@lru_cache(maxsize=1)
def _checkout_root() -> Path:
    return Path(__file__).resolve().parent.parent


def bundled(kind: Literal["rules", "models", "reports"], override: Path | None = None) -> Path:
    """Folder of data that ships: the operator's override, the wheel's copy, or the checkout's folder.

    Raises:
        SetupError: none of them exists.
    """
    here = Path(__file__).resolve().parent
    for place in [override] if override else [here / "_bundled" / kind, _checkout_root() / kind]:
        if place.is_dir():
            return place
    raise SetupError(
        ErrorCode.SETTINGS_INVALID,
        f"The folder of {kind} was not found{f' at {override}' if override else ''}.",
        f"Set QA_{kind.upper()}_DIR or install the package again.",
    )
