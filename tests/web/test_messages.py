"""The words of the pages: both languages have the same, and nothing is asked for that is not there."""

from __future__ import annotations

import re
import string
from pathlib import Path

import pytest
from starlette.requests import Request

from qa_service.classify.labels import CONDUCT
from qa_service.errors import ErrorCode
from qa_service.records import CallState, Coverage, FindingState, Role, RoleSource, Severity
from qa_service.search.protocol import Order
from qa_service.web.language import LANGUAGES, Language, Translator, choose, messages
from qa_service.web.pages.narrowing import FILTERS, PARAMETERS
from qa_service.web.pages.reasons import reason
from qa_service.web.render import STATIC, TEMPLATES
from tests.rules.building import doubtful, folder, judged, rule, said

TEMPLATE_FILES = sorted(TEMPLATES.glob("*.html"))
#: Beginnings of keys that templates put together with a value from data, and the values there are.
BUILT: dict[str, list[str]] = {
    "severity.": [*Severity],
    "state.": [*FindingState],
    "role.": [*Role],
    "roles.": [*RoleSource],
    "call_state.": [*CallState, "refused"],
    "weekday.": list(map(str, range(7))),
    "nav.": ["today", "search", "reports"],
    "measure.rate_": ["characters", "words"],
    "hold.": ["silence", "music", "tone"],
    "error.": [*ErrorCode],
    "order.": [*Order],
    "filter.": [*FILTERS, *PARAMETERS.values(), "day", "from", "to"],
}
#: Keys that the service itself puts together, or that are looked up with a fallback.
FALLING_BACK = ("dimension.", "fact.", "flag.", "gate.", "reason.", "told.", "signal.", "error.", "wrong.", "like.no_")


def keys_in(language: Language) -> set[str]:
    return {k.removesuffix(".one") for k in messages(language)}


def asked_in(text: str) -> set[str]:
    """Literal keys: t("…") and strings in lists that are handed to t()."""
    return set(re.findall(r"""\bt\(\s*["']([\w.]+)["']\s*[,)]""", text))


def test_both_languages_have_the_same_keys() -> None:
    zh, en = keys_in("zh"), keys_in("en")
    assert zh - en == set()
    assert en - zh == set()


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_text_is_empty_and_places_are_the_same(language: Language) -> None:
    other = messages("en" if language == "zh" else "zh")
    for key, text in messages(language).items():
        assert text.strip(), key
        twin = other.get(key, other.get(key.removesuffix(".one")))
        assert twin is not None
        assert places(text) == places(twin), key


def places(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


@pytest.mark.parametrize("path", TEMPLATE_FILES, ids=lambda p: p.name)
@pytest.mark.parametrize("language", LANGUAGES)
def test_templates_ask_only_for_words_that_exist(path: object, language: Language) -> None:
    text = path.read_text(encoding="utf-8")  # type: ignore[attr-defined]
    assert asked_in(text) - set(messages(language)) == set()
    built = set(re.findall(r"""\bt\(\s*["']([\w.]+)["']\s*~""", text))
    assert built <= set(BUILT)
    for start in built:
        for value in BUILT[start]:
            assert f"{start}{value}" in messages(language)


@pytest.mark.parametrize("path", TEMPLATE_FILES, ids=lambda p: p.name)
def test_templates_hold_no_words_of_their_own_in_either_language(path: object) -> None:
    text = path.read_text(encoding="utf-8")  # type: ignore[attr-defined]
    allowed = ("中文", "通讯录", "告诉你单位", "律师函", "起诉", "坐牢", "单位", "电话", "核实", "欠款", "老赖")
    for word in allowed:
        text = text.replace(word, "")
    assert not re.search(r"[\u4e00-\u9fff]", text)


def test_every_word_is_used() -> None:
    text = "".join(p.read_text(encoding="utf-8") for p in TEMPLATE_FILES)
    used = {k for k in messages("zh") if f'"{k}"' in text or f"'{k}'" in text}
    built = {f"{start}{value}" for start, values in BUILT.items() for value in values}
    rest = {k for k in keys_in("zh") - used - built if not k.startswith(FALLING_BACK)}
    assert rest == set()


def test_every_error_code_has_words() -> None:
    for language in LANGUAGES:
        assert {f"error.{c}" for c in ErrorCode} <= keys_in(language)


def test_one_is_said_as_one() -> None:
    assert "1 rule not" in Translator("en")("call.not_assessed", n=1)
    assert "2 rules not" in Translator("en")("call.not_assessed", n=2)
    assert "1 条" in Translator("zh")("call.not_assessed", n=1)


def asking(query: str = "", accepted: str = "", cookie: str = "") -> Request:
    headers = [(b"accept-language", accepted.encode()), (b"cookie", cookie.encode())]
    return Request({"type": "http", "query_string": query.encode(), "headers": headers, "path": "/"})


@pytest.mark.parametrize(
    ("request_", "chosen"),
    [
        (asking(), "zh"),
        (asking("lang=en"), "en"),
        (asking("lang=fr"), "zh"),
        (asking("lang=zh", cookie="qa_lang=en"), "zh"),
        (asking(cookie="qa_lang=en", accepted="zh"), "en"),
        (asking(cookie="qa_lang=fr", accepted="en-GB"), "en"),
        (asking(accepted="fr, en;q=0.5, zh;q=0.9"), "zh"),
        (asking(accepted="en;q=x, ;;;,"), "zh"),
        (asking(accepted="zh-Hans-CN"), "zh"),
    ],
)
def test_the_language_is_the_readers_then_the_browsers_then_the_operators(request_: Request, chosen: str) -> None:
    assert choose(request_, "zh") == chosen


@pytest.mark.parametrize("name", ["app.js", "call.js", "search.js"])
def test_scripts_hold_no_words(name: str) -> None:
    """Words of scripts come from the page, so that they are translated."""
    script = (STATIC / name).read_text(encoding="utf-8")
    assert not re.search(r"[\u4e00-\u9fff]", script)
    assert "innerHTML" not in script
    assert "eval(" not in script


def test_every_icon_exists() -> None:
    symbols = set(re.findall(r'symbol id="(\w+)"', (STATIC / "icons.svg").read_text(encoding="utf-8")))
    text = "".join(p.read_text(encoding="utf-8") for p in TEMPLATE_FILES)
    assert set(re.findall(r"""icon\("(\w+)"\)|icons\.svg#(\w+)""", text)) <= {(s, "") for s in symbols} | {
        ("", s) for s in symbols
    }


@pytest.mark.parametrize(
    ("language", "told"),
    [
        ("zh", "仅由分类模型提示: 诱导借款 0.62 (“先借”, “别的”)"),
        ("en", "only the classifier says so: urges to borrow 0.62 (“先借”, “别的”)"),
    ],
)
def test_a_reason_of_the_model_names_the_label_in_the_readers_words(language: Language, told: str) -> None:
    given = "model_only: induce_borrowing 0.62 (“先借”, “别的”)"
    assert reason(given, Translator(language)) == told


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ("person_decides: this rule always asks a person", "由人判断"),
        ("missing_signals: no classifier looked at this call", "没有分类模型的结果"),
        ("hang_up: who put the telephone down cannot be heard", "谁挂断听不出"),
        ("missing_measures: there is no recording whose sound was measured", "没有测量声音的录音"),
        ("doubtful_words: recognised with probability 0.41 (floor 0.50)", "识别不确定: 0.41 < 0.50"),
        ("sound_alike: sounds like 催收", "同音匹配: 催收"),
        ("model_only: insult 0.91 (“sounds like you”)", "仅由分类模型提示: 辱骂 0.91 (“sounds like you”)"),
        ("model_only: insult 0.91; missing: apology", "仅由分类模型提示: 辱骂 0.91; 未说到: apology"),
        (
            "doubtful_words: recognised with probability 0.62 (floor 0.70), it may have been said",
            "识别不确定: 0.62 < 0.70, 可能说过",
        ),
        ("doubtful_words: turn 7 was not heard well", "识别不确定: 有一句没听清"),
        (
            "low_coverage: only 61% of the speech has words; it may have been said",
            "转写覆盖太低: 只有 61% 的语音有文字; 可能说过",
        ),
        ("sound_alike: “吹手” read as “催收”", "同音匹配: “吹手”读作“催收”"),
        ("out_of_order: purpose came before identity", "步骤顺序不对: purpose 早于 identity"),
        (
            "unknown_speaker: who speaks is not known on this call; such words were heard at 1:05, listen there",
            "分不清说话人: 本通录音; 1:05 处有此类词语，请听",
        ),
        ("rule_on_trial: this rule is being tried out; missing: verify", "规则试运行; 未说到: verify"),
        ("newly_named: as it was written", "newly_named: as it was written"),
    ],
)
def test_a_reason_leaves_no_sentence_in_another_language(given: str, told: str) -> None:
    assert reason(given, Translator("zh")) == told


def test_what_the_engine_itself_says_of_its_doubts_is_told_in_chinese(tmp_path: Path) -> None:
    root = folder(tmp_path, rule({"select": {"x": {"phrases": ["recorded"]}}, "absent": True}, status="stable"))
    call = said("agent: 您好")
    little = said("agent: 您好", coverage=Coverage(speech_s=10, transcribed_s=8, ratio=0.8))
    flagged = call.model_copy(update={"turns": (call.turns[0].model_copy(update={"flags": ("repetition",)}),)})
    for doubted in (little, doubtful(call, 0, 0.6), flagged):
        (finding,) = judged(root, doubted).findings
        assert finding.state is FindingState.UNVERIFIED
        told, _, missing = reason(finding.reason, Translator("zh")).rpartition("; 未说到: ")
        assert missing == "x"
        assert told
        assert not re.search("[A-Za-z]", told), finding.reason


def test_every_label_has_words() -> None:
    for language in LANGUAGES:
        assert {f"signal.{label}" for label in CONDUCT} <= keys_in(language)
