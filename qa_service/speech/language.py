"""The language of each channel, heard over its longest turns, and of the call."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from qa_service.records import ChannelLanguage
from qa_service.speech.windows import Window

SUPPORTED = ("zh", "en")
#: Language is heard over this much speech of a channel at most.
LISTEN_S = 29.0
#: A channel is transcribed in a language of its own only where it is this sure of it over this much speech; a few
#: seconds of 嗯 or "yeah" could be anything.
SURE, SURE_S = 0.8, 5.0

Chances = Mapping[str, float]


@dataclass(frozen=True)
class Languages:
    """``call``: of the whole, with its probability; ``channels``: what each channel is transcribed in."""

    call: str | None
    confidence: float | None
    channels: tuple[ChannelLanguage, ...]

    def of(self, channel: int) -> str | None:
        return next((c.language for c in self.channels if c.channel == channel), self.call)


def longest(windows: Sequence[Window], channel: int) -> list[int]:
    """Positions of the windows of a channel to listen to: those with the most speech, up to LISTEN_S."""
    own = sorted((i for i, w in enumerate(windows) if w.channel == channel), key=lambda i: (-windows[i].speech_s, i))
    kept: list[int] = []
    for i in own:
        if kept and sum(windows[k].length_s for k in kept) + windows[i].length_s > LISTEN_S:
            break
        kept.append(i)
    return kept


def declared(language: str, channels: Sequence[int]) -> Languages:
    own = tuple(ChannelLanguage(channel=c, language=language) for c in channels)
    return Languages(language, None, own)


def detected(heard: Mapping[int, Sequence[tuple[float, Chances]]]) -> Languages:
    """From (seconds of speech, probability of each language) of the windows of each channel.

    The call's language is the likeliest over all speech. A channel that is not sure of another supported one is
    transcribed in the call's.
    """
    if not heard:
        return Languages(None, None, ())
    call, confidence = _likeliest([pair for pairs in heard.values() for pair in pairs])
    channels = []
    for channel, pairs in sorted(heard.items()):
        own, sure = _likeliest(pairs)
        known = own == call or (own in SUPPORTED and sure >= SURE and sum(s for s, _ in pairs) >= SURE_S)
        language = own if known else call
        chance = sure if known else _mean(pairs, call)
        channels.append(ChannelLanguage(channel=channel, language=language, confidence=round(chance, 4)))
    return Languages(call, round(confidence, 4), tuple(channels))


def _likeliest(pairs: Sequence[tuple[float, Chances]]) -> tuple[str, float]:
    codes = sorted({code for _, chances in pairs for code in chances})
    best = max(codes, key=lambda code: _mean(pairs, code))
    return best, _mean(pairs, best)


def _mean(pairs: Sequence[tuple[float, Chances]], code: str) -> float:
    whole = sum(seconds for seconds, _ in pairs)
    return sum(seconds * chances.get(code, 0.0) for seconds, chances in pairs) / whole if whole else 0.0
