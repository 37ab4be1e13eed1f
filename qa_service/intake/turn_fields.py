"""The turns in what other systems export: under which names they stand, and a turn's words."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from qa_service.records.fact_words import plain_name

PlainTurn = Mapping[str, Any]
"""A turn by the plain names of its fields."""

_LISTS = frozenset(map(plain_name, (
    "turns", "utterances", "sentences", "sentence_list", "segments", "phrases", "transcript", "transcripts",
    "transcription", "dialogue", "dialogues", "dialog", "dialogs", "conversation", "messages", "chat_records",
    "asr_result", "asr_results", "result_detail", "对话", "对话内容", "对话记录", "通话文本", "通话内容", "录音文本",
    "转写", "转写文本", "转写结果", "转写内容", "语音识别结果",
)))  # fmt: skip
_TEXT = (
    "text", "content", "transcript", "sentence", "utterance", "message", "display_text", "final_sentence", "onebest",
    "words", "文本", "内容", "文字",
)  # fmt: skip
"""``words`` is a text in some exports and a list of words in most."""
_DEEP = 3


class TurnsError(ValueError):
    """Turns that cannot be understood, or in more than one way."""


def plain_turn(turn: Mapping[str, Any]) -> PlainTurn:
    """Fields without a value are left out; of several spellings of one name the first counts."""
    found: dict[str, Any] = {}
    for key, value in turn.items():
        if value is not None:
            found.setdefault(plain_name(str(key)), value)
    return found


def first_of(turn: PlainTurn, names: Iterable[str]) -> tuple[str, Any] | None:
    """The first field of these names that was sent: its name and value."""
    return next(((name, turn[key]) for name in names if (key := plain_name(name)) in turn), None)


def words_of(turn: PlainTurn) -> str | None:
    """What was said; None where no field says it."""
    texts = (turn.get(plain_name(name)) for name in _TEXT)
    return next((text for text in texts if isinstance(text, str)), None)


def holds_turns(name: str, value: object) -> bool:
    """Whether a field is the turns of the call, and so no fact."""
    return plain_name(name) == "turns" or (plain_name(name) in _LISTS and any(_inside(value, _DEEP)))


def turns_in(sent: Mapping[str, Any]) -> Any | None:
    """The turns of a call: what stands under ``turns``, else the one list of turns under another name.

    Raises:
        TurnsError: there are several.
    """
    own = next((value for key, value in sent.items() if plain_name(str(key)) == "turns" and value is not None), None)
    if own is not None:
        return own
    found = [(str(key), turns) for key, value in sent.items() if plain_name(str(key)) in _LISTS
             for turns in _inside(value, _DEEP)]  # fmt: skip
    if len(found) > 1:
        names = " and ".join(dict.fromkeys(f"`{name}`" for name, _ in found))
        raise TurnsError(f"{len(found)} lists of turns, in {names}; send that of the call as `turns`")
    return found[0][1] if found else None


def elsewhere(sent: Mapping[str, Any]) -> str:
    """Of a call without turns: where something that looks like them stands."""
    place = _place(sent, "", 6)
    return f"; `{place}` looks like it: send that list as `turns`, beside the facts of the call" if place else ""


def _place(value: object, way: str, deep: int) -> str | None:
    if not deep:
        return None
    if way and _are_turns(value):
        return way
    below: Iterable[tuple[object, object]] = ()
    if isinstance(value, Mapping):
        below = value.items()
    elif isinstance(value, list):
        below = enumerate(value[:3])
    found = (_place(item, f"{way}.{key}".lstrip("."), deep - 1) for key, item in below)
    return next((place for place in found if place), None)


def _inside(value: object, deep: int) -> Iterator[list[Any]]:
    """The lists of turns in the value of a field whose name may be theirs."""
    if _are_turns(value):
        yield value  # type: ignore[misc]
    elif deep and isinstance(value, Mapping):
        for key, item in value.items():
            if plain_name(str(key)) in _LISTS:
                yield from _inside(item, deep - 1)
    elif deep and isinstance(value, list):
        for item in value:
            if isinstance(item, Mapping):
                yield from _inside(item, deep - 1)


def _are_turns(value: object) -> bool:
    if not isinstance(value, list) or not all(isinstance(turn, Mapping) for turn in value):
        return False
    return any(words_of(plain_turn(turn)) is not None for turn in value)
