"""Personal data that only the words around it give away.

Card security codes, PINs, passwords and one-time codes are three to eight digits like any others; what makes them
secret is what was said before them ("the code they texted me is …", 验证码是…). The same holds for dates of birth,
addresses, employers, sort codes, names of accounts (WeChat, QQ), passports and licences, and a telephone number told
in parts. Patterns read normalised text (lower case);
names are looked for where the text has capitals.
"""

from __future__ import annotations

from collections.abc import Iterator

import regex

from qa_service.text.numbers_en import DIGIT_WORDS
from qa_service.text.personal import Found, Personal
from qa_service.text.personal_en import in_english
from qa_service.text.whereabouts_zh import is_office

_NAMES = "|".join(w for w in DIGIT_WORDS)
#: A digit as it is spoken or written, and several with nothing but pauses between.
_EN = rf"(?:\d+|\b(?:(?:double|triple) )?(?:{_NAMES})\b|(?<=\b(?:{_NAMES}|o) )o\b)"
_ZH = "(?:[0-9零〇一二三四五六七八九两幺妖腰洞拐勾])"
_GAP = r"[\s,，、.。\-]{0,3}"
_EN_RUN = rf"{_EN}(?:[\s,.\-]{{1,3}}{_EN})*"
#: Behind a number: it counts or measures something.
_MEASURE = (
    r"(?![\s\-]*(?:pounds?|quid|dollars?|bucks|pence|cents|percent|%|days?|weeks?|months?|years?|hours?|minutes?"
    r"|seconds?"
    r"|times|payments?|digits?|numbers?|instal|of (?:the|your|my)|and a half|hundred|thousand|grand)\b)"
)
_MEASURE_ZH = "(?![元块万千百天日年月期次分秒个位])"

#: A password of letters and digits.
_PASSWORD_ZH = regex.compile(r"(?:密码|口令)[^\n\da-z打拨]{0,6}(?P<it>(?=[a-z]*\d)[a-z\d@#_]{4,20})")
_MONTH = (
    r"(?:january|february|march|april|may|june|july|august|september|october|november|december"
    r"|jan|feb|mar|apr|jun|jul|aug|sept?|oct|nov|dec)"
)
_ORDINAL = (
    r"(?:\d{1,2}(?:st|nd|rd|th)?|(?:twenty|thirty)?[ -]?(?:first|second|third|fourth|fifth|sixth|seventh|eighth|ninth)"
    r"|tenth|eleventh|twelfth|thirteenth|fourteenth|fifteenth|sixteenth|seventeenth|eighteenth|nineteenth|twentieth"
    r"|thirtieth)"
)
_TENS = r"(?:twenty|thirty|forty|fifty|sixty|seventy|eighty|ninety)"
_YEAR = (
    rf"(?:(?:19|20)?\d{{2}}|{_TENS}(?:[ -](?:{_NAMES}))?"
    rf"|(?:nineteen|twenty|two thousand(?: and)?)[ -]?(?:{_TENS}|\w+teen|oh|hundred)?[ -]?(?:{_NAMES})?)"
)
_DATE_EN = (
    rf"(?:(?:the )?{_ORDINAL} (?:of )?{_MONTH}(?:[,\s]{{1,2}}{_YEAR})?"
    rf"|(?:the )?{_ORDINAL} of the {_ORDINAL}[,\s]{{1,2}}{_YEAR}"
    rf"|{_YEAR}, {_MONTH} (?:the )?{_ORDINAL}"
    rf"|{_MONTH} (?:the )?{_ORDINAL}(?:[,\s]{{1,2}}{_YEAR})?"
    r"|\d{1,2}[/.\-]\d{1,2}[/.\-]\d{2,4})"
)
_N_ZH = r"[零〇一二三四五六七八九十百两幺\d]"
_DATE_ZH = rf"(?:{_N_ZH}{{2,4}}年(?:生?的?)?[\s,，]?{_N_ZH}{{1,3}}月(?:份)?[\s,，]?{_N_ZH}{{1,3}}[日号]?)"
_BORN = (
    regex.compile(
        r"\b(?:born|date of birth|d\.?o\.?b|birth ?day|birth date)\b"
        rf"(?:(?!{_MONTH}\b)[\s\S]){{0,40}}?(?P<it>{_DATE_EN})\b"
    ),
    regex.compile(
        rf"\b(?P<it>{_DATE_EN}),? (?:that's|that is|that was|is|was) (?:my|his|her|when|the day)"
        r" (?:date of birth|d\.?o\.?b|birth ?(?:day|date)|(?:i|he|she) was born)\b"
    ),
    regex.compile(rf"(?:出生(?:日期|年月日?)?|生日|生于)[^\d\n]{{0,8}}?(?P<it>{_DATE_ZH})"),
    regex.compile(rf"(?P<it>{_DATE_ZH})(?=(?:出生|生的|生人))"),
)

_PART_ZH = rf"{_N_ZH}{{1,5}}(?:号楼|号院|号(?!码)|栋|幢|座|弄|组|单元|门|室|楼|层|户)"
_ADDRESS = (
    regex.compile(
        r"(?P<it>(?:(?<=[在住是到址于寄送去为叫,，:：\s])|^|(?<=[^\p{Han}]))(?:(?![在住是到址])[\p{Han}×x*]){1,16}?"
        rf"(?:路|街|大道|巷|胡同|弄|小区|花园|公寓|苑|村|新村|家园|镇"
        rf"|社区)[\s,，]?{_PART_ZH}(?:[\s,，]?{_PART_ZH})*(?:[\s,，]?{_N_ZH}{{2,4}}(?!{_N_ZH}|[元块万天期]))?)"
    ),
    regex.compile(
        rf"(?P<it>{_N_ZH}{{1,3}}(?:栋|幢|号楼|座)[\s,，]?{_N_ZH}{{1,2}}单元(?:[\s,，]?{_N_ZH}{{1,4}}(?:室|号|户)?)?)"
    ),
    regex.compile(r"\b(?P<it>[a-z]{1,2}\d[a-z\d]? ?\d[abd-hjlnp-uw-z]{2})\b"),
)
_HOUSE = (
    r"(?:(?:[Ff]lat|[Aa]partment|[Aa]pt|[Uu]nit) \w+,? )?"
    rf"(?:\d{{1,5}}[a-zA-Z]?|(?i:(?:{_TENS}|{_NAMES}|ten|eleven|twelve|\w+teen)"
    rf"(?:[ -](?:{_TENS}|{_NAMES}|hundred|and)){{0,8}})(?: [A-D])?),? "
)
#: Read with capitals: "two weeks in court" is no Court.
_STREET = regex.compile(
    rf"\b(?P<it>{_HOUSE}(?:(?:[A-Z][\w'\-]+|\d{{1,3}}(?:st|nd|rd|th)) ){{1,3}}"
    r"(?:Street|St|Road|Rd|Avenue|Ave|Lane|Ln|Drive|Dr|Close|Court|Ct|Crescent|Terrace|Way|Place|Gardens?|Grove"
    r"|Boulevard|Blvd"
    r"|Square|Row|Hill|Mews|Walk|Park|Circle|Parkway|View|Green|Vale|Rise|Villas?|Cottages?|Heights|Trail|Loop|Pike"
    r"|Highway|Parade"
    r"|Wharf|Quay|Croft|Fold|Mount|Ridge|Meadows?|Fields?|Yard|Chase|Alley|Turnpike|Cove|Bend|Crossing|Broadway"
    r"|street|road|avenue|lane|crescent|terrace|boulevard)\b)"
)
#: Before the street of a court or an office, which is nobody's home.
_PUBLIC = regex.compile(
    r"\b(?:court(?:house)?|tribunal|registry|(?:our|head|main|law|registered|local|branch|post) offices?|headquarters"
    r"|branch"
    r"|our (?:postal |mailing )?address|write to us|sheriff'?s?|city hall|town hall|library"
    r"|job ?centre)\b[^\n.?!]{0,25}$"
)
#: A name of one word or more, and one of two words at least, for where less else tells of work; no day or month.
_NAMED = (
    r"(?!(?:(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day|January|February|March|April|May|June|July|August|September"
    r"|October"
    r"|November|December|I|Mr|Mrs|Ms|Dr)\b)(?=[A-Z])[A-Z][\w&'\-]+"
)
_NAME = rf"{_NAMED}(?: (?:of |and |& )?[A-Z][\w&'\-]+)*"
_LONG_NAME = rf"{_NAMED}(?: (?:of |and |& )?[A-Z][\w&'\-]+)+"
#: Where somebody says that they live, a house number and a name are enough.
_HOME = regex.compile(
    r"\b(?:[Ll]iv(?:e|es|ing) at|[Aa]ddress(?:'s| is| was|:)|[Mm]oved to|[Rr]esid(?:e|es|ing) at|[Ss]taying at"
    r"|[Hh]ome is) "
    rf"(?:number |still |now )?(?P<it>{_HOUSE}(?:[Tt]he )?[A-Z][a-z'\-]+(?:,? [A-Z][a-z'\-]+){{0,3}})"
)
_BOX = regex.compile(
    rf"\b(?P<it>(?:P\.?\s?O\.?|[Pp]ost [Oo]ffice) [Bb]ox (?:\d+|(?i:{_NAMES}|{_TENS}|ten|eleven|twelve"
    rf"|\w+teen)(?:[ ,-]+(?i:{_NAMES}|{_TENS}|hundred))*))"
)
_HOMES = (_STREET, _HOME, _BOX)
_EMPLOYERS = (
    regex.compile(
        r"\b(?:[Ww]ork(?:s|ing|ed)?|employed|[Jj]obs?|[Ss]hifts?|[Nn]ights|[Ll]ates|[Ee]arlies|self-employed trading)"
        r"(?: full[ -]time| part[ -]time| nights| days| over| down)? "
        rf"(?:at|for|by|with|as) (?:the |a )?(?P<it>{_NAME})"
    ),
    regex.compile(
        r"\b(?:[Ww]ages?|[Ss]alary|(?:[Mm]y|[Hh]is|[Hh]er|[Tt]heir) pay|[Pp]ay ?(?:che(?:ck|que)s?|slips?|roll))"
        rf" (?:\w+ )?(?:comes? |is |are |paid |came )?(?:from|by) (?:the )?(?P<it>{_NAME})"
    ),
    regex.compile(
        r"\b(?:[Ee]mployers?|[Ww]orkplace|[Pp]lace of work|[Cc]ompany I work for)(?: \w+)?(?:'s| is| was| are|:|,)"
        rf" (?:called |named |the )?(?P<it>{_NAME})"
    ),
    # who says for whom they call is no debtor at work
    regex.compile(
        r"\b(?:I'm|I am|[Hh]e's|[Ss]he's|[Hh]e is|[Ss]he is|I was) (?:an?|the|on)"
        r" (?:(?!\w*(?:collect|attorney|lawyer|legal|solicitor|agent|team|acting|party|officer|recover|represent"
        r"|calling|bailiff"
        rf"|investigator|advis|ombudsman|call)\w*)\w+ ){{1,3}}(?:at|for|with) (?:the )?(?P<it>{_LONG_NAME})"
    ),
    regex.compile(
        r"\bon (?:the )?(?:tills?|checkouts?|floor|line|desk|bar|kitchen|wards?|counter|phones|night shift|shift"
        r"|doors?)"
        rf" (?:at|for|with|in) (?:the )?(?P<it>{_NAME})"
    ),
    regex.compile(
        r"\b(?:driv|clean|cook|cater|deliver|serv|weld|nurs|teach|manag|temp|pack|stack|paint|labour|labor)(?:ing|s"
        r"|es)?"
        rf" (?:for|at|with) (?:the )?(?P<it>{_LONG_NAME})"
    ),
)
_EMPLOYER_ZH = (
    regex.compile(
        r"在(?P<it>(?!我们|你们|咱们|他们|这|那|哪|什么|一家|一个|外|本|贵|某)[\p{Han}a-z]{2,14}?(?:公司|集团|厂|医院"
        r"|学校|大学|中学|小学|幼儿园|酒店|超市|商场|银行|局))"
        r"(?=上班|工作|做|打工|当|干)"
    ),
    regex.compile(
        r"(?:工作单位|上班的单位|单位)(?:是|叫|在|:|：)+(?P<it>(?!哪|什么)[\p{Han}a-z]{2,14}?(?:公司|集团|厂|医院"
        r"|学校|大学|中学|小学|酒店|超市|银行|局))"
    ),
)

#: As it is written; spelled letter by letter it is found in :mod:`qa_service.text.personal_en`.
_NATIONAL_INSURANCE = regex.compile(
    r"\b(?P<it>(?:qq|[a-ceghj-prstw-z][a-ceghj-nprstw-z]) ?\d{2} ?\d{2} ?\d{2} ?[a-d])\b"
)
_SAYS = r"(?:号码?|账号|帐号|id|编号)?(?:就是|是|为|叫|加我?|[\s:：,，.]){0,4}"
_SITE_ZH = "(?:微信|扣扣|企鹅|抖音|支付宝)"
_SITE = "(?<![a-z])(?:qq|vx|wechat|whatsapp|telegram|alipay)(?![a-z])"
#: Names of accounts at which somebody can be written to.
_CHAT = (
    regex.compile(
        rf"(?:{_SITE_ZH}|{_SITE}(?=[^\d]{{0,25}}\d))(?=号|账|帐|id|[\s:,]*(?:就是|是|为|叫|加)|:){_SAYS}"
        r"(?P<it>[a-z][a-z\d_\-]{5,19})(?![a-z\d_\-])"
    ),
    regex.compile(rf"(?:{_SITE_ZH}|{_SITE}){_SAYS}(?P<it>{_ZH}(?:{_GAP}{_ZH}){{4,11}}){_MEASURE_ZH}"),
    regex.compile(
        r"\b(?:wechat|whatsapp|telegram|skype|venmo|cash ?app|zelle)(?: (?:id|name|handle|user ?name|account))+"
        r" (?:is |are )(?P<it>[a-z\d_.\-]*[\d_][a-z\d_.\-]*)"
    ),
)
#: Documents by their number, and a licence plate by its form.
_DOCUMENT = (
    regex.compile(
        rf"(?:护照|通行证|回乡证|台胞证|军官证|驾驶证|驾照|社保卡?|医保卡?){_SAYS}"
        rf"(?P<it>[a-z]{{0,2}}[\s\-]?{_ZH}(?:{_GAP}{_ZH}){{5,17}}){_MEASURE_ZH}"
    ),
    regex.compile(
        r"\b(?:passport|driv(?:er'?s?|ing) li[cs]en[cs]e|state id|green card|medicare|medicaid|nhs)"
        rf"(?: (?:number|no|id))?(?:(?!{_EN})[^\d]){{0,15}}?"
        rf"(?P<it>(?=(?:[a-z]*\d){{5}})[a-z\d]{{6,18}}|(?:[a-z][\s\-]?)?{_EN_RUN}){_MEASURE}"
    ),
)
_PLATE = regex.compile(
    r"(?P<it>[京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼]"
    r"[\s]?[a-z][\s·•.\-]?(?=(?:[a-z]*\d){3})[a-z\d]{5,6})(?![a-z\d])"
)
#: A number told in parts: 前面138,中间0013,后面8000.
_PART_OF_NUMBER = regex.compile(
    rf"(?:前(?:面|边)?(?:[三3]位)?|中间(?:那)?(?:[四4]位)?|后(?:面|边)?(?:[四4]位)?)(?:是|,"
    rf"|，)?(?P<it>{_ZH}(?:[\s]?{_ZH}){{2,3}})(?!{_ZH})"
)
_ABOUT_A_NUMBER = regex.compile("号码|手机|电话")
_DIGIT_OF = {**DIGIT_WORDS, "o": "0"}


def in_words(text: str, cased: str) -> Iterator[Found]:
    """Personal stretches of a normalised ``text``; ``cased`` is the same text, letter by letter, with its capitals."""
    yield from _numbers_by_cue(text)
    yield from in_english(text)
    for kind, patterns, source in (
        (Personal.BIRTH, _BORN, text),
        (Personal.ADDRESS, _ADDRESS, text),
        (Personal.ADDRESS, _HOMES, cased),
        (Personal.WORK, _EMPLOYER_ZH, text),
        (Personal.WORK, _EMPLOYERS, cased),
    ):
        for pattern in patterns:
            for m in pattern.finditer(source):
                if not _of_an_office(text, kind, m):
                    yield Found(kind, m.end("it") - len(m["it"].lstrip()), m.end("it"))


def _of_an_office(text: str, kind: Personal, m: regex.Match[str]) -> bool:
    """Whether an address is that of a court, a branch or another office."""
    if kind is not Personal.ADDRESS:
        return False
    return is_office(text, *m.span("it")) or _PUBLIC.search(text, max(0, m.start() - 45), m.start()) is not None


def _numbers_by_cue(text: str) -> Iterator[Found]:
    yield from (Found(Personal.SECRET, *m.span("it")) for m in _PASSWORD_ZH.finditer(text))
    yield from (Found(Personal.ID, *m.span("it")) for m in _NATIONAL_INSURANCE.finditer(text))
    for pattern in _CHAT:
        yield from (Found(Personal.ACCOUNT, *m.span("it")) for m in pattern.finditer(text))
    for pattern in _DOCUMENT:
        yield from (Found(Personal.ID, *m.span("it")) for m in pattern.finditer(text) if digits_in(m["it"]) >= 5)
    yield from (Found(Personal.PLATE, *m.span("it")) for m in _PLATE.finditer(text))
    parts = list(_PART_OF_NUMBER.finditer(text)) if _ABOUT_A_NUMBER.search(text) else []
    if len(parts) > 1:
        yield from (Found(Personal.PHONE, *m.span("it")) for m in parts)


def digits_in(written: str) -> int:
    """How many digits are spoken or written in a stretch; "double five" are two."""
    count = sum(c.isdecimal() or c in "零〇一二三四五六七八九两幺妖腰洞拐勾" for c in written)
    for times, name in regex.findall(rf"(?:(double|triple) )?\b({'|'.join(_DIGIT_OF)})\b", written):
        count += {"double": 2, "triple": 3}.get(times, 1) if name else 0
    return count
