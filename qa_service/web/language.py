"""Language of the pages: chosen by the reader, else by the browser, else by the operator; words are data."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal

from starlette.requests import Request

Language = Literal["zh", "en"]
LANGUAGES: tuple[Language, ...] = ("zh", "en")
COOKIE = "qa_lang"
#: What goes into ``lang`` attributes.
TAGS: dict[Language, str] = {"zh": "zh-Hans", "en": "en"}
MESSAGES = Path(__file__).parent / "messages"


@cache
def messages(language: Language) -> dict[str, str]:
    """The catalogue of a language: messages/LANGUAGE.json, key to text with {places}."""
    return dict(json.loads((MESSAGES / f"{language}.json").read_text(encoding="utf-8")))


@dataclass(frozen=True)
class Translator:
    """``t("today.title")``; ``t("calls", n=3)`` takes ``calls.one`` for one where the language has it."""

    language: Language

    def __call__(self, key: str, **values: object) -> str:
        words = messages(self.language)
        if values.get("n") == 1 and f"{key}.one" in words:
            key = f"{key}.one"
        return words[key].format_map(values)

    def known(self, key: str, otherwise: str) -> str:
        """The text of a key that comes from data (a code, a state), or ``otherwise`` where there is none."""
        return messages(self.language).get(key, otherwise)


def asked(request: Request) -> Language | None:
    """The language that the address asks for: ``?lang=``."""
    return _known(request.query_params.get("lang"))


def choose(request: Request, default: Language) -> Language:
    """``?lang=``, else the cookie, else the browser's languages, else ``default``."""
    return (
        asked(request)
        or _known(request.cookies.get(COOKIE))
        or _accepted(request.headers.get("accept-language", ""))
        or default
    )


def _known(value: str | None) -> Language | None:
    return value if value in LANGUAGES else None


def _accepted(header: str) -> Language | None:
    """First known language of an Accept-Language header, by quality."""
    ranked = []
    for place, part in enumerate(header.split(",")[:20]):
        tag, _, quality = part.strip().partition(";q=")
        try:
            ranked.append((-float(quality or 1), place, tag.split("-")[0].lower()))
        except ValueError:
            continue
    return next((found for _, _, tag in sorted(ranked) if (found := _known(tag))), None)
