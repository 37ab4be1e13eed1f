"""Under which keys calls are found again: hashes of a debtor's reference and of a telephone number."""

from __future__ import annotations

import hashlib
import re
import unicodedata

SHORTEST_NUMBER = 5
#: Prefixes by how many digits follow them: a number is the same with and without. Chinese mobile numbers lose their 1
#: too, however they are written.
_PREFIXES = (("86", 11), ("86", 10), ("44", 10), ("1", 10))
_MASKED = re.compile(r"[*•●#]|x{2,}", re.IGNORECASE)
_SCHEME = re.compile(r"^(?:tel|callto|sips?):", re.IGNORECASE)
_EXTENSION = re.compile(r"(?<=\d)[\s,;]*(?:ext(?:ensio)?n?\.?|x|转|分机)[\s:=]*\d{1,6}$", re.IGNORECASE)
#: Of which line it is, beside the number; what a switchboard adds to it.
_LABEL = re.compile(
    r"\([^\d()]*\)|^(?:手机|电话|固话|座机|号码|mobile|cell|home|work|phone|tel)[号码\s:.]*(?=[+(\d])", re.IGNORECASE
)
_HOST = re.compile(r"^([+\d][\d\s().-]*)(?:@|;[a-z]).*$", re.IGNORECASE)
#: A number that a table of calculations wrote with decimals.
_DECIMALS = re.compile(r"(?<=^\d{5})(\d*)\.0+$")
#: One that a table of calculations shortened: many numbers look the same then.
_SHORTENED = re.compile(r"^\d\.\d+E\+?\d+$", re.IGNORECASE)
#: What systems write where they know none, compared without case, spaces and signs: it names nobody, and calls that
#: hold it have nothing to do with each other.
_NOBODY = (
    "unknown anonymous na none null nil undefined nan missing notavailable unavailable notprovided withheld private "
    "restricted blocked hidden unknownnumber unknowncaller privatenumber withheldnumber restrictednumber "
    "hiddennumber nonumber nophone nocallerid noref 未知 未知号码 未知来电 无 暂无 没有 无号码 空 空值 不详 不明 匿名 "
    "匿名号码 匿名来电 保密 隐藏 隐藏号码 隐私号码 私人号码 未提供 未填写 未登记 未显示"
)
_SIGNS = re.compile(r"[\W_]+")


def debtor_key(debtor_ref: str | None) -> str | None:
    """Hash of a debtor's reference; None where it is empty, nothing but signs and zeros, or a word for none."""
    text = (debtor_ref or "").strip()
    return _hashed("debtor", text) if _names_somebody(text) else None


def number_key(phone: str | None) -> str | None:
    """Hash of a telephone number, however it is written; None for one that is masked, shortened (``1.38E+10``), too
    short to be one, or a word for none.

    A text with letters is taken as an opaque name of the number.
    """
    text = unicodedata.normalize("NFKC", phone or "").strip()
    if _MASKED.search(text) or _SHORTENED.match(text) or not _names_somebody(text):
        return None
    plain = _LABEL.sub("", _SCHEME.sub("", text)).strip()
    plain = _EXTENSION.sub("", _HOST.sub(r"\1", _EXTENSION.sub("", plain))).replace("(0)", "")
    if any(letter.isalpha() for letter in plain):
        return _hashed("number", text.lower())
    plain = _DECIMALS.sub(r"\1", plain)
    digits = "".join(str(unicodedata.decimal(c)) for c in plain if c.isdecimal()).lstrip("0")
    for prefix, rest in _PREFIXES:
        tail = digits.removeprefix(prefix)
        tail = tail.lstrip("0") if len(prefix) > 1 else tail  # 86-0755-…, 44 020 …
        if digits.startswith(prefix) and len(tail) == rest:
            digits = tail
    digits = digits.lstrip("0")
    return _hashed("number", digits) if len(digits) >= SHORTEST_NUMBER else None


def _names_somebody(text: str) -> bool:
    said = _SIGNS.sub("", text.casefold())
    return bool(said.strip("0")) and said not in _NOBODY.split()


def _hashed(kind: str, text: str) -> str:
    return hashlib.sha256(f"{kind}:{text}".encode()).hexdigest()
