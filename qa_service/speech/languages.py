"""Which languages a model hears. Models named ``….en`` know English and cannot tell it from anything else."""

from __future__ import annotations

from qa_service.errors import AudioError, ErrorCode, SetupError
from qa_service.settings import Settings

ENGLISH_ONLY = ".en"


def check_settings(settings: Settings) -> None:
    """Refuse an English-only model where calls may be in another language: it would write English over them.

    Raises:
        SetupError: SETTINGS_INVALID.
    """
    if settings.model.endswith(ENGLISH_ONLY) and settings.default_language != "en":
        message = f"Model {settings.model} hears English only and cannot tell the language of a call."
        hint = f"Set QA_DEFAULT_LANGUAGE=en, or QA_MODEL={settings.model.removesuffix(ENGLISH_ONLY)}."
        raise SetupError(ErrorCode.SETTINGS_INVALID, message, hint)


def check_language(model: str, multilingual: bool, language: str | None) -> None:
    """Refuse what this model cannot hear; ``language`` None: it is to be detected.

    Raises:
        AudioError: LANGUAGE_UNSUPPORTED.
    """
    if multilingual or language == "en":
        return
    what = f"this call is in {language}" if language else "it cannot tell the language of a call"
    message = f"Model {model} hears English only; {what}."
    raise AudioError(ErrorCode.LANGUAGE_UNSUPPORTED, message, "Take a multilingual model (QA_MODEL) for it.")
