"""What a recording is by its content, and the pieces of a transcript."""

from __future__ import annotations

import pytest

from qa_service.records import Finding, Inspection, Role, Turn, Word
from qa_service.web.media import kind_of_head
from qa_service.web.pages.transcript import Line, lines
from tests.factories import finding, inspection, turns

WAV = b"RIFF\0\0\0\0WAVEfmt \x10\0\0\0"


@pytest.mark.parametrize(
    ("head", "media_type", "played"),
    [
        (WAV + b"\x01\0", "audio/wav", True),
        (WAV + b"\x07\0", "audio/wav", False),
        (WAV + b"\x31\0", "audio/wav", False),
        (b"RIFF\0\0\0\0WAVE", "audio/wav", False),
        (b"ID3\x04", "audio/mpeg", True),
        (b"\xff\xfb\x90", "audio/mpeg", True),
        (b"OggS\0\0OpusHead", "audio/ogg", True),
        (b"OggS\0\0Speex", "audio/ogg", False),
        (b"\0\0\0\x20ftypM4A ", "audio/mp4", True),
        (b"\0\0\0\x20ftyp3gp4", "audio/mp4", False),
        (b"fLaC", "audio/flac", True),
        (b"#!AMR\n", "audio/amr", False),
        (b"\x1aE\xdf\xa3", "audio/webm", True),
        (b"<html><script>", "application/octet-stream", False),
        (b"", "application/octet-stream", False),
    ],
)
def test_the_content_decides_what_a_file_is_served_as(head: bytes, media_type: str, played: bool) -> None:
    kind = kind_of_head(head)
    assert (kind.media_type, kind.played) == (media_type, played)


def words_of(text: str) -> tuple[Word, ...]:
    return tuple(Word(text=c, start_s=float(n), end_s=n + 1.0, probability=0.9) for n, c in enumerate(text))


def cut(text: str, *findings: Finding, words: tuple[Word, ...] = ()) -> Line:
    turn = Turn(index=0, role=Role.AGENT, start_s=0, end_s=10, text=text, words=words)
    return lines(inspection(findings=findings, turns=(turn,)), 0.35)[0]


def marked_in(line: Line) -> list[tuple[str, tuple[int, ...]]]:
    return [("".join(p.text for p in run.pieces), run.findings) for run in line.runs if run.findings]


def test_the_text_is_whole_whatever_is_marked() -> None:
    text = "您好，再不还我就打电话给你单位。 hello  world"
    line = cut(text, finding(quote="打电话"), finding(quote="电话给你"), words=words_of("您好再不还"))
    assert "".join(p.text for run in line.runs for p in run.pieces) == text


def test_findings_that_overlap_are_both_marked_where_they_do() -> None:
    line = cut("打电话给你单位", finding(quote="打电话"), finding(quote="电话给你"))
    assert marked_in(line) == [("打", (0,)), ("电话", (0, 1)), ("给你", (1,))]


def test_a_quote_with_a_gap_is_marked_in_its_parts() -> None:
    assert marked_in(cut("先说甲再说乙", finding(quote="先说甲…说乙"))) == [("先说甲", (0,)), ("说乙", (0,))]


def test_a_quote_that_does_not_stand_in_the_text_is_marked_by_its_time() -> None:
    line = cut("一二三四", finding(quote="别的", start_s=1.0, end_s=3.0), words=words_of("一二三四"))
    assert marked_in(line) == [("二三", (0,))]


def test_without_word_times_such_a_quote_marks_nothing_but_the_turn() -> None:
    line = cut("一二三四", finding(quote="别的", start_s=1.0, end_s=3.0))
    assert marked_in(line) == []
    assert line.findings == (0,)


def test_turns_stand_in_order_of_time() -> None:
    late, early = turns("一", "二")
    shown = lines(Inspection.model_validate({**inspection().model_dump(), "turns": [early, late]}), 0.35)
    assert [line.turn.text for line in shown] == ["一", "二"]


def test_a_turn_without_words_is_an_empty_line() -> None:
    assert cut("").runs == ()
