"""The catalogue of requirements: what the law, a standard or the house asks, and what may be cited for it.

The catalogue marks its sources in prose: V1 (read in the provision itself), V2 (read on a secondary
page) or ``unverified``. Only parts that carry V1 or V2 may be shown to a user, so the reading here is
conservative: whatever is, or may be, meant by an ``unverified`` remark is left out.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from pydantic import Field

from qa_service.errors import ErrorCode, RuleError
from qa_service.records import Record, Severity

FILE_NAME = "requirements.json"

Mark = Literal["V1", "V2"]
#: What the leading citation is. law: statute or regulation; standard: national standard or industry guideline; policy:
#: house rule, nothing citable.
Basis = Literal["law", "standard", "policy"]

#: Short names that the prose uses for a source, with the words by which the source itself names it.
_NAMES: dict[str, tuple[str, ...]] = {
    "中银协": ("中银协",),
    "GB/T": ("GB/T",),
    "JR/T": ("JR/T",),
    "信用卡办法": ("信用卡办法", "信用卡业务监督管理办法"),
    "消金办法": ("消金办法", "消费金融公司管理办法"),
    "消保办法": ("消保办法", "消费者权益保护管理办法"),
    "消保法": ("消费者权益保护法",),
    "个保法": ("个保法", "个人信息保护法"),
    "民法典": ("民法典",),
    "刑法": ("刑法",),
    "治安法": ("治安法", "治安管理处罚法"),
    "反有组织犯罪法": ("反有组织犯罪法",),
    "典型案例": ("典型案例",),
    "公约": ("公约",),
    "条例": ("条例",),
    "2025修订": ("2025修订",),
    "2022通知": ("2022", "银保监规"),
    "70条": ("70条",),
}
_STANDARDS = ("中银协", "GB/T", "JR/T", "公约", "PCI", "GB 11643")
#: Laws for the loans of one kind of licence: not what a call about another loan breaches.
_OF_A_PRODUCT = ("信用卡办法", "商业银行信用卡业务监督管理办法", "消金办法", "消费金融公司管理办法")
#: Whether a crime was done is for a court to say: background to a finding, never its wording.
_PENAL = ("刑法",)
_UNREAD = ("unverified", "未见", "not read", "inferred")
_DOUBT = ("unverified", "inferred")
#: A "V1" of a table of contents: that the provision exists was read, what it says was not.
_NO_TEXT = ("regulation list",)
#: English words that say how a source was read, not which one.
_PLAIN = frozenset(
    re.findall(
        r"[\w-]+",
        """item items number numbers numbering paragraph letter details exact text rule read copies stored presumption
        heading guidance list regulation snapshot snapshots secondary commentary quoted public both verbatim quotations
        pages personal-information status legal standard exists algorithm content order primary report application
        mentions limitation periods preamble current effective""",
    )
)
_PART = re.compile(r";\s(?![^()（）]*[)）])")
_SEGMENT = re.compile(r"[;；。](?![^()（）]*[)）])|,\s(?=V[12]\b)")
_SOURCE_ID = re.compile(r"\s*(?:,\s*cited in\s*|\([^()]*)?\[S-[A-Za-z0-9-]+\]\)?")
#: "7.9.6R, 7.9.7R": provisions of one section.
_PROVISIONS = re.compile(r"(\d+\.\d+)\.\d+[A-Z]?(?:, \1\.\d+[A-Z]?)*")
#: How the law of one state is named among the sources of a demand that holds in all.
_STATES = {"MA ": "US-MA", "NY ": "US-NY", "Cal. ": "US-CA", "Wis. ": "US-WI"}
#: Chinese law is named in Chinese.
_CHINESE = re.compile(r"[一-鿿]")
_WORD = re.compile(r"[A-Za-z0-9][A-Za-z0-9.-]*(?:/[A-Za-z0-9.-]+)*(?:\([a-z0-9]+\))*")


#: What an entry of requirements.json needs.
_NEEDED = ("id", "jurisdiction", "severity", "title", "source", "status", "req")


class Requirement(Record):
    """One demand. ``citations`` may be shown as they are: each ends in its mark, [V1] or [V2].

    ``text`` is the demand in one sentence, ``leading`` the citation by which a finding is worded (empty: house policy),
    ``status`` the catalogue's own remark on its sources (not for users).
    """

    id: str
    jurisdiction: str
    severity: Severity
    title: str
    titles: dict[str, str] = Field(default_factory=dict)
    text: str
    citations: tuple[str, ...]
    leading: str
    basis: Basis
    status: str

    def titled(self, language: str) -> str:
        """Its title in ``zh`` or ``en``, or as it was written where it has none in that language."""
        return self.titles.get("zh" if language.startswith("zh") else "en", self.title)

    def breach(self, language: str) -> str:
        """How a report words a finding: national standards and industry guidelines are never called law."""
        zh = language.startswith("zh")
        first = self.leading
        if self.basis == "law":
            return f"可能违反：{first}" if zh else f"May breach: {first}"
        if self.basis == "standard":
            return f"不符合：{first}" if zh else f"Not in line with: {first}"
        return "不符合机构内部质检要求" if zh else "Not in line with house policy"


@dataclass(frozen=True)
class Catalogue:
    """All requirements by id, in the order of the file."""

    requirements: dict[str, Requirement]
    note: str = ""

    def get(self, requirement_id: str) -> Requirement | None:
        return self.requirements.get(requirement_id)

    def __iter__(self) -> Iterator[Requirement]:
        return iter(self.requirements.values())

    def __len__(self) -> int:
        return len(self.requirements)


def load_catalogue(root: Path) -> Catalogue:
    """Read ``requirements.json`` in the rules folder ``root``.

    Raises:
        RuleError: the file is missing or not the catalogue's form.
    """
    path = root / FILE_NAME
    try:
        raw = json.loads(path.read_text(encoding="utf-8"))
        entries = [_requirement(entry) for entry in _whole(raw["requirements"])]
    except FileNotFoundError as missing:
        raise RuleError(f"{path} is missing.", hint="Restore it, or set QA_RULES_DIR to a whole rules folder.",
                        code=ErrorCode.PACK_NOT_FOUND) from missing  # fmt: skip
    except (OSError, ValueError, KeyError, TypeError) as wrong:
        why = f"the file has no {wrong}" if isinstance(wrong, KeyError) else wrong
        raise RuleError(f"The requirements catalogue cannot be read: {why}.", file=str(path),
                        hint="See docs/rules.md, A pack of your own, for what an entry needs.") from wrong  # fmt: skip
    return Catalogue({entry.id: entry for entry in entries}, str(raw.get("note", "")))


def _whole(entries: list[dict[str, str]]) -> list[dict[str, str]]:
    """The entries, if each has all that is needed; else all that one lacks is named at once."""
    for number, entry in enumerate(entries, 1):
        if lacks := [key for key in _NEEDED if key not in entry]:
            raise ValueError(f"entry {entry.get('id', number)} has no {', '.join(lacks)}")
    return entries


def _requirement(entry: dict[str, str]) -> Requirement:
    citations = tuple(c for c in citable(entry["source"], entry["status"]) if _holds_in(c, entry["jurisdiction"]))
    first = _leads(entry["leads"], citations, entry["id"]) if "leads" in entry else leading(citations)
    return Requirement(
        id=entry["id"],
        jurisdiction=entry["jurisdiction"],
        severity=Severity(entry["severity"]),
        title=entry["title"],
        titles={language: entry[key] for language in ("zh", "en") if (key := f"title_{language}") in entry},
        text=entry["req"],
        citations=citations,
        leading=first,
        basis=_basis(first),
        status=entry["status"],
    )


def _leads(begins: str, citations: tuple[str, ...], requirement_id: str) -> str:
    """The citation that the catalogue itself names; an empty name stands for none."""
    found = next((c for c in citations if c.startswith(begins)), "") if begins else ""
    if begins and not found:
        raise ValueError(f"{requirement_id} is to lead with “{begins}”, which is none of its citable sources")
    return found


def _holds_in(citation: str, jurisdiction: str) -> bool:
    """The law of one state or country is not cited for a demand that is asked of calls to others too."""
    if _CHINESE.search(citation) and "CN" not in jurisdiction:
        return False
    state = next((code for name, code in _STATES.items() if citation.startswith(name)), "")
    return state in jurisdiction


def citable(source: str, status: str) -> tuple[str, ...]:
    """The parts of ``source`` that ``status`` marks V1 or V2, each with its mark; never an unverified one.

    Where the text was read and only its number is inferred, the section is cited: 7.9 for 7.9.6R.
    """
    segments = [segment for segment in _SEGMENT.split(status) if segment.strip()]
    remarks = [_remark(segment) for segment in segments]
    if not remarks or (remarks[0].mark == "unverified" and not remarks[0].names):
        return ()
    guessed = [remark for remark, segment in zip(remarks, segments, strict=True) if "inferred" in segment]
    parts = [_read(part.strip()) for part in _PART.split(source)]
    parts = [_PROVISIONS.sub(r"\1", part) if any(r.covers(part) for r in guessed) else part for part in parts]
    general = [r for r in remarks if r.mark != "unverified" and not any(r.covers(part) for part in parts)]
    marked = ((part, _mark(part, [r for r in remarks if r.covers(part)] or general)) for part in parts)
    return tuple(f"{_SOURCE_ID.sub('', part)} [{mark}]" for part, mark in marked if mark is not None)


def _read(part: str) -> str:
    """``part`` without what is named behind its stored source and was not read itself."""
    head, bracket, tail = part.rpartition("]")
    return head + bracket if any(word in tail for word in _UNREAD) else part


@dataclass(frozen=True)
class _Remark:
    """One segment of a status: a mark and the names of the sources it speaks of (none: of all of them)."""

    mark: Mark | Literal["unverified"] | None
    names: tuple[str, ...]

    def covers(self, part: str) -> bool:
        return any(_says(word, part) for name in self.names for word in _NAMES.get(name, (name,)))


def _says(word: str, part: str) -> bool:
    """Whether ``part`` holds ``word``; 1006.1 is not said by 1006.14."""
    after = r"(?![0-9])" if word[-1:].isdigit() else ""
    return re.search(rf"(?<![0-9.]){re.escape(word)}{after}", part) is not None


def _remark(segment: str) -> _Remark:
    if "primary text" in segment:
        return _Remark("unverified", ("",))
    if any(word in segment for word in _DOUBT):
        scope = re.split(r"[\s(（]*(?:unverified|inferred)", segment)[0]
        whole = tuple(name.split("(")[0] for name in _names(scope))
        return _Remark("unverified", whole)
    if found := re.search(r"\bV[12](?![0-9])", segment):
        read = found.group() == "V1" and not any(words in segment for words in _NO_TEXT)
        return _Remark("V1" if read else "V2", _names(segment.replace(found.group(), " ")))
    return _Remark(None, ())


def _names(scope: str) -> tuple[str, ...]:
    """Words of ``scope`` that can tell one source from another: known names, numbers, telling English words."""
    known = [name for name in _NAMES if name in scope]
    words = [piece for word in _WORD.findall(scope) for piece in (word.split("/") if "." in word else [word])]
    telling = [w for w in words if _telling(w) and (not known or "." in w)]
    return tuple(dict.fromkeys(known + telling))


def _telling(word: str) -> bool:
    if any(c.isdigit() for c in word):
        return len(word) > 2
    return word.lower() not in _PLAIN and (word.isupper() or len(word) > 4)


def _mark(part: str, remarks: list[_Remark]) -> Mark | None:
    """The weakest mark among ``remarks``; None for a part that has no stored source or was not read."""
    if not _SOURCE_ID.search(part) or any(word in part for word in _UNREAD):
        return None
    marks = {r.mark for r in remarks}
    if "unverified" in marks or not marks & {"V1", "V2"}:
        return None
    return "V2" if "V2" in marks or "2025修订" in part else "V1"


def leading(citations: tuple[str, ...]) -> str:
    """The citation that the wording leans on: law for all loans, then standards, law for some loans, penal law."""
    return min(citations, key=_reach, default="")


def _reach(citation: str) -> int:
    for rank, names in ((3, _PENAL), (2, _OF_A_PRODUCT), (1, _STANDARDS)):
        if citation.removeprefix("《").startswith(names):
            return rank
    return 0


def _basis(first: str) -> Basis:
    if not first:
        return "policy"
    return "standard" if first.startswith(_STANDARDS) else "law"
