"""Which Mandarin words are numbers: 一万二 is 12000 and 幺三八零零 are digits, 万一 and 不管三七二十一 are not."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import regex

from qa_service.text.numbers_zh import BIG_UNITS, DIGITS, MISHEARD, SMALL_UNITS, Reading, read

#: A number at ``[start, end)`` of the text, and its digits.
Found = tuple[int, int, str]

#: What may stand between the groups of one number: a pause, however it is written.
PAUSE = regex.compile(r"[\s,.·\-()、嗯啊呃哦]{1,4}")

_PLAIN = f"0-9{''.join(DIGITS)}"
_SIGN = f"{_PLAIN}{''.join(SMALL_UNITS)}{''.join(BIG_UNITS)}"
_NUMBER = f"[{_SIGN}]+"
#: No hour of the day: what stands before 点 is then the whole part of a number, whatever follows.
_NO_HOUR = (
    rf"(?:[零〇]|(?<![{_SIGN}])(?:二十[五六七八九]|[三四五六七八九]十[一二三四五六七八九]?|[{_SIGN}]*[百千][{_SIGN}]*))"
)
_ANY = regex.compile(
    rf"(?P<percent>百分之(?P<whole>{_NUMBER})(?:点(?P<rest>[{_PLAIN}]+))?)"
    rf"|(?P<decimal>(?P<int>{_NUMBER})[点.](?P<part>[{_PLAIN}]+)(?P<big>[万亿]?)(?=[倍折元块万亿%]|个点|(?<=[万亿])))"
    rf"|(?P<decimal>(?P<int>{_NO_HOUR})点(?P<part>[{_PLAIN}]+)(?P<big>)(?![{_SIGN}分半整]))"
    rf"|(?P<run>{_NUMBER})"
)
_RADIO = regex.compile(rf"(?<![什怎这那多要])[{_PLAIN}{''.join(MISHEARD)}]{{3,}}")
#: Sayings that hold numbers and count nothing.
_SAYING = regex.compile(
    rf"(?<![{_PLAIN}十百千万亿])(?:三七二十一|一五一十|三天两头|三天打鱼|两天晒网|三三两两|七七八八|七老八十|十万八千里|十万火急|十有八九|八九不离十|十之八九"
    r"|三六九等|九九归一|十二指肠|十三点(?!\d|半|钟)|二百五(?![十元块百])|正经八百|三百两|十全十美|十恶不赦|十拿九稳|百八十"
    r"|五月花|三年五载|三长两短|三更半夜|三言两语|三心二意|两天三头|四年一度|千八百|一百个不|五十步笑百步|三百六十行)"
)
#: Behind a number these make even a single digit a count or a date.
_MEASURE = regex.compile(
    r"元|块(?!头)|号(?!码)|月(?![亮饼])|期(?![待望间])|天|日|年|折|分钟|小时|个(?:月|工作日|小时|星期)|笔|万|倍|岁"
)
#: Before a number: about so many (几十万, 好几百). Behind it: a unit of which there are more (二十多万).
_ABOUT = regex.compile(r"[几数好上成近]$")
_MORE = regex.compile(r"几|[多来余][十百千万亿]")
_ZERO = frozenset("零〇幺")


@dataclass(frozen=True, slots=True)
class _Group:
    """Digits without a pause, and how they were written."""

    start: int
    end: int
    digits: str
    written: str

    @property
    def spoken(self) -> bool:
        return not self.written.isascii()


def spoken(text: str) -> Iterator[Found]:
    """Numbers of a normalised text in words, in words and digits, or digit by digit; plain digits are not told."""
    text = _without_mishearings(text)
    closed = [m.span() for m in _SAYING.finditer(text)]
    groups: list[_Group] = []
    found: list[Found] = []
    for match in _ANY.finditer(text):
        if any(a < match.end() and match.start() < b for a, b in closed):
            continue
        if match["run"]:
            for reading in _settled(list(read(match["run"]))):
                _sort_in(text, match.start(), reading, groups, found)
        else:
            found += _fraction(match)
    yield from sorted([*found, *_dictated(text, groups)])


def _without_mishearings(text: str) -> str:
    """腰三八零零 as 幺三八零零, where at least three certain digits stand in the run."""
    to = str.maketrans({c: {"0": "零", "7": "七"}.get(d, "幺") for c, d in MISHEARD.items()})

    def mended(run: regex.Match[str]) -> str:
        written = str(run[0])
        sure = sum(c not in MISHEARD or c in "洞拐" for c in written)
        return written[:-1].translate(to) + written[-1:].replace("么", " ").translate(to) if sure >= 3 else written

    return str(_RADIO.sub(mended, text))


def _settled(readings: Sequence[Reading]) -> Iterator[Reading]:
    """Readings with one value: in 十七八 neither is meant."""
    for at, reading in enumerate(readings):
        after = readings[at + 1] if at + 1 < len(readings) else None
        before = readings[at - 1] if at else None
        estimate = (after and reading.unit and _single(after)) or (before and before.unit and _single(reading))
        if not (reading.vague or estimate) and reading.text.isdigit():
            yield reading


def _single(reading: Reading) -> bool:
    return not reading.unit and len(reading.text) == 1


def _sort_in(text: str, offset: int, reading: Reading, groups: list[_Group], found: list[Found]) -> None:
    start, end = offset + reading.start, offset + reading.end
    written = text[start:end]
    if not reading.unit:
        groups.append(_Group(start, end, reading.text, written))
    elif _counts(text, start, end):
        found.append((start, end, reading.text))


def _counts(text: str, start: int, end: int) -> bool:
    """A value with a unit is a number, but for 几十万, 十几 and 十 by itself (十分, 十足)."""
    if _ABOUT.search(text, 0, start) or _MORE.match(text, end):
        return False
    return end - start > 1 or bool(_MEASURE.match(text, end))


def _fraction(match: regex.Match[str]) -> list[Found]:
    """百分之十五点四 is 15.4%, 三点五万 is 35000."""
    whole = list(read(match["whole"] or match["int"]))
    if match["whole"] == "百":
        return [(match.start(), match.end(), "100%")]
    if len(whole) != 1 or whole[0].vague or not whole[0].text.isdigit():
        return []
    digits = "".join(DIGITS.get(c, c) for c in match["rest"] or match["part"] or "")
    if match["percent"]:
        return [(match.start(), match.end(), f"{whole[0].text}{'.' if digits else ''}{digits}%")]
    if match["big"]:
        size = len(str(BIG_UNITS[match["big"]])) - 1
        if len(digits) > size:
            return []
        return [(match.start(), match.end(), str(int(whole[0].text + digits.ljust(size, "0"))))]
    written = f"{whole[0].text}.{digits}"
    return [] if written == match[0] else [(match.start(), match.end(), written)]


def _dictated(text: str, groups: Sequence[_Group]) -> Iterator[Found]:
    """Groups of digits with only pauses between, joined where they were said digit by digit."""
    run: list[_Group] = []
    for group in groups:
        if run and not (group.start == run[-1].end or PAUSE.fullmatch(text, run[-1].end, group.start)):
            yield from _number(text, run)
            run = []
        run.append(group)
    yield from _number(text, run)


def _number(text: str, run: Sequence[_Group]) -> Iterator[Found]:
    digits = "".join(g.digits for g in run)
    spelled = any(g.spoken for g in run) or (len(run) > 3 and all(len(g.digits) == 1 for g in run))
    longest = max((len(g.digits) for g in run), default=0)
    if len(run) > 1 and spelled and (longest > 2 or len(digits) > 3):
        yield run[0].start, run[-1].end, digits
        return
    for group in run:
        if group.spoken and _is_one(text, group):
            yield group.start, group.end, group.digits


def _is_one(text: str, group: _Group) -> bool:
    """Three digits and more, two with a zero or 幺 or a digit sign among them, or one that counts something."""
    size = len(group.digits)
    if size == 1:
        return group.written not in ("一", "两") and bool(_MEASURE.match(text, group.end))
    mixed = any(c.isascii() for c in group.written)
    if group.digits in "123456789" and _MEASURE.match(text, group.end):  # 五六七月份: one of them
        return False
    return size > 2 or mixed or not _ZERO.isdisjoint(group.written)
