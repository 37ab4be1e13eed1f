"""Personal data that English words around a dictated number give away.

What a number is, is said before or behind it ("…, that's the code in the email"): a run of groups
(:mod:`qa_service.text.dictated_en`) is personal where a word nearby says so and its length fits. Passwords and
addresses of mail may be words and letters.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate

import regex

from qa_service.text.dictated_en import AHEAD, NI_PAIR, Run, runs_of
from qa_service.text.numbers_en import DIGIT_WORDS, SMALL, TENS
from qa_service.text.personal import SERVICE_EN, Found, Personal, luhn

#: Characters from a number on to a second one (a correction, a repetition), from a number back to what it is called,
#: and from a cue to a number that could as well be an amount.
_AGAIN, _BEHIND, _NEAR = 45, 60, 30
#: Characters before a number in which its name stands, and runs of which one card's number is put together.
_BEFORE, _MOST_RUNS = 150, 8
_YEAR = regex.compile(r"\b(?:in|since|from|until|till|by|of|year|around)\s+$")
_OTHER_MATTER = regex.compile(
    r"\b(?:owe|owed|balance|pay|paid|paying|payment|amount|arrears|ext|extension|error|reason|ring|call|phone|line"
    r"|helpline|mobile|door|gate|office|alarm|building)\b"
)

_SECRET = regex.compile(
    r"\b(?:c\W{0,2}v\W{0,2}(?:v|c|n)2?|c\W{0,2}i\W{0,2}d|security (?:code|number|digits)|card verification \w+"
    r"|signature strip|(?:next to|by|beside|above|near) (?:where (?:you|i) sign|(?:the|my|your) signature)"
    r"|(?:back|reverse|front) of (?:the|my|your|her|his|that) (?:debit |credit |bank )?card"
    r"|pin(?! (?:it|that|this|them|him|her|me|you|down|on|the blame|to))(?:'s| number| code)?"
    r"|one[- ]time (?:pass ?code|password|code|pin)|pass ?codes?(?:'s)?|otp|pass ?word(?:'s)?"
    r"|(?:verification|authentication|authorisation|authorization|confirmation|access|log ?in|sign[- ]?in|sms|text"
    r"|reset|unlock|temporary) (?:code|pin)(?:'s)?"
    r"|authenticat(?:or|ion)(?: app| code)?|(?:two|2)[- ]factor|2fa|(?:four|five|six|eight|4|5|6|8)[- ](?:digit"
    r"|figure) (?:code|number)"
    r"|(?:the|that|your|my|this|a|new|latest) code(?=\?|,| (?:you|we|they|i|he|she|it)\b)|texted (?:me|you)"
    r"|what's the code"
    r"|memorable (?:number|word)|(?:meeting|session|remote|partner|screen ?share|support) (?:id|code|number)"
    r"|any ?desk|team ?viewer"
    r"|code(?:'s)?(?: that| which)?(?: was| is| just)? (?:in|on|from) (?:the|my|your|that) (?:text|message|phone|app"
    r"|bank|e-?mail|sms|screen)"
    r"|(?:text(?:ed)?|e-?mail(?:ed)?|sen[dt]|got|get|receiv(?:e|ed)|came through)"
    r"(?: (?:you|me|us|him|her|them|the|a|my|your|that|this|with|new|another|one|six|four|five|eight|digit|just"
    r"|over)){0,4}"
    r" (?:code|otp|pin)(?! \w+ (?:door|gate))"
    r"|(?P<weak>(?:(?:digits|numbers?|code|figures|three|four)(?: \w+){0,2} )?on the (?:back(?! of)|reverse"
    r"|(?:signature )?strip)"
    r"|(?:text|message|e-?mail|code)(?: message)?(?:'s| says?| said| reads?| shows?| is| was|:))"
    r"|code(?: \w+){0,3} (?:texted|emailed|sent|got|received|came through))\b"
)
#: Other codes, of doors and errors, say so just before the word.
_NO_SECRET = regex.compile(
    r"\b(?:door|gate|building|error|reason|zip|post|area|dialling|sort|promo|discount|reference|product|tax)\W+$"
)
_REMOTE = regex.compile(r"\b(?:any ?desk|team ?viewer|meeting|session|remote|partner|support)\b")
_CARD = regex.compile(
    r"\b(?:(?:debit|credit|bank|payment)? ?card|visa|master ?card|amex|american express|maestro|discover|diners"
    r"|long number)\b"
)
_SOCIAL = regex.compile(r"\b(?:socials?(?:'s)?(?: security)?|s\.?s\.?n|itin|taxpayer|nine digits)\b")
_INSURANCE = regex.compile(r"\b(?:national insurance|ni(?: number)?|n\.i\.|nino)\b")
_PHONE = regex.compile(
    r"\b(?:tele)?(?:phones?|cell|mobile|landline|whatsapp|fax|area code|extension|pager|beeper|house|home|line"
    r"|contact|numbers?|call|ring|text|reach|dial|digits)\b"
)
_BORN = regex.compile(r"\b(?:date of birth|birth ?(?:day|date)|d\.?o\.?b|born)\b")
_POSTCODE = regex.compile(r"\bpost ?code\b")
_SORT = regex.compile(r"\bsort(?:ing)? code\b")
_ACCOUNT = regex.compile(r"\b(?:account|acct)\b")
#: "that's …", "was the …" between a number and what it is.
_BACK = regex.compile(
    r"[\s,.\-–]*(?:(?:that|there|which|those|it)(?:'s|'re| is| was| are| were)?|is|was|are|were|as|for|on|from|in)?"
    r"(?: (?:what|the|my|his|her|their|our|your|whole|full|entire|new|old|only|are|is|was|it|number|numbers|digits?"
    r"|code|bit|on|in|for))*\s*"
)
_FAR_BACK = regex.compile(
    r"[^.?!\d]{0,25}\b(?:that's|that is|that was|that'll be|is|was|as)\b(?: (?!\w*\d)\w+){0,3}\s*"
)


def in_english(text: str) -> Iterator[Found]:
    """Personal numbers of a normalised English ``text``, found by what is said of them."""
    if not regex.search(r"[a-z]{3}", text):
        return
    yield from _words(text)
    runs = list(runs_of(text))
    if not runs:
        return
    yield from _secrets(text, runs)
    yield from _long_numbers(text, runs)


_JOINT = "(?:dot|underscore|dash|hyphen)"
_SPELLED = (
    rf"(?:[a-z] (?:for|as in) [a-z]+|double [a-z]|[a-z]|{_JOINT}|\d+|{'|'.join((*DIGIT_WORDS, *TENS, *SMALL))}"
    rf"|[a-z]{{2,15}}(?=[\s,.]{{1,3}}{_JOINT}\b)|(?<={_JOINT}[\s,.]{{1,3}})[a-z]{{2,15}}|all (?:one word|lower ?case"
    rf"|together))"
)
#: An address of mail, letter by letter: "r for romeo, o, double s, at example dot net".
_SPELLED_MAIL = regex.compile(
    rf"(?<!')(?P<it>(?:\b{_SPELLED}\b[\s,.]{{1,3}}){{2,40}}+at (?:[a-z\d\-]+[\s,.]{{1,3}}){{1,3}}"
    r"dot[\s,.]{1,3}(?:com|net|org|edu|gov|co|uk|io|us|me)(?:[\s,.]{1,3}dot[\s,.]{1,3}uk)?)\b"
)
_KNOWN_MAIL = regex.compile(
    r"\b(?P<it>[a-z\d][a-z\d._\-]+ (?:at|@) (?:gmail|hotmail|yahoo|outlook|icloud|aol|protonmail|bt ?internet))\b"
)
_PASSWORD = regex.compile(
    r"\bpass ?word(?: (?:i|we|you)(?:'ve)? \w+| for \w+(?: \w+)?)?(?:'s| is| was| would be| should be"
    r"|:)[\s,:]+(?:now |just |still )?(?P<it>[^,.?!;\n]{3,40})"
)
_MEMORABLE = regex.compile(
    r"\b(?:memorable|security) (?:word|name|place|answer)(?:'s| is| was|:) (?!(?:not|never|the|in|to|too|wrong"
    r"|incorrect|what|how|on|a)\b)"
    r"(?P<it>[a-z]{3,20})\b"
)
_HOW_WRITTEN = regex.compile(
    r"[\s,.]{1,3}(?:(?:and )?(?:all|with an?|in) )?(?:lower|upper|small|capital|block|one word|no spaces?|spel(?:t"
    r"|led))"
)
_COUNTED = regex.compile(rf"\d|\b(?:{'|'.join(DIGIT_WORDS)})\b")
_NO_PASSWORD = regex.compile(
    r"\b(?:not|never|the|in|to|too|same|still|wrong|for|expired|changed|incorrect|reset|what|how|on)\b"
)


def _words(text: str) -> Iterator[Found]:
    """Passwords and addresses of mail that are words and letters."""
    yield from (Found(Personal.EMAIL, *m.span("it")) for m in _SPELLED_MAIL.finditer(text))
    yield from (Found(Personal.EMAIL, *m.span("it")) for m in _KNOWN_MAIL.finditer(text))
    yield from (Found(Personal.SECRET, *m.span("it")) for m in _MEMORABLE.finditer(text))
    for m in _PASSWORD.finditer(text):
        said = m["it"]
        counted = _COUNTED.search(said)
        if not _NO_PASSWORD.search(said) and (counted or _HOW_WRITTEN.match(text, m.end("it"))):
            yield Found(Personal.SECRET, m.start("it"), m.start("it") + len(said.rstrip()))


@dataclass(frozen=True, slots=True)
class _Candidates:
    """What is asked of runs and of the words between them, found once whatever number of cues there is."""

    #: Runs that can be secrets, and where they start.
    runs: Sequence[Run]
    starts: list[int]
    #: "five-sixty" is an amount sooner than three digits.
    amounts: list[bool]
    #: Where other matters are spoken of, from which a number further on is taken.
    others: list[int]

    def other_matter(self, start: int, end: int) -> bool:
        at = bisect_left(self.others, start)
        return at < len(self.others) and self.others[at] < end


def _secrets(text: str, runs: Sequence[Run]) -> Iterator[Found]:
    cues = [c for c in _SECRET.finditer(text) if not _NO_SECRET.search(text, max(0, c.start() - 14), c.start())]
    if not cues:
        return
    secret = [run for run in runs if _is_secret(text, run)]
    known = _Candidates(
        runs=secret,
        starts=[run.start for run in secret],
        amounts=[any(len(p.digits) > 1 and text[p.start].isalpha() for p in run.pieces) for run in secret],
        others=[m.start() for m in _OTHER_MATTER.finditer(text)],
    )
    starts = [run.start for run in runs]
    told: set[int] = set()
    for cue in cues:
        ahead = list(_ahead(known, cue, told))
        told.update(ahead)
        before = bisect_left(starts, cue.start()) - 1
        if not ahead and before >= 0 and _is_behind(text, runs[before], cue):
            yield Found(Personal.SECRET, runs[before].start, runs[before].end)
    yield from (Found(Personal.SECRET, secret[at].start, secret[at].end) for at in sorted(told))


def _ahead(known: _Candidates, cue: regex.Match[str], told: set[int]) -> Iterator[int]:
    """The runs behind a cue of which it tells: the first secret one and those that follow it closely."""
    last, reach = None, cue.end() + AHEAD
    for at in range(bisect_left(known.starts, cue.end()), len(known.runs)):
        run = known.runs[at]
        if run.start > reach or known.other_matter(last or cue.end(), run.start):
            return
        if known.amounts[at] and last is None and (cue["weak"] or run.start - cue.end() > _NEAR):
            continue
        yield at
        if at in told:  # and so is all that follows it
            return
        last, reach = run.end, run.end + _AGAIN


def _is_behind(text: str, run: Run, cue: regex.Match[str]) -> bool:
    """Whether the words between a run and a cue say that the cue means it."""
    between = run.end, cue.start()
    if not 0 <= between[1] - between[0] <= _BEHIND:
        return False
    told = _BACK.fullmatch(text, *between) or (not cue["weak"] and _FAR_BACK.fullmatch(text, *between))
    return bool(told) and _is_secret(text, run)


def _is_secret(text: str, run: Run) -> bool:
    count = len(run.digits)
    if count in (9, 10) and not run.letters and _REMOTE.search(text, max(0, run.start - 40), run.start):
        return True
    if len(run.letters) > (2 if count > 3 else 0) or count < 3 or (count > 8 and not (run.corrected and count <= 20)):
        return False
    return not (count == 4 and run.digits[:2] in ("19", "20") and _YEAR.search(text, max(0, run.start - 8), run.start))


def _long_numbers(text: str, runs: Sequence[Run]) -> Iterator[Found]:
    for run in (*runs, *_loose(text, runs)):
        if kind := _kind(text, run):
            yield Found(kind, run.start, run.end)


def _loose(text: str, runs: Sequence[Run]) -> Iterator[Run]:
    """Runs near one another that are one card's number, whatever is said between: the check digit tells."""
    told = [run.digits for run in runs]
    digits, ends = "".join(told), [0, *accumulate(map(len, told))]
    at = 0
    while at < len(runs):
        most = at + 1
        while most < min(len(runs), at + _MOST_RUNS) and runs[most].start - runs[most - 1].end <= _BEHIND:
            most += 1
        for stop in range(most, at + 1, -1):
            if _is_card(text, digits[ends[at] : ends[stop]], runs[at].start, runs[stop - 1].end):
                yield Run(tuple(p for run in runs[at:stop] for p in run.pieces), corrected=False)
                at = stop - 1
                break
        at += 1


def _is_card(text: str, digits: str, start: int, end: int) -> bool:
    if not 13 <= len(digits) <= 19 or not luhn(digits):
        return False
    return _CARD.search(text, max(0, start - _BEFORE), end + _BEHIND) is not None


def _kind(text: str, run: Run) -> Personal | None:
    """By its length, groups and letters, and by what stands around it."""
    before, after = text[max(0, run.start - _BEFORE) : run.start], text[run.end : run.end + _BEHIND]
    digits, count = run.digits, len(run.digits)
    around = before + "\n" + after
    born = _BORN.search(before[-70:]) or _BORN.search(after[:40])
    if not run.letters and 5 <= count <= 8 and born and _like_a_date(digits):
        return Personal.BIRTH
    if 2 <= count <= 3 and 3 <= len(run.letters) <= 6 and _POSTCODE.search(around):
        return Personal.ADDRESS
    if count < 6 or SERVICE_EN.fullmatch(digits):
        return None
    if run.letters:
        if regex.fullmatch(r"LLD{6}[A-D]", run.shape) and NI_PAIR.fullmatch(run.letters[:2]):
            return Personal.ID
        insured = 2 <= len(run.letters) <= 8 and 6 <= count <= 8 and _INSURANCE.search(around)
        return Personal.ID if insured else None
    if 12 <= count <= 26 and (count <= 19 or run.corrected) and _CARD.search(around):
        return Personal.CARD
    if 9 <= count <= 13 and (count == 9 or run.corrected) and _SOCIAL.search(around):
        return Personal.ID
    if count in (6, 8, 14) and (_SORT.search(around) if count == 6 else _ACCOUNT.search(before[-60:] + "\n" + after)):
        return Personal.ACCOUNT
    known = _KNOWN_SHAPES.get(run.groups(text))
    if known is Personal.ACCOUNT or (known and _digit_by_digit(text, run)):
        return known if known is not Personal.PHONE or _like_a_phone(digits) else None
    if regex.fullmatch(r"(?:44|0)7\d{9}", digits):  # a British mobile, whatever is said of it
        return Personal.PHONE
    if count == 7 and _PHONE.search(before[-25:]) and max(len(p.digits) for p in run.pieces) != 2:
        return Personal.PHONE
    amounts = sum("hundred" in text[p.start : p.end] for p in run.pieces) > 1
    if 10 <= count <= 13 and not amounts and _PHONE.search(around) and _like_a_phone(digits):
        return Personal.PHONE
    return None


def _digit_by_digit(text: str, run: Run) -> bool:
    """Nobody says an amount so: "three hundred, fifty, twelve hundred" has the groups of a social security number."""
    return all(
        text[p.start].isalpha() and (len(p.digits) == 1 or text.startswith(("double", "triple", "treble"), p.start))
        for p in run.pieces
    )


#: Numbers that their groups give away.
_KNOWN_SHAPES = {
    (3, 3, 4): Personal.PHONE, (1, 3, 3, 4): Personal.PHONE, (4, 3, 4): Personal.PHONE, (5, 3, 3): Personal.PHONE,
    (3, 2, 4): Personal.ID, (2, 2, 2, 8): Personal.ACCOUNT, (2, 2, 2, 4, 4): Personal.ACCOUNT,
}  # fmt: skip


def _like_a_date(digits: str) -> bool:
    """Day, month and year in some order, the year with two digits or four."""
    return regex.fullmatch(r"(?:[0-3]?\d[0-3]?\d(?:19|20)?\d{2}|(?:19|20)\d{2}[01]?\d[0-3]?\d)", digits) is not None


def _like_a_phone(digits: str) -> bool:
    return regex.fullmatch(r"(?:44|0)[127]\d{8,9}|1?[2-9]\d{2}[2-9]\d{6}", digits) is not None
