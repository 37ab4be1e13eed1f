"""Sentences in the reader's language, their figures linked."""

from __future__ import annotations

from datetime import date

from markupsafe import Markup, escape

from qa_service.report.records import Clause, DailyReport, Sentence, Value
from qa_service.report.words import Words, number, percent


def written(sentence: Sentence, report: DailyReport, t: Words) -> Markup:
    """The clauses in one line, with the language's own punctuation."""
    line = t("say.join").join(_clause(clause, report, t) for clause in sentence.clauses)
    return t("say.end", sentence=_capital(line))


def _clause(clause: Clause, report: DailyReport, t: Words) -> Markup:
    """``KEY.single`` is said of a whole of one call, ``KEY.one`` of a count of one, where the language has them."""
    numbers = {name: value.number for name, value in clause.values.items()}
    key = f"say.{clause.key}"
    if numbers.get("whole") == 1 and f"{key}.single" in t.messages:
        key = f"{key}.single"
    values = {name: _value(value, report, t) for name, value in clause.values.items()}
    return t(key, one=numbers.get("n") == 1, **values)


def _capital(line: Markup) -> Markup:
    """Chinese has none; a line that begins with a link begins with a figure."""
    return Markup(line[:1].upper() + line[1:])  # noqa: S704 (line is Markup already)


def _value(value: Value, report: DailyReport, t: Words) -> Markup:
    shown = _shown(value, report, t)
    if not value.anchor:
        return Markup("<b>{}</b>").format(shown) if value.kind in ("count", "share", "range") else shown
    return Markup('<a href="#f-{}">{}</a>').format(value.anchor, shown)


def _shown(value: Value, report: DailyReport, t: Words) -> Markup:
    if value.kind == "count":
        return escape(number(value.number))
    if value.kind == "share":
        return escape(percent(value.number))
    if value.kind == "range":
        return t.interval(value.number, value.upper)
    if value.kind == "severity":
        return t(f"severity.{value.text}.running")
    if value.kind == "day":
        return t.day(date.fromisoformat(value.text))
    if value.kind == "error":
        return t.known(f"error.{value.text}", value.text)
    label = report.labels.get(value.text) if value.kind == "requirement" else None
    return escape(f"{value.text} {label.titled(t.language)}" if label else value.text)
