"""The index template, and names on the server."""

from __future__ import annotations

from qa_service.search.elastic.mapping import Names, identity, template
from qa_service.settings import Settings


def test_a_template_names_a_policy_and_replicas_only_where_they_are_set(settings: Settings) -> None:
    names = Names("lender")
    plain = template(names, settings)
    assert plain["index_patterns"] == ["lender-calls-v4-*"]
    index = plain["template"]["settings"]["index"]
    assert (index["auto_expand_replicas"], "number_of_replicas" in index) == ("0-1", False)
    assert "lifecycle.name" not in index
    changes = {"elasticsearch_ilm_policy": "cold", "elasticsearch_replicas": 2, "elasticsearch_shards": 3}
    index = template(names, settings.model_copy(update=changes))["template"]["settings"]["index"]
    assert (index["lifecycle.name"], index["number_of_replicas"], index["number_of_shards"]) == ("cold", 2, 3)
    assert "auto_expand_replicas" not in index


def test_only_names_of_this_version_are_current() -> None:
    names = Names("qa")
    assert names.current("qa-calls-v4-000012")
    assert (names.number("qa-calls-v2-000012"), names.current("qa-calls-v2-000012")) == (12, False)
    assert (names.number("qa-calls-v4-old"), names.current("qa-calls-v4-old")) == (0, False)


def test_a_name_too_long_for_the_server_becomes_a_digest() -> None:
    assert identity("通" * 170) == "通" * 170
    assert identity("通" * 171).startswith("sha256:")
    assert identity("通" * 171) != identity("通" * 172)
