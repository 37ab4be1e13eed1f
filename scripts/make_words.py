"""How often Mandarin words are used, as the service ships it: made from the dictionary of jieba (MIT).

    python scripts/make_words.py jieba-0.42.1/jieba/dict.txt qa_service/text/words_zh.txt.gz

Each line of the dictionary holds a word, its count in jieba's corpus, and a tag. Kept are single characters and words
of two to four characters that were counted at least ten times. The same dictionary gives the same file, byte for byte.
"""

from __future__ import annotations

import gzip
import sys
from pathlib import Path

LEAST, LONGEST = 10, 4


def kept(dictionary: str) -> str:
    """Lines "word count" in the order of the words."""
    rows = [line.split()[:2] for line in dictionary.splitlines()]
    words = sorted((w, n) for w, n in rows if len(w) <= LONGEST and (len(w) == 1 or int(n) >= LEAST))
    return "".join(f"{word} {count}\n" for word, count in words)


def main() -> int:
    source, target = map(Path, sys.argv[1:])
    target.write_bytes(gzip.compress(kept(source.read_text(encoding="utf-8")).encode(), 9, mtime=0))
    print(f"{target}: {target.stat().st_size} bytes")
    return 0


if __name__ == "__main__":
    sys.exit(main())
