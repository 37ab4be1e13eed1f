"""Take personal data out of text: telephone, identity, account and card numbers, secret codes, addresses, birthdays.

Numbers come as digits or as a recogniser writes what was spoken (幺三八零零…, "138 0013 8000", "张 艾特 qq 点 com").
Amounts, dates, days overdue and other short numbers stay: they are what inspection is about. Published service
numbers (400, 95588, 0800) stay too. What only the words around it give away is found in
:mod:`qa_service.text.personal_words`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import regex

from qa_service.text.dictated_zh import OTHER_NUMBER, dictated
from qa_service.text.normalise import Normalised, normalise
from qa_service.text.numbers_en import DIGIT_WORDS
from qa_service.text.numbers_zh import DIGITS, MISHEARD
from qa_service.text.personal import SERVICE_EN, Found, Personal, luhn
from qa_service.text.personal_words import in_words
from qa_service.text.spoken_zh import PAUSE

__all__ = ["LOOKED_BACK", "Personal", "Redacted", "personal", "redact"]


@dataclass(frozen=True)
class Redacted:
    """``text`` with a mark such as [电话] in the place of each number, and what they were, in order."""

    text: str
    kinds: tuple[Personal, ...] = ()


_ZH = {
    Personal.PHONE: "[电话]", Personal.ID: "[证件号]", Personal.CARD: "[卡号]", Personal.EMAIL: "[邮箱]",
    Personal.SECRET: "[密码]", Personal.ACCOUNT: "[账号]", Personal.BIRTH: "[出生日期]", Personal.ADDRESS: "[地址]",
    Personal.WORK: "[单位]", Personal.PLATE: "[车牌]",
}  # fmt: skip
_EN = {kind: f"[{kind}]" for kind in Personal}
_HAN = regex.compile(r"\p{Script=Han}")
_LATIN = regex.compile(r"[a-z]{2}")

#: 妖腰… are misheard for 幺, 洞拐 are radio speech.
_SPOKEN = DIGITS | MISHEARD
_DIGIT = f"(?:[0-9{''.join(_SPOKEN).replace('么', '')}]|(?<![什怎这那多要])么)"
_NAMES = "|".join(DIGIT_WORDS)
_WORD = rf"\b(?:(?:double|triple) )?(?:{_NAMES})\b|(?<=\b(?:{_NAMES}|o) )o\b"
#: 四个零, 双八: a digit said with how often it comes.
_TIMES = {"双": 2, "两": 2, "二": 2, "三": 3, "四": 4, "五": 5, "六": 6, "七": 7, "八": 8}
_REPEATED = rf"(?:双|[{''.join(_TIMES)}2-8]个){_DIGIT}(?![十百千万亿元块个])"
_GROUP = regex.compile(rf"{_REPEATED}|(?:(?!{_REPEATED}){_DIGIT})+|{_WORD}")
_CHECK_X = regex.compile(r"[\s,\-]{0,2}(?:x(?![a-z])|叉|×|艾克斯|埃克斯)")

_UNIT = (
    rf"(?:元|块|圆|万|千|百|十|亿|%|天|日|号(?!码)|月|年|期|个(?!{_DIGIT})|点|分|角|折|次|笔|小时|秒"
    r"|usd|rmb|yuan|dollars?|bucks|cents?|days?|weeks?|months?|years?|percent|hours?|minutes?)"
)
#: Amounts, counts, dates and times: no number reaches into them.
_PLAIN = regex.compile(
    rf"(?<!{_DIGIT})(?:19|20)\d{{2}}\s?[-/.年]\s?\d{{1,2}}\s?[-/.月]\s?\d{{1,2}}(?!\d)日?"
    r"|\d{1,2}:\d{2}(?::\d{2})?"
    r"|[¥$€£]\s?\d[\d,]*(?:\.\d+)?"
    r"|(?<![\d,])\d{1,3}(?:,\d{3})+(?:\.\d+)?(?![\d,])"
    rf"|(?<!{_DIGIT})\d{{1,9}}(?:\.\d{{1,2}})?\s?{_UNIT}"
    rf"|(?<!{_DIGIT}){_DIGIT}{{1,6}}{_UNIT}"
)
_DOT, _AT = r"\s?(?:\.|点|\bdot\b)\s?", r"\s?(?:@|艾特|圈a|\bat\b)\s?"
_JOINT = r"\s?(?:[._\-]|点|下划线|横杠|\b(?:dot|underscore|dash|hyphen)\b)\s?"
_EMAIL = regex.compile(
    r"(?<![a-z0-9._%+\-])(?:[a-z0-9._%+\-]++@[a-z0-9\-]+(?:\.[a-z0-9\-]+)+"
    rf"|(?:[a-z0-9._+\-]++(?:{_JOINT}[a-z0-9+\-]++){{0,4}}+|(?<=^|[是为叫:,\s])(?:(?![是为叫])[\p{{Han}}\da-z]){{1,10}}?)"
    rf"{_AT}(?:[a-z0-9\-]+|{_DIGIT}{{2,4}})(?:{_DOT}(?:com|net|org|edu|gov|cn|co|uk|io|us|me)(?![a-z])){{1,2}})"
)
#: Said just before a number that is then personal even where it is short, long or oddly grouped.
_PHONE_CUE = regex.compile(
    r"(?:电话|手机|座机|号码|热线|联系方式|微信|phone|cell|mobile"
    r"|(?<!case |claim |order |reference |file |docket |policy |invoice |ticket |tracking )number"
    r"|(?:reach|call) (?:me|him|her|them) (?:at|on))[^\d]{0,8}$"
)
_CARD_CUE = regex.compile(r"(?:卡号|账号|帐号|账户|银行卡|card(?: number)?|account(?: number)?)[^\d]{0,8}$")
_ID_CUE = regex.compile(
    r"(?:身份证|证件|二代证|\bsocial(?: security)?(?: number)?|\bssn|\bitin|taxpayer \w+)[^\d]{0,8}$"
)
#: Numbers of orders, cases and the like are as long as a card's and nobody's.
_OTHER_CUE = regex.compile(rf"(?:{OTHER_NUMBER})(?:是|为|,|:|\s){{0,3}}$")
_TAIL_CUE = regex.compile(r"(?:尾号|后四位|末四位|last four|ending in)[^\d]{0,6}$")

_MOBILE = regex.compile(r"(?:0{0,2}86)?1[3-9]\d{9}")
_LANDLINE = regex.compile(r"0(?:10|2\d|[3-9]\d{2})\d{7,8}")
#: Published Chinese numbers of services.
_SERVICE = regex.compile(r"[48]00\d{7}|955\d{2,5}")
_AMERICAN = regex.compile(r"1?[2-9]\d{2}[2-9]\d{6}")
_ID_18 = regex.compile(r"[1-9]\d{5}(?:18|19|20)\d{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])\d{3}[\dx]")
_ID_15 = regex.compile(r"[1-9]\d{5}\d{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])\d{3}")
#: Digits in each group of a number as it is read out; the country's code may stand before.
_MOBILE_SHAPES = {(3, 4, 4), (3, 8), (7, 4), (3, 3, 5), (3, 4, 2, 2), (3, 2, 2, 2, 2), (11,)}
_AMERICAN_SHAPES = {(10,), (11,), (1, 10), (3, 3, 4), (3, 7), (1, 3, 7), (6, 4)}
_MOST_GROUPS = 24
_REPEATS = {"double": 2, "triple": 3}
LOOKED_BACK = 240
"""Characters of what was said before in which a question, or the begin of a number, is looked for."""
#: What joins the parts of a number that is told bit by bit.
_JOINED = regex.compile(r"[\s,.]{0,2}(?:然后|后面|接着|再|最后|and then|then)(?:是)?[\s,.]{0,2}")


@dataclass(frozen=True, slots=True)
class _Group:
    """Digits without a pause, at ``[start, end)`` of the normalised text."""

    digits: str
    start: int
    end: int
    spoken: bool


def redact(text: str, before: str = "") -> Redacted:
    """The text without personal data; marks are English in English text, else Chinese.

    ``before`` is what was said just before, by anybody, a line for each turn: the question that makes "nine two one"
    a security code, or the groups that a number goes on from.
    """
    folded = normalise(text)
    found = _all(folded, text, before)
    if not found:
        return Redacted(text)
    marks = _EN if _LATIN.search(folded.text) and not _HAN.search(text) else _ZH
    out, last = [], 0
    for hit in found:
        start, end = folded.span(hit.start, hit.end)
        out += [text[last:start], marks[hit.kind]]
        last = end
    return Redacted("".join([*out, text[last:]]), tuple(hit.kind for hit in found))


def personal(text: str) -> tuple[tuple[int, int, Personal], ...]:
    """Where the personal data of ``text`` stand, ``[start, end)`` each, in order."""
    folded = normalise(text)
    return tuple((*folded.span(hit.start, hit.end), hit.kind) for hit in _all(folded, text, ""))


def _all(folded: Normalised, original: str, before: str) -> list[Found]:
    text = folded.text
    mails = [Found(Personal.EMAIL, *m.span()) for m in _EMAIL.finditer(text)]
    plain = [m.span() for m in _PLAIN.finditer(text)]
    closed = [(m.start, m.end) for m in mails] + plain
    english = not _HAN.search(text)
    numbers = [hit for run in _runs(text, closed) for hit in _numbers(text, run, english)]
    return _apart([*_told(folded, original, before), *mails, *numbers])


def _told(folded: Normalised, original: str, before: str) -> Iterator[Found]:
    """What the words around it give away, those said before included."""
    cased = "".join(_cased(original[a:b], c) for c, a, b in zip(folded.text, folded.starts, folded.ends, strict=True))
    question = normalise(before[-LOOKED_BACK:] + "\n").text if before else ""
    whole, since = question + folded.text, len(question)
    for hit in (*in_words(whole, question + cased), *dictated(whole, since)):
        if hit.end > since:  # a number may have begun in what was said before
            yield Found(hit.kind, max(0, hit.start - since), hit.end - since)


def _cased(written: str, folded: str) -> str:
    """The letter with its capital, where it is still one letter."""
    return written if len(written) == 1 and written.lower() == folded else folded


def _apart(found: list[Found]) -> list[Found]:
    """In order; those that overlap are one, of the kind of the longest, of equals that which the words around tell."""
    kept: list[Found] = []
    longest = 0
    for hit in sorted(found, key=lambda h: (h.start, h.start - h.end)):
        if not kept or hit.start >= kept[-1].end:
            kept.append(hit)
            longest = hit.end - hit.start
            continue
        last, size = kept[-1], hit.end - hit.start
        kept[-1] = Found(hit.kind if size > longest else last.kind, last.start, max(last.end, hit.end))
        longest = max(longest, size)
    return kept


def _mark(places: bytearray, start: int, end: int) -> None:
    places[start:end] = b"\1" * (end - start)


def _runs(text: str, closed: list[tuple[int, int]]) -> Iterator[list[_Group]]:
    """Groups of digits with nothing but pauses between them, and none of them inside what is closed."""
    run: list[_Group] = []
    taken = bytearray(len(text))
    for start, end in closed:
        _mark(taken, start, end)
    for found in _GROUP.finditer(text):
        if any(taken[found.start() : found.end()]):
            continue
        group = _group(found.group(), *found.span())
        if run and not _one_number(text, run[-1].end, group.start):
            yield run
            run = []
        run.append(group)
    if run:
        yield run


def _one_number(text: str, end: int, start: int) -> bool:
    return start == end or any(joint.fullmatch(text, end, start) for joint in (PAUSE, _JOINED))


def _group(written: str, start: int, end: int) -> _Group:
    if written[0] == "双" or written[1:2] == "个":
        times = _TIMES.get(written[0]) or int(written[0])
        return _Group(_SPOKEN.get(written[-1], written[-1]) * times, start, end, True)
    *repeat, name = written.split(" ")
    if digit := {**DIGIT_WORDS, "o": "0"}.get(name):
        return _Group(digit * _REPEATS.get("".join(repeat), 1), start, end, True)
    return _Group("".join(_SPOKEN.get(c, c) for c in written), start, end, not written.isdecimal())


def _numbers(text: str, run: list[_Group], english: bool) -> Iterator[Found]:
    """From each group on, the longest stretch of groups that is a number."""
    at = 0
    while at < len(run):
        some = run[at : at + _MOST_GROUPS]
        digits = "".join(g.digits for g in some)
        for count in range(len(some), 0, -1):
            if _is_service(digits, english):  # nor is a part of it anybody's number
                at += count
                break
            hit = _number(text, some[:count], digits) if 7 <= len(digits) <= 19 else None
            if hit:
                yield hit
                at += count
                break
            digits = digits[: len(digits) - len(some[count - 1].digits)]
        else:
            at += 1


def _number(text: str, groups: list[_Group], digits: str) -> Found | None:
    start, end = _with_prefix(text, groups[0].start), groups[-1].end
    check = _CHECK_X.match(text, end) if len(digits) == 17 else None
    if check:
        return Found(Personal.ID, start, check.end())
    kind = _kind(digits, groups, text[max(0, start - 30) : start], text[start:end])
    return Found(kind, start, end) if kind else None


def _is_service(digits: str, english: bool) -> bool:
    return len(digits) <= 11 and bool(_SERVICE.fullmatch(digits) or (english and SERVICE_EN.fullmatch(digits)))


def _with_prefix(text: str, start: int) -> int:
    """A plus sign or an opening bracket before the first digit belongs to the number."""
    while start and text[start - 1] in "+(":
        start -= 1
    return start


def _kind(digits: str, groups: list[_Group], before: str, written: str) -> Personal | None:
    if _TAIL_CUE.search(before) or (_OTHER_CUE.search(before) and not _ID_18.fullmatch(digits)):
        return None
    if len(digits) >= 15 and not _MOBILE.fullmatch(digits):
        return _long(digits, groups, before)
    if _is_social_security(digits, written, before):
        return Personal.ID
    if _CARD_CUE.search(before) and len(digits) >= 10:
        return Personal.CARD
    return Personal.PHONE if _is_phone(digits, groups, before, written) else None


def _long(digits: str, groups: list[_Group], before: str) -> Personal | None:
    """15 to 19 digits: an identity number where it holds a birthday, else a bank card's."""
    if _ID_18.fullmatch(digits) or _ID_15.fullmatch(digits) or _ID_CUE.search(before):
        return Personal.ID
    even = max(len(g.digits) for g in groups) <= 6
    sure = len(groups) == 1 or _dictated(groups) or digits.startswith("62") or (even and luhn(digits))
    return Personal.CARD if sure or _CARD_CUE.search(before) else None


def _is_phone(digits: str, groups: list[_Group], before: str, written: str) -> bool:
    dictated, sizes = _dictated(groups), tuple(len(g.digits) for g in groups)
    cue = bool(_PHONE_CUE.search(before))
    if _MOBILE.fullmatch(digits) and (len(groups) == 1 or dictated or cue or _grouped(sizes)):
        return True
    if _LANDLINE.fullmatch(digits) and (len(groups) <= 4 or dictated):
        return True
    listed = bool(regex.search(r"\d\s?[,，、]\s?\d", written)) and not cue  # 250, 300, 1200 are amounts
    if _AMERICAN.fullmatch(digits) and ((sizes[-3:] in _AMERICAN_SHAPES and not listed) or dictated):
        return True
    if written.startswith("+") or (dictated and len(digits) >= 10):
        return True
    return cue and len(digits) <= 13 and not digits.startswith(("19", "20"))


def _grouped(sizes: tuple[int, ...]) -> bool:
    """In threes and fours, as mobile numbers are read; lists of amounts (1500, 2000, 300) are not."""
    return sizes in _MOBILE_SHAPES or (sizes[0] in (2, 4) and sizes[1:] in _MOBILE_SHAPES)


def _dictated(groups: list[_Group]) -> bool:
    """Digit by digit: spoken digits, or mostly single ones; nobody says an amount so."""
    single = sum(len(g.digits) <= 2 for g in groups)
    return all(g.spoken for g in groups) or (len(groups) > 4 and single >= 0.8 * len(groups))


def _is_social_security(digits: str, written: str, before: str) -> bool:
    return bool(regex.fullmatch(r"\d{3}[\s-]\d{2}[\s-]\d{4}", written.lstrip("("))) or (
        bool(_ID_CUE.search(before)) and len(digits) == 9
    )
