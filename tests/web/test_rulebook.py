"""Names of rules in the reader's language."""

from __future__ import annotations

from qa_service.settings import Settings
from qa_service.web.rulebook import Rulebook
from tests.factories import finding


def test_findings_are_worded_in_the_readers_language_while_their_rule_is_unchanged(settings: Settings) -> None:
    book = Rulebook(settings)
    rule_id = "CN-COLL-ABUSE-1"
    version = book._specs[rule_id].version
    old = finding(rule_id=rule_id, rule_version=version, title="脏话、侮辱性称谓", message="坐席辱骂客户。")
    assert book.worded(old, "en").title == book.title(rule_id, "en") == "Obscene or insulting words"
    assert book.worded(old, "zh").title == "脏话、侮辱性称谓"
    earlier = old.model_copy(update={"rule_version": version + 1, "title": "另一个标题"})
    assert book.worded(earlier, "en") == earlier
    gone = old.model_copy(update={"rule_id": "CN-COLL-GONE-9"})
    assert book.worded(gone, "en") == gone
    assert book.title("CN-COLL-GONE-9", "en") == ""
