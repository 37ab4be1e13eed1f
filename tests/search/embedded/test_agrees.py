"""Whatever tree of conditions is asked, the index finds just the turns for which it holds, read plainly."""

from __future__ import annotations

import random
from datetime import timedelta

import pytest

from qa_service.search.document import CallDocument
from qa_service.search.embedded.columns import Remembered
from qa_service.search.embedded.connections import Connections
from qa_service.search.embedded.files import Files
from qa_service.search.embedded.find import Finder
from qa_service.search.embedded.rebuild import pack, put_all, transaction
from qa_service.search.protocol import EVERYTHING, Access
from qa_service.search.tree import (
    And,
    Fact,
    Fuzzy,
    Measure,
    Node,
    Not,
    Or,
    Range,
    Sounds,
    Words,
    fact,
)
from qa_service.text.pinyin import near_key
from qa_service.text.tokens import stem
from tests.factories import DAY, NOW
from tests.search.made import document, mark, proof, turn
from tests.search.oracle import holds

HAN = "还钱单位电话律师起诉我你的了"
LATIN = ("pay", "pays", "play", "plan", "law", "lawyer", "lawyers", "laywer", "the", "teh")
SYLLABLES = ("huan", "qian", "dan", "wei", "dian", "hua", "lv", "shi", "qi", "su", "wo", "ni")


def text(chance: random.Random) -> str:
    parts = (chance.choice([chance.choice(HAN), f" {chance.choice(LATIN)} "]) for _ in range(chance.randint(1, 9)))
    return "".join(parts)


def made(chance: random.Random, call_id: str, number: int) -> CallDocument:
    turns = [
        turn(text(chance), at, **(proof(mark(f"R-{chance.randint(1, 2)}")) if chance.random() < 0.2 else {}))
        for at in range(chance.randint(0, 4))
    ]
    score = chance.choice([None, 50.0, 60.0, 70.0])
    day = {"day": DAY + timedelta(days=number % 3), "happened_at": NOW}
    return document(*turns, call_id=call_id, team=chance.choice(["一组", "二组", None]), score=score, **day)


def tree(chance: random.Random, depth: int) -> Node:
    if depth and chance.random() < 0.7:
        kind = chance.choice([And, Or, Not])
        if kind is Not:
            return Not(tree(chance, depth - 1))
        return kind(tuple(tree(chance, depth - 1) for _ in range(chance.randint(2, 3))))
    prefix = chance.random() < 0.3
    return chance.choice([
        Words(tuple(chance.choices(HAN, k=chance.randint(1, 3)))),
        Words(tuple(chance.choices(LATIN, k=chance.randint(1, 2))), prefix),
        Words((*chance.choices(HAN, k=chance.randint(0, 1)), chance.choice(["la", "p", "t"])), prefix=True),
        Fuzzy(stem(chance.choice(LATIN)), chance.randint(1, 2)),
        Sounds(tuple(chance.choices(SYLLABLES, k=chance.randint(1, 2)))),
        Sounds(tuple(near_key(s) for s in chance.choices(SYLLABLES, k=chance.randint(1, 2))), near=True),
        Fact(fact("team", "一组")),
        Fact(fact("role", "customer"), of_turn=True),
        Fact(fact("turnrule", "R-1"), of_turn=True),
        Fact(fact("callrule", "R-1")),
        Range(Measure.SCORE, chance.choice([None, 50.0]), chance.choice([60.0, 70.0]), chance.random() < 0.5, False),
        Range(Measure.DAY, DAY.isoformat(), None, low_included=False),
    ])  # fmt: skip


@pytest.mark.parametrize("seed", range(4))
def test_a_tree_finds_the_turns_for_which_it_holds(tmp_path_factory: pytest.TempPathFactory, seed: int) -> None:
    chance = random.Random(seed)
    files = Files(tmp_path_factory.mktemp("index") / "search.sqlite3")
    calls = [made(chance, f"S{seed}-{n}", n) for n in range(25)]
    wanted: dict[str, int] = {"none": 0, "some": 0}
    with Connections(files.current, lambda: files.make(files.current)).lease() as connection:
        with transaction(connection):
            put_all(connection, pack(calls)[0])
        numbers = dict(connection.execute("SELECT number, call_id FROM calls"))
        columns = Remembered().columns(connection)
        for access in (EVERYTHING, Access(teams=frozenset({"二组"}))):
            for _ in range(150):
                node = tree(chance, 3)
                keys = columns.keys(Finder(connection, columns, access).turns(node).nonzero()[0]).tolist()
                found = {(numbers[key >> 14], key & 0x3FFF) for key in keys}
                right = {
                    (call.call_id, at)
                    for call in calls
                    for at, said in enumerate(call.turns)
                    if access.allows(call) and holds(node, said, call)
                }
                assert found == right, node
                wanted["some" if right else "none"] += 1
    assert min(wanted.values()) > 15
