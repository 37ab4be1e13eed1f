"""The front both engines share: calls in, guarded Transcripts with measured coverage out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from qa_service.audio.types import Samples
from qa_service.records import EngineInfo, Transcript, Word
from qa_service.settings import Settings
from qa_service.speech.batches import Batch, Task, decode_all, encode_all
from qa_service.speech.coverage import missed
from qa_service.speech.hearing import Heard, chosen
from qa_service.speech.language import SUPPORTED, Languages, declared, detected, longest
from qa_service.speech.prompts import DOMAIN_PROMPTS
from qa_service.speech.protocol import Decoded, Decoder, Encoded, SpeechJob
from qa_service.speech.turns import Clip, around, cut, samples_of
from qa_service.speech.windows import Window, alone, by_piece, pack
from qa_service.speech.written import transcript
from qa_service.text.terms import Vocabulary

#: Sound on either side of a stretch that was missed twice, for the third try.
CONTEXT_S = 1.5
#: Why a stretch of speech has no words, for the reader of its turn.
NOT_UNDERSTOOD = "no words could be recognised in {seconds:.1f} s of speech, in {tries} tries"


@dataclass
class _Call:
    """One call on its way to a transcript."""

    job: SpeechJob
    windows: list[Window]
    languages: Languages = field(default_factory=lambda: Languages(None, None, ()))
    vocabulary: dict[str, Vocabulary] = field(default_factory=dict)
    encoded: dict[int, Encoded] = field(default_factory=dict)
    heard: dict[Clip, Heard] = field(default_factory=dict)
    lost: list[Heard] = field(default_factory=list)
    done_s: float = 0.0

    @property
    def speech_s(self) -> float:
        return sum(w.speech_s for w in self.windows)

    def sound(self, clip: Clip) -> Samples:
        return samples_of(self.job.audio, clip.channel, clip.start_s, clip.end_s)

    def progress(self, seconds: float) -> None:
        self.done_s += seconds
        if self.job.progress:
            self.job.progress(min(self.done_s, self.speech_s), self.speech_s)


class TurnTranscriber:
    """A Transcriber made of a Decoder: cut, pack, batch, decode, guard, decode again what is doubtful or missing."""

    def __init__(self, decoder: Decoder, settings: Settings) -> None:
        self.decoder = decoder
        self.settings = settings

    def info(self) -> EngineInfo:
        return self.decoder.info()

    def transcribe(self, job: SpeechJob) -> Transcript:
        """See :class:`~qa_service.speech.protocol.Transcriber`. A language other than zh and en is only named."""
        return self.transcribe_all([job])[0]

    def transcribe_all(self, jobs: Sequence[SpeechJob]) -> list[Transcript]:
        calls = [_Call(job, pack(cut(job.audio, job.spans))) for job in jobs]
        self._find_languages(calls)
        self._decode_windows(calls)
        self._ask_again(calls)
        for context_s in (0.0, CONTEXT_S):
            self._fill_gaps(calls, context_s)
        for call in calls:
            _name_gaps(call)
        info = self.decoder.info()
        return [transcript(c.job, [*c.heard.values(), *c.lost], c.languages, c.vocabulary, info) for c in calls]

    def _find_languages(self, calls: Sequence[_Call]) -> None:
        """Language of every channel, and with it the vocabulary; what was encoded for it is kept for the decode."""
        asked = [
            (call, i, Task(number, call.windows[i], call.job.audio))
            for number, call in enumerate(calls)
            if call.job.language is None
            for channel in _channels(call)
            for i in longest(call.windows, channel)
        ]
        found = encode_all(self.decoder, [task for *_, task in asked])
        chances: dict[int, dict[int, list[tuple[float, dict[str, float]]]]] = {}
        for (call, i, task), (encoded, heard) in zip(asked, found, strict=True):
            call.encoded[i] = encoded
            chances.setdefault(task.call, {}).setdefault(task.window.channel, []).append((task.window.speech_s, heard))
        for number, call in enumerate(calls):
            given = call.job.language
            call.languages = declared(given, _channels(call)) if given else detected(chances.get(number, {}))
            for code in {call.languages.of(c) for c in _channels(call)} & set(SUPPORTED):
                call.vocabulary[str(code)] = self._vocabulary(call.job, str(code))

    def _vocabulary(self, job: SpeechJob, language: str) -> Vocabulary:
        given = job.vocabulary(language) if job.vocabulary else Vocabulary(prompt=DOMAIN_PROMPTS.get(language, ""))
        return given if self.settings.domain_prompt else replace(given, prompt="")

    def _decode_windows(self, calls: Sequence[_Call]) -> None:
        def after(batch: Batch, heard: Sequence[Decoded]) -> None:
            for task, decoded in zip(batch, heard, strict=True):
                call = calls[task.call]
                for piece, words in zip(task.window.pieces, by_piece(task.window, decoded.words), strict=True):
                    found = Heard(piece.clip, words)
                    call.heard[piece.clip] = found.judged(call.sound(piece.clip), task.prompt)
                call.progress(task.window.speech_s)

        tasks: list[Task] = []
        for number, call in enumerate(calls):
            for i, window in enumerate(call.windows):
                if task := _task(calls, number, window, encoded=call.encoded.pop(i, None)):
                    tasks.append(task)
                else:
                    call.progress(window.speech_s)
        decode_all(self.decoder, tasks, after)

    def _ask_again(self, calls: Sequence[_Call]) -> None:
        """Decode every doubtful turn again in another way, and keep the better words."""

        def after(batch: Batch, heard: Sequence[Decoded]) -> None:
            for task, decoded in zip(batch, heard, strict=True):
                second = _alone(calls, task, decoded)
                call = calls[task.call]
                call.heard[second.clip] = chosen(call.heard[second.clip], second)

        doubtful = [(n, h.clip) for n, call in enumerate(calls) for h in call.heard.values() if h.flags]
        decode_all(self.decoder, list(_again(calls, doubtful)), after)

    def _fill_gaps(self, calls: Sequence[_Call], context_s: float) -> None:
        """Decode alone what the words of a turn leave out, with ``context_s`` of sound around it."""
        owners: dict[tuple[int, Clip], tuple[Clip, Clip]] = {}

        def after(batch: Batch, heard: Sequence[Decoded]) -> None:
            for task, decoded in zip(batch, heard, strict=True):
                second = _alone(calls, task, decoded)
                owner, gap = owners[task.call, second.clip]
                if second.words and not second.flags:
                    _insert(calls[task.call], owner, gap, second)

        for number, call in enumerate(calls):
            for heard in call.heard.values():
                for gap in _gaps(heard):
                    if not context_s and (gap.start_s, gap.end_s) == (heard.clip.start_s, heard.clip.end_s):
                        continue  # the whole turn was asked for again already
                    owners[number, around(gap, call.job.audio, context_s)] = (heard.clip, gap)
        decode_all(self.decoder, list(_again(calls, list(owners))), after)


def _channels(call: _Call) -> list[int]:
    return sorted({w.channel for w in call.windows})


def _task(
    calls: Sequence[_Call], number: int, window: Window, *, careful: bool = False, encoded: Encoded | None = None
) -> Task | None:
    """None where the language is not one that is transcribed. A careful decode gets no prompt: it may be at fault."""
    call = calls[number]
    language = call.languages.of(window.channel)
    if language not in SUPPORTED:
        return None
    prompt = "" if careful else call.vocabulary[language].prompt
    return Task(number, window, call.job.audio, language, prompt, careful, encoded)


def _again(calls: Sequence[_Call], clips: Sequence[tuple[int, Clip]]) -> Iterator[Task]:
    for number, clip in clips:
        if task := _task(calls, number, alone(clip), careful=True):
            yield task


def _alone(calls: Sequence[_Call], task: Task, decoded: Decoded) -> Heard:
    """What was heard in a window that holds one clip."""
    clip = task.window.pieces[0].clip
    words = by_piece(task.window, decoded.words)[0]
    return Heard(clip, words).judged(calls[task.call].sound(clip), task.prompt)


def _gaps(heard: Heard) -> Iterator[Clip]:
    for span in missed(heard.clip.speech, heard.words):
        yield Clip(span.channel, span.start_s, span.end_s, (span,), span.voice)


def _insert(call: _Call, owner: Clip, gap: Clip, second: Heard) -> None:
    """Words whose middle lies in the gap join the turn they were missing from; none reaches out of the gap."""
    found = [_inside(w, gap) for w in second.words if gap.start_s <= (w.start_s + w.end_s) / 2 <= gap.end_s]
    heard = call.heard[owner]
    words = tuple(sorted((*heard.words, *found), key=lambda w: (w.start_s, w.end_s)))
    flags = () if found and not heard.words else heard.flags
    call.heard[owner] = Heard(owner, words, flags)


def _inside(word: Word, gap: Clip) -> Word:
    start, end = max(word.start_s, gap.start_s), min(word.end_s, gap.end_s)
    return word.model_copy(update={"start_s": round(start, 3), "end_s": round(end, 3)})


def _name_gaps(call: _Call) -> None:
    """What stays without words becomes a turn of its own that says so; a turn without any says so itself."""
    for clip, heard in list(call.heard.items()):
        seconds = clip.speech_s
        if not heard.words:
            reason = NOT_UNDERSTOOD.format(seconds=seconds, tries=3 if list(_gaps(heard)) else 2)
            call.heard[clip] = Heard(clip, (), ("not_transcribed",), reason)
            continue
        for gap in _gaps(heard) if heard.trusted else ():
            reason = NOT_UNDERSTOOD.format(seconds=gap.speech_s, tries=3)
            call.lost.append(Heard(gap, (), ("not_transcribed",), reason))
