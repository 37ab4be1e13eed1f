"""Numbers dictated in Mandarin as people really say them: with fillers, echoes, corrections, repeats and asides.

"六二三零，五三……呸，五二零零，零零零零" is a card's number in five pieces. Pieces with nothing but pauses and fillers
between are a stretch; what it is, its own form tells (a mobile number, an identity number with a birthday), or a word
before, inside or behind it (卡号, "…，这个就是安全码"). Stretches with an aside between ("等我瞅瞅") count together
only where form or word are sure. Amounts, dates, numbers of orders and staff, service numbers and last digits alone
stay.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import regex

from qa_service.text.numbers_zh import DIGITS, MISHEARD
from qa_service.text.personal import Found, Personal
from qa_service.text.whereabouts_zh import whereabouts

__all__ = ["OTHER_NUMBER", "dictated"]

#: 勾 is radio speech for nine; recognisers write 妖腰邀 for 幺.
_VALUE = DIGITS | MISHEARD | {"勾": "9"}
_D = f"(?:[0-9{''.join(_VALUE).replace('么', '')}]|(?<![什怎这那多要])么)"
_TIMES = {c: int(_VALUE.get(c, c)) for c in "一二两三四五六七八九23456789"} | {"双": 2, "俩": 2, "仨": 3}
#: 四个零, 双八, 仨七; and 三组都是四个五.
_NO_WORD = "(?![样些起下直定般共切边方旦致律道面半次把块元钱万千百十亿天日月年期个岁人名])"
_REPEAT = rf"(?:[双俩仨]|[一二两三四五六七八九2-9](?:个|连))(?:{_D}(?!\d){_NO_WORD})"
_CHUNK = regex.compile(
    r"(?P<plain>(?:19|20)\d{2}[-/.]\d{1,2}[-/.]\d{1,2}(?!\d)|\d{1,2}:\d{2}(?!\d)|[¥$]\s?\d[\d,.]*"
    r"|(?<![\d,])\d{1,3}(?:,\d{3})+(?![,\d])|(?<![\d.])\d+\.\d{1,2}(?![\d.]))"
    rf"|(?P<groups>[两二三四五2-5])组(?:都|全|全都)?(?:是)?(?P<each>{_REPEAT}|{_D}{{2,4}}+)"
    rf"|(?P<repeat>{_REPEAT})|(?P<run>(?:(?!{_REPEAT}){_D})++)"
)
#: Behind a number, not of one that is dictated: it counts, measures or dates.
_UNIT = regex.compile(
    rf"[元块圆万千百十亿%天日月期折次笔分秒位岁户倍届级条张套间栋幢楼层室窗路站环班多几来]|点(?![a-z])|号(?!码)|个(?!{_D})"
    r"|会议|工作日|小时|礼拜|星期|门诊|病房|年"
)
_MONEY = regex.compile("[元块圆万千百亿]")
_LONG = 6
_BEFORE_NONE = frozenset("十百千万亿第几点¥$")
_YEAR = regex.compile(r"(?:19|20)\d\d")
#: A single digit in words (一下, 再来一个) is none; one that is told stands by itself.
_ALONE_BEFORE, _ALONE_BEHIND = frozenset(" ,.、。…:?!;-\n是"), frozenset(" ,.、。…?!;-\n后然嗯啊呃再")

_CORRECTED = regex.compile("不对|错了|说错|呸|[哦噢]不|不是|重来|重说|更正|应该是|[看念读]错|岔")
_FILLER = regex.compile(
    r"(?:[\s,.·\-()、。…?!;:—~]|等一下|等我一下|等一等|稍等|等等|我看一下|我看看|让我看看|我瞅瞅|看一下|记一下|听一下"
    r"|不对|说错了|错了|看错了|念错了|哦不|不是|应该是|更正一?下?|重新?[来说念]|呸|没错|没有|听到了?|收到|明白|继续|您?接着[说念]|您[说念讲]"
    r"|你[说念讲]|还差[一二两三四五六几\d]+位|还有呢?|然后呢?|接着|接下来|跟着|再来|再(?:往?后[面边头]?)?|紧跟着|连着|连续|跟|加上?"
    r"|(?:最?后|最末|最)[面边头尾]?(?:那|的)?(?:[一二两三四六八\d]|几)[位个]数?|头[三四六]位|尾巴|最后|最末尾?|末尾|末了|尾数|尾号|结尾|开头|打头"
    r"|前[面边头]?(?:那|的)?[一二两三四六七\d]位|中间(?:那|的)?[三四六八\d]位|后[面边头]|前[面边头]|中间|当中|往[后下]|底下|下面"
    r"|(?:第|下|头|末|最后)[一二三四五]?组|一组|第[一二三四五]段|下一段|都是|全是|也是|就是|的话|[横短中]杠|横线|空格|一杠|减号|杠"
    r"|生的|年的|年|好的?|行|可以|那个|这个|那串|这串|了|的|是|对|嗯|啊|呃|哦|噢|喔|额|哎|诶|欸|唉|呀|哈|吧|嘛|呢|哟|呐|个|往|又|到|那|这|就)++"
)
_LONGEST_FILLER, _LONGEST_ASIDE = 30, 16
_NO_ASIDE = regex.compile(r"[元块圆钱月日期天万千百亿欠还借扣付额号]|逾期|工号|尾号")

_KINDS = {"id": Personal.ID, "card": Personal.CARD, "phone": Personal.PHONE, "secret": Personal.SECRET}
_CODES = (
    r"安全码|后三码|cvv2?|cvc2?|cvn2?|验证码|校验码|动态码|动态密码"
    r"|激活码|授权码|认证码|确认码|提取码|配对码|协助码|邀请码|识别码|短信码|口令"
    r"|密码|pin码?(?![a-z])|(?:会议|房间|共享|连接|远程|伙伴|协助)(?:号|码|id)"
    r"|发(?:了|来|过来)?(?:我|的)?(?:一?[个串])?码|[那这一][个串]码|[三四六仨346][位个](?:的|数字)?码|[四六46]位数字?"
    r"|(?:收到|来)(?:的|了)?(?:一?[个串])?(?:码|数字)|码是"
    r"|短信(?:上|里[面头]?)?(?:的|那|写的?|说的?|显示的?)?(?:一?[个串])?(?:是|数字?|码|[四六46]位)"
)
_PLACE = (
    "签名[条栏区处]|卡?背面|反面|卡背|正面|右上角|斜体|磁条|小字|卡片?后[面边头]"
    "|后[面边头](?:的|那)?[三3仨](?:个|位)?(?:数|码|位)"
)
#: Numbers that are nobody's: of orders, cases, letters, staff, rooms.
OTHER_NUMBER = (
    "(?:订?单|编|流水|案|合同|工|运单|业务|申请|任务|批次|回执|备案|保单|序列|凭证|票据?|房间?|席|窗口)号|单号|编号|流水|快递|邮编|邮政编码"
    "|发票|信用代码|税号|许可证|案件|文号|工牌|分机|股票|车次|航班"
)
_CUE = regex.compile(
    r"(?P<tail>尾号|尾数|末尾|(?:最?后|末)[面边头]?(?:的|那)?[四4](?:位|个))"
    rf"|(?P<other>{OTHER_NUMBER})|(?P<secret>{_CODES})|(?P<place>{_PLACE})"
    r"|(?P<id>身份证|证件|二代证|证号|身份号|户口本|id ?number)"
    r"|(?P<card>卡号|账号|帐号|账户|户头|存折|折子|visa|万事达|银联|运通|jcb|大来|储蓄|(?<!打|刷)卡(?![里上在住了顿着死]))"
    r"|(?P<phone>电话|手机|座机|号码|微信|[打拨找呼][我他她]|打给|打这|呼叫|联系|[新老旧这个]号|热线|机主|短信|call)"
)
_REACH_BEFORE, _REACH_BEHIND, _REACH_SECRET = 60, 24, 26
_NO_SECRET = regex.compile(r"[欠还借扣付元块钱额打拨按卡]|发送|发到|回复|客服|官方|门口|楼下")
_NO_ANSWER = regex.compile(r"我?(?:忘|别|谁|输|没|改|重置|不)|发的|发来|收不")
_SERVICE = regex.compile(r"955\d{2,3}|11[0-9]|12[0-2]|100\d{2}|12[34]\d{2}|96\d{3,4}|[48]00\d{7}")

_MOBILE = regex.compile(r"(?:0{0,2}86)?1[3-9]\d{9}")
_LANDLINE = regex.compile(r"0(?:10|2\d|[3-9]\d{2})\d{7,8}")
_BIRTHDAY = r"(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])"
_IDENTITY = regex.compile(rf"[1-8]\d{{5}}(?:(?:18|19|20)\d{{2}}{_BIRTHDAY}\d{{3}}[\dx]|\d{{2}}{_BIRTHDAY}\d{{3}})")
_CHECK_X = regex.compile(
    r"[\s,.、。]{0,2}(?:最?末尾|最后|后面|再|加|是|一个|一位|个|那个|嗯|[\s,])*+(?:大写)?(?:x(?![a-z])|叉|×|艾克斯|埃克斯|爱克斯)"
)
#: A question for a number, and the end of a short answer.
_ASKS = regex.compile("号|码|[报念说讲]|位|多少|[前后]面|核对")
_ENDS = regex.compile(r"[\s,.。!?、…嗯啊哦吧呢对然后]|$")
_LABEL = regex.compile("前[面边头]?|开头|打头|头|中间?|后[面边头]?|末|尾")
_PLACES = {"前": 0, "开": 0, "打": 0, "头": 0, "中": 1, "~": 2, "后": 3, "末": 3, "尾": 3}
#: Words of the speakers between pieces stay readable where they are more than a pause.
_SHORT_GAP = 6
_HAN = regex.compile(r"\p{Script=Han}")
_MOST_CHUNKS, _MOST_DIGITS, _MOST_PARTS = 32, 48, 6
#: Letters among the digits of a password: 二七k九, 大写a一二三.
_MIXED = rf"(?:{_D}|(?<![a-z])[a-z](?![a-z]))"
_LETTERS = regex.compile(
    r"(?:密码|口令|验证码|校验码|提取码|邀请码|激活码)(?:是|就是|为|叫|:|,|\s|[大小]写的?|字母){0,4}"
    rf"(?P<it>{_MIXED}(?:[\s,、]{{0,2}}(?:[大小]写的?|字母)?{_MIXED}){{2,11}})"
)


@dataclass(frozen=True, slots=True)
class _Chunk:
    """Digits said in one go at ``[start, end)``. ``gap``: what was said since the chunk before."""

    digits: str
    start: int
    end: int
    spoken: bool
    gap: str = ""


_Stretch = list[_Chunk]


def dictated(text: str, since: int = 0) -> Iterator[Found]:
    """Personal numbers of a normalised ``text`` from ``since`` on; what stands before was said before."""
    if not _HAN.search(text):
        return
    for match in _LETTERS.finditer(text, max(0, since - _REACH_BEFORE)):
        if match.start("it") >= since and regex.search("[a-z]", match["it"]) and regex.search(_D, match["it"]):
            yield Found(Personal.SECRET, *match.span("it"))
    yield from whereabouts(text)
    floor = 0
    for cluster in _clusters(text):
        at = 0
        while at < len(cluster):
            kind, parts = _longest(text, cluster[at:], floor, since)
            for stretch in cluster[at : at + parts] if kind else ():
                yield from _within(text, kind or Personal.ID, stretch, since)
            at += parts
            floor = cluster[at - 1][-1].end


def _within(text: str, kind: Personal, stretch: _Stretch, since: int) -> Iterator[Found]:
    inside = [chunk for chunk in stretch if chunk.start >= since]
    for at, chunk in enumerate(inside):
        if not at or len(chunk.gap) > _SHORT_GAP or _LABEL.search(chunk.gap):
            first = chunk
        if at + 1 == len(inside):
            check = _CHECK_X.match(text, chunk.end) if kind is Personal.ID else None
            yield Found(kind, first.start, check.end() if check else chunk.end)
        elif len(inside[at + 1].gap) > _SHORT_GAP or _LABEL.search(inside[at + 1].gap):
            yield Found(kind, first.start, chunk.end)


def _chunks(text: str) -> Iterator[_Chunk]:
    end = 0
    for match in _CHUNK.finditer(text):
        chunk = None if match["plain"] else _chunk(text, match, text[max(end, match.start() - 40) : match.start()])
        if chunk:
            yield chunk
            end = chunk.end


def _chunk(text: str, match: regex.Match[str], gap: str) -> _Chunk | None:
    start, end = match.span()
    if match["groups"]:
        digits = _repeated(match["each"]) * _TIMES[match["groups"]]
    else:
        digits = _repeated(match["repeat"]) if match["repeat"] else _values(match["run"])
    behind = (_MONEY if len(digits) > _LONG else _UNIT).match(text, end)
    dated = bool(behind) and text[end : end + 1] == "年" and _YEAR.fullmatch(digits)
    if (behind and not dated) or (text[start - 1 : start] in _BEFORE_NONE and start):
        return None
    if match["run"] and len(digits) == 1 and not digits.isascii():
        return None
    if match["run"] and end - start == 1 and not _alone(text, start, end):
        return None
    return _Chunk(digits, start, end, not match[0].isascii(), gap)


def _alone(text: str, start: int, end: int) -> bool:
    return (not start or text[start - 1] in _ALONE_BEFORE) and (end == len(text) or text[end] in _ALONE_BEHIND)


def _repeated(written: str) -> str:
    if written[0] in _TIMES and (written[0] in "双俩仨" or written[1] in "个连"):
        return _VALUE.get(written[-1], written[-1]) * _TIMES[written[0]]
    return _values(written)


def _values(written: str) -> str:
    return "".join(_VALUE.get(c, c) for c in written)


def _clusters(text: str) -> Iterator[list[_Stretch]]:
    """Stretches of chunks with only fillers between, those with a short aside between them together."""
    cluster: list[_Stretch] = []
    for chunk in _chunks(text):
        last = cluster[-1][-1] if cluster else None
        apart = chunk.start - last.end if last else 0
        whole = _MOBILE.fullmatch(chunk.digits) or (last and _MOBILE.fullmatch(last.digits))
        whole = whole and not _CORRECTED.search(chunk.gap)
        if last and not whole and len(cluster[-1]) < _MOST_CHUNKS and _filled(chunk.gap, apart):
            cluster[-1].append(chunk)
        elif last and len(cluster) < _MOST_PARTS and _short(chunk.gap, apart) and not _NO_ASIDE.search(chunk.gap):
            cluster.append([chunk])
        else:
            if cluster:
                yield cluster
            cluster = [[chunk]]
    if cluster:
        yield cluster


def _short(gap: str, length: int) -> bool:
    return length <= 2 * _LONGEST_ASIDE and len(gap.strip(" ,.…。?!")) <= _LONGEST_ASIDE


def _filled(gap: str, length: int) -> bool:
    return not length or (length <= _LONGEST_FILLER and bool(_FILLER.fullmatch(gap)))


def _longest(text: str, cluster: Sequence[_Stretch], floor: int, since: int) -> tuple[Personal | None, int]:
    """What the first stretches of a cluster are, as many as are one number, and how many they are."""
    single = [bool(_SERVICE.fullmatch("".join(c.digits for c in stretch))) for stretch in cluster]
    for parts in range(single.index(True) if any(single) else len(cluster), 0, -1):
        chunks = [chunk for stretch in cluster[:parts] for chunk in stretch]
        if sum(len(c.digits) for c in chunks) > _MOST_DIGITS or len(chunks) > _MOST_CHUNKS:
            continue
        ceiling = cluster[parts][0].start if parts < len(cluster) else len(text)
        if kind := _kind(text, chunks, (floor, ceiling), sure=parts == 1):
            return kind, parts
    return (None if single[0] else _asked(text, cluster[0], since)), 1


def _asked(text: str, stretch: _Stretch, since: int) -> Personal | None:
    """What a few digits are that answer a question for a number, bit by bit: 卡号您念一下. – 六二幺七."""
    if not since or stretch[0].start - since > _LONGEST_ASIDE or not _ENDS.match(text, stretch[-1].end):
        return None
    asked = list(_CUE.finditer(text, max(0, since - _REACH_BEFORE), stretch[0].start))
    if not asked or any(m.lastgroup in ("tail", "other") for m in asked):
        return None
    if sum(len(c.digits) for c in stretch) < 3 or _NO_ASIDE.search(text, since, stretch[0].start):
        return None
    kind = _KINDS.get(str(asked[-1].lastgroup))
    return kind if kind is not Personal.SECRET and _ASKS.search(text, asked[-1].start(), since) else None


def _kind(text: str, chunks: Sequence[_Chunk], bounds: tuple[int, int], *, sure: bool) -> Personal | None:
    """``sure``: nothing but fillers between the chunks."""
    start, end = chunks[0].start, chunks[-1].end
    readings = _readings(text, chunks)
    cues, near = _cues(text, start, end, bounds)
    if "other" in cues[:1] or _SERVICE.fullmatch(readings[0]):
        return None
    if any(map(_IDENTITY.fullmatch, readings)) or (_CHECK_X.match(text, end) and any(len(r) == 17 for r in readings)):
        return Personal.ID
    direct = sure and cues and near and len(near) <= _SHORT_GAP and _LONG <= len(readings[0]) <= 19
    if direct and all(c.spoken for c in chunks) and cues[0] in ("id", "card", "phone"):
        return _KINDS[cues[0]]
    for cue in cues if "tail" not in cues[:1] else ():
        kind = _KINDS.get("secret" if cue == "place" else cue)
        other = (kind is Personal.SECRET and _NO_SECRET.search(near)) or (cue == "place" and len(readings[0]) > 4)
        if kind and not other and _fits(kind, chunks, readings, sure=sure, amounts=bool(_NO_ASIDE.search(near))):
            return kind
    return _by_form(chunks, readings) if sure else None


def _cues(text: str, start: int, end: int, bounds: tuple[int, int]) -> tuple[list[str], str]:
    """Names of the cues, the nearest before first, then those inside and behind; what stands behind the nearest."""
    at = max(bounds[0], start - _REACH_BEFORE)
    before = list(_CUE.finditer(text, at, start))[::-1]
    near = text[before[0].end() : start] if before else ""
    far = ("secret", "place")
    names = [str(m.lastgroup) for m in before if m.lastgroup not in far or start - m.end() <= _REACH_SECRET]
    names += [str(m.lastgroup) for m in _CUE.finditer(text, start, end) if m.lastgroup not in ("tail", "other")]
    for behind in _CUE.finditer(text, end, min(bounds[1], end + _REACH_BEHIND)):
        if _NO_ANSWER.search(text, end, min(bounds[1], behind.end() + 3)):
            break
        names += [str(behind.lastgroup)] * (behind.lastgroup not in ("tail", "other"))
    return names, near


def _readings(text: str, chunks: Sequence[_Chunk]) -> list[str]:
    """The digits as said, without echoes, without what was taken back, and put in order by 前面, 中间, 后面."""
    said = [c.digits for c in chunks]
    once = said[:1] + [b for a, b in pairwise(said) if a != b]
    mended: list[str] = []
    for chunk in chunks:
        if mended and _CORRECTED.search(chunk.gap):
            mended.pop()
        mended.append(chunk.digits)
    first = text[max(0, chunks[0].start - 6) : chunks[0].start]
    labels = [(_LABEL.findall(gap) or ["~"])[-1][0] for gap in (first, *(c.gap for c in chunks[1:]))]
    order = sorted(zip((_PLACES[label] for label in labels), said, strict=True), key=lambda part: part[0])
    return list(dict.fromkeys("".join(parts) for parts in (said, once, mended, [digits for _, digits in order])))


def _fits(
    kind: Personal, chunks: Sequence[_Chunk], readings: Sequence[str], *, sure: bool, amounts: bool = False
) -> bool:
    """Whether that many digits, said so, can be what the cue says."""
    size = len(readings[0])
    again = len(readings) > 1
    spoken = all(c.spoken or len(c.digits) == 1 for c in chunks)
    if kind is Personal.SECRET:
        return sure and 3 <= size <= (16 if again else 12) and not any(map(_MOBILE.fullmatch, readings))
    if kind is Personal.ID:
        return (10 if sure else 14) <= size <= (36 if again else 19)
    if kind is Personal.CARD:
        if sure and spoken and len(chunks) > 1:
            return 12 <= size <= (40 if again else 19)
        groups = 15 <= size <= 19 and all(3 <= len(c.digits) <= 6 for c in chunks) and not amounts
        return 13 <= size <= 32 and (spoken or groups or any(_card(r) for r in readings))
    if any(_MOBILE.fullmatch(r) or _LANDLINE.fullmatch(r) for r in readings):
        return True
    return sure and spoken and 7 <= size <= (26 if again else 12)


def _by_form(chunks: Sequence[_Chunk], readings: Sequence[str]) -> Personal | None:
    """What the digits alone tell, said digit by digit or in the groups in which such numbers are read."""
    spoken = all(c.spoken or len(c.digits) == 1 for c in chunks)
    grouped = len(chunks[0].digits) == 3 and max(len(c.digits) for c in chunks) == 4
    if any(map(_MOBILE.fullmatch, readings)) and (spoken or grouped):
        return Personal.PHONE
    if any(_card(r) and (spoken or _luhn(r)) for r in readings) and len(chunks) > 1:
        return Personal.CARD
    return None


def _card(digits: str) -> bool:
    return 15 <= len(digits) <= 19 and (digits.startswith("62") or (digits[0] in "23456" and _luhn(digits)))


def _luhn(digits: str) -> bool:
    """The check digit of bank cards."""
    doubled = (int(d) * (1 + i % 2) for i, d in enumerate(reversed(digits)))
    return sum(n - 9 * (n > 9) for n in doubled) % 10 == 0
