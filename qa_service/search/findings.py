"""Fields of findings that stand side by side: rule:X severity:major asks for one finding with both."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import product

from luqum import tree as lucene

from qa_service.errors import QueryError
from qa_service.search.fields import BY_NAME, Field, Kind
from qa_service.search.grammar import Parsed
from qa_service.search.tree import And, Fact, Node, Or, Scope, finding_fact

#: Ways to be one of the findings asked for.
MOST_WAYS = 256
#: What is asked of one finding, by field.
Finding = Mapping[str, str]


def alternatives(item: lucene.Item, read: Parsed, field: Field | None = None) -> tuple[Finding, ...] | None:
    """The findings of which any will do; None for an item that asks for other things too, or for what must be absent.

    Raises:
        QueryError: a field cannot have the value asked for.
    """
    match item:
        case lucene.SearchField() if field is None:
            here = BY_NAME.get(item.name.lower())
            return alternatives(item.expr, read, here) if here and here.kind is Kind.FINDING else None
        case lucene.Term() if field:
            return ({field.name: field.value(read.exact(item), item.pos)},)
        case lucene.BaseGroup():
            return alternatives(item.expr, read, field)
        case lucene.OrOperation():
            parts = [alternatives(child, read, field) for child in item.children]
            return None if None in parts else tuple(finding for part in parts for finding in part or ())
    return None


def one_finding(asked: Sequence[Sequence[Finding]], scope: Scope) -> Node:
    """A finding that is, of each, one of its alternatives. A field asked for twice needs two findings.

    Raises:
        QueryError: there are too many ways to combine them.
    """
    ways = 1
    for alternative in asked:
        ways *= len(alternative)
    if ways > MOST_WAYS:
        message = f"The fields of findings can be combined in {ways} ways, more than {MOST_WAYS}."
        raise QueryError(message, hint="Ask for fewer values at once.")
    nodes = dict.fromkeys(_combined(way, scope) for way in product(*asked))
    return next(iter(nodes)) if len(nodes) == 1 else Or(tuple(nodes))


def _combined(findings: Iterable[Finding], scope: Scope) -> Node:
    values: dict[str, list[str]] = {}
    for finding in findings:
        for name, value in finding.items():
            values.setdefault(name, []).append(value)
    each = product(*(dict.fromkeys(several) for several in values.values()))
    facts = [Fact(finding_fact(scope, **dict(zip(values, chosen, strict=True))), scope == "turn") for chosen in each]
    return facts[0] if len(facts) == 1 else And(tuple(facts))
