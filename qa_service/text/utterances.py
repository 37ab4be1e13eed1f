"""What short turns do in a conversation: listen, ask, or make sure that somebody is there. By closed word lists.

Listening words (backchannels): V. Yngve 1970, "On getting a word in edgewise"; for Mandarin and English P. Clancy
et al. 1996, "The conversational use of reactive tokens in English, Japanese, and Mandarin", Journal of Pragmatics 26.
"""

from __future__ import annotations

import re

_ZH_LISTENING = """
    嗯 嗯哼 唔 呃 额 哦 噢 喔 啊 哎 唉 诶 欸 呵 哈 行 好 对 是 可以 没错 没问题 明白 知道 了解 清楚 收到
    这样 这样子 原来如此 当然 真的 是吗 我 的 了 吧 呀 啦
"""
_EN_LISTENING = """
    uh huh uhuh uh-huh mhm mm hm hmm mmhmm mm-hm mm-hmm um ah oh aha wow yeah yep yup yes okay ok right sure alright
    all i i'm see got it exactly really fine good great true of course understood know that's that is fair enough
"""
_ZH = re.compile("|".join(sorted(map(re.escape, _ZH_LISTENING.split()), key=len, reverse=True)))
_EN = frozenset(_EN_LISTENING.split())
#: Words that only go with others: alone they are no sign of listening.
_EMPTY = frozenset(["我", "的", "了", "吧", "呀", "啦", "i", "it", "that's", "that", "is", "of", "all"])

_ZH_ASKS = re.compile(
    r"[吗么呢]\W*$|什么|怎么|为啥|为何|干嘛|多少|多久|几[号点时天个月期]|哪[里儿天个位]|谁|"
    r"是不是|有没有|能不能|可不可以|会不会|要不要|行不行|对不对|好不好|方不方便|还是.{1,12}$"
)
_EN_ASKS = re.compile(
    r"^(?:and |so |but |well |okay |ok |then |sir |ma'am )*"
    r"(?:what|when|where|who|whose|why|how|which|do|does|did|can|could|will|would|may|should|shall|is|are|am|was|were|"
    r"have|has|isn't|aren't|don't|doesn't|didn't|can't|couldn't|won't|wouldn't)\b"
)
_SUMMONS = re.compile(
    r"^\W*喂|在听|[您你]在吗|还在吗|听得[到见]|能听[到见]|不说话|不出声|没声音|"
    r"\bhello\b|\bare you there\b|\bstill there\b|\bcan you hear\b"
)
_ZH_REQUESTS = re.compile(r"(?:麻烦|请|劳驾).{0,8}(?:说|报|讲|念|告诉|回答|答复|提供|确认|核对)|告诉我")
_EN_REQUESTS = re.compile(
    r"\b(?:please|kindly) (?:tell|give|say|state|read|confirm|provide|verify|answer)\b|\b(?:tell me|let me know)\b"
)
_STOP = re.compile(r"[。！？!?；;.]+")


def only_listens(text: str) -> bool:
    """Whether there is nothing but listening words (嗯, 对对, 好的, uh-huh, okay right)."""
    folded = text.lower().replace("’", "'")
    han = "".join(c for c in folded if "\u3400" <= c <= "\u9fff")
    words = re.findall(r"[a-z]+(?:['-][a-z]+)*|\d+", folded)
    if _ZH.sub("", han) or not all(w in _EN for w in words):
        return False
    return any(w not in _EMPTY for w in [*_ZH.findall(han), *words])


def asks(text: str) -> bool:
    """Whether the last sentence asks for an answer: a question by its mark or words (recognisers leave marks out), or a
    request to say something."""
    folded = text.strip().lower().replace("’", "'")
    if folded.endswith(("?", "？")):
        return True
    sentences = [s.strip() for s in _STOP.split(folded) if s.strip()]
    last = re.split(r"[，,]", sentences[-1])[-1].strip() if sentences else ""
    if not sentences:
        return False
    tried = ((_ZH_ASKS, last), (_EN_ASKS, last), (_EN_ASKS, sentences[-1]))
    return any(p.search(t) for p, t in (*tried, (_ZH_REQUESTS, sentences[-1]), (_EN_REQUESTS, sentences[-1])))


def calls_for_answer(text: str) -> bool:
    """Whether it makes sure that the other is there (喂？您在听吗, hello, are you there)."""
    return bool(_SUMMONS.search(text.strip().lower()))
