"""Which hits of a rule's selections there are in a call, after exclusions, gates, places and windows about others."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field, replace

from qa_service.records import Turn
from qa_service.rules.compiled import Selection
from qa_service.rules.condition import FILTER
from qa_service.rules.evidence import doubt_of
from qa_service.rules.gates import Cues, Held, carried, held
from qa_service.rules.operators.around import Between
from qa_service.rules.operators.base import Hit, Scene, UnavailableError, Worded, speaks
from qa_service.rules.operators.index import Candidates
from qa_service.rules.operators.joins import REACH
from qa_service.rules.operators.lines import Line, Reading, Span
from qa_service.rules.operators.place import ANYWHERE, Place, inside, may_be_inside, time_of
from qa_service.rules.operators.turns import Turns, first_turns, holds, places_of, union
from qa_service.rules.operators.words import Budget, Term, find, in_time, timeout_s, touches
from qa_service.rules.stream import fold, is_plain


def heard_at(seconds: float) -> str:
    """Where to listen, in a reason."""
    return f"such words were heard at {int(seconds // 60)}:{int(seconds % 60):02d}, listen there"


@dataclass(frozen=True)
class Dropped:
    """A term that was heard and does not count: a gate, an exclusion of the selection, its side or its place."""

    hit: Hit
    why: Held


@dataclass
class Listener:
    """Looks for the selections of one rule in one call.

    ``candidates``: where its terms may be; ``budget``: what it may cost; ``floor``: of the probability of words that
    can be trusted; ``only``: turns beyond which its words need
    not be looked for (None: all count); ``enough``: nor beyond what makes a selection complete; ``touched`` and
    ``dropped`` record what was met on the way, with ``explain`` words of another side and outside their place too.
    """

    scene: Scene
    cues: Cues
    selections: Mapping[str, Selection]
    candidates: Candidates
    budget: Budget
    floor: float = 0.0
    only: Turns | None = None
    enough: bool = False
    explain: bool = False
    touched: set[tuple[str, str]] = field(default_factory=set)
    dropped: list[Dropped] = field(default_factory=list)
    _doubts: dict[Hit, str] = field(default_factory=dict, repr=False)

    @property
    def turns(self) -> Sequence[Turn]:
        return self.scene.turns

    @property
    def lines(self) -> Sequence[Line]:
        return self.scene.lines

    def hits(self, selection: Selection, *, anyone: bool = False) -> list[Hit]:
        """All hits that count, in the order of the call. ``anyone``: of turns whose speaker is unknown.

        Raises:
            PatternTimeoutError: a pattern took too long on a turn.
            UnavailableError: what an operator reads is not there.
        """
        if self.only is not None and selection.around is not None and selection.around.which == "every":
            return self._everywhere(selection.name, anyone=anyone)  # one anchor without a hit leaves none
        speaker = "any" if anyone else selection.speaker
        place = self._place(selection)
        if selection.operator is None:
            found = self._words(selection, speaker, place)
        else:
            found = self._measured(selection, speaker)
        if anyone and selection.speaker != "any":
            sides = self.scene.side(selection.speaker) | self.scene.side("unknown")
            found = [hit for hit in found if holds(sides, hit.at)]
        if self.explain and selection.operator is None:
            self._say_outside(selection, place, found)
        found = sorted((h for h in found if inside(place, h, self.scene)), key=lambda h: h.key)
        if selection.around is None:
            return found
        anchors = self._everywhere(selection.around.of, anyone=anyone)
        # What would clear an agent has to be there for sure.
        possible = not selection.name.startswith(FILTER)
        return selection.around.kept(found, anchors, self.scene, self.doubt, possible=possible)

    def _everywhere(self, name: str, *, anyone: bool = False) -> list[Hit]:
        """Hits of a selection that another one is measured by: its first or last one counts, wherever it is."""
        return replace(self, only=None, enough=False).hits(self.selections[name], anyone=anyone)

    def doubt(self, hit: Hit) -> str:
        """Why a hit is only possible, see :func:`~qa_service.rules.evidence.doubt_of`."""
        if hit not in self._doubts:
            self._doubts[hit] = doubt_of(hit, self.turns, self.lines, self.floor)
        return self._doubts[hit]

    def by_unknown(self, names: Iterable[str], until: int | None = None) -> str:
        """Doubt where words of these selections were said and nobody knows by whom, so by the right side perhaps.

        ``until``: the turn before which that matters; None: anywhere.
        """
        turns = self.scene.side("unknown")
        turns = turns if until is None else turns & first_turns(until)
        for name in names if turns else ():
            try:
                found = self._everywhere(name, anyone=True)
            except UnavailableError:
                continue
            heard = next((hit for hit in found if holds(turns, hit.at)), None)
            if heard is not None and self.selections[name].speaker != "any":
                return f"unknown_speaker: {heard_at(heard.time_s)}"
        return ""

    def places_of(self, names: Collection[str]) -> Turns:
        """Turns in which one of these selections may stand by its place; all turns where none is named."""
        places = [self._place(self.selections[name]) for name in names] or [ANYWHERE]
        if any(place.anywhere for place in places) or not self.turns:
            return self.scene.side("any")
        return union(may_be_inside(place, self.scene) for place in places)

    def _place(self, selection: Selection) -> Place:
        if not selection.places:
            return ANYWHERE
        limits = {name.removeprefix("within_"): self.scene.amount(a) for name, a in selection.places.items()}
        return Place(**limits)

    def _measured(self, selection: Selection, speaker: str) -> list[Hit]:
        operator = selection.operator
        assert operator is not None
        if isinstance(operator, Between):
            starts, ends = map(self._everywhere, (operator.start, operator.end))
            found = operator.found(starts, ends, self.scene, self.doubt)
        else:
            found = list(operator.hits(self.scene, speaker))
        if found:
            self.touched.add((selection.name, operator.family))
        found = [replace(hit, selection=selection.name) for hit in found]
        return (
            [hit for hit in found if self._passes(hit, operator, selection)] if isinstance(operator, Worded) else found
        )

    def _passes(self, hit: Hit, operator: Worded, selection: Selection) -> bool:
        still = operator.still_found(hit, self.scene)
        stream = self.lines[hit.at].stream
        if (why := held(self.cues, selection.gates, stream, hit.span, still, whole=True)) is not None:
            self.dropped.append(Dropped(hit, why))
        return why is None

    def may_be(self, selection: Selection) -> Turns:
        """Turns in which words of a selection may be, or begin."""
        found = union(self.candidates.turns(term) for term in selection.terms)
        return self._allowed(self.candidates.as_turns(found), selection.speaker, self._place(selection))

    def _allowed(self, turns: Turns, speaker: str, place: Place) -> Turns:
        """Those of a side in which hits can lie within their place."""
        found = turns & self.scene.side(speaker)
        return found if place.anywhere or not found else found & may_be_inside(place, self.scene)

    def _turn_of(self, at: int) -> int:
        """The turn at a place that was read: behind the turns come other readings, which stand for their first turn."""
        count = len(self.turns)
        return at if at < count else self.candidates.readings[at - count].first

    def _words(self, selection: Selection, speaker: str, place: Place) -> list[Hit]:
        terms: dict[int, list[tuple[int, Term]]] = {}
        where = None if self.explain else self._read_in(speaker, place)
        for i, term in enumerate(selection.terms):
            found = self.candidates.turns(term)
            for at in places_of(found if where is None else found & where):
                terms.setdefault(at, []).append((i, term))
        if self.explain:
            self._say_others(selection, speaker, terms)
        hits: list[Hit] = []
        known: set[tuple[int, int]] = set()
        count, side = len(self.turns), self.scene.side(speaker)
        for at in sorted(terms):
            if not holds(side, self._turn_of(at)):
                continue
            if at < count:
                these = self._in_turn(selection, terms[at], at, self.turns[at])
            else:
                these = self._otherwise(selection, terms[at], self.candidates.readings[at - count], known)
            hits += these
            known.update((hit.term, hit.at) for hit in these)
            if (
                self.enough
                and selection.around is None
                and selection.complete([h for h in hits if inside(place, h, self.scene)])
            ):
                break
        return hits

    def _read_in(self, speaker: str, place: Place) -> Turns:
        """What has to be read for hits of a side: turns, and readings that begin in them.

        A term that stands whole in the turn where a reading ends is left to that turn, which is read too.
        """
        turns = self._allowed(self.scene.side("any") if self.only is None else self.only, speaker, place)
        return self.candidates.with_readings(turns)

    def _otherwise(
        self, selection: Selection, terms: Sequence[tuple[int, Term]], reading: Reading, known: Set[tuple[int, int]]
    ) -> list[Hit]:
        """Hits that only another reading shows; a term that its turns hold as written (``known``, with the turn) is
        left to these."""
        found: list[Hit] = []
        for index, term in terms:
            for hit, why in self._read(selection, index, term, reading):
                turns = (hit.at, *(hit.goes_on[:1] if hit.goes_on else ()))
                if any((index, at) in known for at in turns):
                    continue
                self.touched.add((selection.name, term.written))
                if why is None:
                    found.append(hit)
                else:
                    self.dropped.append(Dropped(hit, why))
        return [hit for hit in found if not hit.span.heard_as] or found

    def _read(
        self, selection: Selection, index: int, term: Term, reading: Reading
    ) -> Iterator[tuple[Hit, Held | None]]:
        """Hits of a term in another reading, with what holds them back."""
        with self.budget:
            spans = list(find(term, reading.line, sound_alike=self.scene.sound_alike))
            excluded: list[Span] | None = None
            for span in spans:
                if (parts := reading.parts(span, self.lines)) is None:
                    continue
                own, goes_on = parts
                if own.heard_as and term.cased:  # counts only as it is written
                    continue
                if excluded is None:
                    excluded = [s for t in selection.excluded for s in find(t, reading.line)]
                time_s = time_of(self.turns[reading.first], self.lines[reading.first], own)
                hit = Hit(selection.name, index, reading.first, own, time_s, goes_on=goes_on)
                yield hit, self._dropped(selection, term, reading.line, span, excluded)

    def _in_turn(self, selection: Selection, terms: Sequence[tuple[int, Term]], at: int, turn: Turn) -> list[Hit]:
        line = self.lines[at]
        excluded: list[Span] | None = None
        found: list[Hit] = []
        written: list[Span] = []
        for index, term in terms:
            with self.budget:
                spans = list(find(term, line, sound_alike=self.scene.sound_alike))
                if spans and excluded is None:
                    excluded = self._excluded(selection, at)
                written += [span for span in spans if not span.heard_as]
                for span in spans:
                    hit = Hit(selection.name, index, at, span, time_of(turn, line, span))
                    why = (
                        self._dropped(selection, term, line, span, excluded or ())
                        or _excluded_as_read(selection, line, span)
                        or self._carried(selection, at, span)
                    )
                    if why is None:
                        found.append(hit)
                    else:
                        self.dropped.append(Dropped(hit, why))
            if spans:
                self.touched.add((selection.name, term.written))
        return [hit for hit in found if not (hit.span.heard_as and touches(hit.span, written))]

    def _carried(self, selection: Selection, at: int, span: Span) -> Held | None:
        """A gate that the speaker's turn before leaves open, where the hit stands in what goes on from it."""
        if self.lines[at].stream.clause_starts(0, span.start) or not selection.gates.names:
            return None
        join = self.candidates.unbroken.get(at)
        place = join.of_second(span, self.lines) if join else None
        return carried(self.cues, selection.gates, join.line.stream, *place) if join and place else None

    def _say_outside(self, selection: Selection, place: Place, found: Sequence[Hit]) -> None:
        limits = ", ".join(f"{name}: {self.scene.amount(amount):g}" for name, amount in selection.places.items())
        self.dropped += [Dropped(h, Held("place", limits)) for h in found if not inside(place, h, self.scene)]

    def _say_others(self, selection: Selection, speaker: str, terms: Mapping[int, Sequence[tuple[int, Term]]]) -> None:
        for at in sorted(terms):
            if at >= len(self.turns) or speaks(turn := self.turns[at], speaker):
                continue
            line = self.lines[at]
            for index, term in terms[at]:
                with self.budget:
                    spans = list(find(term, line, sound_alike=self.scene.sound_alike))
                hits = (Hit(selection.name, index, at, span, time_of(turn, line, span)) for span in spans)
                self.dropped += [Dropped(hit, Held("speaker", turn.role.value)) for hit in hits]

    def _excluded(self, selection: Selection, at: int) -> list[Span]:
        spans: list[Span] = []
        for term in selection.excluded:
            here = list(find(term, self.lines[at])) if holds(self.candidates.turns(term), at) else []
            if here:
                self.touched.add((selection.name, term.written))
            spans += here
        return spans

    def _dropped(
        self, selection: Selection, term: Term, line: Line, span: Span, excluded: Sequence[Span]
    ) -> Held | None:
        text = line.stream.text
        for other in excluded:
            if other.start < span.end and span.start < other.end:
                return Held("not", text[other.start : other.end])
        return held(self.cues, selection.gates, line.stream, span, _still_found(term))


def _excluded_as_read(selection: Selection, line: Line, span: Span) -> Held | None:
    """What excludes a sound-alike once it is put right: of 快递尚门找你 the 上门找你 is the courier's."""
    if not (span.heard_as and selection.excluded):
        return None
    text, (first, last) = line.stream.text, line.stream.sentence(span.start)
    before, after = text[max(first, span.start - REACH) : span.start], text[span.end : min(last, span.end + REACH)]
    read_as = fold(span.heard_as)
    read = Line(f"{before}{read_as}{after}")
    here = [Span(len(before), len(before) + len(read_as))]
    spans = (s for term in selection.excluded for s in find(term, read, sound_alike=False) if touches(s, here))
    found = next(spans, None)
    return None if found is None else Held("not", read.stream.text[found.start : found.end])


def _still_found(term: Term) -> Callable[[str, int], bool] | None:
    """For patterns: whether the pattern still matches another text at a place."""
    pattern = term.pattern
    if pattern is None or term.cased:
        return None

    def found(text: str, start: int) -> bool:
        expression = pattern.on(plain=is_plain(text))
        return in_time(lambda: expression.match(text, start, timeout=timeout_s(text)), term.written) is not None

    return found
