"""Numbers as digits, however they were written, so that "六千四百二十" and "6420" are the same to a scorer.

Reading digits aloud loses the way they were said (201 is 二百零一 or 二零一), so both sides go the other way:
spoken numbers become digits. Digits that stand side by side join ("four four one seven" is 4417). The reading is the
product's own.
"""

from __future__ import annotations

from qa_service.text.numbers import english, mandarin

__all__ = ["english", "mandarin"]
