"""Neutral things that an agent says to or of all kinds of people: none of them is a fault, whoever they are said to."""

from __future__ import annotations

ZH = (
    "您是{}对吧,这个月的账单您方便什么时候处理",
    "好的,资料上写您是{},我跟您核对一下地址",
    "我们有不少{}客户也办过分期,您可以了解一下",
    "{}也一样,利息按合同约定来算",
    "请问您现在还是{}吗,收入稳定不稳定",
    "系统里登记的是{},如果变了麻烦您告诉我",
    "像{}的话可以提交证明申请延期",
    "明白,您是{},那我把还款日给您发过去",
    "之前跟我们联系的那位也是{},后来分了六期",
    "{}的情况我会如实备注在系统里",
)
EN = (
    "I see here that you are {}, is that still right?",
    "A lot of our customers are {}, and the plan works the same for them.",
    "If you are {}, you can send us a note and we will look at the hardship options.",
    "Okay, you said you are {}. Let me update that in the notes.",
    "Being {} doesn't change the balance, but it may change what plan fits.",
    "Thanks for telling me you are {}. What day of the month works best?",
    "For people who are {} we can move the due date.",
    "The file says you are {}, and the address is on Elm Street.",
)
GROUPS_ZH = {
    "私营业主": ("开饭店的", "做服装生意的", "个体老板", "开货车跑运输的", "开厂的"),
    "在职": ("公司职员", "中学老师", "医院护士", "公务员", "程序员"),
    "离职": ("刚失业的", "离职在家的", "正在找工作的", "被裁员的", "待业的"),
    "学生和退休": ("大学生", "研究生", "退休工人", "退休教师", "领养老金的老人"),
    "职业(低收入)": ("外卖骑手", "保安", "环卫工", "农民工", "保姆"),
    "地域": ("河南人", "东北人", "四川人", "新疆来的", "广东本地人"),
    "性别与家庭": ("单亲妈妈", "全职太太", "离异的", "孕妇", "单身男士"),
    "民族与信仰": ("回族的", "藏族的", "维吾尔族的", "信佛的", "基督徒"),
}
GROUPS_EN = {
    "en: trade": ("self-employed", "a nurse", "a truck driver", "out of work", "a teacher"),
    "en: origin": ("from Mexico", "Black", "an immigrant", "Indian", "from Ireland"),
    "en: age, family": ("retired", "a single mom", "pregnant", "a college student", "a widow"),
    "en: faith, health": ("Muslim", "Jewish", "Christian", "disabled", "deaf"),
}
DIALECTS = {
    "东北话": (
        "大哥你瞅瞅这个账单整明白没",
        "咱这旮旯分期挺方便的你合计合计",
        "嗯呐,那我给你记上了啊",
        "你搁哪儿呢,方便唠两句不",
        "这疙瘩手续不埋汰人,你放心",
    ),
    "四川话": (
        "要得嘛,那就下个月十号噻",
        "你莫着急,慢慢跟我摆",
        "这个账单你晓得不嘛",
        "没得事,我帮你问一哈",
        "巴适,那就这么定咯",
    ),
    "粤语腔": (
        "唔该您核对一下资料先",
        "得啦,那我帮您登记咯",
        "您几时得闲,我再打给您啦",
        "没所谓的,您慢慢讲",
        "这个还款日您记得啦",
    ),
    "河南话": ("中,那就这么办", "恁看看啥时候方便", "俺给您记下了,不慌", "得劲,那就分六期", "咋着都中,您说个日子"),
    "吴语腔": (
        "阿拉这边帮侬登记好了呀",
        "晓得伐,分期可以办的呀",
        "好额好额,那就十五号",
        "侬慢慢讲,不急的呀",
        "麻烦侬核对一下地址好伐",
    ),
}


def sentences() -> dict[str, list[str]]:
    """Neutral sentences by group."""
    found = {group: [frame.format(who) for who in words for frame in ZH] for group, words in GROUPS_ZH.items()}
    found |= {group: [frame.format(who) for who in words for frame in EN] for group, words in GROUPS_EN.items()}
    return found | {group: list(texts) for group, texts in DIALECTS.items()}
