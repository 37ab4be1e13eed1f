"""Does this look heard or invented? Whisper makes up words in 1 to 1.4 % of segments (FAccT 2024)."""

from __future__ import annotations

import re
import zlib
from collections.abc import Sequence

from qa_service.audio.types import SAMPLE_RATE, Samples
from qa_service.records import Word
from qa_service.speech.evidence import silent_words, voiceless_words
from qa_service.speech.protocol import Decoded
from qa_service.text.distance import distance
from qa_service.text.normalise import normalise
from qa_service.text.pinyin import near_key, syllables

#: Flags of words that do not count as transcribed. The other two, low_confidence and disagreement, are doubts.
UNTRUSTED = frozenset({"repetition", "too_fast", "no_speech_energy", "stock_phrase", "prompt_echo", "not_transcribed"})
#: Faster than any speaker: Han characters or letters a second.
MOST_HAN_PER_S, MOST_LETTERS_PER_S = 10.0, 30.0
#: Text that shrinks this much repeats itself (openai/whisper's own limit).
MOST_COMPRESSION = 2.4
LEAST_LOGPROB = -1.0
LEAST_CONFIDENCE = 0.4
#: Words that are less sure than this must have a voice under them.
SURE_LOGPROB, SURE_CONFIDENCE = -0.4, 0.75
#: From this share of words over pauses on, or so many in a row, the words are taken for invented.
SILENT_SHARE, SILENT_RUN = 0.34, 4
#: The text is an echo when prompt terms, in the prompt's order, make up this share of it.
ECHO_SHARE = 0.7
#: Two decodes agree when they differ by at most this share of their sounds.
MOST_APART = 0.3
#: Words of this many and more repeat themselves when so few of them are different.
MANY_WORDS, DISTINCT_SHARE = 8, 0.3
#: Subtitles of films and videos that the model was trained on; nobody says these on a collections call.
STOCK_PHRASES = re.compile(
    r"((谢谢|感谢)(大家|您|你们)?(的)?(观看|收看|聆听|收听)|字幕(由|by|制作|製作|组|組|提供|志愿者|志願者|校对)|"
    r"(中文|简体|双语|中英)字幕|作[词詞][:：\s]|作曲[:：\s]|编曲[:：\s]|"
    r"请不吝点赞|请?(点赞|订阅).{0,6}(订阅|转发|打赏|频道)|订阅.{0,4}频道|明镜与点点|"
    r"(下期|下集|下个视频|下一期)(节目|视频)?(再见|见)|未经授权|优优独播|"
    r"thanks? (you )?(so much )?for (watching|viewing|listening to (this|the|our) (video|channel|podcast))|"
    r"please (like and )?subscribe|(like|comment),? (and|&) subscribe|subscribe to (my|our|the) channel|"
    r"(subtitles?|captions?|captioning|transcri(bed|ption)) (made )?(by|provided)|amara\.org|"
    r"see you (in the )?next (video|time,? bye)|in (this|today's) video|www\.[a-z]+|^\W*[♪♫])",
    re.IGNORECASE,
)
_HAN = re.compile(r"[\u3400-\u9fff]")
_LETTER = re.compile(r"[A-Za-z]")
_SIGNS = re.compile(r"[\W_]+")
_UNIT = re.compile(r"[a-z']+|\d|[\u3400-\u9fff]", re.IGNORECASE)
_LOOP = re.compile(r"(.{2,12}?)\1{4,}|(.{13,60}?)\2{2,}")
_DIGITS = str.maketrans("0123456789", "零一二三四五六七八九")


def suspicious(decoded: Decoded, sound: Samples, prompt: str) -> tuple[str, ...]:
    """Flags of a decode, those of `Turn.flags`; empty when it looks heard.

    Args:
        sound: the clip at 16 kHz that was decoded, without padding.
        prompt: what the model was told to expect; empty for a decode without one.
    """
    if not decoded.text:
        return ("not_transcribed",)
    silent = silent_words(decoded.words, sound)
    checks = {
        "repetition": repeats(decoded.text),
        "too_fast": too_fast(decoded.text, sound.size / SAMPLE_RATE),
        "low_confidence": decoded.avg_logprob < LEAST_LOGPROB or confidence(decoded) < LEAST_CONFIDENCE,
        "no_speech_energy": _mostly(silent) or (not _sure(decoded) and _mostly(voiceless_words(decoded.words, sound))),
        "stock_phrase": bool(STOCK_PHRASES.search(decoded.text)),
        "prompt_echo": echoes(decoded.text, prompt) or _prompted(decoded.words, silent, prompt),
    }
    return tuple(name for name, found in checks.items() if found)


def agree(first: Decoded, second: Decoded) -> bool:
    """Whether two decodes say the same, to the ear: Mandarin is compared by syllables whose near sounds are one."""
    a, b = _sounds(first.text), _sounds(second.text)
    if not a or not b:
        return a == b
    return distance(a, b) <= MOST_APART * max(len(a), len(b))


def confidence(decoded: Decoded) -> float:
    """Mean word probability; 0 without words."""
    if not decoded.words:
        return 0.0
    return sum(w.probability for w in decoded.words) / len(decoded.words)


def too_fast(text: str, length_s: float) -> bool:
    seconds = max(length_s, 0.5)
    return (
        len(_HAN.findall(text)) / seconds > MOST_HAN_PER_S or len(_LETTER.findall(text)) / seconds > MOST_LETTERS_PER_S
    )


def repeats(text: str) -> bool:
    """Compression as openai/whisper measures it; short text never compresses, so loops are looked for too."""
    raw = text.encode()
    if len(raw) / len(zlib.compress(raw)) > MOST_COMPRESSION:
        return True
    if _LOOP.search(_SIGNS.sub("", text)):
        return True
    words = re.findall(r"[a-z']{2,}", text.lower())
    return len(words) >= MANY_WORDS and len(set(words)) < DISTINCT_SHARE * len(words)


def echoes(text: str, prompt: str) -> bool:
    """The words are little else than two or more terms of the prompt in the prompt's own order: read out, not heard."""
    said = _SIGNS.sub("", text).lower()
    covered, found, rest = 0, 0, said
    for term in _terms(prompt):
        at = rest.find(term)
        if at >= 0:
            rest = rest[at + len(term) :]
            found += 1
            covered += len(term)
            while rest.startswith(term):
                rest = rest[len(term) :]
                covered += len(term)
    joined = "".join(_terms(prompt))
    inside = len(said) >= 4 and said in joined and sum(t in said for t in _terms(prompt)) >= 2
    return inside or (found >= 2 and covered >= ECHO_SHARE * len(said))


def _terms(prompt: str) -> list[str]:
    return [s for t in re.split(r"[,，、。.;；]\s*", prompt.lower()) if (s := _SIGNS.sub("", t))]


def _prompted(words: Sequence[Word], silent: Sequence[bool], prompt: str) -> bool:
    """A term of the prompt stands over a pause."""
    terms = [t for t in _terms(prompt) if len(t) >= 2]
    said = "".join(_SIGNS.sub("", w.text).lower() if quiet else " " for w, quiet in zip(words, silent, strict=True))
    return any(t in said for t in terms)


def _mostly(doubtful: Sequence[bool]) -> bool:
    """Many of the words, or a run of them."""
    run = longest = 0
    for found in doubtful:
        run = run + 1 if found else 0
        longest = max(longest, run)
    return longest >= SILENT_RUN or (any(doubtful) and sum(doubtful) >= SILENT_SHARE * len(doubtful))


def _sure(decoded: Decoded) -> bool:
    return decoded.avg_logprob >= SURE_LOGPROB and confidence(decoded) >= SURE_CONFIDENCE


def _sounds(text: str) -> list[str]:
    """Near-sound classes of Mandarin syllables; letters of other words; digits as they are read in Mandarin."""
    plain = normalise(text).text
    if _HAN.search(plain):
        plain = plain.translate(_DIGITS)
        heard = {s.start: near_key(s.text) for s in syllables(plain)}
        return [heard.get(m.start(), m.group()) for m in _UNIT.finditer(plain)]
    return list(_SIGNS.sub("", plain))
