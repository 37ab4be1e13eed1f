"""The command that finds: search."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

import typer

from qa_service.cli import screen
from qa_service.cli.context import open_data, start
from qa_service.cli.output import some
from qa_service.errors import ErrorCode, SetupError
from qa_service.records import FindingState, Role, Severity
from qa_service.search.protocol import MOST_CALLS, MOST_TURNS, Facet, Order

if TYPE_CHECKING:
    from rich.console import Console

    from qa_service.search.hybrid import Fused
    from qa_service.search.protocol import CallHit, FacetCount, SearchIndex, SearchQuery, SearchResults
    from qa_service.settings import Settings
    from qa_service.store.outbox import Lag

DATE = ["%Y-%m-%d"]
#: Values of a facet that are printed.
MOST_VALUES = 10


def add_to(app: typer.Typer) -> None:
    """Register the command."""
    app.command(context_settings={"ignore_unknown_options": True})(search)


def search(
    words: list[str] = typer.Argument(None, metavar="WORDS", help='Words, "phrases", AND OR NOT, near(…), agent:A-201'),
    agent: str | None = typer.Option(None, help="Only calls of this agent id."),
    team: str | None = typer.Option(None, help="Only calls of this team."),
    product: str | None = typer.Option(None, help="Only calls about this product."),
    stage: str | None = typer.Option(None, help="Only calls in this stage of delinquency, such as M2–M3."),
    rule: str | None = typer.Option(None, help="Only calls with a finding of this rule."),
    requirement: str | None = typer.Option(None, help="Only calls with a finding that rests on this requirement."),
    severity: Severity | None = typer.Option(None, help="Only calls with a finding this grave."),
    state: FindingState | None = typer.Option(None, help="Only calls with a finding in this state."),
    role: Role | None = typer.Option(None, help="Only turns of this side."),
    since: datetime | None = typer.Option(None, "--from", formats=DATE, help="First day, YYYY-MM-DD."),
    until: datetime | None = typer.Option(None, "--to", formats=DATE, help="Last day, YYYY-MM-DD."),
    order: Order = typer.Option(Order.BEST, help="The best match first, or the newest call."),
    limit: int = typer.Option(20, min=1, max=MOST_CALLS, help="Calls on a page."),
    turns: int = typer.Option(3, min=1, max=MOST_TURNS, help="Turns of each call."),
    facet: list[Facet] = typer.Option([], help="Also count the calls by this; may be given several times."),
    after: str | None = typer.Option(None, "--next", help="What the page before named as its next."),
    meaning: bool = typer.Option(False, "--meaning", help="Also turns that say much the same in other words."),
    like: str | None = typer.Option(None, metavar="CALL#TURN", help="Turns that say much the same as this one."),
    like_text: str | None = typer.Option(None, help="Turns that say much the same as this text."),
    as_json: bool = typer.Option(False, "--json", help="Print the results as JSON."),
) -> None:
    """Search what was said. Results are calls with their turns, and the moment to listen to (docs/search.md)."""
    settings = start()
    _check_words(words or ())
    if sum((meaning, bool(like), bool(like_text))) > 1:
        raise typer.BadParameter("give one of --meaning, --like and --like-text")
    from qa_service.search.create import open_index
    from qa_service.search.protocol import SearchQuery

    query = SearchQuery(
        text=" ".join(words or ()), agent_id=agent, team=team, product=product, stage=stage, rule_id=rule,
        requirement=requirement, severity=severity, state=state, role=role,
        day_from=since.date() if since else None, day_to=until.date() if until else None,
        order=order, limit=limit, turns=turns, facets=tuple(facet), after=after,
    )  # fmt: skip
    with open_index(settings) as index:
        found = _found(index, query, settings, meaning=meaning, like=like, like_text=like_text)
        unfilled = index.state().unfilled
    if as_json:
        typer.echo(found.results.model_dump_json())
    else:
        _print(found, ranked=bool(meaning or like or like_text))
    store = open_data(settings)
    _tell_lag(store.outbox.lag())
    if unfilled and store.corpus.calls():
        message = "The search index is new and lacks what was inspected before: qa reindex (or qa work) fills it"
        typer.echo(message, err=True)


def _check_words(words: Sequence[str]) -> None:
    """A word that is not to be there begins with one dash (`-律师函`); with two it is an option that does not exist."""
    if unknown := next((word for word in words if word.startswith("--")), None):
        raise typer.BadParameter(f"no such option: {unknown}")


def _found(
    index: SearchIndex,
    query: SearchQuery,
    settings: Settings,
    *,
    meaning: bool,
    like: str | None,
    like_text: str | None,
) -> Fused:
    from qa_service.search import relaxed
    from qa_service.search.hybrid import Fused, hybrid, like_turn
    from qa_service.search.protocol import EVERYTHING

    if meaning:
        return hybrid(index, lambda texts: [_vector(t, settings) for t in texts], query, EVERYTHING)
    if like:
        call_id, _, turn = like.rpartition("#")
        if not call_id or not (turn.isascii() and turn.isdigit()):
            raise typer.BadParameter("write CALL#TURN, such as D-ZH-003#4", param_hint="--like")
        return Fused(like_turn(index, call_id, int(turn), query, EVERYTHING), frozenset())
    if like_text:
        return Fused(index.similar(_vector(like_text, settings), query, EVERYTHING), frozenset())
    return Fused(relaxed.search(index, query, EVERYTHING), frozenset())


def _vector(text: str, settings: Settings) -> bytes:
    """The meaning of a text without its personal numbers, as those of the turns were made."""
    from qa_service.classify.embedder import create_embedder
    from qa_service.text.redact import redact

    embedder = create_embedder(settings)
    if embedder is None:
        message = "There is no encoder to compare meanings with."
        raise SetupError(ErrorCode.MODEL_NOT_FOUND, message, "Set QA_CLASSIFIER=auto and QA_SEARCH_VECTORS=auto.")
    return embedder([redact(text).text])[0]


def _print(found: Fused, *, ranked: bool) -> None:
    paper = screen.console()
    if found.results.relaxed:
        typer.echo(f"No turn has all of these words. Turns with some of them: {found.results.relaxed}")
    for call in found.results.calls:
        _print_call(call, found.by_meaning, paper, ranked=ranked)
    for name, counts in found.results.facets.items():
        paper.print(_facet(name, counts), markup=False)
    typer.echo(_totals(found.results))
    if found.results.next:
        typer.echo(f"More: --next {found.results.next}")


def _print_call(call: CallHit, by_meaning: frozenset[tuple[str, int]], paper: Console, *, ranked: bool) -> None:
    marks = " ".join(screen.MARK[severity] for severity in call.severities)
    score = f"{call.score:g} {call.grade or ''}".strip() if call.score is not None else ""
    near = f"{call.relevance:.3f}" if ranked else ""
    parts = (call.call_id, str(call.day), call.agent_id or "–", call.agent_name, call.team, score, marks, near)
    more = call.matches - len(call.turns)
    paper.print("  ".join(p for p in parts if p) + (f"  ({some(more, 'turn')} more)" if more > 0 else ""), markup=False)
    for turn in call.turns:
        sign = "≈" if (call.call_id, turn.turn_index) in by_meaning else " "
        text = _marked(turn.text, turn.highlights)
        paper.print(f"  {sign} {screen.clock(turn.at_s)}  {turn.role.value:8}  {text}", markup=False)


def _marked(text: str, spans: Sequence[tuple[int, int]]) -> str:
    """Text with the hits between «», seen without colour too; what was redacted stands in square brackets."""
    out, last = [], 0
    for start_, end in spans:
        out += [text[last:start_], "«", text[start_:end], "»"]
        last = end
    return "".join([*out, text[last:]])


def _facet(name: Facet, counts: Sequence[FacetCount]) -> str:
    shown = ", ".join(f"{count.value} {count.calls}" for count in counts[:MOST_VALUES])
    return f"{name.value:12} {shown or '–'}" + (", …" if len(counts) > MOST_VALUES else "")


def _totals(results: SearchResults) -> str:
    least = "" if results.exact else "at least "
    return f"{least}{some(results.total_turns, 'turn')} in {some(results.total_calls, 'call')}."


def _tell_lag(lag: Lag) -> None:
    """What cannot be found yet is said, beside the results."""
    told: Mapping[str, int] = {"waiting for the index": lag.calls, "refused by it": lag.parked}
    for what, calls in told.items():
        if calls:
            typer.echo(f"{some(calls, 'call')} {what}, not found as things are now: qa index status", err=True)
