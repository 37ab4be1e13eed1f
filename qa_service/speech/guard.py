"""Does this look heard or invented? Whisper makes up words in 1 to 1.4 % of segments (FAccT 2024)."""

from __future__ import annotations

import re
import zlib

from qa_service.speech.protocol import Decoded

#: Faster than any speaker: Han characters or letters a second.
MOST_HAN_PER_S, MOST_LETTERS_PER_S = 10.0, 30.0
#: Text that shrinks this much repeats itself (openai/whisper's own limit).
MOST_COMPRESSION = 2.4
LEAST_LOGPROB = -1.0
LEAST_CONFIDENCE = 0.4
#: Subtitles of films and videos that the model was trained on; nobody says these on a collections call.
STOCK_PHRASES = re.compile(
    r"(谢谢(大家)?(的)?(观看|收看|聆听)|字幕(由|by|制作|组|提供|志愿者)|请不吝点赞|点赞.{0,4}(订阅|转发)|明镜与点点|"
    r"thanks? (you )?for watching|please subscribe|subtitles? by|amara\.org)",
    re.IGNORECASE,
)
_HAN = re.compile(r"[\u3400-\u9fff]")
_LETTER = re.compile(r"[A-Za-z]")
_SIGNS = re.compile(r"[\W_]+")


def suspicious(decoded: Decoded, length_s: float, prompt: str) -> tuple[str, ...]:
    """Reasons to decode a clip again in another way; empty when it looks sound."""
    if not decoded.text:
        return ("not_transcribed",)
    checks = {
        "repetition": repeats(decoded.text) or too_fast(decoded.text, length_s),
        "stock_phrase": bool(STOCK_PHRASES.search(decoded.text)) or echoes(decoded.text, prompt),
        "low_confidence": decoded.avg_logprob < LEAST_LOGPROB or confidence(decoded) < LEAST_CONFIDENCE,
    }
    return tuple(name for name, found in checks.items() if found)


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
    return bool(re.search(r"(.{2,12}?)\1{4,}", _SIGNS.sub("", text)))


def echoes(text: str, prompt: str) -> bool:
    """The words are two or more terms of the prompt in the prompt's own order: it was read out, not heard."""
    said = _SIGNS.sub("", text).lower()
    terms = [t for t in re.split(r"[,，、。.]\s*", prompt.lower()) if t]
    joined = "".join(_SIGNS.sub("", t) for t in terms)
    return len(said) >= 4 and said in joined and sum(_SIGNS.sub("", t) in said for t in terms) >= 2


def confidence(decoded: Decoded) -> float:
    """Mean word probability; 0 without words."""
    if not decoded.words:
        return 0.0
    return sum(w.probability for w in decoded.words) / len(decoded.words)
