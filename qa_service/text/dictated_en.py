"""English numbers and letters as people dictate them: "double oh seven, um, forty-four… no, forty-five, S for sugar".

Groups of one number stand apart by pauses, fillers, echoes, short answers and corrections; what they are is said
before or behind them ("…, that's the code in the email"). A run of such groups is personal where a word nearby says
so and its length fits. Money, counts, dates and clock times are no part of a run. Patterns read normalised text
(lower case) in which the question before stands on a line of its own.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import regex

from qa_service.text.numbers_en import DIGIT_WORDS, SMALL, TENS
from qa_service.text.personal import Found, Personal

#: What is told of one number: digits, or a letter that was spelled out.
_TOKEN = regex.compile(
    r"(?P<closed>[£$€]\s?\d[\d,]*(?:\.\d+)?|\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+\.\d+|\d{1,2}:\d{2}"
    r"|\d{1,2}/\d{1,2}/\d{2,4}|\d+(?:st|nd|rd|th)\b"
    r"|\bc\W{0,2}v\W{0,2}(?:v|c|n)\b|\bc\W{0,2}i\W{0,2}d\b|\bn\W{0,2}i\b|\bs\W{0,2}s\W{0,2}n\b|\bo\W{0,2}t\W{0,2}p\b"
    r"|\b(?:first|last|next|final|other|all|the) (?:two|three|four|five|six|eight|nine|\d{1,2})(?= (?:\w+ )?(?:of|digits?|numbers?|on|letters?)\b)"
    r"|\b(?:last|final) (?:two|three|four|\d)\b)"
    r"|(?P<digits>\d+)|(?P<word>[a-z]+(?:'[a-z]+)?)|(?P<line>\n)"
)
_REPEATS = {"double": 2, "triple": 3, "treble": 3}
#: Behind a number: it counts, measures or dates something.
_MEASURES = frozenset(
    """pound pounds quid dollar dollars buck bucks pence cent cents percent grand k day days week weeks month months
    year years hour hours minute minutes second seconds times payment payments instalment instalments installment
    installments digit digits number numbers letter letters little people cards kids children am pm o'clock thousand
    million each per a st nd rd th january february march april may june july august september october november december
    """.split()
)
#: Between the groups of one number, answers of the other side included.
_FILLER = frozenset(
    """um uh er erm ah hmm mm mhm dash hyphen space stroke slash then next yes yep yeah yup ok okay right and so
    sorry no wait actually go on carry got it followed by after that let me see think i mean is it's that's hang now
    the rest huh sure alright lovely perfect great thanks please plus i'm nope hold well you said finally lastly again
    repeat ready sir ma'am love mate just digit bit group part end ends with capital lower small another more there
    we're what's a hm cheers good it'll be was start starts begins ending finishes""".split()
)
_CORRECTED = regex.compile(r"\b(?:no|sorry|wait|actually|i mean|you said)\b")
_MOST_FILLERS = 6
#: Characters from a cue to the number that it is about, and on to a second one (a correction, a repetition).
_AHEAD, _AGAIN, _BEHIND, _NEAR = 110, 45, 60, 30
_YEAR = regex.compile(r"\b(?:in|since|from|until|till|by|of|year|around)\s+$")
_OTHER_MATTER = regex.compile(
    r"\b(?:owe|owed|balance|pay|paid|paying|payment|amount|arrears|ext|extension|error|reason|ring|call|phone|line|helpline|mobile|door|gate|office|alarm|building)\b"
)

_SECRET = regex.compile(
    r"\b(?:c\W{0,2}v\W{0,2}(?:v|c|n)2?|c\W{0,2}i\W{0,2}d|security (?:code|number|digits)|card verification \w+"
    r"|signature strip|(?:next to|by|beside|above|near) (?:where (?:you|i) sign|(?:the|my|your) signature)"
    r"|(?:back|reverse|front) of (?:the|my|your|her|his|that) (?:debit |credit |bank )?card"
    r"|pin(?! (?:it|that|this|them|him|her|me|you|down|on|the blame|to))(?:'s| number| code)?"
    r"|one[- ]time (?:pass ?code|password|code|pin)|pass ?codes?(?:'s)?|otp|pass ?word(?:'s)?"
    r"|(?:verification|authentication|authorisation|authorization|confirmation|access|log ?in|sign[- ]?in|sms|text|reset|unlock|temporary) (?:code|pin)(?:'s)?"
    r"|authenticat(?:or|ion)(?: app| code)?|(?:two|2)[- ]factor|2fa|(?:four|five|six|eight|4|5|6|8)[- ](?:digit|figure) (?:code|number)"
    r"|(?:the|that|your|my|this|a|new|latest) code(?=\?|,| (?:you|we|they|i|he|she|it)\b)|texted (?:me|you)|what's the code"
    r"|memorable (?:number|word)|(?:meeting|session|remote|partner|screen ?share|support) (?:id|code|number)"
    r"|any ?desk|team ?viewer"
    r"|code(?:'s)?(?: that| which)?(?: was| is| just)? (?:in|on|from) (?:the|my|your|that) (?:text|message|phone|app|bank|e-?mail|sms|screen)"
    r"|(?:text(?:ed)?|e-?mail(?:ed)?|sen[dt]|got|get|receiv(?:e|ed)|came through)"
    r"(?: (?:you|me|us|him|her|them|the|a|my|your|that|this|with|new|another|one|six|four|five|eight|digit|just|over)){0,4}"
    r" (?:code|otp|pin)(?! \w+ (?:door|gate))"
    r"|(?P<weak>(?:(?:digits|numbers?|code|figures|three|four)(?: \w+){0,2} )?on the (?:back(?! of)|reverse|(?:signature )?strip)"
    r"|(?:text|message|e-?mail|code)(?: message)?(?:'s| says?| said| reads?| shows?| is| was|:))"
    r"|code(?: \w+){0,3} (?:texted|emailed|sent|got|received|came through))\b"
)
#: Other codes, of doors and errors, say so just before the word.
_NO_SECRET = regex.compile(
    r"\b(?:door|gate|building|error|reason|zip|post|area|dialling|sort|promo|discount|reference|product|tax)\W+$"
)
_REMOTE = regex.compile(r"\b(?:any ?desk|team ?viewer|meeting|session|remote|partner|support)\b")
_CARD = regex.compile(
    r"\b(?:(?:debit|credit|bank|payment)? ?card|visa|master ?card|amex|american express|maestro|discover|diners|long number)\b"
)
_SOCIAL = regex.compile(r"\b(?:socials?(?:'s)?(?: security)?|s\.?s\.?n|itin|taxpayer|nine digits)\b")
_INSURANCE = regex.compile(r"\b(?:national insurance|ni(?: number)?|n\.i\.|nino)\b")
_PHONE = regex.compile(
    r"\b(?:tele)?(?:phones?|cell|mobile|landline|whatsapp|fax|area code|extension|pager|beeper|house|home|line|contact|numbers?|call|ring|text|reach|dial|digits)\b"
)
_BORN = regex.compile(r"\b(?:date of birth|birth ?(?:day|date)|d\.?o\.?b|born)\b")
_POSTCODE = regex.compile(r"\bpost ?code\b")
_SORT = regex.compile(r"\bsort(?:ing)? code\b")
_ACCOUNT = regex.compile(r"\b(?:account|acct)\b")
#: Letters with which a National Insurance number begins, and the words that look like them.
_PAIR = regex.compile(r"[a-ceghj-prstw-z][a-ceghj-nprstw-z]")
_COMMON = frozenset("ah al am an as at be by eh er ex go ha he hm me mm my no oh ok on or pa pm so to we ya".split())
#: "that's …", "was the …" between a number and what it is.
_BACK = regex.compile(
    r"[\s,.\-–]*(?:(?:that|there|which|those|it)(?:'s|'re| is| was| are| were)?|is|was|are|were|as|for|on|from|in)?"
    r"(?: (?:what|the|my|his|her|their|our|your|whole|full|entire|new|old|only|are|is|was|it|number|numbers|digits?|code|bit|on|in|for))*\s*"
)
_FAR_BACK = regex.compile(
    r"[^.?!\d]{0,25}\b(?:that's|that is|that was|that'll be|is|was|as)\b(?: (?!\w*\d)\w+){0,3}\s*"
)


@dataclass(frozen=True, slots=True)
class _Piece:
    """Digits or spelled letters at ``[start, end)``; ``breaks``: something other than a pause stands before it."""

    start: int
    end: int
    digits: str = ""
    letters: str = ""
    breaks: bool = False


@dataclass(frozen=True, slots=True)
class _Run:
    pieces: tuple[_Piece, ...]
    corrected: bool

    @property
    def start(self) -> int:
        return self.pieces[0].start

    @property
    def end(self) -> int:
        return self.pieces[-1].end

    @property
    def digits(self) -> str:
        return "".join(p.digits for p in self.pieces)

    @property
    def shape(self) -> str:
        """L for a letter, D for a digit; a last letter as it is."""
        written = "".join("D" * len(p.digits) + "L" * len(p.letters) for p in self.pieces)
        return written[:-1] + self.letters[-1:].upper() if self.pieces[-1].letters else written

    def groups(self, text: str) -> tuple[int, ...]:
        """Digits between two pauses."""
        sizes = [len(self.pieces[0].digits)]
        for one, other in pairwise(self.pieces):
            if text[one.end : other.start] in (" ", "-"):
                sizes[-1] += len(other.digits)
            else:
                sizes.append(len(other.digits))
        return tuple(sizes)

    @property
    def letters(self) -> str:
        return "".join(p.letters for p in self.pieces)


def dictated(text: str) -> Iterator[Found]:
    """Personal numbers of a normalised English ``text``, found by what is said of them."""
    if not regex.search(r"[a-z]{3}", text):
        return
    yield from _words(text)
    runs = list(_runs(text))
    if not runs:
        return
    yield from _secrets(text, runs)
    yield from _long_numbers(text, runs)


_JOINT = "(?:dot|underscore|dash|hyphen)"
_SPELLED = (
    rf"(?:[a-z] (?:for|as in) [a-z]+|double [a-z]|[a-z]|{_JOINT}|\d+|{'|'.join((*DIGIT_WORDS, *TENS, *SMALL))}"
    rf"|[a-z]{{2,15}}(?=[\s,.]{{1,3}}{_JOINT}\b)|(?<={_JOINT}[\s,.]{{1,3}})[a-z]{{2,15}}|all (?:one word|lower ?case|together))"
)
#: An address of mail, letter by letter: "r for romeo, o, double s, at example dot net".
_SPELLED_MAIL = regex.compile(
    rf"(?P<it>(?:\b{_SPELLED}\b[\s,.]{{1,3}}){{2,40}}+at (?:[a-z\d\-]+[\s,.]{{1,3}}){{1,3}}"
    r"dot[\s,.]{1,3}(?:com|net|org|edu|gov|co|uk|io|us|me)(?:[\s,.]{1,3}dot[\s,.]{1,3}uk)?)\b"
)
_KNOWN_MAIL = regex.compile(
    r"\b(?P<it>[a-z\d][a-z\d._\-]+ (?:at|@) (?:gmail|hotmail|yahoo|outlook|icloud|aol|protonmail|bt ?internet))\b"
)
_PASSWORD = regex.compile(
    r"\bpass ?word(?: (?:i|we|you)(?:'ve)? \w+| for \w+(?: \w+)?)?(?:'s| is| was| would be| should be|:)[\s,:]+(?:now |just |still )?(?P<it>[^,.?!;\n]{3,40})"
)
_MEMORABLE = regex.compile(
    r"\b(?:memorable|security) (?:word|name|place|answer)(?:'s| is| was|:) (?!(?:not|never|the|in|to|too|wrong|incorrect|what|how|on|a)\b)"
    r"(?P<it>[a-z]{3,20})\b"
)
_HOW_WRITTEN = regex.compile(
    r"[\s,.]{1,3}(?:(?:and )?(?:all|with an?|in) )?(?:lower|upper|small|capital|block|one word|no spaces?|spel(?:t|led))"
)
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
        counted = regex.search(r"\d|\b(?:" + "|".join(DIGIT_WORDS) + r")\b", said)
        if not _NO_PASSWORD.search(said) and (counted or _HOW_WRITTEN.match(text, m.end("it"))):
            yield Found(Personal.SECRET, m.start("it"), m.start("it") + len(said.rstrip()))


def _secrets(text: str, runs: Sequence[_Run]) -> Iterator[Found]:
    starts = [run.start for run in runs]
    for cue in _SECRET.finditer(text):
        if _NO_SECRET.search(text, max(0, cue.start() - 14), cue.start()):
            continue
        last, reach = None, cue.end() + _AHEAD
        for run in runs[bisect_left(starts, cue.end()) :]:
            if run.start > reach:
                break
            if _OTHER_MATTER.search(text, last or cue.end(), run.start):
                break
            counted = any(len(p.digits) > 1 and text[p.start].isalpha() for p in run.pieces)
            if counted and last is None and (cue["weak"] or run.start - cue.end() > _NEAR):
                continue  # "five-sixty" is an amount sooner than three digits
            if _is_secret(text, run):
                yield Found(Personal.SECRET, run.start, run.end)
                last, reach = run.end, run.end + _AGAIN
        before = bisect_left(starts, cue.start()) - 1
        if last is None and before >= 0 and runs[before].end <= cue.start() and _is_secret(text, runs[before]):
            run = runs[before]
            told = (_BACK if cue["weak"] else _FAR_BACK).fullmatch(text, run.end, cue.start())
            if cue.start() - run.end <= _BEHIND and (told or _BACK.fullmatch(text, run.end, cue.start())):
                yield Found(Personal.SECRET, run.start, run.end)


def _is_secret(text: str, run: _Run) -> bool:
    count = len(run.digits)
    if count in (9, 10) and not run.letters and _REMOTE.search(text, max(0, run.start - 40), run.start):
        return True
    if len(run.letters) > (2 if count > 3 else 0) or count < 3 or (count > 8 and not (run.corrected and count <= 20)):
        return False
    return not (count == 4 and run.digits[:2] in ("19", "20") and _YEAR.search(text, max(0, run.start - 8), run.start))


def _long_numbers(text: str, runs: Sequence[_Run]) -> Iterator[Found]:
    for run in (*runs, *_loose(text, runs)):
        if kind := _kind(text, run):
            yield Found(kind, run.start, run.end)


def _loose(text: str, runs: Sequence[_Run]) -> Iterator[_Run]:
    """Runs near one another that are one card's number, whatever is said between: the check digit tells."""
    at = 0
    while at < len(runs):
        for stop in range(min(len(runs), at + 8), at + 1, -1):
            some = runs[at:stop]
            digits = "".join(run.digits for run in some)
            near = all(b.start - a.end <= _BEHIND for a, b in pairwise(some))
            if near and 13 <= len(digits) <= 19 and luhn(digits) and _CARD.search(text, max(0, some[0].start - 150)):
                yield _Run(tuple(p for run in some for p in run.pieces), corrected=False)
                at = stop - 1
                break
        at += 1


def luhn(digits: str) -> bool:
    """The check digit of bank cards."""
    doubled = (int(d) * (1 + i % 2) for i, d in enumerate(reversed(digits)))
    return sum(n - 9 * (n > 9) for n in doubled) % 10 == 0


def _kind(text: str, run: _Run) -> Personal | None:
    """By its length, groups and letters, and by what stands around it."""
    before, after = text[max(0, run.start - 150) : run.start], text[run.end : run.end + _BEHIND]
    digits, count = run.digits, len(run.digits)
    around = before + "\n" + after
    born = _BORN.search(before[-70:]) or _BORN.search(after[:40])
    if not run.letters and 5 <= count <= 8 and born and _like_a_date(digits):
        return Personal.BIRTH
    if 2 <= count <= 3 and 3 <= len(run.letters) <= 6 and _POSTCODE.search(around):
        return Personal.ADDRESS
    if count < 6 or SERVICE.match(digits):
        return None
    if run.letters:
        if regex.fullmatch(r"LLD{6}[A-D]", run.shape) and _PAIR.fullmatch(run.letters[:2]):
            return Personal.ID
        insured = 2 <= len(run.letters) <= 8 and 6 <= count <= 8 and _INSURANCE.search(around)
        return Personal.ID if insured else None
    if 12 <= count <= 26 and (count <= 19 or run.corrected) and _CARD.search(around):
        return Personal.CARD
    if 9 <= count <= 13 and (count == 9 or run.corrected) and _SOCIAL.search(around):
        return Personal.ID
    if count in (6, 8, 14) and (_SORT.search(around) if count == 6 else _ACCOUNT.search(before[-60:] + "\n" + after)):
        return Personal.ACCOUNT
    if known := _KNOWN_SHAPES.get(run.groups(text)):
        fits = known is not Personal.PHONE or _like_a_phone(digits)
        return known if fits else None
    if regex.fullmatch(r"(?:44|0)7\d{9}", digits):  # a British mobile, whatever is said of it
        return Personal.PHONE
    if count == 7 and _PHONE.search(before[-25:]) and max(len(p.digits) for p in run.pieces) != 2:
        return Personal.PHONE
    if 10 <= count <= 13 and _PHONE.search(around) and _like_a_phone(digits):
        return Personal.PHONE
    return None


SERVICE = regex.compile(r"1?8(?:00|33|44|55|66|77|88)\d{7}$|0(?:800|808|3\d\d|845|870|871)\d{6,7}$")
"""Published numbers of services: free of charge or local rate."""


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


def _runs(text: str) -> Iterator[_Run]:
    """Pieces with nothing but pauses and fillers between them."""
    kept: list[_Piece] = []
    for piece in _pieces(text):
        if kept and (piece.breaks or piece.start - kept[-1].end > _AHEAD):
            yield from _trimmed(text, kept)
            kept = []
        kept.append(piece)
    yield from _trimmed(text, kept)


def _trimmed(text: str, pieces: list[_Piece]) -> Iterator[_Run]:
    """Without lone letters at its ends that belong to no number ("a", "i")."""
    if any(p.digits for p in pieces):
        said = text[pieces[0].start : pieces[-1].end]
        yield _Run(tuple(pieces), _CORRECTED.search(said) is not None)


def _pieces(text: str) -> Iterator[_Piece]:
    """Numbers and spelled letters in order."""
    tokens = list(_TOKEN.finditer(text))
    at, breaks, fillers = 0, True, 0
    while at < len(tokens):
        piece, after = _piece(text, tokens, at)
        if piece is not None:
            yield _Piece(piece.start, piece.end, piece.digits, piece.letters, breaks or fillers > _MOST_FILLERS)
            at, breaks, fillers = after, False, 0
            continue
        token = tokens[at]
        if token["word"] and token["word"] in _FILLER:
            fillers += 1
        elif not token["line"]:
            breaks = True
        at = max(at + 1, after)


def _piece(text: str, tokens: Sequence[regex.Match[str]], at: int) -> tuple[_Piece | None, int]:
    """The piece that begins with a token, if one does, and the token behind it."""
    token = tokens[at]
    found = _number(text, tokens, at)
    if found is not None:
        digits, after = found
        if _measured(text, tokens, after) or "\n" in text[token.start() : tokens[after - 1].end()]:
            return None, after
        return _Piece(token.start(), tokens[after - 1].end(), digits=digits), after
    letters, after = _letters(text, tokens, at)
    return (_Piece(token.start(), tokens[after - 1].end(), letters=letters), after) if letters else (None, at + 1)


def _measured(text: str, tokens: Sequence[regex.Match[str]], after: int) -> bool:
    """Whether the number before token ``after`` counts something."""
    if after >= len(tokens) or tokens[after]["word"] not in _MEASURES:
        return text[tokens[after - 1].end() : tokens[after - 1].end() + 1] == "%"
    return regex.fullmatch(r"[\s\-]{0,2}", text, pos=tokens[after - 1].end(), endpos=tokens[after].start()) is not None


def _number(text: str, tokens: Sequence[regex.Match[str]], at: int) -> tuple[str, int] | None:
    """Digits that are said in one breath: 7, "double oh", "forty-four", "twenty-two hundred", 4417."""
    token = tokens[at]
    if token["digits"]:
        return token["digits"], at + 1
    word = token["word"] or ""
    nearest = tokens[at + 1]["word"] or "" if at + 1 < len(tokens) and _close(text, tokens, at) else ""
    if word in _REPEATS:
        digit = DIGIT_WORDS.get(nearest) or ("0" if nearest == "o" else "")
        if not digit and at + 1 < len(tokens) and len(tokens[at + 1]["digits"] or "") == 1 and _close(text, tokens, at):
            digit = tokens[at + 1]["digits"]
        return (digit * _REPEATS[word], at + 2) if digit else None
    if word in ("oh", "o"):
        return ("0", at + 1) if _is_zero(text, tokens, at) else None
    value, after = _below_hundred(word, nearest, at)
    if value is None:
        return None
    if after < len(tokens) and tokens[after]["word"] == "hundred" and _close(text, tokens, after - 1):
        return f"{value}00", after + 1
    return value, after


def _below_hundred(word: str, nearest: str, at: int) -> tuple[str | None, int]:
    if word in TENS:
        unit = DIGIT_WORDS.get(nearest, "0")
        return (str(TENS[word] + int(unit)), at + 2) if unit != "0" else (str(TENS[word]), at + 1)
    if word in ("nought", "naught"):
        return "0", at + 1
    if word in DIGIT_WORDS:
        return DIGIT_WORDS[word], at + 1
    return (str(SMALL[word]), at + 1) if word in SMALL else (None, at + 1)


def _close(text: str, tokens: Sequence[regex.Match[str]], at: int) -> bool:
    """Whether only a space or a hyphen stands between a token and the next."""
    return text[tokens[at].end() : tokens[at + 1].start()] in (" ", "-")


def _is_zero(text: str, tokens: Sequence[regex.Match[str]], at: int) -> bool:
    """ "Oh" is a digit beside another one; "Oh, two nine five" begins with a sigh."""
    names = ("nought", "naught", *DIGIT_WORDS, *TENS, *SMALL, *_REPEATS)

    def number(token: regex.Match[str]) -> bool:
        return bool(token["digits"]) or (token["word"] or "") in names

    behind = at > 0 and (number(tokens[at - 1]) or tokens[at - 1]["word"] == "o")
    return behind or (at + 1 < len(tokens) and _close(text, tokens, at) and number(tokens[at + 1]))


def _letters(text: str, tokens: Sequence[regex.Match[str]], at: int) -> tuple[str, int]:
    """A letter that is spelled: "s", "S for sugar", "B as in Bravo", "double s"; an article or "I" is none."""
    word = tokens[at]["word"] or ""
    words = [t["word"] or "" for t in tokens[at : at + 4]]
    if word in _REPEATS and len(words) > 1 and len(words[1]) == 1:
        return words[1] * _REPEATS[word], at + 2
    if _PAIR.fullmatch(word) and word not in _COMMON and at + 1 < len(tokens) and _number(text, tokens, at + 1):
        return word, at + 1
    if len(word) != 1:
        return "", at + 1
    if words[1:2] == ["for"] and len(words) > 2 and words[2].startswith(word):
        return word, at + 3
    if words[1:3] == ["as", "in"] and len(words) > 3 and words[3].startswith(word):
        return word, at + 4
    spelled_on = word not in "ai" or (len(words) > 1 and len(words[1]) == 1)
    return (word, at + 1) if spelled_on else ("", at + 1)
