"""Addresses, birthdays, workplaces and e-mail addresses as they are said in Mandarin calls.

An address is known by its house (三号楼二单元五零一), with the street or estate before it, or by the question that it
answers; a birthday by 出生, 生日 or 生的 beside a whole date; a workplace by its name and what is done there; an e-mail
address by the 艾特 in it, however the letters are spelled. Offices that are public (营业部, 法院, our own) stay, as do
years of birth, towns and kinds of work.
"""

from __future__ import annotations

from collections.abc import Iterator

import regex

from qa_service.text.personal import Found, Personal
from qa_service.text.words import usual

__all__ = ["is_office", "whereabouts"]

_N = r"[零〇一二三四五六七八九十百两幺洞拐勾\d]"
_STRONG = r"号楼|号院|号房|号门|栋|幢|弄|支弄|单元|室|座(?!机|位|谈)"
_WEAK = (
    r"号(?!码|线|上|前|之前|还|到|[早晚上下中]午?|的?时候|以前|左右|晚|就|才|再|要|扣|发|给|开|有|没)"
    r"|组|队|社|门(?![诊店口])|房(?![租贷子])|楼|层|户|排"
)
_PREFIX = r"(?:甲|乙|丙|附|临|第|东|西|南|北|[a-z])?"
_PART = rf"(?:{_PREFIX}{_N}{{1,5}}(?:[\-之杠]{_N}{{1,4}}){{0,3}}(?:{_STRONG}|{_WEAK})|[a-z甲乙丙丁](?:栋|座|幢|单元))"
_PARTS = regex.compile(
    rf"(?<!{_N}|[a-z第]){_PART}(?:[\s,、的]{{0,2}}{_PART}){{0,5}}+"
    rf"(?:[\s,]{{0,2}}(?<=单元|楼|门|栋|幢|座|号院|号|[\s,]){_N}{{3,4}}(?!{_N}|[元块万千天期多年月个笔次名人]))?"
    rf"|(?<!{_N}|\d[\-.]){_N}{{1,2}}[\-杠]{_N}{{1,2}}[\-杠]{_N}{{3,4}}(?!{_N}|[\-.]\d)"
)
_HAS_STRONG = regex.compile(rf"{_STRONG}|[\-杠]")
#: A storey alone is no home: 养老院三楼.
_HAS_NUMBER = regex.compile(rf"{_STRONG}|[号组队社门房户排\-杠]")
_PIECE = regex.compile(rf"{_STRONG}|{_WEAK}")
_NAME = r"(?:(?![在住是到址于寄送去为叫搬往来])[\p{Han}×x*a-z\d]){1,14}"
_STREET = (
    r"路|街|大街|大道|巷|胡同|弄|小区|花园|公寓|新村|家园|家属[院楼区]|宿舍|大院|山庄|公馆|别墅|社区"
    r"|名[苑邸都]|雅苑|新苑|嘉园"
)
_PLACE = r"苑|园|府|庭|湾|城|郡|台|里|坊|庄|村|屯|寨|坪|营|堡|沟|院|镇|乡|广场|大厦|道|桥|区|期"
_BEFORE_HOUSE = regex.compile(
    rf"(?:^|(?<=[^\p{{Han}}×x*a-z\d]|[在住是到址于寄送去为叫搬往来]))(?P<name>{_NAME}(?:(?P<street>{_STREET})|{_PLACE}))[\s,.。、的]{{0,2}}$"
)
_LIVES = regex.compile(
    r"(?<![得记不停止留保])住(?![院宿了]|不)|家(?:里)?(?:在|是|住)|老家|地址|户籍|户口|寄(?:到|给|往|去)|送(?:到|货)|搬(?:到|去|来)|门牌|收货|快递|房子|租(?:的|在)"
)
_AT_HOME = regex.compile(
    r"(?:(?<![得记不停止留保])住在?|家里?(?:在|住)|地址(?:是|在)?|门牌号?是?|寄到|搬到|户籍地?(?:在|是))"
    r"(?:(?!.[月])[^。?!,\n]){0,14}$"
)
_ASKED = regex.compile(
    r"住址|地址|门牌|住(?:在)?(?:哪|几)|几(?:栋|号楼|单元|楼|室|户)|哪(?:个小区|栋|一户|条[路街])|小区"
)
_SENTENCE = regex.compile(r"[。?!;\n]")
_OFFICE = (
    r"营业[部厅网]|网点|支行|分行|法院|派出所|银行|门店|服务[点厅中]|柜台|办事处|办公"
    r"|政务|大厅|调解|窗口|大堂|信访|仲裁|律所|事务所|会议室"
)
_OFFICE_BEHIND = regex.compile(rf"[\s,]?(?:的|那个?|那家|这个|这边|上)?[\p{{Han}}]{{0,6}}?(?:{_OFFICE}|我们公司|我司)")
_OFFICE_BEFORE = regex.compile(
    rf"(?:我们公司|公司地址|公司在|我们在|我们的?地址|我司|我行|本行|我们这边|{_OFFICE})(?:[\p{{Han}}]{{0,3}}(?:在|是|位于|地址))?[^。?!]{{0,6}}$"
)
_VILLAGE = regex.compile(
    r"[\p{Han}]{1,4}(?<=[\p{Han}]{2})[镇乡](?!下|里|亲|上)[\p{Han}]{1,5}?(?:村|屯|寨|大队)(?![里民委长口支书头])"
    rf"(?:[\s,]?{_N}{{1,3}}(?:组|队|社|号))?"
)

_YEAR = rf"(?<!{_N}){_N}{{2,4}}年"
_MONTH = rf"(?:闰?{_N}{{1,3}}|正|冬|腊|寒)月(?:份)?"
_CALENDAR = r"(?:(?:农|阴|阳|新|旧|公|老|国)历(?:的|是)?|那个|嗯|啊|的|生|,|\s){0,4}"
_DAY = rf"(?:(?:初|廿|卅|大年){_N}{{1,2}}|{_N}{{1,3}}(?:[日号]|(?!{_N}|[天月年元块万千点个次]))|(?:初|廿|卅){_N})"
_DAY_OF_YEAR = rf"{_CALENDAR}{_MONTH}{_CALENDAR}{_DAY}(?:[,\s]{{1,2}}{_N}{{1,3}}[日号])?"
_WRITTEN = r"(?<!\d)(?:\d{1,2}[/.\-]\d{1,2}[/.\-](?:19|20)?\d{2}|(?:19|20)\d{2}[/.\-]\d{1,2}[/.\-]\d{1,2})(?!\d)"
_COMPACT = (
    rf"(?<!{_N})(?:(?:19|20)\d{{2}}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])"
    rf"|(?:[一幺]九|[二两]零){_N}{{6}}|[4-9四五六七八九]{_N}[01零洞一幺]{_N}[0-3零洞一幺二两三]{_N})(?!{_N})"
)
_SEPARATE = rf"(?<!{_N}){_N}{{2,4}}[,\s.]{{1,2}}{_N}{{1,2}}[,\s.]{{1,2}}{_N}{{1,3}}(?!{_N}|[元块万千百])"
_ANY_DATE = rf"(?:{_WRITTEN}|{_COMPACT}|{_YEAR}{_DAY_OF_YEAR}|{_MONTH}{_CALENDAR}{_DAY}[,\s的]{{0,3}}{_YEAR})"
_BORN_BEFORE = r"(?:出生|生日|生于|生辰|[年天号月]生)"
_BORN = (
    regex.compile(
        rf"{_BORN_BEFORE}(?:(?!{_N}{{2}})[^还付到逾]){{0,22}}?"
        rf"(?P<it>{_WRITTEN}|{_COMPACT}|{_SEPARATE}|{_YEAR}(?:(?!{_N})[^还付期]){{0,14}}{_DAY_OF_YEAR}|{_MONTH}{_CALENDAR}{_DAY}[,\s的]{{0,3}}{_YEAR})"
    ),
    regex.compile(rf"(?:生日|出生)(?:是|就是|在|呢|日期|啊|:|,|\s|嘛){{0,4}}(?P<it>{_DAY_OF_YEAR})(?![还付到])"),
    regex.compile(
        rf"(?P<it>{_ANY_DATE})(?:[\s,的]|那天|这天|出|过)*+(?:生(?![活意效产病气成死存物下])|出生|生日|生人|属[鼠牛虎兔龙蛇马羊猴鸡狗猪])"
    ),
)

_KIND_OF_PLACE = (
    r"公司|集团|厂|医院|卫生院|诊所|学校|大学|学院|中学|小学|[一二三四五六七八九十]中|实小|幼儿园|酒店|宾馆|饭店|餐厅|酒楼|火锅店|超市|商场|商贸|银行"
    r"|物流|快递|快运|速运|科技|建设|建筑|建工|地产|置业|物业|保险|证券|传媒|机械|电子|电器|食品|服饰|服装|制衣|化工|制药|药业|纺织|模具|汽配|汽修"
    r"|装饰|家具|贸易|农场|矿业?|电厂|研究[院所]|设计院|事务所|电视台|报社|工程队|车队|局|所|站|连锁|工作室|网络|软件|信息"
)
_NO_ORG = (
    r"(?!我们|你们|咱|他们|她们|这|那|哪|什么|啥|一家|一个|某|个|人家|自己|别的"
    r"|本|贵|外|家|老板|朋友|单位|公司|同一|原来|以前|现在|刚)"
)
_ORG = (
    rf"(?P<it>{_NO_ORG}(?:(?![的是在了吗呢到吧改])[\p{{Han}}a-z]){{2,12}}?(?:{_KIND_OF_PLACE})"
    r"(?:有限公司|公司|集团|厂|店|分公司)?)"
)
_DOES = (
    r"(?:那边|里头|里面|里|那里|那儿)?(?:上班|上夜班|工作|任职|就职|打工|干活|干|做|跑|开车|开货车|送|当|教|值班|实习"
    r"|看门|保安|管|搬|修)"
)
_JOB = (
    "老师|教师|护士|医生|大夫|司机|保安|会计|出纳|工人|厨师|服务员|保洁|快递员|外卖员|程序员|导购|收银员?|店员|电工"
    "|焊工|普工|教授|校长"
)
_WHERE = (
    r"(?:单位|哪(?:里|儿)?(?:上班|工作|干活|高就)|做什么工作|上班的?地方|就职|任职|工作的?地方"
    r"|公司(?:名字|全称|叫))"
)
_WORKS = (
    regex.compile(rf"(?:在|跟着|给|替|帮){_ORG}(?={_DOES})"),
    regex.compile(rf"(?:是|当){_ORG}的?(?=(?:{_JOB}))"),
    regex.compile(
        rf"{_WHERE}(?:名字|全称|名称)?(?:是|就是|叫|叫做|在|:|,){{1,2}}{_ORG}(?=[,。.?!\s]|对|的|吧|是|那|上班|$)"
    ),
    regex.compile(
        rf"{_WHERE}[^。?!,]{{0,8}}[。?!,]\s?(?:是|就是|在|叫|嗯|哦|那个|,|\s){{0,3}}{_ORG}(?=[,。?!\s]|对|的|吧|是|上班|$)"
    ),
    regex.compile(
        rf"(?:老公|老婆|媳妇|爱人|儿子|女儿|爸|妈|哥|姐|弟|妹|对象|先生|太太)(?:现在)?是{_ORG}的(?=[,。?!吧])"
    ),
)

_LETTER = (
    r"(?:[a-z\d零〇一二三四五六七八九两幺洞拐勾]|(?:大写|小写)的?|全拼|拼音|下划线|[横短中]?杠|横线|减号|点|加号"
    r"|[._+\-])"
)
_AT = r"[\s,、]{0,2}(?:@|艾特|爱特|[圈花]a|a圈|小老鼠|(?<![a-z])at(?![a-z]))[\s,、]{0,2}"
_HOST = (
    r"(?:新浪|搜狐|网易|腾讯|谷歌|雅虎|阿里云?|微软|企业邮?"
    r"|[a-z\d\-零〇一二三四五六七八九两幺洞拐勾]{1,20}+|(?:[a-z] ){1,9}[a-z])"
)
_END = r"(?:[\s,、]{0,2}(?:\.|点|dot)[\s,、]{0,2}(?:com|net|cn|org|edu|康母?|c ?o ?m|n ?e ?t|c ?n)(?![a-z])){1,2}+"
_AT_HOST = regex.compile(rf"{_AT}{_HOST}(?P<end>{_END})?")
_MAIL_CUE = regex.compile(
    r"(?:邮箱|邮件|e-?mail)(?:地址|号|账号)?(?:是|就是|呢|的话|叫|写|发到?|:|,|\s|嗯|啊|那个)*+(?P<it>[^。?!\n@]{1,60})$"
)
_SPELLED = regex.compile(rf"(?<![a-z\d_])(?P<it>{_LETTER}(?:[\s,、]{{0,2}}+{_LETTER}){{0,30}})$")
_LONGEST_MAIL = 80
#: The part before the 艾特 alone, asked for or told by itself.
_MAIL_NAME = regex.compile(
    r"(?:邮箱|e-?mail)(?:地址|号|账号|前面|前缀|名)?(?:是|就是|呢|叫|:|,|\s){0,4}+"
    r"(?P<it>(?=[a-z_.]{0,20}\d|[a-z]+[_.])[a-z][a-z\d_.]{4,30}"
    r"|[\d零〇一二三四五六七八九两幺洞](?:[\s,]{0,2}[\d零〇一二三四五六七八九两幺洞]){5,11})"
)


def whereabouts(text: str) -> Iterator[Found]:
    """Personal stretches of a normalised ``text``."""
    yield from _addresses(text)
    yield from _mails(text)
    for pattern in _BORN:
        yield from (Found(Personal.BIRTH, *m.span("it")) for m in pattern.finditer(text))
    for pattern in _WORKS:
        yield from (Found(Personal.WORK, *m.span("it")) for m in pattern.finditer(text) if not usual(m["it"]))


def _mails(text: str) -> Iterator[Found]:
    """From each 艾特 back to where its address begins."""
    for at in _AT_HOST.finditer(text):
        before = max(0, at.start() - _LONGEST_MAIL)
        name = _MAIL_CUE.search(text, before, at.start()) or (at["end"] and _SPELLED.search(text, before, at.start()))
        if name:
            yield Found(Personal.EMAIL, name.start("it"), at.end())
    yield from (Found(Personal.EMAIL, *m.span("it")) for m in _MAIL_NAME.finditer(text))


def _addresses(text: str) -> Iterator[Found]:
    for match in _PARTS.finditer(text):
        start, end = match.span()
        before = text[max(0, start - 40) : start]
        named = _BEFORE_HOUSE.search(before[-24:])
        if _is_home(match[0], before, named) and not is_office(text, start, end):
            yield Found(Personal.ADDRESS, start - (len(before[-24:]) - named.start("name") if named else 0), end)
    for match in _VILLAGE.finditer(text):
        if _LIVES.search(text, max(0, match.start() - 12), match.end()) and not is_office(text, *match.span()):
            yield Found(Personal.ADDRESS, *match.span())


def _is_home(house: str, before: str, named: regex.Match[str] | None) -> bool:
    strong = bool(_HAS_STRONG.search(house))
    pieces = len(_PIECE.findall(house))
    if named and _HAS_NUMBER.search(house) and (named["street"] or strong or pieces > 1):
        return True
    if strong and (pieces > 1 or regex.search(rf"单元[\s,]{{0,2}}{_N}{{3,4}}$", house)):
        return True
    sentence = _SENTENCE.split(before)[-1]
    if _LIVES.search(sentence[-20:]) and (strong or (named and _HAS_NUMBER.search(house))):
        return True
    if "号" in house and (_AT_HOME.search(before) or regex.search("住址|门牌", before)):
        return True
    return strong and bool(_ASKED.search(before))


def is_office(text: str, start: int, end: int) -> bool:
    """Whether what stands at ``[start, end)`` is where an office is, which anybody may know."""
    return bool(_OFFICE_BEHIND.match(text, end) or _OFFICE_BEFORE.search(text, max(0, start - 24), start))
