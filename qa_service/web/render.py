"""Pages from templates: escaped always, words from the catalogues, numbers and times in one form."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from urllib.parse import parse_qsl, quote, urlencode
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape
from starlette.requests import Request
from starlette.responses import HTMLResponse

from qa_service.errors import ErrorCode, SetupError
from qa_service.settings import Settings
from qa_service.web import language as languages
from qa_service.web.auth import Identity
from qa_service.web.language import Language, Translator

TEMPLATES = Path(__file__).parent / "templates"
STATIC = Path(__file__).parent / "static"
YEAR_S = 365 * 24 * 3600


@dataclass(frozen=True)
class View:
    """What every page knows of its request: language, address, who reads it, and the token of its forms."""

    language: Language
    path: str = "/"
    query: tuple[tuple[str, str], ...] = ()
    identity: Identity | None = None
    token: str = ""
    section: str = ""

    def address(self, **changes: object) -> str:
        """This page's address with other parameters; None takes one away."""
        kept = [(k, v) for k, v in self.query if k not in changes]
        added = [(k, str(v)) for k, v in changes.items() if v not in (None, "")]
        query = urlencode([*kept, *added])
        return f"{self.path}?{query}" if query else self.path


def view_of(request: Request, default: Language, section: str = "") -> View:
    query = parse_qsl(request.scope["query_string"].decode("latin-1"), keep_blank_values=False)
    return View(
        language=languages.choose(request, default),
        path=quote(request.scope["path"]),
        query=tuple((k, v) for k, v in query if k != "lang"),
        identity=getattr(request.state, "identity", None),
        token=getattr(request.state, "token", ""),
        section=section,
    )


class Renderer:
    """Templates with their filters."""

    def __init__(self, settings: Settings) -> None:
        self.default_language: Language = settings.ui_language
        self._zone = zone_of(settings)
        self._jinja = Environment(
            loader=FileSystemLoader(TEMPLATES),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._jinja.filters.update(
            clock=clock,
            percent=percent,
            moment=moment,
            local=self._local,
            number=number,
            signed=signed,
            marked=marked,
            segment=segment,
            script=script,
            tag=tag,
        )

    def page(self, template: str, view: View, context: Mapping[str, object]) -> str:
        """The text of a page."""
        translate = Translator(view.language)
        lang = languages.TAGS[view.language]
        return self._jinja.get_template(template).render(view=view, t=translate, lang=lang, **context)

    def answer(
        self, request: Request, template: str, section: str, context: Mapping[str, object], *, status: int = 200
    ) -> HTMLResponse:
        """A page as an answer; a language asked for in the address is remembered."""
        page = self.page(template, view_of(request, self.default_language, section), context)
        answer = HTMLResponse(page, status_code=status)
        if chosen := languages.asked(request):
            answer.set_cookie(languages.COOKIE, chosen, max_age=YEAR_S, samesite="lax", httponly=True)
        return answer

    def _local(self, at: datetime | None) -> Markup:
        """A time of this service (kept in UTC) in the operator's zone."""
        return moment(at.astimezone(self._zone) if at else None)


def zone_of(settings: Settings) -> ZoneInfo:
    """Raises SetupError where QA_TIMEZONE names no zone."""
    try:
        return ZoneInfo(settings.timezone)
    except (ZoneInfoNotFoundError, ValueError):
        message = f"QA_TIMEZONE: {settings.timezone} is no time zone."
        raise SetupError(ErrorCode.SETTINGS_INVALID, message, "Write one like Asia/Shanghai.") from None


def moment(at: datetime | None) -> Markup:
    """Date and time at the place where it was, with its offset; hovering shows ISO."""
    if at is None:
        return Markup("–")
    iso = at.isoformat(timespec="seconds")
    shown = f"{at:%Y-%m-%d %H:%M} {iso[19:] if iso[19:] not in ('Z', '') else '+00:00'}"
    return Markup('<time datetime="{0}" title="{0}">{1}</time>').format(iso, shown)


def clock(seconds: float | None) -> str:
    """mm:ss, or h:mm:ss from an hour on."""
    if seconds is None:
        return "–"
    whole = int(seconds)
    hours, rest = divmod(whole, 3600)
    return f"{hours}:{rest // 60:02d}:{rest % 60:02d}" if hours else f"{rest // 60:02d}:{rest % 60:02d}"


def percent(part: float | None, whole: float = 1.0) -> str:
    """Whole per cent; 100 and 0 only where they are exact, so that one missing call is seen."""
    if part is None or not whole:
        return "–"
    exact = 100 * part / whole
    shown = round(exact)
    if (shown == 100 and exact < 100) or (shown == 0 and exact > 0):
        return f"{exact:.1f} %" if 0.05 <= exact < 99.95 else ("> 99.9 %" if exact > 50 else "< 0.1 %")
    return f"{shown} %"


def number(value: float | None, places: int = 0) -> str:
    return "–" if value is None else f"{value:,.{places}f}"


def signed(value: float | None) -> str:
    """A level or a step: one place, with its sign (a real minus)."""
    return "–" if value is None else f"{value:+.1f}".replace("-", "−")


def marked(text: str, spans: tuple[tuple[int, int], ...]) -> Markup:
    """Text with its hits in <mark>; spans are in characters, in order, and do not overlap."""
    out, last = Markup(""), 0
    for start, end in spans:
        if start < last or end > len(text):
            continue
        out += escape(text[last:start]) + Markup("<mark>{}</mark>").format(text[start:end])
        last = end
    return out + escape(text[last:])


def segment(value: str) -> str:
    """One segment of an address: slashes are escaped too."""
    return quote(value, safe="")


def script(text: str) -> str:
    """Language tag by the letters: rule texts and quotes come in the language of their pack or call."""
    return "zh-Hans" if any("\u4e00" <= c <= "\u9fff" for c in text) else "en"


def tag(language: str | None) -> str:
    """Language tag of what was said; ``und`` where it is not known."""
    return {"zh": "zh-Hans", "en": "en"}.get(language or "", "und")
