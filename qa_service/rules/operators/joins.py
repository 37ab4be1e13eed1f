"""Words that run on from one turn into the next of the same speaker: 打给你 | 嗯 | 单位领导.

A recogniser cuts a sentence where the speaker takes a breath or the other side says 嗯. What is said across such a
border is looked for in the end of the one turn with the beginning of the next one of the same speaker, a short time
later, whatever the other side says in between; what stands in one of them alone is left to that turn. A full stop is a
border that no phrase and no pattern crosses, as within a turn.

A denial that the first turn leaves open holds in the second one too (我们绝对不会 | 告诉你单位), where nothing but
listening words was said in between; after an answer another sentence begins.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from qa_service.records import Role, Turn
from qa_service.rules.operators.lines import Line, Span
from qa_service.text.utterances import only_listens

#: Seconds between two turns that may still be one sentence.
LONGEST_PAUSE_S = 2.0
#: Characters on each side of the border that are looked at.
REACH = 60


@dataclass(frozen=True)
class Join:
    """The end of the turn at ``first`` with the beginning of the one at ``second`` (positions).

    ``line``: both as one; its text has ``border`` characters of the first turn, which begin there at ``begins``.
    ``unbroken``: nothing but listening words was said in between.
    """

    first: int
    second: int
    line: Line
    border: int
    begins: int
    unbroken: bool = False

    @property
    def last(self) -> int:
        return self.second

    def parts(self, span: Span, lines: Sequence[Line]) -> tuple[Span, tuple[int, Span]] | None:
        """A span that crosses the border as its parts in either turn; None for every other one."""
        start, end = self.line.stream.original(span.start, span.end)
        if not start < self.border < end:
            return None
        before = lines[self.first].stream.within(start + self.begins, self.border + self.begins)
        after = lines[self.second].stream.within(0, end - self.border - 1)
        if before is None or after is None:
            return None
        return Span(*before, heard_as=span.heard_as, sure=span.sure), (self.second, Span(*after))

    def of_second(self, span: Span, lines: Sequence[Line]) -> tuple[Span, int] | None:
        """A span of the second turn and where that begins, in the stream of both; None beyond what is looked at."""
        start, end = lines[self.second].stream.original(span.start, span.end)
        moved = self.border + 1
        place, begins = self.line.stream.within(start + moved, end + moved), self.line.stream.within(moved, moved + 1)
        if end > REACH or place is None or begins is None:
            return None
        return Span(*place, heard_as=span.heard_as, sure=span.sure), begins[0]


def joins(turns: Sequence[Turn]) -> Iterator[Join]:
    """All borders in a call that words may run across. ``turns`` all have words."""
    last: dict[Role, int] = {}
    for at, turn in enumerate(turns):
        first = last.get(turn.role)
        if first is not None and turn.start_s - turns[first].end_s <= LONGEST_PAUSE_S:
            join = _join(first, at, turns)
            if join is not None:
                yield join
        if turn.role is not Role.UNKNOWN:
            last[turn.role] = at


def _join(first: int, second: int, turns: Sequence[Turn]) -> Join | None:
    whole, follows = turns[first].text.rstrip(), turns[second].text[:REACH]
    begins = max(0, len(whole) - REACH)
    while 0 < begins < len(whole) and whole[begins - 1 : begins + 1].isalnum() and whole[begins].isascii():
        begins += 1  # not in the middle of an English word
    end = whole[begins:]
    line = Line(f"{end} {follows}")
    if _cut_at(line, len(end)):
        return None
    unbroken = all(only_listens(turn.text) for turn in turns[first + 1 : second])
    return Join(first, second, line, len(end), begins, unbroken)


def _cut_at(line: Line, border: int) -> bool:
    """Whether a sentence ends at the border."""
    return any(line.stream.starts[at] == border + 1 for at in line.stream.sentences[1:])
