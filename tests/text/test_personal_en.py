"""English numbers as they are dictated go, by what is said of them; amounts, times and what is public stay."""

from __future__ import annotations

import pytest

from qa_service.text.redact import redact

GONE = [
    ("My number's nine four nine, five, five, five, seven two eight one.", "My number's [phone]."),
    (
        "The three on the back, that's, um, five, one... no, five, two, nine.",
        "The three on the back, that's, um, [secret].",
    ),
    ("Four four double one, that's the PIN I always use.", "[secret], that's the PIN I always use."),
    ("It says your code is six six, oh two, nine one.", "It says your code is [secret]."),
    (
        "The long number is four five three nine, double oh seven seven, one two double oh, three three four nine.",
        "The long number is [card].",
    ),
    ("Sort code is four oh, one seven, two two.", "Sort code is [account]."),
    ("My NI number is P for Peter, B for Bravo, seven two, one four, oh nine, D for delta.", "My NI number is [id]."),
    ("My social is two one nine, oh nine, nine nine nine nine.", "My social is [id]."),
    ("My cell is two one two, five five five, oh one double eight.", "My cell is [phone]."),
    ("Ring me on oh seven seven double oh, nine hundred, four six one.", "Ring me on [phone]."),
    ("The AnyDesk address is nine nine eight, two two one, four three oh.", "The AnyDesk address is [secret]."),
    ("The password is bluebird, all lower case.", "The password is [secret], all lower case."),
    ("My memorable word is Pumpernickel.", "My memorable word is [secret]."),
    ("It's r for romeo, o, double s, at example dot net.", "It's [email]."),
    ("Nineteen eighty-one, May the third, that's when I was born.", "[birth], that's when I was born."),
    ("DOB? Oh four, oh nine, seventy-one.", "DOB? [birth]."),
    ("My postcode is L S one four, two D B.", "My postcode is [address]."),
    ("Post it to PO Box 88, Elko, Nevada.", "Post it to [address], Elko, Nevada."),
    ("We live at twelve B Harbour View.", "We live at [address]."),
    ("I'm a nurse at Saint Mary's Hospital.", "I'm a nurse at [work]."),
    ("My wages are paid by Harrow Foods.", "My wages are paid by [work]."),
    ("six two six one one eight, that's what the text said", "[secret], that's what the text said"),
    ("OTP is 889 214.", "OTP is [secret]."),
]

KEPT = [
    "You set a PIN last year and you owe four hundred and twelve pounds now.",
    "Your PIN is fine. I can pay two hundred on the third, four fifty after that.",
    "The PIN is not needed. The balance is four thousand, four hundred.",
    "The screen says eleven twenty.",
    "I sent 250, 300, 1200 and then 400.",
    "The case number is 4471 0936.",
    # amounts in the groups of a social security number, of a telephone
    "I paid three hundred, fifty, twelve hundred, and that's all of it.",
    "Call me about the two hundred, three hundred, fifteen hundred.",
    "Ring us free on oh eight hundred, one two three, four five six seven.",
    "Call one eight hundred, five five five, oh one nine nine.",
    "The court is at 40 Castle Street, Leeds.",
    "Our office is at 12 Park Road, Leeds.",
    "I'm an attorney with Renner and Blaylock.",
    "I can pay by Zelle on Friday.",
    "I get calls at four, four fifteen, four thirty, every day.",
    "There's a number on the back for help. Yours is four-forty a month.",
    "You called me four, five, six times.",
    "My PIN letter came in nineteen ninety-nine.",
    "I was born in Leeds and I owe four, maybe five hundred.",
    "The door code is four four one two.",
    "It's card ending four four one two, I think.",
    "I work with Tuesday's figures.",
    "We moved the date from the third to the tenth.",
    "The code on the error was five oh three.",
    "I paid ten, twenty, thirty, then forty pounds.",
    "I'm on the phone with my bank.",
]

#: What was said before, what is said, and what is left of it.
GOES_ON = [
    ("And the three digits on the back?", "Nine two one.", "[secret]."),
    (
        "Read me the long number on your card.\nfour five three nine\nyes\ndouble oh seven seven\nokay",
        "one two double oh, three three four nine",
        "[card]",
    ),
    ("What's the code we texted you?\nHang on.\nGot it?", "Yeah, six two six one one eight.", "Yeah, [secret]."),
    ("What's your social?\nTwo one nine.\nOkay.", "Oh nine, nine nine nine nine.", "[id]."),
    ("Can you confirm your PIN?\nNo.\nHow much can you pay?", "Four hundred", "Four hundred"),
    ("Sort code?", "Twenty, forty-five, forty-five.", "[account]."),
    ("Your date of birth, please?", "Second of June eighty-six", "[birth]"),
    ("How much can you pay a month?", "four fifty", "four fifty"),
    ("What's a good cell for you?", "two one two, five five five, oh one double eight", "[phone]"),
    ("Do you have your card?", "Yes, it's for fifty pounds.", "Yes, it's for fifty pounds."),
]


@pytest.mark.parametrize(("said", "left"), GONE)
def test_what_is_dictated_goes(said: str, left: str) -> None:
    assert redact(said).text == left
    assert redact(left).text == left


@pytest.mark.parametrize("said", KEPT)
def test_what_is_nobodys_number_stays(said: str) -> None:
    assert redact(said).text == said


@pytest.mark.parametrize(("before", "said", "left"), GOES_ON)
def test_a_number_goes_on_from_what_was_said_before(before: str, said: str, left: str) -> None:
    assert redact(said, before).text == left


def test_a_cue_reaches_no_further_than_a_breath() -> None:
    assert redact("nine two one", before="And the three digits on the back?" + " I see." * 30).text == "nine two one"
