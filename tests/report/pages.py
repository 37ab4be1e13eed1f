"""A page taken apart: its links, ids and words, and whether its tags close as they should."""

from __future__ import annotations

from dataclasses import dataclass, field
from html.parser import HTMLParser

from qa_service.report.records import DailyReport
from qa_service.report.render import render_daily
from qa_service.settings import bundled

VOID = {"meta", "br", "link", "img", "input", "hr"}
#: Attributes that load something or lead somewhere.
ADDRESSES = {"href", "src", "srcset", "action", "data", "poster", "xlink:href"}
SPOKEN = {"title", "aria-label", "alt"}


@dataclass
class Page(HTMLParser):
    """Raises AssertionError where a tag is closed that is not open."""

    html: str
    links: list[str] = field(default_factory=list)
    loads: list[str] = field(default_factory=list)
    ids: list[str] = field(default_factory=list)
    said: list[tuple[str, str]] = field(default_factory=list)
    tags: set[str] = field(default_factory=set)

    def __post_init__(self):
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.langs: list[str] = []
        self.feed(self.html)
        self.close()
        assert self.open == [], self.open

    __hash__ = object.__hash__

    def handle_starttag(self, tag, attrs):
        self._note(tag, attrs)
        if tag not in VOID:
            self.open.append(tag)
            self.langs.append(dict(attrs).get("lang") or (self.langs[-1] if self.langs else ""))

    def handle_startendtag(self, tag, attrs):
        self._note(tag, attrs)

    def _note(self, tag, attrs):
        self.tags.add(tag)
        assert len({name for name, _ in attrs}) == len(attrs), (tag, attrs)
        for name, value in attrs:
            if name in ADDRESSES:
                (self.links if (tag, name) == ("a", "href") else self.loads).append(value)
            if name == "id":
                self.ids.append(value)
            if name in SPOKEN:
                self.said.append((self.langs[-1] if self.langs else "", value))
            assert not name.startswith("on"), (tag, name)

    def handle_endtag(self, tag):
        assert self.open, tag
        assert self.open.pop() == tag, tag
        self.langs.pop()

    def handle_data(self, data):
        if data.strip() and self.open[-1:] != ["style"]:
            self.said.append((self.langs[-1] if self.langs else "", " ".join(data.split())))

    @property
    def text(self) -> str:
        return " ".join(words for _, words in self.said)


def page_of(report: DailyReport, language: str, base_url: str | None = None) -> Page:
    return Page(render_daily(report, language=language, base_url=base_url, templates=bundled("reports")))
