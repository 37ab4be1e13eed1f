"""What a call's plan, facts and operator name goes into prompt and correction; the debtor's data does not."""

from __future__ import annotations

from pathlib import Path

import pytest

from qa_service.errors import RuleError
from qa_service.inspect.vocabulary import vocabulary
from qa_service.records import CallFacts
from qa_service.rules.plans import load_plans
from qa_service.rules.vocabulary import load_word_lists
from qa_service.settings import bundled
from qa_service.speech.prompts import MOST_TOKENS, tokens
from qa_service.text.correct import correct
from qa_service.text.normalise import to_simplified
from qa_service.text.terms import Vocabulary

RULES = bundled("rules")
FACTS = CallFacts.model_validate(
    {
        "product": "现金贷",
        "agent_name": "周敏",
        "phone": "13800138000",
        "debtor_ref": "DR-7012",
        "lender": "晨江银行",
        "agency": "远岸信息服务公司",
        "debtor_name": "苏婷",
        "account": {"brand": "Fernwood Bank", "number": "6222021234567890", "client": "热线400-820-8888"},
    }
)


def of(facts: CallFacts = FACTS, language: str | None = "zh", place: str = "CN", hotwords: str = "") -> Vocabulary:
    return vocabulary(load_plans(RULES), facts, language, place, rules=RULES, hotwords=hotwords)


def texts(made: Vocabulary) -> list[str]:
    return [term.text for term in made.terms]


def test_names_of_the_call_are_expected_and_read() -> None:
    made = of()
    for name in ("晨江银行", "远岸信息服务公司", "现金贷"):
        assert name in made.prompt
        assert name in texts(made)
    assert correct("受成将银行委托", made, "zh")[0] == "受晨江银行委托"


def test_nothing_of_the_debtor_is_in_the_prompt() -> None:
    made = of()
    for gone in ("苏婷", "138", "7012", "622", "400"):
        assert gone not in made.prompt
        assert not [t for t in texts(made) if gone in t]
    assert set(made.people) == {"苏婷", "周敏"}


def test_the_operators_own_names() -> None:
    made = of(CallFacts(), hotwords=" 青桐消费金融，安心花、青桐消费金融,x,12345678 ")
    assert "青桐消费金融,安心花" in made.prompt
    assert texts(made).count("青桐消费金融") == 1
    assert "12345678" not in made.prompt


def test_a_plan_adds_its_words() -> None:
    british, american = of(CallFacts(), "en", "UK"), of(CallFacts(), "en", "US")
    assert "breathing space" in texts(british)
    assert "breathing space" in british.prompt
    assert "breathing space" not in texts(american)
    assert "past due" in texts(american)


def test_names_in_another_script_stay_out() -> None:
    assert "晨江银行" not in of(FACTS, "en", "UK").prompt
    assert "Fernwood Bank" in of(FACTS, "en", "UK").prompt


@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_prompt_is_a_short_list_whatever_comes(language: str) -> None:
    many = ",".join(
        f"{'银行' if language == 'zh' else 'Bank of '}{chr(65 + i % 26)}{chr(66 + i % 25)}" for i in range(40)
    )
    made = of(FACTS, language, "CN" if language == "zh" else "US", many)
    listed = made.prompt.rstrip("。.").split("," if language == "zh" else ", ")
    assert sum(tokens(word) + 1 for word in listed) <= MOST_TOKENS
    assert len(listed) == len(set(listed)) > 5
    assert not set("?？!！:：\n") & set(made.prompt)


def test_without_a_language_there_is_nothing() -> None:
    assert of(language=None) == Vocabulary()
    assert texts(of(CallFacts(), "fr")) == []


def test_word_lists_are_simplified_and_hold_no_term_twice() -> None:
    for language, words in load_word_lists(RULES).items():
        terms = [term.text for term in words.read()]
        assert len(terms) == len(set(terms)), language
        assert [t for t in terms if to_simplified(t) != t] == []
        assert words.prompt


@pytest.mark.parametrize("wrong", ["terms: 3\n", "terms: [{text: x}]\n", "word: [a]\n", "terms: [{context: [a]}]\n"])
def test_a_wrong_word_list_is_told_with_its_place(tmp_path: Path, wrong: str) -> None:
    (tmp_path / "vocabulary").mkdir()
    (tmp_path / "vocabulary/zh.yaml").write_text(wrong, encoding="utf-8")
    with pytest.raises(RuleError, match=r"vocabulary/zh\.yaml:1"):
        load_word_lists(tmp_path)
