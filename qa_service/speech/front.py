"""The front both engines share: clips in, a guarded Transcript with measured coverage out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from qa_service.audio.types import Audio, Samples, SpeechSpan
from qa_service.records import Coverage, EngineInfo, Role, Roles, Transcript, Turn, Word
from qa_service.settings import Settings
from qa_service.speech import guard
from qa_service.speech.prompts import DOMAIN_PROMPTS
from qa_service.speech.protocol import Decoded, Decoder, OnSpeech
from qa_service.speech.turns import Clip, cut, samples_of
from qa_service.text.normalise import to_simplified

#: Clips in one batch, and seconds of audio in it at most: long clips go alone.
BATCH_CLIPS, BATCH_S = 8, 60.0
#: Words reach this far: the aligner puts their edges inside the sound.
WORD_REACH_S = 0.4
#: A word that lasts longer stands for speech the model left out: the aligner stretched it over the gap.
WORD_LONGEST_S = 1.2
#: Speech without words longer than this is decoded again by itself.
MISSED_S = 1.0
#: Language is detected over the longest clips, up to this much sound.
LANGUAGE_S = 29.0
SUPPORTED = ("zh", "en")


@dataclass(frozen=True)
class _Heard:
    """A clip with what was decoded in it; word times are seconds of the call."""

    clip: Clip
    words: tuple[Word, ...]
    flags: tuple[str, ...]


class TurnTranscriber:
    """A Transcriber made of a Decoder: cut, batch, decode, guard, decode again what is missing, measure coverage."""

    def __init__(self, decoder: Decoder, settings: Settings) -> None:
        self.decoder = decoder
        self.settings = settings

    def info(self) -> EngineInfo:
        return self.decoder.info()

    def transcribe(
        self,
        audio: Audio,
        spans: tuple[SpeechSpan, ...],
        *,
        channel_roles: tuple[Role, ...],
        roles: Roles,
        language: str | None,
        prompt: str | None = None,
        progress: OnSpeech | None = None,
    ) -> Transcript:
        """See :class:`~qa_service.speech.protocol.Transcriber`. A language other than zh and en is only named."""
        clips = cut(audio, spans)
        code, sure = (language, None) if language else self._language(audio, clips)
        heard: list[_Heard] = []
        if code in SUPPORTED:
            heard = self._decode_all(audio, clips, code, self._prompt(code, prompt), progress)
        turns = tuple(_turn(i, h, channel_roles, code) for i, h in enumerate(_in_order(heard)))
        return Transcript(
            language=code,
            language_confidence=sure,
            duration_s=round(audio.duration_s, 3),
            turns=turns,
            coverage=_coverage(spans, heard),
            roles=roles,
            engine=self._engine(code, prompt),
        )

    def _prompt(self, language: str, given: str | None) -> str:
        if given is not None:
            return given
        return DOMAIN_PROMPTS.get(language, "") if self.settings.domain_prompt else ""

    def _engine(self, language: str | None, prompt: str | None) -> EngineInfo:
        info = self.decoder.info()
        return info.model_copy(update={"options": {**info.options, "prompt": self._prompt(language or "", prompt)}})

    def _language(self, audio: Audio, clips: Sequence[Clip]) -> tuple[str | None, float | None]:
        """Language of the longest clips, heard as one."""
        import numpy as np

        if not clips:
            return None, None
        pieces: list[Samples] = []
        total = 0.0
        for clip in sorted(clips, key=lambda c: -c.length_s):
            if total + clip.length_s > LANGUAGE_S and pieces:
                break
            pieces.append(_sound(audio, clip))
            total += clip.length_s
        code, chance = self.decoder.detect_language(np.concatenate(pieces))
        return code, round(chance, 4)

    def _decode_all(
        self, audio: Audio, clips: Sequence[Clip], language: str, prompt: str, progress: OnSpeech | None
    ) -> list[_Heard]:
        total, done, heard = sum(c.speech_s for c in clips), 0.0, []
        for batch in _batches(clips):
            sounds = [_sound(audio, c) for c in batch]
            for clip, sound, decoded in zip(batch, sounds, self.decoder.decode(sounds, language, prompt), strict=True):
                kept, flags = self._guarded(sound, decoded, language, prompt)
                found = _Heard(clip, _shifted(kept.words, clip.start_s), flags)
                heard.append(self._completed(audio, found, language))
                done += clip.speech_s
            if progress:
                progress(done, total)
        return heard

    def _guarded(self, sound: Samples, first: Decoded, language: str, prompt: str) -> tuple[Decoded, tuple[str, ...]]:
        """The better of two decodes where the first looks wrong; the flags of the one that is kept."""
        flags = guard.suspicious(first, sound, prompt)
        if not flags:
            return first, ()
        again = self.decoder.decode([sound], language, "", careful=True)[0]
        flags_again = guard.suspicious(again, sound, prompt)
        better = (len(flags_again), -guard.confidence(again)) < (len(flags), -guard.confidence(first))
        return (again, flags_again) if better else (first, flags)

    def _completed(self, audio: Audio, heard: _Heard, language: str) -> _Heard:
        """Decode alone what the clip's words leave out; two reasons stay: nothing said, or not understood."""
        if not heard.words:
            return heard
        words = list(heard.words)
        for missed in _missed(heard):
            sound = samples_of(audio, missed.channel, missed.start_s, missed.end_s)
            decoded = self.decoder.decode([sound], language, "", careful=True)[0]
            if not guard.suspicious(decoded, sound, ""):
                words += _shifted(decoded.words, missed.start_s)
        return replace(heard, words=tuple(sorted(words, key=lambda w: (w.start_s, w.end_s))))


def _sound(audio: Audio, clip: Clip) -> Samples:
    return samples_of(audio, clip.channel, clip.start_s, clip.end_s)


def _batches(clips: Sequence[Clip]) -> Iterator[list[Clip]]:
    """Clips of like length together, the longest first."""
    batch: list[Clip] = []
    for clip in sorted(clips, key=lambda c: (-c.length_s, c.start_s, c.channel)):
        if batch and (len(batch) == BATCH_CLIPS or (len(batch) + 1) * batch[0].length_s > BATCH_S):
            yield batch
            batch = []
        batch.append(clip)
    if batch:
        yield batch


def _shifted(words: Iterable[Word], by_s: float) -> tuple[Word, ...]:
    return tuple(
        w.model_copy(update={"start_s": round(w.start_s + by_s, 3), "end_s": round(w.end_s + by_s, 3)}) for w in words
    )


def _reach(heard: _Heard) -> list[tuple[float, float]]:
    """Stretches that words cover, joined where they reach each other."""
    out: list[tuple[float, float]] = []
    for word in heard.words:
        start = word.start_s - WORD_REACH_S
        end = min(word.end_s, word.start_s + WORD_LONGEST_S) + WORD_REACH_S
        if out and start <= out[-1][1]:
            out[-1] = (out[-1][0], max(out[-1][1], end))
        else:
            out.append((start, end))
    return out


def _missed(heard: _Heard) -> Iterator[SpeechSpan]:
    """Speech of the clip that no word covers, where it is long enough to hold some."""
    for span in heard.clip.speech:
        at = span.start_s
        for start, end in [*_reach(heard), (span.end_s, span.end_s)]:
            if min(start, span.end_s) - at >= MISSED_S:
                yield SpeechSpan(span.channel, at, min(start, span.end_s))
            at = max(at, end)


def _coverage(spans: tuple[SpeechSpan, ...], heard: Sequence[_Heard]) -> Coverage:
    """Seconds of speech, and how many of them trusted words cover."""
    speech = sum(s.end_s - s.start_s for s in spans)
    covered = 0.0
    for turn in heard:
        if guard.UNTRUSTED.isdisjoint(turn.flags):
            for span in turn.clip.speech:
                covered += sum(max(0.0, min(b, span.end_s) - max(a, span.start_s)) for a, b in _reach(turn))
    ratio = round(min(1.0, covered / speech), 4) if speech else None
    return Coverage(speech_s=round(speech, 2), transcribed_s=round(min(covered, speech), 2), ratio=ratio)


def _in_order(heard: Sequence[_Heard]) -> list[_Heard]:
    return sorted(heard, key=lambda h: (h.clip.start_s, h.clip.channel))


def _turn(index: int, heard: _Heard, channel_roles: tuple[Role, ...], language: str | None) -> Turn:
    words = tuple(w.model_copy(update={"text": _script(w.text, language)}) for w in heard.words)
    confidence = sum(w.probability for w in words) / len(words) if words else None
    return Turn(
        index=index,
        role=channel_roles[heard.clip.channel],
        channel=heard.clip.channel,
        start_s=round(heard.clip.start_s, 3),
        end_s=round(heard.clip.end_s, 3),
        text="".join(w.text for w in words).strip(),
        confidence=round(confidence, 4) if confidence is not None else None,
        words=tuple(w.model_copy(update={"text": w.text.strip()}) for w in words),
        flags=heard.flags,
    )


def _script(text: str, language: str | None) -> str:
    """Whisper writes Mandarin in either script; we write simplified."""
    return to_simplified(text) if language == "zh" else text
