"""What speech recognition does to words, done on purpose: for training that expects it and for figures that show it.

Mandarin recognisers mostly write another character of the same sound (docs/accuracy.md); they lose particles and
punctuation, cut turns and sometimes write traditional script. English ones swap words that sound alike, lose small
words, punctuation and case. Shares are of characters or words; the same generator state gives the same damage.
"""

from __future__ import annotations

import random
import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from qa_service.classify.passages import Passage, Said
from qa_service.text.correct_en import sound_key
from qa_service.text.pinyin import near_key, syllables

PARTICLES = frozenset("啊吧呢吗嘛啦呀哦哈的了着过")
SMALL = frozenset(
    ["a", "an", "the", "to", "of", "is", "are", "was", "do", "does", "that", "it", "and", "so", "just", "you", "my"]
)
FILLERS = {"zh": ("嗯", "那个", "呃", "就是"), "en": ("uh", "um", "you know", "like")}
EXACT = 0.75
"""Share of the exchanged characters whose sound is the same but for the tone; the others sound near."""
_HAN = re.compile(r"[\u4e00-\u9fff]")
_MARKS = re.compile(r"[,.!?;:\"…，。！？；：、“”—-]+")


@dataclass(frozen=True, slots=True)
class Shares:
    """How much of each. The defaults are near what Whisper base does on telephone calls."""

    sound: float = 0.08
    particle: float = 0.25
    small: float = 0.06
    unmarked: float = 0.5
    filler: float = 0.15
    cut: float = 0.2


class Damage:
    """Damages text of either language.

    Args:
        texts: where characters and words that sound alike are taken from, the more frequent ones more often.
    """

    def __init__(self, texts: Iterable[str], shares: Shares = Shares()) -> None:
        self.shares = shares
        self._han: dict[str, list[str]] = defaultdict(list)
        self._words: dict[str, list[str]] = defaultdict(list)
        for text in texts:
            for syllable in syllables(text):
                for sound in (syllable.text, near_key(syllable.text)):
                    self._han[sound].append(text[syllable.start])
            for word in re.findall(r"[a-z']{3,}", text.lower()):
                self._words[sound_key(word)].append(word)

    def passage(self, passage: Passage, chance: random.Random) -> Passage:
        """The passage with each of its texts damaged."""
        turn, before, after = (
            Said(self.text(said.text, chance), said.speaker) if said else None
            for said in (passage.turn, passage.before, passage.after)
        )
        assert turn is not None
        return Passage(turn, before, after)

    def text(self, text: str, chance: random.Random) -> str:
        if not text.strip():
            return text
        mandarin = bool(_HAN.search(text))
        damaged = self._mandarin(text, chance) if mandarin else self._english(text, chance)
        if chance.random() < self.shares.unmarked:
            damaged = _MARKS.sub("" if mandarin else " ", damaged)
        return damaged.strip() or text

    def _mandarin(self, text: str, chance: random.Random) -> str:
        sounds = {s.start: s.text for s in syllables(text)}
        kept = []
        for at, char in enumerate(text):
            if char in PARTICLES and chance.random() < self.shares.particle:
                continue
            sound = sounds.get(at, "")
            alike = self._han.get(sound if chance.random() < EXACT else near_key(sound), ()) if sound else ()
            kept.append(chance.choice(alike) if alike and chance.random() < self.shares.sound else char)
        return self._edges(kept, chance, "zh")

    def _english(self, text: str, chance: random.Random) -> str:
        kept = []
        for word in text.split():
            bare = word.lower().strip('.,!?;:"')
            if bare in SMALL and chance.random() < self.shares.small:
                continue
            alike = self._words.get(sound_key(bare), ()) if len(bare) > 2 else ()
            kept.append(chance.choice(alike) if alike and chance.random() < self.shares.sound else word)
        return self._edges([f"{word} " for word in kept], chance, "en")

    def _edges(self, pieces: list[str], chance: random.Random, language: str) -> str:
        """Cut at the ends, and a filler somewhere."""
        if len(pieces) > 6 and chance.random() < self.shares.cut:
            pieces = pieces[1:] if chance.random() < 0.5 else pieces[:-1]
        if chance.random() < self.shares.filler:
            filler = chance.choice(FILLERS[language])
            pieces.insert(chance.randint(0, len(pieces)), filler if language == "zh" else f"{filler} ")
        return "".join(pieces)
