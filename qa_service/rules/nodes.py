"""The tree of nodes of a YAML text, read quickly where nothing in it asks for care."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

import yaml
from ruamel.yaml import YAML, ScalarNode
from ruamel.yaml.resolver import VersionedResolver
from ruamel.yaml.tokens import DirectiveToken, TagToken

#: What may be an anchor, an alias, a tag or a directive; and tabs, which the two do not read alike.
_ANCHORED = re.compile(r"(?:^|[\s\[{,])(?:[&*]\w|!(?!=)\S)|^%|\t", re.MULTILINE)


def composed(text: str, *, quickly: bool = True) -> Any:
    """The tree of nodes; None of an empty text.

    libyaml reads 25 times as fast as ruamel.yaml, which is asked where libyaml is missing, finds a mistake (ruamel
    tells it better) or does not tell an anchor or tag.
    """
    if quickly and yaml.__with_libyaml__ and not _ANCHORED.search(text):
        try:
            return yaml.compose(text, Loader=_quick_loader())
        except (yaml.YAMLError, ValueError):
            pass
    return YAML(typ="rt", pure=True).compose(text)


@lru_cache(maxsize=1)
def _quick_loader() -> Any:
    from yaml.cyaml import CParser

    class Loader(CParser):  # type: ignore[misc]  # PyYAML has no types for it
        """libyaml with the plain words of YAML 1.2, as ruamel.yaml reads them."""

        def descend_resolver(self, *_: object) -> None:
            """Words mean the same everywhere."""

        def ascend_resolver(self) -> None:
            """Words mean the same everywhere."""

        def resolve(self, kind: Any, value: str, implicit: tuple[bool, bool]) -> str:
            if kind.id != "scalar":
                return f"tag:yaml.org,2002:{'seq' if kind.id == 'sequence' else 'map'}"
            return _tag_of(value) if implicit[0] else "tag:yaml.org,2002:str"

        def dispose(self) -> None:
            """Nothing is held."""

    return Loader


@lru_cache(maxsize=4096)
def _tag_of(word: str) -> str:
    return str(_words().resolve(ScalarNode, word, (True, False)))


@lru_cache(maxsize=1)
def _words() -> Any:
    return VersionedResolver(loader=YAML(typ="rt", pure=True))


def tagged(text: str) -> Iterator[tuple[int, int, str]]:
    """Line, column and name of each tag and directive of a text that is YAML.

    Some nodes do not tell theirs, and after ``%YAML 1.1`` yes and no are no words.
    """
    for token in YAML(typ="rt", pure=True).scan(text) if _ANCHORED.search(text) else ():
        if isinstance(token, TagToken | DirectiveToken):
            mark = token.start_mark
            said = "".join(filter(None, token.value)) if isinstance(token, TagToken) else f"%{token.name}"
            kind = "tag" if isinstance(token, TagToken) else "directive"
            yield mark.line + 1, mark.column + 1, f"{kind} {said}"
