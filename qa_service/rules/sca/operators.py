"""SCA's operators as selections of ours, with what is lost on the way in words."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import regex

from qa_service.rules.checks.patterns import too_slow
from qa_service.rules.sca.records import Operator, finite, no_words_of, words_of
from qa_service.rules.stream import fold
from qa_service.text.normalise import fold_variants

Param = Mapping[str, Any]
_FLAGS = regex.VERSION1 | regex.IGNORECASE
#: Sentences that stand for "all before" in a repetition.
_WHOLE_CALL = 1000
_SPEAKERS = {"客服": "agent", "客户": "customer", "": "any", "所有": "any", "所有角色": "any"}
_PUNCTUATION = regex.compile(r"(?<!\\)[，。？！；：、“”]")


#: What says nothing: the usual values, and that the words of a test stand in one sentence, as ours stand in one turn.
_USUAL: Mapping[str, Any] = {"compare_operator": "gt", "hit_time": 1, "target": 1, "in_sentence": True}


@dataclass
class Made:
    """A selection (None: it cannot be expressed). ``negated``: it must not be there. ``lost``: what and why."""

    selection: dict[str, Any] | None = None
    negated: bool = False
    many_sentences: bool = False
    lost: list[str] = field(default_factory=list)


class _Asked(Mapping[str, Any]):
    """The parameters of an operator, and which of them were asked for: the others would be lost without a word."""

    def __init__(self, param: Param) -> None:
        self._param = param
        self._asked: set[str] = set()

    def __getitem__(self, key: str) -> Any:
        self._asked.add(key)
        return self._param[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._param)

    def __len__(self) -> int:
        return len(self._param)

    def left(self) -> list[str]:
        """Those that nobody asked for and that say something."""
        said = {k: v for k, v in self._param.items() if v not in (None, "", 0, False, [], {}, _USUAL.get(k))}
        return sorted(said.keys() - self._asked)


class _NumberError(ValueError):
    """A number that an operator hangs on is none, or has no end; any other in its place would mean something else."""


def selection_of(operator: Operator, families: Collection[str]) -> Made:
    """Translate one operator.

    Args:
        operator: as exported.
        families: keys that a selection may have in this version.
    """
    asked = _Asked(operator.param)
    try:
        made = _translate(replace(operator, param=asked))
    except _NumberError as wrong:
        return Made(lost=[f"{_called(operator)}: {wrong}"])
    missing = [key for key in made.selection or () if key not in families]
    if missing:
        return Made(lost=[f"{_called(operator)}: selections of this version have no {missing[0]!r}"])
    if made.selection and (left := asked.left()):
        made.lost.append(f"nothing here says what its {', '.join(left)} says: left out")
    made.lost = [f"{_called(operator)}: {reason}" for reason in made.lost]
    return made


def speaker_of(role: str) -> str | None:
    """Our name of a side; None: there is no such side here."""
    return _SPEAKERS.get(role.strip())


def _translate(operator: Operator) -> Made:
    kind, param = operator.kind.upper(), operator.param
    if kind in _BY_KIND:
        return _BY_KIND[kind](param)
    if "delay_time" in param or any(word in kind for word in ("INTERRUPT", "CHIME")):
        return _interruption(param)
    if "HANG_UP" in kind or "HANGUP" in kind:
        return Made({"hangup": _given(within_s=_seconds(param, "interval"))})
    if any(word in kind for word in ("DURATION", "RECORD_LENGTH")):
        return _length(param)
    return Made(lost=[_why_not(kind, param)])


def _keywords(kind: str, param: Param) -> Made:
    listed = words_of(param.get("keywords"))
    words = tuple(word for word in listed if fold(word))
    if not words:
        return Made(lost=["it has no keywords"])
    size = _whole(param, "keyword_match_size", 1 if kind == "HIT_ANY_KEYWORDS" else -1)
    made = Made({"all" if size < 0 else "phrases": list(_with_synonyms(words, param, size))}, negated=size == 0)
    assert made.selection is not None
    if size > 1:
        made.selection["at_least"] = min(size, len(words))
    if (total := _whole(param, "threshold", 0)) > 1:
        made.selection["count"] = total
    made.many_sentences = bool(param.get("context_chat_match"))
    if left := no_words_of(param.get("keywords")) + len(listed) - len(words):
        made.lost.append(f"{left} of its keywords {'is no word' if left == 1 else 'are no words'}: left out")
    if param.get("keyword_extension") and not param.get("synonyms"):
        made.lost.append("its automatic synonyms are not in the export; add them as phrases")
    if param.get("case_sensitive") and any(word.lower() != word.upper() for word in words):
        made.selection["case"] = True
    return made


def _with_synonyms(words: tuple[str, ...], param: Param, size: int) -> tuple[str, ...]:
    """Synonyms count as the word itself only where any one word is enough."""
    synonyms = param.get("synonyms")
    if size not in (0, 1) or not isinstance(synonyms, dict):
        return words
    return tuple(dict.fromkeys((*words, *(w for found in synonyms.values() for w in words_of(found)))))


def _pattern(param: Param) -> Made:
    made = Made()
    wanted = _sound(str(param.get("regex") or ""), made)
    if not wanted:
        made.lost = made.lost or ["it has no pattern"]
        return made
    made.selection = {"regex": [wanted]}
    unwanted = _sound(str(param.get("not_regex") or ""), made)
    if unwanted:
        made.selection["not_regex"] = [f".*(?:{unwanted}).*"]  # there it clears the whole sentence
    return made


def _sound(written: str, made: Made) -> str:
    """The pattern without what surrounds every match; empty, and told, where it cannot be used."""
    text = str(regex.sub(r"^(?:\^?\.\*)+|(?:\.\*\$?)+$", "", written.strip()))
    if not text:
        return ""
    try:
        compiled = regex.compile(fold_variants(text), _FLAGS)
    except regex.error as wrong:
        made.lost.append(f"the pattern {written!r} cannot be read: {wrong.msg}")
        return ""
    if compiled.fullmatch(""):
        made.lost.append(f"the pattern {written!r} matches the empty text")
        return ""
    if why := too_slow(compiled):
        made.lost.append(f"the pattern {written!r} is left out: {why}")
        return ""
    if _PUNCTUATION.search(text):
        made.lost.append(f"the pattern {written!r} waits for punctuation, which rules do not read")
    return text


def _similar(param: Param) -> Made:
    examples = words_of(param.get("similarly_sentences")) or words_of(param.get("references"))
    if not examples:
        return Made(lost=["it has no example sentences"])
    score = _number(param, "score", 80)
    made = Made({"similar": {"to": list(examples), "at_least": round(score / 100 if score > 1 else score, 2)}})
    made.lost.append("likeness is measured by characters and sounds here, not by SCA's model: try its threshold anew")
    return made


def _repeat(param: Param) -> Made:
    back = _whole(param, "from", 2)
    found: dict[str, Any] = {
        "times": _whole(param, "hit_time", 1) + 1,
        "within_turns": back + 1 if back > 0 else _WHOLE_CALL,
        "alike": _share(param, "similarity_threshold"),
        "at_least_units": _whole(param, "threshold", 0) or None,
        "except": list(words_of(param.get("excludes"))) or None,
    }
    made = Made({"repeat": _given(**found)})
    if param.get("target_role") and str(param["target_role"]) not in ("", "所有"):
        made.lost.append("repeating what the other side said cannot be asked for, only repeating oneself")
    return made


def _silence(param: Param) -> Made:
    seconds = _seconds(param, "interval")
    if str(param.get("compare_operator") or "gt") != "gt":
        return Made(lost=["a pause shorter than a limit cannot be asked for"])
    if seconds is None:
        return Made(lost=["it has no length"])
    if param.get("target") == 0:
        return Made(lost=["target 0 measures the length of a sentence, not a silence"])
    made = Made({"silence": {"at_least_s": seconds}})
    assert made.selection is not None
    if param.get("check_first_sentence"):
        made.selection["silence"]["not_first_turn"] = False
    if param.get("interval_end"):
        made.lost.append("the upper limit of the silence is left out")
    if param.get("different_role"):
        made.lost.append("a pause between two sentences of the same side counts too")
    if _whole(param, "target", 1) > 1:
        made.lost.append("the silence is measured from the sentence before, not from one further back")
    return made


def _rate(param: Param) -> Made:
    pace = _number(param, "velocity_in_mint", _number(param, "velocity", 0))
    if not pace:
        return Made(lost=["it has no pace"])
    limit = "below" if str(param.get("compare_operator") or "gt") == "lt" else "above"
    made = Made({"rate": {limit: pace, "per": "call" if param.get("average") else "turn"}})
    if _whole(param, "min_word_size", 0):
        made.lost.append("turns are left out by seconds here (rate.at_least_s), not by their number of characters")
    return made


def _interruption(param: Param) -> Made:
    made = Made({"interruption": _given(overlap_s=_seconds(param, "interval"))})
    if _whole(param, "delay_time", 0):
        made.lost.append("the delay before an overlap counts is left out")
    if _whole(param, "min_word_size", 0):
        made.lost.append("short answers (嗯, 好的) never count here; the number of characters is left out")
    return made


def _length(param: Param) -> Made:
    seconds = _seconds(param, "interval")
    if seconds is None:
        return Made(lost=["it has no length"])
    if str(param.get("begin_type") or param.get("end_type") or "").upper() == "DIALOGUE":
        return Made(lost=["a length that begins or ends with a sentence needs `between` with two selections"])
    below = str(param.get("compare_operator") or "gt") == "lt"
    return Made({"length": {"below_s" if below else "above_s": seconds}})


_BY_KIND: dict[str, Callable[[Param], Made]] = {
    "HIT_ANY_KEYWORDS": lambda param: _keywords("HIT_ANY_KEYWORDS", param),
    "INCLUDE_KEYWORDS": lambda param: _keywords("INCLUDE_KEYWORDS", param),
    "REGULAR_EXPRESSION": _pattern,
    "SIMILAR_MATCH": _similar,
    "ADVANCED_REPEAT_DETECT": _repeat,
    "INTERVAL_GREATER": _silence,
    "SPEECH_SPEED_CHECK": _rate,
}


def _why_not(kind: str, param: Param) -> str:
    if "max_emotion_change_value" in param or "EMOTION" in kind:
        return "its energy scale of 1 to 10 has no decibels; choose loudness.step_db by ear"
    if kind == "NER_MODEL" or param.get("data_type") is not None:
        return "which entity its number means is not in the export; see `entity` for the kinds there are"
    if param.get("customer_param"):
        return "a condition over call parameters: write it as match.facts over extra.NAME"
    if param.get("knowledge_target_id") or param.get("bot_id") or param.get("pvalues") or "MODEL" in kind:
        return "its model or knowledge base is not in the export"
    return "there is no such operator here"


def _called(operator: Operator) -> str:
    named = f" “{operator.name}”" if operator.name else ""
    return f"operator {operator.oid}{named} ({operator.kind or 'no type'})"


def _given(**values: object) -> dict[str, Any]:
    return {key: value for key, value in values.items() if value is not None}


def _number(param: Param, key: str, otherwise: float) -> float:
    value = param.get(key)
    if isinstance(value, bool) or not isinstance(value, int | float | str) or value == "":
        return otherwise
    try:
        return finite(value)
    except ValueError as wrong:
        raise _NumberError(f"its {key} cannot be read: {wrong}") from None


def _whole(param: Param, key: str, otherwise: int) -> int:
    return int(_number(param, key, otherwise))


def _seconds(param: Param, key: str) -> float | None:
    """SCA counts milliseconds."""
    found = _number(param, key, 0)
    return found / 1000 if found > 0 else None


def _share(param: Param, key: str) -> float | None:
    found = _number(param, key, 0)
    return round(found / 100 if found > 1 else found, 2) or None
