"""The page of the facts of a case that rules ask for: what a caller's system should send, and what hangs on it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from qa_service.rules.compiled import Pack
from qa_service.rules.fact_names import FILE_NAME, FactSpec
from qa_service.rules.facts import facts_of
from qa_service.rules.words_of_operators import escaped

_ABOUT = """
What is known of a case chooses what is lawful to say. A call sends each of these under `account`, `history` or `extra`,
or right beside its turns, under any of its names, however its words are joined (`solExpired`); a switch is true where
any of them says so. Switches may be words (`Y`, `0`, `是`), numbers texts of digits, days are written with the year
first; an empty text, `unknown` and `N/A` are as good as none. What no call sends leaves the rules that hang on it
`not_assessed`, or silent where they only narrow an offence; what cannot be read is `invalid_fact`. A name that is
none of these and like one of them (`sol_expried`) is told in the plan's notes; `qa rules facts CALL.json` tells how
every fact is read. Counts over several calls (`history.calls_last_7_days`): [history.md](../history.md).
"""
_HOLDS = {"switch": "true or false", "number": "a number", "text": "a text", "name": "a name or an id"}


def askers(packs: Iterable[Pack]) -> Mapping[str, Mapping[str, Sequence[str]]]:
    """Of each fact, the ids of the rules that ask for it, by pack."""
    found: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    for pack in packs:
        for rule in pack.rules:
            names = {name for _, expression in rule.expressions() for name in facts_of(expression)}
            for own in sorted({own for name in names if (own := pack.fact_names.asked_for(name))}):
                found[own][pack.name].append(rule.id)
    return found


def page(packs: Sequence[Pack], generated: str, links: str) -> str:
    """Markdown: a row for each fact."""
    known, asked = packs[0].fact_names.known, askers(packs)
    rows = [_row(name, spec, asked.get(name, {})) for name, spec in known.items()]
    return "\n".join(
        (
            "# Facts of the case 案件事实",
            "",
            f"{generated} They are described in [`{FILE_NAME}`]({links}/{FILE_NAME}).",
            "",
            " ".join(_ABOUT.split()),
            "",
            "| fact | 含义 | what it says | holds | other names | asked for by |",
            "|---|---|---|---|---|---|",
            *rows,
        )
    )


def _row(name: str, spec: FactSpec, asked: Mapping[str, Sequence[str]]) -> str:
    by = "; ".join(f"{pack}: {len(ids)}" for pack, ids in asked.items())
    cells = (f"`{name}`", escaped(spec.zh), escaped(spec.en), _HOLDS[spec.holds], _others(spec), by)
    return f"| {' | '.join(cells)} |"


def _others(spec: FactSpec) -> str:
    told = [", ".join(f"`{other}`" for other in spec.also)] if spec.also else []
    if spec.implied_by:
        told.append("true where one is: " + ", ".join(f"`{other}`" for other in spec.implied_by))
    if spec.dated:
        told.append("or the day since when")
    if spec.during:
        first, last = (" or ".join(f"`{n}`" for n in names) for names in (spec.during.first, spec.during.last))
        told.append(f"from {first} to {last}" + f", or {spec.during.days} days" * bool(spec.during.days))
    return "; ".join(told)
