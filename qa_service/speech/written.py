"""From heard turns to the Transcript record: simplified characters, domain terms, spoken numbers, coverage."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from qa_service.records import EngineInfo, Transcript, Turn, Word
from qa_service.speech.coverage import coverage, covered_s
from qa_service.speech.hearing import Heard
from qa_service.speech.language import Languages
from qa_service.speech.protocol import SpeechJob
from qa_service.text.correct import correct_words
from qa_service.text.normalise import simplified_parts
from qa_service.text.numbers import spoken_numbers
from qa_service.text.terms import Vocabulary


def transcript(
    job: SpeechJob,
    heard: Sequence[Heard],
    languages: Languages,
    vocabulary: Mapping[str, Vocabulary],
    engine: EngineInfo,
) -> Transcript:
    """The call's turns in order of time. Terms are corrected with the turns beside for context."""
    ordered = sorted(heard, key=lambda h: (h.clip.start_s, h.clip.channel, h.clip.voice or 0))
    plain = [_words(h, languages.of(h.clip.channel)) for h in ordered]
    texts = ["".join(w.text for w in words).strip() for words in plain]
    turns = []
    for i, (h, words) in enumerate(zip(ordered, plain, strict=True)):
        nearby = " ".join((*texts[max(0, i - 1) : i], *texts[i + 1 : i + 2]))
        turns.append(_turn(i, h, words, job, languages.of(h.clip.channel), vocabulary, nearby))
    trusted = sum(covered_s(h.clip.speech, h.words) for h in ordered if h.trusted)
    prompts = {code: words.prompt for code, words in sorted(vocabulary.items()) if words.prompt}
    return Transcript(
        language=languages.call,
        language_confidence=languages.confidence,
        channel_languages=languages.channels,
        duration_s=round(job.audio.duration_s, 3),
        turns=tuple(turns),
        coverage=coverage(job.spans, trusted),
        roles=job.roles,
        engine=engine.model_copy(update={"options": {**engine.options, "prompt": prompts}}),
    )


def _words(heard: Heard, language: str | None) -> tuple[Word, ...]:
    """Whisper writes Mandarin in either script; we write simplified."""
    if language != "zh":
        return heard.words
    texts = simplified_parts([w.text for w in heard.words])
    return tuple(w.model_copy(update={"text": t}) for w, t in zip(heard.words, texts, strict=True))


def _turn(
    index: int,
    heard: Heard,
    words: tuple[Word, ...],
    job: SpeechJob,
    language: str | None,
    vocabulary: Mapping[str, Vocabulary],
    nearby: str,
) -> Turn:
    clip, code = heard.clip, language or ""
    words, corrections = correct_words(words, vocabulary.get(code, Vocabulary()), code, nearby=nearby)
    text = "".join(w.text for w in words).strip()
    confidence = sum(w.probability for w in words) / len(words) if words else None
    return Turn(
        index=index,
        role=job.channel_roles[clip.channel],
        channel=clip.channel,
        voice=clip.voice,
        language=language,
        start_s=round(clip.start_s, 3),
        end_s=round(clip.end_s, 3),
        text=text,
        confidence=round(confidence, 4) if confidence is not None else None,
        words=tuple(w.model_copy(update={"text": w.text.strip()}) for w in words),
        flags=heard.flags,
        reason=heard.reason,
        corrections=corrections,
        numbers=spoken_numbers(text, language),
    )
